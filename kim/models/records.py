"""What acts leave behind (notices, mail), what is begun (drafts), and how the background fares."""

from django.db import models
from django.db.models import Q

from kim import workdays
from kim.dated import Dated


class Code(Dated):
    """One entry of a code list. What was once used stays readable after its end."""

    class List(models.TextChoices):
        TOPIC = "topic", "Thema"
        LIFE_DOMAIN = "life_domain", "Handlungsfeld"
        LEGAL_AREA = "legal_area", "Rechtskreis"
        RESIDENCE_STATUS = "residence_status", "Aufenthaltsstatus"
        CITIZENSHIP = "citizenship", "Staatsangehörigkeit"
        TARGET_GROUP = "target_group", "Zielgruppe"
        LANGUAGE = "language", "Sprache"
        GERMAN_LEVEL = "german_level", "Deutschkenntnisse"
        ACCESS_ROUTE = "access_route", "Zugangsweg"
        OTHER_SUPPORT = "other_support", "anderes Fallmanagement"
        CONSENT_PURPOSE = "consent_purpose", "Zweck einer Einwilligung"
        CONTACT_FORM = "contact_form", "Beratungsform"
        INTERPRETER = "interpreter", "Sprachmittlung"
        CONSULTATION_RESULT = "consultation_result", "Ergebnis einer Beratung"
        CLOSING_REASON = "closing_reason", "Abschlussgrund"

    list = models.CharField("Liste", max_length=20, choices=List)
    code = models.CharField("Schlüssel", max_length=20)
    label = models.CharField("Bezeichnung", max_length=120)
    short = models.CharField("Kurzform", max_length=40, blank=True)
    position = models.PositiveSmallIntegerField("Reihenfolge", default=0)

    class Meta(Dated.Meta):
        ordering = ["list", "position", "label"]
        constraints = [
            *Dated.Meta.constraints,
            models.UniqueConstraint(fields=["list", "code", "valid_from"], name="kim_code_once"),
        ]

    def __str__(self):
        return self.short or self.label


class Mail(models.Model):
    """One mail on its way out. The row comes first, the sending after; `key` makes a second row impossible."""

    class State(models.TextChoices):
        QUEUED = "queued", "wartet"
        SENT = "sent", "versandt"
        FAILED = "failed", "gescheitert"

    key = models.CharField(max_length=120, unique=True)
    recipient = models.ForeignKey("kim.User", on_delete=models.CASCADE, null=True, related_name="mails")
    to = models.EmailField("an")
    subject = models.CharField("Betreff", max_length=200)
    body = models.TextField("Text", blank=True)
    calendar = models.TextField("Kalendereintrag (.ics)", blank=True)
    state = models.CharField("Stand", max_length=8, choices=State, default=State.QUEUED)
    attempts = models.PositiveSmallIntegerField("Versuche", default=0)
    next_try_at = models.DateTimeField(default=workdays.now)
    last_error = models.CharField("Grund", max_length=300, blank=True)
    created_at = models.DateTimeField(default=workdays.now)
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="kim_mail_sent_has_moment",
                condition=(Q(state="sent") & Q(sent_at__isnull=False)) | (~Q(state="sent") & Q(sent_at__isnull=True)),
            )
        ]
        indexes = [
            models.Index(
                fields=["next_try_at"],
                name="kim_mail_queued",
                condition=Q(state="queued"),
            ),
            models.Index(fields=["state", "-id"]),
        ]

    def __str__(self):
        return f"{self.subject} ({self.get_state_display()})"


class Notice(models.Model):
    """Something one person was told: at once in KIM, and by the next morning's digest."""

    recipient = models.ForeignKey("kim.User", on_delete=models.CASCADE, related_name="notices")
    key = models.CharField(max_length=80)
    audience = models.CharField("als", max_length=20, blank=True)
    headline = models.CharField("Mitteilung", max_length=160, help_text="darf in einer Mail stehen")
    text = models.CharField("Text", max_length=300, blank=True)
    url = models.CharField(max_length=200)
    created_at = models.DateTimeField(default=workdays.now)
    read_at = models.DateTimeField(null=True, blank=True)
    mail = models.ForeignKey(Mail, on_delete=models.SET_NULL, null=True, blank=True, related_name="notices")
    digested_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["recipient", "key"], name="kim_told_once")]
        indexes = [
            models.Index(fields=["recipient", "-created_at", "-id"]),
            models.Index(fields=["key"]),
            models.Index(
                fields=["recipient", "-created_at", "-id"],
                name="kim_notice_unread",
                condition=Q(read_at__isnull=True),
            ),
            models.Index(
                fields=["recipient", "id"],
                name="kim_notice_undigested",
                condition=Q(digested_at__isnull=True),
            ),
        ]

    def __str__(self):
        return self.headline


class Draft(models.Model):
    """What somebody was typing into a form. It belongs to its author alone and has passed no check yet."""

    user = models.ForeignKey("kim.User", on_delete=models.CASCADE, related_name="drafts")
    key = models.CharField(max_length=120)
    data = models.JSONField(default=dict)
    url = models.CharField(max_length=200, blank=True)
    title = models.CharField(max_length=120, blank=True)
    saved_at = models.DateTimeField(default=workdays.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="kim_one_draft_per_form")]

    def __str__(self):
        return f"{self.key} ({self.saved_at:%d.%m.%Y %H:%M})"

    @classmethod
    def of(cls, user, key) -> "Draft | None":
        return cls.objects.filter(user=user, key=key).first()

    @classmethod
    def keep(cls, user, key, data, url="", title="") -> "Draft":
        given = {"data": data, "url": url, "title": title, "saved_at": workdays.now()}
        return cls.objects.update_or_create(user=user, key=key, defaults=given)[0]

    @classmethod
    def drop(cls, user, key) -> None:
        cls.objects.filter(user=user, key=key).delete()


class SavedFilter(models.Model):
    """A search of a list that somebody wants again, under a name of their own."""

    user = models.ForeignKey("kim.User", on_delete=models.CASCADE, related_name="saved_filters")
    page = models.CharField("Seite", max_length=60, help_text="URL-Name der Liste")
    name = models.CharField("Name", max_length=60)
    query = models.CharField("Suche", max_length=1000, blank=True)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["user", "page", "name"], name="kim_filter_name_once")]

    def __str__(self):
        return self.name


class JobRun(models.Model):
    """A background job on a day: when it last began and ended, and what came of it. One row per job and day."""

    job = models.CharField("Aufgabe", max_length=40)
    day = models.DateField("Tag")
    started_at = models.DateTimeField(default=workdays.now)
    finished_at = models.DateTimeField(null=True, blank=True)
    result = models.CharField("Ergebnis", max_length=200, blank=True)
    error = models.CharField("Fehler", max_length=300, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "day"], name="kim_one_run_row_per_day")]
        indexes = [models.Index(fields=["job", "-day"])]

    def __str__(self):
        return f"{self.job} am {self.day:%d.%m.%Y}"


class CalendarFeed(models.Model):
    """The address under which a calendar program reads one person's dates. Only a digest of its token is kept."""

    user = models.ForeignKey("kim.User", on_delete=models.CASCADE, related_name="calendar_feeds")
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=workdays.now)
    read_on = models.DateField("zuletzt abgerufen", null=True, blank=True)
    revoked_at = models.DateTimeField("widerrufen", null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user"], name="kim_one_calendar_feed", condition=Q(revoked_at__isnull=True))
        ]

    def __str__(self):
        return f"Kalender von {self.user}"
