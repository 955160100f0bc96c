"""Forms about criteria, their values, scenarios and targets."""

from decimal import Decimal

from django import forms
from django.utils.text import Truncator

from funding.forms.facts import FactForm, Share
from funding.models import Criterion, Method
from funding.needs import Plan
from kim import sheets, workdays
from kim.forms import Day, Form, Line, OneOf, Pick, SomeOf, Text
from kim.models import Municipality

THREE_PLACES = "Bitte höchstens drei Stellen nach dem Komma angeben."
FILE = {
    "required": "Bitte wählen Sie eine Datei.",
    "empty": "Die Datei ist leer.",
    "invalid": "Die Datei ist nicht angekommen. Bitte wählen Sie sie noch einmal.",
    "max_length": "Der Dateiname ist zu lang.",
}


class Number(Share):
    """A number as people type it: 1.234 or 12,5."""

    def __init__(self, **kwargs):
        kwargs.setdefault("max_digits", 14)
        super().__init__(**kwargs)
        self.error_messages |= {
            "invalid": "Bitte eine Zahl angeben wie 1.234 oder 12,5.",
            "min_value": "Der Wert darf nicht negativ sein.",
            "max_digits": "Der Wert ist zu groß.",
            "max_whole_digits": "Der Wert ist zu groß.",
        }


class CriterionForm(Form):
    name = Line(label="Name", max_length=120, help_text="Was eine Kommune mehr brauchen lässt, etwa „Schutzsuchende“.")
    unit = Line(label="Einheit", max_length=40, help_text="etwa Personen, Fälle oder Minuten")
    definition = Line(label="Was gezählt wird", max_length=300, required=False)


class CriterionValueForm(FactForm):
    """About a criterion, or with `initial` about one of its municipalities."""

    def __init__(self, data=None, *, subject=None, initial=None):
        super().__init__(data, subject=subject, initial=initial)
        self.fields["municipality"] = OneOf(Municipality.objects.all(), label="Kommune")
        self.fields["value"] = Number(label=f"Wert ({subject.unit})" if subject else "Wert")
        self.fields["source"].required = True
        self.fields["source"].label = "Quelle"
        self.fields["source"].help_text = "Statistik, Bericht oder Auswertung mit ihrem Stand."
        self.order_fields(["municipality", "value", *self.LAST])

    @classmethod
    def filled_from(cls, row):
        return super().filled_from(row) | {"municipality": row.municipality, "value": row.value}


class CriterionImportForm(Form):
    """After `is_valid`: `headings` and `lines` of the sheet."""

    file = forms.FileField(
        label="Datei",
        max_length=255,
        widget=forms.FileInput(attrs={"accept": ".xlsx,.csv"}),
        help_text="Excel (.xlsx) oder CSV mit den Spalten AGS oder Kommune, Wert, Stand, Quelle.",
        error_messages=FILE,
    )

    def clean(self):
        given = super().clean()
        if not given.get("file"):
            return given
        try:
            if given["file"].size > sheets.MOST_BYTES:
                raise sheets.Unreadable("Die Datei ist größer als 5 MB. Bitte teilen Sie sie auf.")
            self.headings, self.lines = sheets.read(given["file"].read())
        except sheets.Unreadable as error:
            self.add_error("file", str(error))
        return given


class CriterionTakeForm(Form):
    """What was read and shown, sealed, so that exactly this is taken over."""

    rows = forms.CharField(widget=forms.HiddenInput, max_length=200_000)


class ScenarioForm(Form):
    """Fields of the plan, one weight per criterion, one minimum per municipality."""

    name = Line(label="Name", max_length=120, help_text="Woran Sie das Szenario wiedererkennen.")
    total = Share(label="Zu verteilen (VZÄ)")
    step = Share(label="Schritt (VZÄ)", max_digits=4, initial="0,25", help_text="Alle Anteile sind Vielfache davon.")
    method = Pick(
        label="Verfahren", choices=Method.choices, initial=Method.SAINTE_LAGUE,
        help_text="Nach Einwohnern zählt allein die Einwohnerzahl; Gewichte bleiben dann unbeachtet.",
    )  # fmt: skip
    minimum = Share(label="Mindestens je Kommune (VZÄ)", max_digits=4, required=False, help_text="Leer: kein Minimum.")
    on_day = Day(label="Werte vom Stand", past=True)
    note = Text(label="Bemerkung", max_length=1000, rows=3, required=False)

    def __init__(self, data=None, *, criteria, places, initial=None):
        super().__init__(data, initial={"on_day": workdays.today()} | (initial or {}))
        self.criteria = list(criteria)
        self.places = list(places)
        for one in self.criteria:
            self.fields[f"weight_{one.pk}"] = Share(
                label=one.name, required=False, max_digits=6, decimal_places=2,
                initial="1" if one.key == Criterion.POPULATION else None,
            )  # fmt: skip
            self.fields[f"weight_{one.pk}"].error_messages["max_decimal_places"] = (
                "Bitte höchstens zwei Stellen nach dem Komma angeben."
            )
        self.fields["without"] = SomeOf(
            self.places, label="Ohne diese Kommunen", required=False,
            help_text="Etwa weil eine Kommune eigene Stellen bewilligt bekommt.",
        )  # fmt: skip
        for place in self.places:
            self.fields[f"minimum_{place.pk}"] = Share(label=place.name, required=False, max_digits=7)

    def _some(self, *names):
        return [self[name] for name in names]

    @property
    def what(self):
        return self._some("name", "total", "step", "minimum", "on_day", "method")

    @property
    def weights(self):
        return self._some(*(f"weight_{one.pk}" for one in self.criteria))

    @property
    def minimums(self):
        return self._some(*(f"minimum_{place.pk}" for place in self.places))

    @property
    def rest(self):
        return self._some("without", "note")

    @property
    def has_minimums(self) -> bool:
        return any(field.value() for field in self.minimums)

    @property
    def plan(self) -> Plan:
        given = self.cleaned_data
        weights = {one.key: given[f"weight_{one.pk}"] for one in self.criteria}
        minimums = {place.ags: given[f"minimum_{place.pk}"] for place in self.places}
        return Plan(
            total=given["total"], step=given["step"], method=given["method"], on_day=given["on_day"],
            minimum=given["minimum"] or Decimal(0), without={place.ags for place in given["without"]},
            weights={key: weight for key, weight in weights.items() if weight},
            minimums={ags: least for ags, least in minimums.items() if least is not None},
        )  # fmt: skip


class ScenarioAdoptForm(Form):
    def __init__(self, data=None, *, resolutions=(), initial=None):
        super().__init__(data, initial=initial)
        self.fields["resolution"] = OneOf(
            resolutions, label="Beschluss",
            label_of=lambda one: (
                f"{one} vom {one.decided_on:%d.%m.%Y}, {one.body or one.municipality}: "
                f"{Truncator(' '.join(one.text.split())).chars(70)}"
            ),
            help_text="Angenommene Beschlüsse, die Sie sehen dürfen.",
        )  # fmt: skip
        self.fields["first_day"] = Day(label="Gilt ab")


class StaffingTargetForm(FactForm):
    fte = Share(label="VZÄ")
