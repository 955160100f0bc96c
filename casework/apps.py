"""App configuration; tells the privacy gate whom it must not let through, and people what concerns them."""

from django.apps import AppConfig


class CaseworkConfig(AppConfig):
    name = "casework"
    verbose_name = "Fallarbeit"

    def ready(self):
        from casework import known_people, notices, on_record
        from casework.models import HandOver, Look
        from kim import privacy_gate, trail
        from kim.workflow import happened

        privacy_gate.register("caseload", known_people.known_people)
        trail.name_acts(on_record.words())
        # Modul 3, imports, one person's data
        from casework import procedure_notices
        from casework.models import Procedure
        from casework.views import person_data, procedures  # noqa: F401 - they hang sections into pages

        happened.connect(procedure_notices.tell_of, sender=Procedure, dispatch_uid="casework.procedure_notices")
        for sender in (HandOver, Look):
            happened.connect(notices.tell_of, sender=sender, dispatch_uid=f"casework.notices.{sender.__name__}")

        # cases: its sections of the page of a case
        from casework.views import (  # noqa: F401  # their sections of a case's page
            clients,
            consents,
            documents,
            plan,
        )
