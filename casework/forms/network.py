"""Forms of the directory, of referrals, conferences and follow-ups. What can be chosen is handed in, read already."""

from django import forms
from django.core.validators import URLValidator

from casework.models import Actor, Conference, Referral
from kim import workdays
from kim.form_rendering import QuickSelect
from kim.forms import Day, Form, Line, OneOf, Pick, SomeOf, Text

MAIL = "Bitte eine E-Mail-Adresse angeben wie info@beratungsstelle.de."
ADDRESS = "Bitte eine Internetadresse angeben wie https://www.beratungsstelle.de."


class ActorForm(Form):
    """An entry of the directory."""

    def __init__(self, data=None, *, municipalities=(), organisations=(), **kwargs):
        super().__init__(data, **kwargs)
        self.fields["name"] = Line(label="Name", max_length=160)
        self.fields["kind"] = Pick(label="Art", choices=Actor.Kind.choices)
        self.fields["responsibility"] = Text(
            label="Zuständig für", max_length=2000, rows=3, required=False,
            help_text="Wobei hilft die Stelle, wem, unter welchen Bedingungen? Die Suche findet auch diese Wörter.",
        )  # fmt: skip
        self.fields["phone"] = Line(label="Telefon", max_length=60, required=False)
        self.fields["email"] = forms.EmailField(
            label="E-Mail", required=False, max_length=254, error_messages={"invalid": MAIL},
            help_text="Ein Postfach der Stelle, nicht das einer einzelnen Person.",
        )  # fmt: skip
        self.fields["website"] = forms.URLField(
            label="Internet", required=False, max_length=200, assume_scheme="https",
            validators=[URLValidator(schemes=["http", "https"], message=ADDRESS)], error_messages={"invalid": ADDRESS},
        )  # fmt: skip
        self.fields["address"] = Line(label="Adresse", max_length=200, required=False)
        self.fields["hours"] = Line(label="Zeiten", max_length=200, required=False)
        self.fields["municipalities"] = SomeOf(
            municipalities, label="Kommunen", required=False, help_text="Keine ausgewählt: für den ganzen Kreis."
        )
        self.fields["organisation"] = OneOf(
            organisations, label="Institution, an die eine Einwilligung gehen kann", required=False, empty="keine",
            help_text="Ohne Institution kann keine Einwilligung diese Stelle nennen; die Person geht dann selbst hin.",
        )  # fmt: skip


class ActorEndForm(Form):
    gone_on = Day(label="Besteht nicht mehr seit", past=True)


class ReferralForm(Form):
    """`consents` are those in force that name the institution of the actor."""

    def __init__(self, data=None, *, consents=(), **kwargs):
        super().__init__(data, **kwargs)
        self.fields["occasion"] = Line(label="Worum geht es?", max_length=300)
        if consents:
            self.fields["consent"] = OneOf(
                consents, label="Einwilligung", required=False, empty="keine: die Person geht selbst hin",
                help_text="Nur mit Einwilligung dürfen Sie der Stelle etwas mitteilen.",
            )  # fmt: skip
        self.fields["sent_on"] = Day(label="Angefragt am", past=True)
        self.fields["follow_up_on"] = Day(
            label="Nachfragen am", required=False, not_before=workdays.today,
            help_text="Kommt an diesem Tag als Wiedervorlage zurück.",
        )  # fmt: skip
        self.fields["note"] = Text(label="Notiz", max_length=2000, rows=2, required=False)


class AnswerForm(Form):
    """What came of a referral."""

    def __init__(self, data=None, **kwargs):
        super().__init__(data, **kwargs)
        status = Referral.Status
        offered = [status.ACCEPTED, status.REFUSED, status.DONE]
        self.fields["status"] = Pick(label="Ergebnis", choices=[(one.value, one.label) for one in offered])
        self.fields["answered_on"] = Day(label="Am", past=True)
        self.fields["follow_up_on"] = Day(
            label="Wieder nachfragen am", required=False, not_before=workdays.today,
            help_text="Nur wenn angenommen: ob die Hilfe läuft.",
        )  # fmt: skip
        self.fields["note"] = Text(label="Notiz", max_length=2000, rows=2, required=False)

    def clean(self):
        given = super().clean()
        if given.get("follow_up_on") and given.get("status") not in (None, Referral.Status.ACCEPTED):
            self.add_error("follow_up_on", "Nachgefragt wird nur, wenn die Stelle angenommen hat.")
        return given


class ConferenceForm(Form):
    def __init__(self, data=None, *, topics=(), **kwargs):
        super().__init__(data, **kwargs)
        self.fields["held_on"] = Day(label="Tag")
        self.fields["mode"] = Pick(label="Form", choices=Conference.Mode.choices, initial=Conference.Mode.PRESENCE)
        self.fields["place"] = Line(label="Ort", max_length=120, required=False)
        self.fields["summary"] = Text(
            label="Ergebnis", max_length=4000, rows=5, required=False,
            help_text="Bleibt beim Fall. Wer was bis wann tut, halten Sie danach als Vereinbarung fest.",
        )  # fmt: skip
        self.fields["structural_topics"] = SomeOf(
            topics, label="Erkannte Strukturthemen", required=False,
            help_text="Was betrifft nicht nur diesen Fall? Daraus kann ein Knackpunkt werden.",
        )  # fmt: skip


class SeatForm(Form):
    """`groups` are institutions under headings, those with a consent first."""

    def __init__(self, data=None, *, groups=(), **kwargs):
        super().__init__(data, **kwargs)
        self.fields["institution"] = OneOf(groups=[group for group in groups if group[1]], label="Institution")
        self.fields["name"] = Line(label="Funktion oder Name", max_length=120, required=False)


class AgreementForm(Form):
    who = Line(label="Wer", max_length=120)
    what = Line(label="Was", max_length=300)
    until = Day(label="Bis", required=False)


class FollowUpForm(Form):
    on_day = Day(label="Am", not_before=workdays.today)
    text = Line(label="Was ist zu tun?", max_length=200)


class FollowUpFilter(Form):
    """What the list is narrowed by, and its order; what cannot be understood stays unheeded."""

    #: key in the address → (words, order; the list's own where there is none)
    ORDERS = {
        "": ("wie es ansteht", ""),
        "early": ("früher Tag zuerst", "on_day"),
        "late": ("später Tag zuerst", "-on_day"),
    }

    def __init__(self, data, *, states, places, **kwargs):
        super().__init__(data, auto_id="filter_%s", **kwargs)
        orders = [(key, words) for key, (words, _) in self.ORDERS.items()]
        self.fields |= {
            "state": forms.ChoiceField(label="Stand", choices=states, required=False),
            "municipality": OneOf(places, label="Kommune", required=False, empty="alle"),
            "sort": forms.ChoiceField(label="Reihenfolge", choices=orders, required=False),
        }
        for field in self.fields.values():
            field.widget = QuickSelect(attrs={"class": "form-select form-select-sm"}, choices=field.widget.choices)

    @property
    def chosen(self) -> dict:
        self.is_valid()
        return self.cleaned_data


class MoveForm(Form):
    on_day = Day(label="Neuer Tag", not_before=workdays.today)
