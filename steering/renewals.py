"""Agreements that end: by when the office should have cleared whether they go on."""

import datetime as dt
from collections.abc import Iterator

from django.db.models import Exists, F, OuterRef

from kim.models import Municipality
from steering import contacts
from steering.duties import Duty, source
from steering.models import Agreement


def _sets():
    """Every version with an end that none follows, until somebody signs the next or says that there will be none."""
    later = Agreement.objects.filter(municipality=OuterRef("municipality"), valid_from__gt=OuterRef("valid_from"))
    ending = Agreement.objects.filter(valid_until__isnull=False, ended_because="").exclude(Exists(later))
    told = {"place": F("municipality__name"), "bank": F("municipality__bank")}
    rows = ending.order_by("pk").only("municipality", "valid_until", "renew_months")
    return {"ending_agreements": rows.annotate(**told), **contacts.sets()}


@source("agreement", sets=_sets)
def agreements_to_renew(until: dt.date, read: dict) -> Iterator[Duty]:
    for one in read["ending_agreements"]:
        if one.renew_on <= until:
            answering = contacts.among(read, Municipality(pk=one.municipality_id, bank=one.bank))
            yield Duty(
                key=f"agreement:{one.pk}",
                due_on=one.renew_on,
                subject=f"Kooperationsvereinbarung {one.place}",
                words="Verlängerung klären",
                url=one.get_absolute_url(),
                people=frozenset(person.pk for person in answering),
            )
