"""Files that take a while: asked for by somebody, made in the background, fetched by them, gone after days."""

import datetime as dt
import secrets

from django.db import models, transaction
from django.db.models import Q
from django.db.models.signals import post_delete
from django.dispatch import receiver

from kim import files, trail, workdays
from kim.addresses import address
from kim.dated import known_choice
from kim.models import User
from kim.workflow import StepRefused
from reports import access

#: A file is kept for so long after it was made.
KEPT = dt.timedelta(days=7)
#: So many may wait for one person at a time; so often making one is tried.
MOST_WAITING, ATTEMPTS = 5, 3
#: Whoever makes a file says every second that it goes on. After so long a silence somebody else begins anew.
SILENCE = dt.timedelta(minutes=3)
GAVE_UP = "Die Datei ließ sich nicht erstellen. Bitte versuchen Sie es später noch einmal."


class State(models.TextChoices):
    WAITING = "waiting", "wartet"
    RUNNING = "running", "wird erstellt"
    DONE = "done", "fertig"
    FAILED = "failed", "gescheitert"

    @property
    def tone(self) -> str:
        return {State.DONE: "done", State.FAILED: "late"}.get(self, "")


UNDER_WAY = (State.WAITING, State.RUNNING)


class Format(models.TextChoices):
    XLSX = "xlsx", "Excel (XLSX)"
    CSV = "csv", "CSV"
    PDF = "pdf", "PDF"


class ExportQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(access.visible_exports(user))

    def to_do(self):
        """What waits, and what somebody began and has not been heard of since."""
        return self.filter(
            Q(state=State.WAITING) | Q(state=State.RUNNING, beat_at__lt=workdays.now() - SILENCE)
        ).order_by("pk")

    def under_way(self):
        return self.filter(state__in=UNDER_WAY)

    def over(self):
        """What has lain there long enough."""
        return self.exclude(state__in=UNDER_WAY).filter(state_since__lt=workdays.now() - KEPT)


class Export(models.Model):
    """`file` is where the kept file lies (kim.files), `suffix` what it is: several tables as CSV make a zip."""

    by = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", verbose_name="von")
    what = models.CharField("Inhalt", max_length=30)
    title = models.CharField("Titel", max_length=160)
    asked = models.JSONField("Auswahl", default=dict)
    format = models.CharField("Format", max_length=4, choices=Format)
    state = models.CharField("Stand", max_length=8, choices=State, default=State.WAITING)
    done = models.PositiveIntegerField("Zeilen geschrieben", default=0)
    total = models.PositiveIntegerField("Zeilen insgesamt", default=0)
    file = models.CharField("Datei", max_length=80, blank=True)
    suffix = models.CharField("Endung", max_length=4, blank=True)
    size = models.PositiveIntegerField("Größe in Byte", default=0)
    attempts = models.PositiveSmallIntegerField("Versuche", default=0)
    error = models.CharField("Grund", max_length=200, blank=True)
    created_at = models.DateTimeField("angefordert", default=workdays.now)
    state_since = models.DateTimeField("seit", default=workdays.now)
    #: Who makes it now, by a mark nobody else has; and when they were last heard of.
    claim = models.CharField(max_length=16, blank=True)
    beat_at = models.DateTimeField(null=True, blank=True)

    objects = ExportQuerySet.as_manager()

    class Meta:
        verbose_name = "Export"
        ordering = ["-pk"]
        constraints = [
            known_choice("reports_export", "format", Format),
            known_choice("reports_export", "state", State),
            models.CheckConstraint(name="reports_export_done_has_file", condition=~Q(state="done") | ~Q(file="")),
            models.CheckConstraint(
                name="reports_export_running_is_claimed",
                condition=~Q(state="running") | (~Q(claim="") & Q(beat_at__isnull=False)),
            ),
        ]
        indexes = [
            models.Index(fields=["by", "-id"]),
            models.Index(
                fields=["state", "id"], name="reports_export_to_do", condition=Q(state__in=["waiting", "running"])
            ),
        ]

    def __str__(self):
        return f"{self.title} ({self.get_format_display()})"

    def get_absolute_url(self):
        return address("reports:export_detail", self.pk)

    @property
    def is_under_way(self) -> bool:
        return self.state in UNDER_WAY

    @property
    def tone(self) -> str:
        return State(self.state).tone

    @property
    def made_on(self) -> dt.date:
        """The day it came to its present state: of one that is done, the day it was made."""
        return self.state_since.astimezone(workdays.BERLIN).date()

    @property
    def gone_on(self) -> dt.date:
        """From this day on it may be deleted."""
        return (self.state_since + KEPT).astimezone(workdays.BERLIN).date()

    # By people

    @classmethod
    @transaction.atomic
    def ask(cls, *, by, what, title, asked, format) -> "Export":
        """The row for what is to be made; where the same is under way already, that one."""
        User.objects.select_for_update(of=("self",)).get(pk=by.pk)  # two clicks make one row
        under_way = list(cls.objects.visible_to(by).under_way())
        for one in under_way:
            if (one.what, one.asked, one.format) == (what, asked, format):
                return one
        if len(under_way) >= MOST_WAITING:
            raise StepRefused(f"Es warten schon {MOST_WAITING} Dateien. Bitte warten Sie, bis die erste fertig ist.")
        made = cls.objects.create(by=by, what=what, title=title, asked=asked, format=format)
        trail.record("export.ask", made, by=by, note=f"{format.upper()}, {title}"[:200])
        return made

    @transaction.atomic
    def again(self, *, by) -> None:
        """Try once more what failed."""
        self._own(by)
        if self.state != State.FAILED:
            raise StepRefused("Noch einmal erstellen lässt sich nur, was gescheitert ist.")
        self.attempts, self.error = 0, ""
        self._be(State.WAITING)
        trail.record("export.again", self, by=by)

    @transaction.atomic
    def drop(self, *, by) -> None:
        """Row and file go; whoever is making it notices and stops."""
        self._own(by)
        trail.record("export.drop", self, by=by)
        self.delete()

    @transaction.atomic
    def fetch(self, *, by):
        """Its content in pieces, which goes to the trail. Raises FileDamaged, StepRefused."""
        if self.state != State.DONE:
            raise StepRefused("Diese Datei ist noch nicht fertig.")
        files.check(self.file)
        trail.record("export.fetch", self, by=by, note=f"{self.format.upper()}, {self.title}"[:200])
        return files.read(self.file)

    def _own(self, by) -> None:
        """Raises Export.DoesNotExist where it is not (any more) one's own."""
        self.refresh_from_db(from_queryset=Export.objects.visible_to(by).select_for_update(of=("self",)))

    # By the background

    @classmethod
    @transaction.atomic
    def take(cls, pk: int) -> "Export | None":
        """Claim what is to do; None where somebody else has it or nothing is owed any more.

        What was begun so often and never came to an end is given up.
        """
        found = cls.objects.to_do().select_for_update(of=("self",)).filter(pk=pk).first()
        if found is None:
            return None
        if found.attempts >= ATTEMPTS:
            found.error = GAVE_UP
            found._be(State.FAILED)
            return None
        found.attempts += 1
        found.done, found.claim, found.beat_at = 0, secrets.token_hex(8), workdays.now()
        found._be(State.RUNNING)
        return found

    def tell(self, **numbers: int) -> bool:
        """Say how far it is; whether it is still ours to make."""
        return bool(self._ours().update(beat_at=workdays.now(), **numbers))

    @transaction.atomic
    def arrive(self, kept: files.Kept, suffix: str, rows: int) -> bool:
        """It is made. False where it has been dropped, or taken over by somebody else: then the file is not wanted."""
        ended = self._ours().update(
            state=State.DONE, state_since=workdays.now(), file=kept.name, size=kept.size, suffix=suffix,
            done=rows, total=rows, error="", claim="", beat_at=None,
        )  # fmt: skip
        if ended:
            note = f"{self.format.upper()}, {self.title}"[:200]
            trail.record("export.make", self, by=None, on_behalf_of=self.by, note=note)
        return bool(ended)

    def fail(self, words: str) -> None:
        """It cannot be made; `words` say why and what to do."""
        self._ours().update(state=State.FAILED, state_since=workdays.now(), error=words[:200], claim="", beat_at=None)

    def put_back(self) -> None:
        """Something broke: another try, or the end after the last."""
        if self.attempts >= ATTEMPTS:
            self.fail(GAVE_UP)
        else:
            self._ours().update(state=State.WAITING, state_since=workdays.now(), claim="", beat_at=None)

    def _ours(self):
        return Export.objects.filter(pk=self.pk, state=State.RUNNING, claim=self.claim)

    def _be(self, state) -> None:
        self.state, self.state_since = state, workdays.now()
        if state != State.RUNNING:
            self.claim, self.beat_at = "", None
        self.save()


@receiver(post_delete, sender=Export, dispatch_uid="reports.export.file")
def forget_file(sender, instance, **kwargs):
    """However a row goes, its file goes after it, never before."""
    if name := instance.file:
        transaction.on_commit(lambda: files.remove(name))


def _wanted(beginning: str):
    return Export.objects.filter(file__startswith=beginning).values_list("file", flat=True)


files.keeper("reports", _wanted)
