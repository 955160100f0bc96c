"""App configuration; tells the privacy gate whom it must not let through, and people what concerns them."""

from django.apps import AppConfig


class CaseworkConfig(AppConfig):
    name = "casework"
    verbose_name = "Fallarbeit"

    def ready(self):
        from casework import (
            calendars,  # noqa: F401  what it knows stands in calendars
            duties,  # noqa: F401
            known_people,
            linked_issues,
            matrix,
            mornings,
            notices,
            on_people,  # noqa: F401
            on_record,
            privacy,  # noqa: F401
            procedure_notices,
            today,  # noqa: F401  it hangs its sections into „Heute“, the views theirs into the page of a case
        )
        from casework.figures import definitions  # noqa: F401  they register themselves
        from casework.models import HandOver, Look, Procedure
        from casework.views import (  # noqa: F401
            case_issues,
            clients,
            conferences,
            consents,
            consultations,
            documents,
            followups,
            handovers,
            person_data,
            plan,
            procedures,
            referrals,
            requests,
            retention,
        )
        from kim import access, demo, digests, metrics, privacy_gate, trail
        from kim.workflow import happened
        from steering import linked_cases

        privacy_gate.register("caseload", known_people.known_people)
        linked_cases.register("casework", linked_issues.SEEN)
        digests.register("casework", ready=mornings.ready, prepare=mornings.parts)
        access.register_tables("casework", matrix.tables)
        demo.register("casework", load_demo_cases)
        metrics.gauge("kim_imports_waiting", "Tables of cases that are to be checked or taken over")(imports_waiting)
        trail.name_acts(on_record.words())
        trail.name_kinds(on_record.KINDS)
        for sender, tell_of in (
            (HandOver, notices.tell_of),
            (Look, notices.tell_of),
            (Procedure, procedure_notices.tell_of),
        ):
            happened.connect(tell_of, sender=sender, dispatch_uid=f"casework.notices.{sender.__name__}")


def imports_waiting() -> int:
    from casework.models import Import

    return Import.objects.to_do().count()


def load_demo_cases() -> str:
    """The demo's caseload; read only when somebody loads a demo."""
    from casework.demo import load

    return load()
