"""The section „funding“ of a county file: how it is read and checked with line numbers, and how it is loaded.

A fact is known from the day of the paper that tells it. Where the file says something else later, a new row takes its
place; what people entered, corrected or withdrew in KIM is theirs and stays. docs/data.md describes the format.
"""

import datetime as dt
from collections.abc import Callable, Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q

from funding import needs
from funding.models import (
    Award,
    AwardNotice,
    CostKind,
    Criterion,
    CriterionValue,
    Deadline,
    Eligibility,
    EligibilityRule,
    Forwarding,
    FundingPeriod,
    Grant,
    Item,
    Module,
    Occupancy,
    Post,
    PostTerm,
    Programme,
    Rate,
    ReportedFigure,
    Terms,
)
from kim.facts import FOREVER, Fact
from kim.workflow import StepRefused
from steering.county.loading import ONE_DAY, Loader, begin_of, differs
from steering.county.reading import (
    DATED,
    NEEDED,
    CountyFileError,
    Field,
    Reader,
    Row,
    day,
    decimal,
    ends_after_it_starts,
    entry,
    key,
    many,
    no_double,
    one_of,
    reference,
    share,
    slug,
    text,
    yes_no,
)

CALLED = {
    "Programme": "Förderprogramme",
    "FundingPeriod": "Förderzeiträume",
    "Rate": "Fördersätze",
    "EligibilityRule": "Regeln zur Förderfähigkeit",
    "AwardNotice": "Bescheide",
    "Terms": "Bestimmungen",
    "Grant": "Bewilligungen",
    "Deadline": "Termine",
    "Forwarding": "Weiterleitungen",
    "Post": "Stellen",
    "PostTerm": "Ausgestaltungen",
    "Occupancy": "Besetzungen",
    "ReportedFigure": "Angaben von Unterlagen",
    "Criterion": "Kriterien",
    "CriterionValue": "Werte von Kriterien",
}

# ---- the format -----------------------------------------------------------------------------------------------------

euros = decimal("0.01", "9999999999.99", 2)
fte = decimal("0.001", "9999.999", 3)
SOURCE = {"known_from": Field(day, **NEEDED), "source": Field(text(200), **NEEDED)}
#: Facts about a notice hold for its whole period where they say no days.
IN_PERIOD = {"valid_from": Field(day), "last_day": Field(day), **SOURCE}


def days_of(row: Row) -> tuple[dt.date, dt.date]:
    return row.valid_from or dt.date.min, row.last_day + ONE_DAY if row.last_day else FOREVER


def alone(name: str, what: str, *parts: str) -> Callable[[Reader, Row], None]:
    """Within one entry: no two of the list `name` alike in `parts` hold on one day."""

    def check(reader: Reader, row: Row) -> None:
        rows = getattr(row, name)
        for place, one in enumerate(rows):
            for other in rows[:place]:
                alike = all(getattr(one, part) == getattr(other, part) for part in parts)
                (first, until), (begun, ended) = days_of(one), days_of(other)
                if alike and first < ended and begun < until:
                    reader.complain(one.line, f"{what}: Für diese Zeit gilt schon, was in Zeile {other.line} steht.")
                    break

    return check


def ends(reader: Reader, row: Row) -> None:
    if row.valid_from:
        ends_after_it_starts(reader, row)


def held_while_it_exists(reader: Reader, row: Row) -> None:
    """Of a post: its occupancies lie within its terms."""
    for held in row.occupancies:
        reached, until = days_of(held)
        for term in sorted(row.terms, key=lambda term: term.valid_from):
            first, ended = days_of(term)
            if first <= reached < ended:
                reached = ended
        if reached < until:
            reader.complain(held.line, f"Besetzung: Die Stelle „{row.number}“ gibt es nicht während der ganzen Zeit.")


PERIOD = entry("Förderzeitraum", {
    "valid_from": Field(day, **NEEDED),
    "last_day": Field(day, **NEEDED),
    "name": Field(text(120)),
    "source": Field(text(200)),
}, ends_after_it_starts)  # fmt: skip

RATE = entry("Fördersatz", {
    "item": Field(one_of(Item), **NEEDED),
    "amount": Field(euros, **NEEDED),
    "per_fte": Field(share),
    "once": Field(yes_no),
    **DATED, **SOURCE,
}, ends_after_it_starts)  # fmt: skip

ELIGIBILITY = entry("Regel zur Förderfähigkeit", {
    "kind": Field(one_of(CostKind), **NEEDED),
    "eligibility": Field(one_of(Eligibility), **NEEDED),
    "item": Field(one_of(Item)),
    "basis": Field(text(1000), **NEEDED),
    "ask_by": Field(day),
    **DATED, **SOURCE,
}, ends_after_it_starts)  # fmt: skip

PROGRAMME = entry("Förderprogramm", {
    "key": Field(key("Förderprogramm", slug), **NEEDED),
    "name": Field(text(160), **NEEDED),
    "module": Field(one_of(Module), **NEEDED),
    "award": Field(one_of(Award), **NEEDED),
    "legal_basis": Field(text(300)),
    "periods": Field(many(PERIOD), many=True),
    "rates": Field(many(RATE), many=True),
    "eligibility": Field(many(ELIGIBILITY), many=True),
}, no_double("periods", "Der Förderzeitraum", "valid_from"), alone("rates", "Fördersatz", "item"),
   alone("eligibility", "Regel zur Förderfähigkeit", "kind"))  # fmt: skip

TERMS = entry("Bestimmungen", {
    "counting": Field(one_of(Terms.Counting)),
    "bases": Field(one_of(Terms.Bases)),
    "purpose": Field(text(2000)),
    "conditions": Field(text(4000)),
    **IN_PERIOD,
}, ends)  # fmt: skip

GRANT = entry("Bewilligung", {
    "item": Field(one_of(Item)),
    "fte": Field(fte),
    "amount": Field(euros),
    **IN_PERIOD,
}, ends)  # fmt: skip

DEADLINE = entry("Termin", {
    "kind": Field(one_of(Deadline.Kind), **NEEDED),
    "due_on": Field(day, **NEEDED),
    "done_on": Field(day),
    "source": Field(text(200)),
})  # fmt: skip

FORWARDING = entry("Weiterleitung", {
    "recipient": Field(reference("Organisation"), **NEEDED),
    "fte": Field(fte, **NEEDED),
    **IN_PERIOD,
}, ends)  # fmt: skip

NOTICE = entry("Bescheid", {
    "number": Field(key("Bescheid", slug), **NEEDED),
    "programme": Field(reference("Förderprogramm"), **NEEDED),
    "period": Field(day, **NEEDED),
    "recipient": Field(reference("Organisation"), **NEEDED),
    "reference": Field(text(80)),
    "applied_on": Field(day),
    "granted_on": Field(day),
    "audited_on": Field(day),
    "source": Field(text(200), **NEEDED),
    "terms": Field(many(TERMS), many=True),
    "grants": Field(many(GRANT), many=True),
    "deadlines": Field(many(DEADLINE), many=True),
    "forwardings": Field(many(FORWARDING), many=True),
}, alone("terms", "Bestimmungen"), alone("forwardings", "Weiterleitung", "recipient"),
   no_double("deadlines", "Der Termin", "kind", "due_on"),
   no_double("grants", "Die Bewilligung", "item", "valid_from"))  # fmt: skip

TERM = entry("Ausgestaltung", {
    "fte": Field(share, **NEEDED),
    "employer": Field(reference("Organisation"), **NEEDED),
    "recipient": Field(reference("Organisation"), **NEEDED),
    "function": Field(text(160)),
    "pay_grade": Field(text(20)),
    "plan_number": Field(text(40)),
    "kw": Field(yes_no),
    "kw_on": Field(day),
    **DATED, **SOURCE,
}, ends_after_it_starts)  # fmt: skip

OCCUPANCY = entry("Besetzung", {
    "account": Field(reference("Konto"), **NEEDED),
    "share": Field(share, **NEEDED),
    "substitute_for": Field(reference("Konto")),
    **DATED, **SOURCE,
}, ends_after_it_starts)  # fmt: skip

POST = entry("Stelle", {
    "number": Field(key("Stelle", slug), **NEEDED),
    "title": Field(text(160), **NEEDED),
    "module": Field(one_of(Module), **NEEDED),
    "assistant": Field(yes_no),
    "terms": Field(many(TERM), many=True, **NEEDED),
    "occupancies": Field(many(OCCUPANCY), many=True),
}, alone("terms", "Ausgestaltung"), alone("occupancies", "Besetzung", "account"), held_while_it_exists)  # fmt: skip

FIGURE = entry("Angabe", {
    "document": Field(text(160), **NEEDED),
    "reported_on": Field(day, **NEEDED),
    "as_of": Field(day, **NEEDED),
    "module": Field(one_of(Module), **NEEDED),
    "measure": Field(one_of(ReportedFigure.Measure), **NEEDED),
    "value": Field(decimal("0", "9999.999", 3), **NEEDED),
    "words": Field(text(300)),
})  # fmt: skip

VALUE = entry("Wert", {
    "municipality": Field(reference("Kommune"), **NEEDED),
    "value": Field(decimal("0", "99999999999.999", 3), **NEEDED),
    **DATED, **SOURCE,
}, ends_after_it_starts)  # fmt: skip

CRITERION = entry("Kriterium", {
    "key": Field(key("Kriterium", slug), **NEEDED),
    "name": Field(text(120), **NEEDED),
    "unit": Field(text(40), **NEEDED),
    "definition": Field(text(300)),
    "values": Field(many(VALUE), many=True),
}, alone("values", "Wert", "municipality"))  # fmt: skip


def notices_in_their_periods(reader: Reader, row: Row) -> None:
    """A notice names the first day of a period of its programme; what it says holds within that period."""
    programmes = {one.key: one for one in row.programmes}
    for notice in row.notices:
        if notice.programme not in programmes:
            continue  # complained about as a reference
        periods = {one.valid_from: one for one in programmes[notice.programme].periods}
        period = periods.get(notice.period)
        if period is None:
            known = ", ".join(f"{first:%d.%m.%Y}" for first in sorted(periods)) or "keiner"
            reader.complain(
                notice.line_of("period"),
                f"Bescheid: Das Programm „{notice.programme}“ hat keinen Förderzeitraum ab {notice.period:%d.%m.%Y} "
                f"(eingetragen: {known}).",
            )
            continue
        for fact in (*notice.terms, *notice.grants, *notice.forwardings):
            first, until = fact.valid_from or period.valid_from, fact.last_day or period.last_day
            if first < period.valid_from or until > period.last_day:
                reader.complain(
                    fact.line,
                    f"Bescheid „{notice.number}“: Das liegt nicht im Förderzeitraum "
                    f"{period.valid_from:%d.%m.%Y} bis {period.last_day:%d.%m.%Y}.",
                )


SECTION = entry("Förderung", {
    "programmes": Field(many(PROGRAMME), many=True),
    "notices": Field(many(NOTICE), many=True),
    "posts": Field(many(POST), many=True),
    "reported": Field(many(FIGURE), many=True),
    "criteria": Field(many(CRITERION), many=True),
}, notices_in_their_periods,
   no_double("reported", "Die Angabe", "document", "as_of", "module", "measure", "words"))  # fmt: skip


# ---- loading --------------------------------------------------------------------------------------------------------


def load(loader: Loader, section: Row) -> None:
    """Raises CountyFileError where a fact contradicts what people have entered in KIM since."""
    loading = _Loading(loader)
    loading.programmes(section.programmes)
    loading.notices(section.notices)
    loading.posts(section.posts)
    loading.reported(section.reported)
    loading.criteria(section.criteria)
    needs.ensure_criteria()


class _Loading:
    def __init__(self, loader: Loader):
        self.loader = loader
        self.paid: dict[str, Programme] = {}
        #: Facts there already, by model and by what they are about.
        self.there: dict[type[Fact], dict[tuple, list[Fact]]] = {}

    def programmes(self, rows: list[Row]) -> None:
        for row in rows:
            told = row.given("name", "module", "award", "legal_basis")
            self.paid[row.key] = programme = self.loader.bring(Programme, {"key": row.key}, told)
            for period in row.periods:
                self.loader.bring(
                    FundingPeriod,
                    {"programme": programme, "valid_from": period.valid_from},
                    {"valid_until": period.last_day + ONE_DAY} | period.given("name", "source"),
                )
            for rate in row.rates:
                about = {"programme": programme, "item": rate.item}
                self.fact(Rate, about, rate, rate.given("amount", "per_fte", "once"))
            for rule in row.eligibility:
                about = {"programme": programme, "kind": rule.kind}
                self.fact(EligibilityRule, about, rule, rule.given("eligibility", "item", "basis", "ask_by"))

    def notices(self, rows: list[Row]) -> None:
        for row in rows:
            period = FundingPeriod.objects.get(programme=self.paid[row.programme], valid_from=row.period)
            told = row.given("reference", "applied_on", "granted_on", "audited_on", "source")
            told |= {"period": period, "recipient": self.loader.institutions[row.recipient]}
            notice = self.loader.bring(AwardNotice, {"number": row.number}, told)
            for terms in row.terms:
                told = terms.given("counting", "bases", "purpose", "conditions")
                self.fact(Terms, {"notice": notice}, terms, told, period)
            for grant in row.grants:
                about = {"notice": notice, "item": grant.item or Item.POST}
                self.fact(Grant, about, grant, grant.given("fte", "amount"), period)
            for forwarding in row.forwardings:
                about = {"notice": notice, "recipient": self.loader.institutions[forwarding.recipient]}
                self.fact(Forwarding, about, forwarding, {"fte": forwarding.fte}, period)
            for due in row.deadlines:
                told = due.given("done_on", "source")
                self.loader.bring(Deadline, {"notice": notice, "kind": due.kind, "due_on": due.due_on}, told)

    def posts(self, rows: list[Row]) -> None:
        for row in rows:
            told = {"module": row.module, "item": Item.ASSISTANT if row.assistant else Item.POST}
            post = self.loader.bring(Post, {"number": row.number}, told | {"title": row.title})
            for term in row.terms:
                told = term.given("fte", "function", "pay_grade", "plan_number", "kw", "kw_on")
                told |= {name: self.loader.institutions[getattr(term, name)] for name in ("employer", "recipient")}
                self.fact(PostTerm, {"post": post}, term, told)
            for held in row.occupancies:
                told = {"share": held.share}
                if held.substitute_for:
                    told["substitute_for"] = self.loader.people[held.substitute_for]
                self.fact(Occupancy, {"post": post, "user": self.loader.people[held.account]}, held, told)

    def reported(self, rows: list[Row]) -> None:
        for row in rows:
            about = {name: getattr(row, name) for name in ("document", "as_of", "module", "measure")}
            told = {"reported_on": row.reported_on, "value": row.value, "at": begin_of(row.reported_on)}
            self.loader.bring(ReportedFigure, about | {"words": row.words or ""}, told)

    def criteria(self, rows: list[Row]) -> None:
        for position, row in enumerate(rows, 1):
            told = row.given("name", "unit", "definition") | {"position": position}
            criterion = self.loader.bring(Criterion, {"key": row.key}, told)
            for value in row.values:
                about = {"criterion": criterion, "municipality": self.loader.places[value.municipality]}
                self.fact(CriterionValue, about, value, {"value": value.value})

    def fact(self, model: type[Fact], about: dict[str, Any], row: Row, told: dict[str, Any], period=None) -> None:
        """Bring one fact to what the file says; `period`: of the notice, whose days hold where the row has none."""
        told |= row.given("source", "valid_from")
        if row.last_day:
            told["valid_until"] = row.last_day + ONE_DAY
        if period is not None:
            told = {"valid_from": period.valid_from, "valid_until": period.valid_until} | told
        rows = self._rows(model, about)
        meant = _meant(rows, told)
        changes, moment = self.loader.changes, begin_of(row.known_from)
        try:
            if meant is None:
                rows.append(model(**about, **told, known_from=moment).settle())
                changes.made[model.__name__] += 1
            elif meant.by_id is None and meant.is_believed and differs(meant, told):
                rows.remove(meant)
                rows.append(meant.retell(moment, **told))
                changes.changed[model.__name__] += 1
            else:
                changes.same[model.__name__] += 1
        except (StepRefused, ValidationError) as refused:
            said = " ".join(refused.messages) if isinstance(refused, ValidationError) else str(refused)
            raise CountyFileError("Die Datei", [(row.line, said)]) from None

    def _rows(self, model: type[Fact], about: dict[str, Any]) -> list[Fact]:
        """Believed rows about this, and those that people have withdrawn; of one model they are read once."""
        if model not in self.there:
            kept = self.there[model] = {}
            for one in model._default_manager.filter(Q(known_until=None) | ~Q(withdrawn_because="")):
                kept.setdefault(
                    tuple(getattr(one, f"{name}_id", None) or getattr(one, name) for name in about), []
                ).append(one)
        return self.there[model].setdefault(tuple(getattr(value, "pk", value) for value in about.values()), [])


def _meant(rows: Iterable[Fact], told: dict[str, Any]) -> Fact | None:
    """The row the file means: of the same first day, or one on the same days; what was withdrawn only by its day."""
    rows = list(rows)
    first, until = told["valid_from"], told.get("valid_until") or FOREVER
    for one in rows:
        if one.is_believed and one.valid_from == first:
            return one
    for one in rows:
        if one.is_believed and one.valid_from < until and first < (one.valid_until or FOREVER):
            return one
    return next((one for one in rows if one.valid_from == first), None)
