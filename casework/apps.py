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
        # retention
        from casework import matrix
        from casework.views import retention  # noqa: F401  it hangs in its sections
        from kim import access, demo

        access.register_tables("casework", matrix.tables)
        demo.register("casework", load_demo_cases)
        for sender in (HandOver, Look):
            happened.connect(notices.tell_of, sender=sender, dispatch_uid=f"casework.notices.{sender.__name__}")


def load_demo_cases() -> str:
    """The demo's caseload; read only when somebody loads a demo."""
    from casework.demo import load

    return load()
