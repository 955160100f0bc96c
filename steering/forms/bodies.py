"""Forms of bodies and limits."""

import datetime as dt

from django import forms

from kim import workdays
from kim.forms import Day, Form, Line, OneOf, Pick, SomeOf, Text
from steering.models import Body, Membership, TimeLimit


class BodyForm(Form):
    """A new project group or working group."""

    def __init__(self, data=None, *, municipalities=(), **kwargs):
        super().__init__(data, **kwargs)
        kinds = [(kind.value, kind.label) for kind in Body.Kind if kind != Body.Kind.STEERING]
        self.fields["name"] = Line(label="Name", max_length=120)
        self.fields["kind"] = Pick(label="Art", choices=kinds, initial=Body.Kind.LOCAL.value)
        self.fields["municipalities"] = SomeOf(
            municipalities, label="Kommunen", required=False,
            help_text="Eine örtliche Projektgruppe ist für mindestens eine Kommune da.",
        )  # fmt: skip
        self.fields["mandate"] = Text(label="Auftrag", required=False, max_length=2000)
        self.fields["valid_from"] = Day(label="Besteht ab", initial=workdays.today)

    def clean(self):
        given = super().clean()
        if given.get("kind") == Body.Kind.LOCAL and given.get("municipalities") == []:
            self.add_error("municipalities", "Eine örtliche Projektgruppe braucht mindestens eine Kommune.")
        return given


class SeatForm(Form):
    """A new seat: of an account, of an institution, or of an account for an institution."""

    def __init__(self, data=None, *, users=(), organisations=(), **kwargs):
        super().__init__(data, **kwargs)
        self.fields["user"] = OneOf(users, label="Konto", required=False, empty="kein Konto")
        self.fields["organisation"] = OneOf(
            organisations, label="Institution", required=False, empty="keine Institution"
        )
        self.fields["function"] = Pick(label="Funktion", choices=Membership.Function.choices, initial="member")
        self.fields["valid_from"] = Day(label="Ab", initial=workdays.today)

    def clean(self):
        given = super().clean()
        if not given.get("user") and not given.get("organisation"):
            self.add_error("user", "Ein Sitz braucht ein Konto oder eine Institution.")
        return given


class SeatEndForm(Form):
    last_day = Day(label="Letzter Tag der Mitgliedschaft", past=True)


class LimitForm(Form):
    amount = forms.IntegerField(
        label="Dauer", min_value=1, max_value=400,
        error_messages={"invalid": "Bitte eine ganze Zahl angeben.", "required": "Bitte ausfüllen."},
    )  # fmt: skip
    unit = Pick(label="Einheit", choices=TimeLimit.Unit.choices)
    valid_from = Day(
        label="Ab", not_before=lambda: workdays.today() + dt.timedelta(days=1), help_text="Frühestens ab morgen."
    )
    reason = Line(label="Begründung", max_length=200)
