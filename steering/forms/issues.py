"""Forms of issues: reporting, steps, acts, and several at once."""

from django import forms
from django.core.exceptions import ValidationError

from kim import workdays
from kim.forms import CHOSEN, REQUIRED, Day, Form, Line, OneOf, Pick, SomeOf, Text
from kim.trigrams import fold
from steering.escalation import ESCALATION
from steering.models import Body, Frequency, Issue, Outcome, Reach, Urgency

#: What somebody vouches for in an issue is kept with it.
SEEN = "Was Sie bestätigen, sieht die Koordinierung bei der Freigabe."


# Reporting an issue


class IssueForm(Form):
    """The report, and its draft: a draft needs a title only, reporting needs everything that is marked."""

    vouched = SEEN
    NEEDED = ("title", "situation", "topic", "legal_areas", "municipality")

    title = Line(
        label="Titel",
        max_length=140,
        help_text="Was ist das Problem, in einem Satz? Ohne Namen, ohne Einzelheiten eines Falls.",
    )
    situation = Text(
        label="Sachverhalt",
        max_length=6000,
        rows=7,
        required=False,
        help_text="Was geschieht, wo hakt es, wen betrifft es? So, dass niemand erkennbar ist.",
    )
    impact = Text(label="Auswirkung", max_length=2000, rows=2, required=False)
    tried = Text(label="Bereits versucht", max_length=2000, rows=2, required=False)
    idea = Text(label="Lösungsidee", max_length=2000, rows=2, required=False)
    workaround = Text(
        label="Was im Einzelfall vorerst hilft",
        max_length=2000,
        rows=2,
        required=False,
        help_text="Nach der Freigabe für alle Case Managerinnen und Case Manager sichtbar.",
    )
    frequency = Pick(label="Häufigkeit", choices=Frequency, required=False)
    urgency = forms.TypedChoiceField(
        label="Dringlichkeit",
        choices=Urgency,
        coerce=int,
        initial=Urgency.NORMAL,
        widget=forms.RadioSelect,
        required=False,
        empty_value=Urgency.NORMAL,  # type: ignore[arg-type]  # the stub knows text only
        error_messages=CHOSEN,
    )
    presumed_reach = Pick(label="Reichweite, vermutet", choices=Reach, required=False)

    def __init__(self, data=None, *, choices, reporting=True, **kwargs):
        """`choices` holds lists of codes, municipalities and organisations under the names of the fields."""
        super().__init__(data, **kwargs)
        chosen = {
            "topic": OneOf(choices["topic"], label="Thema", required=False),
            "life_domain": OneOf(choices["life_domain"], label="Handlungsfeld", required=False, empty="keine Angabe"),
            "legal_areas": SomeOf(choices["legal_areas"], label="Rechtskreise", required=False),
            "municipality": OneOf(choices["municipality"], label="Kommune", required=False),
            "further_municipalities": SomeOf(choices["municipality"], label="Weitere Kommunen", required=False),
            "organisations": SomeOf(choices["organisations"], label="Betroffene Stellen", required=False),
        }
        if choices["interface"]:
            chosen["interface"] = _interface(choices["interface"])
        self.fields |= chosen
        for name in self.NEEDED:
            self.fields[name].required = name == "title" or reporting

    def group(self, *names):
        return [self[name] for name in names]

    @property
    def matter(self):
        return self.group("title", "situation")

    @property
    def place(self):
        names = ["topic", "life_domain", "legal_areas", "municipality", "interface"]
        return self.group(*(name for name in names if name in self.fields))

    @property
    def weight(self):
        return self.group("frequency", "urgency", "presumed_reach")

    @property
    def more(self):
        return self.group("impact", "tried", "idea", "workaround")

    @property
    def wider(self):
        return self.group("further_municipalities", "organisations")

    @property
    def has_wider(self) -> bool:
        return any(self[name].value() or self[name].errors for name in ("further_municipalities", "organisations"))

    def clean(self):
        given = super().clean()
        place = given.get("municipality")
        if place and place in given.get("further_municipalities", []):
            given["further_municipalities"] = [one for one in given["further_municipalities"] if one != place]
        interface = given.get("interface")
        if (
            interface
            and place
            and interface.municipality not in (None, place, *given.get("further_municipalities", []))
        ):
            self.add_error(
                "interface",
                f"Diese Schnittstelle liegt in {interface.municipality}. Bitte wählen Sie eine aus {place} oder eine "
                "im ganzen Kreis.",
            )
        return given


def _interface(rows) -> OneOf:
    """Those in use, each with its municipality: those of the whole county first, then place by place."""
    places: dict[str, list] = {}
    for one in rows:
        places.setdefault(str(one.municipality or ""), []).append(one)
    groups = [(name or "im ganzen Kreis", places[name]) for name in sorted(places, key=fold)]
    return OneOf(
        groups=groups, label="Welche Schnittstelle klemmt?", required=False, empty="keine oder unbekannt",
        help_text="Wo zwei Stellen einander etwas übergeben; aus der Kommune oder dem ganzen Kreis.",
    )  # fmt: skip


# Steps and acts on one issue


class OnIssue(Form):
    """A form on the page of an issue. `seen` is the step number of the page it was sent from."""

    vouched = SEEN
    button = "Speichern"
    seen = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=0, max_value=2**31 - 1)

    @property
    def given(self) -> dict:
        """What the act is called with; what was left empty stays away."""
        kept = {name: value for name, value in self.cleaned_data.items() if value not in (None, "", [])}
        kept.pop("seen", None)
        return kept


def _reason(label="Begründung", hint=""):
    return Text(label=label, max_length=2000, rows=3, help_text=hint)


#: The fields steps ask for; those with a choice are made by StepForm from what can be chosen.
STEP_FIELDS = {
    "reason": lambda: _reason(),
    "note": lambda: Text(label="Notiz", max_length=2000, rows=2, required=False),
    "addressee": lambda: Line(
        label="Adressat bei Land oder Bund", max_length=160, help_text="Stelle, kein Name: etwa „Ministerium …“."
    ),
    "proposal": lambda: Text(label="Lösungsvorschlag", max_length=4000, rows=5),
    "outcome": lambda: Pick(
        label="Ausgang", choices=[(one.value, one.label) for one in (Outcome.SOLVED, Outcome.SINGLE_CASE)]
    ),
    "result": lambda: Text(label="Ergebnis", max_length=4000, rows=4),
    "feedback": lambda: Text(
        label="Rückmeldung",
        max_length=4000,
        rows=6,
        help_text="In einfachen Worten: Was gilt jetzt, was ist zu tun? Alle Meldenden erhalten diesen Text.",
    ),
    "informed": lambda: Text(
        label="Wen haben Sie informiert?", max_length=1000, rows=2, help_text="Stellen, keine Namen."
    ),
    "experience": lambda: Text(label="Erfahrung in der Praxis", max_length=2000, rows=2, required=False),
    "reach": lambda: Pick(label="Reichweite", choices=[(one.value, one.label) for one in Reach if one != Reach.SUPRA]),
}
#: What the reason of a step is for, where that is not plain.
REASON_FOR = {
    "decline": "Diese Begründung wird das Ergebnis; die Meldenden lesen sie.",
    "hand_back": "Was fehlt oder stimmt nicht? Die Meldenden lesen es, wenn der Entwurf zu ihnen zurückkommt.",
    "assign": "Warum diese Reichweite und diese Gruppe?",
    "fast_track": "Warum kann es nicht bis zur nächsten Sitzung warten?",
    "reopen": "Was hilft in der Praxis nicht?",
}
#: The word on the button; the step is named above it.
BUTTON = {
    "report": "Melden",
    "report_directly": "An die Geschäftsstelle melden",
    "withdraw": "Zurückziehen",
    "forward": "Weiterleiten und mitteilen",
    "merge": "Bündeln und mitteilen",
    "hand_back": "Zurückgeben und mitteilen",
    "table": "Auf die Tagesordnung setzen",
    "fast_track": "Sofort zuweisen und mitteilen",
    "assign": "Zuweisen und mitteilen",
    "refer_up": "An das Land melden",
    "defer": "Zurückstellen und mitteilen",
    "propose": "Vorlegen und mitteilen",
    "solve": "Ergebnis festhalten",
    "decline": "Nicht weiterverfolgen",
    "feed_back": "Allen Meldenden antworten",
    "confirm": "Hilft – abschließen",
    "reopen": "Wieder aufnehmen",
    "unmerge": "Bündelung lösen",
}


class StepForm(OnIssue):
    """Asks for exactly what the row of the table needs, and offers what it may add.

    `meetings` and `groups` are what there is to choose from (a group says in `here` whether it is set up for the place
    of the issue, and in `led` whether somebody leads it); `find_lead(number)` gives an issue to bundle into.
    """

    #: Fields whose choice changes who will be told.
    TELLING = ("meeting", "reach", "body", "lead")

    def __init__(self, row, issue, data=None, *, meetings=(), groups=(), find_lead=None, findings=0, **kwargs):
        super().__init__(data, **kwargs)
        self.row, self.issue, self.find_lead = row, issue, find_lead
        self.button = BUTTON[row.name]
        fitting = [group for group in groups if self._fits(group)]
        self.groups = [group for group in fitting if group.led]
        self.unled = [group for group in fitting if not group.led]
        for name in (*row.needs, *row.asks):
            if field := self._field(name, meetings, findings):
                self.fields[name] = field
        if "reason" in self.fields:
            self.fields["reason"].help_text = REASON_FOR.get(row.name, "")

    def _field(self, name, meetings, findings):
        match name:
            case "released":
                # Asked again only where nobody has released it yet; the coordination releases every time.
                if name in self.row.asks and self.issue.released_at:
                    return None
                return forms.BooleanField(label=_release_words(findings), error_messages=REQUIRED)
            case "meeting":
                return OneOf(meetings, label="Sitzung der Lenkungsgruppe")
            case "body":
                local = [group for group in self.groups if group.kind == Body.Kind.LOCAL]
                wide = [group for group in self.groups if group.kind == Body.Kind.THEMATIC]
                groups = [(f"örtlich: {self.issue.municipality}", local), ("thematisch", wide)]
                return OneOf(groups=[group for group in groups if group[1]], label="Projektgruppe")
            case "lead":
                return Line(
                    label="Bündeln in",
                    max_length=16,
                    help_text="Kennung des Knackpunkts, der alles Weitere trägt, etwa KP-2026-0031.",
                    widget=forms.TextInput(attrs={"list": "aehnliche-kennungen", "autocomplete": "off"}),
                )
        return STEP_FIELDS[name]()

    def _fits(self, group):
        return group.kind == Body.Kind.THEMATIC or (group.kind == Body.Kind.LOCAL and group.here)

    @property
    def hindrance(self) -> str:
        """What stands in the way before anything is typed."""
        for gate in self.row.gates:
            if not gate(None, self.issue):
                return gate.refusal
        if "body" in self.fields:
            return " ".join([*self._no_local_group(), *self._without_lead()])
        meeting = self.fields.get("meeting")
        if isinstance(meeting, OneOf) and not meeting.rows:
            return "Es ist keine Sitzung der Lenkungsgruppe geplant. Die Geschäftsstelle plant sie unter „Sitzungen“."
        return ""

    def _no_local_group(self):
        if not any(group.kind == Body.Kind.LOCAL for group in [*self.groups, *self.unled]):
            yield (
                f"Für {self.issue.municipality} gibt es zurzeit keine örtliche Projektgruppe. "
                "Die Geschäftsstelle kann unter „Gremien“ eine einrichten."
            )

    def _without_lead(self):
        if self.unled:
            names = ", ".join(str(group) for group in self.unled)
            yield (
                f"Zurzeit ohne Leitung und deshalb nicht wählbar: {names}. "
                "Die Geschäftsstelle kann unter „Gremien“ eine Leitung eintragen."
            )

    @property
    def changes_telling(self) -> bool:
        return any(name in self.fields for name in self.TELLING)

    def choices_so_far(self) -> dict:
        """The valid ones among the choices that decide who is told, without saying anything is missing."""
        found = {}
        for name in self.TELLING:
            if name not in self.fields:
                continue
            raw = self.data.get(name) if self.is_bound else self.get_initial_for_field(self.fields[name], name)
            try:
                value = self.fields[name].clean(getattr(raw, "pk", raw))
                found[name] = self._lead(value) if name == "lead" else value
            except ValidationError:
                continue
        return found

    def clean_lead(self):
        return self._lead(self.cleaned_data["lead"])

    def _lead(self, number):
        lead = self.find_lead(number.upper()) if self.find_lead else None
        if lead is None:
            raise ValidationError(f"{number} ist kein offener Knackpunkt, in dem gebündelt werden kann.")
        return lead

    def clean(self):
        given = super().clean()
        reach, body = given.get("reach"), given.get("body")
        if reach == Reach.LOCAL and body and body.kind != Body.Kind.LOCAL:
            self.add_error("body", "Ein örtlicher Knackpunkt braucht eine örtliche Projektgruppe.")
        if reach and reach != Reach.LOCAL and body and body.kind != Body.Kind.THEMATIC:
            self.add_error("body", "Über einen Ort hinaus braucht es eine thematische Projektgruppe.")
        return given


def _release_words(findings: int) -> str:
    vouched = {0: "", 1: ", Sachverhalt und 1 bestätigten Hinweis"}.get(
        findings, f", Sachverhalt und {findings} bestätigte Hinweise"
    )
    return f"Ich habe Titel{vouched or ' und Sachverhalt'} gelesen: frei von Personendaten."


class CommentForm(OnIssue):
    button = "Beitrag hinzufügen"

    def __init__(self, data=None, *, may_be_public=False, read_by="", **kwargs):
        super().__init__(data, **kwargs)
        self.may_be_public, self.read_by = may_be_public, read_by
        if may_be_public:
            choices = [("internal", "Nur intern"), ("public", "Öffentliches Wort an die Meldenden")]
            self.fields["audience"] = Pick(label="Wer soll den Beitrag sehen?", choices=choices, initial=choices[0][0])
        self.fields["text"] = Text(label="Beitrag", max_length=4000, rows=2)

    @property
    def given(self):
        return {"text": self.cleaned_data["text"], "public": self.cleaned_data.get("audience") == "public"}


class PauseForm(OnIssue):
    button = "Uhr anhalten und mitteilen"
    until = Day(label="Wartet auf Dritte bis einschließlich", not_before=workdays.today)
    reason = Line(label="Worauf wird gewartet?", max_length=200, help_text="Die Meldenden sehen diesen Grund.")


class ResumeForm(OnIssue):
    button = "Uhr weiterlaufen lassen und mitteilen"


class InterimReportForm(OnIssue):
    button = "Zwischenbericht geben und mitteilen"
    text = Text(
        label="Zwischenbericht",
        max_length=4000,
        rows=5,
        help_text="Was ist geschehen, was kommt als Nächstes? Die Meldenden lesen ihn.",
    )


class EffectForm(OnIssue):
    button = "Wirkt weiterhin"
    text = Text(
        label="Was zeigt sich in der Praxis?",
        max_length=2000,
        rows=4,
        required=False,
        help_text="Wirkt sie nicht mehr, nehmen Sie den Knackpunkt bitte wieder auf.",
    )


class MeasureForm(OnIssue):
    button = "Maßnahme festhalten"
    text = Line(label="Maßnahme", max_length=300)

    def __init__(self, data=None, *, organisations=(), **kwargs):
        super().__init__(data, **kwargs)
        self.fields["organisation"] = OneOf(organisations, label="Institution", required=False, empty="keine der Liste")
        self.fields["owner"] = Line(
            label="Stelle", max_length=120, required=False,
            help_text="Wer dort, oder wer sonst: eine Stelle, kein Name. Ohne Institution bitte ausfüllen.",
        )  # fmt: skip
        self.fields["due_on"] = Day(label="Bis wann", not_before=workdays.today)

    def clean(self):
        given = super().clean()
        if not given.get("organisation") and not given.get("owner") and "owner" not in self.errors:
            self.add_error("owner", "Bitte nennen Sie, wer es tut: eine Institution oder eine Stelle.")
        return given


class MeasureDoneForm(OnIssue):
    button = "erledigt"


class JoinForm(OnIssue):
    button = "Das kenne ich auch – mitmelden"


#: What the privacy gate calls the texts of a report → the field of its form.
GATE_NAMES = {Issue.name_of(name): name for name in ("title", "situation", "impact", "tried", "idea", "workaround")}


# Several at once


class TogetherForm(Form):
    """What a step needs when it is taken with several issues at once."""

    def __init__(self, step, issues, data=None, *, meetings=()):
        super().__init__(data)
        row = next(row for row in ESCALATION.rows if row.name == step)
        offered = {
            "released": self._released,
            "reason": lambda: Text(label="Begründung", help_text="gilt für alle ausgewählten", max_length=2000),
            "lead": lambda: Line(
                label="Gebündelt wird in",
                max_length=20,
                help_text="Kennung, zum Beispiel KP-2026-0031; einer der ausgewählten oder ein anderer",
                widget=forms.TextInput(attrs={"list": "aehnliche-kennungen", "autocomplete": "off"}),
            ),
            "meeting": lambda: OneOf(meetings, label="Sitzung"),
            "note": lambda: Text(
                label="Notiz", required=False, max_length=2000, rows=2, help_text="gilt für alle ausgewählten"
            ),
        }
        wanted = [*row.needs, *row.asks]
        if step == "table" and all(issue.released_at for issue in issues):
            wanted.remove("released")
        for name, field in offered.items():
            if name in wanted:
                self.fields[name] = field()

    @staticmethod
    def _released():
        return forms.BooleanField(
            label="Ich habe alle ausgewählten Knackpunkte gelesen. Sie sind frei von Personendaten.",
            error_messages={"required": "Bitte bestätigen Sie, dass die Texte frei von Personendaten sind."},
        )
