"""The proof of use of a notice: what is missing until it can be handed in, and the figures it states.

The figures are those of a released calculation and of what was known when it was drawn up; names of people are no part.
"""

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from django.urls import reverse

from funding import facts_of_notice, money
from funding.models import AwardNotice, Calculation, Cost, CostKind, Deadline, Eligibility, Payment
from funding.repayment import POSTS, Basis, Result, cents, month_starts, work_out
from kim import workdays
from kim.addresses import page
from kim.workflow import StepRefused

#: So many posts without personnel costs are named one by one.
NAMED = 12
PAY = (CostKind.PERSONNEL, CostKind.EMPLOYER)


@dataclass(frozen=True)
class Point:
    """A point of the checklist. One that is not `done` says what is missing and leads to where it is mended."""

    words: str
    done: bool
    url: str = ""
    act: str = ""
    #: Nothing can be handed in before.
    bars: bool = False


@dataclass(frozen=True)
class Standing:
    """Everything the page of a proof asks about a notice (read by money.read)."""

    notice: AwardNotice
    released: Calculation | None
    #: As things are known now, up to where the released calculation reaches, or the whole period.
    now: Result
    points: tuple[Point, ...]

    @property
    def missing(self) -> list[Point]:
        return [point for point in self.points if not point.done]

    @property
    def done(self) -> list[Point]:
        return [point for point in self.points if point.done]

    @property
    def is_submitted(self) -> bool:
        return self.released is not None and any(
            one.calculation_id == self.released.pk for one in self.notice.proofs_read
        )


def standing(notice: AwardNotice) -> Standing:
    released = money.latest_released(notice)
    now = work_out(facts_of_notice.basis_of(notice, until=released.until if released else None))
    return Standing(notice, released, now, tuple(_points(notice, released, now)))


def _points(notice: AwardNotice, released: Calculation | None, now: Result) -> Iterator[Point]:
    yield from _of_the_paper(notice)
    yield from _of_the_money(notice)
    yield from _of_the_facts(notice, now)
    yield from _of_the_calculation(notice, released, now)
    yield from _of_the_date(notice)


def _of_the_paper(notice: AwardNotice) -> Iterator[Point]:
    edit = reverse("funding:notice_edit", args=[notice.pk])
    if notice.granted_on:
        yield Point(f"Bewilligt am {notice.granted_on:%d.%m.%Y}.", True)
    else:
        yield Point("Der Tag der Bewilligung ist nicht eingetragen.", False, edit, "Bescheid ändern")
    if notice.grants_read:
        yield Point("Eingetragen ist, was bewilligt wurde.", True)
    else:
        new = reverse("funding:fact_new", args=["grant", notice.pk])
        yield Point("Es fehlt, was bewilligt wurde.", False, new, "Bewilligung eintragen")
    if any(one.purpose or one.conditions for one in notice.terms_read):
        yield Point("Zweck und Auflagen sind eingetragen.", True)
    elif notice.terms_read:
        terms = reverse("funding:fact_detail", args=["terms", notice.terms_read[0].pk])
        yield Point("Zweck und Auflagen des Bescheids fehlen.", False, terms, "Bestimmungen ergänzen")
    else:
        new = reverse("funding:fact_new", args=["terms", notice.pk])
        yield Point("Zweck, Auflagen und Zählweise des Bescheids fehlen.", False, new, "Bestimmungen eintragen")


def _of_the_money(notice: AwardNotice) -> Iterator[Point]:
    called = [one for one in notice.payments_read if one.kind == Payment.Kind.CALLED_OFF and not one.cancelled_at]
    if called:
        yield Point(f"{len(called)} Mittelabruf{'e' if len(called) > 1 else ''} eingetragen.", True)
    else:
        new = reverse("funding:payment_new", args=[notice.pk])
        yield Point("Es ist kein Mittelabruf eingetragen.", False, new, "Zahlung eintragen")


def _of_the_facts(notice: AwardNotice, now: Result) -> Iterator[Point]:
    programme = notice.programme.get_absolute_url()
    for words in now.missing:
        yield Point(words, False, programme, "Förderprogramm ansehen")
    if now.doubts:
        names = ", ".join(one.name for one in now.doubts)
        where = page("funding:eligibility_list") or programme
        yield Point(f"Ungeklärt ist, ob das förderfähig ist: {names}.", False, where, "Klären")
    if now.bases == POSTS:
        return
    gaps = unpaid_posts(notice, now)
    new = reverse("funding:fact_new", args=["cost", notice.pk])
    for post, months in gaps[:NAMED]:
        yield Point(f"Stelle {post} war besetzt, Personalkosten fehlen: {months}.", False, new, "Ausgabe eintragen")
    if len(gaps) > NAMED:
        yield Point(f"Dasselbe bei {len(gaps) - NAMED} weiteren Stellen.", False)
    if not gaps:
        yield Point("Zu jeder besetzten Stelle sind Personalkosten erfasst.", True)


def _of_the_calculation(notice: AwardNotice, released: Calculation | None, now: Result) -> Iterator[Point]:
    new = reverse("funding:calculation_new", args=[notice.pk])
    last = notice.period.last_day
    if notice.period.until > workdays.today():
        yield Point(f"Der Förderzeitraum läuft noch bis {last:%d.%m.%Y}.", False)
    else:
        yield Point(f"Der Förderzeitraum ist seit {last:%d.%m.%Y} zu Ende.", True)
    if released is None:
        yield Point("Es ist keine Abrechnung freigegeben.", False, new, "Abrechnen", bars=True)
        return
    yield Point(f"{released} ist freigegeben.", True, released.get_absolute_url(), "Ansehen")
    if released.until < notice.period.until:
        reached = released.until - dt.timedelta(days=1)
        yield Point(f"{released} reicht nur bis {reached:%d.%m.%Y}.", False, new, "Neu abrechnen")
    if (now.granted, now.entitlement) != (released.granted, released.entitlement):
        words = "Seit der Freigabe haben sich Angaben geändert und mit ihnen das Ergebnis."
        yield Point(words, False, new, "Neu abrechnen")
    else:
        yield Point("Seit der Freigabe hat sich am Ergebnis nichts geändert.", True)


def _of_the_date(notice: AwardNotice) -> Iterator[Point]:
    dues = [one for one in notice.deadlines_read if one.kind == Deadline.Kind.PROOF and one.dropped_on is None]
    here = notice.get_absolute_url()
    if notice.proofs_read:
        return
    if not dues:
        new = reverse("funding:deadline_new", args=[notice.pk])
        yield Point("Bis wann nachzuweisen ist, ist nicht eingetragen.", False, new, "Termin eintragen")
    for one in dues:
        if one.is_open and one.due_on < workdays.today():
            yield Point(f"Der Nachweis war bis {one.due_on:%d.%m.%Y} fällig.", False, f"{here}#termine", "Zum Termin")
        elif one.is_open:
            yield Point(f"Nachzuweisen ist bis {one.due_on:%d.%m.%Y}.", True)


# Months without pay


def unpaid_posts(notice: AwardNotice, result: Result) -> list[tuple[str, str]]:
    """Posts that were filled in months for which no pay is entered: number of the post, months in words."""
    spans = (
        Cost.objects.believed()
        .filter(notice=notice, kind__in=PAY)
        .values_list("post__number", "valid_from", "valid_until")
    )
    paid: dict[str | None, set[dt.date]] = {}
    for post, first, until in spans:
        paid.setdefault(post, set()).update(months_of(first, until))
    for_all = paid.get(None, set())
    filled: dict[str, set[dt.date]] = {}
    for line in result.lines:
        if line.part == "posts" and line.what and line.fte:
            filled.setdefault(line.what, set()).update(months_of(line.first, line.until))
    gaps = ((post, sorted(months - paid.get(post, set()) - for_all)) for post, months in sorted(filled.items()))
    return [(post, in_spans(months)) for post, months in gaps if months]


def months_of(first: dt.date, until: dt.date) -> list[dt.date]:
    """First days of the months a half-open span touches."""
    return [first.replace(day=1), *month_starts(first, until)]


def in_spans(months: Iterable[dt.date]) -> str:
    """„03/2021 bis 05/2021, 08/2021“."""
    runs: list[list[dt.date]] = []
    for month in months:
        if runs and (month.year * 12 + month.month) - (runs[-1][-1].year * 12 + runs[-1][-1].month) == 1:
            runs[-1].append(month)
        else:
            runs.append([month])
    return ", ".join(
        f"{run[0]:%m/%Y} bis {run[-1]:%m/%Y}" if len(run) > 1 else f"{run[0]:%m/%Y}" for run in runs
    )  # fmt: skip


# What a file says


@dataclass(frozen=True)
class Spending:
    kind: str
    eligibility: str
    number: int
    amount: Decimal


@dataclass(frozen=True)
class Content:
    notice: AwardNotice
    calculation: Calculation
    result: Result
    spending: tuple[Spending, ...]

    @property
    def filled(self):
        """Lines of filled posts: number of the post, FTE, span, months, euros."""
        return [line for line in self.result.lines if line.part == "posts"]


def content(notice: AwardNotice) -> Content:
    """What the files state: as it was known when the released calculation was drawn up. Raises StepRefused."""
    released = money.latest_released(notice)
    if released is None:
        raise StepRefused("Einen Nachweis gibt es erst, wenn eine Abrechnung freigegeben ist.")
    basis = facts_of_notice.basis_of(notice, until=released.until, known_at=released.known_at)
    return Content(notice, released, released.result(), tuple(_spending(basis)))


def _spending(basis: Basis) -> Iterator[Spending]:
    """Sums of what was spent; of a span that reaches beyond the days counted, the part of its days."""
    sums: dict[tuple[str, str], tuple[int, Fraction]] = {}
    for cost in basis.costs:
        first, until = max(cost.first, basis.first), min(cost.until, basis.until)
        if first >= until:
            continue
        part = Fraction((until - first).days, (cost.until - cost.first).days)
        name = f"{cost.name or cost.kind}{f' an {cost.recipient}' if cost.recipient else ''}"
        key = (name, str(Eligibility(cost.eligibility).label))
        number, amount = sums.get(key, (0, Fraction(0)))
        sums[key] = (number + 1, amount + Fraction(cost.amount) * part)
    for (kind, eligibility), (number, amount) in sorted(sums.items()):
        yield Spending(kind, eligibility, number, cents(amount))
