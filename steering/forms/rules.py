"""Forms of the rules of procedure: a version with its parameters, and before whom it was put."""

from django import forms

from kim import workdays
from kim.forms import Day, Form, Line, OneOf, Pick, Text
from steering.models import RulesOfProcedure

#: Whole numbers and their bounds, which are those of the table.
NUMBERS = {
    "meetings_per_year": (1, 24),
    "invitation_days": (1, 90),
    "topic_days": (0, 120),
    "paper_days": (0, 90),
    "quorum_percent": (1, 100),
    "written_days": (1, 90),
    "minutes_days": (1, 180),
    "objection_days": (1, 180),
}
PICKED = ("voices", "majority", "admission", "readers")
ORDER = (
    "text", "meetings_per_year", "invitation_days", "topic_days", "paper_days", "quorum_percent", "without_quorum",
    "voices", "majority", "admission", "written_allowed", "written_days", "minutes_days", "objection_days", "readers",
)  # fmt: skip


def _label(name: str) -> str:
    return str(RulesOfProcedure._meta.get_field(name).verbose_name)  # type: ignore[union-attr]


class RulesForm(Form):
    """A version: its wording, and what the software applies of it. Days are calendar days."""

    def __init__(self, data=None, **kwargs):
        super().__init__(data, **kwargs)
        self.fields["text"] = Text(
            label="Wortlaut", required=False, max_length=40000, rows=14,
            help_text="Was die Software anwendet, steht in den Feldern darunter; der Wortlaut soll dasselbe sagen.",
        )  # fmt: skip
        for name, (low, high) in NUMBERS.items():
            said = f"Bitte eine ganze Zahl von {low} bis {high} angeben."
            errors = {"required": "Bitte ausfüllen.", "invalid": said, "min_value": said, "max_value": said}
            widget = forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "maxlength": 3})
            self.fields[name] = forms.IntegerField(
                label=_label(name), min_value=low, max_value=high, error_messages=errors, widget=widget
            )
        for name in PICKED:
            field = RulesOfProcedure._meta.get_field(name)
            self.fields[name] = Pick(label=_label(name), choices=list(field.choices))  # type: ignore[union-attr, arg-type]
        for name in ("without_quorum", "written_allowed"):
            self.fields[name] = forms.BooleanField(label=_label(name), required=False)
        self.order_fields(ORDER)


class RulesSubmitForm(Form):
    """When a draft was put before whom, and the meeting that is to adopt it."""

    def __init__(self, data=None, *, meetings=(), **kwargs):
        super().__init__(data, **kwargs)
        self.fields["on"] = Day(label="Vorgelegt am", past=True, initial=workdays.today)
        self.fields["to"] = Line(
            label="Wem, in welcher Sitzung", max_length=160, help_text="Etwa „Ausschuss für Soziales, zur Kenntnis“."
        )
        self.fields["meeting"] = OneOf(
            meetings, label="Zur Verabschiedung in", required=False, empty="in der nächsten Sitzung, noch ohne Tag",
            help_text="Die Geschäftsordnung kommt auf die Tagesordnung dieser Sitzung.",
        )  # fmt: skip
