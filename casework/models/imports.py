"""Imports: a spreadsheet read into rows, looked over, taken over on request, and taken back as a whole.

The file itself is not kept. Its rows are kept for as long as they wait, and emptied once they are taken over.
"""

import datetime as dt

from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.db.models import Q
from django.urls import reverse

from casework import access
from kim import trail, workdays
from kim.models import User
from kim.workflow import StepRefused, happened

#: For so many days the rows of an import are kept: to decide on it, and afterwards to take it back.
WAITS = dt.timedelta(days=14)


class ImportQuerySet(models.QuerySet):
    def visible_to(self, user):
        """One's own, and nobody else's: not even while somebody stands in."""
        return self.filter(by=user) if access.manages_cases(user, None) else self.none()

    def to_do(self):
        """What the background owes."""
        return self.filter(state__in=Import.UNDER_WAY)

    def left_lying(self):
        """Nobody decided on them in time."""
        return self.filter(state=Import.State.READY, created_at__lt=workdays.now() - WAITS)

    def over(self):
        """Whose rows have served their time."""
        ended = (Import.State.DONE, Import.State.UNDONE)
        return self.filter(state__in=ended, state_since__lt=workdays.now() - WAITS)


class Import(models.Model):
    class Kind(models.TextChoices):
        CONSULTATIONS = "consultations", "Beratungen"
        CASES = "cases", "Fälle"

    class State(models.TextChoices):
        CHECKING = "checking", "wird geprüft"
        READY = "ready", "wartet auf Sie"
        RUNNING = "running", "wird übernommen"
        DONE = "done", "übernommen"
        UNDOING = "undoing", "wird zurückgenommen"
        UNDONE = "undone", "zurückgenommen"

    class Likely(models.TextChoices):
        TELL = "tell", "übernehmen und beide Fallführungen bitten, sich abzusprechen"
        TAKE = "take", "übernehmen"
        LEAVE = "leave", "auslassen"

    UNDER_WAY = (State.CHECKING, State.RUNNING, State.UNDOING)

    kind = models.CharField("Art", max_length=13, choices=Kind)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", verbose_name="von")
    created_at = models.DateTimeField("hochgeladen", default=workdays.now)
    state = models.CharField("Stand", max_length=8, choices=State, default=State.CHECKING)
    state_since = models.DateTimeField("seit", default=workdays.now)
    unread = models.JSONField("nicht gelesene Spalten", default=list, blank=True)
    rows_total = models.PositiveIntegerField("Zeilen", default=0)
    rows_handled = models.PositiveIntegerField("bearbeitet", default=0)
    rows_faulty = models.PositiveIntegerField("mit Fehlern", default=0)
    rows_made = models.PositiveIntegerField("übernommen", default=0)
    likely = models.CharField("Zeilen mit möglicher Doppelberatung", max_length=5, choices=Likely, blank=True)
    rows_kept = models.PositiveIntegerField("nach der Rücknahme geblieben", default=0)

    objects = ImportQuerySet.as_manager()

    class Meta:
        verbose_name = "Import"
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["by", "-id"]),
            models.Index(
                fields=["state"],
                name="casework_import_to_do",
                condition=Q(state__in=["checking", "running", "undoing"]),
            ),
        ]

    def __str__(self):
        return f"Import {self.pk}: {self.get_kind_display()}"

    def get_absolute_url(self):
        return reverse("casework:import_detail", args=[self.pk])

    # Questions

    @property
    def unread_words(self) -> str:
        """„die Spalten „Bemerkung“, „Farbe““, or "" when every column is read."""
        words = ", ".join(f"„{heading}“" for heading in self.unread)
        return words and f"{'die Spalte' if len(self.unread) == 1 else 'die Spalten'} {words}"

    @property
    def is_under_way(self) -> bool:
        return self.state in self.UNDER_WAY

    @property
    def can_be_undone(self) -> bool:
        return self.state == self.State.DONE and self.rows_made > 0 and self.state_since >= workdays.now() - WAITS

    @property
    def rows_good(self) -> int:
        return self.rows_total - self.rows_faulty

    @property
    def rows_likely(self) -> int:
        """How many of the good rows are likely somebody who is advised elsewhere; one query."""
        return self.rows.filter(likely=True).count()

    # Acts

    @classmethod
    @transaction.atomic
    def start(cls, *, by, kind, rows, unread=()) -> "Import":
        """Keep the rows of a sheet, each as (number of its line, heading → text); the background looks them over.

        `unread` are headings of columns that nobody reads.
        """
        if not access.manages_cases(by, None):
            raise PermissionDenied(access.manages_cases.refusal)
        User.objects.select_for_update(of=("self",), no_key=True).get(pk=by.pk)  # two at once come one after the other
        if cls.objects.filter(by=by).exclude(state__in=[cls.State.DONE, cls.State.UNDONE]).exists():
            raise StepRefused(
                "Ein früherer Import wartet noch auf Sie. Bitte übernehmen oder verwerfen Sie ihn zuerst."
            )
        made = cls.objects.create(by=by, kind=kind, rows_total=len(rows), unread=list(unread)[:10])
        ImportRow.objects.bulk_create(
            [ImportRow(of=made, line=line, values=values) for line, values in rows], batch_size=500
        )
        trail.record("import.upload", made, by=by, note=f"{len(rows)} Zeilen")
        happened.send(cls, obj=made, act="start", record=made, given={})
        return made

    @transaction.atomic
    def take_over(self, *, by, only_good=False, likely="") -> None:
        """Begin to make what the rows say. With faults in it, only on the wish to take the good rows; with likely
        duplicates, only with a word on what becomes of them (`likely`).
        """
        self._held_by(by)
        if self.state != self.State.READY:
            raise StepRefused(f"Dieser Import ist nicht mehr offen: {self.get_state_display()}.")
        if self.rows_faulty and not only_good:
            raise StepRefused("Es sind noch Zeilen mit Fehlern da. Es wurde nichts übernommen.")
        if not self.rows_good:
            raise StepRefused("Keine Zeile ist fehlerfrei; es gibt nichts zu übernehmen.")
        if (hints := self.rows_likely) and likely not in self.Likely.values:
            raise StepRefused("Bitte entscheiden Sie, was aus den Zeilen mit möglicher Doppelberatung wird.")
        self.likely = likely if hints else ""
        self._be(self.State.RUNNING)
        rows = f"{self.rows_good} von {self.rows_total} Zeilen"
        asked = f", {hints} mit möglicher Doppelberatung: {self.Likely(likely).label}" if hints else ""
        trail.record("import.take_over", self, by=by, note=rows + asked)

    @transaction.atomic
    def discard(self, *, by) -> None:
        """Nothing was made of it: it goes, with its rows."""
        self._held_by(by)
        if self.state not in (self.State.READY, self.State.CHECKING):
            raise StepRefused(f"Dieser Import lässt sich nicht verwerfen: {self.get_state_display()}.")
        trail.record("import.discard", self, by=by)
        self.delete()

    @transaction.atomic
    def undo(self, *, by) -> None:
        """Begin to take back what the import made and nobody has worked on since."""
        self._held_by(by)
        if self.state != self.State.DONE:
            raise StepRefused(f"Dieser Import lässt sich nicht zurücknehmen: {self.get_state_display()}.")
        if not self.can_be_undone:
            raise StepRefused(f"Zurücknehmen lässt sich ein Import nur {WAITS.days} Tage lang.")
        self._be(self.State.UNDOING)
        trail.record("import.undo", self, by=by)

    def arrive(self, state) -> None:
        """The background has ended its part. Called on a locked row."""
        self._be(state)

    def _be(self, state) -> None:
        self.state, self.state_since = state, workdays.now()
        if state in self.UNDER_WAY:
            self.rows_handled = 0
        self.save()
        happened.send(Import, obj=self, act=str(state), record=self, given={})

    def _held_by(self, by) -> None:
        self.refresh_from_db(from_queryset=Import.objects.select_for_update(of=("self",)))
        if not Import.objects.visible_to(by).filter(pk=self.pk).exists():
            raise PermissionDenied("Einen Import sieht nur, wer ihn hochgeladen hat.")


class ImportRow(models.Model):
    """One line of the sheet: what stood in it, what is wrong with it, and what became of it."""

    of = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="rows")
    line = models.PositiveIntegerField("Zeile")
    values = models.JSONField("Werte", default=dict)
    faults = models.JSONField("Fehler", default=list)
    likely = models.BooleanField("Hinweis auf eine mögliche Doppelberatung", default=False)
    checked = models.BooleanField("geprüft", default=False)
    #: The id of the case or consultation that was made; null before, and again once it is taken back.
    made = models.BigIntegerField("angelegt als", null=True, blank=True)
    handled = models.BooleanField("bearbeitet", default=False)

    class Meta:
        verbose_name = "Zeile eines Imports"
        ordering = ["line"]
        constraints = [models.UniqueConstraint(fields=["of", "line"], name="casework_import_line_once")]

    def __str__(self):
        return f"Zeile {self.line}"
