"""Who works here, as what, where, since when, and who stands in when somebody is away."""

import datetime as dt
from collections.abc import Iterable

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import F, FilteredRelation, Q
from django.db.models.functions import Lower

from kim import workdays
from kim.dated import Dated, Known, valid_on
from kim.models.places import Bank, Municipality, Organisation


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

    # Kept on an account for the day, see _standing
    _standing_on: dt.date
    _standing_is: tuple[frozenset[str], list["User"]]
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
        return self._standing()[0]

    def hats(self) -> list["User"]:
        """Everybody this account acts for today: itself first, then those who are away and named it deputy."""
        return [self, *self._standing()[1]]

    def holds(self, *roles: str) -> bool:
        """Whether this account itself holds one of `roles`; to include deputising, ask every hat."""
        return not self.roles.isdisjoint(roles)

    def acts_as(self, *roles: str) -> bool:
        """Whether this account, or somebody it stands in for, holds one of `roles`."""
        return any(hat.holds(*roles) for hat in self.hats())

    def _standing(self) -> tuple[frozenset[str], list["User"]]:
        """Own roles and the accounts deputised for, each knowing its own roles; one query per request and day."""
        today = workdays.today()
        if getattr(self, "_standing_on", None) != today:
            away = Absence.objects.valid_on(today).filter(deputy=self).values("user")
            held = FilteredRelation("role_grants", condition=valid_on(today, "role_grants__"))
            rows = User.objects.filter(Q(pk=self.pk) | Q(pk__in=away)).order_by("pk")
            people: dict[int, User] = {self.pk: self}
            roles: dict[int, set[str]] = {self.pk: set()}
            for row in rows.annotate(held=held, role_held=F("held__role")):
                people.setdefault(row.pk, row)
                roles.setdefault(row.pk, set()).update([row.role_held] if row.role_held else [])
            hats = [person for pk, person in people.items() if pk != self.pk]
            for hat in hats:
                hat._standing_on = today
                hat._standing_is = (frozenset(roles[hat.pk]), [])
            self._standing_on = today
            self._standing_is = (frozenset(roles[self.pk]), hats)
        return self._standing_is


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


def with_role(role: str, day=None):
    """Accounts that hold `role` on `day`, in order of name."""
    day = day or workdays.today()
    grants = RoleGrant.objects.valid_on(day).filter(role=role)
    return User.objects.filter(is_active=True, pk__in=grants.values("user"))


def deputies_of(users: Iterable[User], day=None) -> dict[int, list[User]]:
    """Who stands in on `day` for whom of `users`: id of the absent account → deputies."""
    found: dict[int, list[User]] = {}
    absences = Absence.objects.filter(valid_on(day or workdays.today()), user__in=[user.pk for user in users])
    for absence in absences.select_related("deputy"):
        found.setdefault(absence.user_id, []).append(absence.deputy)
    return found
