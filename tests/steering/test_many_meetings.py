"""Five thousand meetings with a hundred thousand items: pages ask no more questions than with a handful."""

import datetime as dt
import time

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from kim import workdays
from kim.models import Role
from kim.trigrams import fold
from steering.escalation import State
from steering.models import AgendaItem, Body, Meeting
from tests.factories import county, issue_at, steering_group, user

pytestmark = pytest.mark.django_db

MEETINGS, ITEMS = 5_000, 100_000
MOST_QUERIES = 12
SECONDS = 1.5


def test_thousands_of_meetings_and_items_cost_no_more_questions_than_few(client):
    county()
    group = steering_group()
    issue_at(State.STEERING)
    client.force_login(user(Role.STRATEGIC_OFFICE))
    there = group.next_meeting()
    pages = [
        reverse("steering:meeting_list"),
        f"{reverse('steering:meeting_list')}?stand=all&mode=video&year={there.day.year}&q=sitzung",
        reverse("steering:meeting_detail", args=[there.pk]),
        reverse("steering:meeting_order", args=[there.pk]),
        reverse("steering:body_detail", args=[group.pk]),
    ]
    few = [asked(client, page) for page in pages]
    bodies = Body.objects.bulk_create(
        Body(key=f"ag-{no}", name=f"Arbeitsgruppe {no}", kind="working", valid_from=dt.date(2020, 1, 1))
        for no in range(20)
    )
    first = workdays.now() - dt.timedelta(days=1500)
    made = Meeting.objects.bulk_create(
        Meeting(
            body=group if no % 4 == 0 else bodies[no % 20],
            starts_at=first + dt.timedelta(hours=16 * no),
            title=f"{no}. Sitzung",
            folded=fold(f"{no}. Sitzung"),
            mode=("presence", "video", "hybrid")[no % 3],
        )
        for no in range(MEETINGS)
    )
    AgendaItem.objects.bulk_create(
        AgendaItem(meeting=one, kind="topic", title=f"Thema {no}") for no, one in enumerate(made)
    )
    multiply(AgendaItem, "kind = 'topic'", ITEMS // MEETINGS)
    AgendaItem.objects.bulk_create(
        AgendaItem(meeting=there, kind="topic", title=f"Thema {no}", position=no) for no in range(200)
    )
    assert AgendaItem.objects.count() > ITEMS
    many = [asked(client, page) for page in pages]
    assert [number for number, _ in many] == [number for number, _ in few]
    assert max(number for number, _ in many) <= MOST_QUERIES
    assert max(seconds for _, seconds in many) < SECONDS, dict(zip(pages, many, strict=True))


def test_building_an_agenda_asks_the_same_however_much_is_due():
    from tests.steering.test_meetings import day, resolution

    county()
    group = steering_group()
    there = group.next_meeting()
    taken = []
    for more in (3, 30):
        for number in range(more):
            resolution(group, day(2), number=f"B-{more}-{number}")
        with CaptureQueriesContext(connection) as queries:
            assert there.build_agenda() == more
        taken.append(len(queries))
    assert taken[0] == taken[1]


def multiply(model, where, times):
    """Each row of `model` that fits, so many times: by the database, which is quick at it."""
    table = model._meta.db_table
    columns = ", ".join(f'"{field.column}"' for field in model._meta.concrete_fields if not field.primary_key)
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMPORARY TABLE one_each AS SELECT {columns} FROM {table} WHERE {where}")
        for _ in range(times - 1):
            cursor.execute(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM one_each")
        cursor.execute("DROP TABLE one_each")


def asked(client, page):
    client.get(page)
    began = time.monotonic()
    with CaptureQueriesContext(connection) as queries:
        assert client.get(page).status_code == 200
    return len(queries), time.monotonic() - began
