"""Forms of the code lists."""

import re

from django import forms
from django.core.exceptions import ValidationError

from kim import workdays
from kim.forms import Day, Form, Line

NUMBER = {"invalid": "Bitte eine ganze Zahl angeben.", "required": "Bitte ausfüllen."}


class CodeForm(Form):
    """An entry as it holds from a day on."""

    label = Line(label="Bezeichnung", max_length=120)
    short = Line(label="Kurzform", max_length=40, required=False, help_text="Für Listen und schmale Spalten.")
    position = forms.IntegerField(
        label="Reihenfolge", min_value=0, max_value=9999, error_messages=NUMBER, help_text="Kleinere stehen oben."
    )
    valid_from = Day(label="Gilt ab", not_before=workdays.today)


class NewCodeForm(CodeForm):
    code = Line(
        label="Schlüssel", max_length=20, help_text="Großbuchstaben, Ziffern, Unterstrich; er ändert sich nie mehr."
    )
    field_order = ("code", "label", "short", "position", "valid_from")

    def clean_code(self):
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", self.cleaned_data["code"]):
            raise ValidationError("Bitte nur Buchstaben ohne Umlaute, Ziffern, „_“ und „-“.")
        return self.cleaned_data["code"]


class EndCodeForm(Form):
    last_day = Day(label="Gilt zuletzt am", not_before=workdays.today)


class CodeFilter(forms.Form):
    """What narrows a list; the list itself is a choice of its own."""

    q = forms.CharField(
        label="Suche",
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"type": "search", "class": "form-control form-control-sm"}),
    )
    ended = forms.ChoiceField(
        label="Gültigkeit",
        required=False,
        choices=[("", "gültige und künftige"), ("all", "auch beendete")],
        widget=forms.Select(attrs={"class": "form-select form-select-sm"}),
    )
