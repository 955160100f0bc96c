"""Who is meant by an office today: the accounts behind „Koordinierung“, „Geschäftsstelle“, „Lenkungsgruppe“ …"""

from collections.abc import Iterable

from django.db.models import Exists, OuterRef, Q

from kim import workdays
from kim.models import Role, User
from kim.models.people import with_role
from kim.together import Slot, day, text, together
from steering import contacts
from steering.escalation import Office
from steering.models import Body, Issue, Membership, Reporter


def people_of_all(offices: Iterable[Office], issue: Issue) -> dict[Office, list[User]]:
    """The accounts that hold `issue` when it lies with each of `offices`, as of today, in order of name; one query."""
    place = issue.municipality
    found = _people(tuple(sorted(set(offices))))(
        issue=issue.pk,
        body=issue.body_id,
        place=issue.municipality_id,
        bank=place.bank if place else "",
        today=workdays.today(),
    )
    answer = {Office(name): people for name, people in found.items()}
    if Office.STRATEGY in answer:
        everybody = answer[Office.STRATEGY]
        answer[Office.STRATEGY] = [person for person in everybody if person.here] or everybody
    return answer


def people_of_each(offices: Iterable[Office], issues: Iterable[Issue]) -> dict[int, dict[Office, list[User]]]:
    """For each of several issues (by id) the same, in three queries at most; project groups are not asked for."""
    issues = list(issues)
    asked = set(offices)
    everywhere = [office for office in asked if office in (Office.COORDINATION, Office.STEERING)]
    same = people_of_all(everywhere, issues[0]) if everywhere and issues else {}
    found: dict[int, dict[Office, list[User]]] = {issue.pk: dict(same) for issue in issues}
    if Office.STRATEGY in asked:
        read = contacts.read_office()
        for issue in issues:
            found[issue.pk][Office.STRATEGY] = contacts.among(read, issue.municipality)
    if Office.REPORTERS in asked:
        for pk, people in _reporters_of_each(list(found)).items():
            found[pk][Office.REPORTERS] = people
    return found


def _reporters_of_each(pks: list[int]) -> dict[int, list[User]]:
    issues = Issue.objects.filter(Q(pk__in=pks) | Q(lead__in=pks))
    rows = Reporter.objects.filter(issue__in=issues.values("pk")).select_related("user", "issue")
    found: dict[int, dict[int, User]] = {pk: {} for pk in pks}
    for row in rows.order_by("user__display_name", "user"):
        for pk in (row.issue_id, row.issue.lead_id):
            if pk in found:
                found[pk][row.user_id] = row.user
    return {pk: list(people.values()) for pk, people in found.items()}


@together
def _people(offices):
    return {office: _accounts(office) for office in offices}


def _accounts(office):
    match office:
        case Office.REPORTERS:
            return User.objects.filter(pk__in=Reporter.of(Slot("issue")).values("user"))
        case Office.COORDINATION:
            return with_role(Role.COORDINATION, day())
        case Office.STRATEGY:
            return _contacts()
        case Office.STEERING:
            groups = Body.objects.valid_on(day()).filter(kind=Body.Kind.STEERING).order_by("pk")
            return _leads_of(groups.values("pk")[:1])
        case Office.PROJECT:
            return _leads_of(Body.objects.filter(pk=Slot("body")).values("pk"))
    raise ValueError(office)


def _leads_of(bodies):
    return User.objects.filter(pk__in=Membership.of_leads(day()).filter(body__in=bodies).values("user"))


def _contacts():
    """The office's people; `here` marks those named for this municipality or its bank of the Rhine, who come first."""
    duties = contacts.named_duties(day())
    places = Q(municipality=Slot("place")) | Q(~Q(bank=""), bank=text("bank"))
    named = duties.filter(places, user=OuterRef("pk"))
    return with_role(Role.STRATEGIC_OFFICE, day()).annotate(here=Exists(named))


def name_of(office: Office, issue: Issue) -> str:
    """The office as people call it for this issue: with its bank, or the name of the group."""
    if office == Office.STRATEGY and issue.municipality and issue.municipality.bank:
        return f"Geschäftsstelle {issue.municipality.get_bank_display()}"
    if office == Office.PROJECT and issue.body:
        return str(issue.body)
    return str(Office(office).label)
