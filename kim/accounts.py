"""Whether an account is open, and what administrators do with accounts: invite, lock, mark as left, put factors back.

Nothing here knows a password: whoever is invited sets it by a link, and no mail carries one.
"""

import datetime as dt
import hashlib
import secrets

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse

from kim import mail, trail, workdays
from kim.access import keeps_accounts
from kim.models import Invitation, SignIn, Suspension, User
from kim.models.people import read_along
from kim.rules import demand
from kim.workflow import StepRefused

INVITED_FOR = dt.timedelta(days=7)
#: What counts as a second factor by itself; recovery codes only stand in for one.
FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
#: All accounts, in KIM_MFA_ROLES.
EVERYBODY = "alle"
ASK = "Bitte wenden Sie sich an die Verwaltung von KIM in Ihrem Kreis."


# Whether an account is open


@read_along("suspensions")
def _suspensions(me, away, today):
    return Suspension.objects.valid_on(today).filter(user=me).order_by("pk")


@read_along("factors")
def _factors(me, away, today):
    return Authenticator.objects.filter(user=me, type__in=FACTORS).only("pk").order_by("pk")[:1]


def why_closed(user: User, at: dt.date | None = None) -> str:
    """Why nobody may sign in to this account, or go on, on a day (today); "" where it is open."""
    if at is None or at == workdays.today():
        holding = user.standing.along["suspensions"]
    else:
        holding = list(Suspension.objects.valid_on(at).filter(user=user).order_by("pk"))
    for row in holding:
        if row.is_left:
            return f"Dieses Konto ist seit dem {row.valid_from:%d.%m.%Y} geschlossen. {ASK}"
    for row in holding:
        until = f" bis einschließlich {row.last_day:%d.%m.%Y}" if row.last_day else ""
        return f"Dieses Konto ist{until} gesperrt. {ASK}"
    return "" if user.is_active else f"Dieses Konto ist gesperrt. {ASK}"


def needs_second_factor(user: User) -> bool:
    """Whether a role this account holds, or stands in for, asks for one (KIM_MFA_ROLES)."""
    wanted = settings.KIM_MFA_ROLES
    return EVERYBODY in wanted or bool(wanted and user.acts_as(*wanted))


def has_second_factor(user: User) -> bool:
    return bool(user.standing.along["factors"])


# Lists of accounts


def with_state(users: QuerySet[User]) -> QuerySet[User]:
    """Each with what `state` and its line need, in the same query."""
    today, mine = workdays.today(), {"user": OuterRef("pk")}
    holding = Suspension.objects.valid_on(today).filter(**mine)
    return users.annotate(
        is_left=Exists(holding.filter(reason=Suspension.Reason.LEFT)),
        is_suspended=Exists(holding.exclude(reason=Suspension.Reason.LEFT)),
        is_invited=Exists(open_invitations().filter(**mine)),
        has_factor=Exists(Authenticator.objects.filter(type__in=FACTORS, **mine)),
    )


#: key → word, in the order in which the first that fits is taken.
STATES = {
    "left": "ausgeschieden",
    "locked": "gesperrt",
    "invited": "eingeladen",
    "new": "nie angemeldet",
    "active": "aktiv",
}


def state(user) -> str:
    """The key in STATES of a row of `with_state`."""
    if user.is_left:
        return "left"
    if user.is_suspended or not user.is_active:
        return "locked"
    if user.is_invited:
        return "invited"
    return "active" if user.last_login else "new"


def in_state(users: QuerySet[User], key: str) -> QuerySet[User]:
    """Those rows of `with_state` whose `state` this is; another key leaves them all."""
    locked, gone = Q(is_suspended=True) | Q(is_active=False), Q(is_left=True)
    there = ~gone & ~locked
    wanted = {
        "left": gone,
        "locked": ~gone & locked,
        "invited": there & Q(is_invited=True),
        "new": there & Q(is_invited=False, last_login__isnull=True),
        "active": there & Q(is_invited=False, last_login__isnull=False),
    }
    return users.filter(wanted[key]) if key in wanted else users


# Invitations


def open_invitations() -> QuerySet[Invitation]:
    now = workdays.now()
    return Invitation.objects.filter(used_at__isnull=True, withdrawn_at__isnull=True, expires_at__gt=now)


def digest_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


@transaction.atomic
def invite(user: User, *, by: User | None, address: str = "") -> str:
    """A new link for `user`, who sets a password with it; one given out before works no more. Answers with the link.

    It goes to `address` (and that is kept as the account's), else to the address of the account, if there is one.
    `by` is None on the command line. Raises StepRefused for an account that is closed or an address in use.
    """
    if by is not None:
        demand(keeps_accounts, by)
    user = _locked(user)
    if closed := why_closed(user):
        raise StepRefused(f"{closed.removesuffix(ASK).strip()} Erst wenn es wieder offen ist, können Sie einladen.")
    _keep_address(user, address, by=by)
    _withdraw(user)
    token = secrets.token_urlsafe(32)
    now = workdays.now()
    row = Invitation.objects.create(
        user=user, digest=digest_of(token), made_at=now, made_by=by, expires_at=now + INVITED_FOR
    )
    trail.record("user.invite", user, by=by)
    link = settings.BASE_URL + reverse("kim:invitation", args=[token])
    if user.email:
        _mail(user, f"invitation:{row.pk}", "KIM: Ihre Einladung", INVITATION.format(link=link, name=user.username))
    return link


INVITATION = """Guten Tag,

für Sie ist in KIM ein Konto angelegt. Über diesen Link setzen Sie Ihr Kennwort und melden sich zum ersten Mal an:

{link}

Ihr Benutzername ist {name}.
Der Link gilt sieben Tage und nur ein Mal. Geben Sie ihn bitte nicht weiter.

Diese Mail hat KIM verschickt. Antworten liest niemand.
"""


def _keep_address(user: User, address: str, *, by: User | None) -> None:
    if not address or address == user.email:
        return
    user.email = address
    try:
        user.validate_constraints()
        with transaction.atomic():
            user.save(update_fields=["email"])
    except (ValidationError, IntegrityError) as error:
        raise StepRefused("Diese E-Mail-Adresse gehört schon zu einem anderen Konto.") from error
    trail.record("user.change_address", user, by=by)


@transaction.atomic
def withdraw(user: User, *, by: User) -> None:
    """What was given out works no more."""
    demand(keeps_accounts, by)
    user = _locked(user)
    if not _withdraw(user):
        raise StepRefused("Hier ist keine Einladung offen.")
    trail.record("user.withdraw_invitation", user, by=by)


def _withdraw(user: User) -> int:
    rows = Invitation.objects.filter(user=user, used_at__isnull=True, withdrawn_at__isnull=True)
    return rows.update(withdrawn_at=workdays.now())


def invited(token: str) -> Invitation | None:
    """What a link stands for, while it may be used."""
    found = open_invitations().select_related("user").filter(digest=digest_of(token)).first()
    return found if found and not why_closed(found.user) else None


@transaction.atomic
def accept(token: str, password: str) -> User:
    """Somebody who has the link sets the password. Raises StepRefused when it was used meanwhile."""
    row = open_invitations().select_for_update(of=("self",)).filter(digest=digest_of(token)).first()
    if row is None:
        raise StepRefused("Dieser Link gilt nicht mehr. Bitte lassen Sie sich von der Verwaltung neu einladen.")
    user = _locked(row.user)
    row.used_at = workdays.now()
    row.save(update_fields=["used_at"])
    user.set_password(password)
    user.save(update_fields=["password"])
    SignIn.objects.filter(user=user).delete()
    trail.record("user.accept_invitation", user, by=user)
    return user


# Dated facts


@transaction.atomic
def lock(user: User, *, by: User, reason: str, until: dt.date | None = None) -> Suspension:
    """Closed from today to `until`, the day itself included (None: until it is unlocked). Its sessions end at once."""
    demand(keeps_accounts, by)
    user, today = _locked(user), workdays.today()
    _not_oneself(user, by)
    if reason == Suspension.Reason.LEFT or reason not in Suspension.Reason.values:
        raise StepRefused("Bitte nennen Sie einen Grund für die Sperre.")
    if until is not None and until < today:
        raise StepRefused("Der letzte Tag der Sperre liegt in der Vergangenheit.")
    _demand_open(user)
    end = until + workdays.ONE_DAY if until else None
    row = Suspension.objects.create(user=user, reason=reason, valid_from=today, valid_until=end)
    _end_sessions(user)
    note = f"{row.get_reason_display()}, bis {until:%d.%m.%Y}" if until else row.get_reason_display()
    trail.record("user.lock", user, by=by, note=note)
    return row


@transaction.atomic
def leave(user: User, *, by: User, last_day: dt.date) -> Suspension:
    """Left: closed from the day after `last_day` on, for good. A day before yesterday counts as yesterday: what was
    done meanwhile was done.
    """
    demand(keeps_accounts, by)
    user, today = _locked(user), workdays.today()
    _not_oneself(user, by)
    if Suspension.objects.ahead().filter(user=user, reason=Suspension.Reason.LEFT).exists():
        raise StepRefused("Dass diese Person ausscheidet, ist schon eingetragen. Nehmen Sie das zuerst zurück.")
    first = max(last_day + workdays.ONE_DAY, today)
    row = Suspension.objects.create(user=user, reason=Suspension.Reason.LEFT, valid_from=first)
    _withdraw(user)
    if first <= today:
        _end_sessions(user)
        switch_off()
    trail.record("user.leave", user, by=by, note=f"ab {first:%d.%m.%Y}")
    return row


def switch_off() -> int:
    """`is_active` of those whose last day is over, for every list that offers open accounts; how many there were.

    Whether somebody gets in does not wait for it.
    """
    gone = Suspension.objects.valid_on().filter(reason=Suspension.Reason.LEFT)
    return User.objects.filter(is_active=True, pk__in=gone.values("user")).update(is_active=False)


@transaction.atomic
def reopen(user: User, *, by: User) -> None:
    """Open again from today on: what holds ends, what was to come is dropped, an account switched off is on again."""
    demand(keeps_accounts, by)
    user, today = _locked(user), workdays.today()
    rows = list(Suspension.objects.ahead().filter(user=user))
    if not rows and user.is_active:
        raise StepRefused("Dieses Konto ist offen.")
    for row in rows:
        if row.valid_from >= today:
            row.delete()
        else:
            row.valid_until = today
            row.save(update_fields=["valid_until"])
    if not user.is_active:
        user.is_active = True
        user.save(update_fields=["is_active"])
    user.forget_standing()
    trail.record("user.reopen", user, by=by)


# Factors and sessions


@transaction.atomic
def reset_factors(user: User, *, by: User) -> None:
    """All factors and recovery codes are gone, and all sessions; the person is told by mail."""
    demand(keeps_accounts, by)
    user = _locked(user)
    _not_oneself(user, by)
    gone, _ = Authenticator.objects.filter(user=user).delete()
    if not gone:
        raise StepRefused("Für dieses Konto ist kein zweiter Faktor eingerichtet.")
    _end_sessions(user)
    row = trail.record("user.reset_factors", user, by=by)
    if user.email:
        _mail(user, f"factors:{row.pk}", "KIM: Ihr zweiter Faktor wurde zurückgesetzt", RESET)


RESET = """Guten Tag,

die Verwaltung von KIM hat den zweiten Faktor Ihres Kontos zurückgesetzt und alle Anmeldungen beendet. Bei der nächsten
Anmeldung richten Sie ihn neu ein.

Haben Sie darum nicht gebeten, wenden Sie sich bitte sofort an die Verwaltung von KIM.

Diese Mail hat KIM verschickt. Antworten liest niemand.
"""


@transaction.atomic
def end_sessions(user: User, *, by: User) -> int:
    """Every session of the account, whoever opened it; how many there were."""
    demand(keeps_accounts, by)
    user = _locked(user)
    number = _end_sessions(user)
    trail.record("user.end_sessions", user, by=by, note=f"{number} beendet")
    return number


def _end_sessions(user: User) -> int:
    user.forget_standing()
    return SignIn.objects.filter(user=user).delete()[1].get(SignIn._meta.label, 0)


def _locked(user: User) -> User:
    """The account as it stands; who else changes it waits."""
    return User._base_manager.select_for_update(of=("self",)).get(pk=user.pk)


def _demand_open(user: User) -> None:
    if why_closed(user):
        raise StepRefused("Dieses Konto ist schon geschlossen. Öffnen Sie es zuerst wieder.")


def _not_oneself(user: User, by: User) -> None:
    if user.pk == by.pk:
        raise StepRefused("Das eigene Konto schließt man nicht selbst. Bitte lassen Sie es jemand anderen tun.")


def _mail(user: User, key: str, subject: str, body: str) -> None:
    mail.queue(key=key, to=user.email, subject=subject, body=body, recipient=user)
