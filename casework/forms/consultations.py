"""Forms of consultations: writing one down, and narrowing the list of them."""

import datetime as dt
import uuid
from collections.abc import Callable

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef
from django.http import QueryDict

from casework.models import Case
from casework.naming import NAMED
from kim import workdays
from kim.form_rendering import QuickSelect
from kim.forms import CHOSEN, Day, Form, Line, OneOf, Pick, SomeOf, Text

WITH_CASE, ALONE = "case", "alone"
#: Quarter hours that can be pressed; what was recorded otherwise joins them when it is edited.
QUARTERS = (1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32)
#: Fields of the form that say nothing of the consultation itself.
NOT_KEPT = ("kind", "case", "sent_as", "carried")


def _workday(day: dt.date) -> None:
    """Nobody works on the day a follow-up would come: say when the next one is."""
    if workdays.is_workday(day):
        return
    name = workdays.day_off(day)
    what = f"ist ein Feiertag ({name})" if name else f"ist ein {workdays.WEEKDAYS[day.weekday()]}"
    following = workdays.next_workday(day)
    raise ValidationError(
        f"Der {day:%d.%m.%Y} {what}. Der nächste Arbeitstag ist "
        f"{workdays.WEEKDAYS[following.weekday()]}, {following:%d.%m.%Y}."
    )


def _number(label: str) -> forms.IntegerField:
    wrong = "Bitte eine Zahl von 1 bis 999."
    return forms.IntegerField(
        label=label,
        min_value=1,
        max_value=999,
        initial=1,
        error_messages={"required": wrong, "invalid": wrong, "min_value": wrong, "max_value": wrong},
        widget=forms.NumberInput(attrs={"class": "form-control form-control-sm kim-num kim-form__short"}),
    )


def _small(field, **attrs):
    is_select = isinstance(field.widget, forms.Select)
    if is_select:
        field.widget = QuickSelect(attrs=field.widget.attrs, choices=field.widget.choices)
    kind = "form-select form-select-sm" if is_select else "form-control form-control-sm"
    field.widget.attrs |= {"class": kind} | attrs
    return field


class ConsultationForm(Form):
    """One consultation. `choices` holds what there is to choose from under the names of the fields.

    `find(words)` gives the cases of the own caseload that fit what was typed, at most NAMED + 1; None when one is
    edited, whose `case` is settled. Only a new one plans a follow-up, so only its date must be a day to come.
    """

    def __init__(self, data=None, *, choices, find: Callable | None = None, case=None, quarters: int = 2, **kwargs):
        super().__init__(data, **kwargs)
        self.find, self.case = find, case
        if find:
            self.fields["kind"] = Pick(
                label="Für wen", choices=[(WITH_CASE, "Fall"), (ALONE, "Anonyme Kurzberatung")], initial=WITH_CASE
            )
            self.fields["case"] = _small(
                Line(
                    label="Fall",
                    max_length=120,
                    required=False,
                    widget=forms.TextInput(attrs={"list": "eigene-faelle", "autocomplete": "off"}),
                ),
                placeholder="Nummer oder Name",
            )
            self.fields["carried"] = forms.CharField(label="Übernommen", required=False, widget=forms.HiddenInput)
        offered = sorted({*QUARTERS, quarters})
        today = workdays.today()
        self.fields |= {
            "held_on": _small(Day(label="Datum", past=True, initial=today)),
            "quarter_hours": forms.TypedChoiceField(
                label="Dauer in Minuten",
                choices=[(number, str(15 * number)) for number in offered],
                coerce=int,
                initial=2,
                widget=forms.RadioSelect,
                error_messages=CHOSEN,
            ),
            "form": OneOf(choices["form"], label="Form", widget=forms.RadioSelect()),
            "municipality": _small(OneOf(choices["municipality"], label="Kommune", required=False, empty="Kommune")),
            "place": _small(Line(label="Ort", max_length=120, required=False), placeholder="Ort, Raum (freiwillig)"),
            "topics": SomeOf(choices["topics"], label="Themen"),
            "legal_areas": SomeOf(choices["legal_areas"], label="Rechtskreise", required=False),
            "language": _small(
                OneOf(choices["language"], label="Beratungssprache", required=False, empty="Sprache: keine Angabe")
            ),
            "interpreter": _small(
                OneOf(
                    choices["interpreter"], label="Sprachmittlung", required=False, empty="Sprachmittlung: keine Angabe"
                )
            ),
            "persons": _number("Personen"),
            "actions": _number("Aktionen"),
            "result": OneOf(choices["result"], label="Ergebnis", required=False, widget=forms.RadioSelect()),
            "referred_to": _small(
                Line(
                    label="Verwiesen an",
                    max_length=160,
                    required=False,
                    widget=forms.TextInput(attrs={"list": "stellen", "autocomplete": "off"}),
                ),
                placeholder="verwiesen an (Stelle, keine Person)",
            ),
            "next_step": _small(
                Line(label="Nächster Schritt", max_length=200, required=False), placeholder="Was ist zu tun?"
            ),
            "next_on": _small(Day(label="Wiedervorlage am", required=False)),
            "note": _small(Text(label="Notiz", max_length=6000, rows=3, required=False)),
            "sent_as": forms.UUIDField(
                label="Formular",
                required=False,
                widget=forms.HiddenInput,
                initial=uuid.uuid4,
                error_messages={"invalid": "Bitte laden Sie die Seite neu."},
            ),
        }
        self.actors = choices["actors"]

    def clean_held_on(self):
        day = self.cleaned_data["held_on"]
        if day and day > workdays.today():
            raise ValidationError("Eine Beratung kann nicht in der Zukunft liegen.")
        return day

    def clean_next_on(self):
        day = self.cleaned_data["next_on"]
        if day and self.find:
            if day < workdays.today():
                raise ValidationError(f"Bitte einen Tag ab dem {workdays.today():%d.%m.%Y} angeben.")
            _workday(day)
        return day

    def clean(self):
        given = super().clean()
        if self.find:
            self._choose_case(given, self.find)
        if not self.case and not given.get("municipality") and not self.errors.keys() & {"case", "municipality"}:
            self.add_error("municipality", "Bitte wählen.")
        if given.get("next_on") and not given.get("next_step") and "next_step" not in self.errors:
            self.add_error("next_step", "Was ist bis zu diesem Tag zu tun?")
        return given

    def _choose_case(self, given, find):
        if given.get("kind") != WITH_CASE:
            if given.get("case"):
                self.add_error(
                    "case", "Sie haben einen Fall genannt. Bitte wählen Sie „Fall“ oder leeren Sie das Feld."
                )
            return
        words = given.get("case")
        if not words:
            if "case" not in self.errors:
                self.add_error("case", "Bitte geben Sie die Fallnummer oder den Namen an.")
            return
        found: list[Case] = find(words)
        if len(found) == 1:
            self.case = found[0]
        elif found:
            more = " und weitere" if len(found) > NAMED else ""
            named = "; ".join(f"{case.number} ({case.client.identity.listed})" for case in found[:NAMED])
            self.add_error("case", f"Mehrere Fälle passen: {named}{more}. Bitte geben Sie die Nummer an.")
        else:
            self.add_error("case", "In Ihrem Bestand passt kein Fall dazu. Bitte prüfen Sie Nummer oder Name.")

    @staticmethod
    def came_with(case, language, interpreter) -> str:
        """What the page came with, for the field of that name: of which case (a key or None), and the two keys."""
        return f"{case or ''}:{language or ''}:{interpreter or ''}"

    def is_carried_from(self, case) -> bool:
        """Language and interpreter are as the page came with them, and the page knew nothing of `case` then."""
        came = self.data.get("carried", "")
        chosen = [self.data.get(name, "") for name in ("language", "interpreter")]
        return came.count(":") == 2 and came != self.came_with(case.pk, *chosen) and came.split(":")[1:] == chosen

    def carry(self, found: dict) -> None:
        """Fill in what is known of the case instead of what the page came with."""
        sent = QueryDict(mutable=True)
        sent.update(self.data)
        for name in ("language", "interpreter", "carried"):
            sent[name] = str(found[name] or "")
        self.data = sent

    def mark_wrong(self) -> None:
        """For what is drawn without crispy."""
        for name in self.errors.keys() & self.fields.keys():
            attrs = self.fields[name].widget.attrs
            attrs["class"] = f"{attrs.get('class', '')} is-invalid".strip()

    @property
    def given(self) -> dict:
        """What the consultation is recorded or edited with."""
        kept = {name: value for name, value in self.cleaned_data.items() if name not in NOT_KEPT}
        known = {actor.name.casefold(): actor for actor in self.actors}
        actor = known.get(kept["referred_to"].casefold()) if kept["referred_to"] else None
        kept["referred_actor"] = actor
        if kept["municipality"] is None or self.case:
            kept.pop("municipality")  # that of the case
        return kept


class PeriodForm(Form):
    """What the list is narrowed by."""

    KINDS = (("", "alle"), (WITH_CASE, "mit Fall"), (ALONE, "anonym"))
    #: key in the address → (words, order)
    ORDERS = {
        "": ("neueste zuerst", "-held_on"),
        "old": ("älteste zuerst", "held_on"),
        "long": ("längste zuerst", "-quarter_hours"),
    }

    since = _small(Day(label="Von", past=True, required=False))
    until = _small(Day(label="Bis", past=True, required=False))
    kind = _small(forms.ChoiceField(label="Art", choices=KINDS, required=False, error_messages=CHOSEN))

    def __init__(self, data, *, topics, places, **kwargs):
        super().__init__(data, auto_id="filter_%s", **kwargs)
        self.fields["topic"] = _small(OneOf(topics, label="Thema", required=False, empty="alle"))
        self.fields["municipality"] = _small(OneOf(places, label="Kommune", required=False, empty="alle"))
        orders = [(key, words) for key, (words, _) in self.ORDERS.items()]
        self.fields["sort"] = _small(
            forms.ChoiceField(label="Reihenfolge", choices=orders, required=False, error_messages=CHOSEN)
        )

    @property
    def narrows(self) -> dict:
        """What was chosen and can be understood, without the order; the rest stays unheeded, with its error."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value and name != "sort"}

    @property
    def order(self) -> str:
        self.is_valid()
        return self.ORDERS[self.cleaned_data.get("sort", "")][1]

    def narrow(self, rows):
        return narrowed(rows, self.narrows)


def narrowed(rows, given):
    """`rows` as `PeriodForm.narrows` says; everything but the kind may be a slot."""
    if "since" in given:
        rows = rows.filter(held_on__gte=given["since"])
    if "until" in given:
        rows = rows.filter(held_on__lte=given["until"])
    if "kind" in given:
        rows = rows.filter(case__isnull=given["kind"] == ALONE)
    if "topic" in given:
        # Asked row by row: a topic has a hundred times as many consultations as one author.
        tied = rows.model.topics.through.objects.filter(consultation=OuterRef("pk"), code=given["topic"])
        rows = rows.filter(Exists(tied))
    if "municipality" in given:
        rows = rows.filter(municipality=given["municipality"])
    return rows
