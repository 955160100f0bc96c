"""Files that take a while: asked for by somebody, made in the background, fetched by them, gone after days."""

from django.db import models
from django.db.models import Q

from kim import workdays
from kim.dated import known_choice
from kim.models import User
from reports import access


class ExportQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(access.visible_exports(user))


class State(models.TextChoices):
    WAITING = "waiting", "wartet"
    RUNNING = "running", "wird erstellt"
    DONE = "done", "fertig"
    FAILED = "failed", "gescheitert"


class Format(models.TextChoices):
    XLSX = "xlsx", "Excel (XLSX)"
    CSV = "csv", "CSV"
    PDF = "pdf", "PDF"


class Export(models.Model):
    by = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", verbose_name="von")
    what = models.CharField("Inhalt", max_length=30)
    title = models.CharField("Titel", max_length=160)
    asked = models.JSONField("Auswahl", default=dict)
    format = models.CharField("Format", max_length=4, choices=Format)
    state = models.CharField("Stand", max_length=8, choices=State, default=State.WAITING)
    done = models.PositiveIntegerField("Zeilen geschrieben", default=0)
    total = models.PositiveIntegerField("Zeilen insgesamt", default=0)
    file = models.CharField("Datei", max_length=80, blank=True)
    size = models.PositiveIntegerField("Größe in Byte", default=0)
    attempts = models.PositiveSmallIntegerField("Versuche", default=0)
    error = models.CharField("Grund", max_length=200, blank=True)
    created_at = models.DateTimeField("angefordert", default=workdays.now)
    state_since = models.DateTimeField("seit", default=workdays.now)

    objects = ExportQuerySet.as_manager()

    class Meta:
        verbose_name = "Export"
        ordering = ["-pk"]
        constraints = [
            known_choice("reports_export", "format", Format),
            known_choice("reports_export", "state", State),
            models.CheckConstraint(name="reports_export_done_has_file", condition=~Q(state="done") | ~Q(file="")),
        ]
        indexes = [
            models.Index(fields=["by", "-id"]),
            models.Index(
                fields=["state", "id"], name="reports_export_to_do", condition=Q(state__in=["waiting", "running"])
            ),
        ]

    def __str__(self):
        return f"{self.title} ({self.get_format_display()})"
