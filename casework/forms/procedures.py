"""Forms of Modul 3: the hand-over by case management, and what the authority says about its procedure."""

import datetime as dt
import hashlib
import json
from dataclasses import dataclass

from django import forms

from casework.models import Checklist, Consent, Procedure, ProcedureItem
from casework.models.procedures import REVIEWED
from kim.forms import Day, Form, Line, OneOf, Pick, SomeOf, Text

ANY = [("", "alle")]


@dataclass(frozen=True)
class Paper:
    """One that a consent names; chosen by its consent and its place there."""

    pk: str
    words: str
    consent: Consent


class HandOverForm(Form):
    """A new text for the authority. `consents` are those that name one, `checklists` those that hold today."""

    NAMES = ("consent", "checklist", "person", "text", "papers", "previewed")

    person = Line(max_length=240, label=REVIEWED["person"])
    text = Text(
        max_length=2000, rows=8, label=REVIEWED["text"],
        help_text="Schreiben Sie neu und nur, was die Behörde für dieses Verfahren braucht. Nichts aus dem Fall "
        "geht von selbst mit.",
    )  # fmt: skip
    previewed = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)

    #: When the draft was saved that the form was filled from.
    saved_at: dt.datetime | None = None

    def __init__(self, *args, consents, checklists, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["consent"] = OneOf(
            consents, label="Behörde", widget=forms.RadioSelect(),
            label_of=lambda consent: f"{consent.recipient} (Einwilligung {consent.span})",
        )  # fmt: skip
        self.fields["checklist"] = OneOf(checklists, label="Verfahren", label_of=lambda row: row.get_kind_display())
        self.fields["papers"] = self._papers(consents)
        self.order_fields(self.NAMES)

    @staticmethod
    def _papers(consents) -> SomeOf:
        """Those the consents name, and no others; with the authority where several may get some."""
        named = [Paper(f"{one.pk}-{at}", words, one) for one in consents for at, words in enumerate(one.paper_list)]
        several = len({paper.consent for paper in named}) > 1
        says = "Die Unterlagen selbst geben Sie auf dem gewohnten Weg ab."
        none = "Keine Einwilligung nennt Unterlagen. Bitte tragen Sie zuerst eine ein, die sie nennt."
        return SomeOf(
            named,
            label=REVIEWED["papers"],
            required=False,
            label_of=lambda paper: f"{paper.words} ({paper.consent.recipient})" if several else paper.words,
            help_text=says if named else none,
        )

    def clean(self):
        given = super().clean()
        others = [paper.words for paper in given.get("papers", ()) if paper.consent != given.get("consent")]
        if others and given.get("consent"):
            self.add_error("papers", f"Die Einwilligung für diese Behörde nennt nicht: {', '.join(others)}.")
        return given

    @property
    def shown(self):
        """The fields people fill in; what was previewed stands with the preview."""
        return [self[name] for name in self.NAMES if name != "previewed"]

    @property
    def given(self) -> dict:
        """What is handed over."""
        found = {name: self.cleaned_data[name] for name in ("consent", "checklist", "person", "text", "papers")}
        papers = "\n".join(paper.words for paper in found["papers"])
        return found | {"authority": found["consent"].recipient, "papers": papers}

    @property
    def fingerprint(self) -> str:
        """Changes with anything the authority will see."""
        told = {name: str(getattr(value, "pk", value)) for name, value in self.given.items()}
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()

    @property
    def is_previewed(self) -> bool:
        return self.cleaned_data["previewed"] == self.fingerprint


def _choice(choices, label):
    widget = forms.Select(attrs={"class": "form-select form-select-sm"})
    return forms.ChoiceField(choices=choices, required=False, label=label, widget=widget)


class ProcedureFilter(forms.Form):
    kind = _choice(ANY + Checklist.Kind.choices, "Verfahren")
    status = _choice([*ANY, ("open", "nicht entschieden"), *Procedure.Status.choices], "Stand")

    def narrow(self, rows):
        """`rows` narrowed by what was asked and can be understood."""
        self.is_valid()
        if kind := self.cleaned_data.get("kind"):
            rows = rows.filter(checklist__kind=kind)
        status = self.cleaned_data.get("status")
        if status == "open":
            return rows.exclude(status=Procedure.Status.DECIDED)
        return rows.filter(status=status) if status else rows


class ItemsForm(Form):
    """How each item of a procedure stands. Only what was changed on this page is taken over."""

    def __init__(self, data=None, *, items):
        super().__init__(data)
        self.items = items
        for item in items:
            self.fields[f"item_{item.pk}"] = forms.ChoiceField(
                choices=ProcedureItem.Status.choices, initial=item.status, label=item.item.text, required=False
            )
            self.fields[f"was_{item.pk}"] = forms.CharField(initial=item.status, required=False, max_length=20)

    @property
    def changed(self) -> list[tuple[ProcedureItem, str]]:
        found = []
        for item in self.items:
            status = self.cleaned_data.get(f"item_{item.pk}")
            if status and status != self.cleaned_data.get(f"was_{item.pk}"):
                found.append((item, status))
        return found


class DecisionForm(Form):
    outcome = Pick(choices=Procedure.Outcome.choices, label="Ergebnis")
    ended_on = Day(past=True, label="Entschieden am")


class ProcedureNoteForm(Form):
    text = Text(
        max_length=1000, rows=3, label="Rückmeldung an das Case Management",
        help_text="Steht beim Vorgang; die Mitteilung sagt nur, dass es eine gibt.",
    )  # fmt: skip
