"""Forms of status reports: what one is about, a text of it, and why a draft is dropped."""

from typing import Any

from funding.staffing import end_of
from kim import workdays
from kim.forms import Day, Form, Line, Text
from reports.asked import EARLIEST

#: What a committee's paper was called before there was KIM (the report of 16.03.2022).
TITLE = "Kommunales Integrationsmanagement: aktueller Sachstand"


class ReportForm(Form):
    title = Line(label="Titel", max_length=160)
    committee = Line(label="Gremium, dem berichtet wird", max_length=160)
    meeting_on = Day(
        label="Sitzung am", required=False, help_text="Leer, wenn der Bericht zu keiner Sitzung gehört."
    )  # fmt: skip
    valid_on = Day(
        label="Stand der Daten", past=True, not_before=lambda: EARLIEST,
        help_text="Der Tag, an dem gelten soll, was im Bericht steht. Höchstens heute.",
    )  # fmt: skip
    known_on = Day(
        label="Nach dem Wissen vom", past=True, required=False, not_before=lambda: EARLIEST,
        help_text="Leer: was beim Zählen bekannt ist. Ein Tag: nur, was an diesem Tag schon bekannt war.",
    )  # fmt: skip

    def clean(self):
        given = super().clean()
        for name, words in (("valid_on", "Der Stand"), ("known_on", "Das Wissen")):
            day = given.get(name)
            if day and day > workdays.today():
                self.add_error(name, f"{words} liegt in der Zukunft. Bitte höchstens den heutigen Tag angeben.")
        return given

    @property
    def given(self) -> dict[str, Any]:
        """For StatusReport.draw_up. Today's knowledge is that of whenever it is counted."""
        told = dict(self.cleaned_data)
        known_on = told.pop("known_on")
        return told | {"known_at": end_of(known_on) if known_on and known_on < workdays.today() else None}


class SectionForm(Form):
    text = Text(
        label="Text", max_length=8000, rows=16, required=False,
        help_text="Institutionen und Funktionen statt Namen. Eine Leerzeile beginnt einen neuen Absatz.",
    )  # fmt: skip


class ReportDropForm(Form):
    because = Line(label="Begründung", max_length=200)


class ReportActForm(Form):
    """Only a button: the page says what it means."""
