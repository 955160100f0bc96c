"""Forms of evaluations that are kept: what was chosen, its name, and whom it is shared with."""

from django import forms

from kim.figures import Part
from kim.forms import CHOSEN, Day, Form, Line
from kim.models import Role
from reports import building, sources
from reports.access import PARTS
from reports.asked import COUNTY, Area
from reports.models.saved import MOST_PERIODS, Rhythm

NAME = 80
RHYTHMS = [(str(one), span.words) for one, span in sources.SPANS.items()]


class SavedForm(Form):
    """`user` chooses among figures of the parts they see; `areas` by key (reports.asked.areas)."""

    name = Line(label="Name", max_length=NAME, help_text="So steht die Auswertung in Ihrer Liste.")
    figure = forms.ChoiceField(label="Zahl", error_messages=CHOSEN)
    by = forms.ChoiceField(label="gegliedert", required=False, error_messages=CHOSEN)
    area = forms.ChoiceField(label="Gebiet", required=False, error_messages=CHOSEN)
    rhythm = forms.ChoiceField(label="je", choices=RHYTHMS, error_messages=CHOSEN)
    periods = forms.IntegerField(
        label="Zahl der Zeiträume", min_value=1, max_value=MOST_PERIODS,
        error_messages={
            "required": "Bitte ausfüllen.", "invalid": "Bitte eine ganze Zahl angeben.",
            "min_value": "Mindestens ein Zeitraum.", "max_value": f"Höchstens {MOST_PERIODS} Zeiträume.",
        },
    )  # fmt: skip
    until = Day(
        label="bis zu einem festen Tag", required=False, past=True,
        help_text="Leer lassen: immer bis zum letzten Zeitraum, der zu Ende ist.",
    )  # fmt: skip

    def __init__(self, data=None, *, user, areas: dict[str, Area], **kwargs):
        super().__init__(data, **kwargs)
        self.areas = areas
        offered = building.offered(user)
        figures = [(part.words, [(one.key, one.name) for one in figures]) for part, figures in offered.items()]
        by = breakdowns(one.key for figures in offered.values() for one in figures)
        _offer(self, figure=figures, by=list(by.items()), area=[(one.key, one.name) for one in areas.values()])

    def clean_area(self) -> str:
        return self.cleaned_data["area"] or COUNTY

    def clean(self):
        given = super().clean()
        if self.errors:
            return given
        source, rhythm = sources.of(given["figure"]), Rhythm(given["rhythm"])
        area = self.areas[given["area"]]
        if rhythm not in source.rhythms:
            words = " oder ".join(sources.SPANS[one].words for one in source.rhythms)
            self.add_error("rhythm", f"Diese Zahl gibt es je {words}.")
        elif area.key != COUNTY and not source.areas:
            self.add_error("area", "Diese Zahl gibt es nur für den ganzen Kreis.")
        elif given["by"] not in (fitting := source.fitting(area, rhythm)):
            self.add_error("by", f"So lässt sich diese Zahl hier zeigen: {', '.join(fitting.values())}.")
        return given

    @property
    def chosen(self) -> dict:
        """The columns of SavedFigure."""
        given = self.cleaned_data
        until = given["until"]
        return {
            "name": given["name"],
            "figure": given["figure"],
            "part": str(sources.of(given["figure"]).figure.part),
            "breakdown": given["by"],
            "area": given["area"],
            "rhythm": given["rhythm"],
            "periods": given["periods"],
            "until": until and until + sources.ONE_DAY,
        }


def _offer(form: Form, **choices: list) -> None:
    for name, offered in choices.items():
        form.fields[name].choices = offered  # type: ignore[attr-defined]


def breakdowns(keys) -> dict[str, str]:
    """All breakdowns of these figures, each once, in the words they share."""
    found: dict[str, str] = {}
    for key in keys:
        for by, words in sources.of(key).breakdowns.items():
            plain = words if by == "" or "nach " not in words else f"nach {words.rpartition('nach ')[2]}"
            found.setdefault(by, plain)
    return found


class ShareForm(Form):
    """Roles that see the part anyway."""

    roles = forms.MultipleChoiceField(
        label="Wer die Auswertung in der eigenen Liste findet", required=False, widget=forms.CheckboxSelectMultiple,
        error_messages=CHOSEN,
    )  # fmt: skip

    def __init__(self, data=None, *, part: str, **kwargs):
        super().__init__(data, **kwargs)
        _offer(self, roles=[(str(role), role.label) for role in Role if Part(part) in PARTS.get(role, ())])
