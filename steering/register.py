"""The register of resolutions: what of it is due with whom, and how much is overdue."""

import datetime as dt
from collections.abc import Iterator

from django.db.models import F, Q

from kim import workdays
from kim.addresses import address
from kim.models import Role, RoleGrant, User
from kim.models.people import read_along, with_role
from kim.navigation import MANY, counter
from kim.paging import CappedNumber
from kim.together import Slot, day
from steering import access, duties
from steering.duties import Duty
from steering.models import Issue, Membership, Reporter, Resolution
from steering.models.participation import accounts_of_institutions

#: So many pressing ones stand on „Heute“; the register has them all.
PRESSING = 6


@counter("steering:resolution_list")
def overdue(user) -> int:
    """Of what `user` keeps an eye on, up to 100: all of them, or what the groups they lead were given."""
    read = next(iter(user.standing.along["late_resolutions"]), None)
    if read is None or not access.sees_content(user):
        return 0
    return read.late if access.watches_every_resolution(user) else read.late_of_groups


@read_along("late_resolutions")
def _late(me, away, today):
    """Counted with what every page reads about whoever asks; a handful of rows of a partial index."""
    late = Resolution.objects.overdue(today).order_by()
    led = Membership.of_leads(today).filter(Q(user=me) | Q(user__in=away))
    of_groups = late.filter(owner_body__in=led.values("body"))
    told = {"late": CappedNumber(late, MANY), "late_of_groups": CappedNumber(of_groups, MANY)}
    return User.objects.filter(pk=me).order_by().only("pk").annotate(**told)


def pressing() -> dict:
    """Sets for „Heute“ (slots: me, today): the open ones whose day is nearest or longest past, and the figures."""
    still = Resolution.objects.open()
    lines = still.order_by("due_on", "pk").annotate(
        body_name=F("body__name"), place=F("municipality__name"), issue_number=F("issue__number")
    )
    me = User.objects.filter(pk=Slot("me")).only("pk")
    return {
        "pressing": lines.only("number", "verdict", "text", "owner", "due_on", "body")[:PRESSING],
        "resolution_figures": me.annotate(
            open_number=CappedNumber(still), late_number=CappedNumber(Resolution.objects.overdue(day()))
        ),
    }


# What is due with whom


def _sets():
    due = Resolution.objects.open().filter(due_on__lte=day("until"))
    accounts = accounts_of_institutions(day()).filter(organisation__in=due.order_by().values("owner_organisation"))
    issues = due.order_by().filter(issue__isnull=False).values("issue")
    reported = Issue.objects.filter(Q(pk__in=issues) | Q(lead__in=issues)).order_by().values("pk")
    mine = accounts.order_by().values("pk")
    return {
        "due_resolutions": due.order_by("due_on", "pk").only(
            "number", "due_on", "body", "municipality", "issue", "owner_body", "owner_organisation"
        ),
        "due_leads": Membership.of_leads(day())
        .filter(body__in=due.order_by().values("owner_body"))
        .order_by("pk")
        .only("user", "body"),
        "due_office": with_role(Role.STRATEGIC_OFFICE, day()).order_by("pk").only("pk"),
        "due_accounts": accounts.order_by("pk").only("organisation"),
        "due_grants": RoleGrant.objects.valid_on(day()).filter(user__in=mine).order_by("pk").only("user", "role"),
        "due_seats": Membership.objects.valid_on(day()).filter(user__in=mine).order_by("pk").only("user", "body"),
        "due_reporters": Reporter.objects.filter(user__in=mine, issue__in=reported)
        .order_by("pk")
        .annotate(lead=F("issue__lead"))
        .only("user", "issue"),
    }


@duties.source("resolution", sets=_sets)
def due(until: dt.date, read: dict) -> Iterator[Duty]:
    """With those who lead the body it was given to and the accounts of the institution that may read it; with the
    office where there is nobody else, and once it is overdue.
    """
    today, office = workdays.today(), frozenset(one.pk for one in read["due_office"])
    for resolution in read["due_resolutions"]:
        people = frozenset(_owners(resolution, read))
        if not people or resolution.due_on < today:
            people |= office
        yield Duty(
            key=f"resolution:{resolution.pk}",
            due_on=resolution.due_on,
            subject=resolution.number,
            words="Beschluss umsetzen",
            url=address("steering:resolution_detail", resolution.pk),
            people=people,
        )


def _owners(resolution: Resolution, read: dict) -> Iterator[int]:
    for lead in read["due_leads"]:
        if lead.body_id == resolution.owner_body_id:
            yield lead.user_id
    reporters = {one.user_id for one in read["due_reporters"] if resolution.issue_id in (one.issue_id, one.lead)}
    for account in read["due_accounts"]:
        if account.organisation_id == resolution.owner_organisation_id:
            roles = {grant.role for grant in read["due_grants"] if grant.user_id == account.pk}
            groups = {seat.body_id for seat in read["due_seats"] if seat.user_id == account.pk}
            reading = access.Reading(frozenset(roles & set(access.CONTENT_ROLES)), frozenset(groups), (account.pk,))
            if reading.reads(resolution, reporters if resolution.issue_id else set()):
                yield account.pk
