"""Loading what was read from a county file. A second time changes nothing; what the file is silent about is left alone.

Nothing is ever deleted: what ends gets its `last_day`. A correction of who works where is a new row beside the old one,
which stays as what was believed until then.
"""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import models, transaction
from django.db.models import Q

from kim import trail, workdays
from kim.models import Assignment, Code, County, Municipality, Organisation, PopulationCount, User
from kim.workdays import ONE_DAY
from steering.county.reading import OF_THE_COUNTY, OF_THE_LAND, Row, read_codes, seats_named
from steering.models import (
    Agreement,
    Body,
    ExpectedSeat,
    KickOff,
    Meeting,
    Membership,
    RulesOfProcedure,
    TimeLimit,
)
from steering.models.rules import APPLIED

CODES_OF_THE_LAND = settings.BASE_DIR / "data" / "codes.yaml"
#: A meeting whose time of day is not known begins at midnight: no meeting ever does, so pages can leave it out.
TIME_UNKNOWN = dt.time(0)

CALLED = {
    "County": "Kreis",
    "Municipality": "Kommunen",
    "PopulationCount": "Einwohnerzahlen",
    "Organisation": "Organisationen",
    "Code": "Codes",
    "TimeLimit": "Fristen",
    "User": "Konten",
    "RoleGrant": "Rollen",
    "Assignment": "Aufgaben",
    "Body": "Gremien",
    "Membership": "Sitze",
    "Meeting": "Sitzungen",
    "ExpectedSeat": "Vorgesehene Sitze",
    "RulesOfProcedure": "Geschäftsordnungen",
    "Agreement": "Kooperationsvereinbarungen",
    "KickOff": "Auftaktveranstaltungen",
}


#: What loads the sections of the floors above, by name (steering.county.register).
LOADERS: dict[str, Callable[["Loader", Any], None]] = {}


class OtherCounty(Exception):
    """This installation serves another county. The message is meant for the user."""


@dataclass
class Changes:
    """How many rows were made, changed (or corrected) and left as they were, by the name of their table."""

    made: Counter[str] = field(default_factory=Counter)
    changed: Counter[str] = field(default_factory=Counter)
    same: Counter[str] = field(default_factory=Counter)

    def __bool__(self) -> bool:
        return bool(self.made or self.changed)

    def __str__(self) -> str:
        if not self:
            return f"Nichts zu ändern: alle {self.same.total()} Einträge stimmen schon."
        names = list(dict.fromkeys([*self.made, *self.changed]))
        parts = [f"{CALLED[name]}: {self._what(name)}" for name in names]
        return "; ".join([*parts, f"unverändert: {self.same.total()}."])

    def _what(self, name: str) -> str:
        counted = [(self.made[name], "neu"), (self.changed[name], "geändert")]
        return ", ".join(f"{count} {word}" for count, word in counted if count)


@transaction.atomic
def load(file: Row, by: User | None = None) -> Changes:
    """Bring the database to what the file says, in one transaction; raises OtherCounty, and CountyFileError where the
    file contradicts what people have entered since.
    """
    there = County.objects.first()
    if there and there.key != file.county.key:
        raise OtherCounty(
            f"Diese Installation gehört zu {there.name} ({there.key}); die Datei beschreibt {file.county.name} "
            f"({file.county.key}). Ein anderer Kreis braucht eine eigene Installation."
        )
    loader = Loader()
    county = loader.county(file.county)
    loader.municipalities(file.municipalities, file.population)
    loader.organisations(file.organisations)
    loader.codes(file.codes, OF_THE_COUNTY)
    loader.codes(read_codes(CODES_OF_THE_LAND), OF_THE_LAND)
    loader.limits(file.limits)
    loader.accounts(file.accounts)
    loader.bodies(file.bodies)
    loader.agreements(file.agreements)
    loader.kick_offs(file.kick_offs)
    for name, load_section in LOADERS.items():
        if (section := getattr(file, name)) is not None:
            load_section(loader, section)
    if loader.changes:
        trail.record("county.load", county, by=by, note=str(loader.changes)[:200])
    return loader.changes


@transaction.atomic
def load_codes(by: User | None = None) -> Changes:
    """Bring the code lists of the Land to what data/codes.yaml says; they hold before any county is loaded."""
    loader = Loader()
    loader.codes(read_codes(CODES_OF_THE_LAND), OF_THE_LAND)
    if loader.changes:
        trail.record("codes.load", County.current(), by=by, note=str(loader.changes)[:200])
    return loader.changes


class Loader:
    """Walks the file from what stands alone to what refers to it; remembers what the keys of the file mean."""

    def __init__(self):
        self.changes = Changes()
        self.places: dict[str, Municipality] = {}
        self.institutions: dict[str, Organisation] = {}
        self.people: dict[str, User] = {}

    def county(self, row: Row) -> County:
        settings = row.given(
            "direct_reporting",
            "christmas_eve_is_workday",
            "new_years_eve_is_workday",
            "small_municipality_below",
            "small_cell_below",
            "effect_months",
            "case_prefix",
            "request_kept_months",
            "case_kept_years",
        )
        return self.bring(County, {"pk": 1}, {"key": row.key, "name": row.name} | settings)

    def municipalities(self, rows: list[Row], population: Row | None) -> None:
        for row in rows:
            told = row.given("name", "kind", "bank", "postal_code", "area_km2", "latitude", "longitude")
            self.places[row.ags] = place = self.bring(Municipality, {"ags": row.ags}, told)
            if population and row.persons:
                self.bring(
                    PopulationCount,
                    {"municipality": place, "counted_on": population.counted_on},
                    {"persons": row.persons, "source": population.source},
                )

    def organisations(self, rows: list[Row]) -> None:
        for row in rows:
            told = row.given("name", "kind")
            if row.municipality:
                told["municipality"] = self.places[row.municipality]
            self.institutions[row.key] = self.bring(Organisation, {"key": row.key}, told)

    def codes(self, lists: Row, names: Iterable[str]) -> None:
        for name in names:
            for position, row in enumerate(getattr(lists, name), 1):
                told = row.given("label", "short") | {"position": position}
                self.bring(Code, {"list": name, "code": row.code, "valid_from": lists.valid_from}, told)

    def limits(self, rows: list[Row]) -> None:
        """A start only: once a state has a limit, administrators change it, with a date and a reason."""
        set_already = set(TimeLimit.objects.values_list("state", flat=True))
        for row in rows:
            if row.state in set_already:
                self.changes.same[TimeLimit.__name__] += 1
            else:
                told = row.given("state", "amount", "unit", "valid_from", "reason")
                self.made(TimeLimit.objects.create(**told))

    def accounts(self, rows: list[Row]) -> None:
        for row in rows:
            self.people[row.username] = user = self._account(row)
            for role in row.roles:
                self.bring(
                    user.role_grants.model,
                    {"user": user, "role": role.role, "valid_from": role.valid_from},
                    _end_of(role),
                )
            for duty in row.assignments:
                for place in duty.municipalities or [None]:
                    self._assignment(user, duty, self.places[place] if place else None)

    def _account(self, row: Row) -> User:
        """The account of that name; one that was renamed since is still known by what it is for."""
        organisation = self.institutions[row.organisation]
        user = (
            User.objects.filter(username=row.username).first()
            or User.objects.filter(display_name=row.name).order_by("pk").first()
        )
        if user:
            told = {"display_name": row.name, "organisation": organisation} | row.given("email")
            return self.brought(user, told)
        user = User(username=row.username, display_name=row.name, organisation=organisation, **row.given("email"))
        user.set_unusable_password()
        user.save()
        return self.made(user)

    def _assignment(self, user: User, row: Row, place: Municipality | None) -> None:
        told = row.given("title", "share", "weekdays", "source")
        told |= {"employer": self.institutions[row.employer], "valid_from": row.valid_from} | _end_of(row)
        key = {"user": user, "role": row.role, "municipality": place, "bank": row.bank or ""}
        believed = Assignment.objects.filter(known_until__isnull=True, **_exactly(key)).order_by("valid_from")
        # One person cannot do the same thing at the same place twice at once: what overlaps is the row that is meant.
        meant = believed.filter(valid_from=row.valid_from).first() or believed.filter(_overlaps(row)).first()
        if meant is None:
            self.made(Assignment.objects.create(**key, **told, known_from=begin_of(row.known_from)))
        elif differs(meant, told):
            moment = max(begin_of(row.known_from), meant.known_from)
            if moment == meant.known_from:  # the paper is the same; it was read wrongly until now
                moment = workdays.now()
            kept = {name: getattr(meant, name) for name in ("title", "share", "weekdays", "source")}
            meant.known_until = moment
            meant.save()
            Assignment.objects.create(**key, **kept | told, known_from=moment)
            self.changes.changed[Assignment.__name__] += 1
        else:
            self.changes.same[Assignment.__name__] += 1

    def bodies(self, rows: list[Row]) -> None:
        for row in rows:
            told = row.given("name", "kind", "mandate", "valid_from") | _end_of(row)
            body = self.bring(Body, {"key": row.key}, told)
            missing = {self.places[ags] for ags in row.municipalities} - set(body.municipalities.all())
            if missing:
                body.municipalities.add(*missing)
            self._seats(body, row.members)
            for one in row.expected:
                told = one.given("occasional", "source") | _end_of(one)
                if one.organisation:
                    told["organisation"] = self.institutions[one.organisation]
                self.bring(ExpectedSeat, {"body": body, "name": one.name, "valid_from": one.valid_from}, told)
            for rules in row.rules:
                self._rules(body, rules)
            for meeting in row.meetings:
                moment = dt.datetime.combine(meeting.day, meeting.time or TIME_UNKNOWN, workdays.BERLIN)
                told = meeting.given("title", "place", "mode", "source")
                self.bring(Meeting, {"body": body, "starts_at": moment}, told)

    def _seats(self, body: Body, rows: list[Row]) -> None:
        """Those that are stood in for before those who stand in."""
        seats: list[tuple[Row, Membership]] = []
        for row in sorted(rows, key=lambda row: row.deputy_of is not None):
            held = next(seat for named, seat in seats if seats_named(row, named)) if row.deputy_of else None
            key = {
                "body": body,
                "user": self.people[row.account] if row.account else None,
                "organisation": self.institutions[row.organisation] if row.organisation else None,
                "valid_from": row.valid_from,
                "deputy_of": held,  # an institution may have a seat and a deputy for it from the same day
            }
            told = row.given("function", "votes") | _end_of(row)
            if row.function == Membership.Function.ADVISORY:
                told["votes"] = False
            if held:
                told["votes"] = held.votes and row.votes is not False
            seats.append((row, self.bring(Membership, key, told)))

    def _rules(self, body: Body, row: Row) -> None:
        """A start only: once somebody has written on a version in KIM, or it was adopted, it is theirs."""
        there = RulesOfProcedure.objects.filter(body=body, version=row.version).first()
        if there and (there.by_id or there.is_adopted):
            self.changes.same[RulesOfProcedure.__name__] += 1
        else:
            told = row.given("submitted_on", "submitted_to", "text", "source", *APPLIED)
            self.bring(RulesOfProcedure, {"body": body, "version": row.version}, told)

    def agreements(self, rows: list[Row]) -> None:
        for row in rows:
            told = row.given(
                "subject", "contact", "signed_on", "signatories", "valid_from", "renew_months", "source"
            )  # fmt: skip
            key = {"municipality": self.places[row.municipality], "version": row.version or 1}
            self.bring(Agreement, key, told | _end_of(row))

    def kick_offs(self, rows: list[Row]) -> None:
        for row in rows:
            told = {"held": row.held is not False} | row.given("day_is_known", "place", "outcome", "source")
            self.bring(KickOff, {"municipality": self.places[row.municipality], "on_day": row.day}, told)

    # Making, comparing, counting

    def bring(self, model: type[models.Model], key: dict[str, Any], told: dict[str, Any]):
        """The row with this key, made if it is not there, changed where it says something else."""
        there = model._default_manager.filter(**_exactly(key)).first()
        if there is None:
            return self.made(model._default_manager.create(**key, **told))
        return self.brought(there, told)

    def brought(self, there, told: dict[str, Any]):
        if differs(there, told):
            for name, value in told.items():
                setattr(there, name, value)
            there.save()
            self.changes.changed[type(there).__name__] += 1
        else:
            self.changes.same[type(there).__name__] += 1
        return there

    def made(self, row):
        self.changes.made[type(row).__name__] += 1
        return row


def _exactly(key: dict[str, Any]) -> dict[str, Any]:
    return {(f"{name}__isnull" if value is None else name): (value is None or value) for name, value in key.items()}


def differs(there, told: dict[str, Any]) -> bool:
    return any(getattr(there, name) != value for name, value in told.items())


def _end_of(row: Row) -> dict[str, dt.date]:
    """People write the last day, rows keep the first day on which they no longer hold."""
    return {"valid_until": row.last_day + ONE_DAY} if row.last_day else {}


def begin_of(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(0), workdays.BERLIN)


def _overlaps(row: Row) -> Q:
    found = Q(valid_until__isnull=True) | Q(valid_until__gt=row.valid_from)
    return found & Q(valid_from__lte=row.last_day) if row.last_day else found
