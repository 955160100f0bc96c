"""Who may see and do what in steering. Every rule of this app stands here; nothing is decided elsewhere.

`…_issues(user) -> Q` answers "which ones", rules answer "may this user do this to this one". Rights of a deputy are
those of the people they stand in for, so sets are built for every hat, while rules are asked hat by hat by the
workflow. Rows of other tables are reached through the fields of Issue by name: access stands below the models.
"""

from functools import reduce
from operator import or_

from django.apps import apps
from django.db.models import OuterRef, Q, Subquery, Value
from django.db.models.lookups import IsNull

from kim import workdays
from kim.dated import valid_on
from kim.models import Assignment, Bank, County, Role
from kim.models.people import WITHOUT_CONTENT
from kim.rules import allows, rule

UNREPORTED = ("draft", "withdrawn")
#: The states whose issues lie in an inbox.
DESK = {
    Role.COORDINATION: ("coordination", "feedback_due"),
    Role.STRATEGIC_OFFICE: ("strategy", "steering", "state_level"),
}
CONTENT_ROLES = tuple(role for role in Role if role not in WITHOUT_CONTENT)


# Which ones


def visible_issues(user) -> Q:
    """Own ones in every state; beyond that what each role is for. Administration and audit see none."""
    hats = user.hats()
    reported = ~Q(state__in=UNREPORTED)
    if any(hat.holds(Role.COORDINATION) for hat in hats):
        return reported | _own(hats)
    groups = groups_of(user)
    wide = [
        Q(**{f"{milestone}__isnull": False})
        for role, milestone in [
            (Role.STRATEGIC_OFFICE, "to_office_at"),
            (Role.STEERING_GROUP, "on_agenda_at"),
            (Role.CASE_MANAGER, "released_at"),
        ]
        if any(hat.holds(role) for hat in hats)
    ]
    if not wide:
        return _one_of(_issues().filter(reported, body__in=groups), *_own_ones(hats))
    return reported & reduce(or_, wide, Q(body__in=groups)) | _own(hats)


def reported_issues(user) -> Q:
    """Those the user reported or joined."""
    return Q(pk__in=_reported_by([user]))


def held_issues(user) -> Q:
    """What lies on the user's desk: they have the clock, or stand in for somebody who has."""
    hats, wide = _with_duties(user.hats()), []
    for hat in hats:
        if hat.holds(Role.COORDINATION):
            wide.append(Q(state__in=["coordination", "feedback_due"]))
        if hat.holds(Role.STRATEGIC_OFFICE):
            wide.append(Q(state__in=["strategy", "state_level", "steering"]) & _bank_of(hat))
        if hat.holds(Role.STEERING_GROUP) and _leads_a(hat, "steering"):
            wide.append(Q(state="steering"))
    led = Q(state="project", body__in=[group for hat in hats for group in _led_by(hat)])
    if not wide:
        own = (_issues().filter(state="fed_back", pk__in=ids) for ids in _own_ones(hats))
        return _one_of(_issues().filter(led), *own)
    return reduce(or_, wide) | led | Q(state="fed_back") & _own(hats)


def desk_issues(user) -> Q:
    """What lies in the inbox of the coordination and of the office: theirs to sift, prepare, watch or answer."""
    hats = _with_duties(user.hats())
    found = Q(pk__in=[])
    if any(hat.holds(Role.COORDINATION) for hat in hats):
        found |= Q(state__in=DESK[Role.COORDINATION])
    for hat in hats:
        if hat.holds(Role.STRATEGIC_OFFICE):
            found |= Q(state__in=DESK[Role.STRATEGIC_OFFICE]) & _bank_of(hat)
    return found


def late_issues_told_to(user) -> Q:
    """What is told to the next office up once it is ten working days late."""
    found = Q(pk__in=[])
    for hat in _with_duties(user.hats()):
        if hat.holds(Role.COORDINATION):
            found |= Q(state="fed_back")
        if hat.holds(Role.STRATEGIC_OFFICE):
            found |= Q(state__in=["coordination", "feedback_due", "project"]) & _bank_of(hat)
        if hat.holds(Role.STEERING_GROUP) and _leads_a(hat, "steering"):
            found |= Q(state__in=["strategy", "state_level", "steering"])
    return found


def groups_of(user) -> list[int]:
    """Ids of the bodies the user, or somebody they stand in for, sits in today."""
    return [pk for hat in _with_duties(user.hats()) for pk in _memberships(hat)]


def led_groups(user) -> list[int]:
    """Ids of the bodies the user, or somebody they stand in for, leads today."""
    return [pk for hat in _with_duties(user.hats()) for pk in _led_by(hat)]


def bank_name(user) -> str:
    """„linksrheinisch“ where the office contact answers for one bank of the Rhine alone, else nothing."""
    words = {word for hat in _with_duties(user.hats()) for place, word in hat._places}
    return str(Bank(words.pop()).label) if len(words) == 1 and words != {""} else ""


def _issues():
    return apps.get_model("steering", "Issue").objects.order_by()


def _reported_by(hats):
    return apps.get_model("steering", "Reporter").objects.filter(user__in=hats).values("issue")


def _own_ones(hats):
    """Ids of the issues they reported, and of the leads into which something they reported was merged."""
    reporters = apps.get_model("steering", "Reporter").objects.filter(user__in=hats)
    return reporters.values("issue"), reporters.filter(issue__lead__isnull=False).values("issue__lead")


def _own(hats) -> Q:
    """The same, asked issue by issue: for lists in which most rows are seen anyway and the first 50 are wanted."""
    reporters = apps.get_model("steering", "Reporter").objects.filter(user__in=hats)
    asked = [reporters.filter(**{path: OuterRef("pk")}).values("pk")[:1] for path in ("issue", "issue__lead")]
    return reduce(or_, (Q(IsNull(Subquery(one), False)) for one in asked))


def _one_of(*sets) -> Q:
    """In any of `sets` of ids, read from their own indexes: for people who see few of all issues."""
    first, *more = (ids.values_list("pk", flat=True) if ids.model._meta.model_name == "issue" else ids for ids in sets)
    return Q(pk__in=first.union(*more, all=True))


def _memberships(hat) -> dict[int, tuple[str, str]]:
    """Body id → (kind of body, function in it), as of today."""
    _with_duties([hat])
    return hat._seats


def _with_duties(hats):
    """The same accounts, knowing their seats and their places as of today; one query for all that do not yet."""
    today = workdays.today()
    new = {hat.pk: hat for hat in hats if getattr(hat, "_duties_on", None) != today}
    for hat in new.values():
        hat._duties_on, hat._seats, hat._places = today, {}, []
    if new:
        here = Q(valid_on(today), user__in=list(new))
        seats = apps.get_model("steering", "Membership").objects.filter(here)
        duties = Assignment.objects.filter(here, role=Role.STRATEGIC_OFFICE, known_until__isnull=True)
        rows = seats.order_by().values_list("user", "body", "body__kind", "function", Value(True))
        places = duties.order_by().values_list("user", "municipality", "bank", Value(""), Value(False))
        for user, place, word, function, is_seat in rows.union(places, all=True):
            if is_seat:
                new[user]._seats[place] = (word, function)
            else:
                new[user]._places.append((place, word))
    return hats


def _led_by(hat) -> list[int]:
    return [body for body, (_, function) in _memberships(hat).items() if function == "lead"]


def _leads_a(hat, kind) -> bool:
    return any(seat == (kind, "lead") for seat in _memberships(hat).values())


def _bank_of(hat) -> Q:
    """An office contact answers for a bank of the Rhine or for single municipalities; without either, for all."""
    _with_duties([hat])
    if not hat._places or (None, "") in hat._places:
        return Q()
    found = Q(pk__in=[])
    for municipality, bank in hat._places:
        found |= Q(municipality__bank=bank) if bank else Q(municipality=municipality)
    return found


# Rules about one issue


@rule("Diesen Schritt kann nur gehen, wer den Knackpunkt gemeldet hat.")
def reported_it(user, issue):
    return user.pk in issue.all_reporter_ids


@rule("Vier-Augen-Prinzip: Wer den Knackpunkt gemeldet hat, entscheidet nicht selbst darüber.")
def decides_own(user, issue):
    return user.pk in issue.all_reporter_ids


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


@rule("Sitzungen plant die Geschäftsstelle.")
def keeps_meetings(user, _=None):
    return user.holds(Role.STRATEGIC_OFFICE)


@rule("Gremien sehen alle, die in ihnen sitzen, dazu Geschäftsstelle, Koordinierung und Verwaltung.")
def looks_at_bodies(user, _=None):
    return user.holds(*CONTENT_ROLES, Role.ADMIN)


def visible_bodies(user) -> Q:
    """Everything for the office, coordination and administration; otherwise the bodies one sits in."""
    if user.acts_as(Role.STRATEGIC_OFFICE, Role.COORDINATION, Role.ADMIN):
        return Q()
    return Q(pk__in=groups_of(user))


def visible_meetings(user) -> Q:
    """Meetings of the bodies one may see."""
    if user.acts_as(Role.STRATEGIC_OFFICE, Role.COORDINATION):
        return Q()
    return Q(body__in=groups_of(user))
