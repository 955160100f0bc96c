"""App configuration; tells the privacy gate whom it must not let through."""

from django.apps import AppConfig


class CaseworkConfig(AppConfig):
    name = "casework"
    verbose_name = "Fallarbeit"

    def ready(self):
        from casework import known_people, on_record
        from kim import privacy_gate, trail

        privacy_gate.register("caseload", known_people.known_people)
        trail.name_acts(on_record.words())
