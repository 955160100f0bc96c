"""Playing the stories of the demo: every act is taken through the models, at its moment, by somebody who may."""

import datetime as dt
from functools import cached_property
from typing import Any

from django.db import transaction

from kim import workdays
from kim.models import Bank, Code, Municipality, Notice, Organisation, User
from steering.demo.plan import MEETING_TIME, Act
from steering.demo.sessions import Sessions
from steering.escalation import ESCALATION, State
from steering.models import Body, Issue, Meeting

#: Account of the county file → name under which the demo shows it.
NAMED = {
    "cm-windeck": "casemanager",
    "cm-koenigswinter": "casemanager2",
    "koordinierung-cm": "coordination",
    "geschaeftsstelle-rechts": "office",
    "geschaeftsstelle-links": "office2",
    "vorsitz-lenkungsgruppe": "steering",
    "projektgruppenleitung": "projectgroup",
    "auslaenderamt": "authority",
    "verwaltung": "admin",
    "datenschutz": "audit",
}
PLAIN = ("title", "situation", "impact", "tried", "idea", "workaround", "presumed_reach", "frequency", "urgency")
#: What was told longer ago than this has been read.
READ_AFTER = 6
#: What is said, some months later, of solutions that still work.
STILL_WORKS = (
    "Seit der Absprache keine neue Meldung aus der Beratung.",
    "Trägt. Neue Kolleginnen und Kollegen kennen den Weg inzwischen auch.",
    "",
)


@transaction.atomic
def play(stories: dict[str, dict[str, Any]], acts: list[Act]) -> dict[str, Issue]:
    """All acts in their order, or none of them."""
    player = Player(stories)
    for act in acts:
        player.sessions.live_until(act.moment)
        with workdays.as_of(act.moment):
            player.do(act)
    player.sessions.live_until(workdays.now())
    return player.issues


class Player:
    def __init__(self, stories: dict[str, dict[str, Any]]):
        self.stories = stories
        self.issues: dict[str, Issue] = {}
        self.people = {user.username: user for user in User.objects.all()}
        self.places = {place.name: place for place in Municipality.objects.all()}
        self.institutions = {one.key: one for one in Organisation.objects.all()}
        self.codes = {(code.list, code.code): code for code in Code.objects.all()}
        self.bodies = {body.key: body for body in Body.objects.all()}
        self.sessions = Sessions(self.people, stories)

    @cached_property
    def meetings(self) -> dict[dt.date, Meeting]:
        return {meeting.day: meeting for meeting in Meeting.objects.filter(body__kind=Body.Kind.STEERING)}

    def do(self, act: Act) -> None:
        given = dict(act.given)
        if act.story not in self.issues:
            self.issues[act.story] = self._start(self.stories[act.story])
        issue = self.issues[act.story]
        by = self.people[given.pop("by")] if "by" in given else self._actor(act)
        if self.sessions.decides(act, issue):
            self.sessions.decide(act, issue, self._given(act, issue, given))
        elif act.name in ESCALATION.names:
            getattr(issue, act.name)(by=by, **self._given(act, issue, given))
        else:
            getattr(self, f"_{act.name}")(issue, by, **given)

    def _start(self, story: dict[str, Any]) -> Issue:
        return Issue.start(
            by=self.people[story["by"]],
            topic=self.codes["topic", story["topic"]],
            life_domain=self.codes["life_domain", story["life_domain"]],
            legal_areas=[self.codes["legal_area", code] for code in story.get("legal_areas", [])],
            municipality=self.places[story["place"]],
            further_municipalities=[self.places[name] for name in story.get("further", [])],
            organisations=[self.institutions[key] for key in story.get("organisations", [])],
            **{name: story[name] for name in PLAIN if name in story},
        )

    def _actor(self, act: Act) -> User:
        match act.state:
            case State.COORDINATION | State.FEEDBACK_DUE:
                return self.people["coordination"]
            case State.STRATEGY | State.STATE_LEVEL:
                bank = self.places[self.stories[act.story]["place"]].bank
                return self.people["office2" if bank == Bank.LEFT else "office"]
            case State.STEERING:
                return self.people["steering"]
            case State.PROJECT:
                return self.people["projectgroup"]
        return self.people[self.stories[act.story]["by"]]

    def _given(self, act: Act, issue: Issue, given: dict[str, Any]) -> dict[str, Any]:
        """What the step asks for: from the act, else from the story, as objects where rows are meant."""
        row = ESCALATION.find(act.name, act.state)
        if row is None:
            raise LookupError(f"{act.story}: {act.name} in {act.state}")
        told = self.stories[act.story].get("gives", {}) | given
        if "into" in told:
            told["lead"] = self.issues[told["into"]]
        if "body" in told:
            told["body"] = self.bodies[told["body"]]
        if "meeting" in told:
            told["meeting"] = self.meetings[told["meeting"]]
        told["released"] = True
        wanted = [*row.needs, *(ask for ask in row.asks if ask in told)]
        return {name: told[name] for name in wanted}

    # Acts between two steps

    def _draft(self, issue: Issue, by: User) -> None:
        """Begun, and not yet reported."""

    def _note(self, issue: Issue, by: User, text: str) -> None:
        issue.comment(by=by, text=text, public=False)

    def _say(self, issue: Issue, by: User, text: str) -> None:
        issue.comment(by=by, text=text, public=True)

    def _interim(self, issue: Issue, by: User, text: str) -> None:
        issue.report_progress(by=by, text=text)

    def _measure(self, issue: Issue, by: User, text: str, owner: str, due_on: dt.date) -> None:
        issue.add_measure(by=by, text=text, owner=owner, due_on=due_on)

    def _measure_done(self, issue: Issue, by: User, text: str) -> None:
        issue.finish_measure(issue.measures.get(text=text), by=by)

    def _pause(self, issue: Issue, by: User, days: int, reason: str) -> None:
        issue.pause(by=by, until=workdays.add_workdays(workdays.today(), days), reason=reason)

    def _resume(self, issue: Issue, by: User) -> None:
        issue.resume(by=by)

    def _join(self, issue: Issue, by: User) -> None:
        issue.join(by=by)


def open_accounts(password_hash: str) -> None:
    """Every account gets an address that reaches nobody, one password, and the known ones their short name."""
    for user in User.objects.all():
        user.username = NAMED.get(user.username, user.username)
        user.email = f"{user.username}@kim.example"
        user.password = password_hash
        user.save()


def share_out_weekdays() -> None:
    """Which day where: the documents say „tageweise vor Ort“ and no more, so the demo makes it up."""
    for user in User.objects.filter(assignments__municipality__isnull=False).distinct():
        here = user.assignments.filter(municipality__isnull=False, weekdays="").order_by("municipality__name")
        for part, duty in enumerate(here):
            places = len(here)
            duty.weekdays = "12345"[part * 5 // places : (part + 1) * 5 // places]
            duty.save()


def plan_meetings(days: list[dt.date]) -> None:
    """The steering group's calendar, counted on from the two meetings the documents name."""
    group = Body.objects.get(key="lenkungsgruppe")
    for number, day in enumerate(days, 3):
        starts_at = dt.datetime.combine(day, MEETING_TIME, workdays.BERLIN)
        Meeting.objects.get_or_create(
            body=group,
            starts_at=starts_at,
            defaults={"title": f"{number}. Sitzung", "place": "Kreishaus Siegburg", "source": "Demo"},
        )


def look_back(today: dt.date) -> None:
    """Whether old solutions still work was asked on the day it was due, and said a week later; the latest is open."""
    due = list(Issue.objects.with_effect_due(workdays.add_workdays(today, -1)).order_by("effect_due_on", "pk"))
    for number, issue in enumerate(due):
        asked = workdays.next_workday(issue.effect_due_on or today)
        answered = workdays.add_workdays(asked, 5)
        with workdays.as_of(asked):
            issue.ask_effect()
        if answered < today and number < len(due) - 1:
            with workdays.as_of(answered):
                reporter = issue.reporters.get(first=True).user
                issue.confirm_effect(by=reporter, text=STILL_WORKS[number % len(STILL_WORKS)])


def read_up(today: dt.date) -> None:
    """What was told long ago has been read and mailed; of the last days, some lies unread."""
    long_ago = workdays.add_workdays(today, -READ_AFTER)
    notices = []
    for notice in Notice.objects.order_by("pk"):
        told_on = notice.created_at.astimezone(workdays.BERLIN).date()
        morning = workdays.add_workdays(told_on, 1)
        if morning < today:
            notice.digested_at = dt.datetime.combine(morning, dt.time(7), workdays.BERLIN)
            if told_on < long_ago or notice.pk % 3 == 0:
                notice.read_at = notice.digested_at + dt.timedelta(minutes=20 + notice.pk % 180)
            notices.append(notice)
    Notice.objects.bulk_update(notices, ["digested_at", "read_at"], batch_size=500)
