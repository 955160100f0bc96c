"""App configuration; connects what a step tells to the step."""

from django.apps import AppConfig


class SteeringConfig(AppConfig):
    name = "steering"
    verbose_name = "Steuerung"

    def ready(self):
        from kim import access, digests, trail
        from kim.workflow import happened
        from steering import calendars, desks, duties, matrix, notices, on_record, reminders, today, vacancies  # noqa: F401  they hang their counts and sections in
        from steering.models import Issue

        happened.connect(notices.tell_of, sender=Issue, dispatch_uid="steering.notices")
        digests.register("steering", ready=reminders.swept, prepare=reminders.parts)
        digests.register("duties", ready=reminders.swept, prepare=duties.parts)
        access.register_tables("steering", matrix.tables)
        trail.name_acts(on_record.words())
        trail.name_kinds(on_record.KINDS)
