"""The benchmark of casework in small: its data fulfil every constraint, its names are found, its pages answer."""

import pytest
from django.db.models import Count
from django.urls import NoReverseMatch

from benchmarks import casework, client, data
from casework.lifecycle import LIFECYCLE, State
from casework.models import Case, CaseNumberRange, CaseStep, Consent, Consultation, FollowUp, Goal, Identity

pytestmark = pytest.mark.django_db
CASES = 250


@pytest.fixture(scope="module")
def built(django_db_setup, django_db_blocker):
    """Built once for the module; taken out again at its end."""
    from django.core.management import call_command

    with django_db_blocker.unblock():
        yield casework.build(CASES)
        call_command("flush", interactive=False, verbosity=0, inhibit_post_migrate=True)


def test_as_many_as_asked_for(built):
    assert built.cases == CASES == Case.objects.count() == Identity.objects.count()
    assert built.consultations == Consultation.objects.count() == 10 * CASES + casework.LONG_TIMELINE - 10
    assert set(Case.objects.values_list("state", flat=True)) == set(casework.WAYS)
    assert sum(CaseNumberRange.objects.values_list("last", flat=True)) == CASES


def test_every_step_is_a_row_of_the_table(built):
    where = {}
    for case, no, name, source, target in CaseStep.objects.order_by("case", "no").values_list(
        "case", "no", "name", "source", "target"
    ):
        assert LIFECYCLE.find(name, source).target == target
        assert (no, source) == (where.get(case, (0, State.REQUEST))[0] + 1, where.get(case, (0, State.REQUEST))[1])
        where[case] = no, target
    for case in Case.objects.all():
        assert (case.step_no, case.state) == where.get(case.pk, (0, State.REQUEST))


@pytest.mark.parametrize("model", [Case, Identity, Consent, Consultation, FollowUp, Goal])
def test_every_constraint_holds(built, model):
    for row in model.objects.all()[:60]:
        row.validate_constraints()


def test_search_text_is_what_saving_writes(built):
    for row in Identity.objects.all()[:60]:
        written = row.folded
        row.save()
        assert row.folded == written


@pytest.mark.parametrize(
    "words", [*casework.SPELLINGS, casework.TYPED, casework.CYRILLIC, casework.TYPED_ARABIC, casework.ARABIC]
)
def test_the_measured_names_are_found_in_every_spelling_by_who_leads_the_case(built, words):
    assert Identity.objects.visible_to(data.account(casework.CM)).named(words).exists()


def test_a_case_manager_leads_the_same_number_however_many_there_are(built):
    led = Case.objects.values("owner").annotate(number=Count("pk")).values_list("number", flat=True)
    assert max(led) <= casework.CASES_EACH
    assert Case.objects.get(pk=1).owner == data.account(casework.CM)


def test_every_measured_address_answers(built, client):
    asked = 0
    for name, role, _, address, words in casework.MEASURED:
        try:
            url = address()
        except NoReverseMatch:  # tests/test_house.py says which pages are missing
            continue
        client.force_login(data.account(role))
        if words:
            url = client.post(url, {"q": words}).headers["Location"]
            assert words not in url
        shown = client.get(url)
        assert shown.status_code == 200, name
        assert not words or "Nichts gefunden" not in shown.content.decode()
        asked += 1
    assert asked >= 4


def test_a_form_is_read_as_a_browser_fills_it():
    form = client.Form(
        '<form method="get"><input name="q"></form><form method="post" action="/x/">'
        '<input type="hidden" name="token" value="t"><input name="held_on" value="01.02.2026">'
        '<select name="form"><option value="">–</option><option value="3">A</option>'
        '<option value="4">B</option></select>'
        '<select name="place"><option value="1">A</option><option value="2" selected>B</option></select>'
        '<input type="radio" name="hours" value="1"><input type="radio" name="hours" value="2" checked>'
        '<input type="checkbox" name="topics" value="9"><textarea name="note"></textarea></form>'
    )
    assert form.action == "/x/"
    note = form.fields.pop("note")
    assert note
    assert form.fields == {
        "token": "t",
        "held_on": "01.02.2026",
        "form": "3",
        "place": "2",
        "hours": "2",
        "topics": "9",
    }
