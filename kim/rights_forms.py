"""Forms of requests by right: receiving one, and one form for each step (kim.rights.STEPS)."""

from dataclasses import dataclass

from kim import workdays
from kim.forms import Day, Form, Line, Pick
from kim.models.rights import Asked, Extension, Identified, Kind, Outcome, Refusal, Way
from kim.rights import REFUSALS, WITH_A_DAY

WARNED = "Ohne Namen und ohne Inhalt: welche Angaben, zum Beispiel „Geburtsdatum, Anschrift“."


class ReceiveForm(Form):
    kind = Pick(label="Was verlangt die Person?", choices=Kind.choices)
    received_on = Day(label="Eingegangen am", past=True, help_text="Von diesem Tag an läuft ein Monat.")
    came_by = Pick(label="Eingang", choices=Way.choices)


class IdentifyForm(Form):
    identified = Pick(label="Identität geklärt durch", choices=Identified.choices)
    identified_on = Day(label="Geklärt am", past=True)


class ExtendForm(Form):
    extension_reason = Pick(label="Grund", choices=Extension.choices)
    extension_told_on = Day(label="Der Person mitgeteilt am", past=True, help_text="Mit dem Grund der Verzögerung.")


class AnswerForm(Form):
    outcome = Pick(label="Ergebnis", choices=Outcome.choices)

    def __init__(self, data=None, *, asked: Asked, **kwargs):
        super().__init__(data, **kwargs)
        if asked.kind == Kind.RECTIFICATION:
            label = "Berichtigte Angaben"
            self.fields["corrected"] = Line(label=label, max_length=300, required=False, help_text=WARNED)


class RefuseForm(Form):
    def __init__(self, data=None, *, asked: Asked, **kwargs):
        super().__init__(data, **kwargs)
        reasons = REFUSALS[asked.kind]
        self.fields["refusal"] = Pick(label="Grund", choices=[(one.value, one.label) for one in reasons])
        if set(reasons) & set(WITH_A_DAY):
            self.fields["kept_until"] = Day(
                label="Aufbewahrt bis", required=False, not_before=workdays.today,
                help_text="Nur wenn ein Verfahren oder eine Aufbewahrungspflicht entgegensteht.",
            )  # fmt: skip

    def clean(self):
        cleaned = super().clean()
        if cleaned.get("refusal"):
            cleaned["refusal"] = Refusal(cleaned["refusal"])
        return cleaned


class TakeBackForm(Form):
    """Nothing to fill in."""


def form_for(step: str, asked: Asked, data=None) -> Form:
    made = FORMS[step]
    given = {"asked": asked} if made in (AnswerForm, RefuseForm) else {}
    # Fields of several forms stand on one page: their ids differ, their names need not.
    return made(data, auto_id=f"id_{step}_%s", **given)


@dataclass(frozen=True)
class Offered:
    """A step as a page offers it: its form folded away, or open where it was sent and said no to."""

    name: str
    label: str
    hint: str
    url: str
    form: Form
    is_open: bool = False


FORMS: dict[str, type[Form]] = {
    "identify": IdentifyForm,
    "extend": ExtendForm,
    "answer": AnswerForm,
    "refuse": RefuseForm,
    "take_back": TakeBackForm,
}
