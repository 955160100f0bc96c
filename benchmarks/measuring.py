"""Asks the installations, small and large, side by side: a block of requests to one, the same to the other, and again.

Within a block the bare page and the measured one take turns too. Whatever else the machine does, however fast its
processor runs just then, befalls all four.
"""

import statistics
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

from benchmarks.client import Answer, Client, Form

#: Blocks of each page, and requests in a block: those that warm up, and those that count.
BLOCKS, WARM, COUNTED = 6, 1, 6
#: So many forms are sent by one measure of a POST.
POSTS = BLOCKS * (WARM + COUNTED)


@dataclass
class Place:
    """An installation that answers on `port`, with what `prepare` found in its database."""

    port: int
    plan: dict
    clients: dict[str, Client] = field(default_factory=dict)

    def __post_init__(self):
        self.clients = {role: Client(self.port, key) for role, key in self.plan["sessions"].items()}


#: What is asked: given a place and the number of the request.
Asking = Callable[[Place, int], Answer]


def measure(places: dict[str, Place]) -> dict[str, list[dict]]:
    """The rows of each place, in the same order."""
    plans = [place.plan for place in places.values()]
    rows: dict[str, list[dict]] = {size: [] for size in places}
    for page in zip(*(plan["pages"] for plan in plans), strict=True):
        one = page[0]
        here = {place.port: found for place, found in zip(places.values(), page, strict=True)}
        _row(rows, places, one["name"], one["role"], one["times"], _getting(places, here), most=one["queries"])
    if plans[0].get("forms"):
        _row(rows, places, "Schritt (weiterleiten)", "coordination", 8, _stepping, is_step=True)
    if plans[0].get("saving"):
        _row(rows, places, "Beratung speichern", "case_manager", 8, _saving(places))
    return rows


def _getting(places, pages: dict[int, dict]) -> Asking:
    """The page of each place; where words are looked for they are sent first, and what is asked is the page found."""
    urls = {}
    for place in places.values():
        page = pages[place.port]
        client = place.clients[page["role"]]
        urls[place.port] = client.post(page["url"], {"q": page["words"]}).location if page["words"] else page["url"]

    def ask(place, number):
        page = pages[place.port]
        return place.clients[page["role"]].get(urls[place.port], swap=page["swap"], begin=page["begin"])

    return ask


def _stepping(place, number) -> Answer:
    url, form = place.plan["forms"][number]
    return place.clients["coordination"].post(url, form)


def _saving(places) -> Asking:
    """Consultations of one case, each as a fresh form offers it."""
    forms = {}
    for place in places.values():
        client = place.clients["case_manager"]
        forms[place.port] = Form(client.get(place.plan["saving"]["url"]).body.decode())

    def ask(place, number):
        form, saving = forms[place.port], place.plan["saving"]
        told = {"kind": "case", "case": saving["case"], "sent_as": str(uuid.uuid4()), "act": ""}
        return place.clients["case_manager"].post(form.action or saving["url"], form.fields | told)

    return ask


def _row(rows, places, name, role, limit, ask: Asking, *, most=None, is_step=False) -> None:
    """Milliseconds are medians over all blocks."""
    bare: dict[str, list[float]] = {size: [] for size in places}
    times: dict[str, list[float]] = {size: [] for size in places}
    answers: dict[str, Answer] = {}
    for block in range(BLOCKS):
        for size, place in places.items():
            for turn in range(WARM + COUNTED):
                empty = place.clients[role].get("/bare/")
                answer = answers[size] = ask(place, block * (WARM + COUNTED) + turn)
                if empty.status != 200 or answer.status not in (200, 302):
                    raise SystemExit(f"{name} ({role}) answered {answer.status}")
                if turn >= WARM:
                    bare[size].append(empty.ms)
                    times[size].append(answer.ms)
    for size in places:
        ms, measure = statistics.median(times[size]), statistics.median(bare[size])
        rows[size].append(
            {"name": name, "role": role, "limit": limit, "queries": answers[size].queries, "ms": ms, "bare": measure,
             "times": ms / measure, "is_step": is_step, "most": most}
        )  # fmt: skip
