"""App configuration; connects what a step tells to the step."""

from django.apps import AppConfig


class SteeringConfig(AppConfig):
    name = "steering"
    verbose_name = "Steuerung"

    def ready(self):
        from kim import digests
        from kim.workflow import happened
        from steering import notices, reminders
        from steering.models import Issue

        happened.connect(notices.tell_of, sender=Issue, dispatch_uid="steering.notices")
        digests.register("steering", ready=reminders.swept, prepare=reminders.parts)
