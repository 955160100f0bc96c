"""Who works here, as what, where, since when, and who stands in when somebody is away."""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Q, QuerySet
from django.db.models.functions import Lower

from kim import workdays
from kim.dated import Dated, Known
from kim.models.places import Bank, Municipality, Organisation
from kim.together import Slot, day, together


class Role(models.TextChoices):
    CASE_MANAGER = "case_manager", "Case Management"
    COORDINATION = "coordination", "Koordinierung Case Management"
    STRATEGIC_OFFICE = "strategic_office", "Geschäftsstelle"
    STEERING_GROUP = "steering_group", "Lenkungsgruppe"
    PROJECT_GROUP = "project_group", "Projektgruppe"
    AUTHORITY = "authority", "Ausländer- und Einbürgerungsbehörde"
    ADMIN = "admin", "Verwaltung"
    AUDIT = "audit", "Datenschutz und Revision"


#: Roles that carry no content, whatever else a person may do (design: access).
WITHOUT_CONTENT = frozenset({Role.ADMIN, Role.AUDIT})


@dataclass(frozen=True)
class Standing:
    """What an account is on a day: the roles it holds, whom it stands in for, and what is read along with that."""

    day: dt.date
    roles: frozenset[str] = frozenset()
    deputised: tuple["User", ...] = ()
    along: Mapping[str, list] = field(default_factory=dict)


#: Sets read in the same query as a standing, by name: `f(me, away, today) -> QuerySet`, where `me` is the account,
#: `away` the ids of those it stands in for. Both and `today` are expressions to filter by.
_ALONG: dict[str, Callable[[Slot, QuerySet, Slot], QuerySet]] = {}


def read_along(name: str):
    """Registers what every page needs about whoever asks; found afterwards under `user.standing.along[name]`."""

    def register(function):
        _ALONG[name] = function
        return function

    return register


class User(AbstractUser):
    """An account. It is named by function („Case Management Windeck“), not by the person behind it."""

    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    display_name = models.CharField("Bezeichnung", max_length=120)
    organisation = models.ForeignKey(
        Organisation,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="users",
    )

    REQUIRED_FIELDS = ["display_name"]

    class Meta:
        ordering = ["display_name"]
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                name="kim_user_email_once",
                condition=~Q(email=""),
                violation_error_message="Diese E-Mail-Adresse ist schon vergeben.",
            )  # fmt: skip
        ]

    #: Kept on an account for the day; None: to be read.
    _standing: Standing | None = None
    #: How many notices this request leaves unread, once it has read some (kim.notices).
    unread_left: int | None = None
    #: Roles held today, where kim.absences.with_roles read the account.
    granted: frozenset[str]

    def __str__(self):
        return self.display_name or self.username

    def get_full_name(self):
        return str(self)

    def get_short_name(self):
        return str(self)

    # Questions

    @property
    def roles(self) -> frozenset[str]:
        """The roles this account itself holds today."""
        return self.standing.roles

    def hats(self) -> list["User"]:
        """Everybody this account acts for today: itself first, then those who are away and named it deputy."""
        return [self, *self.standing.deputised]

    def holds(self, *roles: str) -> bool:
        """Whether this account itself holds one of `roles`; to include deputising, ask every hat."""
        return not self.roles.isdisjoint(roles)

    def acts_as(self, *roles: str) -> bool:
        """Whether this account, or somebody it stands in for, holds one of `roles`."""
        return any(hat.holds(*roles) for hat in self.hats())

    @property
    def standing(self) -> Standing:
        """As of today; one query per request and day. Those deputised for come with theirs, but without deputies."""
        today = workdays.today()
        if self._standing is None or self._standing.day != today:
            read = _standings(tuple(_ALONG))(me=self.pk, today=today)
            held: dict[int, set[str]] = {}
            for grant in read.pop("grants"):
                held.setdefault(grant.user_id, set()).add(grant.role)
            hats = tuple(read.pop("away"))
            for hat in hats:
                hat._standing = Standing(today, frozenset(held.get(hat.pk, ())), along=read)
            self._standing = Standing(today, frozenset(held.get(self.pk, ())), hats, read)
        return self._standing

    def forget_standing(self) -> None:
        """Read anew when next asked: something about this account has changed."""
        self._standing = None


class RoleGrant(Dated):
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="role_grants")
    role = models.CharField("Rolle", max_length=20, choices=Role)

    class Meta(Dated.Meta):
        constraints = [
            *Dated.Meta.constraints,
            models.UniqueConstraint(fields=["user", "role", "valid_from"], name="kim_role_granted_once"),
        ]
        indexes = [models.Index(fields=["role", "valid_from"])]

    def __str__(self):
        return f"{self.user}: {self.get_role_display()} {self.span}"


class Assignment(Known):
    """Who works where: one row per person, function and place, with share and weekdays."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="assignments")
    role = models.CharField("Funktion", max_length=20, choices=Role)
    title = models.CharField("Bezeichnung der Aufgabe", max_length=160, blank=True)
    employer = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="assignments")
    municipality = models.ForeignKey(
        Municipality,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="assignments",
    )
    bank = models.CharField("Rheinseite", max_length=5, choices=Bank, blank=True)
    share = models.DecimalField("Stellenanteil (VZÄ)", max_digits=4, decimal_places=3, null=True, blank=True)
    weekdays = models.CharField("Wochentage", max_length=7, blank=True, help_text="1 = Montag … 7 = Sonntag")
    source = models.CharField("Beleg", max_length=200, blank=True)

    class Meta(Known.Meta):
        constraints = [
            *Known.Meta.constraints,
            models.CheckConstraint(
                name="kim_assignment_share_within_bounds",
                condition=Q(share__isnull=True) | Q(share__gt=0, share__lte=1),
                violation_error_message="Der Stellenanteil liegt zwischen 0 und 1.",
            ),
            models.CheckConstraint(
                name="kim_assignment_municipality_or_bank",
                condition=Q(municipality__isnull=True) | Q(bank=""),
                violation_error_message="Entweder eine Kommune oder eine Rheinseite, nicht beides.",
            ),
        ]
        indexes = [models.Index(fields=["role", "municipality"])]

    def __str__(self):
        return f"{self.user}: {self.get_role_display()} {self.span}"


class Absence(Dated):
    """Somebody is away and has named a deputy; the deputy's right ends by itself."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="absences")
    deputy = models.ForeignKey(User, on_delete=models.PROTECT, related_name="stands_in")

    class Meta(Dated.Meta):
        constraints = [
            *Dated.Meta.constraints,
            models.CheckConstraint(
                name="kim_absence_deputy_is_somebody_else",
                condition=~Q(user=models.F("deputy")),
                violation_error_message="Man kann sich nicht selbst vertreten.",
            ),
        ]
        indexes = [models.Index(fields=["deputy", "valid_from"])]

    def __str__(self):
        return f"{self.user} vertreten durch {self.deputy} {self.span}"


@together
def _standings(along):
    me, today = Slot("me"), day()
    away = Absence.objects.valid_on(today).filter(deputy=me).values("user")
    return {
        "grants": RoleGrant.objects.valid_on(today).filter(Q(user=me) | Q(user__in=away)),
        "away": User.objects.filter(pk__in=away).order_by("pk"),
        **{name: _ALONG[name](me, away, today) for name in along},
    }


def with_role(role: str, day=None):
    """Accounts that hold `role` on `day`, in order of name."""
    day = day or workdays.today()
    grants = RoleGrant.objects.valid_on(day).filter(role=role)
    return User.objects.filter(is_active=True, pk__in=grants.values("user"))


def deputies_of(users: Iterable[User], on=None) -> dict[int, list[User]]:
    """Who stands in `on` a day for whom of `users`: id of the absent account → deputies."""
    read = _absences()(today=on or workdays.today())
    deputies = {user.pk: user for user in read["deputies"]}
    wanted = {user.pk for user in users}
    found: dict[int, list[User]] = {}
    for absence in read["absences"]:
        if absence.user_id in wanted:
            found.setdefault(absence.user_id, []).append(deputies[absence.deputy_id])
    return found


@together
def _absences():
    """Everybody who is away: a county has a handful of them on any day."""
    absences = Absence.objects.valid_on(day()).order_by("pk")
    return {"absences": absences, "deputies": User.objects.filter(pk__in=absences.order_by().values("deputy"))}
