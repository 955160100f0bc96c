"""The upload of a sheet: read in memory, and gone when the answer is."""

from django import forms

from casework.columns import placed
from casework.importing import rows_of
from casework.models import Import
from kim import sheets
from kim.forms import Form, Pick


class TakeOverForm(Form):
    """What becomes of rows that are likely somebody advised elsewhere; asks nothing where there are none."""

    def __init__(self, data=None, *, likely: int, **kwargs):
        super().__init__(data, **kwargs)
        if likely:
            rows = "der Zeile" if likely == 1 else f"den {likely} Zeilen"
            label = f"Was wird aus {rows} mit möglicher Doppelberatung?"
            self.fields["likely"] = Pick(choices=Import.Likely.choices, label=label)


class ImportForm(Form):
    """After `is_valid`: `rows` as Import.start takes them, `unknown` headings nobody will read."""

    kind = Pick(choices=Import.Kind.choices, label="Was steht in der Tabelle?")
    file = forms.FileField(
        label="Datei",
        max_length=255,
        widget=forms.FileInput(attrs={"accept": ".xlsx,.csv"}),
        help_text="Excel (.xlsx) oder CSV, höchstens 5 MB und 5.000 Zeilen. Die Datei selbst wird nicht aufbewahrt.",
        error_messages={
            "required": "Bitte wählen Sie eine Datei.",
            "empty": "Die Datei ist leer.",
            "invalid": "Die Datei ist nicht angekommen. Bitte wählen Sie sie noch einmal.",
            "max_length": "Der Dateiname ist zu lang.",
        },
    )

    rows: list
    unknown: list[str]

    def clean(self):
        given = super().clean()
        if not given.get("file") or not given.get("kind"):
            return given
        try:
            sheets.demand_size(given["file"].size)
            headings, lines = sheets.read(given["file"].read())
        except sheets.Unreadable as error:
            self.add_error("file", str(error))
            return given
        found, missing, self.unknown = placed(given["kind"], headings)
        if missing:
            words = ", ".join(f"„{word}“" for word in missing)
            lack = "fehlt" if len(missing) == 1 else "fehlen"
            self.add_error("file", f"In der ersten Zeile {lack}: {words}. Die Vorlage hat alle Überschriften.")
        self.rows = rows_of(lines, found)
        return given
