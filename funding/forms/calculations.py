"""Forms of calculations: up to which day, why one is dropped, and what is assumed in a what-if."""

from django import forms

from funding import assumptions
from funding.forms.facts import Share
from kim.forms import Day, Form, Line, OneOf

#: Assumptions on one page, at first and at most.
ROWS, MOST_ROWS = 2, 12
#: What nobody is granted.
MOST_FTE = 999


class CalculationForm(Form):
    last_day = Day(
        label="Gerechnet bis einschließlich",
        help_text="Bewilligt und Anspruch zählen beide nur bis zu diesem Tag. Wie gezählt wird, sagt der Bescheid.",
    )


class CalculationDropForm(Form):
    because = Line(label="Begründung", max_length=200)


class CalculationReleaseForm(Form):
    """Only a button: the page says what it means."""


class AssumptionForm(Form):
    """One thing that could be otherwise; left empty, it assumes nothing."""

    def __init__(self, data=None, *, period, posts=(), place=1):
        super().__init__(data, prefix=f"annahme{place}")
        self.period, self.place = period, place
        self.fields |= {
            "kind": forms.ChoiceField(
                label="Was wäre anders?", choices=[("", "nichts"), *assumptions.CHOICES], required=False,
                error_messages={"invalid_choice": "Bitte wählen Sie aus der Liste."},
            ),
            "post": OneOf(
                posts, label="Stelle", required=False, empty="eine neue Stelle",
                label_of=lambda post: f"{post.number} · {post.title}",
            ),
            "day": Day(label="Tag", required=False),
            "value": Share(label="VZÄ oder Euro", required=False, max_digits=12),
        }  # fmt: skip

    def clean(self):
        given = super().clean()
        kind = given.get("kind")
        if not kind:
            return given
        day, value = given.get("day"), given.get("value")
        if "day" not in self.errors and day is None:
            self.add_error("day", f"Annahme {self.place}: Bitte nennen Sie einen Tag.")
        elif day and not self.period.holds_on(day):
            self.add_error("day", f"Annahme {self.place}: Der Förderzeitraum ist {self.period.span}.")
        if kind == assumptions.END and given.get("post") is None and "post" not in self.errors:
            self.add_error("post", f"Annahme {self.place}: Bitte wählen Sie, welche Stelle frei würde.")
        if kind != assumptions.END and not value and "value" not in self.errors:
            self.add_error("value", f"Annahme {self.place}: Bitte nennen Sie VZÄ oder Betrag, größer als 0.")
        if kind == assumptions.GRANT and value and value > MOST_FTE:
            self.add_error("value", f"Annahme {self.place}: Bitte nennen Sie höchstens {MOST_FTE} VZÄ.")
        if kind == assumptions.FILL and value and value > 1:
            self.add_error("value", f"Annahme {self.place}: Eine Person besetzt höchstens 1 VZÄ.")
        return given

    @property
    def assumption(self) -> assumptions.Assumption | None:
        """What it assumes; None where it was left empty. Only of a valid form."""
        given = self.cleaned_data
        if not given.get("kind"):
            return None
        post = given["post"].number if given.get("post") else ""
        told = {"value": given["value"]} if given.get("value") else {}
        return assumptions.Assumption(given["kind"], given["day"], post, **told)
