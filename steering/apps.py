"""App configuration; connects what a step tells to the step."""

from django.apps import AppConfig


class SteeringConfig(AppConfig):
    name = "steering"
    verbose_name = "Steuerung"

    def ready(self):
        from kim import access, digests, trail
        from kim.workflow import happened
        from steering import (  # noqa: F401  they hang their counts and sections in
            asking,
            calendars,
            desks,
            duties,
            figures,
            invitations,
            matrix,
            milestones,
            minutes_told,
            notices,
            on_people,
            on_record,
            privacy,
            register,
            reminders,
            renewals,
            rights_duties,
            today,
            vacancies,
        )
        from steering.models import Issue, Meeting, Minutes, Resolution, Statement

        happened.connect(notices.tell_of, sender=Issue, dispatch_uid="steering.notices")
        happened.connect(Resolution.follow_issue, sender=Issue, dispatch_uid="steering.resolutions")
        happened.connect(invitations.tell_of, sender=Meeting, dispatch_uid="steering.invitations")
        happened.connect(minutes_told.tell_of, sender=Minutes, dispatch_uid="steering.minutes_told")
        happened.connect(asking.tell_of, sender=Statement, dispatch_uid="steering.asking")
        digests.register("steering", ready=reminders.swept, prepare=reminders.parts)
        digests.register("duties", ready=reminders.swept, prepare=duties.parts)
        access.register_tables("steering", matrix.tables)
        trail.name_acts(on_record.words())
        trail.name_kinds(on_record.KINDS)
