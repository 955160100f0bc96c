"""App configuration; connects what a step tells to the step."""

from django.apps import AppConfig


class SteeringConfig(AppConfig):
    name = "steering"
    verbose_name = "Steuerung"

    def ready(self):
        import steering.asking
        import steering.register
        from kim import access, digests, trail
        from kim.workflow import happened
        from steering import desks, duties, matrix, milestones, notices, on_record, reminders, today, vacancies  # noqa: F401  they hang their counts and sections in
        from steering import desks, duties, matrix, notices, on_record, reminders, renewals, today, vacancies  # noqa: F401  they hang their counts and sections in
        from steering.models import Issue
        from steering import desks, duties, matrix, notices, on_record, reminders, today, vacancies  # noqa: F401  they hang their counts and sections in
        from steering.models import Issue, Resolution

        happened.connect(notices.tell_of, sender=Issue, dispatch_uid="steering.notices")
        happened.connect(Resolution.follow_issue, sender=Issue, dispatch_uid="steering.resolutions")
        from steering import desks, duties, invitations, matrix, notices, on_record, reminders, today, vacancies  # noqa: F401  they hang their counts and sections in
        from steering.models import Issue, Meeting

        happened.connect(notices.tell_of, sender=Issue, dispatch_uid="steering.notices")
        happened.connect(invitations.tell_of, sender=Meeting, dispatch_uid="steering.invitations")
        from steering import desks, duties, matrix, minutes_told, notices, on_record, reminders, today, vacancies  # noqa: F401  they hang their counts and sections in
        from steering.models import Issue, Minutes

        happened.connect(notices.tell_of, sender=Issue, dispatch_uid="steering.notices")
        happened.connect(minutes_told.tell_of, sender=Minutes, dispatch_uid="steering.minutes_told")
        from steering import desks, duties, matrix, notices, on_record, reminders, today, vacancies  # noqa: F401  they hang their counts and sections in
        from steering.models import Issue, Statement

        happened.connect(notices.tell_of, sender=Issue, dispatch_uid="steering.notices")
        happened.connect(steering.asking.tell_of, sender=Statement, dispatch_uid="steering.asking")
        digests.register("steering", ready=reminders.swept, prepare=reminders.parts)
        digests.register("duties", ready=reminders.swept, prepare=duties.parts)
        access.register_tables("steering", matrix.tables)
        trail.name_acts(on_record.words())
        trail.name_kinds(on_record.KINDS)
