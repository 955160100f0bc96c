"""Forms of the register of resolutions and of statements."""

import datetime as dt

from kim import workdays
from kim.forms import Day, Form, Line, OneOf, Pick, SomeOf, Text
from steering.models import Resolution

VERDICTS = [(one.value, one.label) for one in (Resolution.Verdict.RESOLVE, Resolution.Verdict.REJECT,
                                               Resolution.Verdict.NOTE)]  # fmt: skip


def _tomorrow() -> dt.date:
    return workdays.today() + dt.timedelta(days=1)


class DoneForm(Form):
    button = "Als umgesetzt festhalten"
    on = Day(label="Umgesetzt am", past=True, initial=workdays.today)
    evidence = Text(
        label="Nachweis",
        max_length=2000,
        rows=4,
        help_text="Woran sieht man es? Ein Merkblatt, ein Bericht …",
    )


class DropForm(Form):
    button = "Beschluss entfallen lassen"
    reason = Text(label="Grund", max_length=2000, rows=4, help_text="Das Gremium liest ihn im Register.")


class PutOffForm(Form):
    button = "Termin verschieben"
    due_on = Day(label="Neuer Termin", not_before=_tomorrow)
    reason = Text(label="Grund", max_length=2000, rows=4, help_text="Der bisherige Termin bleibt im Register lesbar.")


class MunicipalForm(Form):
    """What the council of a municipality resolved."""

    button = "Eintragen"

    def __init__(self, data=None, *, municipalities=(), **kwargs):
        super().__init__(data, **kwargs)
        self.fields["municipality"] = OneOf(municipalities, label="Kommune")
        self.fields["organ"] = Line(label="Organ", max_length=120, help_text="Etwa „Rat der Stadt …“.")
        self.fields["decided_on"] = Day(label="Beschlossen am", past=True)
        self.fields["verdict"] = Pick(label="Ergebnis", choices=VERDICTS, initial=Resolution.Verdict.RESOLVE.value)
        self.fields["text"] = Text(label="Beschluss", max_length=4000, rows=5)
        self.fields["owner"] = Line(
            label="Verantwortlich", max_length=120, required=False, help_text="Stelle, kein Name."
        )
        self.fields["due_on"] = Day(
            label="Umzusetzen bis", required=False, help_text="Leer: Mit dem Beschluss ist nichts weiter zu tun."
        )
        self.fields["number"] = Line(
            label="Knackpunkt", max_length=16, required=False, help_text="Kennung, falls es einen gibt: KP-2026-0031."
        )
        self.fields["source"] = Line(
            label="Beleg", max_length=200, required=False, help_text="Etwa Vorlage und Tag der Niederschrift."
        )

    def clean(self):
        given = super().clean()
        if given.get("due_on") and "owner" in given and not given["owner"]:
            self.add_error("owner", "Bitte nennen Sie, wer es bis dahin umsetzt.")
        return given


class AskForm(Form):
    """Ask several institutions the same. With `about` the matter is settled, else it is asked for."""

    button = "Um Stellungnahme bitten"

    def __init__(self, data=None, *, organisations=(), settled=False, **kwargs):
        super().__init__(data, **kwargs)
        if not settled:
            self.fields["number"] = Line(
                label="Knackpunkt", max_length=16, required=False, help_text="Kennung, etwa KP-2026-0031."
            )
            self.fields["subject"] = Line(
                label="Entwurf", max_length=160, required=False, help_text="Oder ein Entwurf, in wenigen Worten."
            )
        self.fields["question"] = Text(
            label="Frage", max_length=4000, rows=6,
            help_text="Wozu wird Stellung genommen, und was ist noch offen? Die Institution liest diesen Text.",
        )  # fmt: skip
        self.fields["due_on"] = Day(label="Erbeten bis", not_before=_tomorrow)
        self.fields["organisations"] = SomeOf(
            organisations, label="Institutionen", label_of=_reachable,
            help_text="Wer kein Konto in KIM hat, erfährt es nicht von selbst: Bitte schreiben Sie dort hin und tragen "
            "Sie ein, was kommt.",
        )  # fmt: skip

    def clean(self):
        given = super().clean()
        if "subject" in self.fields and bool(given.get("number")) == bool(given.get("subject")):
            self.add_error("number", "Bitte nennen Sie entweder einen Knackpunkt oder einen Entwurf.")
        return given


def _reachable(organisation) -> str:
    return str(organisation) if organisation.reachable else f"{organisation} (ohne Konto)"


class AnswerForm(Form):
    """The statement itself. The office enters what came otherwise, with the day it came."""

    button = "Stellungnahme abgeben"

    def __init__(self, data=None, *, for_others=False, **kwargs):
        super().__init__(data, **kwargs)
        if for_others:
            self.button = "Eingang festhalten"
            self.fields["on"] = Day(label="Eingegangen am", past=True, initial=workdays.today)
        self.fields["text"] = Text(
            label="Stellungnahme", max_length=8000, rows=6,
            help_text="Alle, die über die Sache beraten, lesen sie. Bitte ohne Namen und Einzelheiten eines Falls.",
        )  # fmt: skip


class TakeBackForm(Form):
    button = "Bitte zurücknehmen"
