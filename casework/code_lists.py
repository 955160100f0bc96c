"""Code lists in the hands of the administration: nothing that was used is deleted, every change is dated."""

import datetime as dt

from django.db import transaction
from django.db.models import Q

from casework import access
from casework.models.cases import STRUCTURALLY_BLOCKED
from casework.models.consents import CASE_MANAGEMENT, TO_AUTHORITY
from casework.models.consultations import INTERPRETER_MISSING
from kim import trail, workdays
from kim.models import Code
from kim.rules import demand
from kim.workflow import StepRefused

#: Keys the program itself asks for: they may be renamed, but never end.
NEEDED = {
    (Code.List.CONSENT_PURPOSE, CASE_MANAGEMENT),
    (Code.List.CONSENT_PURPOSE, TO_AUTHORITY),
    (Code.List.CONSENT_PURPOSE, "KONFERENZ"),
    (Code.List.CLOSING_REASON, STRUCTURALLY_BLOCKED),
    (Code.List.INTERPRETER, INTERPRETER_MISSING),
}


def is_needed(row: Code) -> bool:
    return (row.list, row.code) in NEEDED


@transaction.atomic
def add(*, by, which: str, code: str, label: str, short: str, position: int, valid_from: dt.date) -> Code:
    """A new entry from a day on; raises StepRefused while an entry with this key holds on or after it."""
    demand(access.keeps_codes, by)
    _be_from_today(valid_from)
    later = Q(valid_until__isnull=True) | Q(valid_until__gt=valid_from)
    if there := Code.objects.filter(later, list=which, code__iexact=code).first():
        raise StepRefused(f"Den Schlüssel {there.code} gibt es in dieser Liste schon: „{there.label}“, {there.span}.")
    made = Code.objects.create(
        list=which, code=code, label=label, short=short, position=position, valid_from=valid_from
    )
    _on_record("code.add", made, by)
    return made


@transaction.atomic
def change(row: Code, *, by, label: str, short: str, position: int, valid_from: dt.date) -> Code:
    """From a day on the entry reads otherwise: the old row ends and stays with everything that names it."""
    demand(access.keeps_codes, by)
    row = Code.objects.select_for_update(of=("self",)).get(pk=row.pk)
    _be_from_today(valid_from)
    if valid_from < row.valid_from:
        raise StepRefused(f"Dieser Eintrag gilt erst ab dem {row.valid_from:%d.%m.%Y}.")
    if row.valid_until:
        raise StepRefused(f"Dieser Eintrag endet schon am {row.last_day:%d.%m.%Y}. Bitte ändern Sie den neueren.")
    if (row.label, row.short, row.position) == (label, short, position):
        raise StepRefused("Sie haben nichts geändert.")
    if valid_from == row.valid_from:  # corrected on its first day, before or while it begins to be used
        row.label, row.short, row.position = label, short, position
        row.save()
        made = row
    else:
        row.valid_until = valid_from
        row.save()
        made = Code.objects.create(
            list=row.list, code=row.code, label=label, short=short, position=position, valid_from=valid_from
        )
    _on_record("code.change", made, by)
    return made


@transaction.atomic
def end(row: Code, *, by, last_day: dt.date) -> None:
    """No longer offered after `last_day`; what names it keeps it."""
    demand(access.keeps_codes, by)
    row = Code.objects.select_for_update(of=("self",)).get(pk=row.pk)
    if is_needed(row):
        raise StepRefused("Diesen Eintrag braucht das Programm selbst. Er lässt sich umbenennen, aber nicht beenden.")
    if row.valid_until:
        raise StepRefused(f"Dieser Eintrag endet schon am {row.last_day:%d.%m.%Y}.")
    if last_day < max(workdays.today(), row.valid_from):
        raise StepRefused("Bitte nennen Sie einen Tag ab heute, an dem der Eintrag schon gilt.")
    row.valid_until = last_day + dt.timedelta(days=1)
    row.save()
    _on_record("code.end", row, by)


def _be_from_today(day):
    if day < workdays.today():
        raise StepRefused("Eine Änderung gilt frühestens ab heute.")


def _on_record(act, row, by):
    trail.record(act, row, by=by, note=f"{row.get_list_display()}: {row.code}")
