"""Loads the demo: the county, its accounts with one password, and example issues in every state."""

from django.conf import settings
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX, make_password
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from kim import workdays
from kim.demo import demo_password, load_further
from kim.models import County, User
from steering import county
from steering.demo import cooperation, mornings, participation, plan, playing
from steering.models import Issue

DATA = settings.BASE_DIR / "data"
ADDRESS = "@kim.example"


class Command(BaseCommand):
    help = "Lädt Beispieldaten: den Rhein-Sieg-Kreis, Konten für jede Rolle und Knackpunkte in jedem Stand."

    def add_arguments(self, parser):
        parser.add_argument("--if-empty", action="store_true", help="nichts tun, wenn es schon andere Konten gibt")
        parser.add_argument(
            "--yes-this-is-a-demo", action="store_true", help="auch dort laden, wo KIM_DEMO nicht gesetzt ist"
        )

    def handle(self, *args, **options):
        if not (settings.KIM_DEMO or options["yes_this_is_a_demo"]):
            raise CommandError("Das ist keine Demo (KIM_DEMO ist aus). Beispieldaten wurden nicht geladen.")
        if strangers().exists():
            if options["if_empty"]:
                self.stdout.write("Hier arbeiten schon Menschen; die Beispieldaten bleiben draußen.")
                return
            raise CommandError(
                "In dieser Datenbank gibt es Konten, die nicht zur Demo gehören. Es wurde nichts geladen."
            )
        if Issue.objects.exists():
            changed = keep_password()
            self.stdout.write("Die Demo ist schon geladen." + (" Das Passwort wurde erneuert." if changed else ""))
            self._further()
            return
        county.load(county.read(DATA / "rhein-sieg-kreis.yaml"))
        prepare()
        issues = tell_stories()
        self.stdout.write(
            f"Demo geladen: {User.objects.count()} Konten, {len(issues)} Knackpunkte in "
            f"{len({issue.state for issue in issues.values()})} Ständen."
        )
        self._further()

    def _further(self):
        """What the apps above have to show."""
        for said in load_further():
            self.stdout.write(f"Dazu {said}.")


def strangers():
    """Accounts somebody can sign in with that are none of the demo's."""
    return User.objects.exclude(email__endswith=ADDRESS).exclude(password__startswith=UNUSABLE_PASSWORD_PREFIX)


@transaction.atomic
def prepare() -> None:
    """Accounts with names and password, days of the week, the calendar of the steering group."""
    playing.open_accounts(make_password(demo_password()))
    playing.share_out_weekdays()
    playing.plan_meetings(plan.meeting_days(workdays.today(), County.current().workday_rules))


@transaction.atomic
def tell_stories() -> dict[str, Issue]:
    """All stories or none: a demo that was cut off begins anew."""
    told = plan.stories(DATA / "demo-issues.yaml")
    today = workdays.today()
    issues = playing.play(told, plan.plan(told.values(), today, County.current().workday_rules))
    cooperation.cooperate(DATA / "demo-cooperation.yaml", today, issues)
    participation.take_part(DATA / "demo-participation.yaml", today, issues)
    playing.look_back(today)
    playing.read_up(today)
    mornings.live(today)
    mornings.tell(today)
    return issues


def keep_password() -> bool:
    """A password named in the environment holds from the next start on; True if it was another one until now."""
    known = User.objects.filter(username="casemanager").first()
    if known is None or known.check_password(demo_password()):
        return False
    User.objects.filter(email__endswith=ADDRESS).update(password=make_password(demo_password()))
    return True
