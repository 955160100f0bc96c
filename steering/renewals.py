"""Agreements that end: by when the office should have cleared whether they go on."""

import datetime as dt
from collections.abc import Iterator

from django.db.models import Exists, OuterRef

from kim.dated import months_after
from steering.contacts import answering
from steering.duties import Duty, source
from steering.models import Agreement

#: The longest time before its end at which an agreement asks to be renewed, in months (see its constraint).
LONGEST = 36


@source("agreement")
def agreements_to_renew(until: dt.date) -> Iterator[Duty]:
    """Every version with an end that none follows, until somebody signs the next or says that there will be none."""
    later = Agreement.objects.filter(municipality=OuterRef("municipality"), valid_from__gt=OuterRef("valid_from"))
    # One month more than that: the last day of a month before a longer one lies earlier than it is counted here.
    ending = Agreement.objects.filter(valid_until__lte=months_after(until, LONGEST + 1), ended_because="")
    open_ones = ending.exclude(Exists(later)).select_related("municipality").order_by("pk")
    due = [(one, day) for one in open_ones if (day := one.renew_on) and day <= until]
    if not due:
        return
    contacts = answering()
    for one, day in due:
        yield Duty(
            key=f"agreement:{one.pk}",
            due_on=day,
            subject=f"Kooperationsvereinbarung {one.municipality}",
            words="Verlängerung klären",
            url=one.get_absolute_url(),
            people=frozenset(person.pk for person in contacts(one.municipality)),
        )
