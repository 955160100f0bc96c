"""What casework shows on „Heute“: what falls due in one's cases, what one was offered, and cases nobody leads.

Case numbers, never a name: this page stands open on desks all day. See kim.today for what a section is.
"""

import datetime as dt
from dataclasses import dataclass
from itertools import chain

from django.db.models import Count, Exists, F, OuterRef, Q, Subquery
from django.urls import reverse
from django.utils import timezone

from casework import access
from casework.lifecycle import OPEN, State
from casework.models import Case, FollowUp, Goal, GoalMeasure, HandOver, Referral, ResidenceStatus
from casework.models.caseload import who_changed_employer, who_left
from kim import together, workdays
from kim.dated import months_after
from kim.models import Role, RoleGrant
from kim.today import MAIN, SOON, section
from kim.together import Slot

#: Lines in all, and so many of each kind are read.
LINES, OF_EACH = 10, 12
RESTS = "Fall ruht"
UNAGREED = "Wechsel des Trägers"
CHANCE = "AE_104c"
#: § 104c Abs. 3 AufenthG: granted for 18 months, not to be extended.
CHANCE_MONTHS = 18
GOING = [GoalMeasure.Status.OPEN, GoalMeasure.Status.RUNNING, GoalMeasure.Status.WAITING]


def waiting_referrals(today):
    """Past their day without a last word, and no open follow-up that would ask."""
    asked = FollowUp.objects.open().filter(referral=OuterRef("pk"))
    going = [Referral.Status.SENT, Referral.Status.ACCEPTED]
    return Referral.objects.filter(~Exists(asked), follow_up_on__lte=today, status__in=going)


def _caseload(user):
    load = access.Caseload.of(user)
    return load.shape, load.values


def _due(*caseload):
    """What belongs to the caseload, deputised cases included."""
    kept, today, soon = access.Caseload.in_slots(*caseload).kept, together.day(), together.day("soon")

    def going(case):
        return kept(case) & Q(**{f"{case}state__in": OPEN})

    current = Q(valid_from__lte=today, valid_until__isnull=True)
    titles = ResidenceStatus.objects.filter(
        going("client__cases__"), current, client__cases=_first_of("client", going(""))
    )
    family = ResidenceStatus.objects.filter(
        going(f"{FAMILY}__"), NO_CASE, current, **{FAMILY: _first_of("client__household", going(""))}
    )
    measures = GoalMeasure.objects.filter(going("goal__case__"), until__lt=today, status__in=GOING)
    return {
        "due_follow_ups": _lines_of(FollowUp.objects.due(today).filter(kept("case__")), "on_day"),
        "due_referrals": _lines_of(
            waiting_referrals(today).filter(kept("case__")), "follow_up_on", actor_name=F("actor__name")
        ),
        "due_titles": _running_out(titles, soon, "client__cases"),
        "due_chances": _chances(titles, "client__cases"),
        "due_family_titles": _running_out(family, soon, FAMILY),
        "due_family_chances": _chances(family, FAMILY),
        "due_goals": _lines_of(Goal.objects.overdue(today).filter(going("case__")), "until"),
        "due_measures": _lines_of(measures, "until", "goal__case"),
        "due_resting": Case.objects.filter(kept(), state=State.RESTING, resting_until__lte=today)
        .order_by("resting_until", "pk").annotate(to_case=F("pk"))[:OF_EACH],
        "due_unagreed": Case.objects.open().filter(kept(), locked_at=None, restricted_at=None).without_agreement(today)
        .order_by("changed_employer_at", "pk").annotate(to_case=F("pk"))[:OF_EACH],
    }  # fmt: skip


#: What a line about a title is made from.
TITLE = {"chance": F("status__code"), "label": F("status__label")}
#: From a title of somebody without a case to those of their household.
FAMILY = "client__household__clients__cases"
#: `client__cases__isnull` says the same, but PostgreSQL would read everybody in the county for it first.
NO_CASE = ~Exists(Case.objects.filter(client=OuterRef("client")).order_by())


def _first_of(whose: str, cases):
    """Of several cases of a person or household, the one that tells of their titles: nobody reads of one twice."""
    rows = Case.objects.filter(cases, **{whose: OuterRef(whose)}).order_by("pk")
    return Subquery(rows.values("pk")[:1])


def _running_out(titles, soon, case):
    return _lines_of(titles.filter(expires_on__lte=soon), "expires_on", case, **TITLE)


def _chances(titles, case):
    return _lines_of(titles.filter(expires_on__isnull=True, status__code=CHANCE), "valid_from", case, **TITLE)


def _lines_of(rows, by, case="case", **more):
    """The first rows by their day, each with its case: `to_case`, `number`, `owner`."""
    about = {"to_case": F(f"{case}__pk"), "number": F(f"{case}__number"), "owner": F(f"{case}__owner")}
    return rows.order_by(by, "pk").annotate(**about, **more)[:OF_EACH]


@dataclass(frozen=True)
class Line:
    day: dt.date
    what: str
    kind: str
    number: str
    case: int
    owner: int
    countdown: str
    tone: str

    @property
    def url(self) -> str:
        page = "consent_new" if self.kind == UNAGREED else "case_detail"
        return reverse(f"casework:{page}", args=[self.case])


@section("casework/_today_due.html", column=MAIN, order=5, sets=_due, who=_caseload)
def due_in_cases(user, read):
    """For case managers: follow-ups, titles that run out, goals and measures overdue, rests that are over."""
    if not user.holds(Role.CASE_MANAGER):
        return None
    today = workdays.today()
    lines = sorted(_lines(read, today), key=lambda line: (line.day, line.number))
    names = {hat.pk: str(hat) for hat in user.hats()[1:]}
    full = any(len(read[name]) == OF_EACH for name in read if name.startswith("due_"))
    return {
        "lines": [(line, names.get(line.owner, "")) for line in lines[:LINES]],
        "more": full or len(lines) > LINES,
    }


def _lines(read, today):
    def line(row, day, what, kind):
        return Line(day, what, kind, row.number, row.to_case, row.owner_id if isinstance(row, Case) else row.owner,
                    *workdays.countdown(day, today))  # fmt: skip

    for row in read["due_follow_ups"]:
        yield line(row, row.on_day, row.text, "Wiedervorlage")
    for row in read["due_referrals"]:
        yield line(row, row.follow_up_on, f"Keine Antwort von: {row.actor_name}", "Weitervermittlung")
    for row in read["due_goals"]:
        yield line(row, row.until, row.text, "Ziel")
    for row in read["due_measures"]:
        yield line(row, row.until, row.text, "Maßnahme")
    for row in read["due_resting"]:
        yield line(row, row.resting_until, "Ruht nicht länger: weiterführen oder beenden", RESTS)
    for row in read["due_unagreed"]:
        since = timezone.localtime(row.changed_employer_at).date()
        yield line(row, since, "Einwilligung in den Wechsel des Trägers fehlt: einholen und eintragen", UNAGREED)
    for row in chain(
        *(read[name] for name in ("due_titles", "due_chances", "due_family_titles", "due_family_chances"))
    ):
        day = row.expires_on or months_after(row.valid_from, CHANCE_MONTHS)
        if day <= today + SOON:
            left = _left(day, today)
            yield Line(day, title_words(row), "Aufenthaltstitel", row.number, row.to_case, row.owner, *left)


def title_words(row) -> str:
    if row.chance == CHANCE:
        return "Chancenaufenthalt endet, nicht verlängerbar: Weg nach § 25a oder § 25b jetzt vorbereiten"
    return f"Titel läuft ab: {row.label}"


def _left(day: dt.date, today: dt.date) -> tuple[str, str]:
    """Authorities count calendar days; loud from thirty days on."""
    days = (day - today).days
    if days < 0:
        return "abgelaufen", "late"
    words = {0: "heute", 1: "morgen"}.get(days, f"in {days} Tagen")
    return words, "soon" if days <= 30 else ""


def _offers():
    rows = HandOver.objects.open().filter(taker=Slot("me")).order_by("pk")
    return {"offers": rows.annotate(giver_name=F("giver__display_name"), number=Count("cases"))[:OF_EACH]}


@section("casework/_today_offers.html", column=MAIN, order=6, sets=_offers)
def offered_cases(user, read):
    """Cases somebody was offered and has not answered."""
    return {"offers": read["offers"]} if read["offers"] and user.holds(Role.CASE_MANAGER) else None


def _left_behind():
    return {"left_behind": _for_coordination(who_left(together.day()))}


@section("casework/_today_left.html", column=MAIN, order=7, sets=_left_behind)
def cases_left_behind(user, read):
    """For the coordination: open cases of accounts that are no case managers any more."""
    return _up_to_some(user, read["left_behind"])


def _of_former_employer():
    return {"changed_employer": _for_coordination(who_changed_employer(together.day()))}


@section("casework/_today_changed.html", column=MAIN, order=8, sets=_of_former_employer)
def cases_of_former_employer(user, read):
    """For the coordination: open cases of an employer their case manager works for no longer."""
    return _up_to_some(user, read["changed_employer"])


def _for_coordination(people):
    grants = RoleGrant.objects.valid_on(together.day())
    coordinates = Exists(grants.filter(user=Slot("me"), role=Role.COORDINATION))
    waiting = Exists(HandOver.objects.open().filter(giver=OuterRef("pk")))
    people = people.filter(coordinates).annotate(offered=waiting)
    return people.only("pk", "display_name", "username")[: OF_EACH + 1]


def _up_to_some(user, people):
    if not people or not user.holds(Role.COORDINATION):
        return None
    return {"people": people[:OF_EACH], "more": len(people) > OF_EACH}
