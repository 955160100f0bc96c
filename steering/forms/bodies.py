"""Forms of bodies and limits."""

import datetime as dt

from django import forms

from kim import workdays
from kim.forms import Day, Form, Line, OneOf, Pick, SomeOf, Text
from steering.models import Body, Membership, TimeLimit


def told_by(resolution) -> str:
    """A resolution among the choices of a form: by number, day and body, never by its words."""
    return f"{resolution} vom {resolution.decided_on:%d.%m.%Y}, {resolution.body}"


class BodyEditForm(Form):
    """Name, places and mandate of a body; a steering group stands for the whole county."""

    def __init__(self, data=None, *, municipalities=(), resolutions=(), local=False, **kwargs):
        super().__init__(data, **kwargs)
        self.local = local
        self.fields["name"] = Line(label="Name", max_length=120)
        if municipalities:
            self.fields["municipalities"] = SomeOf(municipalities, label="Kommunen", required=False)
        self.fields["mandate"] = Text(label="Auftrag", required=False, max_length=4000)
        self.fields["mandated_by"] = OneOf(
            resolutions, label="Auftrag durch Beschluss", required=False, empty="kein Beschluss", label_of=told_by
        )

    def clean(self):
        given = super().clean()
        if self.local and given.get("municipalities") == []:
            self.add_error("municipalities", "Eine örtliche Projektgruppe braucht mindestens eine Kommune.")
        return given


class BodyForm(BodyEditForm):
    """A new project group or working group."""

    def __init__(self, data=None, **kwargs):
        super().__init__(data, **kwargs)
        kinds = [(kind.value, kind.label) for kind in Body.Kind if kind != Body.Kind.STEERING]
        self.fields["kind"] = Pick(label="Art", choices=kinds, initial=Body.Kind.LOCAL.value)
        self.fields["valid_from"] = Day(label="Besteht ab", initial=workdays.today)
        if "municipalities" in self.fields:
            help_text = "Eine örtliche Projektgruppe ist für mindestens eine Kommune da."
            self.fields["municipalities"].help_text = help_text
        self.order_fields(["name", "kind", "municipalities", "mandate", "mandated_by", "valid_from"])

    def clean(self):
        self.local = self.cleaned_data.get("kind") == Body.Kind.LOCAL
        return super().clean()


class BodyEndForm(Form):
    """What came of a body, and its last day."""

    last_day = Day(label="Letzter Tag", past=True)
    result = Text(
        label="Ergebnis",
        max_length=4000,
        rows=6,
        help_text="Was die Gruppe erreicht hat. Es bleibt beim Gremium stehen.",
    )


class FunctionForm(Form):
    """What somebody does in a seat, and whether with a vote. `seats` are those that can be stood in for."""

    def __init__(self, data=None, *, seats=(), **kwargs):
        super().__init__(data, **kwargs)
        self.fields["function"] = Pick(label="Funktion", choices=Membership.Function.choices, initial="member")
        self.fields["deputy_of"] = OneOf(
            seats, label="Vertritt", required=False, empty="niemanden", label_of=_seat,
            help_text="Nur für eine Vertretung. Sie endet mit dem Sitz, den sie vertritt.",
        )  # fmt: skip
        self.fields["without_vote"] = forms.BooleanField(
            label="Ohne Stimme", required=False, help_text="Beratende Mitglieder haben nie eine."
        )

    def clean(self):
        given = super().clean()
        deputy = given.get("function") == Membership.Function.DEPUTY
        if deputy and "deputy_of" in given and not given["deputy_of"]:
            self.add_error("deputy_of", "Bitte wählen Sie den Sitz, der vertreten wird.")
        if "function" in given and not deputy and given.get("deputy_of"):
            self.add_error("deputy_of", "Nur eine Vertretung vertritt einen anderen Sitz.")
        return given

    @property
    def given(self) -> dict:
        """What the act is called with."""
        given = {name: value for name, value in self.cleaned_data.items() if name != "without_vote"}
        return given | {"votes": False if self.cleaned_data.get("without_vote") else None}


def _seat(seat) -> str:
    where = f" ({seat.organisation})" if seat.user and seat.organisation else ""
    return f"{seat.holder}{where}, {seat.get_function_display()}"


class SeatForm(FunctionForm):
    """A new seat: of an account, of an institution, or of an account for an institution."""

    def __init__(self, data=None, *, users=(), organisations=(), **kwargs):
        super().__init__(data, **kwargs)
        self.fields["user"] = OneOf(users, label="Konto", required=False, empty="kein Konto")
        self.fields["organisation"] = OneOf(
            organisations, label="Institution", required=False, empty="keine Institution",
            help_text="Bei einer Vertretung leer: die Institution des Sitzes.",
        )  # fmt: skip
        self.fields["valid_from"] = Day(label="Ab", past=True, initial=workdays.today)
        self.fields["last_day"] = Day(label="Letzter Tag", required=False, help_text="Leer: bis auf Weiteres.")
        first = ["user", "organisation", "function", "deputy_of", "without_vote", "valid_from", "last_day"]
        self.order_fields(first)

    def clean(self):
        given = super().clean()
        if not given.get("user") and not given.get("organisation") and not given.get("deputy_of"):
            self.add_error("user", "Ein Sitz braucht ein Konto oder eine Institution.")
        if given.get("last_day") and given.get("valid_from") and given["last_day"] < given["valid_from"]:
            self.add_error("last_day", "Der letzte Tag liegt vor dem Anfang der Mitgliedschaft.")
        return given


class SeatChangeForm(FunctionForm):
    def __init__(self, data=None, **kwargs):
        super().__init__(data, **kwargs)
        self.fields["valid_from"] = Day(
            label="Gilt ab", initial=workdays.today, help_text="Bis zum Tag davor bleibt es, wie es war."
        )


class ExpectedForm(Form):
    """An institution that should sit in a body."""

    def __init__(self, data=None, *, organisations=(), **kwargs):
        super().__init__(data, **kwargs)
        self.fields["name"] = Line(label="Stelle", max_length=120, help_text="Etwa „Jugendamt“; kein Name.")
        self.fields["organisation"] = OneOf(
            organisations, label="Institution in diesem Kreis", required=False, empty="noch nicht benannt"
        )
        self.fields["occasional"] = forms.BooleanField(label="Nur anlassbezogen", required=False)
        self.fields["source"] = Line(
            label="Beleg",
            required=False,
            max_length=200,
            help_text="Woher die Vorgabe kommt, etwa die Geschäftsordnung.",
        )
        self.fields["valid_from"] = Day(label="Ab", initial=workdays.today)


class ExpectedEndForm(Form):
    last_day = Day(label="Letzter Tag, an dem er vorgesehen ist", past=True)


class MilestoneForm(Form):
    title = Line(label="Meilenstein", max_length=200, help_text="Was bis dahin erreicht sein soll.")
    due_on = Day(label="Bis", not_before=workdays.today)


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
