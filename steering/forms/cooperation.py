"""Forms of agreements, kick-off events and interfaces. Labels are what the privacy gate calls the texts."""

from django import forms

from kim.forms import Day, Form, Line, OneOf, Pick, SomeOf, Text
from kim.models import Organisation
from steering.models import KickOffParticipant

WHOLE_NUMBER = "Bitte eine ganze Zahl angeben."


def by_kind(organisations) -> list[tuple[str, list[Organisation]]]:
    """Institutions under headings, as a select shows them."""
    found: dict[str, list[Organisation]] = {str(kind.label): [] for kind in Organisation.Kind}
    for one in organisations:
        found[one.get_kind_display()].append(one)
    return [(heading, rows) for heading, rows in found.items() if rows]


# Agreements


class AgreementForm(Form):
    subject = Text(
        label="Gegenstand", max_length=4000, rows=6, required=False,
        help_text="Was Kreis und Kommune vereinbaren: Aufgaben, Ansprechstellen, Sprechzeiten vor Ort.",
    )  # fmt: skip
    contact = Line(
        label="Ansprechstelle der Kommune", max_length=160, required=False, help_text="Funktion oder Amt, kein Name."
    )
    renew_months = forms.IntegerField(
        label="Verlängerung klären, Monate vor dem Ende", min_value=1, max_value=36, initial=6,
        error_messages={
            "invalid": WHOLE_NUMBER, "required": "Bitte ausfüllen.", "min_value": "Bitte nennen Sie 1 bis 36 Monate.",
            "max_value": "Bitte nennen Sie 1 bis 36 Monate.",
        },
        help_text="So lange vor dem Ende erinnert KIM die Geschäftsstelle.",
    )  # fmt: skip


class AgreementSendForm(Form):
    sent_on = Day(label="An die Kommune versandt am", past=True)


class AgreementSignForm(Form):
    signed_on = Day(label="Unterzeichnet am", past=True)
    signatories = Text(
        label="Unterzeichnet durch", max_length=500, rows=3, help_text="Funktionen, keine Namen: eine je Zeile."
    )
    valid_from = Day(label="Gilt ab")
    last_day = Day(label="Gilt bis einschließlich", required=False, help_text="leer: ohne festes Ende")

    def clean(self):
        given = super().clean()
        if given.get("valid_from") and given.get("last_day") and given["last_day"] < given["valid_from"]:
            self.add_error("last_day", "Das Ende muss nach dem Anfang liegen.")
        return given


class AgreementEndForm(Form):
    last_day = Day(label="Letzter Tag")
    reason = Text(label="Begründung", max_length=1000, rows=3)


# Kick-off events


class KickOffForm(Form):
    """A new event; its municipality stays."""

    def __init__(self, data=None, *, places=(), **kwargs):
        super().__init__(data, **kwargs)
        self.fields["municipality"] = OneOf(places, label="Kommune")
        self.fields["on_day"] = Day(label="Tag")
        self.fields["place"] = Line(label="Ort", max_length=160, required=False)


class KickOffEditForm(Form):
    def __init__(self, data=None, *, held=False, **kwargs):
        super().__init__(data, **kwargs)
        self.fields["on_day"] = Day(label="Tag", past=held)
        self.fields["place"] = Line(label="Ort", max_length=160, required=False)
        if held:
            self.fields["outcome"] = Text(label="Ergebnis", max_length=4000, rows=6)


class KickOffHoldForm(Form):
    outcome = Text(
        label="Ergebnis", max_length=4000, rows=6,
        help_text="Was wurde geklärt, was ist offen? Schnittstellen tragen Sie danach einzeln ein.",
    )  # fmt: skip


class ParticipantForm(Form):
    """An institution and its sector. `legal_area` counts for those who come for one."""

    def __init__(self, data=None, *, organisations=(), areas=(), **kwargs):
        super().__init__(data, **kwargs)
        self.fields["sector"] = Pick(label="Bereich", choices=KickOffParticipant.Sector.choices)
        self.fields["organisation"] = OneOf(
            groups=by_kind(organisations), label="Institution", required=False, empty="steht nicht in der Liste"
        )
        self.fields["name"] = Line(
            label="Stelle", max_length=120, required=False,
            help_text="Wenn sie nicht in der Liste steht: Amt, Träger oder Einrichtung, kein Name.",
        )  # fmt: skip
        self.fields["legal_area"] = OneOf(
            areas, label="Rechtskreis", required=False, empty="keiner", help_text="Beim Bereich „Rechtskreis“."
        )
        self.fields["persons"] = forms.IntegerField(
            label="Personen", required=False, min_value=1, max_value=500,
            error_messages={
                "invalid": WHOLE_NUMBER, "min_value": "Bitte 1 bis 500 angeben.",
                "max_value": "Bitte 1 bis 500 angeben.",
            },
            help_text="Wie viele von dort dabei waren.",
        )  # fmt: skip

    def clean(self):
        given = super().clean()
        if not given.get("organisation") and not given.get("name") and "name" not in self.errors:
            self.add_error("name", "Bitte nennen Sie eine Institution oder Stelle.")
        if given.get("organisation"):
            given["name"] = ""
        if given.get("sector") == KickOffParticipant.Sector.LEGAL and not given.get("legal_area"):
            self.add_error("legal_area", "Bitte wählen Sie den Rechtskreis, für den die Stelle dabei ist.")
        return given


# Interfaces


class InterfaceForm(Form):
    """An entry of the register. With `new`, also the way of working that was agreed when it was found."""

    TWO = "Eine Schnittstelle liegt zwischen mindestens zwei Stellen."

    def __init__(self, data=None, *, choices, new=False, **kwargs):
        """`choices` holds organisations, areas, places and events (kick-offs that were held)."""
        super().__init__(data, **kwargs)
        fields: dict[str, forms.Field] = {
            "title": Line(
                label="Schnittstelle", max_length=140, help_text="Was wird übergeben, von wem an wen? In einem Satz."
            ),
            "municipality": OneOf(choices["places"], label="Kommune", required=False, empty="im ganzen Kreis"),
            "between": SomeOf(choices["organisations"], label="Zwischen", help_text="Mindestens zwei Stellen."),
            "legal_areas": SomeOf(choices["areas"], label="Rechtskreise", required=False),
            "description": Text(label="Worum geht es?", max_length=2000, required=False),
            "identified_at": OneOf(
                choices["events"], label="Erkannt bei", required=False, empty="keiner Auftaktveranstaltung",
                label_of=lambda event: f"{event.municipality}, {event.day_words}",
            ),
        }  # fmt: skip
        if new:
            fields["way"] = Text(
                label="Vereinbarte Arbeitsweise", max_length=4000, rows=6, required=False,
                help_text="Wer tut was bis wann? Kann später nachgetragen werden.",
            )  # fmt: skip
            fields["agreed_on"] = Day(label="Vereinbart am", past=True, required=False, help_text="Leer: heute.")
        self.fields |= fields

    def clean_between(self):
        if len(set(self.cleaned_data["between"])) < 2:
            raise forms.ValidationError(self.TWO, code="too_few")
        return self.cleaned_data["between"]

    def clean(self):
        given = super().clean()
        event, place = given.get("identified_at"), given.get("municipality")
        if event and place and event.municipality_id != place.pk:
            self.add_error("identified_at", f"Diese Veranstaltung war in {event.municipality}, nicht in {place}.")
        return given


class InterfaceWayForm(Form):
    """How it is done from now on."""

    def __init__(self, data=None, *, events=(), **kwargs):
        super().__init__(data, **kwargs)
        self.fields["text"] = Text(label="Vereinbarte Arbeitsweise", max_length=4000, rows=8)
        self.fields["agreed_on"] = Day(label="Vereinbart am", past=True)
        self.fields["event"] = OneOf(
            events, label="Vereinbart bei", required=False, empty="keiner Auftaktveranstaltung",
            label_of=lambda event: f"{event.municipality}, {event.day_words}",
        )  # fmt: skip


class PressForm(Form):
    """Only a button: the page before it says what it means."""
