"""The status report („Sachstandsbericht“) for a committee: drawn up, written, released by another, and then frozen."""

import datetime as dt
import hashlib
import json
from typing import Any

from django.db import models, transaction
from django.db.models import F, Q
from django.utils.functional import cached_property

from kim import outages, trail, workdays
from kim.addresses import address
from kim.dated import known_choice
from kim.files import Kept, check, keep, keeper, read, remove
from kim.models import Role, User
from kim.models.people import with_role
from kim.notices import Telling, once_each, tell
from kim.numbers import YearlyNumbers
from kim.rules import demand
from kim.workflow import OutOfTurn, StepRefused
from reports import access
from steering.models.gate import noted, pass_gate

#: What is no part of the comparison between what was filled in and what would be now: it says when, not what.
_ASIDE = ("known_at",)
CHANGED_SINCE = (
    "Seit dieser Bericht gezählt wurde, haben sich Angaben geändert. Bitte neu zählen, die Texte daran prüfen und dann "
    "freigeben."
)


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
    #: Whether a new count keeps the moment of knowledge, as a report about what was known on some day does.
    keeps_knowledge = models.BooleanField("das Wissen eines bestimmten Tages", default=False)
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
    counted_at = models.DateTimeField("gezählt", default=workdays.now)
    dropped_at = models.DateTimeField("verworfen", null=True, blank=True)
    dropped_because = models.CharField("verworfen, weil", max_length=200, blank=True)

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
    def standing(self) -> str:
        return "freigegeben" if self.is_released else "Entwurf" if self.is_draft else "verworfen"

    @property
    def known_on(self) -> dt.date:
        return self.known_at.astimezone(workdays.BERLIN).date()

    @property
    def author_ids(self) -> set[int]:
        """Who drew it up and everybody who ever wrote in it."""
        return {self.drawn_up_by_id, *(pk for one in self.texts.all() for pk in one.writer_ids)}

    @property
    def sections(self) -> list[dict[str, Any]]:
        """As they were filled in (reports.status), in order."""
        return self.data["sections"]

    @cached_property
    def written(self) -> dict[str, str]:
        """What the office wrote, by the key of its section; the empty ones, too."""
        return {one.key: one.text for one in self.texts.all()}

    @property
    def unwritten(self) -> list[dict[str, Any]]:
        """Sections without a word of the office."""
        return [one for one in self.sections if not self.written.get(one["key"])]

    @property
    def is_intact(self) -> bool:
        """Data and texts are those that were released."""
        return self.digest == self._sum()

    @property
    def about(self) -> str:
        """„Stand 16.03.2022, zur Sitzung am 16.03.2022“; for notices and headings."""
        meeting = f", zur Sitzung am {self.meeting_on:%d.%m.%Y}" if self.meeting_on else ""
        return f"Stand {self.valid_on:%d.%m.%Y}{meeting}"

    def previous_released(self) -> "StatusReport | None":
        """The last one released about this day or an earlier one."""
        others = StatusReport.objects.released().filter(valid_on__lte=self.valid_on).exclude(pk=self.pk)
        return others.order_by("-valid_on", "-released_at", "-pk").first()

    def gathered(self) -> dict[str, Any]:
        """What it would be filled with now, with what it knew where it keeps that."""
        from reports import gathering  # it reads the models of all apps

        known_at = self.known_at if self.keeps_knowledge else workdays.now()
        return gathering.gathered(self.valid_on, known_at, self.meeting_on, self.previous_released())

    def as_known_now(self) -> dict[str, Any]:
        """The same day and meeting, told as all of it is known now."""
        from reports import gathering

        return gathering.again(self, workdays.now())

    def why_not_released(self, now: dict[str, Any] | None = None) -> str:
        """What stands against a release, as a sentence; "" when nothing does. Who may is another question."""
        if not any(self.written.values()):
            return "In diesem Bericht steht noch kein Text. Bitte schreiben Sie wenigstens die Vorbemerkungen."
        return CHANGED_SINCE if self.differs_from(now or self.gathered()) else ""

    def differs_from(self, now: dict[str, Any]) -> bool:
        """Whether this is filled with anything else than `now`, all sections counted."""
        return _compared(now) != _compared(self.data)

    # Acts

    @classmethod
    @transaction.atomic
    def draw_up(
        cls, *, by, valid_on: dt.date, committee: str, title: str, known_at: dt.datetime | None = None,
        meeting_on: dt.date | None = None, confirmed=frozenset(),
    ) -> "StatusReport":  # fmt: skip
        """A draft filled with figures and tables. Without `known_at` it tells what is known whenever it is counted."""
        demand(access.writes_reports, by)
        if valid_on > workdays.today():
            raise StepRefused("Der Stand liegt in der Zukunft. Bitte höchstens den heutigen Tag angeben.")
        vouched = pass_gate({"Titel": title, "Gremium": committee}, by=by, confirmed=confirmed)
        made = cls(
            valid_on=valid_on, known_at=known_at or workdays.now(), keeps_knowledge=known_at is not None,
            meeting_on=meeting_on, committee=committee, title=title, drawn_up_by=by,
        )  # fmt: skip
        made._fill()
        made.full_clean()
        made.save()
        made._have_texts()
        trail.record("statusreport.draw_up", made, by=by, note=noted(made.about, vouched))
        return made

    @transaction.atomic
    def recount(self, *, by) -> "StatusReport":
        """Figures, tables and what differs from the report before, anew. Texts stay."""
        demand(access.writes_reports, by)
        row = self._draft()
        row._fill()
        row.save(update_fields=["data", "known_at", "counted_at", "previous"])
        row._have_texts()
        trail.record("statusreport.recount", row, by=by)
        return row

    @transaction.atomic
    def write(self, key: str, text: str, *, by, confirmed=frozenset()) -> None:
        """The text of one section. Two windows: the page compares within this transaction (kim.editing)."""
        demand(access.writes_reports, by)
        row = self._draft()
        there = row.texts.select_for_update().filter(key=key).first()
        if there is None:
            raise StepRefused("Diesen Abschnitt gibt es in diesem Bericht nicht.")
        if there.text == text:
            return
        title = row.title_of(key)
        vouched = pass_gate({"Text": text}, by=by, confirmed=confirmed)
        there.text, there.changed_by, there.changed_at = text, by, workdays.now()
        there.writer_ids = sorted({*there.writer_ids, by.pk})
        there.save()
        trail.record("statusreport.write", row, by=by, note=noted(title, vouched))

    @transaction.atomic
    def drop(self, *, by, because: str, confirmed=frozenset()) -> None:
        """A draft that is not to be released. It stays, with the reason."""
        demand(access.writes_reports, by)
        row = self._draft()
        vouched = pass_gate({"Begründung": because}, by=by, confirmed=confirmed)
        row.dropped_at, row.dropped_because = workdays.now(), because
        row.save(update_fields=["dropped_at", "dropped_because"])
        trail.record("statusreport.drop", row, by=by, note=vouched)

    def release(self, *, by) -> "StatusReport":
        """Four eyes: by somebody who wrote nothing in it. Numbered, made into files, told of, and never changed."""
        kept: list[Kept] = []
        try:
            with transaction.atomic():
                row = self._draft()
                demand(access.releases_report, by, row)
                if reason := row.why_not_released():
                    raise StepRefused(reason)
                year = workdays.today().year
                row.number = f"S-{year}-{ReportNumbers.next_in(year):03}"
                row.released_at, row.released_by = workdays.now(), by
                row.digest = row._sum()
                row._keep_files(kept)
                row.save(update_fields=["number", "released_at", "released_by", "digest"])
                left = trail.record("statusreport.release", row, by=by, note=row.number)
                tell(row.tellings(by), key=f"statusreport:{left.pk}", url=row.get_absolute_url())
        except BaseException as error:
            if not outages.may_have_been_kept(error):
                for one in kept:
                    remove(one.name)
            raise
        return row

    def tellings(self, by: User | None = None) -> list[Telling]:
        """Who learns of the release: those who read such reports, without `by`. Shown before, written with it."""
        text = f"{self.title}: {self.about}."
        readers = ((Role.STEERING_GROUP, "Lenkungsgruppe"), (Role.COORDINATION, "Koordinierung"),
                   (Role.STRATEGIC_OFFICE, "Geschäftsstelle"))  # fmt: skip
        name = f"Sachstandsbericht {self.number}" if self.number else "Neuer Sachstandsbericht"
        told = [Telling(role, words, tuple(with_role(role)), f"{name} liegt vor", text) for role, words in readers]
        return once_each(told, without=by)

    def title_of(self, key: str) -> str:
        return next((one["title"] for one in self.sections if one["key"] == key), key)

    def _fill(self) -> None:
        self.previous = self.previous_released()
        self.counted_at = workdays.now()
        if not self.keeps_knowledge:
            self.known_at = self.counted_at
        self.data = self.gathered()

    def _have_texts(self) -> None:
        """An empty text for each section that has none."""
        there = set(self.texts.values_list("key", flat=True))
        keys = [one["key"] for one in self.sections if one["key"] not in there]
        self.texts.bulk_create(ReportText(report=self, key=key, changed_by=None) for key in keys)

    def _sum(self) -> str:
        """SHA-256 over dates, data and texts, in one fixed form."""
        told = {
            "number": self.number, "title": self.title, "committee": self.committee,
            "meeting_on": str(self.meeting_on or ""), "valid_on": str(self.valid_on),
            "known_at": self.known_at.astimezone(dt.UTC).isoformat(), "data": self.data, "texts": self.written,
        }  # fmt: skip
        return hashlib.sha256(json.dumps(told, sort_keys=True, ensure_ascii=False).encode()).hexdigest()

    def _keep_files(self, kept: list[Kept]) -> None:
        """PDF and DOCX as they are released; what is kept on the disk goes into `kept` at once."""
        from reports import status_files

        paper = status_files.Paper.of(self)
        for kind, made in ((FileKind.PDF, status_files.pdf), (FileKind.DOCX, status_files.docx)):
            try:
                one = keep([made(paper)])
            except OSError as error:
                raise StepRefused(
                    "Die Dateien ließen sich nicht ablegen, der Speicherplatz des Servers reicht vielleicht nicht. "
                    "Bitte wenden Sie sich an die Verwaltung."
                ) from error
            kept.append(one)
            self.files.create(kind=kind, name=one.name, size=one.size, sha256=one.sha256)

    def _draft(self) -> "StatusReport":
        """This row, locked; refused where it is a draft no more."""
        row = type(self)._base_manager.select_for_update(of=("self",)).get(pk=self.pk)
        if not row.is_draft:
            raise OutOfTurn(f"Dieser Bericht ist schon {row.standing}.")
        return row


def _compared(data: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in data.items() if key not in _ASIDE}


class ReportText(models.Model):
    """What the office writes in one section; `key` is that of the section (reports.status)."""

    report = models.ForeignKey(StatusReport, on_delete=models.PROTECT, related_name="texts")
    key = models.CharField("Abschnitt", max_length=20)
    text = models.TextField("Text", max_length=8000, blank=True)
    changed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    changed_at = models.DateTimeField(default=workdays.now)
    #: Everybody who ever wrote here: none of them releases the report.
    writer_ids = models.JSONField("geschrieben von", default=list)

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

    @property
    def file_name(self) -> str:
        """What it is called when it leaves: the number of its report."""
        return f"Sachstandsbericht-{self.report.number}.{self.kind}"

    @transaction.atomic
    def open(self, *, by):
        """Its content in pieces, which goes to the trail. Raises FileDamaged if any of it cannot be read."""
        check(self.name)
        trail.record("statusreport.file", self.report, by=by, note=self.get_kind_display())
        return read(self.name)


def _wanted(beginning: str):
    return ReportFile.objects.filter(name__startswith=beginning).values_list("name", flat=True)


def _sums(beginning: str):
    return ReportFile.objects.filter(name__startswith=beginning).values_list("name", "sha256")


keeper("status_reports", _wanted, _sums)
