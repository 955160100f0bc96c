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
        for sender in (HandOver, Look):
            happened.connect(notices.tell_of, sender=sender, dispatch_uid=f"casework.notices.{sender.__name__}")

        # the network: sections of „Heute“ and of the page of a case, and the morning's numbers
        from casework import mornings, today  # noqa: F401
        from casework.views import conferences, followups, handovers, referrals  # noqa: F401
        from kim import digests

        digests.register("casework", ready=mornings.ready, prepare=mornings.parts)
