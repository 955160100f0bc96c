"""Forms of a meeting while it sits: attendance, the decision on an item, admission, voting in writing, closing."""

from django import forms
from django.core.exceptions import ValidationError

from kim import workdays
from kim.forms import Day, Form, Line, OneOf, Pick, Text
from steering.escalation import ESCALATION, State
from steering.forms.issues import OnIssue, StepForm
from steering.models import AgendaItem, Attendance, Resolution, Vote
from steering.models.decisions import STEPS
from steering.models.voices import Voice, in_order, name_of

CONSENSUS, VOTES = "consensus", "votes"

#: What one presses to come to a verdict, and what it means.
CHOICES = {
    "assign": ("Zuweisen", "an eine örtliche oder thematische Projektgruppe"),
    "refer_up": ("An Land oder Bund", "über den Kreis hinaus"),
    "defer": ("Zurückstellen", "zurück an die Geschäftsstelle"),
    "solve": ("Gelöst", "Ergebnis festhalten, dann Rückmeldung"),
    "decline": ("Nicht weiterverfolgen", "der Beschluss wird zur Rückmeldung"),
    "adopt": ("Verabschieden", "so, wie es vorliegt"),
    "resolve": ("Beschließen", "mit Verantwortung und Termin"),
    "note": ("Zur Kenntnis nehmen", "ohne Abstimmung"),
    "reject": ("Ablehnen", "der Antrag findet keine Mehrheit"),
}
#: What the text of the resolution becomes, where it is more than that.
TEXT_HINT = {
    "assign": "Auftrag an die Gruppe, und warum diese Reichweite. Ohne Namen.",
    "solve": "Das Ergebnis; daraus wird die Rückmeldung an die Meldenden.",
    "decline": "Die Begründung; die Meldenden lesen sie.",
}
BUTTON = {"assign": "Beschluss festhalten und mitteilen", "note": "Kenntnisnahme festhalten"}
#: What the gate calls a text → its field.
GATE_NAMES = {"Begründung": "text", "Ergebnis": "text", "Beschluss": "text", "Verantwortlich": "owner"}


class Decision(OnIssue):
    """What every decision asks for beside the step of an issue: words, votes, who does it by when."""

    voices: list[Voice]

    def ask(self, item, verdict, *, voices, written, organisations=(), proposal="") -> None:
        """`voices` are those that vote here."""
        self.item, self.verdict = item, verdict
        self.voices = [] if written or verdict == Resolution.Verdict.NOTE else list(voices)
        self.button = BUTTON.get(verdict, "Beschluss festhalten")
        longest = 2000 if verdict in STEPS else 4000
        self.fields["text"] = Text(
            label="Beschluss",
            max_length=longest,
            rows=3,
            help_text=TEXT_HINT.get(verdict, "Ohne Namen."),
            initial=proposal,
        )
        if item.kind == AgendaItem.Kind.RULES and verdict == Resolution.Verdict.ADOPT:
            self.fields["valid_from"] = Day(label="Gilt ab", initial=workdays.today)
        if item.kind == AgendaItem.Kind.RESOLUTION and verdict != Resolution.Verdict.REJECT:
            self.fields["becomes"] = Pick(label="Was wird aus dem offenen Beschluss?", choices=BECOMES[verdict])
            if verdict == Resolution.Verdict.RESOLVE:
                self.fields["until"] = Day(label="Neuer Termin", required=False, not_before=workdays.today)
        elif verdict in ("resolve", "assign", "refer_up"):
            self._ask_owner(verdict, organisations)
        if self.voices:
            hows = [(CONSENSUS, "im Konsens"), (VOTES, "mit einzelnen Stimmen")]
            self.fields["how"] = Pick(label="Abstimmung", choices=hows, required=False)
            for voice in self.voices:
                self.fields[f"vote_{voice.key}"] = Pick(label=voice.name, choices=Vote.Value.choices, required=False)

    def _ask_owner(self, verdict, organisations):
        if verdict != "assign":
            self.fields["owner_organisation"] = OneOf(
                organisations, label="Verantwortlich", required=False, empty="keine der Institutionen"
            )
            self.fields["owner"] = Line(
                label="Stelle",
                required=False,
                max_length=120,
                help_text="Wer dort, oder wer sonst: eine Stelle, kein Name.",
            )
        hint = "leer: Termin des ersten Zwischenberichts" if verdict == "assign" else "leer: mit dem Beschluss erledigt"
        self.fields["due_on"] = Day(label="Umzusetzen bis", required=False, not_before=workdays.today, help_text=hint)

    @property
    def main_fields(self):
        return [self[name] for name in self.fields if name != "how" and not name.startswith("vote_")]

    @property
    def how_field(self):
        return self["how"] if "how" in self.fields else None

    @property
    def vote_fields(self):
        return [self[f"vote_{voice.key}"] for voice in self.voices]

    @property
    def has_votes(self) -> bool:
        return bool(self.voices) and any(self[f"vote_{voice.key}"].value() for voice in self.voices)

    def clean(self):
        given = super().clean()
        if "how" in self.fields:
            votes = [value for name, value in given.items() if name.startswith("vote_") and value]
            if given.get("how") == CONSENSUS and Vote.Value.NO in votes:
                self.add_error("how", "Ein Nein ist kein Konsens. Bitte wählen Sie „mit einzelnen Stimmen“.")
            elif not given.get("how") and not votes and "how" not in self.errors:
                self.add_error("how", "Bitte geben Sie an, wie abgestimmt wurde.")
        if given.get("becomes") == "later" and not given.get("until") and "until" not in self.errors:
            self.add_error("until", "Bitte nennen Sie den neuen Termin.")
        named = given.get("owner") or given.get("owner_organisation") or "owner" in self.errors
        if given.get("due_on") and "owner" in self.fields and not named:
            self.add_error("owner", "Bitte nennen Sie, wer es bis dahin umsetzt.")
        return given

    @property
    def given(self) -> dict:
        """What Resolution.take is called with."""
        given = super().given
        kept = {name: value for name, value in given.items() if name != "how" and not name.startswith("vote_")}
        if "how" in self.fields:
            kept["consensus"] = self.cleaned_data.get("how") == CONSENSUS
            if not kept["consensus"]:
                votes = {voice.key: given.get(f"vote_{voice.key}") for voice in self.voices}
                kept["votes"] = {key: value for key, value in votes.items() if value}
        return {"verdict": self.verdict, **kept}


BECOMES = {
    "resolve": [("later", "neuer Termin"), ("dropped", "entfällt")],
    "note": [("done", "umgesetzt"), ("open", "bleibt offen")],
}


class StepDecision(Decision, StepForm):
    """A decision that takes the step of an issue: the text stands for the reason or the result."""

    def __init__(self, item, verdict, data=None, *, groups=(), voices=(), written=False, organisations=(), **kwargs):
        row = ESCALATION.find(verdict, State.STEERING)
        item.issue.resolved = True  # here it is the meeting that decides
        super().__init__(row, item.issue, data, groups=groups, **kwargs)
        for name in ("reason", "result"):
            self.fields.pop(name, None)
        proposal = item.issue.proposal if verdict == "solve" and item.kind == AgendaItem.Kind.PROPOSAL else ""
        self.ask(item, verdict, voices=voices, written=written, organisations=organisations, proposal=proposal)


class PlainDecision(Decision):
    """A decision about anything else, or one that leaves the issue where it is."""

    changes_telling = False

    def __init__(self, item, verdict, data=None, *, groups=(), voices=(), written=False, organisations=(), **kwargs):
        super().__init__(data, **kwargs)
        self.ask(item, verdict, voices=voices, written=written, organisations=organisations)


def decision_form(item, verdict, *args, **kwargs) -> Form:
    return (StepDecision if verdict in STEPS else PlainDecision)(item, verdict, *args, **kwargs)


def _number(label):
    said = {"invalid": "Bitte eine Zahl angeben.", "required": "Bitte ausfüllen.", "min_value": "Bitte 0 oder mehr.",
            "max_value": "Bitte die Zahl prüfen."}  # fmt: skip
    return forms.IntegerField(label=label, min_value=0, max_value=999, error_messages=said)


class AdmissionForm(Form):
    """Whether the body speaks of what came after the invitation."""

    def __init__(self, data=None, **kwargs):
        super().__init__(data, **kwargs)
        self.fields |= {"yes": _number("Ja"), "no": _number("Nein"), "abstained": _number("Enthaltung")}


class AttendanceForm(Form):
    """One choice for each seat of the day; guests a line each."""

    GUEST = 120

    def __init__(self, data=None, *, seats=(), attendances=(), **kwargs):
        said = {row.seat_id: row.presence for row in attendances if row.seat_id}
        guests = "\n".join(row.guest for row in attendances if row.guest)
        super().__init__(data, **kwargs)
        self.seats = {f"seat_{seat.pk}": seat for seat in in_order(seats)}
        for name, seat in self.seats.items():
            self.fields[name] = Pick(
                label=name_of(seat), choices=Attendance.Presence.choices, required=False, initial=said.get(seat.pk, "")
            )
        self.fields["guests"] = Text(
            label="Gäste", required=False, max_length=4000, rows=3, initial=guests,
            help_text="Je Zeile eine Stelle oder Institution, kein Name. Gäste haben keine Stimme.",
        )  # fmt: skip

    @property
    def last_fields(self):
        return [self["guests"]]

    @property
    def rows(self):
        """Each seat with its field."""
        return [(seat, self[name]) for name, seat in self.seats.items()]

    def clean_guests(self):
        lines = [line.strip() for line in self.cleaned_data["guests"].split("\n") if line.strip()]
        if any(len(line) > self.GUEST for line in lines):
            raise ValidationError(f"Bitte höchstens {self.GUEST} Zeichen je Zeile.")
        return lines

    @property
    def given(self) -> dict:
        seats = {seat: self.cleaned_data.get(name) or "" for name, seat in self.seats.items()}
        return {"seats": seats, "guests": self.cleaned_data["guests"]}


class CloseForm(Form):
    """Where to what was not decided goes."""

    def __init__(self, data=None, *, others=(), **kwargs):
        super().__init__(data, **kwargs)
        self.fields["instead"] = OneOf(
            others, label="Vertagen auf", required=False, empty="nichts vertagen",
            help_text="Was noch offen ist, kommt dort auf die Tagesordnung; die Fristen gehen mit.",
        )  # fmt: skip


class VoteForm(Form):
    """A voice in writing. `seats` are those one may give it for; whoever has one only is not asked."""

    item = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=2**31 - 1)

    def __init__(self, data=None, *, seats=(), **kwargs):
        super().__init__(data, **kwargs)
        self.alone = name_of(seats[0]) if len(seats) == 1 else ""
        self.fields["seat"] = OneOf(seats, label="Stimme von", label_of=name_of)
        if self.alone:
            self.fields["seat"].widget = forms.HiddenInput()
        label = f"Stimme von {self.alone}" if self.alone else "Antwort"
        self.fields["value"] = Pick(label=label, choices=Vote.Value.choices)
