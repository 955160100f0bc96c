"""Playing the demo's cases: every act goes through the models, at its moment, by whoever leads the case."""

import datetime as dt
import random
from typing import Any

from django.conf import settings
from django.db import transaction

from casework import checklists, rights
from casework.demo import plan
from casework.demo.plan import MARK, SEED, Act, CasePlan, Person
from casework.lifecycle import State
from casework.models import (
    Actor,
    Assessment,
    Case,
    CaseIssue,
    CaseProcedure,
    Checklist,
    Client,
    Consent,
    Consultation,
    FollowUp,
    Goal,
    GoalMeasure,
    HandOver,
    Household,
    Identity,
    LegalArea,
    PlanVersion,
    Procedure,
    Referral,
)
from kim import workdays
from kim.models import Assignment, Code, County, Municipality, Organisation, Role, User
from kim.models.people import with_role
from kim.models.rights import Identified, Kind, Way
from steering.demo import plan as issue_plan
from steering.models import Issue

DATA = settings.BASE_DIR / "data"
TEXT_VERSION = "Demo"
#: Consultations without a case that every case manager has had, one a week.
ALONE = 4
#: Working days ago that somebody was sent to an actor, and in how many the case manager asks again.
SENT, ASK_IN = 12, 3
#: Working days ago that clients asked something by right.
ASKED = 6


def load() -> str:
    """The caseload of everybody who manages cases today, once; what was done, in words. All of it or nothing."""
    if Case.objects.exists():
        return ""
    managers = [user.username for user in with_role(Role.CASE_MANAGER).order_by("username")]
    data = plan.read(DATA / "demo-cases.yaml")
    told = plan.cases(data, managers)
    if not told:
        return ""
    with transaction.atomic():
        checklists.load_checklists()
        player = Player(told)
        player.play()
        player.refer(managers, data["actors"])
        player.consult_alone(managers, data["alone"])
        player.offer_hand_over()
        player.ask_by_right()
    states = len(set(Case.objects.values_list("state", flat=True)))
    return f"{len(told)} künstliche Beispielfälle in {states} Ständen bei {len(managers)} Case Managern"


class Player:
    def __init__(self, plans: list[CasePlan]):
        self.plans = plans
        self.today = workdays.today()
        self.rules = County.current().workday_rules
        self.cases: dict[int, Case] = {}
        self.people = {user.username: user for user in User.objects.all()}
        self.codes = {(code.list, code.code): code for code in Code.objects.valid_on()}
        self.places = self._places()
        told = issue_plan.stories(DATA / "demo-issues.yaml")
        by_title = {issue.title: issue for issue in Issue.objects.exclude(number=None)}
        self.issues = {key: by_title[story["title"]] for key, story in told.items() if story["title"] in by_title}

    def _places(self) -> dict[str, list[Municipality]]:
        """Where each case manager works today; those without a place of their own work in the county's town."""
        found: dict[str, list[Municipality]] = {}
        duties = Assignment.objects.valid_on().filter(role=Role.CASE_MANAGER, municipality__isnull=False)
        for duty in duties.select_related("municipality", "user").order_by("municipality__name"):
            found.setdefault(duty.user.username, []).append(duty.municipality)
        town = Municipality.objects.filter(name="Siegburg").first() or Municipality.objects.first()
        return {name: found.get(name) or [town] for name in self.people if town}

    def play(self) -> None:
        acts = [act for one in self.plans for act in plan.acts(one, self.today, self.rules)]
        for act in sorted(acts, key=lambda act: (act.moment, act.case)):
            with workdays.as_of(act.moment):
                getattr(self, f"_{act.name}")(self.plans[act.case], act)

    # The way

    def _open(self, told: CasePlan, act: Act) -> None:
        by, person, story = self.people[told.manager], told.person, told.story
        places = self.places[told.manager]
        place = places[told.number % len(places)]
        case = Case.open(
            by=by,
            client=self._client(told, person, place),
            municipality=place,
            access_route=self._code("access_route", ("SOZ", "JC", "SELBST", "ABH", "SCHULE")[told.number % 5]),
            occasion=f"{MARK}: {story['occasion']}",
        )
        self.cases[told.number] = case
        status = self._code("residence_status", person.origin["status"])
        expires = story.get("expires")
        case.client.change_residence_status(
            by=by,
            status=status,
            valid_from=dt.date(person.origin["arrived"] + 1, 3, 1),
            expires_on=self.today + dt.timedelta(days=expires) if expires and status.code != "EU" else None,
        )

    def _client(self, told: CasePlan, person: Person, place: Municipality) -> Client:
        adults_children = told.story.get("household")
        household = (
            Household.objects.create(adults=adults_children[0], children=adults_children[1])
            if adults_children
            else None
        )
        client = Client.objects.create(
            household=household,
            municipality=place,
            target_group=self._code("target_group", "SONST" if person.origin["status"] == "EU" else "FLUCHT_2015"),
            gender=person.gender,
            arrival_year=person.origin["arrived"],
            interpreter_needed=told.number % 3 > 0,
            german_level=self._code("german_level", ("A1", "A2", "B1")[told.number % 3]),
        )
        client.citizenships.set([self._code("citizenship", person.origin["citizenship"])])
        client.languages.set([self._code("language", key) for key in person.origin["languages"]])
        Identity.objects.create(
            client=client,
            given_name=person.given,
            family_name=person.family,
            birth_date=person.born,
            phone=f"0000 {told.number:06d}",
            town=place.name,
            postal_code=place.postal_code,
        )
        LegalArea.objects.create(
            client=client, area=self._code("legal_area", told.story["area"]), valid_from=dt.date(2023, 1, 1)
        )
        return client

    def _before_admit(self, told: CasePlan, act: Act) -> None:
        """The clearing is finished and the consent given."""
        case = self._case(told)
        case.edit(
            by=case.owner,
            domain_count=max(2, len(told.story.get("domains", {}))),
            actor_count=2 + told.number % 3,
            system_barrier=told.number % 2 == 0,
            voluntary=True,
            other_support=self._code("other_support", "KEINES"),
        )
        self._agree(case, "CM")

    def _before_plan(self, told: CasePlan, act: Act) -> None:
        case = self._case(told)
        for domain, start in told.story["domains"].items():
            Assessment.value(case, by=case.owner, life_domain=self._code("life_domain", domain), start=start)

    def _before_link(self, told: CasePlan, act: Act) -> None:
        """Goals and measures, agreed and frozen before the help begins."""
        case = self._case(told)
        for aim in told.story["goals"]:
            goal = Goal.objects.create(
                case=case,
                life_domain=self._code("life_domain", aim["domain"]),
                text=aim["text"],
                until=self.today + dt.timedelta(days=aim["until"]),
                status=Goal.Status.RUNNING,
            )
            for one in aim.get("measures", []):
                GoalMeasure.objects.create(
                    goal=goal,
                    text=one["text"],
                    who=one["who"],
                    actor_name="zuständige Stelle" if one["who"] == "actor" else "",
                    until=goal.until,
                    status=GoalMeasure.Status.RUNNING,
                )
        PlanVersion.agree(case, by=case.owner)

    def _before_evaluate(self, told: CasePlan, act: Act) -> None:
        case = self._case(told)
        for goal in case.goals.all():
            reached = next(aim["achievement"] for aim in told.story["goals"] if aim["text"] == goal.text)
            goal.value(by=case.owner, achievement=reached)
        for one in case.assessments.all():
            Assessment.value(case, by=case.owner, life_domain=one.life_domain, end=4)

    def _before_clear(self, told: CasePlan, act: Act) -> None:
        """Nothing has to be there yet."""

    _before_assess = _before_monitor = _before_close = _before_clear
    _before_refer = _before_decline = _before_rest = _before_break_off = _before_hand_on = _before_clear

    def _before_take_up_again(self, told: CasePlan, act: Act) -> None:
        self._agree(self._case(told), "CM")

    def _step(self, told: CasePlan, act: Act, **given: Any) -> None:
        case = self._case(told)
        getattr(case, act.name)(by=case.owner, **given)

    _clear = _assess = _plan = _link = _monitor = _evaluate = _step

    def _admit(self, told, act):
        self._step(told, act, agreed_on=workdays.today())

    def _refer(self, told, act):
        self._step(told, act, referred_to="Migrationsberatung für erwachsene Zugewanderte")

    def _close(self, told, act):
        self._step(told, act, closing_reason=self._code("closing_reason", told.story["closing"]))

    def _rest(self, told, act):
        self._step(told, act, reason=told.story["reason"], resting_until=self.today + dt.timedelta(days=35))

    def _decline(self, told, act):
        self._step(told, act, reason=told.story["reason"])

    _take_up_again = _decline
    _break_off = _close

    def _hand_on(self, told, act):
        self._step(told, act, handed_to=told.story["handed_to"])

    # Beside it

    def _talk(self, told: CasePlan, act: Act) -> None:
        case = self._case(told)
        self._record(case.owner, act.given, case=case, language=told.person.origin["languages"][0])

    def _follow_up(self, told: CasePlan, act: Act) -> None:
        case = self._case(told)
        day = self.today + dt.timedelta(days=act.given["due"])
        FollowUp.plan(case, by=case.owner, on_day=day, text=act.given["text"])

    def _link_issue(self, told: CasePlan, act: Act) -> None:
        case, issue = self._case(told), self.issues.get(act.given["issue"])
        if issue:
            CaseIssue.link(
                by=case.owner, issue=issue, case=case, interim="Wir halten die Frist mit einem Widerspruch offen."
            )

    def _hand_over(self, told: CasePlan, act: Act) -> None:
        """To the foreigners' authority, once in the whole demo."""
        case, authority = self._case(told), Organisation.objects.filter(key="abh-kreis").first()
        if authority is None or CaseProcedure.objects.exists():
            return
        papers = "\n".join(act.given["papers"])
        Procedure.hand_over(
            case,
            by=case.owner,
            checklist=Checklist.objects.current(act.given["kind"]),
            authority=authority,
            consent=self._agree(case, "MODUL3", authority, papers=papers),
            person=f"{told.person.given} {told.person.family} ({MARK})",
            text=act.given["text"],
            papers=papers,
        )

    def _withdraw(self, told: CasePlan, act: Act) -> None:
        case = self._case(told)
        case.client.consents.in_force().get().withdraw(by=case.owner)

    # What belongs to no single case

    def consult_alone(self, managers: list[str], talks: list[dict[str, Any]]) -> None:
        chance = random.Random(SEED)  # noqa: S311  no secret, the same every time
        for place, manager in enumerate(managers):
            for week in range(ALONE):
                day = workdays.add_workdays(self.today, -(5 * week + chance.randint(1, 4)), self.rules)
                with workdays.as_of(dt.datetime.combine(day, dt.time(11), workdays.BERLIN)):
                    told = talks[(place + week) % len(talks)]
                    self._record(self.people[manager], told, municipality=self.places[manager][0])

    def refer(self, managers: list[str], told: list[dict[str, Any]]) -> None:
        """The directory, and from it one referral of every case manager that nobody has answered yet."""
        day = workdays.add_workdays(self.today, -SENT, self.rules)
        with workdays.as_of(dt.datetime.combine(day, dt.time(9), workdays.BERLIN)):
            actors = [self._enter(one, self.people[managers[0]]) for one in told]
        for place, manager in enumerate(managers):
            going = Case.objects.filter(owner=self.people[manager], state=State.MONITORING, locked_at=None)
            case, one = going.order_by("pk").first(), place % len(told)
            if case:
                with workdays.as_of(dt.datetime.combine(day, dt.time(10), workdays.BERLIN)):
                    Referral.send(
                        case,
                        by=case.owner,
                        actor=actors[one],
                        occasion=told[one]["occasion"],
                        follow_up_on=workdays.add_workdays(self.today, ASK_IN, self.rules),
                    )

    def _enter(self, told: dict[str, Any], by: User) -> Actor:
        fields = {name: told[name] for name in ("name", "kind", "responsibility")}
        organisation = Organisation.objects.filter(key=told.get("organisation")).first()
        return Actor.enter(by=by, organisation=organisation, **fields)

    def offer_hand_over(self) -> None:
        """One hand-over waits: two cases, for a colleague, since yesterday."""
        givers = [name for name in ("casemanager2", "casemanager") if name in self.people]
        if len(givers) < 2:
            return
        giver, taker = (self.people[name] for name in givers)
        cases = list(Case.objects.filter(owner=giver).open().filter(locked_at=None).order_by("pk")[:2])
        day = workdays.add_workdays(self.today, -1, self.rules)
        if cases:
            with workdays.as_of(dt.datetime.combine(day, dt.time(15), workdays.BERLIN)):
                HandOver.offer(
                    by=giver, giver=giver, taker=taker, cases=cases, note=f"{MARK}: Übergabe wegen Elternzeit ab Mai."
                )

    def ask_by_right(self) -> None:
        """What two clients ask by right: one is to be told what is kept, the other has something put right."""
        asked = (
            ("casemanager", Kind.ACCESS, Way.LETTER, True),
            ("casemanager2", Kind.RECTIFICATION, Way.PERSON, False),
        )
        day = workdays.add_workdays(self.today, -ASKED, self.rules)
        for name, kind, way, identified in asked:
            case = Case.objects.filter(owner__username=name, state=State.MONITORING, locked_at=None).last()
            if case is None:
                continue
            with workdays.as_of(dt.datetime.combine(day, dt.time(9), workdays.BERLIN)):
                one = rights.receive(case, by=case.owner, kind=kind, received_on=day, came_by=way)
                if identified:
                    rights.take(one, "identify", by=case.owner, identified=Identified.PAPER, identified_on=day)

    def _record(self, by: User, told: dict[str, Any], language="de", **given: Any) -> None:
        Consultation.record(
            by=by,
            form=self._code("contact_form", told["form"]),
            quarter_hours=told["hours"],
            topics=[self._code("life_domain", key) for key in told["topics"]],
            language=self._code("language", language),
            interpreter=self._code("interpreter", told.get("interpreter", "KEINE")),
            persons=told.get("persons", 1),
            note=f"{MARK}: {told['note']}",
            result=self._code("consultation_result", told["result"]),
            **given,
        )

    def _agree(self, case: Case, purpose: str, recipient=None, papers: str = "") -> Consent:
        return Consent.give(
            by=case.owner,
            client=case.client,
            purpose=self._code("consent_purpose", purpose),
            recipient=recipient,
            text_version=TEXT_VERSION,
            papers=papers,
        )

    def _case(self, told: CasePlan) -> Case:
        case = self.cases[told.number]
        case.refresh_from_db(fields=["state", "locked_at", "step_no"])
        return case

    def _code(self, which: str, key: str) -> Code:
        return self.codes[which, key]
