"""Lists of agreements, kick-off events and interfaces: what they are narrowed by, and their columns as a file."""

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import cast

from django.db.models import Q, QuerySet
from django.forms import ChoiceField, TypedChoiceField

from kim.form_rendering import QuickSelect
from kim.models import Bank, Code, Municipality, Organisation
from kim.trigrams import fold
from steering.coverage import NONE, RANK, Agreed, Begun
from steering.export import Column
from steering.filters import SELECT, Filter
from steering.models import Agreement, Interface


def _choice(label: str, empty: str, choices: Iterable = ()) -> ChoiceField:
    return ChoiceField(label=label, required=False, choices=[("", empty), *choices], widget=QuickSelect(attrs=SELECT))


def _row(label: str) -> ChoiceField:
    return TypedChoiceField(label=label, required=False, coerce=int, empty_value="", widget=QuickSelect(attrs=SELECT))


class AgreementFilter(Filter):
    """Of the table over all municipalities, which is read as a whole."""

    FIRST = ("bank", "stand", "sort")
    bank = _choice("Rheinseite", "beide", Bank.choices)
    stand = _choice("Stand", "alle", [
        (NONE, "keine"), *sorted(Agreement.Standing.choices, key=lambda one: RANK[one[0]]),
    ])  # fmt: skip
    sort = _choice("Reihenfolge", "nach Kommune", [("stand", "Dringendes zuerst"), ("end", "nach Ende")])

    def __init__(self, data, *, rows: Iterable[Agreed]):
        super().__init__(data)
        self.fields["q"].widget.attrs["placeholder"] = "Kommune oder Stelle"
        self.rows = list(rows)

    @cached_property
    def found(self) -> list[Agreed]:
        return sorted(filter(self._fits, self.rows), key=self._rank)

    def _fits(self, row: Agreed) -> bool:
        given = self.given
        told = fold(f"{row.place} {row.current.contact if row.current else ''} {row.office}")
        return (
            (not given.get("bank") or row.place.bank == given["bank"])
            and (not given.get("stand") or given["stand"] in row.standings)
            and all(word in told for word in self.words)
        )

    def _rank(self, row: Agreed) -> tuple:
        by_name = (fold(row.place.name), row.place.pk)
        until = row.current.valid_until if row.current else None
        match self.given.get("sort"):
            case "stand":
                return (row.rank, until is None, until or 0, *by_name)
            case "end":
                return (until is None, until or 0, *by_name)
        return by_name


class KickOffFilter(Filter):
    """Of the municipalities, by whether they have had a kick-off event."""

    FIRST = ("bank", "stand")
    bank = _choice("Rheinseite", "beide", Bank.choices)
    stand = _choice("Stand", "alle", [("held", "hat stattgefunden"), ("planned", "erst geplant"), (NONE, "noch keine")])

    def __init__(self, data, *, rows: Iterable[Begun]):
        super().__init__(data)
        self.fields["q"].widget.attrs["placeholder"] = "Kommune"
        self.rows = list(rows)

    @cached_property
    def found(self) -> list[Begun]:
        return [row for row in self.rows if self._fits(row)]

    def _fits(self, row: Begun) -> bool:
        given, told = self.given, fold(str(row.place))
        return (
            (not given.get("bank") or row.place.bank == given["bank"])
            and (not given.get("stand") or row.standing == given["stand"])
            and all(word in told for word in self.words)
        )


class InterfaceFilter(Filter):
    """Of the register of interfaces. Nothing chosen means: all in use."""

    FIRST = ("municipality", "legal_area", "stand")
    stand = _choice("Stand", "in Gebrauch", [
        ("stale", "nicht bestätigt seit 12 Monaten"), ("retired", "entfallen"), ("all", "alle"),
    ])  # fmt: skip
    municipality = _choice("Kommune", "alle")
    legal_area = _row("Rechtskreis")
    organisation = _row("Institution")
    sort = _choice("Reihenfolge", "nach Titel", [("new", "zuletzt eingetragen")])

    def __init__(
        self, data, *, places: Iterable[Municipality], areas: Iterable[Code], organisations: Iterable[Organisation]
    ):
        super().__init__(data)
        self.fields["q"].widget.attrs["placeholder"] = "Wort oder Institution"
        self.organisations = list(organisations)
        county = [("county", "im ganzen Kreis")]
        self._offer("municipality", "alle", [*county, *((str(one.pk), str(one)) for one in places)])
        self._offer("legal_area", "alle", ((one.pk, str(one)) for one in areas))
        self._offer("organisation", "alle", ((one.pk, str(one)) for one in self.organisations))

    @property
    def order(self) -> str:
        return "-at" if self.given.get("sort") == "new" else "title"

    def narrowed(self, rows: QuerySet) -> QuerySet:
        given = self.given
        match given.get("stand"):
            case "stale":
                rows = rows.stale()  # type: ignore[attr-defined]
            case "retired":
                rows = rows.filter(retired_on__isnull=False)
            case "all":
                pass
            case _:
                rows = rows.filter(retired_on__isnull=True)
        if place := given.get("municipality"):
            rows = rows.filter(municipality=None if place == "county" else int(place))
        if given.get("legal_area"):
            rows = rows.filter(pk__in=Interface.legal_areas.through.objects.filter(
                code=given["legal_area"]).values("interface"))  # fmt: skip
        if given.get("organisation"):
            rows = rows.filter(pk__in=_between([given["organisation"]]))
        for word in self.words:
            named = [one.pk for one in self.organisations if word in fold(str(one))]
            rows = rows.filter(Q(folded__contains=word) | Q(pk__in=_between(named)))
        return rows

    def _offer(self, name: str, empty: str, choices: Iterable[tuple]) -> None:
        cast(ChoiceField, self.fields[name]).choices = [("", empty), *choices]


def _between(organisations: Sequence[int]) -> QuerySet:
    return Interface.between.through.objects.filter(organisation__in=organisations).values("interface")


# As files

AGREEMENTS: Sequence[Column] = (
    ("Kommune", 26, lambda row: str(row.place)),
    ("Rheinseite", 18, lambda row: row.place.get_bank_display()),
    ("Stand", 34, lambda row: row.words),
    ("dazu", 34, lambda row: row.following_words),
    ("Fassung", 9, lambda row: row.current.version if row.current else None),
    ("unterzeichnet am", 15, lambda row: row.current.signed_on if row.current else None),
    ("gilt ab", 11, lambda row: row.current.valid_from if row.current else None),
    ("gilt bis", 11, lambda row: row.current.last_day if row.current else None),
    ("Ansprechstelle der Kommune", 36, lambda row: row.current.contact if row.current else ""),
    ("Ansprechstelle der Geschäftsstelle", 36, lambda row: row.office),
)
KICK_OFFS: Sequence[Column] = (
    ("Kommune", 26, lambda row: str(row.place)),
    ("Rheinseite", 18, lambda row: row.place.get_bank_display()),
    ("zuletzt am", 12, lambda row: row.last.on_day if row.last else None),
    ("Ort", 36, lambda row: row.last.place if row.last else ""),
    ("wie oft", 9, lambda row: row.number),
    ("geplant am", 12, lambda row: row.coming.on_day if row.coming else None),
)
INTERFACES: Sequence[Column] = (
    ("Schnittstelle", 50, lambda one: one.title),
    ("Kommune", 26, lambda one: str(one.municipality or "ganzer Kreis")),
    ("zwischen", 60, lambda one: ", ".join(str(org) for org in one.between.all())),
    ("Rechtskreise", 24, lambda one: ", ".join(str(code) for code in one.legal_areas.all())),
    ("vereinbarte Arbeitsweise", 70, lambda one: ways[0].text if (ways := list(one.ways.all())) else ""),
    ("vereinbart am", 13, lambda one: ways[0].agreed_on if (ways := list(one.ways.all())) else None),
    ("zuletzt bestätigt am", 17, lambda one: one.confirmed_on),
    ("entfallen am", 13, lambda one: one.retired_on),
)
