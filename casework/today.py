"""What casework shows on „Heute“: what falls due in one's cases, what one was offered, and cases nobody leads.

Case numbers, never a name: this page stands open on desks all day. See kim.today for what a section is.
"""

import datetime as dt
from dataclasses import dataclass

from django.db.models import Count, Exists, F, OuterRef, Q, Subquery
from django.urls import reverse

from casework import access
from casework.lifecycle import State
from casework.models import Case, FollowUp, Goal, GoalMeasure, HandOver, Referral, ResidenceStatus
from casework.models.caseload import who_left
from kim import together, workdays
from kim.dated import months_after
from kim.models import Role, RoleGrant
from kim.today import MAIN, SOON, section
from kim.together import Slot

#: Lines in all, and so many of each kind are read.
LINES, OF_EACH = 16, 12
CHANCE = "AE_104c"
#: § 104c Abs. 3 AufenthG: granted for 18 months, not to be extended.
CHANCE_MONTHS = 18
GOING = [GoalMeasure.Status.OPEN, GoalMeasure.Status.RUNNING, GoalMeasure.Status.WAITING]


def kept():
    """The caseload of the account of the slot, deputised cases included."""
    return Case.objects.order_by().filter(access.kept_cases_of(Slot("me"), together.day()))


def waiting_referrals(today):
    """Past their day without a last word, and no open follow-up that would ask."""
    asked = FollowUp.objects.open().filter(referral=OuterRef("pk"))
    going = [Referral.Status.SENT, Referral.Status.ACCEPTED]
    return Referral.objects.filter(~Exists(asked), follow_up_on__lte=today, status__in=going)


def _due():
    today, soon = together.day(), together.day("soon")
    cases, going = kept().values("pk"), kept().open()
    case = {"number": F("case__number"), "owner": F("case__owner")}
    of_client = going.filter(client=OuterRef("client")).order_by("pk")
    current = Q(valid_from__lte=today, valid_until__isnull=True)
    ends = Q(expires_on__lte=soon) | Q(expires_on__isnull=True, status__code=CHANCE)
    titles = ResidenceStatus.objects.filter(current, ends, client__in=going.values("client"))
    measures = GoalMeasure.objects.filter(until__lt=today, status__in=GOING, goal__case__in=going.values("pk"))
    return {
        "due_follow_ups": FollowUp.objects.due(today).filter(case__in=cases).order_by("on_day", "pk")
        .annotate(**case)[:OF_EACH],
        "due_referrals": waiting_referrals(today).filter(case__in=cases).order_by("follow_up_on", "pk")
        .annotate(actor_name=F("actor__name"), **case)[:OF_EACH],
        "due_titles": titles.order_by("expires_on", "pk").annotate(
            chance=F("status__code"), label=F("status__label"),
            case=Subquery(of_client.values("pk")[:1]),
            number=Subquery(of_client.values("number")[:1]),
            owner=Subquery(of_client.values("owner")[:1]),
        )[:OF_EACH],
        "due_goals": Goal.objects.overdue(today).filter(case__in=going.values("pk")).order_by("until", "pk")
        .annotate(**case)[:OF_EACH],
        "due_measures": measures.order_by("until", "pk").annotate(
            case=F("goal__case"), number=F("goal__case__number"), owner=F("goal__case__owner"),
        )[:OF_EACH],
        "due_resting": going.filter(state=State.RESTING, resting_until__lte=today).order_by("resting_until", "pk")
        [:OF_EACH],
    }  # fmt: skip


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
        return reverse("casework:case_detail", args=[self.case])


@section("casework/_today_due.html", column=MAIN, order=8, sets=_due)
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
    def line(row, day, what, kind, case=None, number=None, owner=None):
        case, number, owner = case or row.case_id, number or row.number, owner or row.owner
        return Line(day, what, kind, number, case, owner, *workdays.countdown(day, today))

    for row in read["due_follow_ups"]:
        yield line(row, row.on_day, row.text, "Wiedervorlage")
    for row in read["due_referrals"]:
        yield line(row, row.follow_up_on, f"Keine Antwort von: {row.actor_name}", "Weitervermittlung")
    for row in read["due_goals"]:
        yield line(row, row.until, row.text, "Ziel")
    for row in read["due_measures"]:
        yield line(row, row.until, row.text, "Maßnahme", case=row.case)
    for row in read["due_resting"]:
        yield line(row, row.resting_until, "Ruht nicht länger: weiterführen oder beenden", "Fall ruht",
                   case=row.pk, owner=row.owner_id)  # fmt: skip
    for row in read["due_titles"]:
        day = row.expires_on or months_after(row.valid_from, CHANCE_MONTHS)
        if day <= today + SOON:
            yield Line(day, title_words(row), "Aufenthaltstitel", row.number, row.case, row.owner, *_left(day, today))


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
    grants = RoleGrant.objects.valid_on(together.day())
    coordinates = Exists(grants.filter(user=Slot("me"), role=Role.COORDINATION))
    waiting = Exists(HandOver.objects.open().filter(giver=OuterRef("pk")))
    people = who_left(together.day()).filter(coordinates).annotate(offered=waiting)
    return {"left_behind": people.only("pk", "display_name", "username")[: OF_EACH + 1]}


@section("casework/_today_left.html", column=MAIN, order=7, sets=_left_behind)
def cases_left_behind(user, read):
    """For the coordination: open cases of accounts that are no case managers any more."""
    if not read["left_behind"] or not user.holds(Role.COORDINATION):
        return None
    return {"people": read["left_behind"][:OF_EACH], "more": len(read["left_behind"]) > OF_EACH}
