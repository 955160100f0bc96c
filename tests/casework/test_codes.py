"""The code lists of the Land: loaded without a county, with one, and a second time without a change."""

import pytest
from django.core.management import call_command

from casework.models.cases import STRUCTURALLY_BLOCKED
from casework.models.consents import CASE_MANAGEMENT, TO_AUTHORITY
from casework.models.consultations import INTERPRETER_MISSING
from kim.models import Code, TrailEntry

pytestmark = pytest.mark.django_db


@pytest.fixture
def _loaded():
    call_command("load_codes", verbosity=0)


@pytest.mark.usefixtures("_loaded")
def test_every_list_of_the_land_is_filled_and_a_second_run_changes_nothing():
    before = Code.objects.count()
    filled = set(Code.objects.values_list("list", flat=True))
    assert filled == set(Code.List.values) - {"topic", "life_domain", "legal_area"}
    call_command("load_codes", verbosity=0)
    assert Code.objects.count() == before
    assert TrailEntry.objects.filter(act="codes.load").count() == 1


@pytest.mark.usefixtures("_loaded")
@pytest.mark.parametrize(
    ("which", "key"),
    [
        (Code.List.CONSENT_PURPOSE, CASE_MANAGEMENT),
        (Code.List.CONSENT_PURPOSE, TO_AUTHORITY),
        (Code.List.CONSENT_PURPOSE, "KONFERENZ"),
        (Code.List.CLOSING_REASON, STRUCTURALLY_BLOCKED),
        (Code.List.INTERPRETER, INTERPRETER_MISSING),
    ],
)
def test_what_the_code_relies_on_is_in_the_lists(which, key):
    assert Code.objects.filter(list=which, code=key).exists()


@pytest.mark.usefixtures("_loaded")
def test_languages_carry_iso_keys():
    for key in Code.objects.filter(list=Code.List.LANGUAGE).values_list("code", flat=True):
        assert key.split("-")[0].islower()
        assert 2 <= len(key.split("-")[0]) <= 3
