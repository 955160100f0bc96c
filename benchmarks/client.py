"""A browser reduced to what costs the server something: one kept connection, a session, and a watch."""

import http.client
import time
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import urlencode

from benchmarks.counting import HEADER

CSRF = "k" * 32
#: Seconds after which a new connection is made: the server lets go of one that is idle.
IDLE = 2


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
        self.asked = 0.0
        self.headers = {"Cookie": f"kim_session={session}; kim_csrf={CSRF}", "Accept-Encoding": "identity"}

    def get(self, url: str, *, swap: str = "", begin: bool = False) -> Answer:
        """`swap` asks as htmx does for the part with that id; `begin` reads the first bytes alone."""
        more = {"HX-Request": "true", "HX-Target": swap} if swap else {}
        return self._ask("GET", url, None, more, begin)

    def post(self, url: str, data: dict) -> Answer:
        more = {"Content-Type": "application/x-www-form-urlencoded", "X-CSRFToken": CSRF}
        return self._ask("POST", url, urlencode(data), more, False)

    def _ask(self, method, url, body, more, begin) -> Answer:
        if time.perf_counter() - self.asked > IDLE:
            self.connection.close()
        self.asked = started = time.perf_counter()
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


class Form(HTMLParser):
    """The fields of the last POST form of a page, as its page fills them; what is empty gets the first choice."""

    def __init__(self, html: str):
        super().__init__()
        self.action, self.fields, self.select = "", {}, ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        told = dict(attrs)
        name, value = told.get("name", ""), told.get("value") or ""
        if (
            tag == "form"
            and (told.get("method") or "").lower() == "post"
            and "logout" not in (told.get("action") or "")
        ):
            self.action, self.fields = told.get("action") or "", {}
        elif tag == "select":
            self.select = name
        elif tag == "option" and self.select:
            if value and ("selected" in told or self.select not in self.fields):
                self.fields[self.select] = value
        elif tag == "input" and name and told.get("type") not in ("submit", "button"):
            if told.get("type") not in ("radio", "checkbox") or "checked" in told or name not in self.fields:
                self.fields[name] = value
        elif tag == "textarea" and name:
            self.fields[name] = "Bescheid erklärt."

    def handle_endtag(self, tag):
        if tag == "select":
            self.select = ""
