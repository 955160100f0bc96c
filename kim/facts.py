"""Facts: rows nobody overwrites. Each is entered, corrected, changed from a day on, ended or withdrawn by somebody.

What was believed before stays, marked with the moment until which it was believed (kim.dated.Known). Every act is one
transaction with its trail row. Raises StepRefused or ValidationError with a sentence for the user.
"""

import datetime as dt
from collections.abc import Collection
from typing import Any, ClassVar, Self

from django.db import IntegrityError, connection, models, transaction
from django.db.models.expressions import RawSQL

from kim import trail, workdays
from kim.dated import DatedQuerySet, Known
from kim.workflow import OutOfTurn, StepRefused

FOREVER = dt.date.max
#: Ids of everything one row replaces and is replaced by.
_CHAIN = """
WITH RECURSIVE back(id) AS (SELECT CAST(%s AS bigint) UNION SELECT f.replaces_id FROM facts f JOIN back b ON f.id = b.id
WHERE f.replaces_id IS NOT NULL), forth(id) AS (SELECT CAST(%s AS bigint) UNION SELECT f.id FROM facts f
JOIN forth b ON f.replaces_id = b.id) SELECT id FROM back UNION SELECT id FROM forth
"""


class FactQuerySet(DatedQuerySet):
    def believed(self, moment: dt.datetime | None = None):
        """What holds as known now, or what was known at `moment`."""
        return self.filter(known_until__isnull=True) if moment is None else self.known_on(moment)

    def within(self, first: dt.date, until: dt.date):
        """Valid on some day of a half-open interval."""
        return self.filter(valid_from__lt=until).exclude(valid_until__lte=first)

    def versions_of(self, pk: int) -> list:
        """The row `pk`, all it replaces and all that replaces it, the latest first; one query however many."""
        chain = _CHAIN.replace("facts", connection.ops.quote_name(self.model._meta.db_table))
        of_chain = RawSQL(chain, (pk, pk))  # noqa: S611, the name of our own table and two numbers
        rows: dict[int | None, Any] = {getattr(row, "replaces_id", None): row for row in self.filter(pk__in=of_chain)}
        found: list = []
        while (row := rows.get(found[0].pk if found else None)) is not None:
            found.insert(0, row)
        return found


class Fact(Known):
    #: Of believed rows alike in these fields only one may hold on any day.
    ALONE: ClassVar[tuple[str, ...]] = ()
    #: What the user reads when two would; `{other}` is the span of the one that is there.
    OVERLAPS: ClassVar[str] = "Für diese Zeit gibt es schon einen Eintrag ({other}). Bitte berichtigen Sie ihn."
    #: Free texts, as the page and the privacy gate call them: field → label.
    TEXTS: ClassVar[dict[str, str]] = {"source": "Beleg"}

    source = models.CharField("Beleg", max_length=200, blank=True)
    by = models.ForeignKey("kim.User", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    replaces = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="replaced_by", editable=False
    )
    withdrawn_because = models.CharField("zurückgenommen, weil", max_length=200, blank=True)

    objects: ClassVar = FactQuerySet.as_manager()

    class Meta(Known.Meta):
        abstract = True

    # Questions

    @property
    def is_believed(self) -> bool:
        return self.known_until is None

    def why_not(self) -> str:
        """Why this row cannot be true beside the others, as a sentence; "" when it can. Facts add their own."""
        if other := self.beside().first() if self.ALONE else None:
            return self.OVERLAPS.format(other=other.span)
        return ""

    def beside(self):
        """Other believed rows, alike in ALONE, that hold on a day this one holds on."""
        alike = {name: getattr(self, f"{name}_id", None) or getattr(self, name) for name in self.ALONE}
        rows = type(self)._default_manager.believed().filter(**alike).exclude(pk=self.pk)
        return rows.within(self.valid_from, self.valid_until or FOREVER).order_by("valid_from")

    def history(self) -> list["Fact"]:
        """This row and those it replaces, the latest first."""
        found: list[Fact] = [self]
        row: Fact | None = self.replaces
        while row is not None:
            found.append(row)
            row = row.replaces
        return found

    # Acts

    @classmethod
    @transaction.atomic
    def enter(cls, *, by, known_from: dt.datetime | None = None, note: str = "", **told) -> Self:
        """A new fact, known from now on, or from the moment a paper told it."""
        row = cls(**told, by=by, known_from=known_from or workdays.now())
        return row._believe("enter", by, note)

    @transaction.atomic
    def correct(self, *, by, note: str = "", **told) -> Self:
        """What this row should have said all along. Answers with the row that is believed from now on."""
        row = self._outdated()
        return row._next(by, told)._believe("correct", by, note)

    @transaction.atomic
    def change_from(self, day: dt.date, *, by, note: str = "", **told) -> Self:
        """From `day` on something else holds; until then it stays as it was. Answers with the later row."""
        if not self.holds_on(day) or day == self.valid_from:
            if day == self.valid_from:
                return self.correct(by=by, note=note, **told)
            raise StepRefused(f"Der {day:%d.%m.%Y} liegt nicht in der Zeit {self.span}. Bitte einen Tag darin wählen.")
        row = self._outdated()
        later = row._next(None, {**told, "valid_from": day})
        later.replaces, later.by = None, by
        row._next(by, {"valid_until": day})._believe("change", by, note)
        return later._believe("change", by, note)

    @transaction.atomic
    def end(self, last_day: dt.date, *, by, note: str = "") -> Self:
        """`last_day` is the last day on which it holds."""
        if last_day < self.valid_from:
            raise StepRefused(f"Das Ende liegt vor dem Anfang am {self.valid_from:%d.%m.%Y}. Bitte ein späterer Tag.")
        row = self._outdated()
        return row._next(by, {"valid_until": last_day + dt.timedelta(days=1)})._believe("end", by, note)

    @transaction.atomic
    def withdraw(self, *, by, because: str, note: str = "") -> Self:
        """It was never so."""
        row = self._outdated(withdrawn_because=because)
        trail.record(f"{row._meta.model_name}.withdraw", row, by=by, note=note)
        return row

    @transaction.atomic
    def retell(self, moment: dt.datetime, **told) -> Self:
        """A paper says something else, known from `moment`, or from now on where this row is younger than the paper.
        Whoever loads it writes the trail.
        """
        row = self._outdated(at=moment if moment > self.known_from else None)
        return row._next(None, told).settle()

    def settle(self) -> Self:
        """Checked and saved, or refused; without a trail row."""
        self.clean_fields(exclude=self._foreign())
        self.validate_constraints()
        if reason := self.why_not():
            raise StepRefused(reason)
        try:
            with transaction.atomic():
                self.save(force_insert=True)
        except IntegrityError as error:  # somebody was faster, or the database knows better
            reason = self.why_not()
            raise StepRefused(
                reason or "Das widerspricht einem anderen Eintrag. Bitte prüfen Sie die Zeiten."
            ) from error
        return self

    # Inside

    def _outdated(self, at: dt.datetime | None = None, **more) -> Self:
        """The row, locked, and no longer believed."""
        row = type(self)._base_manager.select_for_update(of=("self",)).get(pk=self.pk)
        if row.known_until is not None:
            raise OutOfTurn("Dieser Eintrag wurde inzwischen geändert. Bitte sehen Sie sich den neuen Stand an.")
        row.known_until = max(at or workdays.now(), row.known_from + dt.timedelta(microseconds=1))
        for name, value in more.items():
            setattr(row, name, value)
        row.save()
        return row

    def _next(self, by, told: dict[str, Any]) -> Self:
        kept = {
            field.attname: getattr(self, field.attname)
            for field in self._meta.concrete_fields
            if field.name not in {"id", "known_from", "known_until", "by", "replaces", "withdrawn_because"}
        }
        row = type(self)(**kept, by=by, replaces=self, known_from=self.known_until)
        for name, value in told.items():
            setattr(row, name, value)
        return row

    def _believe(self, act: str, by, note: str) -> Self:
        self.settle()
        trail.record(f"{self._meta.model_name}.{act}", self, by=by, note=note)
        return self

    def _foreign(self) -> Collection[str]:
        """Objects we were handed need not be looked up once more."""
        return {field.name for field in self._meta.concrete_fields if field.is_relation}
