"""What the staffing board, coverage and reported figures are asked for. What cannot be read is named and left out."""

from typing import Any

from django import forms

from funding.forms.facts import Share
from funding.models import Module, ReportedFigure
from kim.forms import CHOSEN, Day, Form, Line, Text

SMALL = {"class": "form-control form-control-sm"}
SELECT = {"class": "form-select form-select-sm"}


def _day(label: str) -> Day:
    attrs = SMALL | {"inputmode": "numeric", "placeholder": "TT.MM.JJJJ", "autocomplete": "off", "size": "10"}
    return Day(label=label, required=False, widget=forms.DateInput(format="%d.%m.%Y", attrs=attrs))


def _choice(label: str, empty: str, choices) -> forms.ChoiceField:
    return forms.ChoiceField(
        label=label, required=False, choices=[("", empty), *choices], widget=forms.Select(attrs=SELECT),
        error_messages=CHOSEN,
    )  # fmt: skip


class DayFilter(Form):
    """A day, and the day whose knowledge counts."""

    def __init__(self, data=None, **kwargs):
        super().__init__(data, **kwargs)
        self.fields["on"] = _day("Stand")
        self.fields["known"] = _day("Kenntnisstand")

    @property
    def given(self) -> dict[str, Any]:
        self.is_valid()
        return self.cleaned_data

    @property
    def narrowed_by(self) -> list[str]:
        return [str(self.fields[name].label) for name, value in self.given.items() if value]


class BoardFilter(DayFilter):
    def __init__(self, data=None, *, modules=tuple(Module), **kwargs):
        super().__init__(data, **kwargs)
        if len(modules) > 1:
            self.fields["module"] = _choice("Modul", "alle", [(one.value, one.short) for one in modules])
        self.fields["from"] = _day("Monate ab")
        self.fields["until"] = _day("bis")

    def clean(self):
        given = super().clean()
        first, until = given.get("from"), given.get("until")
        if first and until and until < first:
            self.add_error("until", "Das Ende liegt vor dem Anfang.")
        return given


class ReportedFilter(DayFilter):
    def __init__(self, data=None, *, modules=tuple(Module), **kwargs):
        super().__init__(data, **kwargs)
        del self.fields["on"], self.fields["known"]
        if len(modules) > 1:
            self.fields["module"] = _choice("Modul", "alle", [(one.value, one.short) for one in modules])
        self.fields["measure"] = _choice("Angabe", "alle", ReportedFigure.Measure.choices)
        self.fields["standing"] = _choice("Klärung", "alle", [("open", "nicht geklärt"), ("clarified", "geklärt")])


class ReportedForm(Form):
    """What a paper says, with the day it speaks of and the day it was written."""

    def __init__(self, data=None, **kwargs):
        super().__init__(data, **kwargs)
        self.fields["document"] = Line(
            label="Unterlage", max_length=160, help_text="etwa „Sachstand zur Sitzung am 16.03.2022“"
        )
        self.fields["reported_on"] = Day(label="Datum der Unterlage", past=True)
        self.fields["as_of"] = Day(
            label="Stand der Angabe", past=True, help_text="Für welchen Tag die Unterlage die Zahl nennt."
        )
        self.fields["module"] = forms.ChoiceField(
            label="Modul", choices=[("", "Bitte wählen"), *Module.choices], error_messages=CHOSEN
        )
        self.fields["measure"] = forms.ChoiceField(
            label="Was wird angegeben?", choices=[("", "Bitte wählen"), *ReportedFigure.Measure.choices],
            error_messages=CHOSEN,
        )  # fmt: skip
        self.fields["value"] = Share(label="Wert")
        self.fields["words"] = Line(
            label="Wie es dort steht", max_length=300, required=False, help_text="Wörtlich, ohne Namen."
        )

    def clean(self):
        given = super().clean()
        value = given.get("value") or 0
        if given.get("measure") == ReportedFigure.Measure.PERSONS and value % 1:
            self.add_error("value", "Köpfe sind eine ganze Zahl.")
        return given


class ClarifyForm(Form):
    clarified_on = Day(label="Geklärt am", past=True)
    clarification = Text(
        label="Wie wurde es geklärt?", max_length=1000, rows=4,
        help_text="Was gilt und worauf das beruht. Die Angabe selbst bleibt stehen.",
    )  # fmt: skip
