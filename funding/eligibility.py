"""Whether a programme pays for a kind of cost: the question in words, the answer of the rule, what it would mean."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from funding import facts_of_notice
from funding.models import AwardNotice, CostKind, Eligibility, EligibilityRule, Programme
from funding.models.programmes import STAFF
from funding.repayment import Basis, work_out

#: As people ask. The one about supervision was asked in the committee on 16.11.2021 and not answered.
QUESTIONS: Mapping[str, str] = {
    CostKind.PERSONNEL: "Zahlt das Programm die Gehälter?",
    CostKind.EMPLOYER: "Sind Arbeitgeberanteile in den Personalkosten enthalten?",
    CostKind.WORKPLACE: "Zahlt das Programm die Einrichtung von Arbeitsplätzen?",
    CostKind.TRAINING: "Sind Fortbildung und Qualifizierung in den Personalkosten enthalten?",
    CostKind.SUPERVISION: "Sind Supervisionskosten in den Personalkosten enthalten?",
    CostKind.EVENT: "Zahlt das Programm Veranstaltungen und Netzwerkarbeit?",
    CostKind.INTERPRETING: "Zahlt das Programm Sprachmittlung?",
    CostKind.TRAVEL: "Sind Reisekosten in den Personalkosten enthalten?",
    CostKind.OVERHEAD: "Zahlt das Programm Gemeinkosten?",
    CostKind.FORWARDED: "Darf das Geld an Dritte weitergeleitet werden?",
}
#: Questions that ask for a place, not for money: the answer may be „no, but it is paid for“.
OF_STAFF = tuple(kind for kind, words in QUESTIONS.items() if "Personalkosten enthalten" in words)


@dataclass(frozen=True)
class Answer:
    """`short` is one word or two, `words` what follows from it."""

    short: str
    words: str
    tone: str


def answer(kind: str, rule: EligibilityRule | None) -> Answer:
    if rule is None:
        words = "Noch sagt keine Regel etwas dazu. Solange zählt KIM diese Ausgaben nicht als förderfähig."
        return Answer("Ungeklärt.", words, "soon")
    if rule.eligibility == Eligibility.UNCLEAR:
        return Answer("Ungeklärt.", "Solange zählt KIM diese Ausgaben nicht als förderfähig.", "soon")
    if rule.eligibility == Eligibility.NO:
        return Answer("Nein.", "Das Programm zahlt sie nicht; sie fallen zusätzlich an.", "late")
    if rule.item in STAFF:
        return Answer("Ja.", f"Sie werden auf die Förderung „{rule.get_item_display()}“ angerechnet.", "done")
    if kind in OF_STAFF:
        return Answer("Nein.", f"Das Programm zahlt sie gesondert als „{rule.get_item_display()}“.", "done")
    return Answer("Ja.", f"Das Programm zahlt sie als „{rule.get_item_display()}“.", "done")


def in_force(rules: Iterable[EligibilityRule], day: dt.date) -> EligibilityRule | None:
    """Of believed rules for one kind: that of the day, else the last that held before it, else the first to come."""
    rules = sorted(rules, key=lambda rule: rule.valid_from)
    begun = [rule for rule in rules if rule.valid_from <= day]
    return begun[-1] if begun else (rules[0] if rules else None)


@dataclass(frozen=True)
class Row:
    """One kind of cost in the overview of a programme."""

    programme: Programme
    kind: str
    rule: EligibilityRule | None
    answer: Answer

    @property
    def name(self) -> str:
        return str(CostKind(self.kind).label)

    @property
    def chip(self) -> str:
        return str(Eligibility(self.rule.eligibility).label) if self.rule else "keine Regel"


def overview(programme: Programme, rules: Iterable[EligibilityRule], day: dt.date) -> list[Row]:
    """All kinds, those that are to be clarified first."""
    by_kind: dict[str, list[EligibilityRule]] = {kind: [] for kind in CostKind.values}
    for rule in rules:
        by_kind[rule.kind].append(rule)
    found = [(kind, in_force(some, day)) for kind, some in by_kind.items()]
    rows = [Row(programme, kind, rule, answer(kind, rule)) for kind, rule in found]
    unclear = [row for row in rows if row.rule and row.rule.eligibility == Eligibility.UNCLEAR]
    return [*unclear, *(row for row in rows if row not in unclear)]


# What an answer would mean


@dataclass(frozen=True)
class Meaning:
    """Repayment of a notice in euros as things stand, and if all costs of the kind were eligible, or none."""

    now: Decimal
    if_yes: Decimal
    if_no: Decimal

    @property
    def matters(self) -> bool:
        return self.if_yes != self.if_no


def meanings(notices: Iterable[AwardNotice], kind: str) -> dict[int, Meaning]:
    """By id of the notice; the queries do not grow with their number."""
    return {pk: meaning(basis, kind) for pk, basis in facts_of_notice.bases_of(notices).items()}


def meaning(basis: Basis, kind: str) -> Meaning:
    return Meaning(
        work_out(basis).repayment,
        work_out(_as_if(basis, kind, Eligibility.YES.value)).repayment,
        work_out(_as_if(basis, kind, Eligibility.NO.value)).repayment,
    )


def _as_if(basis: Basis, kind: str, eligibility: str) -> Basis:
    costs = [replace(cost, eligibility=eligibility) if cost.kind == kind else cost for cost in basis.costs]
    return replace(basis, costs=costs)
