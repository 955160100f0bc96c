"""What people type is read as they meant it, and refused in German where it cannot be."""

import datetime as dt

import pytest
from django.core.exceptions import ValidationError
from django.http import QueryDict
from hypothesis import given
from hypothesis import strategies as st

from kim import workdays
from kim.forms import HIDDEN_CHARACTER, UNREADABLE, Day, Form, Line, OneOf, SomeOf, Text, clean_text
from steering.escalation import ESCALATION
from steering.forms.issues import BUTTON, STEP_FIELDS, IssueForm, StepForm
from steering.models import Issue
from tests import factories as f


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("13.4.2026", dt.date(2026, 4, 13)),
        ("13.04.2026", dt.date(2026, 4, 13)),
        ("13. 4. 2026", dt.date(2026, 4, 13)),
        ("13.04.26", dt.date(2026, 4, 13)),
        ("2026-04-13", dt.date(2026, 4, 13)),
        (" 13.04. ", dt.date(2026, 4, 13)),
        ("12.04.", dt.date(2027, 4, 12)),
        ("29.2.", dt.date(2028, 2, 29)),
        ("", None),
    ],
)
def test_a_day_is_read_as_people_write_it(typed, meant):
    with workdays.as_of(dt.date(2026, 4, 13)):
        assert Day(required=False).clean(typed) == meant


def test_a_day_without_a_year_may_mean_the_last_one():
    with workdays.as_of(dt.date(2026, 4, 13)):
        assert Day(past=True).clean("14.4.") == dt.date(2025, 4, 14)
        assert Day(past=True).clean("13.4.") == dt.date(2026, 4, 13)


@pytest.mark.parametrize(
    "typed",
    [
        "31.2.2026",
        "30.2.",
        "0.1.2026",
        "13.4",
        "13/4/2026",
        "morgen",
        "13.04.0026",
        "13.04.9999",
        "٣.٤.٢٠٢٦",
        "1" * 500,
    ],
)
def test_a_day_that_is_none_is_refused_in_words(typed):
    with pytest.raises(ValidationError) as refused:
        Day().clean(typed)
    assert "13.04.2026" in refused.value.messages[0]


def test_a_day_too_early_is_told_from_when_on():
    with workdays.as_of(dt.date(2026, 4, 13)), pytest.raises(ValidationError) as refused:
        Day(not_before=workdays.today).clean("12.04.2026")
    assert "ab dem 13.04.2026" in refused.value.messages[0]


@given(st.text())
def test_kept_text_has_nothing_hidden_and_cleaning_twice_changes_nothing(text):
    try:
        once = clean_text(text, lines=True)
    except ValidationError as refusal:
        words = refusal.messages[0]
        once = ""
    else:
        words = ""
    assert words in ("", HIDDEN_CHARACTER, UNREADABLE)
    assert clean_text(once, lines=True) == once
    assert "\r" not in once
    assert "\0" not in once


@pytest.mark.parametrize("hidden", ["\0", "\x07", "\x1b", "\x9f"])
def test_control_characters_are_refused(hidden):
    with pytest.raises(ValidationError, match="Steuerzeichen"):
        Text(max_length=100).clean(f"Wort{hidden}Wort")


def test_what_was_not_decoded_is_refused_and_marks_of_pasting_vanish():
    with pytest.raises(ValidationError, match="nicht lesbar"):
        Line(max_length=100).clean("M\ufffdller")
    assert Line(max_length=100).clean("\ufeffJob\u200bcenter\u202e ") == "Jobcenter"


def test_a_line_end_counts_as_one_sign_as_it_does_in_browsers():
    assert Text(max_length=5).clean("ab\r\ncd") == "ab\ncd"
    assert Line(max_length=5).clean("ab\r\ncd") == "ab cd"
    with pytest.raises(ValidationError):
        Text(max_length=4).clean("ab\r\ncd")


def test_nothing_but_blanks_is_nothing():
    with pytest.raises(ValidationError, match="Bitte ausfüllen"):
        Text(max_length=5).clean(" \u200b\n ")


class Thing:
    def __init__(self, pk):
        self.pk = pk

    def __str__(self):
        return f"Ding {self.pk}"


def test_a_choice_is_one_of_the_rows_and_nothing_else():
    one, two = Thing(1), Thing(2)
    assert OneOf([one, two]).clean("2") is two
    assert SomeOf([one, two]).clean(["2", "1"]) == [two, one]
    assert OneOf([one], required=False).clean("") is None
    for foreign in ("3", "0", "x", "1 ", "9" * 40):
        with pytest.raises(ValidationError):
            OneOf([one, two]).clean(foreign)


def test_confirmations_are_keys_of_the_gate_and_nothing_else():
    key = "0123456789abcdef01234567"
    form = Form(QueryDict(f"confirmed={key}&confirmed={key}&confirmed=<script>&confirmed="))
    assert form.confirmed == [key]


def test_every_need_of_the_chain_has_a_field_and_every_step_a_button():
    made_by_choice = {"released", "meeting", "body", "lead"}
    for row in ESCALATION.rows:
        assert row.name in BUTTON, row
        for name in (*row.needs, *row.asks):
            assert name in STEP_FIELDS or name in made_by_choice, (row, name)


def test_texts_fit_the_columns_they_are_kept_in():
    kept_in = {
        "addressee": 160,
        "proposal": 4000,
        "result": 4000,
        "feedback": 4000,
        "informed": 1000,
        "experience": 2000,
    }
    for name, longest in kept_in.items():
        assert STEP_FIELDS[name]().max_length == Issue._meta.get_field(name).max_length == longest
    for name in ("title", "situation", "impact", "tried", "idea", "workaround"):
        assert IssueForm.base_fields[name].max_length == Issue._meta.get_field(name).max_length


@pytest.mark.django_db
class TestStepForm:
    def form(self, name, issue, data=None, **given):
        row = ESCALATION.find(name, issue.state)
        return StepForm(row, issue, data if data is None else QueryDict(data), **given)

    def group(self, kind, here, led=True):
        made = f.project_group(kind)
        made.here, made.led = here, led
        return made

    def test_asks_for_exactly_what_the_row_needs(self):
        issue = f.issue_at("coordination")
        assert set(self.form("hand_back", issue).fields) == {"seen", "reason"}
        assert set(self.form("forward", issue).fields) == {"seen", "released", "note"}

    def test_the_release_is_asked_only_where_nobody_has_released(self):
        released = f.issue_at("strategy")
        assert "released" not in self.form("table", released).fields
        released.released_at = None
        form = self.form("table", released, "")
        assert not form.is_valid()
        assert "released" in form.errors

    def test_offers_local_groups_of_the_place_and_says_when_there_is_none(self):
        issue = f.issue_at("steering")
        here, elsewhere, wide = self.group("local", True), self.group("local", False), self.group("thematic", False)
        form = self.form("assign", issue, groups=[here, elsewhere, wide])
        assert set(form.fields["body"].rows) == {str(here.pk), str(wide.pk)}
        assert form.hindrance == ""
        assert str(issue.municipality) in self.form("assign", issue, groups=[elsewhere, wide]).hindrance

    def test_does_not_offer_a_group_without_a_lead_and_says_so(self):
        issue = f.issue_at("steering")
        unled, wide = self.group("local", True, led=False), self.group("thematic", False)
        form = self.form("assign", issue, groups=[unled, wide])
        assert set(form.fields["body"].rows) == {str(wide.pk)}
        assert f"ohne Leitung und deshalb nicht wählbar: {unled}" in form.hindrance
        assert "keine örtliche Projektgruppe" not in form.hindrance

    @pytest.mark.parametrize(("reach", "kind"), [("local", "thematic"), ("bank", "local"), ("county", "local")])
    def test_group_and_reach_have_to_fit(self, reach, kind):
        issue = f.issue_at("steering")
        group = self.group(kind, True)
        form = self.form("assign", issue, f"reach={reach}&body={group.pk}&reason=Grund", groups=[group])
        assert not form.is_valid()
        assert "body" in form.errors

    def test_supra_regional_is_no_choice_for_a_group(self):
        issue = f.issue_at("steering")
        assert "supra" not in dict(self.form("assign", issue).fields["reach"].choices)

    @pytest.mark.parametrize("seen", ["x", "-1", "99999999999999999999", "1.5"])
    def test_a_broken_page_number_is_an_error_not_a_crash(self, seen):
        form = self.form("hand_back", f.issue_at("coordination"), f"seen={seen}&reason=Grund")
        assert not form.is_valid()
