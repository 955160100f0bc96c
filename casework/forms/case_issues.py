"""Forms of the way into the chain: a new issue from a case, tying one that is there, and what is done meanwhile."""

from typing import Any

from django import forms

from casework.models.links import INTERIM
from kim.forms import Form, Line, OneOf, Text
from steering.forms.issues import IssueForm

OWN = ("interim", "interim_shared")


def _interim() -> dict[str, forms.Field]:
    return {
        "interim": Text(
            label=INTERIM,
            max_length=2000,
            rows=3,
            required=False,
            help_text="Bleibt beim Fall und läuft weiter, während der Knackpunkt seinen Weg geht.",
        ),
        "interim_shared": forms.BooleanField(
            label="Anderen im Case Management als vorläufige Hilfe zeigen",
            required=False,
            help_text="Nur dieser Text, ohne den Fall, und erst nach der Datenschutzprüfung.",
        ),
    }


class _WithInterim(Form):
    @property
    def interim_fields(self):
        return [self[name] for name in OWN]

    @property
    def help_given(self) -> dict[str, Any]:
        """What is done for the person now, as CaseIssue takes it."""
        return {"interim": self.cleaned_data["interim"], "shared": self.cleaned_data["interim_shared"]}


class CaseIssueForm(_WithInterim, IssueForm):
    """The report as everywhere, and beside it what stays at the case."""

    def __init__(self, data=None, **kwargs):
        super().__init__(data, **kwargs)
        self.fields |= _interim()

    @property
    def report_given(self) -> dict[str, Any]:
        return {name: value for name, value in self.cleaned_data.items() if name not in OWN}


class LinkForm(_WithInterim):
    """An issue that is there already, out of those found."""

    words = Line(
        label="Suche",
        max_length=100,
        required=False,
        help_text="Wort aus Titel oder Sachverhalt, oder Kennung wie KP-2026-0031",
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off"}),
    )

    def __init__(self, data=None, *, found=(), **kwargs):
        super().__init__(data, **kwargs)
        self.fields["issue"] = OneOf(
            found,
            label="Knackpunkt",
            widget=forms.RadioSelect(),
            label_of=lambda issue: f"{issue.number} {issue.title} ({issue.get_state_display()})",
        )
        self.fields["join"] = forms.BooleanField(
            label="Auch mitmelden",
            required=False,
            initial=True,
            help_text="Sie erfahren jeden Schritt und am Ende die Antwort. Gilt, solange er offen ist.",
        )
        self.fields |= _interim()
        self.has_offers = bool(found)

    @property
    def search_fields(self):
        return [self["words"]]

    @property
    def join_fields(self):
        return [self["join"]]


class InterimForm(_WithInterim):
    def __init__(self, data=None, **kwargs):
        super().__init__(data, **kwargs)
        self.fields |= _interim()
