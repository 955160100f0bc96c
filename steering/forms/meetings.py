"""Forms of meetings: when and where, a year of them, the invitation, topics, the order of the agenda, papers."""

import datetime as dt

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator

from kim import uploads, workdays
from kim.forms import CHOSEN, Day, Form, Line, OneOf, Pick, Text
from steering import year_plan
from steering.models import Meeting

SHORTEST, LONGEST = 15, 600
WHOLE = {"invalid": "Bitte eine ganze Zahl angeben.", "required": "Bitte ausfüllen."}


class Hour(forms.TimeField):
    """As people type it: 14:00, 14.00 or 14; means Berlin."""

    SAID = "Bitte eine Uhrzeit angeben wie 14:00."

    def __init__(self, **kwargs):
        super().__init__(
            input_formats=["%H:%M", "%H.%M", "%H"],
            error_messages={"invalid": self.SAID, "required": self.SAID},
            widget=forms.TimeInput(format="%H:%M", attrs={"placeholder": "14:00", "inputmode": "numeric"}),
            **kwargs,
        )


class Minutes(forms.IntegerField):
    """How long a meeting takes; the usual two hours where nothing is said."""

    def __init__(self):
        bounds = f"Bitte {SHORTEST} bis {LONGEST} Minuten angeben."
        super().__init__(
            label="Dauer in Minuten", min_value=SHORTEST, max_value=LONGEST, required=False, initial=120,
            error_messages=WHOLE | {"min_value": bounds, "max_value": bounds},
        )  # fmt: skip

    def clean(self, value):
        return super().clean(value) or 120


def video_url() -> forms.URLField:
    said = "Bitte eine Adresse angeben wie https://konferenz.example.org/raum."
    return forms.URLField(
        label="Zugang zur Videokonferenz", required=False, max_length=300, assume_scheme="https",
        validators=[URLValidator(schemes=["http", "https"], message=said)],
        error_messages={"invalid": said, "max_length": "Bitte höchstens 300 Zeichen."},
        help_text="Steht in der Einladung; nur Mitglieder sehen sie.",
    )  # fmt: skip


class MeetingForm(Form):
    """When and where a body meets. Day and hour are typed apart and mean Berlin."""

    def __init__(self, data=None, *, bodies=None, **kwargs):
        super().__init__(data, **kwargs)
        if bodies is not None:
            self.fields["body"] = OneOf(bodies, label="Gremium")
        self.fields["day"] = Day(label="Tag", not_before=workdays.today)
        self.fields["hour"] = Hour(label="Beginn")
        self.fields["minutes_long"] = Minutes()
        self.fields["mode"] = Pick(label="Form", choices=Meeting.Mode.choices, initial="presence")
        self.fields["place"] = Line(label="Ort", required=False, max_length=160)
        self.fields["video_url"] = video_url()
        self.fields["written_until"] = Day(
            label="Stimmabgabe bis einschließlich", required=False, help_text="nur im Umlaufverfahren"
        )
        self.fields["title"] = Line(
            label="Titel", required=False, max_length=160, help_text="leer: der Name des Gremiums"
        )

    def clean(self):
        given = super().clean()
        if given.get("day") and given.get("hour"):
            given["starts_at"] = dt.datetime.combine(given["day"], given["hour"], workdays.BERLIN)
            if given["starts_at"] <= workdays.now():
                self.add_error("hour", "Die Sitzung muss in der Zukunft liegen.")
        in_writing = given.get("mode") == Meeting.Mode.WRITTEN
        if in_writing and "written_until" not in self.errors and not given.get("written_until"):
            self.add_error("written_until", "Bitte nennen Sie den letzten Tag der Stimmabgabe.")
        return given

    @property
    def given(self) -> dict:
        """What the act is called with."""
        return {key: value for key, value in self.cleaned_data.items() if key not in ("day", "hour")}


class CancelForm(Form):
    """Where to what was on the agenda goes."""

    def __init__(self, data=None, *, others=(), **kwargs):
        super().__init__(data, **kwargs)
        self.fields["instead"] = OneOf(
            others, label="Was auf der Tagesordnung steht, wird beraten in", required=False, empty="noch offen"
        )


class YearForm(Form):
    """The meetings of a year by a pattern."""

    def __init__(self, data=None, *, bodies=(), **kwargs):
        super().__init__(data, **kwargs)
        year = workdays.today().year
        years = [(str(one), str(one)) for one in range(year, year + 3)]
        modes = [(mode.value, mode.label) for mode in Meeting.Mode if mode != Meeting.Mode.WRITTEN]
        self.fields["body"] = OneOf(bodies, label="Gremium")
        self.fields["year"] = Pick(label="Jahr", choices=years, initial=str(year + 1))
        nth = [(str(key), word) for key, word in year_plan.NTH]
        self.fields["nth"] = Pick(label="Der wievielte im Monat", choices=nth)
        self.fields["weekday"] = Pick(label="Wochentag", choices=[(str(key), day) for key, day in year_plan.WEEKDAYS])
        self.fields["months"] = forms.TypedMultipleChoiceField(
            label="Monate", choices=[(str(key), month) for key, month in year_plan.MONTHS], coerce=int,
            widget=forms.CheckboxSelectMultiple, error_messages=CHOSEN,
        )  # fmt: skip
        self.fields["hour"] = Hour(label="Beginn")
        self.fields["minutes_long"] = Minutes()
        self.fields["mode"] = Pick(label="Form", choices=modes, initial="presence")
        self.fields["place"] = Line(label="Ort", required=False, max_length=160)
        self.fields["video_url"] = video_url()

    @property
    def pattern(self) -> dict:
        """What year_plan.plan asks for."""
        given = self.cleaned_data
        numbers = {name: int(given[name]) for name in ("year", "nth", "weekday")}
        return numbers | {name: given[name] for name in ("body", "months", "hour", "minutes_long")}

    @property
    def fields_of_each(self) -> dict:
        return {name: self.cleaned_data[name] for name in ("minutes_long", "mode", "place", "video_url")}


class InviteForm(Form):
    """`late` asks to vouch for an invitation the rules wanted earlier."""

    def __init__(self, data=None, *, late=False, **kwargs):
        super().__init__(data, **kwargs)
        if late:
            self.fields["late"] = forms.BooleanField(
                label="Die Einladung geht trotzdem hinaus, obwohl die Frist der Geschäftsordnung verstrichen ist.",
                error_messages={"required": "Bitte bestätigen Sie, dass die Frist verstrichen ist."},
            )


class TopicForm(Form):
    title = Line(label="Thema", max_length=160)
    text = Text(
        label="Worum geht es?", max_length=4000, required=False,
        help_text="Ohne Personen: keine Namen, keine Angaben aus einem Fall.",
    )  # fmt: skip


class MajorityForm(Form):
    """How the body voted on a change of its agenda; asked for only after the invitation."""

    def __init__(self, data=None, *, asked=False, **kwargs):
        super().__init__(data, **kwargs)
        if asked:
            for name, label in [("yes", "Ja"), ("no", "Nein"), ("abstained", "Enthaltung")]:
                bounds = "Bitte eine Zahl von 0 bis 999 angeben."
                self.fields[name] = forms.IntegerField(
                    label=label, min_value=0, max_value=999,
                    error_messages=WHOLE | {"min_value": bounds, "max_value": bounds},
                )  # fmt: skip

    @property
    def majority(self) -> tuple[int, int, int] | None:
        given = self.cleaned_data
        return (given["yes"], given["no"], given["abstained"]) if "yes" in given else None


class PaperForm(Form):
    """A paper for the meeting or one item; the file is judged by its content."""

    title = Line(label="Bezeichnung", max_length=120, help_text="Kurz und ohne Namen, etwa „Entwurf des Merkblatts“.")

    def __init__(self, data=None, *, items=(), **kwargs):
        super().__init__(data, **kwargs)
        if items:
            self.fields["item"] = OneOf(
                items, label="Gehört zu", required=False, empty="zur ganzen Sitzung", label_of=_numbered
            )
        said = dict.fromkeys(("required", "missing", "invalid"), "Bitte wählen Sie eine Datei.")
        self.fields["file"] = forms.FileField(
            label="Datei", help_text=f"PDF, PNG, JPEG, DOCX oder ODT, höchstens {settings.KIM_FILE_MB} MB.",
            error_messages=said | {"empty": "Die Datei ist leer."},
            widget=forms.FileInput(attrs={"accept": ".pdf,.png,.jpg,.jpeg,.docx,.odt"}),
        )  # fmt: skip
        self.fields["free"] = forms.BooleanField(
            label="Ich habe die Datei geprüft: Sie ist frei von Personendaten.",
            error_messages={"required": "Bitte prüfen Sie die Datei und bestätigen Sie es."},
        )

    def clean_file(self):
        file = self.cleaned_data["file"]
        if file.size > settings.KIM_FILE_MAX:
            raise ValidationError(uploads.too_large(), code="size")
        self.file_type = uploads.type_of(file)
        return file

    @property
    def given(self) -> dict:
        """What the act is called with."""
        kept = {name: value for name, value in self.cleaned_data.items() if name != "free"}
        return kept | {"file_type": self.file_type}


def _numbered(item) -> str:
    return f"TOP {item.number}: {item.heading}"
