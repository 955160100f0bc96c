"""App configuration; says what the trail calls the acts of this app and who may do what."""

from django.apps import AppConfig


class FundingConfig(AppConfig):
    name = "funding"
    verbose_name = "Stellen und Mittel"

    def ready(self):
        from funding import (  # noqa: F401  they hang what they know in
            county_file,
            duties,
            figures,
            matrix,
            on_people,
            on_record,
            privacy,
            repayment_on_notice,
        )
        from kim import access, demo, trail
        from steering import county

        access.register_tables("funding", matrix.tables)
        trail.name_acts(on_record.words())
        trail.name_kinds(on_record.KINDS)
        demo.register("funding", load_demo_money)
        county.register("funding", read=county_file.SECTION, load=county_file.load, called=county_file.CALLED)


def load_demo_money() -> str:
    """The demo's posts and money; read only when somebody loads a demo."""
    from funding.demo import load

    return load()
