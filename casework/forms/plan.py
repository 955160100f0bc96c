"""Forms of assessment and plan. What can be chosen is handed in by the view, already read."""

from django import forms
from django.core.exceptions import ValidationError

from casework.models import Assessment, GoalMeasure
from casework.models.plan import STANDINGS
from kim import workdays
from kim.forms import CHOSEN, Day, Form, Line, OneOf, Pick, Text

VALUES = [("", "–"), *((str(value), str(value)) for value in range(1, 6))]


class AssessmentForm(Form):
    """Every life domain with its value at the beginning, at the end, and a note; an empty one is not chosen."""

    def __init__(self, data=None, *, domains, assessed, **kwargs):
        """`assessed` holds the rows there are; `domains` are the codes offered, those assessed among them."""
        super().__init__(data, **kwargs)
        self.domains = domains
        self.assessed = {row.life_domain_id: row for row in assessed}
        for domain in domains:
            row = self.assessed.get(domain.pk)
            for name, label in (("start", "Ausgangswert"), ("end", "Endwert")):
                self.fields[f"{name}_{domain.pk}"] = forms.TypedChoiceField(
                    label=f"{label}: {domain}",
                    choices=VALUES,
                    coerce=int,
                    empty_value=None,
                    required=False,
                    initial=getattr(row, name, None),
                    error_messages=CHOSEN,
                    widget=forms.Select(attrs={"class": "form-select form-select-sm"}),
                )
            self.fields[f"note_{domain.pk}"] = Text(
                label=f"Einschätzung: {domain}",
                max_length=2000,
                required=False,
                initial=row.note if row else "",
                widget=forms.Textarea(attrs={"rows": 1, "class": "form-control form-control-sm"}),
            )

    @property
    def lines(self):
        """(life domain, its start, end and note as bound fields), one line each."""
        return [
            (domain, self[f"start_{domain.pk}"], self[f"end_{domain.pk}"], self[f"note_{domain.pk}"])
            for domain in self.domains
        ]

    def clean(self):
        cleaned = super().clean()
        valued, cleared = [], []
        for domain in self.domains:
            start, end, note = (cleaned.get(f"{name}_{domain.pk}") for name in ("start", "end", "note"))
            if start is None and (end is not None or note):
                self.add_error(f"start_{domain.pk}", f"Zu „{domain}“ fehlt der Ausgangswert.")
            row = self.assessed.get(domain.pk)
            if start is None and row:
                cleared.append(domain)
            elif start is not None and (row is None or (row.start, row.end, row.note) != (start, end, note or "")):
                valued.append(Assessment(life_domain=domain, start=start, end=end, note=note or ""))
        return {"valued": valued, "cleared": cleared}


class GoalForm(Form):
    """A goal; where it is, is asked once there is one."""

    text = Line(
        label="Ziel",
        max_length=400,
        help_text="In den Worten der beratenen Person: Was soll sich bis dahin geändert haben?",
    )

    def __init__(self, data=None, *, domains, is_new, **kwargs):
        super().__init__(data, **kwargs)
        until = Day(label="Bis", not_before=workdays.today if is_new else None)
        self.fields = {"life_domain": OneOf(domains, label="Handlungsfeld"), **self.fields, "until": until}
        if not is_new:
            self.fields["standing"] = forms.ChoiceField(
                label="Stand oder Ergebnis",
                choices=STANDINGS,
                error_messages=CHOSEN,
                help_text="Ein Ergebnis schließt das Ziel ab. Zur Auswertung braucht jedes Ziel eines.",
            )


class GoalMeasureForm(Form):
    """Who does what for a goal until when."""

    text = Line(label="Was ist zu tun?", max_length=400)
    who = Pick(label="Wer?", choices=GoalMeasure.Who)
    until = Day(label="Bis", required=False)
    status = forms.ChoiceField(
        label="Stand", choices=GoalMeasure.Status, initial=GoalMeasure.Status.OPEN, error_messages=CHOSEN
    )

    def __init__(self, data=None, *, actors, **kwargs):
        super().__init__(data, **kwargs)
        until, status = self.fields.pop("until"), self.fields.pop("status")
        self.fields |= {
            "actor": OneOf(actors, label="Stelle aus dem Verzeichnis", required=False, empty="keine"),
            "actor_name": Line(
                label="Stelle, nicht im Verzeichnis",
                max_length=160,
                required=False,
                help_text="Nur, wenn eine andere Stelle etwas tut.",
            ),
            "until": until,
            "status": status,
        }

    def clean(self):
        cleaned = super().clean()
        actor, name = cleaned.get("actor"), cleaned.get("actor_name")
        if cleaned.get("who") == GoalMeasure.Who.ACTOR:
            if not actor and not name:
                self.add_error("actor", "Bitte nennen Sie die Stelle, die es tut.")
            if actor and name:
                self.add_error("actor_name", "Bitte nennen Sie nur eine Stelle: aus dem Verzeichnis oder hier.")
        elif cleaned.get("who") and (actor or name):
            self.add_error(
                "who", "Sie haben eine Stelle genannt. Bitte wählen Sie „andere Stelle“ oder leeren Sie sie."
            )
        return cleaned


class AgreeForm(Form):
    """The day on which both sides agreed."""

    agreed_on = Day(label="Vereinbart am", past=True)

    def clean_agreed_on(self):
        day = self.cleaned_data["agreed_on"]
        if day > workdays.today():
            raise ValidationError("Der Hilfeplan kann nicht in der Zukunft vereinbart worden sein.")
        return day
