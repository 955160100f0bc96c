"""App configuration; says what the trail calls the acts of this app and who may do what."""

from django.apps import AppConfig


class FundingConfig(AppConfig):
    name = "funding"
    verbose_name = "Stellen und Mittel"

    def ready(self):
        from funding import (  # noqa: F401  they hang what they know in
            duties,
            matrix,
            on_people,
            on_record,
            repayment_on_notice,
        )
        from kim import access, trail

        access.register_tables("funding", matrix.tables)
        trail.name_acts(on_record.words())
        trail.name_kinds(on_record.KINDS)
