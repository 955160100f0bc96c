"""The rights of steering as tables: every rule is asked about people and issues that exist nowhere.

A cell says for whom the answer is yes: for every issue, for one's own, for others' only, or under a condition.
"""

from functools import partial
from itertools import product

from django.db.models.sql import AND
from django.db.models.sql.where import NothingNode, WhereNode

from kim import workdays
from kim.access import Table
from kim.models import Role, User
from kim.models.people import Standing
from kim.rules import allows, nobody
from steering import access
from steering.escalation import ESCALATION, State
from steering.models import Issue, Membership

GROUP, STEERING_GROUP = -1, -2
SOMEBODY = -1
#: The milestones an issue has passed once it is in a state on the regular way.
PASSED = {
    State.DRAFT: (),
    State.COORDINATION: ("reported_at",),
    State.STRATEGY: ("reported_at", "released_at", "to_office_at"),
    State.STEERING: ("reported_at", "released_at", "to_office_at", "on_agenda_at"),
    State.PROJECT: ("reported_at", "released_at", "to_office_at", "on_agenda_at", "assigned_at"),
    State.STATE_LEVEL: ("reported_at", "released_at", "to_office_at", "on_agenda_at", "assigned_at"),
    State.FEEDBACK_DUE: ("reported_at", "released_at", "to_office_at", "on_agenda_at", "assigned_at"),
    State.FED_BACK: ("reported_at", "released_at", "to_office_at", "on_agenda_at", "assigned_at"),
    State.CLOSED: ("reported_at", "released_at", "to_office_at", "on_agenda_at", "assigned_at"),
    State.MERGED: ("reported_at",),
    State.WITHDRAWN: (),
}
WITH_GROUP = (State.PROJECT, State.FEEDBACK_DUE, State.FED_BACK, State.CLOSED)

STEP_WORDS = (
    "Wer einen Schritt gehen darf. „Vier-Augen-Prinzip“: nie bei selbst gemeldeten, auch nicht in Vertretung. Bei der "
    "Lenkungsgruppe ist der Vorsitz gemeint, bei der Projektgruppe die Leitung der zugewiesenen Gruppe."
)
SEEN_WORDS = (
    "„ganz“: mit Gespräch und Verlauf; „Sache“: nur das Thema und der Stand; „eigene“: was man selbst gemeldet hat."
)

#: Acts beside the steps, and the rule each is guarded by.
ACTS = (
    ("Knackpunkt beginnen", access.may_start),
    ("Entwurf ändern", access.may_edit),
    ("Sich anschließen", access.may_join),
    ("Beitrag schreiben", access.may_comment),
    ("Öffentliches Wort", access.may_speak_publicly),
    ("Maßnahme, Zwischenbericht", access.may_report_progress),
    ("Uhr anhalten", access.holds_it),
)
#: Questions about the person alone.
QUESTIONS = (
    ("Inhalt von Knackpunkten", access.sees_content),
    ("Namen der Meldenden", access.sees_reporters),
    ("Fristen ändern", partial(allows, access.keeps_limits)),
    ("Gremien pflegen", partial(allows, access.keeps_bodies)),
    ("Sitzungen planen", partial(allows, access.plans_meetings)),
    ("Ansprechpersonen sehen", partial(allows, access.reads_contacts)),
    ("Vereinbarungen, Auftakte und Schnittstellen lesen", partial(allows, access.reads_cooperation)),
    ("Vereinbarungen, Auftakte und Schnittstellen pflegen", partial(allows, access.keeps_cooperation)),
    ("Schnittstellen bestätigen", partial(allows, access.confirms_interfaces)),
    ("Geschäftsordnungen schreiben", partial(allows, access.keeps_rules)),
    ("Alle Beschlüsse lesen", access.reads_every_resolution),
    ("Beschlüsse der Kommunen lesen", partial(allows, access.reads_municipal_resolutions)),
    ("Beschlüsse der Kommunen eintragen", partial(allows, access.records_municipal_resolutions)),
    ("Um Stellungnahmen bitten", partial(allows, access.asks_for_statements)),
)


def somebody(role: str) -> User:
    """Holds `role` and leads what goes with it; sits nowhere else, answers for the whole county."""
    led = {Role.PROJECT_GROUP: (GROUP, "thematic"), Role.STEERING_GROUP: (STEERING_GROUP, "steering")}
    seats = []
    if role in led:
        body, kind = led[Role(role)]
        seat = Membership(user_id=SOMEBODY, body_id=body, function=Membership.Function.LEAD)
        seat.__dict__["kind"] = kind
        seats.append(seat)
    person = User(pk=SOMEBODY, display_name=Role(role).label)
    person._standing = Standing(workdays.today(), frozenset({role}), along={"seats": seats})
    return person


def sample(state: str, *, own: bool = False, overdue: bool = False) -> Issue:
    """An issue in `state`, reported by the sample person or by somebody else."""
    now = workdays.now()
    issue = Issue(pk=-1, state=state, body_id=GROUP if state in WITH_GROUP else None)
    for milestone in PASSED[State(state)]:
        setattr(issue, milestone, now)
    if overdue:
        issue.due_on = workdays.add_workdays(workdays.today(), -1)
    issue.__dict__["all_reporter_ids"] = {-1} if own else {-2}
    return issue


def holds(where: WhereNode, issue: Issue, own: bool) -> bool:
    """Whether a set with this condition would contain `issue`. What is asked of other tables means „reported by me“.

    Raises LookupError for a kind of condition it does not know, so that a new one cannot be misread.
    """
    found = [
        holds(child, issue, own) if isinstance(child, WhereNode) else _holds(child, issue, own)
        for child in where.children
    ]
    together = all(found) if where.connector == AND else any(found)
    return together != where.negated


def _holds(condition, issue: Issue, own: bool) -> bool:
    if isinstance(condition, NothingNode):
        return False
    target = getattr(condition.lhs, "target", None)
    if target is None or target.model is not Issue:
        return own != (condition.lookup_name == "isnull" and condition.rhs)
    value = getattr(issue, target.attname)
    match condition.lookup_name:
        case "in":
            return value in condition.rhs
        case "isnull":
            return (value is None) == condition.rhs
        case "exact":
            return value == condition.rhs
    raise LookupError(condition.lookup_name)


def tables() -> list[Table]:
    people = [somebody(role) for role in Role]
    steps = tuple(
        (f"{_label(row)} ({State(row.source).label})", tuple(_step(row, person) for person in people))
        for row in ESCALATION.rows
    )
    seen = tuple((str(state.label), tuple(_seen(state, person) for person in people)) for state in State)
    acts = tuple((label, tuple(_act(check, person) for person in people)) for label, check in ACTS)
    asked = tuple((label, tuple("ja" if ask(person) else "" for person in people)) for label, ask in QUESTIONS)
    return [
        Table("schritte", "Schritte eines Knackpunkts", STEP_WORDS, steps),
        Table("sicht", "Wer welche Knackpunkte sieht", SEEN_WORDS, seen),
        Table("beitragen", "Beitragen", "Was neben den Schritten möglich ist, wenigstens in einem Stand.", acts),
        Table("sonst", "Weitere Rechte", "Fragen an die Person allein.", asked),
    ]


def _label(row) -> str:
    return row.label if row.never is nobody else f"{row.label}, Vier-Augen-Prinzip"


def _variants(person: User):
    owns = (False, True) if access.may_start(person, None) else (False,)
    return product(owns, (False, True))


def _step(row, person) -> str:
    """Allowed for which of: own or not, in time or overdue."""
    answers = {}
    for own, overdue in _variants(person):
        issue = sample(row.source, own=own, overdue=overdue)
        answers[own, overdue] = row.may(person, issue) and not row.never(person, issue)
    return _word(answers)


def _act(check, person) -> str:
    answers = {}
    for own, overdue in _variants(person):
        answers[own, overdue] = any(check(person, sample(state, own=own, overdue=overdue)) for state in State)
    return _word(answers)


def _word(answers: dict[tuple[bool, bool], bool]) -> str:
    if not any(answers.values()):
        return ""
    in_time = {own for (own, overdue), yes in answers.items() if yes and not overdue}
    if not in_time:
        return "bei Verzug"
    owns = {own for own, _ in answers}
    if in_time == owns:
        return "ja"
    return "eigene" if in_time == {True} else "fremde"


def _seen(state, person) -> str:
    where = Issue.objects.visible_to(person).query.where
    if holds(where, sample(state), own=False):
        return "ganz" if access.sees_whole(person, sample(state)) else "Sache"
    reports = access.may_start(person, None)
    return "eigene" if reports and holds(where, sample(state, own=True), own=True) else ""
