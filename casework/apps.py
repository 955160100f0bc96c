"""App configuration; tells the privacy gate whom it must not let through, and people what concerns them."""

from django.apps import AppConfig


class CaseworkConfig(AppConfig):
    name = "casework"
    verbose_name = "Fallarbeit"

    def ready(self):
        from casework import known_people, linked_issues, notices, on_record
        from casework.models import HandOver, Look
        from casework.views import case_issues, consultations  # noqa: F401  they hang their sections in
        from kim import privacy_gate, trail
        from kim.workflow import happened
        from steering import linked_cases

        privacy_gate.register("caseload", known_people.known_people)
        trail.name_acts(on_record.words())
        # Modul 3, imports, one person's data
        from casework import procedure_notices
        from casework.models import Procedure
        from casework.views import person_data, procedures  # noqa: F401 - they hang sections into pages

        happened.connect(procedure_notices.tell_of, sender=Procedure, dispatch_uid="casework.procedure_notices")
        linked_cases.register("casework", linked_issues.seen_in)
        for sender in (HandOver, Look):
            happened.connect(notices.tell_of, sender=sender, dispatch_uid=f"casework.notices.{sender.__name__}")

        # cases: its sections of the page of a case
        # the network: sections of „Heute“ and of the page of a case, and the morning's numbers
        from casework import mornings, today  # noqa: F401
        from casework.views import (  # noqa: F401  # their sections of a case's page  # noqa: F401
            clients,
            conferences,
            consents,
            documents,
            followups,
            handovers,
            plan,
            referrals,
        )
        from kim import digests

        digests.register("casework", ready=mornings.ready, prepare=mornings.parts)
