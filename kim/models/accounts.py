"""Whether an account is open, how somebody got it, and where it is signed in. No address of a network is kept."""

from django.db import models
from django.db.models import Q

from kim import workdays
from kim.dated import Dated, DatedQuerySet, known_choice


class SuspensionReason(models.TextChoices):
    LEFT = "left", "ausgeschieden"
    MISUSE = "misuse", "Verdacht auf Missbrauch"
    LONG_ABSENCE = "long_absence", "längere Abwesenheit"
    REQUEST = "request", "auf eigenen Wunsch"
    OTHER = "other", "anderer Grund"


class SuspensionQuerySet(DatedQuerySet):
    def ahead(self, day=None):
        """Those that hold on a day (today) or later."""
        day = day or workdays.today()
        return self.filter(Q(valid_until__isnull=True) | Q(valid_until__gt=day))


class Suspension(Dated):
    """While it holds nobody signs in to the account, and what is signed in ends with the next request."""

    Reason = SuspensionReason

    user = models.ForeignKey("kim.User", on_delete=models.CASCADE, related_name="suspensions")
    reason = models.CharField("Grund", max_length=12, choices=SuspensionReason)

    objects = SuspensionQuerySet.as_manager()  # type: ignore[misc]

    class Meta(Dated.Meta):
        constraints = [*Dated.Meta.constraints, known_choice("kim_suspension", "reason", SuspensionReason)]

    def __str__(self):
        return f"{self.get_reason_display()} {self.span}"

    @property
    def is_left(self) -> bool:
        return self.reason == self.Reason.LEFT


class Invitation(models.Model):
    """A link by which somebody sets the first password. Only a digest of it is kept; it works once."""

    user = models.ForeignKey("kim.User", on_delete=models.CASCADE, related_name="invitations")
    digest = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField("eingeladen", default=workdays.now)
    made_by = models.ForeignKey("kim.User", on_delete=models.SET_NULL, null=True, related_name="+")
    expires_at = models.DateTimeField("gilt bis")
    used_at = models.DateTimeField("angenommen", null=True, blank=True)
    withdrawn_at = models.DateTimeField("zurückgezogen", null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user"],
                name="kim_one_open_invitation",
                condition=Q(used_at__isnull=True, withdrawn_at__isnull=True),
            ),
            models.CheckConstraint(
                name="kim_invitation_used_or_withdrawn",
                condition=Q(used_at__isnull=True) | Q(withdrawn_at__isnull=True),
            ),
        ]

    def __str__(self):
        return f"Einladung von {self.user} ({self.made_at:%d.%m.%Y})"

    @property
    def is_open(self) -> bool:
        return self.used_at is None and self.withdrawn_at is None and self.expires_at > workdays.now()


class Device(models.Model):
    """A browser somebody has signed in with. Its cookie is random; only a digest of cookie and account is kept."""

    user = models.ForeignKey("kim.User", on_delete=models.CASCADE, related_name="devices")
    digest = models.CharField(max_length=64, unique=True)
    browser = models.CharField("Browser", max_length=60)
    first_at = models.DateTimeField("zuerst", default=workdays.now)
    last_at = models.DateTimeField("zuletzt", default=workdays.now)

    def __str__(self):
        return self.browser


class SignIn(models.Model):
    """A session of an account. The session names this row; without the row it is over."""

    user = models.ForeignKey("kim.User", on_delete=models.CASCADE, related_name="sign_ins")
    device = models.ForeignKey(Device, on_delete=models.SET_NULL, null=True, related_name="sign_ins")
    browser = models.CharField("Browser", max_length=60)
    began_at = models.DateTimeField("seit", default=workdays.now)
    used_at = models.DateTimeField("zuletzt benutzt", default=workdays.now)

    class Meta:
        indexes = [models.Index(fields=["used_at"])]

    def __str__(self):
        return f"{self.browser}, seit {self.began_at:%d.%m.%Y}"


class ProviderSession(models.Model):
    """A session that began at a provider (kim.sso), and what it is called there; the provider may end it by that."""

    sign_in = models.OneToOneField(SignIn, on_delete=models.CASCADE, related_name="elsewhere")
    realm = models.CharField("Anmeldedienst", max_length=200)
    sub = models.CharField("Kennung", max_length=255)
    sid = models.CharField("Sitzung dort", max_length=255, blank=True)

    class Meta:
        indexes = [models.Index(fields=["realm", "sub"]), models.Index(fields=["realm", "sid"])]

    def __str__(self):
        return f"Sitzung beim Anmeldedienst {self.pk}"
