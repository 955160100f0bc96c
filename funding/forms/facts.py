"""What every form about a fact asks: from when until when it holds, and what says so."""

from typing import Any

from django import forms

from kim.forms import REQUIRED, Day, Form, Line
from kim.workdays import ONE_DAY

_GERMAN = str.maketrans(",.", ".,")


class FactForm(Form):
    """Forms of facts name their own fields first; their names are those of the model.

    `subject` is what the fact hangs on (a notice, a post). The last day is asked as people say it, inclusive.
    """

    field_order: Any = None
    #: Fields after all others, in this order.
    LAST = ("valid_from", "last_day", "source")

    valid_from = Day(label="Gilt ab")
    last_day = Day(label="Gilt bis einschließlich", required=False, help_text="Leer: ohne festes Ende.")
    source = Line(label="Beleg", max_length=200, required=False, help_text="Schreiben, Bescheid oder Unterlage.")

    def __init__(self, data=None, *, subject=None, initial=None):
        super().__init__(data, initial=initial)
        self.subject = subject
        self.order_fields([*(name for name in self.fields if name not in self.LAST), *self.LAST])

    def clean(self):
        given = super().clean()
        first, last = given.get("valid_from"), given.get("last_day")
        if first and last and last < first:
            self.add_error("last_day", "Das Ende muss nach dem Anfang liegen.")
        return given

    @property
    def told(self) -> dict[str, Any]:
        """What the form says, by the names of the model's fields."""
        told = {name: value for name, value in self.cleaned_data.items() if name not in ("last_day", "day")}
        if "last_day" in self.fields:
            last = self.cleaned_data.get("last_day")
            told["valid_until"] = last + ONE_DAY if last else None
        return told

    @classmethod
    def filled_from(cls, row) -> dict[str, Any]:
        """What a form about `row` begins with."""
        names = [name for name in cls.base_fields if name != "last_day"]
        return {name: getattr(row, name) for name in names if hasattr(row, name)} | {"last_day": row.last_day}


class EndForm(Form):
    last_day = Day(label="Letzter Tag", help_text="An diesem Tag gilt es noch.")


class WithdrawForm(Form):
    because = Line(label="Weshalb war es nie so?", max_length=200)


class Euros(forms.DecimalField):
    """An amount as people type it: 1.234,56 or 1234.56; to the cent."""

    def __init__(self, **kwargs):
        kwargs.setdefault("min_value", 0)
        kwargs.setdefault("max_digits", 12)
        kwargs.setdefault("decimal_places", 2)
        said = REQUIRED | {
            "invalid": "Bitte einen Betrag angeben wie 1.234,56.",
            "min_value": "Der Betrag darf nicht negativ sein.",
            "max_decimal_places": "Bitte höchstens zwei Stellen nach dem Komma angeben.",
            "max_digits": "Der Betrag ist zu groß.",
            "max_whole_digits": "Der Betrag ist zu groß.",
        }
        attrs = {"inputmode": "decimal", "autocomplete": "off"}
        super().__init__(error_messages=said, widget=forms.TextInput(attrs=attrs), **kwargs)

    def to_python(self, value):
        return super().to_python(german_number(value))

    def prepare_value(self, value):
        return value if isinstance(value, str) or value is None else f"{value:,.2f}".translate(_GERMAN)


class Share(Euros):
    """FTE as people type it: 0,75."""

    def __init__(self, **kwargs):
        kwargs.setdefault("max_digits", 7)
        kwargs.setdefault("decimal_places", 3)
        super().__init__(**kwargs)
        self.error_messages |= {
            "invalid": "Bitte eine Zahl angeben wie 0,75.",
            "min_value": "Die Zahl darf nicht negativ sein.",
            "max_digits": "Die Zahl ist zu groß.",
            "max_whole_digits": "Die Zahl ist zu groß.",
            "max_decimal_places": "Bitte höchstens drei Stellen nach dem Komma angeben.",
        }

    def prepare_value(self, value):
        if isinstance(value, str) or value is None:
            return value
        return f"{value:f}".rstrip("0").rstrip(".").replace(".", ",") if "." in f"{value:f}" else f"{value:f}"


def german_number(value):
    """„1.234,56“ as „1234.56“; what has no comma is left as it is, unless its points can only part thousands."""
    if not isinstance(value, str):
        return value
    text = value.replace("€", "").replace("\u00a0", "").replace(" ", "").strip()
    if "," in text:
        return text.replace(".", "").replace(",", ".")
    parts = text.split(".")
    if len(parts) > 2 or (len(parts) == 2 and len(parts[1]) == 3 and parts[0].lstrip("-").isdigit()):
        return "".join(parts)
    return text
