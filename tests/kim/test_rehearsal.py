"""A rehearsal says what an act would change, and changes nothing."""

import pytest

from kim import rehearsal
from kim.models import TrailEntry, User
from kim.rehearsal import Change, Dependent
from kim.workflow import StepRefused
from tests.factories import user
from tests.funding import makers

pytestmark = pytest.mark.django_db


def accounts():
    return {"Konten": str(User.objects.count()), "Protokoll": "da" if TrailEntry.objects.exists() else "leer"}


def test_what_changes_is_told_and_nothing_is_kept():
    before = accounts()
    found = rehearsal.rehearse(lambda: [user(), makers.programme()], [accounts])
    assert Change("Protokoll", "leer", "da") in found
    assert accounts() == before


def test_what_stays_is_not_told():
    assert rehearsal.rehearse(lambda: None, [accounts]) == []


def test_a_figure_that_comes_or_goes_is_told():
    there = user(display_name="Alt")

    def by_name():
        return {one.display_name: "da" for one in User.objects.all()}

    def rename():
        there.display_name = "Neu"
        there.save()

    assert rehearsal.rehearse(rename, [by_name]) == [Change("Alt", "da", "–"), Change("Neu", "–", "da")]


def test_what_the_act_refuses_passes_through_and_nothing_is_kept():
    def act():
        user()
        raise StepRefused("So nicht.")

    before = accounts()
    with pytest.raises(StepRefused, match="So nicht"):
        rehearsal.rehearse(act, [accounts])
    assert accounts() == before


def test_what_lies_with_people_is_told_by_the_apps_above(monkeypatch):
    monkeypatch.setattr(rehearsal, "_DEPENDENTS", {})
    rehearsal.depends_on_people("b")(lambda users: [Dependent(f"{len(users)} Knackpunkte", "/k/")])
    rehearsal.depends_on_people("a")(lambda users: [Dependent("12 offene Fälle")])
    reader = user()
    found = rehearsal.dependents([user()], to=reader)
    assert [one.words for one in found] == ["12 offene Fälle", "1 Knackpunkte"]
    assert rehearsal.dependents([], to=reader) == []
