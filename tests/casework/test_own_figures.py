"""„Meine Zahlen“: exactly what somebody did themselves, and nothing of anybody else."""

import datetime as dt
from decimal import Decimal

import pytest
from django.urls import reverse

from casework.figures import own
from casework.figures.own import Span
from casework.lifecycle import State
from casework.models import Procedure
from kim import workdays
from kim.models import Code, Role
from tests.casework.factories import authority, case_at, case_manager, checklist, code, consent, consultation
from tests.factories import user

pytestmark = pytest.mark.django_db

PAGE = reverse("casework:own_figures")


@pytest.fixture
def talks():
    """Two with the same person and one without a case; a colleague's beside them."""
    case = case_at(State.MONITORING)
    mine = case.owner
    missing = code(Code.List.INTERPRETER, "FEHLTE")
    consultation(case=case, quarter_hours=3, actions=2, interpreter=missing)
    consultation(case=case, quarter_hours=2, actions=1)
    consultation(by=mine, quarter_hours=1, actions=1, persons=3, topics=[code(Code.List.LIFE_DOMAIN, "KITA")])
    consultation(by=case_manager(), quarter_hours=8, actions=8, persons=8)
    return mine


@pytest.mark.parametrize("span", Span)
def test_a_line_adds_up_what_oneself_did(talks, span):
    first, *earlier = own.lines(talks, span)
    assert first.first == span.first(workdays.today())
    told = (first.consultations, first.persons, first.anonymous, first.actions, first.hours, first.missing)
    assert told == (3, 1, 3, 4, Decimal("1.5"), 1)
    assert len(earlier) == span.lines - 1
    assert not any(line.consultations for line in earlier)


def test_topics_count_in_their_period_only(talks):
    first = workdays.today().replace(day=1)
    until = workdays.today() + dt.timedelta(days=1)
    found = {one.label: (one.consultations, one.persons, one.actions) for one in own.topics(talks, first, until)}
    assert found == {"WOHN": (2, 1, 3), "KITA": (1, 0, 1)}
    assert own.topics(talks, first - dt.timedelta(days=40), first) == []


def test_the_page_and_its_file_say_the_same_and_only_of_oneself(client, talks):
    client.force_login(talks)
    page = client.get(PAGE)
    name = f"{workdays.today():%m/%Y}"
    assert page.context["lines"][0].name == name
    assert "Diese Zahlen sehen nur Sie." in page.text
    assert "Übergebene Vorgänge" not in page.text
    rows = client.get(reverse("casework:own_figures_export", args=["csv"])).getvalue().decode("utf-8-sig").splitlines()
    line = next(row for row in rows if row.startswith(name))
    assert line.split(";") == [name, "3", "1", "3", "4", "1,5", "1"]


@pytest.mark.parametrize(
    ("given", "sentence"),
    [({"span": "week"}, "Zusammengezählt wird nach Monaten"), ({"first": "2001-01-01"}, "Diesen Zeitraum gibt es hier"),
     ({"first": "\x00"}, "Diesen Zeitraum gibt es hier"), ({"span": "year", "first": "9" * 400}, "Diesen Zeitraum")],
)  # fmt: skip
def test_what_cannot_be_asked_is_said(client, given, sentence):
    client.force_login(user(Role.CASE_MANAGER))
    assert sentence in client.get(PAGE, given).text


def test_modul_3_reads_what_its_own_authority_was_handed(client):
    case = case_at(State.MONITORING)
    agreed = consent(case, "MODUL3", authority())
    Procedure.hand_over(
        case, by=case.owner, checklist=checklist(), authority=agreed.recipient, consent=agreed, person="N. R.",
        text="Bitte prüfen Sie, ob ein Aufenthalt wegen nachhaltiger Integration in Frage kommt.",
    )  # fmt: skip
    clerk, elsewhere = (user(Role.AUTHORITY, organisation=authority(key)) for key in ("abh-kreis", "abh-troisdorf"))
    client.force_login(clerk)
    kinds = client.get(PAGE).context["kinds"]
    assert [(one.received, one.open, one.decided, one.median) for one in kinds] == [(1, 1, 0, None)] * 2
    assert kinds[-1].name == "insgesamt"
    assert kinds[0].oldest == workdays.today()
    client.force_login(elsewhere)
    assert "noch kein Vorgang übergeben" in client.get(PAGE).text
    first = workdays.today().replace(day=1)
    assert own.procedures(clerk, first - dt.timedelta(days=60), first)[-1].received == 0


def test_many_consultations_cost_no_more_queries(
    client, talks, django_assert_num_queries, django_assert_max_num_queries
):
    client.force_login(talks)
    client.get(PAGE)
    with django_assert_max_num_queries(12) as few:
        client.get(PAGE)
    for _ in range(5):
        consultation(by=talks)
    with django_assert_num_queries(len(few)):
        client.get(PAGE)
