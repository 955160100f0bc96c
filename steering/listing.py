"""The list of issues: rows of one page and number of hits, in one statement that is compiled once for everybody who
looks for the same kind of things in the same way.

What differs from one request to the next – who looks, what is chosen, where the page begins – are slots. Building the
same query anew for each request costs more than running it.
"""

from functools import reduce
from operator import or_
from typing import Any

from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce, NullIf

from kim.models import Code, Municipality, User
from kim.paging import CAP, Page, Start, behind, capped_column, first_rows, order_of, page_of
from kim.together import Slot, day, moment, text, together, together_planned_anew
from steering import access
from steering.filters import IssueFilter, ReportFilter, narrow
from steering.models import Body, Issue, Meeting

#: Choices that are ids.
IDS = ("topic", "life_domain", "legal_area", "municipality")
MOMENTS = ("since", "until")


def listed(
    user, found: IssueFilter, *, size: int, after: str = "", before: str = "", inbox: bool = False
) -> tuple[Page, int]:
    """One page of what `user` sees (or of their inbox) and `found` leaves, and how many that are, counted up to CAP.

    Rows of an inbox say whether something `is_new`. What is held or was reported is seen in any case: it is read as
    such, not sought among all that is seen.
    """
    relation, key = found.relation, found.order
    holder: access.Sight | access.Desk = access.Desk.of(user) if inbox or relation == "held" else access.Sight.of(user)
    who = ("inbox" if inbox else "all", relation, holder.shape, access.reporting(user))
    shape, values = _apart(found.wanted)
    start = Start.read(Issue, key, after=after, before=before)
    where, begin = _begin(start)
    read = (_searching if "words" in found.wanted else _listing)(who, shape, key, where, size)(
        user=user.pk, **holder.values, **values, **begin
    )
    Issue.hang_leads(read["rows"])
    hits = min(read["hits"][0].number_found, CAP + 1) if read["hits"] else 0
    return page_of(read["rows"], key, start, size), hits


def _sets(who, shape, key, where, size):
    parts, wanted, user = _parts(*who), _filled(shape), Slot("user")
    if not parts:
        return {"rows": Issue.objects.none(), "hits": User.objects.none()}
    if "words" in wanted:  # the words narrow first; asked for in each set, their index is read as often
        parts = [reduce(or_, parts)]
    sets = [narrow(Issue.objects.filter(part), wanted) for part in parts]
    lines = Issue.objects.bare_lines()
    if who[0] == "inbox":
        lines = lines.told_anew(user)
    start = _start(key, where)
    hits = capped_column(sets, key if "words" in wanted else "")
    return {
        "rows": first_rows(behind(sets, key, start), order_of(key, start), size + 1, lines),
        "hits": User.objects.filter(pk=user).only("pk").annotate(number_found=hits),
    }


_listing, _searching = together(_sets), together_planned_anew(_sets)


def _parts(where, relation, shape, reporting) -> list[Q]:
    """The sets whose union is the list."""
    own = access.reported_by(Slot("user"))
    if where == "inbox":
        desk = access.Desk.in_slots(*shape)
        return [desk.inbox() & {"held": desk.held(), "reported": own}.get(relation, Q())]
    if relation == "reported":
        return [own]
    if relation == "held":
        desk = access.Desk.in_slots(*shape)
        return desk.held_parts([desk.people[number] for number in reporting])
    sight = access.Sight.in_slots(*shape)
    return sight.parts([sight.people[number] for number in reporting])


def _begin(start: Start | None) -> tuple[bool | None, dict[str, Any]]:
    """Which way a page goes (None: the first), and the values of the slots of `_start`."""
    return (None, {}) if start is None else (start.backwards, {"start": start.value, "start_pk": start.pk})


def _start(key: str, backwards: bool | None) -> Start | None:
    if backwards is None:
        return None
    return Start(day("start") if key == "due_rank" else moment("start"), Slot("start_pk"), backwards)


def reported(user, found: ReportFilter, *, size: int, after: str = "", before: str = "") -> tuple[Page, int]:
    """One page of what `user` reported or joined and `found` leaves, under way or ended, with the last public word.
    And how many that are.
    """
    key = found.order
    shape, values = _apart(found.wanted)
    start = Start.read(Issue, key, after=after, before=before)
    where, begin = _begin(start)
    read = _reported(found.ended, shape, key, where, size)(user=user.pk, **values, **begin)
    rows, groups = read["rows"], {group.pk: group for group in read["groups"]}
    Issue.hang_leads(rows)
    for issue in rows:
        issue.municipality = Municipality(pk=issue.municipality_id, name=issue.place) if issue.place else None
        issue.topic = Code(pk=issue.topic_id, label=issue.about) if issue.about else None
        issue.body, issue.meeting = groups.get(issue.body_id), _meeting_of(issue, groups)
    hits = min(read["hits"][0].number_found, CAP + 1)
    return page_of(rows, key, start, size), hits


def _meeting_of(issue, bodies) -> Meeting | None:
    if issue.meeting_id is None:
        return None
    body = bodies.get(issue.meeting_body)
    return Meeting(pk=issue.meeting_id, starts_at=issue.meeting_starts, title=issue.meeting_title, body=body)


@together
def _reported(ended, shape, key, where, size):
    every = Issue.objects.filter(access.reported_by(Slot("user")))
    mine = narrow(every.ended() if ended else every.unended(), _filled(shape))
    start = _start(key, where)
    short = Coalesce(NullIf("topic__short", Value("")), "topic__label")
    lines = Issue.objects.bare_lines().with_last_word().annotate(
        place=F("municipality__name"), about=short, meeting_starts=F("meeting__starts_at"),
        meeting_title=F("meeting__title"), meeting_body=F("meeting__body"),
    )  # fmt: skip
    return {
        "rows": first_rows(behind([mine], key, start), order_of(key, start), size + 1, lines),
        "groups": Body.objects.order_by().only("name"),
        "hits": User.objects.filter(pk=Slot("user")).only("pk").annotate(number_found=capped_column([mine])),
    }


def _apart(wanted: dict[str, Any]) -> tuple[tuple, dict[str, Any]]:
    """What is wanted as a shape (names, and choices that are part of the text of the statement) and values of slots."""
    shape: list[tuple[str, Any]] = []
    values: dict[str, Any] = {}
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
