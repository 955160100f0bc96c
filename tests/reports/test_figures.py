"""Definitions: every figure is one a reader can understand, and its page says it; who sees which."""

import datetime as dt

import pytest
from django.urls import reverse

from kim import figures
from kim.figures import Figure, Part, register
from kim.models import Role
from tests.factories import county, municipality, user
from tests.funding import makers

MINE = {Part.STAFFING, Part.MONEY, Part.GOVERNANCE}


def test_a_figure_is_defined_in_sentences_with_unit_and_source():
    assert {one.part for one in figures.every()} == set(Part)
    for figure in figures.every():
        assert figure.key.startswith(f"{figure.part}."), figure.key
        assert figure.unit, figure.key
        assert len(figure.source) > 5, figure.key
        assert len(figure.definition) > 40, figure.key
        assert figure.definition.endswith("."), figure.key
        assert figure.persons == (figure.part == Part.CASEWORK), figure.key


def test_two_figures_are_never_called_the_same():
    one = figures.every()[0]
    register(one)
    with pytest.raises(LookupError):
        register(Figure(one.key, "anders", one.part, one.unit, one.definition, one.source))


@pytest.fixture
def facts(db):
    """A notice of Modul 2 with a post that is filled, one of Modul 1, and a place nobody covers."""
    county()
    municipality("Windeck")
    me = makers.admin()
    makers.notice(fte=2, first=dt.date(2026, 1, 1), until=dt.date(2027, 1, 1))
    makers.held(makers.post(dt.date(2026, 1, 1)), dt.date(2026, 1, 1))
    makers.notice(fte=1, first=dt.date(2026, 1, 1), until=dt.date(2027, 1, 1), of=makers.programme("overhead"))
    return me


@pytest.mark.django_db
def test_every_figure_has_a_page_for_whoever_sees_its_part(client, facts):
    client.force_login(user(Role.COORDINATION))
    listed = client.get(reverse("reports:figure_list")).text
    for one in figures.every():
        address = reverse("reports:figure_detail", args=[one.key])
        assert address in listed
        if one.part in MINE:
            page = client.get(address)
            assert page.status_code == 200, one.key
            assert one.definition in page.text
            assert "Stand" in page.text


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("role", "seen"),
    [
        (Role.COORDINATION, set(Part)),
        (Role.STRATEGIC_OFFICE, set(Part)),
        (Role.STEERING_GROUP, set(Part)),
        (Role.ADMIN, {Part.STAFFING, Part.MONEY}),
    ],
)
def test_each_role_sees_the_definitions_of_its_parts(client, role, seen):
    county()
    client.force_login(user(role))
    listed = client.get(reverse("reports:figure_list")).text
    for part in MINE:
        one = next(figure for figure in figures.every() if figure.part == part)
        address = reverse("reports:figure_detail", args=[one.key])
        assert (address in listed) == (part in seen)
        assert client.get(address).status_code == (200 if part in seen else 404)


@pytest.mark.django_db
def test_the_office_is_told_posts_and_money_of_its_own_module_only(client, facts):
    client.force_login(user(Role.STRATEGIC_OFFICE))
    for key in ("staffing.filled", "money.granted"):
        page = client.get(reverse("reports:figure_detail", args=[key])).text
        assert "Modul 1" in page
        assert "Modul 2" not in page


@pytest.mark.django_db
def test_what_is_no_figure_or_no_day_is_said_and_breaks_nothing(client, facts):
    client.force_login(user(Role.COORDINATION))
    assert client.get(reverse("reports:figure_detail", args=["staffing.nothing"])).status_code == 404
    page = client.get(reverse("reports:figure_detail", args=["staffing.filled"]), {"on": "31.02.2026"})
    assert page.status_code == 200
    assert "Den Stand bitte als Tag angeben" in page.text
