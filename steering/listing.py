"""The list of issues: rows of one page and number of hits, in one statement that is compiled once for everybody who
looks for the same kind of things in the same way.

What differs from one request to the next – who looks, what is chosen, where the page begins – are slots. Building the
same query anew for each request costs more than running it.
"""

from typing import Any

from django.db.models import DateTimeField

from kim.models import User
from kim.paging import CAP, Page, Start, behind, capped_column, first_rows, order_of, page_of
from kim.together import Slot, day, moment, text, together_planned_anew
from steering import access
from steering.filters import IssueFilter, narrow
from steering.models import Issue

#: Choices that are ids.
IDS = ("topic", "life_domain", "legal_area", "municipality")
MOMENTS = ("since", "until")


def listed(user, found: IssueFilter, *, size: int, after: str = "", before: str = "") -> tuple[Page, int]:
    """One page of what `user` sees or reported and `found` leaves, and how many that are, counted up to CAP."""
    sight, key = access.Sight.of(user), found.order
    start = Start.read(Issue, key, after=after, before=before)
    shape, values = _apart(found.wanted)
    where = None if start is None else start.backwards
    who = "reported" if found.relation == "reported" else sight.shape
    read = _listing(who, access.reporting(user), shape, key, where, size)(
        user=user.pk,
        **sight.values,
        **values,
        **({"start": start.value, "start_pk": start.pk} if start else {}),
    )
    rows = read["rows"]
    Issue.hang_leads(rows)
    hits = min(read["hits"][0].number_found, CAP + 1) if read["hits"] else 0
    return page_of(rows, key, start, size), hits


@together_planned_anew
def _listing(who, reporting, shape, key, where, size):
    if who == "reported":
        parts = [access.reported_by(Slot("user"))]
    else:
        sight = access.Sight.in_slots(*who)
        parts = sight.parts([sight.people[number] for number in reporting])
    if not parts:
        return {"rows": Issue.objects.none(), "hits": User.objects.none()}
    wanted = _filled(shape)
    sets = [narrow(Issue.objects.filter(part), wanted) for part in parts]
    start = None
    if where is not None:
        field = DateTimeField() if key.lstrip("-") != "due_rank" else None
        start = Start(Slot("start", field) if field else day("start"), Slot("start_pk"), where)
    rows = first_rows(behind(sets, key, start), order_of(key, start), size + 1, Issue.objects.bare_lines())
    hits = capped_column(sets, key if "words" in wanted else "")
    return {"rows": rows, "hits": User.objects.filter(pk=Slot("user")).only("pk").annotate(number_found=hits)}


def _apart(wanted: dict[str, Any]) -> tuple[tuple, dict[str, Any]]:
    """What is wanted as a shape (names, and choices that are part of the text of the statement) and values of slots."""
    shape, values = [], {}
    for name, value in wanted.items():
        if name in IDS or name in MOMENTS or name == "number":
            shape.append((name, None))
            values[name] = value
        elif name == "words":
            shape.append((name, len(value)))
            values |= {f"word_{number}": word for number, word in enumerate(value)}
        elif name == "due":
            kind, values["today"], values["soon"] = value
            shape.append((name, kind))
        else:
            shape.append((name, value))
    return tuple(shape), values


def _filled(shape) -> dict[str, Any]:
    """The same again, with slots for the values."""
    wanted: dict[str, Any] = {}
    for name, value in shape:
        if name in IDS:
            wanted[name] = Slot(name)
        elif name in MOMENTS:
            wanted[name] = moment(name)
        elif name == "number":
            wanted[name] = text(name)
        elif name == "words":
            wanted[name] = tuple(text(f"word_{number}") for number in range(value))
        elif name == "due":
            wanted[name] = (value, day(), day("soon"))
        else:
            wanted[name] = value
    return wanted
