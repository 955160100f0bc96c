"""The list of one's own cases: rows of one page and number of hits in one statement (kim.together)."""

import datetime as dt
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Upper
from django.db.models.lookups import Exact, IsNull

from casework import access
from casework.lifecycle import OPEN
from casework.models import Case, Identity, LegalArea, ResidenceStatus
from casework.models.people import called
from kim import workdays
from kim.dated import valid_on
from kim.models import User
from kim.paging import CAP, CappedNumber, Page, Start, behind, first_rows, order_of, page_of
from kim.together import Slot, day, moment, text, together_planned_anew

#: What is the value behind which a page begins; anything else is text.
START_AS = {"opened_on": day, "state_since": moment}
#: A title that runs out within so many days.
SOON = {"30": 30, "90": 90}


def listed(user, wanted: dict[str, Any], key: str, *, size: int, after="", before="") -> tuple[Page, int]:
    """One page of the cases `user` works on, and how many there are; one statement, made once for all who look alike.

    Lines know their place, the name of the client and of the owner, and when the title runs out.
    """
    load = access.Caseload.of(user)
    shape, values = _apart(wanted)
    start = Start.read(Case, key, after=after, before=before)
    begin = {"start": start.value, "start_pk": start.pk} if start else {}
    today, soon = _days(wanted)
    read = _listing(load.shape, shape, key, start and start.backwards, size)(
        today=today, soon=soon, **load.values, **values, **begin
    )
    hits = min(read["hits"][0].number_found, CAP + 1)
    return page_of(read["rows"], key, start, size), hits


@together_planned_anew
def _listing(load, shape, key, backwards, size):
    given: dict[str, Any] = {name: Slot(name) if value is None else value for name, value in shape}
    if "words" in given:
        given["words"] = text("words"), tuple((text(f"name_{no}"), text(f"bones_{no}")) for no in range(given["words"]))
    cases = narrow(Case.objects.filter(access.Caseload.in_slots(*load).kept()), given, Slot("me"), day(), day("soon"))
    start = None
    if backwards is not None:
        start = Start(START_AS.get(key.lstrip("-"), text)("start"), Slot("start_pk"), backwards)
    return {
        "rows": first_rows(behind([cases], key, start), order_of(key, start), size + 1, _bare_lines()),
        "hits": User.objects.order_by().filter(pk=Slot("me")).only("pk").annotate(number_found=CappedNumber(cases)),
    }


def _apart(wanted) -> tuple[tuple, dict[str, Any]]:
    """As shape (None: an id) and values of slots."""
    shape, values = dict(wanted), {name: wanted[name] for name in ("municipality", "area") if name in wanted}
    shape |= dict.fromkeys(values)
    if "words" in wanted:
        values["words"], names = wanted["words"]
        shape["words"] = len(names)
        for number, (name, bones) in enumerate(names):
            values |= {f"name_{number}": name, f"bones_{number}": bones}
    return tuple(shape.items()), values


def _days(wanted) -> tuple[dt.date, dt.date]:
    """Today, and the day before which a title runs out that is looked for."""
    today = workdays.today()
    return today, today + dt.timedelta(days=SOON.get(wanted.get("title", ""), 0))


def found(user, wanted: dict[str, Any]) -> QuerySet:
    """All cases of the list, for a file."""
    given = dict(wanted)
    if "words" in given:
        words, names = given["words"]
        given["words"] = Value(words), names
    return narrow(Case.objects.kept_by(user), given, user.pk, *_days(wanted))


def narrow(cases, given: dict[str, Any], me, today, soon) -> QuerySet:
    """`cases` as is wanted; everything but words of the program may be a slot."""
    state = given.get("state")
    if state != "all":
        cases = cases.filter(state=state) if state else cases.filter(state__in=OPEN)
    if "municipality" in given:
        cases = cases.filter(municipality=given["municipality"])
    if "area" in given:
        areas = LegalArea.objects.filter(valid_on(today), area=given["area"], client=OuterRef("client"))
        cases = cases.filter(Exists(areas))
    if "title" in given:
        cases = cases.filter(Exists(_titles(given["title"], today, soon)))
    match given.get("mine"):
        case "own":
            cases = cases.filter(owner=me)
        case "deputy":
            cases = cases.exclude(owner=me)
        case "locked":
            cases = cases.filter(locked_at__isnull=False)
    return cases.filter(_named(*given["words"])) if "words" in given else cases


def _titles(title, today, soon):
    current = ResidenceStatus.objects.filter(client=OuterRef("client"), valid_until__isnull=True)
    if title == "gone":
        return current.filter(expires_on__lt=today)
    return current.filter(expires_on__gte=today, expires_on__lte=soon)


def _named(words, names) -> Q:
    """A name in any script or spelling, a case number, or one of the state-wide database."""
    return about(names) | Q(number__icontains=words) | Q(Exact(Upper("foreign_number"), Upper(words)))


def about(names) -> Q:
    """Cases of somebody called `names`, or in whose household somebody without a case of their own is.

    Names are looked at case by case: the caseload of one person is small, all names are many. An Exists could be
    answered by gathering everybody of that name first; the first row of each cannot.
    """
    people = Identity.objects.filter(called(names))
    family = people.filter(client__household=OuterRef("client__household"), client__cases__isnull=True)
    of_case = (people.filter(client=OuterRef("client")), family)
    own, theirs = (Q(IsNull(Subquery(rows.order_by().values("pk")[:1]), False)) for rows in of_case)
    return own | theirs


def _title_ends():
    current = ResidenceStatus.objects.filter(client=OuterRef("client"), valid_until__isnull=True)
    return Subquery(current.order_by("-valid_from").values("expires_on")[:1])


def lines() -> QuerySet:
    """With what a line of a file shows."""
    return Case.objects.for_lines().annotate(title_expires_on=_title_ends())


def _bare_lines():
    kept = ("number", "state", "state_since", "opened_on", "locked_at", "restricted_at", "owner")
    return Case.objects.only(*kept).annotate(
        given_name=F("client__identity__given_name"), family_name=F("client__identity__family_name"),
        place=F("municipality__name"), owner_name=F("owner__display_name"), title_expires_on=_title_ends(),
    )  # fmt: skip
