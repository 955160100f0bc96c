"""The status report („Sachstandsbericht“) for a committee: drawn up, written, released by another, and then frozen."""

import datetime as dt

from django.db import models
from django.db.models import F, Q

from kim import workdays
from kim.addresses import address
from kim.dated import known_choice
from kim.models import User
from kim.numbers import YearlyNumbers
from reports import access


class ReportNumbers(YearlyNumbers):
    """Numbers of released status reports („S-2026-001“)."""


class StatusReportQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(access.visible_reports(user))

    def released(self):
        return self.filter(released_at__isnull=False)


class StatusReport(models.Model):
    """What is told on `valid_on` (Stand) as it was known at `known_at`, for a meeting. Three dates apart.

    `data` is what the software filled in (reports.status), as plain values; `digest` belongs to data and texts.
    """

    number = models.CharField("Nummer", max_length=12, unique=True, null=True, blank=True)
    title = models.CharField("Titel", max_length=160)
    committee = models.CharField("Gremium, dem berichtet wird", max_length=160)
    meeting_on = models.DateField("Sitzung am", null=True, blank=True)
    valid_on = models.DateField("Stand der Daten")
    known_at = models.DateTimeField("nach dem Wissen vom")
    previous = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="following",
        verbose_name="voriger Bericht",
    )
    data = models.JSONField("Zahlen und Tabellen", default=dict)
    digest = models.CharField("Prüfsumme", max_length=64, blank=True)
    drawn_up_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", verbose_name="erstellt von")
    drawn_up_at = models.DateTimeField("erstellt", default=workdays.now)
    released_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="freigegeben von"
    )
    released_at = models.DateTimeField("freigegeben", null=True, blank=True)
    dropped_at = models.DateTimeField("verworfen", null=True, blank=True)

    objects = StatusReportQuerySet.as_manager()

    class Meta:
        verbose_name = "Sachstandsbericht"
        ordering = ["-valid_on", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="reports_report_released_whole",
                condition=Q(released_at__isnull=True, released_by__isnull=True, number__isnull=True)
                | Q(
                    released_at__isnull=False, released_by__isnull=False, number__isnull=False, dropped_at__isnull=True
                ),
            ),
            models.CheckConstraint(
                name="reports_report_four_eyes",
                condition=Q(released_by__isnull=True) | ~Q(released_by=F("drawn_up_by")),
                violation_error_message="Freigeben muss jemand anderes als die Person, die den Bericht erstellt hat.",
            ),
        ]
        indexes = [models.Index(fields=["-valid_on", "-id"])]

    def __str__(self):
        return f"Sachstandsbericht {self.number}" if self.number else f"Entwurf zum Stand {self.valid_on:%d.%m.%Y}"

    def get_absolute_url(self):
        return address("reports:report_detail", self.pk)

    @property
    def is_released(self) -> bool:
        return self.released_at is not None

    @property
    def is_draft(self) -> bool:
        return self.released_at is None and self.dropped_at is None

    @property
    def known_on(self) -> dt.date:
        return self.known_at.astimezone(workdays.BERLIN).date()

    @property
    def author_ids(self) -> set[int]:
        """Who drew it up and who wrote in it."""
        return {self.drawn_up_by_id, *(one.changed_by_id for one in self.texts.all() if one.changed_by_id)}


class ReportText(models.Model):
    """What the office writes in one section; `key` is that of the section (reports.status)."""

    report = models.ForeignKey(StatusReport, on_delete=models.PROTECT, related_name="texts")
    key = models.CharField("Abschnitt", max_length=20)
    text = models.TextField("Text", max_length=8000, blank=True)
    changed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    changed_at = models.DateTimeField(default=workdays.now)

    class Meta:
        verbose_name = "Text eines Sachstandsberichts"
        constraints = [models.UniqueConstraint(fields=["report", "key"], name="reports_one_text_per_section")]

    def __str__(self):
        return f"{self.report}: {self.key}"


class FileKind(models.TextChoices):
    PDF = "pdf", "PDF"
    DOCX = "docx", "Word (DOCX)"


class ReportFile(models.Model):
    """The files of a released report as they were made on release (kim.files)."""

    report = models.ForeignKey(StatusReport, on_delete=models.PROTECT, related_name="files")
    kind = models.CharField("Art", max_length=4, choices=FileKind)
    name = models.CharField("Ablage", max_length=80)
    size = models.PositiveIntegerField("Größe in Byte")
    sha256 = models.CharField("Prüfsumme", max_length=64)

    class Meta:
        verbose_name = "Datei eines Sachstandsberichts"
        constraints = [
            models.UniqueConstraint(fields=["report", "kind"], name="reports_one_file_per_kind"),
            known_choice("reports_reportfile", "kind", FileKind),
        ]

    def __str__(self):
        return f"{self.report} als {self.get_kind_display()}"
