"""Forms of hand-overs. Cases and colleagues to choose from are handed in, read already."""

from django.forms import BooleanField

from kim.forms import Form, OneOf, SomeOf, Text


class HandOverForm(Form):
    """Which cases go to whom. None is chosen until somebody says so."""

    def __init__(self, data=None, *, takers=(), cases=(), ended=0, **kwargs):
        super().__init__(data, **kwargs)
        self.fields["taker"] = OneOf(takers, label="An wen?")
        self.fields["cases"] = SomeOf(cases, label="Fälle", required=False)
        if ended:
            self.fields["with_ended"] = _with_ended(ended)
        self.fields["note"] = Text(
            label="Übergabenotiz", max_length=4000, rows=4, required=False,
            help_text="Ohne Namen: Sie wird gelesen, bevor die Fälle angenommen sind. Das Weitere steht in den Fällen.",
        )  # fmt: skip

        self.fields["unagreed_reason"] = Text(
            label="Grund, warum ohne Einwilligung", max_length=1000, rows=3, required=False,
            help_text="Etwa eine plötzliche Erkrankung oder eine gesetzliche Befugnis. Ohne Namen: Ihn lesen auch die "
            "andere Person und die Koordinierung.",
        )  # fmt: skip

    @property
    def why(self):
        """Asked where the preview finds cases that nobody agreed to give away, or was not asked."""
        return [self["unagreed_reason"]]

    @property
    def beside(self):
        """What is asked beside the list of cases."""
        return [self["taker"], self["note"]]

    @property
    def picked(self) -> set[str]:
        """Ids of the cases that are ticked, as they stand in the page."""
        return set(self.fields["cases"].prepare_value(self["cases"].value()))

    def chosen(self, ended) -> list:
        """What is offered; `ended` are the cases that go along as one."""
        return [*self.cleaned_data["cases"], *(ended if self.cleaned_data.get("with_ended") else [])]

    def clean(self):
        given = super().clean()
        if "cases" in given and not given["cases"] and not given.get("with_ended"):
            self.add_error("cases", "Bitte wählen Sie mindestens einen Fall.")
        return given


def _with_ended(number: int):
    words = f"{number} beendete Fälle, die noch aufbewahrt werden"
    if number == 1:
        words = "1 beendeter Fall, der noch aufbewahrt wird"
    return BooleanField(label=f"dazu {words}", required=False)


class RefuseForm(Form):
    reason = Text(label="Warum können Sie die Fälle nicht übernehmen?", max_length=1000, rows=3)
