"""Forms about a person: who they are, who lives with them, and the law that holds for them."""

from django import forms

from casework.forms.cases import OfPerson, Whole, code, place
from kim import workdays
from kim.forms import Day, Form, OneOf
from kim.models import Code


class ClientForm(OfPerson):
    def __init__(self, data=None, *, choices, **kwargs):
        super().__init__(data, **kwargs)
        self.add_person(choices["codes"])
        self.fields["municipality"] = place(choices["municipalities"])
        self.fields["municipality"].label = "Kommune des Wohnorts"

    def part(self, *names):
        return [self[name] for name in names]

    @property
    def who(self):
        return self.part("family_name", "given_name", "birth_date", "municipality")

    @property
    def speech(self):
        return self.part("languages", "interpreter_needed", "german_level", "target_group")

    @property
    def contact(self):
        return self.part("phone", "email", "street", "postal_code", "town")

    @property
    def origin(self):
        former = ["citizenship_text"] if "citizenship_text" in self.fields else []
        return self.part(*self.citizenship_names, *former, "gender", "arrival_year", "arrival_month")


class HouseholdForm(Form):
    adults = Whole(label="Erwachsene", low=0, high=20)
    children = Whole(label="Kinder", low=0, high=30)


class LinkForm(Form):
    """Somebody of the own caseload who lives here too."""

    def __init__(self, data=None, *, known=(), **kwargs):
        super().__init__(data, **kwargs)
        self.fields["person"] = OneOf(
            known, label="Person aus Ihrem Fallbestand", label_of=lambda client: client.identity.listed
        )


class StatusForm(Form):
    """A residence status from a day on."""

    def __init__(self, data=None, *, choices, **kwargs):
        super().__init__(data, **kwargs)
        statuses = choices["codes"].get(Code.List.RESIDENCE_STATUS, ())
        hint = "Der bisherige Status endet am Tag davor. Derselbe Tag noch einmal berichtigt den Eintrag."
        self.fields |= {
            "status": OneOf(statuses, label="Aufenthaltsstatus", label_of=lambda row: row.label),
            "valid_from": Day(label="Gilt ab", past=True, help_text=hint),
            "expires_on": Day(label="Titel gültig bis", required=False),
        }

    def clean(self):
        given = super().clean()
        begins, expires = given.get("valid_from"), given.get("expires_on")
        if begins and expires and expires < begins:
            self.add_error("expires_on", "Der Titel kann nicht ablaufen, bevor er gilt.")
        if begins and begins > workdays.today():
            self.add_error("valid_from", "Bitte einen Tag angeben, der schon begonnen hat.")
        return given


class LegalAreaForm(Form):
    """The law that provides for somebody changes: one ends, one begins, or both."""

    def __init__(self, data=None, *, choices, running=(), **kwargs):
        super().__init__(data, **kwargs)
        self.fields |= {
            "ends": OneOf(running, label="Es endet", empty="keiner", required=False, label_of=lambda one: str(one)),
            "last_day": Day(
                label="Letzter Tag",
                past=True,
                required=False,
                help_text="Leer: der Tag vor dem Beginn des neuen; so entsteht keine Lücke.",
            ),
            "area": code(choices["codes"], Code.List.LEGAL_AREA, "Es beginnt", empty="keiner"),
            "begins": Day(label="Erster Tag", past=True, required=False),
        }

    def clean(self):
        given = super().clean()
        if self.errors:
            return given
        if not given.get("area") and not given.get("ends"):
            raise forms.ValidationError("Bitte wählen Sie, welcher Rechtskreis endet oder beginnt.")
        if given.get("area") and not given.get("begins"):
            self.add_error("begins", "Bitte nennen Sie den ersten Tag des neuen Rechtskreises.")
        if given.get("ends") and not given.get("last_day") and not given.get("begins"):
            self.add_error("last_day", "Bitte nennen Sie den letzten Tag des bisherigen Rechtskreises.")
        return given
