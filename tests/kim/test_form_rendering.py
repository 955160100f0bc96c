"""What is written out directly is what Django writes."""

import datetime as dt

import pytest
from django import forms
from django.forms.renderers import DjangoTemplates
from django.test.html import parse_html

from kim.form_rendering import QuickSelect, Renderer

FLAT = [("", "alle"), (1, 'Stadt <Hennef> & "Sieg"'), ("b'", "Bornheim")]
GROUPED = [("", "bitte wählen"), ("örtlich & nah", [(7, "Windeck"), (8, "Much")]), ("fern", [("x", "Kreis")])]


@pytest.mark.parametrize("choices", [FLAT, GROUPED])
@pytest.mark.parametrize("value", ["", "1", "8", "b'", None])
@pytest.mark.parametrize("attrs", [{}, {"id": "id_x", "class": 'a "b"', "disabled": True, "required": False}])
def test_a_select_is_the_one_django_writes(choices, value, attrs):
    widget = forms.Select(attrs=attrs, choices=choices)
    ours = widget.render("wo & wann", value, renderer=Renderer())
    assert parse_html(ours) == parse_html(widget.render("wo & wann", value, renderer=DjangoTemplates()))


@pytest.mark.parametrize("value", ["", 1, "1", "b'", "fremd", None])
@pytest.mark.parametrize("attrs", [{}, {"id": "id_x", "class": 'a "b"'}])
def test_a_quick_select_is_the_one_django_writes_whatever_is_chosen(value, attrs):
    ours = QuickSelect(attrs=attrs, choices=FLAT).render("wo & wann", value)
    plain = forms.Select(attrs=attrs, choices=FLAT)
    assert parse_html(ours) == parse_html(plain.render("wo & wann", value, renderer=DjangoTemplates()))


@pytest.mark.parametrize(
    "widget",
    [forms.TextInput, forms.DateInput, forms.NumberInput, forms.HiddenInput, forms.EmailInput, forms.Textarea],
)
@pytest.mark.parametrize("value", ["", None, 0, 'a "b" <c> & d', dt.date(2026, 4, 13)])
def test_an_input_is_the_one_django_writes(widget, value):
    made = widget(attrs={"id": "id_x", "class": 'a "b"', "required": True, "disabled": False, "maxlength": 12})
    ours = made.render("wo & wann", value, renderer=Renderer())
    assert parse_html(ours) == parse_html(made.render("wo & wann", value, renderer=DjangoTemplates()))
