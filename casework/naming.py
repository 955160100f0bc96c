"""Which case of one's own somebody means: by its number, the number of the other database, or a name.

Read as sets for kim.together, so that a page which asks for other things as well finds the case in the same query.
"""

from dataclasses import dataclass, field

from django.db.models import F, Q, QuerySet
from django.db.models.functions import Right
from django.db.models.lookups import Exact

from casework import access, listing, spelling
from casework.models import Case, Client, Consultation, Identity, LegalArea
from kim import workdays
from kim.dated import valid_on
from kim.models import Code, Municipality, User
from kim.together import day, text, together, together_planned_anew

#: So many cases are named when a name fits several.
NAMED = 6
#: The digits a case number ends with.
DIGITS = 6
FIRST = ("-opened_on", "-pk")


def by_number(*caseload) -> dict[str, QuerySet]:
    """Cases with exactly this number; sets whose slots `values` fills."""
    words = text("words")
    exact = Q(number=words) | Q(foreign_number=text("as_typed")) | Q(Exact(Right("number", DIGITS + 1), text("ending")))
    return _whole(_kept(caseload).filter(exact).order_by(*FIRST))


def _by_name(names: int, *caseload) -> dict[str, QuerySet]:
    asked = tuple((text(f"name_{no}"), text(f"bones_{no}")) for no in range(names))
    open_first = (F("ended_at").desc(nulls_first=True), *FIRST)
    return _whole(_kept(caseload).filter(listing.about(asked)).order_by(*open_first))


def _kept(caseload):
    return Case.objects.filter(access.Caseload.in_slots(*caseload).kept())


def _whole(cases) -> dict[str, QuerySet]:
    """The first of `cases`, with everything a form needs of them."""
    cases = cases[: NAMED + 1]
    people = cases.values("client")
    areas = LegalArea.objects.filter(valid_on(day()), client__in=people).order_by().values("area")
    spoken = Client.languages.through.objects.filter(client__in=people).values("code")
    return {
        "named": cases,
        "named_people": Client.objects.filter(pk__in=people).order_by(),
        "named_identities": Identity.objects.filter(client__in=people).order_by(),
        "named_places": Municipality.objects.filter(pk__in=cases.values("municipality")).order_by(),
        "named_areas": Code.objects.filter(pk__in=areas).order_by("position", "label"),
        "named_languages": Code.objects.filter(pk__in=spoken).order_by("position", "label"),
        "named_last": Consultation.objects.filter(case__in=cases.values("pk")).order_by("-held_on", "-pk")[:1],
    }


_numbered, _called = together(by_number), together_planned_anew(_by_name)


def values(words: str) -> dict[str, str]:
    """For the slots of `by_number`."""
    is_short = words.isascii() and words.isdecimal() and len(words) <= DIGITS
    return {"words": words.upper(), "as_typed": words, "ending": f"-{int(words):0{DIGITS}d}" if is_short else "-"}


@dataclass
class Finder:
    """`find(words)`: the cases of the caseload of `user` that fit, at most NAMED + 1.

    `known` is one that was read already; `read` what `by_number` found for the words of the form. Afterwards `found`
    are the cases that fit, and, if it is one, `known_of` it: `areas` in force, `languages`, the contact `last_here`.
    """

    user: User
    known: Case | None = None
    read: dict[str, list] | None = None
    found: list[Case] = field(default_factory=list)
    known_of: dict[str, list] = field(default_factory=lambda: {"areas": [], "languages": [], "last_here": []})

    def __call__(self, words: str) -> list[Case]:
        if self.known and words.upper() == self.known.number:
            return [self.known]
        return self._numbered(words) or self._called(words)

    def _numbered(self, words) -> list[Case]:
        load = access.Caseload.of(self.user)
        read = self.read or _numbered(*load.shape)(today=workdays.today(), **values(words), **load.values)
        return self._made(read)

    def _called(self, words) -> list[Case]:
        names = spelling.searched(words.replace(",", " "))
        if not names:
            return []
        load = access.Caseload.of(self.user)
        asked: dict[str, str] = {}
        for number, (plain, bones) in enumerate(names):
            asked |= {f"name_{number}": plain, f"bones_{number}": bones}
        return self._made(_called(len(names), *load.shape)(today=workdays.today(), **asked, **load.values))

    def _made(self, read) -> list[Case]:
        people = {one.pk: one for one in read["named_people"]}
        places = {one.pk: one for one in read["named_places"]}
        for identity in read["named_identities"]:
            people[identity.client_id].identity = identity
        for case in read["named"]:
            case.client, case.municipality = people[case.client_id], places[case.municipality_id]
        self.found = read["named"]
        self.known_of = {
            "areas": read["named_areas"], "languages": read["named_languages"], "last_here": read["named_last"],
        }  # fmt: skip
        return self.found
