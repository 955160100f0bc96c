"""Who may see and do what in steering. Every rule of this app stands here; nothing is decided elsewhere.

`…_issues(user) -> Q` answers "which ones", rules answer "may this user do this to this one". Rights of a deputy are
those of the people they stand in for, so sets are built for every hat, while rules are asked hat by hat by the
workflow. Rows of other tables are reached through the fields of Issue by name: access stands below the models.
"""

from dataclasses import dataclass
from functools import reduce
from operator import or_

from django.apps import apps
from django.db.models import DateTimeField, Exists, ExpressionWrapper, F, OuterRef, Q, Subquery
from django.db.models.functions import TruncDate
from django.db.models.lookups import IsNull

from kim import workdays
from kim.models import Assignment, Bank, County, Municipality, Role, User
from kim.models.people import WITHOUT_CONTENT, read_along
from kim.rules import allows, rule
from kim.together import Slot

UNREPORTED = ("draft", "withdrawn")
#: The states whose issues lie in an inbox.
DESK = {
    Role.COORDINATION: ("coordination", "feedback_due"),
    Role.STRATEGIC_OFFICE: ("strategy", "steering", "state_level"),
}
CONTENT_ROLES = tuple(role for role in Role if role not in WITHOUT_CONTENT)


# Which ones


@dataclass(frozen=True)
class Sight:
    """What decides which issues somebody sees: the roles of every hat, the groups sat in and the accounts acted for.

    Groups and people are ids, or slots for them in a statement that is made once for all of the same `shape`.
    """

    roles: frozenset[str]
    groups: tuple
    people: tuple

    @classmethod
    def of(cls, user) -> "Sight":
        hats = user.hats()
        roles = frozenset(role for hat in hats for role in hat.roles)
        return cls(roles & frozenset(CONTENT_ROLES), tuple(groups_of(user)), tuple(hat.pk for hat in hats))

    @property
    def shape(self) -> tuple[frozenset[str], int, int]:
        return self.roles, len(self.groups), len(self.people)

    @classmethod
    def in_slots(cls, roles, groups: int, people: int) -> "Sight":
        return cls(roles, *_slots(groups=groups, people=people))

    @property
    def values(self) -> dict[str, int]:
        """For the slots."""
        return _values(groups=self.groups, people=self.people)

    def issues(self) -> Q:
        """Own ones in every state; beyond that what each role is for. Administration and audit see none."""
        return reduce(or_, self._wide(), _own(self.people))

    def parts(self, reporting) -> list[Q]:
        """The same as sets, for lists: each can be read in the order of the list from an index of its own.

        `reporting` are those of the people who have ever reported something.
        """
        return [*self._wide(), *_own_ones(reporting)]

    def _wide(self) -> list[Q]:
        """What is seen beyond one's own, by role and by group."""
        reported = ~Q(state__in=UNREPORTED)
        if Role.COORDINATION in self.roles:
            return [reported]
        return [reported & seen for seen in self._reached(_SEEN_FROM)]

    def known(self) -> Q:
        """What has come as far as these roles and groups, wherever it lies now: handed back, it is out of sight."""
        return reduce(or_, self._reached({**_SEEN_FROM, Role.COORDINATION: "reported_at"}), Q(pk__in=[]))

    def _reached(self, milestones) -> list[Q]:
        passed = [Q(**{f"{name}__isnull": False}) for role, name in milestones.items() if role in self.roles]
        return [*passed, *(Q(body=group) for group in self.groups)]


def _slots(**numbers: int) -> list[tuple[Slot, ...]]:
    return [tuple(Slot(f"{name}_{no}") for no in range(many)) for name, many in numbers.items()]


def _values(**ids: tuple[int, ...]) -> dict[str, int]:
    return {f"{name}_{no}": pk for name, some in ids.items() for no, pk in enumerate(some)}


#: The milestone from which on a role sees every issue.
_SEEN_FROM = {
    Role.STRATEGIC_OFFICE: "to_office_at",
    Role.STEERING_GROUP: "on_agenda_at",
    Role.CASE_MANAGER: "released_at",
}


def visible_issues(user) -> Q:
    return Sight.of(user).issues()


def known_issues(user) -> Q:
    """Those they may be told of that somebody moved, though they need not see them any more."""
    return Sight.of(user).known()


def visible_parts(user) -> list[Q]:
    return Sight.of(user).parts(_reporting(user))


def reported_issues(user) -> Q:
    """Those the user reported or joined."""
    return reported_by(user.pk)


def reported_by(account) -> Q:
    """The same for an id, or a slot for it."""
    return Q(pk__in=_reporters([account]).values("issue"))


@dataclass(frozen=True)
class Desk:
    """What decides which issues lie with somebody: the offices of every hat, the groups led and the accounts acted for.

    `places` are the municipalities of the strategic office: () none, None all. Groups and people may be slots.
    """

    coordination: bool
    places: tuple[int, ...] | None
    chair: bool
    groups: tuple
    people: tuple

    @classmethod
    def of(cls, user) -> "Desk":
        hats = user.hats()
        offices = [_municipalities_of(hat) for hat in hats if hat.holds(Role.STRATEGIC_OFFICE)]
        everywhere = any(places is None for places in offices)
        return cls(
            any(hat.holds(Role.COORDINATION) for hat in hats),
            None if everywhere else tuple(sorted({pk for places in offices for pk in places or ()})),
            any(hat.holds(Role.STEERING_GROUP) and _leads_a(hat, "steering") for hat in hats),
            tuple(led_groups(user)),
            tuple(hat.pk for hat in hats),
        )

    @property
    def shape(self) -> tuple:
        return self.coordination, self.places, self.chair, len(self.groups), len(self.people)

    @classmethod
    def in_slots(cls, coordination, places, chair, groups: int, people: int) -> "Desk":
        return cls(coordination, places, chair, *_slots(groups=groups, people=people))

    @property
    def values(self) -> dict[str, int]:
        """For the slots."""
        return _values(groups=self.groups, people=self.people)

    def held(self) -> Q:
        """They have the clock, or stand in for somebody who has."""
        return reduce(or_, self._offices(), Q(state="fed_back") & _own(self.people))

    def held_parts(self, reporting) -> list[Q]:
        """The same as sets, for lists."""
        return [*self._offices(), *(Q(state="fed_back") & own for own in _own_ones(reporting))]

    def inbox(self) -> Q:
        """What lies in the inbox of the coordination and of the office: theirs to sift, prepare, watch or answer."""
        found = Q(state__in=DESK[Role.COORDINATION]) if self.coordination else Q(pk__in=[])
        return found | self._prepared()

    def told_late(self) -> Q:
        """What is told to the next office up once it is ten working days late."""
        found = Q(state="fed_back") if self.coordination else Q(pk__in=[])
        if self.places != ():
            found |= self._here(Q(state__in=["coordination", "feedback_due", "project"]))
        return found | Q(state__in=["strategy", "state_level", "steering"]) if self.chair else found

    def _offices(self) -> list[Q]:
        """What offices and groups hold; what was fed back lies with those who reported it."""
        found = []
        if self.coordination:
            found.append(Q(state__in=DESK[Role.COORDINATION]))
        if self.places != ():
            found.append(self._prepared())
        if self.chair:
            found.append(Q(state="steering"))
        return found + [Q(state="project", body=group) for group in self.groups]

    def _prepared(self) -> Q:
        return self._here(Q(state__in=DESK[Role.STRATEGIC_OFFICE]))

    def _here(self, lying: Q) -> Q:
        return lying if self.places is None else lying & Q(municipality__in=self.places)


def held_issues(user) -> Q:
    """What lies on the user's desk."""
    return Desk.of(user).held()


def held_parts(user) -> list[Q]:
    return Desk.of(user).held_parts(_reporting(user))


def desk_issues(user) -> Q:
    return Desk.of(user).inbox()


def late_issues_told_to(user) -> Q:
    return Desk.of(user).told_late()


def groups_of(user) -> list[int]:
    """Ids of the bodies the user, or somebody they stand in for, sits in today."""
    return [pk for hat in user.hats() for pk in _memberships(hat)]


def led_groups(user) -> list[int]:
    """Ids of the bodies the user, or somebody they stand in for, leads today."""
    return [pk for hat in user.hats() for pk in _led_by(hat)]


def bank_name(user) -> str:
    """„linksrheinisch“ where the office contact answers for one bank of the Rhine alone, else nothing."""
    words = {bank for hat in user.hats() for _, bank in _places(hat)}
    return str(Bank(words.pop()).label) if len(words) == 1 and words != {""} else ""


def _reporters(people):
    """Rows of those who reported something, for these accounts (ids or slots)."""
    somebody = reduce(or_, (Q(user=one) for one in people))
    return apps.get_model("steering", "Reporter").objects.filter(somebody)


def reporting(user) -> tuple[int, ...]:
    """Which of the hats (by their place among them) have ever reported something; most accounts have not."""
    hats = user.hats()
    known = {person.pk for person in user.standing.along.get("reported", hats)}
    return tuple(number for number, hat in enumerate(hats) if hat.pk in known)


def _reporting(user) -> list[int]:
    hats = user.hats()
    return [hats[number].pk for number in reporting(user)]


def _own_ones(people) -> list[Q]:
    """The issues they reported, and the leads into which something they reported was merged; never others' drafts."""
    if not people:
        return []
    leads = _reporters(people).filter(issue__lead__isnull=False)
    return [Q(pk__in=_reporters(people).values("issue")), _LEADING & Q(pk__in=leads.values("issue__lead"))]


def _own(people) -> Q:
    """The same, asked issue by issue: for one issue, or where most are seen anyway."""
    rows = _reporters(people)
    own, led = (
        Q(IsNull(Subquery(rows.filter(**{path: OuterRef("pk")}).values("pk")[:1]), False))
        for path in ("issue", "issue__lead")
    )
    return own | (_LEADING & led)


#: What may be seen through something merged into it.
_LEADING = ~Q(state="draft")


@read_along("reported")
def _reported_read(me, away, today):
    """One row for each of them who has ever reported anything."""
    reporters = apps.get_model("steering", "Reporter").objects.filter(user=OuterRef("pk"))
    people = User.objects.filter(Q(pk=me) | Q(pk__in=away))
    return people.filter(Exists(reporters)).order_by().only("pk")


@read_along("seats")
def _seats_read(me, away, today):
    seats = apps.get_model("steering", "Membership").objects.valid_on(today).filter(Q(user=me) | Q(user__in=away))
    return seats.order_by("pk").only("user", "body", "function").annotate(kind=F("body__kind"))


@read_along("places")
def _places_read(me, away, today):
    duties = Assignment.objects.valid_on(today).filter(role=Role.STRATEGIC_OFFICE, known_until__isnull=True)
    return duties.filter(Q(user=me) | Q(user__in=away)).order_by("pk").only("user", "municipality", "bank")


@read_along("banks")
def _banks_read(me, away, today):
    """The municipalities on the banks of the Rhine that are answered for."""
    banks = _places_read(me, away, today).order_by().exclude(bank="").values("bank")
    return Municipality.objects.filter(bank__in=banks).order_by("pk").only("bank")


def _memberships(hat) -> dict[int, tuple[str, str]]:
    """Body id → (kind of body, function in it), as of today."""
    seats = hat.standing.along.get("seats", ())
    return {seat.body_id: (seat.kind, seat.function) for seat in seats if seat.user_id == hat.pk}


def _places(hat) -> list[tuple[int | None, str]]:
    """What somebody of the office answers for today: (municipality id, bank of the Rhine)."""
    places = hat.standing.along.get("places", ())
    return [(place.municipality_id, place.bank) for place in places if place.user_id == hat.pk]


def _led_by(hat) -> list[int]:
    return [body for body, (_, function) in _memberships(hat).items() if function == "lead"]


def _leads_a(hat, kind) -> bool:
    return any(seat == (kind, "lead") for seat in _memberships(hat).values())


def _municipalities_of(hat) -> list[int] | None:
    """An office contact answers for a bank of the Rhine or for single municipalities; without either (None) for all."""
    places = _places(hat)
    if not places or (None, "") in places:
        return None
    banks = {bank for _, bank in places if bank}
    on_banks = [place.pk for place in hat.standing.along["banks"] if place.bank in banks]
    return [*on_banks, *(place for place, bank in places if not bank)]


# Rules about one issue


@rule("Diesen Schritt kann nur gehen, wer den Knackpunkt gemeldet hat.")
def reported_it(user, issue):
    return user.pk in issue.all_reporter_ids


@rule("Vier-Augen-Prinzip: Wer den Knackpunkt gemeldet hat, entscheidet nicht selbst darüber.")
def decides_own(user, issue):
    return user.pk in issue.all_reporter_ids


@rule("Vier-Augen-Prinzip: Wer den Knackpunkt gemeldet hat, gibt ihn nicht selbst frei.")
def releases_own(user, issue):
    """Only where nobody has released it yet."""
    return issue.released_at is None and user.pk in issue.all_reporter_ids


@rule("Die Direktmeldung an die Geschäftsstelle ist nicht freigeschaltet. Bitte melden Sie an die Koordinierung.")
def may_report_directly(user, issue):
    return user.pk in issue.all_reporter_ids and County.current().direct_reporting


@rule("Diesen Schritt geht die Koordinierung Case Management.")
def coordinates(user, issue):
    return user.holds(Role.COORDINATION)


@rule("Diesen Schritt geht die Geschäftsstelle der Lenkungsgruppe.")
def runs_office(user, issue):
    return user.holds(Role.STRATEGIC_OFFICE)


@rule("Diesen Schritt gehen Vorsitz oder Geschäftsstelle der Lenkungsgruppe.")
def leads_steering(user, issue):
    return user.holds(Role.STRATEGIC_OFFICE) or (user.holds(Role.STEERING_GROUP) and _leads_a(user, "steering"))


@rule("Diesen Schritt geht die Leitung der Projektgruppe.")
def leads_project_group(user, issue):
    return issue.body_id in _led_by(user)


@rule("Abschließen kann, wer gemeldet hat; die Koordinierung erst, wenn die Frist der Meldenden verstrichen ist.")
def may_confirm(user, issue):
    return user.pk in issue.all_reporter_ids or (user.holds(Role.COORDINATION) and issue.is_overdue)


@rule("Ob die Lösung noch wirkt, sagen ab dem Tag der Prüfung die Meldenden oder die Koordinierung.")
def may_check_effect(user, issue):
    return issue.effect_is_due and (user.pk in issue.all_reporter_ids or user.holds(Role.COORDINATION))


@rule("Wieder aufnehmen kann, wer gemeldet hat, oder die Koordinierung.")
def may_take_up_again(user, issue):
    return user.pk in issue.all_reporter_ids or user.holds(Role.COORDINATION)


@rule("Das kann nur, bei wem der Knackpunkt gerade liegt.")
def holds_it(user, issue):
    """The office whose clock is running. Asked hat by hat."""
    match issue.state:
        case "coordination" | "feedback_due":
            return coordinates(user, issue)
        case "strategy" | "state_level":
            return runs_office(user, issue)
        case "steering":
            return leads_steering(user, issue)
        case "project":
            return leads_project_group(user, issue)
        case "fed_back" | "draft":
            return reported_it(user, issue)
    return False


@rule("Ändern kann diesen Entwurf nur, wer ihn geschrieben hat.")
def may_edit(user, issue):
    return issue.state == "draft" and user.pk in issue.all_reporter_ids


@rule("Anschließen kann sich, wer Knackpunkte meldet und bei diesem noch nicht dabei ist, solange er offen ist.")
def may_join(user, issue):
    return (
        user.holds(Role.CASE_MANAGER)
        and issue.is_open
        and issue.state != "draft"
        and issue.released_at is not None
        and user.pk not in issue.all_reporter_ids
    )


@rule("Beiträge schreiben die Meldenden und alle, bei denen der Knackpunkt liegt oder lag.")
def may_comment(user, issue):
    return issue.state not in UNREPORTED and (reported_it(user, issue) or bool(offices_of(user, issue)))


@rule("Ein öffentliches Wort an die Meldenden richten Koordinierung, Geschäftsstelle oder Projektgruppenleitung.")
def may_speak_publicly(user, issue):
    return coordinates(user, issue) or runs_office(user, issue) or leads_project_group(user, issue)


@rule("Maßnahmen und Zwischenberichte führt die Leitung der Projektgruppe.")
def may_report_progress(user, issue):
    return issue.state == "project" and leads_project_group(user, issue)


@rule("Knackpunkte melden Case Management und Ausländer- oder Einbürgerungsbehörden.")
def may_start(user, _=None):
    return user.holds(Role.CASE_MANAGER, Role.AUTHORITY)


def offices_of(user, issue) -> set[str]:
    """The offices for which this one account works on `issue`; decides which internal words it reads."""
    found = set()
    if user.holds(Role.COORDINATION):
        found.add("coordination")
    if user.holds(Role.STRATEGIC_OFFICE) and issue.to_office_at:
        found |= {"strategy", "steering"}
    if user.holds(Role.STEERING_GROUP) and issue.on_agenda_at:
        found.add("steering")
    if issue.body_id and issue.body_id in _memberships(user):
        found.add("project")
    return found


def offices_for(user, issue) -> set[str]:
    """The same over every hat."""
    return set().union(*(offices_of(hat, issue) for hat in user.hats()))


def words_read_by(user, issue) -> set[str]:
    """The offices whose internal words and reasons `user` reads. What reporters write, the coordination reads too."""
    found = offices_for(user, issue)
    if "coordination" in found or allows(reported_it, user, issue):
        found.add("reporters")
    return found


def sees_reporters(user) -> bool:
    return user.acts_as(Role.COORDINATION)


def sees_whole(user, issue) -> bool:
    """Reporters and the offices on its way see the issue with conversation and trail; others see the bare matter."""
    return allows(reported_it, user, issue) or bool(offices_for(user, issue))


def sees_content(user) -> bool:
    return user.acts_as(*CONTENT_ROLES)


def has_duties(user) -> bool:
    """Whoever works with content, and the administration: it keeps what apps above are reminded of."""
    return user.acts_as(*CONTENT_ROLES, Role.ADMIN)


@rule("Knackpunkte sehen alle, die mit ihnen arbeiten; Verwaltung und Revision nicht.")
def works_with_issues(user, _=None):
    return user.holds(*CONTENT_ROLES)


@rule("Eigene Meldungen haben nur Case Management und Ausländer- oder Einbürgerungsbehörden.")
def reports_issues(user, _=None):
    return user.holds(Role.CASE_MANAGER, Role.AUTHORITY)


@rule("Einen Eingang haben nur die Koordinierung und die Geschäftsstelle.")
def has_a_desk(user, _=None):
    return user.holds(*DESK)


@rule("Fristen ändert die Verwaltung.")
def keeps_limits(user, _=None):
    return user.holds(Role.ADMIN)


@rule("Gremien und Mitglieder pflegen Geschäftsstelle und Verwaltung.")
def keeps_bodies(user, _=None):
    return user.holds(Role.ADMIN, Role.STRATEGIC_OFFICE)


@rule("Sitzungen führen die Geschäftsstelle und, in ihrer Gruppe, die Leitung.")
def runs_meetings(user, body):
    return user.holds(Role.STRATEGIC_OFFICE) or (body.kind != "steering" and body.pk in _led_by(user))


@rule("Geschäftsordnungen schreibt die Geschäftsstelle.")
def keeps_rules(user, _=None):
    return user.holds(Role.STRATEGIC_OFFICE)


@rule("Meilensteine setzen die Geschäftsstelle und, in ihrem Gremium, Vorsitz oder Leitung.")
def keeps_milestones(user, body):
    return user.holds(Role.STRATEGIC_OFFICE) or (user.holds(*CONTENT_ROLES) and body.pk in _led_by(user))


@rule("Gremien sehen alle, die in ihnen sitzen, dazu Geschäftsstelle, Koordinierung und Verwaltung.")
def looks_at_bodies(user, _=None):
    return user.holds(*CONTENT_ROLES, Role.ADMIN)


@rule("Ansprechpersonen sehen alle, die mit Knackpunkten arbeiten; Verwaltung und Revision nicht.")
def reads_contacts(user, _=None):
    return user.holds(*CONTENT_ROLES)


def visible_bodies(user) -> Q:
    """Everything for the office, coordination and administration; otherwise the bodies one sits in."""
    return Q() if sees_every_body(user) else Q(pk__in=groups_of(user))


def sees_every_body(user) -> bool:
    return user.acts_as(Role.STRATEGIC_OFFICE, Role.COORDINATION, Role.ADMIN)


def visible_meetings(user) -> Q:
    """Meetings of the bodies one may see."""
    return Q() if sees_every_meeting(user) else Q(body__in=groups_of(user))


def sees_every_meeting(user) -> bool:
    return user.acts_as(Role.STRATEGIC_OFFICE, Role.COORDINATION)


def sees_meetings_of(user, body_id: int) -> bool:
    """The same about one body, without a query once the user's groups are known."""
    return sees_every_meeting(user) or body_id in groups_of(user)


@rule(
    "Die Sitzung, in der dieser Knackpunkt beraten wird, läuft gerade. Entschieden wird dort: Bitte halten Sie das "
    "Ergebnis unter „Sitzung führen“ fest."
)
def is_decided_there(user, issue):
    """Nothing is decided beside a meeting while it runs; a resolution of its own says so (Issue.resolved)."""
    return issue.resolved or issue.meeting is None or not issue.meeting.is_running


@rule("Eine Stimme gibt ab, wer den Sitz innehat; eine schriftliche Antwort trägt die Geschäftsstelle ein.")
def casts_vote(user, seat):
    """Never for those one stands in for: bodies name the deputies of their members themselves."""
    return seat.user_id == user.pk


@rule("Sitzungen planen die Geschäftsstelle und, für ihre Gruppe, die Leitung.")
def plans_meetings(user, _=None):
    """Of any body at all; of which one, `runs_meetings` says."""
    return user.holds(Role.STRATEGIC_OFFICE) or (
        user.holds(*CONTENT_ROLES) and any(kind != "steering" for kind in _led_kinds(user))
    )


def _led_kinds(hat) -> list[str]:
    return [kind for kind, function in _memberships(hat).values() if function == "lead"]


@rule("Themen melden die Mitglieder des Gremiums an, sonst die Geschäftsstelle.")
def proposes_topics(user, body):
    return (user.holds(*CONTENT_ROLES) and body.pk in _memberships(user)) or runs_meetings(user, body)


@rule("Zurückziehen kann ein Thema, wer es angemeldet hat, sonst die Geschäftsstelle oder die Leitung.")
def withdraws_item(user, item):
    return runs_meetings(user, item.meeting.body) or (item.kind == "topic" and item.added_by_id == user.pk)


# Minutes


def met_minutes(user) -> Q:
    """Sent minutes of the meetings one may see, and of those of a body one sat in on the day of the meeting."""
    if sees_every_meeting(user):
        return Q(sent_at__isnull=False)
    moment = ExpressionWrapper(OuterRef("meeting__starts_at"), output_field=DateTimeField())
    day = TruncDate(moment, tzinfo=workdays.BERLIN)
    still = Q(valid_until__isnull=True) | Q(valid_until__gt=day)
    seats = apps.get_model("steering", "Membership").objects.filter(
        still, user__in=[hat.pk for hat in user.hats()], body=OuterRef("meeting__body"), valid_from__lte=day
    )
    return Q(sent_at__isnull=False) & (Q(meeting__body__in=groups_of(user)) | Q(Exists(seats)))


def visible_minutes(user) -> Q:
    """Drafts for who takes them, sent ones for who sees the meeting, approved ones also for whom the rules name."""
    if user.acts_as(Role.STRATEGIC_OFFICE):
        return Q()
    taken = Q(meeting__body__in=led_groups(user)) & ~Q(meeting__body__kind="steering")
    return taken | met_minutes(user) | Q(approved_on__isnull=False, readers__in=_circles(user))


#: Whom „Case Management, Modul 3 und Koordinierung“ means (RulesOfProcedure.readers): the county's own people.
_STAFF = (Role.CASE_MANAGER, Role.AUTHORITY, Role.COORDINATION, Role.STRATEGIC_OFFICE, Role.STEERING_GROUP)


def _circles(user) -> list[str]:
    """The circles of readers this user belongs to, beside the members of the body itself."""
    return [*(["groups"] if groups_of(user) else []), *(["staff"] if user.acts_as(*_STAFF) else [])]


@rule("Einwendungen erheben Mitglieder des Gremiums: wer am Tag der Sitzung oder heute darin sitzt.")
def may_object(user, minutes):
    meeting = minutes.meeting
    then = meeting.body.memberships.valid_on(meeting.day)
    return meeting.body_id in _memberships(user) or then.filter(user=user).exists()


# Resolutions and statements

#: Who reads every resolution of every body.
_READS_ALL = (Role.STRATEGIC_OFFICE, Role.COORDINATION, Role.STEERING_GROUP)
#: Who reads what municipalities resolved, and what was resolved on their own reports.
_REPORTS = (Role.CASE_MANAGER, Role.AUTHORITY)


@dataclass(frozen=True)
class Reading:
    """What decides which resolutions somebody reads: the roles, the bodies sat in and the accounts acted for."""

    roles: frozenset[str]
    groups: frozenset[int]
    people: tuple[int, ...]

    @classmethod
    def of(cls, user) -> "Reading":
        return cls(Sight.of(user).roles, frozenset(groups_of(user)), tuple(hat.pk for hat in user.hats()))

    def resolutions(self) -> Q:
        if not self.roles:
            return Q(pk__in=[])
        if not self.roles.isdisjoint(_READS_ALL):
            return Q()
        found = Q(body__in=self.groups) | Q(owner_body__in=self.groups)
        if not self.roles.isdisjoint(_REPORTS):
            found |= Q(municipality__isnull=False) | Q(issue__in=_reported_or_leading(self.people))
        return found

    def reads(self, resolution, reporters) -> bool:
        """The same about one resolution; `reporters` are the accounts that reported its issue."""
        if not self.roles or not self.roles.isdisjoint(_READS_ALL):
            return bool(self.roles)
        if {resolution.body_id, resolution.owner_body_id} & self.groups:
            return True
        reported = resolution.municipality_id is not None or not reporters.isdisjoint(self.people)
        return reported and not self.roles.isdisjoint(_REPORTS)


def visible_resolutions(user) -> Q:
    """All for office, coordination and steering group; else those of one's bodies, of municipalities, of own issues."""
    return Reading.of(user).resolutions()


def reads_every_resolution(user) -> bool:
    return user.acts_as(*_READS_ALL)


def _reported_or_leading(people):
    """Ids of the issues these accounts reported, and of those into which one of them was merged."""
    rows = _reporters(people)
    return rows.values("issue").union(rows.filter(issue__lead__isnull=False).values("issue__lead"))


@rule("Beschlüsse der Kommunen sehen Geschäftsstelle, Koordinierung, Lenkungsgruppe, Case Management und Modul 3.")
def reads_municipal_resolutions(user, _=None):
    return user.holds(*_READS_ALL, *_REPORTS)


@rule("Beschlüsse der Kommunen trägt die Geschäftsstelle ein.")
def records_municipal_resolutions(user, _=None):
    return user.holds(Role.STRATEGIC_OFFICE)


@rule("Was aus einem Beschluss wird, halten die Geschäftsstelle und die Leitung des verantwortlichen Gremiums fest.")
def follows_resolution(user, resolution):
    leads = resolution.owner_body_id is not None and resolution.owner_body_id in _led_by(user)
    return user.holds(Role.STRATEGIC_OFFICE) or (leads and user.holds(*CONTENT_ROLES))


def followed_resolutions(user) -> Q:
    """Those `user` keeps an eye on: all for the office and the chair of the steering group, else of groups led."""
    if watches_every_resolution(user):
        return Q()
    return Q(owner_body__in=led_groups(user)) if sees_content(user) else Q(pk__in=[])


def watches_every_resolution(user) -> bool:
    return any(
        hat.holds(Role.STRATEGIC_OFFICE) or (hat.holds(Role.STEERING_GROUP) and _leads_a(hat, "steering"))
        for hat in user.hats()
    )


def institutions_of(user) -> list[int]:
    """Ids of the institutions the user, or somebody they stand in for, works for and may answer for."""
    return [hat.organisation_id for hat in user.hats() if hat.organisation_id and hat.holds(*CONTENT_ROLES)]


def visible_statements(user) -> Q:
    """What one's own institution was asked or one asked oneself, and what belongs to an issue one sees as a whole."""
    if not sees_content(user):
        return Q(pk__in=[])
    if user.acts_as(Role.STRATEGIC_OFFICE, Role.COORDINATION):
        return Q()
    people = [hat.pk for hat in user.hats()]
    found = Q(organisation__in=institutions_of(user)) | Q(asked_by__in=people)
    found |= Q(issue__body__in=groups_of(user)) | Q(issue__in=_reported_or_leading(people))
    if user.acts_as(Role.STEERING_GROUP):
        found |= Q(issue__isnull=True) | Q(issue__on_agenda_at__isnull=False)
    return found


@rule("Um Stellungnahmen bittet die Geschäftsstelle, zu einem zugewiesenen Knackpunkt auch die Leitung der Gruppe.")
def asks_for_statements(user, issue):
    """`issue` is None for rules of procedure and drafts."""
    if user.holds(Role.STRATEGIC_OFFICE):
        return True
    return issue is not None and issue.state == "project" and leads_project_group(user, issue)


@rule("Eine Stellungnahme gibt die gefragte Institution ab; was anders eingeht, trägt die Geschäftsstelle ein.")
def answers_statement(user, statement):
    asked = user.organisation_id == statement.organisation_id and user.holds(*CONTENT_ROLES)
    return asked or user.holds(Role.STRATEGIC_OFFICE)


@rule("Eine Bitte um Stellungnahme nimmt zurück, wer sie ausgesprochen hat, oder die Geschäftsstelle.")
def takes_back_statement(user, statement):
    return user.pk == statement.asked_by_id or user.holds(Role.STRATEGIC_OFFICE)


def rules_seen(user) -> Q:
    """Rules of procedure of the bodies one may see, for those who work with content."""
    if not sees_content(user):
        return Q(pk__in=[])
    return Q() if sees_every_body(user) else Q(body__in=groups_of(user))


# Co-operation with the municipalities

#: Who reads agreements, kick-off events and interfaces. They name no person and no issue.
COOPERATING = (Role.CASE_MANAGER, Role.AUTHORITY, Role.COORDINATION, Role.STRATEGIC_OFFICE, Role.STEERING_GROUP)


@rule(
    "Vereinbarungen, Auftaktveranstaltungen und Schnittstellen sehen Case Management, Ausländer- und "
    "Einbürgerungsbehörden, Koordinierung, Geschäftsstelle und Lenkungsgruppe."
)
def reads_cooperation(user, _=None):
    return user.holds(*COOPERATING)


@rule("Vereinbarungen, Auftaktveranstaltungen und Schnittstellen pflegt die Geschäftsstelle.")
def keeps_cooperation(user, _=None):
    return user.holds(Role.STRATEGIC_OFFICE)


@rule("Dass an einer Schnittstelle noch so gearbeitet wird, bestätigen Geschäftsstelle und Koordinierung.")
def confirms_interfaces(user, _=None):
    return user.holds(Role.STRATEGIC_OFFICE, Role.COORDINATION)


def visible_cooperation(user) -> Q:
    """All of it or nothing; of municipalities, those whose agreements may be read."""
    return Q() if user.acts_as(*COOPERATING) else Q(pk__in=[])
