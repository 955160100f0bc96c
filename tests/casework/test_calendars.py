"""What casework puts into a calendar: that there is a case conference, and not of whom."""

import datetime as dt

import pytest
from django.urls import reverse

from casework.models import Conference
from kim import calendar_feeds, workdays
from kim.calendars import entries_of, uid_of
from kim.models import User
from tests.casework.factories import case, case_manager
from tests.factories import county

pytestmark = pytest.mark.django_db


def found(person) -> dict:
    return {entry.uid: entry for entry in entries_of(User.objects.get(pk=person.pk))}


def test_a_case_conference_is_the_word_and_the_day(client):
    county()
    owner = case_manager()
    one = case(by=owner)
    day = workdays.today() + dt.timedelta(days=4)
    conference = Conference.plan(one, by=owner, held_on=day, place="Jobcenter, Zimmer 4")
    entry = found(owner)[uid_of(f"conference-{conference.pk}")]
    assert (entry.start, entry.summary, entry.url, entry.location) == (day, "Fallkonferenz", "", "")
    token = calendar_feeds.renew(by=owner, seen=0)
    written = client.get(reverse("kim:calendar_feed", args=[token])).text
    assert "Fallkonferenz" in written
    for word in (one.number, "Jobcenter", *str(one.client.identity).split()):
        assert word not in written
    assert not found(case_manager()), "of a colleague"
