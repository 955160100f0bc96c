"""Forms of programmes, notices, what is due and what was paid. Labels are what the privacy gate calls the texts."""

import re

from django import forms

from funding.forms.facts import Euros, FactForm, Share
from funding.models import Award, Deadline, Item, Module, Payment, Terms
from funding.models.programmes import STAFF
from kim import workdays
from kim.forms import Day, Form, Line, OneOf, Pick, Text
from steering.forms.cooperation import by_kind


class Key(Line):
    """A short name in addresses and papers: „M2-2020“."""

    def clean(self, value):
        value = super().clean(value)
        if value and not re.fullmatch(r"[A-Za-z0-9_-]+", value):
            raise forms.ValidationError("Bitte nur Buchstaben ohne Umlaute, Ziffern und Bindestriche.", code="invalid")
        return value


# Programmes


class ProgrammeForm(Form):
    name = Line(label="Name", max_length=160)
    key = Key(label="Kennung", max_length=50, help_text="Kurz und eindeutig, etwa kim-modul-2.")
    module = Pick(label="Modul", choices=Module.choices)
    award = Pick(label="Art der Förderung", choices=Award.choices)
    legal_basis = Line(
        label="Rechtsgrundlage", max_length=300, required=False, help_text="Richtlinie, Erlass oder Haushaltsgesetz."
    )


class PeriodForm(Form):
    valid_from = Day(label="Erster Tag")
    last_day = Day(label="Letzter Tag")
    name = Line(label="Name", max_length=120, required=False, help_text="Etwa „Förderjahr 2026“.")
    source = Line(label="Beleg", max_length=200, required=False)

    def clean(self):
        given = super().clean()
        first, last = given.get("valid_from"), given.get("last_day")
        if first and last and last < first:
            self.add_error("last_day", "Das Ende muss nach dem Anfang liegen.")
        return given


class RateForm(FactForm):
    item = Pick(label="Wofür", choices=Item.choices)
    amount = Euros(label="Betrag in Euro")
    per_fte = Share(label="Je so viel VZÄ", initial=1, help_text="1 für eine volle Stelle, 0,5 für eine halbe.")
    once = forms.BooleanField(
        label="einmalig statt je Jahr", required=False, help_text="Etwa für die Einrichtung eines Arbeitsplatzes."
    )


# Notices


class NoticeEditForm(Form):
    """What stands on the paper itself; its period stays."""

    def __init__(self, data=None, *, organisations=(), **kwargs):
        super().__init__(data, **kwargs)
        fields: dict[str, forms.Field] = {
            "number": Key(label="Kennung", max_length=40, help_text="Kurz und eindeutig, etwa M2-2020."),
            "reference": Line(label="Aktenzeichen", max_length=80, required=False),
            "recipient": OneOf(groups=by_kind(organisations), label="Zuwendungsempfänger"),
            "applied_on": Day(label="Beantragt am", past=True, required=False),
            "granted_on": Day(
                label="Bewilligt am", past=True, required=False, help_text="Datum des Bescheids, wenn bekannt."
            ),
            "audited_on": Day(label="Nachweis geprüft am", past=True, required=False),
            "source": Line(label="Beleg", max_length=200, required=False),
        }
        self.fields |= fields

    def clean(self):
        given = super().clean()
        today = workdays.today()
        for name in ("applied_on", "granted_on", "audited_on"):
            if given.get(name) and given[name] > today:
                self.add_error(name, "Dieser Tag liegt in der Zukunft. Bitte höchstens den heutigen Tag angeben.")
        applied, granted = given.get("applied_on"), given.get("granted_on")
        if applied and granted and granted < applied:
            self.add_error("granted_on", "Bewilligt wird nach dem Antrag. Bitte prüfen Sie die beiden Tage.")
        return given


class NoticeForm(NoticeEditForm):
    def __init__(self, data=None, *, periods=(), organisations=(), **kwargs):
        super().__init__(data, organisations=organisations, **kwargs)
        del self.fields["audited_on"]
        by_programme: dict[str, list] = {}
        for period in periods:
            by_programme.setdefault(str(period.programme), []).append(period)
        self.fields["period"] = OneOf(
            groups=list(by_programme.items()), label="Förderzeitraum", label_of=lambda period: period.span,
            help_text="Fehlt er in der Liste, legen Sie ihn beim Förderprogramm an.",
        )  # fmt: skip
        self.order_fields(["period"])


class WithinPeriod(FactForm):
    """A fact about a notice always ends: with its period at the latest."""

    def __init__(self, data=None, *, subject=None, initial=None):
        super().__init__(data, subject=subject, initial=initial)
        self.fields["last_day"].required = True
        self.fields["last_day"].help_text = "Höchstens bis zum Ende des Förderzeitraums."


class GrantForm(WithinPeriod):
    item = Pick(label="Wofür", choices=Item.choices)
    fte = Share(label="VZÄ", required=False, help_text="Bei Fachkräften und Verwaltungsassistenz: wie viele Stellen.")
    amount = Euros(
        label="Betrag laut Bescheid in Euro", required=False,
        help_text="Leer bei Stellen: VZÄ × Fördersatz × Zeit. Bei Sachausgaben der bewilligte Betrag.",
    )  # fmt: skip

    def clean(self):
        given = super().clean()
        item = given.get("item")
        if item in STAFF and given.get("fte") is None and "fte" not in self.errors:
            self.add_error("fte", "Bitte nennen Sie, wie viele VZÄ bewilligt sind.")
        if given.get("fte") == 0:
            self.add_error("fte", "Bewilligte VZÄ sind größer als 0.")
        if item == Item.OTHER and given.get("amount") is None and "amount" not in self.errors:
            self.add_error("amount", "Bitte nennen Sie den bewilligten Betrag.")
        return given


class TermsForm(WithinPeriod):
    counting = Pick(label="Stellenmonate zählen", choices=Terms.Counting.choices, initial=Terms.Counting.BY_DAY.value)
    bases = Pick(label="Grundlage der Abrechnung", choices=Terms.Bases.choices, initial=Terms.Bases.SMALLER.value)
    purpose = Text(label="Zweck", max_length=2000, required=False)
    conditions = Text(
        label="Auflagen", max_length=4000, required=False, help_text="Eine je Zeile, wie sie im Bescheid stehen."
    )


# What is due


class DeadlineForm(Form):
    kind = Pick(label="Was ist fällig?", choices=Deadline.Kind.choices)
    due_on = Day(label="Bis zum")
    source = Line(label="Beleg", max_length=200, required=False, help_text="Wo der Termin steht.")


class DeadlineDoneForm(Form):
    done_on = Day(label="Erledigt am", past=True, initial=workdays.today)


class DeadlineDropForm(Form):
    because = Line(label="Weshalb entfällt er?", max_length=200)


class DeadlineMoveForm(Form):
    due_on = Day(label="Neuer Termin")
    because = Line(
        label="Weshalb?", max_length=120, help_text="Der bisherige Termin bleibt mit dem Grund beim Bescheid lesbar."
    )


# What was paid


class PaymentForm(Form):
    kind = Pick(label="Art", choices=Payment.Kind.choices)
    amount = Euros(label="Betrag in Euro")
    on_day = Day(label="Am", past=True)
    source = Line(label="Beleg", max_length=200, required=False, help_text="Etwa die Nummer der Buchung.")

    def clean_amount(self):
        if not self.cleaned_data["amount"]:
            raise forms.ValidationError("Ein Betrag ist größer als 0.", code="zero")
        return self.cleaned_data["amount"]


class PaymentCancelForm(Form):
    because = Line(label="Weshalb gilt sie nicht?", max_length=200)


class ProofForm(Form):
    submitted_on = Day(label="Eingereicht am", past=True, initial=workdays.today)
    submitted_to = Line(
        label="Bei", max_length=160, required=False, help_text="Behörde, kein Name: etwa Bezirksregierung Arnsberg."
    )
