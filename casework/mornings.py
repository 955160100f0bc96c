"""What the morning's mail says of casework: how many of which kind, and a link. No name, no case, no text.

Somebody gets these lines on a morning on which something has fallen due since their last mail; they then count all
that is due. Who stands in gets them for the absent colleague. Counted once per run, in sets, for everybody.
"""

import datetime as dt
from collections import defaultdict
from functools import partial

from django.db.models import QuerySet
from django.urls import reverse

from casework import access
from casework.lifecycle import OPEN, State
from casework.models import Case, FollowUp, Goal, GoalMeasure, ResidenceStatus
from casework.today import CHANCE, CHANCE_MONTHS, FAMILY, GOING, NO_CASE, waiting_referrals
from kim.dated import months_after
from kim.digests import Line, Part, Section
from kim.models import Role, User
from kim.today import SOON
from kim.workdays import ONE_DAY

#: Kind → (one, several, what about them); in the order of the mail.
WORDS = {
    "follow_ups": ("1 Wiedervorlage", "{} Wiedervorlagen", "fällig"),
    "titles": ("1 Aufenthaltstitel", "{} Aufenthaltstitel", "läuft ab"),
    "goals": ("1 Ziel", "{} Ziele", "überfällig"),
    "measures": ("1 Maßnahme", "{} Maßnahmen", "überfällig"),
    "resting": ("1 ruhender Fall", "{} ruhende Fälle", "Termin erreicht"),
    "referrals": ("1 Weitervermittlung", "{} Weitervermittlungen", "ohne Antwort"),
}
#: (owner, employer) → kind → ids of what is due, and the day on which the last of them fell due. Ids, because a title
#: may be told by several cases of a person or household: whoever keeps all of them reads of it once.
Tally = dict[tuple[int, int], dict[str, tuple[set[int], dt.date]]]


def ready(day: dt.date) -> bool:
    """Nothing is written down first: what is due stands in the cases."""
    return True


def parts(after: dt.date, day: dt.date) -> list[Part]:
    found = tally(day)
    return [partial(_section, found, day)] if found else []


def tally(day: dt.date) -> Tally:
    found: Tally = defaultdict(dict)
    for kind, rows, date, reach, shift in _kinds(day):
        told = rows.order_by().values_list(f"{reach}owner", f"{reach}employer", "pk", date)
        for owner, employer, pk, by in told.iterator():
            ids, newest = found[owner, employer].get(kind, (set(), dt.date.min))
            ids.add(pk)
            found[owner, employer][kind] = (ids, max(newest, shift(by)))
    return dict(found)


def _kinds(day: dt.date):
    """(kind, rows, date they are due by, way to the case, from that date to the day on which they fell due)."""
    same, next_day = (lambda date: date), (lambda date: date + ONE_DAY)
    going = {"goal__case__state__in": OPEN}
    return [
        ("follow_ups", FollowUp.objects.due(day), "on_day", "case__", same),
        *_titles(day, "client__cases__"),
        *_titles(day, f"{FAMILY}__", NO_CASE),
        ("goals", Goal.objects.overdue(day).filter(case__state__in=OPEN), "until", "case__", next_day),
        ("measures", GoalMeasure.objects.filter(until__lt=day, status__in=GOING, **going), "until", "goal__case__",
         next_day),
        ("resting", Case.objects.filter(state=State.RESTING, resting_until__lte=day), "resting_until", "", same),
        ("referrals", waiting_referrals(day), "follow_up_on", "case__", same),
    ]  # fmt: skip


def _titles(day: dt.date, reach: str, *whose):
    """Titles that run out, two kinds of them, and `reach` from there to the open cases that are told."""
    titles: QuerySet = ResidenceStatus.objects.filter(*whose, valid_until=None, **{f"{reach}state__in": OPEN})
    chance = titles.filter(
        expires_on=None, status__code=CHANCE, valid_from__gte=months_after(day, -CHANCE_MONTHS),
        valid_from__lte=months_after(day + SOON, -CHANCE_MONTHS),
    )  # fmt: skip
    return [
        ("titles", titles.filter(expires_on__range=(day, day + SOON)), "expires_on", reach, lambda date: date - SOON),
        ("titles", chance, "valid_from", reach, lambda date: months_after(date, CHANCE_MONTHS) - SOON),
    ]


def _section(found: Tally, day: dt.date, user: User, after: dt.date, limit: int) -> Section | None:
    mine = [kinds for (owner, employer), kinds in found.items() if _is_kept(user, owner, employer)]
    newest = max((last for kinds in mine for _, last in kinds.values()), default=dt.date.min)
    if newest <= after:
        return None
    listed, home = reverse("casework:followup_list"), reverse("kim:today")
    lines = []
    for kind, (one, several, words) in WORDS.items():
        if number := len(set().union(*(kinds[kind][0] for kinds in mine if kind in kinds))):
            words = "laufen ab" if kind == "titles" and number > 1 else words
            subject = one if number == 1 else several.format(f"{number:,}".replace(",", "."))
            lines.append(Line(subject, words, listed if kind == "follow_ups" else home))
    counted = "Hinweis zu Ihren Fällen" if len(lines) == 1 else "Hinweise zu Ihren Fällen"
    return Section("In Ihren Fällen", counted, tuple(lines[:limit]), len(lines))


def _is_kept(user: User, owner: int, employer: int) -> bool:
    """As access.kept_cases: own cases, and those of an absent colleague of the same employer."""
    if not user.holds(Role.CASE_MANAGER):
        return False
    if owner == user.pk:
        return True
    return any(hat.pk == owner for hat in access.colleagues(user)) and employer in access.employers_of(user)
