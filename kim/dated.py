"""Rows that are true from a day until a day, and that were known from a moment until a moment.

Intervals are half-open: `valid_from` is the first day, `valid_until` the first day on which the row no longer
holds (None: open end). People read them inclusive: „vom 01.07. bis 31.12.“.
"""

import calendar
import datetime as dt

from django.db import models
from django.db.models import F, Q

from kim import workdays
from kim.together import Slot


def valid_on(day: dt.date | Slot | F, prefix: str = "") -> Q:
    """Which rows hold on `day` (a slot, a row outside); `prefix` like "memberships__" reaches through relations."""
    return Q(**{f"{prefix}valid_from__lte": day}) & (
        Q(**{f"{prefix}valid_until__isnull": True}) | Q(**{f"{prefix}valid_until__gt": day})
    )


def known_on(moment: dt.datetime) -> Q:
    """Which rows were believed at `moment`."""
    return Q(known_from__lte=moment) & (Q(known_until__isnull=True) | Q(known_until__gt=moment))


def inclusive(first: dt.date, until: dt.date | None) -> str:
    """A half-open interval as people say it: „ab 01.07.2020“ or „01.07.2020 bis 31.12.2020“."""
    if until is None:
        return f"ab {first:%d.%m.%Y}"
    last = until - dt.timedelta(days=1)
    return f"{first:%d.%m.%Y}" if last == first else f"{first:%d.%m.%Y} bis {last:%d.%m.%Y}"


def months_after(day: dt.date, months: int) -> dt.date:
    """The same day so many months later; where the month has no such day, its last one (§ 188 Abs. 3 BGB)."""
    years, month = divmod(day.month - 1 + months, 12)
    last = calendar.monthrange(day.year + years, month + 1)[1]
    return day.replace(year=day.year + years, month=month + 1, day=min(day.day, last))


def known_choice(table: str, field: str, choices, *, empty=False) -> models.CheckConstraint:
    """The database holds nothing but these choices or values in a column (and "" where it may be `empty`)."""
    values = [*getattr(choices, "values", choices), *([""] if empty else [])]
    return models.CheckConstraint(name=f"{table}_{field}_known", condition=Q(**{f"{field}__in": values}))


class DatedQuerySet(models.QuerySet):
    def valid_on(self, day=None):
        return self.filter(valid_on(day or workdays.today()))

    def known_on(self, moment=None):
        return self.filter(known_on(moment or workdays.now()))


class Dated(models.Model):
    valid_from = models.DateField("gültig ab")
    valid_until = models.DateField("gültig bis (ausschließlich)", null=True, blank=True)

    objects = DatedQuerySet.as_manager()

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                name="%(app_label)s_%(class)s_ends_after_it_starts",
                condition=Q(valid_until__isnull=True) | Q(valid_until__gt=F("valid_from")),
                violation_error_message="Das Ende muss nach dem Anfang liegen.",
            )
        ]

    @property
    def last_day(self) -> dt.date | None:
        return self.valid_until - dt.timedelta(days=1) if self.valid_until else None

    @property
    def span(self) -> str:
        return inclusive(self.valid_from, self.valid_until)

    def holds_on(self, day) -> bool:
        return self.valid_from <= day and (self.valid_until is None or day < self.valid_until)


class Known(Dated):
    """A dated row whose correction is a new row: the old one stays, marked as no longer believed."""

    known_from = models.DateTimeField("bekannt ab", default=workdays.now)
    known_until = models.DateTimeField("bekannt bis", null=True, blank=True)

    class Meta(Dated.Meta):
        abstract = True
        constraints = [
            *Dated.Meta.constraints,
            models.CheckConstraint(
                name="%(app_label)s_%(class)s_known_until_after_from",
                condition=Q(known_until__isnull=True) | Q(known_until__gt=F("known_from")),
            ),
        ]
