"""The nightly erasure outside of cases, along the privacy tables: accounts that left, notices, sessions, old requests.

Each table is erased in a transaction of its own, by what `kim.privacy.due` says of it. An account loses its access
months after its last role ended, and its name years later: rows that say who acted stay, pointing to „ehemaliges
Konto“. A run that was killed goes on the next night.
"""

import datetime as dt
from collections import Counter
from dataclasses import dataclass, field

from django.apps import apps
from django.db import models, transaction
from django.db.models import Q

from kim import privacy, trail, workdays
from kim.models import (
    Absence,
    AccountRequest,
    Breach,
    CalendarFeed,
    Notice,
    RoleGrant,
    SavedFilter,
    Suspension,
    User,
)
from kim.privacy import Erasure, due
from kim.privacy_table import Kept
from kim.workflow import StepRefused

#: What an account is called once its name is over.
FORMER = "ehemaliges Konto"


@dataclass
class Result:
    rows: Counter = field(default_factory=Counter)  # label → how many
    access: int = 0
    names: int = 0

    def __str__(self):
        told = [f"{self.access} Zugänge", f"{self.names} Bezeichnungen"]
        return ", ".join([*told, *(f"{number} × {_name(label)}" for label, number in sorted(self.rows.items()))])


def _name(label: str) -> str:
    return str(apps.get_model(label)._meta.verbose_name)


def left_by(limit: dt.date) -> models.QuerySet[User]:
    """Accounts whose last role ended before `limit` and that nobody used since; superusers stay."""
    held = RoleGrant.objects.filter(Q(valid_until__isnull=True) | Q(valid_until__gt=limit)).values("user")
    begins = _midnight(limit)
    idle = Q(last_login__isnull=True) | Q(last_login__lt=begins)
    return User.objects.filter(idle, date_joined__lt=begins, is_superuser=False).exclude(pk__in=held)


def without_access(day: dt.date) -> models.QuerySet[User]:
    """Whose access is over on `day`: what belonged to it alone goes."""
    return left_by(Kept.ACCESS.ended_before(day))


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), workdays.BERLIN)


# What is over, table by table


@due("kim.Notice")
def _notices(day):
    return Notice.objects.filter(created_at__lt=_midnight(Kept.NOTICE.ended_before(day)))


@due("kim.Absence")
def _absences(day):
    return Absence.objects.filter(valid_until__lte=Kept.ABSENCE.ended_before(day))


@due("kim.SavedFilter")
def _filters(day):
    return SavedFilter.objects.filter(user__in=without_access(day))


@due("kim.CalendarFeed")
def _feeds(day):
    return CalendarFeed.objects.filter(user__in=without_access(day))


@due("kim.RoleGrant")
def _grants(day):
    """A role that ended is what the account's end is counted from: it goes with the name."""
    return RoleGrant.objects.filter(user__in=left_by(Kept.NAME.ended_before(day)))


@due("kim.Suspension")
def _suspensions(day):
    """They close the account as long as it has a name."""
    return Suspension.objects.filter(user__in=left_by(Kept.NAME.ended_before(day)))


@due("kim.AccountRequest")
def _requests(day):
    return AccountRequest.objects.filter(answered_on__lt=Kept.REQUEST.ended_before(day))


@due("kim.Breach")
def _breaches(day):
    return Breach.objects.filter(closed_at__lt=_midnight(Kept.BREACH.ended_before(day)))


def _signing_in(label):
    @due(label)
    def of_former(day):
        return apps.get_model(label).objects.filter(user__in=without_access(day))


for _label in ("kim.Invitation", "account.EmailAddress", "mfa.Authenticator", "socialaccount.SocialAccount"):
    _signing_in(_label)


# The run


def preview(day: dt.date | None = None) -> Result:
    """What the next run would do; nothing is changed."""
    day = day or workdays.today()
    found = Result(access=_with_access(day).count(), names=_with_name(day).count())
    for label in privacy.with_an_end():
        if number := privacy.over(label, day).count():
            found.rows[label] = number
    return found


def run(day: dt.date | None = None) -> Result:
    """Erase all that is over."""
    day = day or workdays.today()
    done = Result()
    # Accounts last: what hangs on them is found by them.
    for label in privacy.with_an_end():
        if number := _erase(label, day):
            done.rows[label] = number
    for user in list(_with_access(day)):
        forget_access(user)
        done.access += 1
    for user in list(_with_name(day)):
        forget_name(user)
        done.names += 1
    return done


@transaction.atomic
def _erase(label: str, day: dt.date) -> int:
    """The rows of one table that are over: deleted, or emptied where its rows say so."""
    rows = privacy.over(label, day)
    answers = {row.erasure for row in privacy.rows_of(rows.model)}
    if Erasure.DELETE in answers:
        number = rows.count()
        rows.delete()
        return number
    return rows.update(**dict.fromkeys(privacy.blanked(rows.model), ""))


def _with_access(day: dt.date):
    gone = Q(email="", is_active=False, last_login__isnull=True)
    return without_access(day).exclude(gone).order_by("pk")


def _with_name(day: dt.date):
    return left_by(Kept.NAME.ended_before(day)).exclude(display_name=FORMER).order_by("pk")


@transaction.atomic
def forget_access(user: User, *, by=None) -> None:
    """Nobody signs in with it again, and nothing leads to the person by mail."""
    user.set_unusable_password()
    user.email, user.is_active, user.last_login = "", False, None
    user.save(update_fields=["password", "email", "is_active", "last_login"])
    trail.record("user.forget_access", user, by=by)


@transaction.atomic
def forget_name(user: User, *, by=None) -> None:
    user.username, user.display_name = f"{FORMER} {user.pk}", FORMER
    user.save(update_fields=["username", "display_name"])
    trail.record("user.forget_name", user, by=by)


@transaction.atomic
def forget_at_once(user: User, *, by) -> None:
    """Because the person asks for it (Art. 17 DSGVO). Raises StepRefused while the account has a task."""
    if user.roles:
        raise StepRefused(
            "Das Konto hat noch eine Rolle. Bitte beenden Sie zuerst alle Rollen, oder lehnen Sie mit Grund und Tag ab."
        )
    for label in ("kim.SavedFilter", "kim.CalendarFeed", "kim.Draft", "kim.Invitation", "kim.Device", "kim.SignIn",
                  "account.EmailAddress", "mfa.Authenticator", "socialaccount.SocialAccount"):  # fmt: skip
        apps.get_model(label)._base_manager.filter(user=user).delete()
    Notice.objects.filter(recipient=user).delete()
    forget_access(user, by=by)
