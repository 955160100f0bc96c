"""Form of a document: what it is, and the file, judged by its content."""

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError

from casework.models import Document
from kim import uploads
from kim.forms import CHOSEN, Form, Line, OneOf


class DocumentForm(Form):
    kind = forms.ChoiceField(
        label="Was ist es?", choices=[("", "Bitte wählen"), *Document.Kind.choices], error_messages=CHOSEN
    )
    title = Line(
        label="Bezeichnung", max_length=120, help_text="Kurz und ohne Namen, zum Beispiel „Bescheid vom 12.03.2026“."
    )

    def __init__(self, data=None, *, consents, **kwargs):
        super().__init__(data, **kwargs)
        if consents:
            self.fields["consent"] = OneOf(consents, label="Gehört zur Einwilligung", required=False, empty="zu keiner")
        self.fields["file"] = forms.FileField(
            label="Datei",
            help_text=f"PDF, PNG, JPEG, DOCX oder ODT, höchstens {settings.KIM_FILE_MB} MB.",
            error_messages={
                "required": "Bitte wählen Sie eine Datei.",
                "missing": "Bitte wählen Sie eine Datei.",
                "invalid": "Bitte wählen Sie eine Datei.",
                "empty": "Die Datei ist leer.",
            },
            widget=forms.FileInput(attrs={"accept": ".pdf,.png,.jpg,.jpeg,.docx,.odt"}),
        )

    def clean_file(self):
        file = self.cleaned_data["file"]
        if file.size > settings.KIM_FILE_MAX:
            raise ValidationError(uploads.too_large(), code="size")
        self.file_type = uploads.type_of(file)
        return file

    def clean(self):
        return super().clean() | {"file_type": getattr(self, "file_type", None)}
