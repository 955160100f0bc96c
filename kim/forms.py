"""What every form stands on: text without hidden characters, German dates, and a place for what the gate found.

A form checks input and says in German what is wrong; it decides neither access nor state.
"""

import datetime as dt
import re
import unicodedata
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from kim import workdays

TOO_LONG = "Bitte kürzen Sie den Text auf höchstens %(limit_value)d Zeichen; jetzt sind es %(show_value)d."
REQUIRED = {"required": "Bitte ausfüllen."}
CHOSEN = {"required": "Bitte wählen.", "invalid_choice": "Diese Auswahl gibt es nicht (mehr). Bitte neu wählen."}
HIDDEN_CHARACTER = "Der Text enthält ein unsichtbares Steuerzeichen. Bitte tippen Sie die Stelle neu."
UNREADABLE = "Ein Zeichen ist nicht lesbar angekommen (�). Bitte tippen Sie die Stelle neu."
_LINE_ENDS = re.compile("\r\n|[\r\v\f\x1c-\x1e\x85\u2028\u2029]")
#: Marks of direction and width that come along when text is pasted. They say nothing and hide things.
_MARKS = re.compile("[\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff]")


def clean_text(text: str, *, lines: bool = False) -> str:
    """`text` as it is kept: one kind of line end, no invisible marks, nothing at the edges; tabs as blanks.

    Raises ValidationError for control characters, half characters and the sign for what could not be decoded.
    """
    text = _MARKS.sub("", _LINE_ENDS.sub("\n", text)).replace("\t", " ")
    if not lines:
        text = text.replace("\n", " ")
    if "\ufffd" in text:
        raise ValidationError(UNREADABLE, code="unreadable")
    if any(unicodedata.category(sign) in {"Cc", "Cs", "Cn"} and sign != "\n" for sign in text):
        raise ValidationError(HIDDEN_CHARACTER, code="hidden")
    return unicodedata.normalize("NFC", text).strip()


class Line(forms.CharField):
    """Text on one line."""

    lines = False

    def __init__(self, *, max_length, **kwargs):
        said = REQUIRED | {"max_length": TOO_LONG} | kwargs.pop("error_messages", {})
        super().__init__(max_length=max_length, error_messages=said, **kwargs)

    def to_python(self, value):
        value = super().to_python(value)
        return clean_text(value, lines=self.lines) if value not in self.empty_values else self.empty_value


class Text(Line):
    """Text on several lines. Its length is counted as browsers count it: a line end is one sign."""

    lines = True

    def __init__(self, *, max_length, rows=4, **kwargs):
        kwargs.setdefault("widget", forms.Textarea(attrs={"rows": rows}))
        super().__init__(max_length=max_length, **kwargs)


class Day(forms.DateField):
    """A day as people type it: 13.4.2026, 13.04.26, 13.04. or 2026-04-13.

    Without a year the next such day is meant, or with `past=True` the last one; either way today counts.
    """

    NOT_A_DAY = "Bitte ein Datum angeben wie 13.04.2026."
    YEARS = range(1900, 2200)
    _GERMAN = re.compile(r"([0-9]{1,2})\.\s*([0-9]{1,2})\.(?:\s*([0-9]{4}|[0-9]{2}))?")
    _ISO = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")

    def __init__(self, *, past=False, not_before=None, **kwargs):
        self.past, self.not_before = past, not_before
        attrs = {"inputmode": "numeric", "placeholder": "TT.MM.JJJJ", "autocomplete": "off"}
        kwargs.setdefault("widget", forms.DateInput(format="%d.%m.%Y", attrs=attrs))
        super().__init__(error_messages=REQUIRED | {"invalid": self.NOT_A_DAY}, **kwargs)

    def to_python(self, value):
        if value in self.empty_values:
            return None
        if isinstance(value, dt.date):
            return value
        day = self._read(str(value).strip())
        if self.not_before and day < self.not_before():
            raise ValidationError(f"Bitte einen Tag ab dem {self.not_before():%d.%m.%Y} angeben.", code="too_early")
        return day

    def _read(self, text):
        if found := self._GERMAN.fullmatch(text):
            day, month, year = found[1], found[2], found[3]
        elif found := self._ISO.fullmatch(text):
            year, month, day = found[1], found[2], found[3]
        else:
            raise ValidationError(self.NOT_A_DAY, code="invalid")
        today = workdays.today()
        years = [2000 + int(year) if len(year) == 2 else int(year)] if year else self._nearest(today)
        for one in years:
            try:
                read = dt.date(one, int(month), int(day))
            except ValueError:
                continue
            if one in self.YEARS and (year or (read <= today if self.past else read >= today)):
                return read
        raise ValidationError(
            f"Den {int(day)}.{int(month)}.{year or ''} gibt es nicht. {self.NOT_A_DAY}", code="no_such_day"
        )

    def _nearest(self, today):
        step = -1 if self.past else 1
        return [today.year + step * away for away in range(9)]  # 29 February comes every four years, once after eight


class OneOf(forms.TypedChoiceField):
    """One of `rows` (objects with a pk, read already): a plain choice whose cleaned value is the object.

    `groups` is a list of (heading, rows) and draws them as such. `empty` is what the empty choice says.
    """

    def __init__(self, rows=(), *, groups=None, empty="Bitte wählen", label_of=str, **kwargs):
        groups = groups if groups is not None else [("", rows)]
        self.rows = {str(row.pk): row for _, members in groups for row in members}
        choices: list[tuple[str, Any]] = []
        for heading, members in groups:
            options = [(str(row.pk), label_of(row)) for row in members]
            choices += [(heading, options)] if heading else options
        if empty and not isinstance(kwargs.get("widget"), forms.RadioSelect):
            choices = [("", empty), *choices]
        super().__init__(choices=choices, coerce=self._object, empty_value=None, error_messages=CHOSEN, **kwargs)

    def _object(self, value):
        return self.rows[value]

    def prepare_value(self, value):
        return str(value.pk) if hasattr(value, "pk") else value


class SomeOf(forms.TypedMultipleChoiceField):
    """Any number of `rows`; the cleaned value is a list of the objects."""

    widget = forms.CheckboxSelectMultiple

    def __init__(self, rows=(), *, label_of=str, **kwargs):
        self.rows = {str(row.pk): row for row in rows}
        choices = [(pk, label_of(row)) for pk, row in self.rows.items()]
        super().__init__(choices=choices, coerce=self._object, empty_value=[], error_messages=CHOSEN, **kwargs)

    def _object(self, value):
        return self.rows[value]

    def prepare_value(self, value):
        if not isinstance(value, list | tuple):
            return [] if value in (None, "") else [str(value)]
        return [str(one.pk) if hasattr(one, "pk") else str(one) for one in value]


class Pick(forms.ChoiceField):
    """One of few fixed words, pressed in one go."""

    widget = forms.RadioSelect

    def __init__(self, **kwargs):
        super().__init__(error_messages=CHOSEN, **kwargs)


#: The hidden field with a digest of what a form was filled with (kim.editing).
SHOWN = "shown"


class Form(forms.Form):
    """The base of every form here; kim/_fields.html draws its fields.

    `hold` takes what the privacy gate found; the page shows it with a box for each finding that may be confirmed.
    """

    draft_key = ""
    filled_with = ""
    #: What becomes of findings of the gate that somebody vouches for.
    vouched = "Dass Sie es bestätigt haben, steht im Protokoll."

    def __init__(self, data=None, **kwargs):
        kwargs.setdefault("label_suffix", "")
        super().__init__(data, **kwargs)
        self.findings = []

    def clean(self) -> dict[str, Any]:
        super().clean()
        return self.cleaned_data

    @property
    def digest(self) -> str:
        """The digest of what the form was filled with, as it is sent along; "" for one that changes no row."""
        return str(self.data.get(SHOWN, "")) if self.is_bound else self.filled_with

    @property
    def confirmed(self) -> list[str]:
        """Keys of findings the author has vouched for so far."""
        given = self.data.getlist("confirmed") if hasattr(self.data, "getlist") else []
        return [key for key in dict.fromkeys(given) if re.fullmatch("[0-9a-f]{24}", key)][:200]

    def hold(self, findings, labels=None) -> None:
        """Show `findings` (kim.privacy_gate.Finding) with the form; each is said at its field and counts as its error.

        `labels` maps what the gate calls a text to the name of its field, where that is not the field's own label.
        """
        self.findings = list(findings)
        by_label = {str(field.label): name for name, field in self.fields.items()} | (labels or {})
        for finding in self.findings:
            name = by_label.get(finding.field)
            self.add_error(name if name in self.fields else None, ValidationError(finding.sentence, code="held"))

    @property
    def to_confirm(self):
        """Findings that may be vouched for, each once however often it occurs."""
        return list({finding.key: finding for finding in self.findings if not finding.blocks}.values())

    def typed(self) -> list[tuple[str, str]]:
        """(label, text) of every free text that was sent, as it was sent."""
        return [
            (str(field.label), self.data[self.add_prefix(name)])
            for name, field in self.fields.items()
            if isinstance(field, Line) and self.data.get(self.add_prefix(name))
        ]
