"""Form of a consent that somebody gave. What can be chosen is handed in by the view, already read."""

import datetime as dt

from django import forms

from casework.models import Consent
from casework.models.consents import CASE_MANAGEMENT, PAPERS, TO_AUTHORITY
from casework.printing import NAMED
from kim import workdays
from kim.forms import CHOSEN, Day, Form, Line, OneOf, Text
from kim.models import Organisation

#: Nobody agrees to something that begins later than this.
LATEST = dt.timedelta(days=366)


class ConsentForm(Form):
    """Purpose, recipient, first and last day, how it was given, and which wording was read."""

    valid_from = Day(label="Gilt ab", past=True)
    last_day = Day(label="Gilt bis", required=False, help_text="Der Tag zählt mit. Leer: bis zum Widerruf.")
    given = forms.ChoiceField(label="Wie gegeben?", choices=Consent.Given, error_messages=CHOSEN)
    text_version = Line(
        label="Fassung des Textes",
        max_length=40,
        help_text="Steht unten auf dem Formular. Bei einem eigenen Formular: dessen Bezeichnung.",
    )

    usual_papers = forms.MultipleChoiceField(
        label="Welche Unterlagen darf die Behörde bekommen?",
        choices=[(words, words) for words in PAPERS],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages=CHOSEN,
        help_text="Nur was hier steht, lässt sich später übergeben.",
    )
    papers = Text(label="Weitere Unterlagen", max_length=1000, rows=2, required=False, help_text="Eine je Zeile.")

    #: Asked about a hand-over to an authority alone.
    OF_PAPERS = ("usual_papers", "papers")

    def __init__(self, data=None, *, purposes, recipients, **kwargs):
        super().__init__(data, **kwargs)
        chosen = {
            "purpose": OneOf(purposes, label="Wozu?", label_of=lambda code: code.label),
            "recipient": OneOf(
                recipients,
                label="Für welche Stelle?",
                required=False,
                empty="Case Management selbst",
                help_text="Je Zweck und Stelle eine Einwilligung. Für jede weitere tragen Sie eine neue ein.",
            ),
        }
        self.fields = chosen | self.fields

    @property
    def plain(self):
        return [field for field in self if field.name not in self.OF_PAPERS]

    @property
    def about_papers(self):
        return [self[name] for name in self.OF_PAPERS]

    @property
    def has_papers(self) -> bool:
        return any(field.value() or field.errors for field in self.about_papers)

    def clean(self):
        cleaned = super().clean()
        cleaned["papers"] = "\n".join([*cleaned.pop("usual_papers", ()), cleaned.get("papers", "")]).strip()
        purpose, recipient = cleaned.get("purpose"), cleaned.get("recipient")
        if purpose and purpose.code in NAMED and not recipient:
            self.add_error("recipient", "Zu diesem Zweck gehört eine Stelle. Bitte wählen Sie sie.")
        if purpose and purpose.code == CASE_MANAGEMENT and recipient:
            self.add_error("recipient", "Ins Case Management willigt man ohne Stelle ein: „Case Management selbst“.")
        if purpose and purpose.code == TO_AUTHORITY and recipient and recipient.kind != Organisation.Kind.AUTHORITY:
            self.add_error("recipient", "Bitte wählen Sie eine Ausländer- oder Einbürgerungsbehörde.")
        if cleaned["papers"] and purpose and purpose.code != TO_AUTHORITY:
            self.add_error("usual_papers", "Unterlagen nennt nur eine Einwilligung in die Übergabe an eine Behörde.")
        first, last = cleaned.get("valid_from"), cleaned.pop("last_day", None)
        if first and first > workdays.today() + LATEST:
            self.add_error("valid_from", "Bitte einen Tag innerhalb des nächsten Jahres angeben.")
        if first and last and last < first:
            self.add_error("last_day", "Der letzte Tag liegt vor dem ersten.")
        cleaned["valid_until"] = last + dt.timedelta(days=1) if last else None
        return cleaned
