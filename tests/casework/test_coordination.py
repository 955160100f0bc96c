"""What the coordination sees: the overview without names, and a look with its reason."""

import datetime as dt

import pytest

from casework import figures
from casework.lifecycle import State
from casework.models import Look
from kim import workdays
from kim.models import Notice, Role
from tests import factories as f
from tests.casework.factories import (
    case,
    case_at,
    case_manager,
)
from tests.casework.pages import SECRET, as_, url

pytestmark = pytest.mark.django_db


def test_the_overview_counts_and_names_nobody_who_is_advised(client, led, django_assert_max_num_queries):
    led.owner.assignments.update(share="0.5")
    case_at(State.CLEARING, by=led.owner)
    as_(client, f.user(Role.COORDINATION)).get(url("case_overview"))
    with django_assert_max_num_queries(12) as few:
        text = client.get(url("case_overview")).text
    assert SECRET not in text
    assert led.number in text
    assert "Windeck" in text
    assert "4,0" in text  # two cases on half a post
    for _ in range(5):
        case(by=case_manager())
    with django_assert_max_num_queries(len(few)):
        client.get(url("case_overview"))
    assert led.number not in client.get(url("case_overview") + "?state=clearing").text
    assert led.number in client.get(url("case_overview") + f"?municipality={led.municipality_id}").text
    part = client.get(url("case_overview"), headers={"HX-Request": "true"}).text
    assert "Fälle je Stelle" not in part


def test_the_overview_pages_by_key(client, monkeypatch):
    monkeypatch.setattr("casework.views.coordination.SIZE", 2)
    numbers = [case().number for _ in range(5)]
    as_(client, f.user(Role.COORDINATION))
    seen, there = [], url("case_overview")
    while there:
        text = client.get(there).text
        seen += [number for number in numbers if number in text]
        after = text.split("?after=")[1].split('"')[0] if "?after=" in text else ""
        there = url("case_overview") + f"?after={after}" if after else ""
    assert seen == numbers


def test_a_look_wants_a_reason_and_tells_the_case_manager(client, led):
    coordination = f.user(Role.COORDINATION)
    as_(client, coordination)
    assert client.post(url("look_take", led.pk), {"reason": "  "}).status_code == 422
    assert not Look.objects.exists()
    answer = client.post(url("look_take", led.pk), {"reason": "Beschwerde vom 12.03."})
    assert answer.url == led.get_absolute_url()
    assert Notice.objects.get(recipient=led.owner)
    assert client.get(answer.url).status_code == 200
    assert led.number in client.get(url("look_list")).text
    with workdays.as_of(workdays.now() + dt.timedelta(hours=1, minutes=1)):
        client.force_login(coordination)
        assert client.get(answer.url).status_code == 404
        assert "vorbei" in client.get(url("look_list")).text


def test_the_overview_names_the_most_loaded_and_all_when_asked(client, led, monkeypatch):
    monkeypatch.setattr("casework.figures.overview.SHOWN", 1)
    busy = case_manager(name="Case Management mit zwei Fällen")
    for _ in range(2):
        case(by=busy)
    as_(client, f.user(Role.COORDINATION))
    text = client.get(url("case_overview")).text
    assert "die 1 höchsten von" in text
    table = text.split('id="last"')[1].split("</table>")[0]
    assert str(busy) in table
    assert str(led.owner) not in table
    assert str(led.owner) in client.get(url("case_overview") + "?loads=all").text.split('id="last"')[1]


def test_the_figures_of_the_overview_are_counted_anew_after_some_minutes(client, led):
    as_(client, f.user(Role.COORDINATION))
    first = figures.figures()
    case(by=led.owner)
    assert figures.figures() == first
    with workdays.as_of(workdays.now() + dt.timedelta(minutes=6)):
        assert figures.figures().places.total == first.places.total + 1
