"""People at work: clients over real HTTP, and a ledger of what they did and what they were told about it."""

import http.client
import random
import re
import string
import threading
import time
import urllib.parse
import uuid
from collections import Counter
from dataclasses import dataclass, field

#: Seconds after which an answer counts as one that hangs.
HANGS = 25.0
PDF = b"%PDF-1.7\n1 0 obj<<>>endobj\n%MARK\ntrailer<<>>\n%%EOF\n"
PASSWORD = "sturm-und-regen-2026"
LETTERS = str.maketrans("0123456789", "abcdefghij")

PAGES = (
    "/", "/steering/issues/", "/steering/inbox/", "/steering/meetings/", "/notices/", "/help/", "/steering/bodies/",
    "/konto/login/", "/healthz",
)  # fmt: skip


@dataclass
class Answer:
    """What came back; `status` 0 where nothing did, and then `broke` says how."""

    status: int = 0
    place: str = ""
    text: str = ""
    again_in: str = ""
    broke: str = ""
    seconds: float = 0.0


@dataclass
class Act:
    """One thing somebody did. `told` is done, gone (no one knows) or refused."""

    kind: str
    key: str
    about: dict = field(default_factory=dict)
    told: str = "gone"
    tries: int = 0


class Ledger:
    """Everything that was asked and answered, by all clients; thread-safe by the list's own appends."""

    def __init__(self):
        self.acts: list[Act] = []
        self.answers: Counter = Counter()
        self.findings: list[str] = []
        self.slowest = 0.0
        self.fault = ""
        #: Whether somebody in front of the web server would have to answer for it just now.
        self.web_is_down = False
        self._number = 0
        self._lock = threading.Lock()

    def mark(self) -> str:
        """A word no other act has; letters only, so that nothing takes it for a number of somebody."""
        with self._lock:
            self._number += 1
            return f"Sturm {str(self._number).translate(LETTERS)}"

    def count(self, what: str, answer: Answer) -> None:
        with self._lock:
            self.slowest = max(self.slowest, answer.seconds)
            if answer.status == 503:
                self.answers["503"] += 1
                if not answer.again_in or not re.search(r"data-error>[^<]*noch einmal", answer.text):
                    self.finding(f"{what}: 503 ohne Retry-After oder ohne Satz")
            elif answer.status == 0:
                self.answers["none"] += 1
                if answer.broke == "hangs":
                    self.finding(f"{what}: keine Antwort in {HANGS:.0f} s")
                elif not self.web_is_down:
                    self.finding(f"{what}: keine Antwort ({answer.broke})")
            elif answer.status >= 500 or answer.status == 400:
                self.finding(f"{what}: Antwort {answer.status}")
            else:
                self.answers["answered"] += 1

    def finding(self, words: str) -> None:
        self.findings.append(f"[{self.fault}] {words}")


class Person:
    """A browser of one account: keeps its cookies, sends forms as a browser would."""

    def __init__(self, name: str, ports: list[int], ledger: Ledger, seed: int):
        self.name, self.ports, self.ledger = name, ports, ledger
        self.chance = random.Random(seed)
        self.cookies: dict[str, str] = {}
        #: Whether the last answer was none, or „later“: then nobody goes on as if nothing were.
        self.waits = False

    # Over the line

    def ask(self, method: str, path: str, form=None, file: bytes | None = None) -> Answer:
        """One request and its whole answer; never raises for what the other side does."""
        headers, body = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}, None
        headers["Sec-Fetch-Site"] = "same-origin"
        if form is not None:
            form = {"csrfmiddlewaretoken": self.cookies.get("kim_csrf", ""), **form}
            if file is None:
                body = urllib.parse.urlencode(form, doseq=True)
                headers["Content-Type"] = "application/x-www-form-urlencoded"
            else:
                mark = uuid.uuid4().hex
                body = _multipart(form, file, mark)
                headers["Content-Type"] = f"multipart/form-data; boundary={mark}"
        begun = time.monotonic()
        connection = http.client.HTTPConnection("127.0.0.1", self.chance.choice(self.ports), timeout=HANGS)
        try:
            connection.request(method, path, body, headers)
            found = connection.getresponse()
            text = found.read().decode(errors="replace")
            self._take_cookies(found)
            answer = Answer(found.status, found.getheader("Location", ""), text, found.getheader("Retry-After", ""))
        except TimeoutError:
            answer = Answer(broke="hangs")
        except (OSError, http.client.HTTPException) as error:
            answer = Answer(broke=type(error).__name__)
        finally:
            connection.close()
        answer.seconds = time.monotonic() - begun
        self.waits = answer.status in (0, 503)
        self.ledger.count(f"{method} {re.sub('[0-9]+', '1', path.partition('?')[0])}", answer)
        return answer

    def until_it_answers(self, seconds: float = 60) -> None:
        until = time.monotonic() + seconds
        while self.ask("GET", "/healthz").status != 200:
            if time.monotonic() > until:
                raise AssertionError("the web server did not come up")
            time.sleep(0.2)

    def _take_cookies(self, found) -> None:
        for line in found.headers.get_all("Set-Cookie") or ():
            name, _, rest = line.partition("=")
            value = rest.partition(";")[0].strip('"')
            if value:
                self.cookies[name] = value
            else:
                self.cookies.pop(name, None)

    def sign_in(self) -> bool:
        self.cookies = {"kim_csrf": "".join(self.chance.choices(string.ascii_letters, k=32))}
        given = {"login": self.name, "password": PASSWORD}
        return self.ask("POST", "/konto/login/", given).status == 302 and "kim_session" in self.cookies

    # Acts, each with how it is sent once more when nobody knows what came of it

    def do(self, act: Act) -> None:
        act.about["by"] = self
        self.ledger.acts.append(act)
        self.send(act)

    def send(self, act: Act) -> None:
        act.tries += 1
        answer = getattr(self, f"_{act.kind}")(act)
        if "/konto/login" in answer.place:
            self.ledger.finding(f"{act.kind}: abgemeldet")
            self.sign_in()
        elif answer.status in (200, 302) and not (answer.status == 200 and act.kind != "export"):
            act.told = "done"
            act.about["place"] = answer.place
        elif answer.status in (0, 503):
            act.told = "gone"
        elif answer.status == 409:  # refused in words; a step that was sent before may have been taken then
            act.told = "done" if act.kind == "step" and act.tries > 1 else "refused"
        else:
            act.told = "refused"
            self.ledger.finding(f"{act.kind}: abgelehnt mit {answer.status}")

    def _issue(self, act: Act) -> Answer:
        return self.ask("POST", "/steering/issues/new/", act.about["form"])

    def _step(self, act: Act) -> Answer:
        return self.ask("POST", f"/steering/issues/{act.about['pk']}/{act.about['step']}/", act.about["form"])

    def _consultation(self, act: Act) -> Answer:
        return self.ask("POST", "/casework/consultations/new/", act.about["form"])

    def _document(self, act: Act) -> Answer:
        file = PDF.replace(b"MARK", act.key.encode())
        return self.ask("POST", f"/casework/cases/{act.about['case']}/documents/new/", act.about["form"], file)

    def _export(self, act: Act) -> Answer:
        return self.ask("POST", "/reports/exports/new/", {"what": act.about["what"], "format": "csv"})

    def read(self) -> None:
        self.ask("GET", self.chance.choice(PAGES))


def _multipart(form: dict, file: bytes, mark: str) -> bytes:
    parts = [
        f'--{mark}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in form.items()
    ]
    parts.append(
        f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n'
        "Content-Type: application/pdf\r\n\r\n".encode()
        + file
        + b"\r\n"
    )
    return b"".join(parts) + f"--{mark}--\r\n".encode()
