"""What is kept of backups and of the rehearsals that show they can be restored."""

from django.db import models
from django.db.models import Q

from kim import workdays
from kim.dated import known_choice


class BackupKind(models.TextChoices):
    BACKUP = "backup", "Sicherung"
    REHEARSAL = "rehearsal", "Probe der Wiederherstellung"


class BackupState(models.TextChoices):
    RUNNING = "running", "läuft"
    DONE = "done", "gut beendet"
    FAILED = "failed", "gescheitert"


class BackupRun(models.Model):
    """One backup or one rehearsal of a restore: how far it is, what came of it. Names and paths of files, no people."""

    kind = models.CharField("Art", max_length=9, choices=BackupKind)
    state = models.CharField("Stand", max_length=7, choices=BackupState, default=BackupState.RUNNING)
    started_at = models.DateTimeField("begonnen", default=workdays.now)
    finished_at = models.DateTimeField("beendet", null=True, blank=True)
    folder = models.CharField("Ordner", max_length=300, blank=True)
    file = models.CharField("Datei", max_length=120, blank=True)
    size = models.PositiveBigIntegerField("Größe in Byte", default=0)
    #: Of the whole, of which only the database's part is guessed (by the backup before).
    done_bytes = models.PositiveBigIntegerField("geschafft (Byte)", default=0)
    expected_bytes = models.PositiveBigIntegerField("erwartet (Byte)", default=0)
    result = models.CharField("Ergebnis", max_length=300, blank=True)
    #: Each step with its name and seconds, as it was done.
    steps = models.JSONField("Schritte", default=list)

    class Meta:
        constraints = [
            known_choice("kim_backuprun", "kind", BackupKind),
            known_choice("kim_backuprun", "state", BackupState),
            models.CheckConstraint(
                name="kim_backuprun_ended_or_running",
                condition=(Q(state="running") & Q(finished_at__isnull=True))
                | (~Q(state="running") & Q(finished_at__isnull=False)),
            ),
        ]
        indexes = [models.Index(fields=["kind", "state", "-id"])]

    def __str__(self):
        return f"{self.get_kind_display()} vom {self.started_at:%d.%m.%Y %H:%M}"

    @property
    def seconds(self) -> float:
        return (self.finished_at - self.started_at).total_seconds() if self.finished_at else 0.0

    @property
    def percent(self) -> int:
        """At most 99: a hundred is what has ended."""
        return min(99, self.done_bytes * 100 // self.expected_bytes) if self.expected_bytes else 0
