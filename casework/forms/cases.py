"""Forms of the case itself: the request, what is cleared, and the steps of its life."""

import datetime as dt

from django import forms
from django.core.exceptions import ValidationError

from casework.lifecycle import CRITERIA, State
from casework.models import Case, Client
from casework.models.cases import STRUCTURALLY_BLOCKED, earliest_request
from kim import workdays
from kim.form_rendering import QuickSelect
from kim.forms import Day, Form, Line, OneOf, SomeOf, Text
from kim.models import Code

#: Citizenships asked for, and the most there may be.
SEVERAL, MOST = ("Staatsangehörigkeit", "Zweite Staatsangehörigkeit", "Dritte Staatsangehörigkeit"), 12


def place(rows) -> OneOf:
    return OneOf(rows, label="Kommune", empty="Bitte wählen")


def code(codes, which, label, **kwargs) -> OneOf:
    given = {"required": False, "empty": "keine Angabe", "label_of": lambda row: row.label} | kwargs
    return OneOf(codes.get(which, ()), label=label, **given)


class Whole(forms.IntegerField):
    """A small whole number."""

    def __init__(self, *, low=0, high=99, **kwargs):
        said = f"Bitte eine ganze Zahl von {low} bis {high} angeben."
        errors = {"required": "Bitte ausfüllen.", "invalid": said, "min_value": said, "max_value": said}
        widget = forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "maxlength": len(str(high))})
        super().__init__(min_value=low, max_value=high, error_messages=errors, widget=widget, **kwargs)


class YesNo(forms.TypedChoiceField):
    """Yes, no, or nothing said."""

    def __init__(self, **kwargs):
        choices = [("", "keine Angabe"), ("yes", "ja"), ("no", "nein")]
        errors = {"invalid_choice": "Bitte „ja“ oder „nein“ wählen."}
        super().__init__(
            choices=choices,
            coerce=lambda value: value == "yes",
            empty_value=None,
            required=False,
            error_messages=errors,
            **kwargs,
        )

    def prepare_value(self, value):
        return {True: "yes", False: "no"}.get(value, value)


class OfPerson(Form):
    """Who somebody is, and what the advice needs to know of them. Nothing more is asked."""

    IDENTITY = ("given_name", "family_name", "birth_date", "birth_precision", "phone", "email", "street",
                "postal_code", "town")  # fmt: skip
    PERSON = ("target_group", "gender", "citizenship_text", "arrival_year", "arrival_month", "interpreter_needed",
              "german_level")  # fmt: skip

    def add_person(self, codes) -> None:
        days = "Bei nur bekanntem Jahr genügt 1990, bei Monat und Jahr 05.1990."
        self.fields |= {
            "family_name": Line(label="Nachname", max_length=120),
            "given_name": Line(label="Vorname", max_length=120, required=False),
            "birth_date": Born(label="Geburtsdatum", required=False, help_text=days),
            "languages": SomeOf(codes.get(Code.List.LANGUAGE, ()), label="Sprachen", required=False),
            "interpreter_needed": forms.BooleanField(label="Sprachmittlung nötig", required=False),
            "german_level": code(codes, Code.List.GERMAN_LEVEL, "Deutsch (GER)"),
            "target_group": code(codes, Code.List.TARGET_GROUP, "Zielgruppe"),
            "phone": Line(label="Telefon, Messenger", max_length=60, required=False),
            "email": forms.EmailField(
                label="E-Mail",
                max_length=254,
                required=False,
                error_messages={"invalid": "Bitte eine E-Mail-Adresse angeben wie name@example.org."},
            ),
            "street": Line(label="Straße und Hausnummer", max_length=160, required=False),
            "postal_code": Line(
                label="Postleitzahl",
                max_length=10,
                required=False,
                widget=forms.TextInput(attrs={"class": "kim-form__short"}),
            ),
            "town": Line(label="Ort", max_length=80, required=False),
            "gender": forms.ChoiceField(
                label="Geschlecht",
                choices=[("", "keine Angabe"), *(one for one in Client.Gender.choices if one[0] != "-")],
                required=False,
                error_messages={"invalid_choice": "Diese Auswahl gibt es nicht."},
            ),
            **{
                name: code(codes, Code.List.CITIZENSHIP, label, widget=QuickSelect())
                for name, label in zip(self.citizenship_names, [*SEVERAL, *["Weitere"] * MOST], strict=False)
            },
            "arrival_year": Whole(label="Einreise, Jahr", low=1930, high=2100, required=False),
            "arrival_month": Whole(label="Einreise, Monat", low=1, high=12, required=False),
        }

        if "citizenship_text" in self.data or self.initial.get("citizenship_text"):
            self.fields["citizenship_text"] = Line(
                label="Staatsangehörigkeit, frühere Angabe",
                max_length=40,
                required=False,
                help_text="Ist sie oben ausgewählt, leeren Sie bitte dieses Feld.",
            )

    @property
    def citizenship_names(self) -> list[str]:
        """A field for each that is given, and always some: „citizenship_1“ …"""
        ends = [name.removeprefix("citizenship_") for name in (*self.data, *self.initial)]
        given = [int(end) for end in ends if end.isascii() and end.isdecimal() and len(end) < 4]
        return [f"citizenship_{number}" for number in range(1, min(max([len(SEVERAL), *given]), MOST) + 1)]

    @property
    def citizenships(self) -> list[Code]:
        chosen = (self.cleaned_data[name] for name in self.citizenship_names)
        return list(dict.fromkeys(one for one in chosen if one))

    def clean(self):
        given = super().clean()
        if given.get("arrival_month") and not given.get("arrival_year") and "arrival_year" not in self.errors:
            self.add_error("arrival_year", "Zum Monat der Einreise fehlt das Jahr.")
        return given

    @property
    def identity(self) -> dict:
        given = self.cleaned_data
        found = {name: given[name] for name in self.IDENTITY if name not in ("birth_date", "birth_precision")}
        day, precision = given["birth_date"] or (None, "day")
        return found | {"birth_date": day, "birth_precision": precision}

    @property
    def person(self) -> dict:
        given = {name: self.cleaned_data[name] for name in self.PERSON if name in self.fields}
        return given | {"gender": given["gender"] or Client.Gender.NOT_SAID}


class Born(Day):
    """A birth date as far as it is known: 13.5.1990, 05.1990 or 1990. Cleaned to (day, precision) or None."""

    def __init__(self, **kwargs):
        super().__init__(past=True, **kwargs)

    def to_python(self, value):
        text = str(value or "").strip()
        found: tuple[dt.date, str] | None
        month, _, year = text.rpartition(".")
        rough = year.isascii() and year.isdecimal() and len(year) == 4 and int(year) >= 1900
        if text and rough and not month:
            found = dt.date(int(year), 1, 1), "year"
        elif rough and month.isascii() and month.isdecimal() and 1 <= int(month) <= 12:
            found = dt.date(int(year), int(month), 1), "month"
        else:
            day = super().to_python(value)
            found = (day, "day") if day else None
        if found and found[0] > workdays.today():
            raise ValidationError("Das Geburtsdatum liegt in der Zukunft.", code="future")
        return found

    def prepare_value(self, value):
        if isinstance(value, tuple):
            day, precision = value
            return day.strftime({"day": "%d.%m.%Y", "month": "%m.%Y", "year": "%Y"}[precision]) if day else ""
        return value


class RequestForm(OfPerson):
    """„Anfrage aufnehmen“. The person is one of `known` (clients of the own caseload and their families) or new."""

    def __init__(self, data=None, *, choices, known=(), **kwargs):
        super().__init__(data, **kwargs)
        codes = choices["codes"]
        self.fields["person"] = OneOf(
            known,
            label="Person",
            required=False,
            empty="eine neue Person",
            help_text="Wer schon in Ihrem Fallbestand ist, behält die Angaben zur Person; neu ist nur die Anfrage.",
            label_of=lambda client: client.identity.listed,
        )
        self.add_person(codes)
        self.fields |= {
            "municipality": place(choices["municipalities"]),
            "opened_on": Day(label="Angefragt am", past=True, not_before=earliest_request),
            "access_route": code(codes, Code.List.ACCESS_ROUTE, "Zugangsweg"),
            "referring_organisation": OneOf(
                choices["organisations"], label="Vermittelnde Stelle", required=False, empty="keine"
            ),
            "occasion": Text(label="Anlass", max_length=2000, rows=4, required=False),
            "foreign_number": Line(label="Nummer in der landesweiten Datenbank KIM", max_length=40, required=False),
        }
        known_person = self.data.get("person") if self.is_bound else None
        if known_person:
            # Who is known already is not asked for again.
            self.fields["family_name"].required = False

    def part(self, *names):
        return [self[name] for name in names]

    @property
    def chosen(self):
        return self.part("person")

    @property
    def who(self):
        return self.part("family_name", "given_name", "birth_date")

    @property
    def has_origin(self) -> bool:
        return any(bound.value() or bound.errors for bound in self.origin)

    @property
    def speech(self):
        return self.part("languages", "interpreter_needed", "german_level", "target_group")

    @property
    def contact(self):
        return self.part("phone", "email", "street", "postal_code", "town")

    @property
    def origin(self):
        former = ["citizenship_text"] if "citizenship_text" in self.fields else []
        return self.part(*self.citizenship_names, *former, "gender", "arrival_year", "arrival_month")

    @property
    def request(self):
        return self.part("municipality", "opened_on", "access_route", "referring_organisation", "occasion",
                         "foreign_number")  # fmt: skip

    @property
    def of_case(self) -> dict:
        names = ("opened_on", "access_route", "referring_organisation", "occasion", "foreign_number")
        return {name: self.cleaned_data[name] for name in names}


class CaseForm(Form):
    """What is written about a case: occasion, way in, and what the clearing asks."""

    def __init__(self, data=None, *, choices, **kwargs):
        super().__init__(data, **kwargs)
        codes = choices["codes"]
        self.fields |= {
            "municipality": place(choices["municipalities"]),
            "access_route": code(codes, Code.List.ACCESS_ROUTE, "Zugangsweg"),
            "referring_organisation": OneOf(
                choices["organisations"], label="Vermittelnde Stelle", required=False, empty="keine"
            ),
            "occasion": Text(label="Anlass", max_length=2000, rows=5, required=False),
            "foreign_number": Line(label="Nummer in der landesweiten Datenbank KIM", max_length=40, required=False),
            "domain_count": Whole(label="Betroffene Handlungsfelder", required=False),
            "actor_count": Whole(label="Beteiligte Stellen", required=False),
            "system_barrier": YesNo(label="Hürde im System selbst"),
            "voluntary": YesNo(label="Nimmt freiwillig teil"),
            "other_support": code(codes, Code.List.OTHER_SUPPORT, "Anderes Fallmanagement"),
        }

    @property
    def matter(self):
        return [field for field in self if field.name not in CRITERIA]

    @property
    def cleared(self):
        return [self[name] for name in CRITERIA]


class Reasons(forms.Select):
    """Reasons to end a case; those that name an issue are marked, and the style sheet shows issues with them only."""

    def __init__(self, blocking):
        super().__init__()
        self.blocking = blocking

    def create_option(self, name, value, *args, **kwargs):
        option = super().create_option(name, value, *args, **kwargs)
        if str(value) in self.blocking:
            option["attrs"]["data-blocks"] = ""
        return option


class StepForm(Form):
    """Asks for exactly what the row of the table needs, and offers what it may add."""

    REASON_FOR = {
        "decline": "Warum Case Management nicht das Richtige ist.",
        "rest": "Warum der Fall ruht.",
        "take_up_again": "Was sich geändert hat.",
    }

    def __init__(self, row, case, data=None, *, reasons=(), issues=(), **kwargs):
        """`reasons` are the codes a case can end for, `issues` those that may block it: the ones it is linked with."""
        super().__init__(data, **kwargs)
        self.row, self.issues = row, issues
        self.button = row.label
        self.reasons = reasons
        self.fields["seen"] = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=0, max_value=2**31)
        for name in (*row.needs, *row.asks):
            self.fields[name] = self._field(name, name in row.needs)

    def _field(self, name, needed):
        label = Case.name_of(name)
        match name:
            case "agreed_on":
                return Day(label=label, past=True)
            case "resting_until":
                return Day(label=label, not_before=lambda: workdays.today() + dt.timedelta(days=1))
            case "closing_reason":
                blocking = [str(row.pk) for row in self.reasons if row.code == STRUCTURALLY_BLOCKED]
                return OneOf(self.reasons, label=label, label_of=lambda row: row.label, widget=Reasons(blocking))
            case "blocked_by":
                hint = "Nur beim Abschlussgrund „strukturell blockiert“."
                if not self.issues:
                    hint += " Mit dem Fall ist noch keiner verknüpft; das geht auf seiner Seite unter „Knackpunkte“."
                return OneOf(
                    self.issues, label=label, required=needed, help_text=hint, widget=forms.RadioSelect(),
                    label_of=lambda issue: f"{issue.number} {issue.title}",
                )  # fmt: skip
            case "referred_to" | "handed_to":
                return Line(label=label, max_length=160, required=needed)
        return Text(
            label=label, max_length=2000, rows=3, required=needed, help_text=self.REASON_FOR.get(self.row.name, "")
        )

    def clean(self):
        given = super().clean()
        reason = given.get("closing_reason")
        if reason is None or "blocked_by" in self.errors:
            return given
        is_blocked = reason.code == STRUCTURALLY_BLOCKED
        if is_blocked and not given.get("blocked_by"):
            missing = "wählen Sie" if self.issues else "verknüpfen Sie zuerst"
            self.add_error("blocked_by", f"Bitte {missing} den Knackpunkt, der den Fall strukturell blockiert.")
        if not is_blocked:
            given["blocked_by"] = None  # chosen before the reason changed, and out of sight since
        return given

    @property
    def given(self) -> dict:
        return {name: value for name, value in self.cleaned_data.items() if name != "seen" and value not in (None, "")}


class LookForm(Form):
    reason = Line(
        label="Anlass",
        max_length=200,
        help_text="Die Fallführung erfährt ihn sofort. Bitte keine Namen und keine Angaben zur beratenen Person.",
    )


class SearchForm(Form):
    """The filters of one's own cases. Words stay out of addresses: they come by POST (views/caseload.py)."""

    FIRST = ("state", "title", "sort")
    ORDERS = {
        "moved": ("zuletzt bewegt", "-state_since"),
        "still": ("am längsten im Stand", "state_since"),
        "new": ("neueste Anfrage", "-opened_on"),
        "old": ("älteste Anfrage", "opened_on"),
        "number": ("Fallnummer", "number"),
    }

    def __init__(self, data=None, *, choices, **kwargs):
        super().__init__(data, auto_id="id_%s", **kwargs)
        phases = [("", "alle offenen"), ("all", "alle, auch beendete"), *State.choices]
        self.fields |= {
            "state": forms.ChoiceField(label="Phase", choices=phases, required=False),
            "municipality": OneOf(choices["municipalities"], label="Kommune", empty="alle", required=False),
            "area": OneOf(choices["areas"], label="Rechtskreis", empty="alle", required=False),
            "title": forms.ChoiceField(
                label="Aufenthaltstitel",
                choices=[("", "alle"), ("30", "läuft in 30 Tagen ab"), ("90", "läuft in 90 Tagen ab"),
                         ("gone", "abgelaufen")],
                required=False,
            ),
            "mine": forms.ChoiceField(
                label="Fallführung",
                choices=[("", "alle"), ("own", "nur eigene"), ("deputy", "nur in Vertretung"),
                         ("locked", "gesperrte")],
                required=False,
            ),
            "sort": forms.ChoiceField(
                label="Reihenfolge", choices=[(key, words) for key, (words, _) in self.ORDERS.items()], required=False
            ),
        }  # fmt: skip
        for field in self.fields.values():
            field.widget = QuickSelect(attrs={"class": "form-select form-select-sm"}, choices=field.widget.choices)

    @property
    def order(self) -> str:
        return self.ORDERS[self.cleaned_data.get("sort") or "moved"][1]

    @property
    def first_fields(self):
        """The controls that stand in the open; the others wait behind „Weitere Filter“."""
        return [self[name] for name in self.FIRST]

    @property
    def more_fields(self):
        return [self[name] for name in self.fields if name not in self.FIRST]

    @property
    def in_use_more(self) -> bool:
        return any(value and name not in self.FIRST for name, value in self.cleaned_data.items())

    @property
    def in_use(self) -> list[str]:
        """The labels of what is narrowed by, without the order."""
        return [str(self.fields[name].label) for name, value in self.cleaned_data.items() if value and name != "sort"]
