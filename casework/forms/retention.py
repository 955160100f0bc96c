"""Forms of retention: putting off an erasure, and what narrows the list."""

from django import forms

from casework.models import Erasure, Hold
from kim import workdays
from kim.forms import Day, Form, Pick

OF_CASES = [(why.value, why.label) for why in (Erasure.Why.WITHDRAWAL, Erasure.Why.NOT_ADMITTED, Erasure.Why.ENDED)]


class HoldForm(Form):
    reason = Pick(label="Grund", choices=Hold.Reason.choices)
    until = Day(
        label="Aufschieben bis einschließlich",
        not_before=workdays.today,
        help_text="Höchstens ein Jahr. Danach wird gelöscht, wenn Sie nicht erneut aufschieben.",
    )


HELD = [("", "alle"), ("no", "nicht aufgeschoben"), ("yes", "aufgeschoben")]
SMALL = {"class": "form-select form-select-sm"}


class RetentionFilter(forms.Form):
    why = forms.ChoiceField(
        label="Anlass", required=False, choices=[("", "alle"), *OF_CASES], widget=forms.Select(attrs=SMALL)
    )
    held = forms.ChoiceField(label="Aufschub", required=False, choices=HELD, widget=forms.Select(attrs=SMALL))
