"""Being away: who stands in from when until when. Dated rows, on record, and the deputy is told."""

import datetime as dt

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q
from django.urls import reverse

from kim import trail, workdays
from kim.access import arranges_absence
from kim.dated import inclusive
from kim.models import Absence, Role, RoleGrant, User
from kim.models.people import WITHOUT_CONTENT
from kim.notices import Telling, tell
from kim.workflow import StepRefused

LONGEST = dt.timedelta(days=400)


def deputies_for(user: User) -> list[User]:
    """Who may stand in for `user`: somebody with a role of theirs, or with any role that carries content.

    The counselling wall holds here too: Modul 3 stands in for Modul 3 only.
    """
    theirs = user.roles
    found = []
    for other in with_roles():
        shared = not theirs.isdisjoint(other.granted)
        content = other.granted - WITHOUT_CONTENT - {Role.AUTHORITY}
        if other.pk != user.pk and (shared or (content and theirs - WITHOUT_CONTENT)):
            found.append(other)
    return found


def with_roles() -> list[User]:
    """Active accounts with a role today, by name; each with `granted`, the roles it holds."""
    granted: dict[int, set[str]] = {}
    for user, role in RoleGrant.objects.valid_on(workdays.today()).values_list("user", "role"):
        granted.setdefault(user, set()).add(role)
    users = list(User.objects.filter(is_active=True, pk__in=granted))
    for user in users:
        user.granted = frozenset(granted[user.pk])
    return users


@transaction.atomic
def arrange(*, by: User, user: User, deputy: User, first: dt.date, last: dt.date) -> Absence:
    """`user` is away from `first` to `last`, both included, and `deputy` stands in.

    Whom `user` stands in for meanwhile, `deputy` stands in for too, so that nobody's work lies with somebody away.
    Raises PermissionDenied, or StepRefused when the days overlap another absence, the deputy is away too, or may not
    stand in for all of them.
    """
    _demand(by, user)
    list(User.objects.select_for_update(of=("self",)).filter(pk__in=[user.pk, deputy.pk]).order_by("pk"))
    until = last + dt.timedelta(days=1)
    if not workdays.today() <= last or until <= first or until - first > LONGEST:
        raise StepRefused("Bitte nennen Sie einen Zeitraum, der noch nicht vorbei ist und höchstens ein Jahr dauert.")
    if other := overlapping(user, first, until):
        raise StepRefused(f"In dieser Zeit ist schon eine Abwesenheit eingetragen: {other.span}, {other.deputy}.")
    if other := overlapping(deputy, first, until):
        raise StepRefused(f"{deputy} ist selbst abwesend: {other.span}. Bitte wählen Sie eine andere Vertretung.")
    made = Absence.objects.create(user=user, deputy=deputy, valid_from=first, valid_until=until)
    trail.record("absence.arrange", made, by=by, note=f"Konto {user.pk}, Vertretung {deputy.pk}")
    _tell(made, f"Sie vertreten {user} {_from_to(first, until)}.")
    for other in _stood_in_for(user, max(first, workdays.today()), until):
        _pass_on(other, made, by=by)
    return made


@transaction.atomic
def end(absence: Absence, *, by: User) -> None:
    """Back again: the deputy's right ends with yesterday. An absence that has not begun before today never was."""
    _demand(by, absence.user)
    absence = Absence.objects.select_for_update(of=("self",)).select_related("user", "deputy").get(pk=absence.pk)
    today = workdays.today()
    if absence.valid_until is not None and absence.valid_until <= today:
        raise StepRefused("Diese Abwesenheit ist schon vorbei.")
    trail.record("absence.end", absence, by=by, note=f"Konto {absence.user_id}, Vertretung {absence.deputy_id}")
    _tell(absence, f"Ihre Vertretung für {absence.user} ist beendet.", key="absence_end")
    if absence.valid_from >= today:
        absence.delete()
    else:
        absence.valid_until = today
        absence.save()


def _stood_in_for(user: User, first: dt.date, until: dt.date) -> list[Absence]:
    ends_later = Q(valid_until__isnull=True) | Q(valid_until__gt=first)
    rows = Absence.objects.select_for_update(of=("self",)).filter(ends_later, deputy=user, valid_from__lt=until)
    return list(rows.select_related("user", "deputy").order_by("pk"))


def _pass_on(other: Absence, made: Absence, *, by: User) -> None:
    """While `made` lasts its deputy stands in for `other.user`; before and after it stays as it was."""
    if made.deputy_id == other.user_id or made.deputy_id not in {one.pk for one in deputies_for(other.user)}:
        raise StepRefused(
            f"{made.user} vertritt in dieser Zeit {other.user} ({other.span}), und {made.deputy} kann das nicht "
            "übernehmen. Bitte wählen Sie eine andere Vertretung."
        )
    first, until = max(made.valid_from, other.valid_from, workdays.today()), made.valid_until
    last = min(day for day in (until, other.valid_until) if day)
    if other.valid_until is None or other.valid_until > last:
        Absence.objects.create(
            user=other.user, deputy=other.deputy, valid_from=last, valid_until=other.valid_until
        )  # fmt: skip
    if other.valid_from < first:
        other.valid_until = first
        other.save()
    else:
        other.delete()
    passed = Absence.objects.create(user=other.user, deputy=made.deputy, valid_from=first, valid_until=last)
    trail.record("absence.pass_on", passed, by=by, note=f"Konto {other.user_id}, Vertretung {made.deputy_id}")
    _tell(passed, f"Sie vertreten auch {other.user} {_from_to(first, last)}, weil {made.user} abwesend ist.")


def overlapping(user: User, first: dt.date, until: dt.date) -> Absence | None:
    """An absence of `user` that shares a day with first <= day < until."""
    ends_later = Q(valid_until__isnull=True) | Q(valid_until__gt=first)
    return Absence.objects.filter(ends_later, user=user, valid_from__lt=until).select_related("deputy").first()


def _demand(by: User, user: User) -> None:
    # Asked of the account itself: a deputy does not name a deputy of their own.
    if not arranges_absence(by, user):
        raise PermissionDenied(arranges_absence.refusal)


def _from_to(first, until) -> str:
    words = inclusive(first, until)
    return f"vom {words}" if " bis " in words else f"am {words}"


def _tell(absence: Absence, text: str, key: str = "absence") -> None:
    telling = Telling("deputy", str(absence.deputy), (absence.deputy,), "KIM: Vertretung", text)
    tell([telling], key=f"{key}:{absence.pk}", url=reverse("kim:absence_list"))
