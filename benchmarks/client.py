"""A browser reduced to what costs the server something: one kept connection, a session, and a watch."""

import http.client
import time
from dataclasses import dataclass
from urllib.parse import urlencode

from benchmarks.counting import HEADER

CSRF = "k" * 32


@dataclass(frozen=True)
class Answer:
    status: int
    ms: float
    queries: int
    size: int
    location: str
    body: bytes = b""


class Client:
    def __init__(self, port: int, session: str):
        self.connection = http.client.HTTPConnection("localhost", port, timeout=60)
        self.headers = {"Cookie": f"kim_session={session}; kim_csrf={CSRF}", "Accept-Encoding": "identity"}

    def connect_anew(self) -> None:
        """With the next request; the server lets go of connections that were idle for some seconds."""
        self.connection.close()

    def get(self, url: str, *, swap: str = "", begin: bool = False) -> Answer:
        """`swap` asks as htmx does for the part with that id; `begin` reads the first bytes alone."""
        more = {"HX-Request": "true", "HX-Target": swap} if swap else {}
        return self._ask("GET", url, None, more, begin)

    def post(self, url: str, data: dict) -> Answer:
        more = {"Content-Type": "application/x-www-form-urlencoded", "X-CSRFToken": CSRF}
        return self._ask("POST", url, urlencode(data), more, False)

    def _ask(self, method, url, body, more, begin) -> Answer:
        started = time.perf_counter()
        self.connection.request(method, url, body, self.headers | more)
        response = self.connection.getresponse()
        text = response.read(2000) if begin else response.read()
        ms = (time.perf_counter() - started) * 1000
        if begin:
            self.connection.close()
        return Answer(
            response.status,
            ms,
            int(response.headers.get(HEADER, 0)),
            len(text),
            response.headers.get("Location", ""),
            text,
        )
