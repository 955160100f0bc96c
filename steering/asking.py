"""Asking early: whom a request for a statement reaches, and with whom it is due."""

import datetime as dt
from collections.abc import Iterator

from django.db.models import F

from kim import workdays
from kim.addresses import address, page
from kim.models import Role, RoleGrant, User
from kim.models.people import with_role
from kim.notices import Telling, once_each, tell
from kim.rules import allows
from kim.together import day
from steering import access, duties
from steering.duties import Duty
from steering.models import Statement
from steering.models.participation import accounts_of_institutions

#: act → whom it tells, the headline of the mail, and what is read in KIM.
TOLD = {
    "ask": ("institution", "Stellungnahme erbeten", "Bitte nehmen Sie Stellung zu {about}, bis zum {due}."),
    "receive": ("asker", "Stellungnahme eingegangen", "{organisation} hat zu {about} Stellung genommen."),
    "withdraw": ("institution", "Stellungnahme nicht mehr erbeten", "Zu {about} wird nichts mehr erwartet."),
}


def tell_of(sender, obj: Statement, act, record, given, **kwargs) -> None:
    """Receiver of `happened`: write the notices in the transaction of the act."""
    audience, headline, text = TOLD[act]
    people = [obj.asked_by] if audience == "asker" else list(accounts_of(obj))
    words = {"about": obj.about_words, "due": f"{obj.due_on:%d.%m.%Y}", "organisation": obj.organisation}
    told = Telling(audience, audience, tuple(people), headline, text.format(**words))
    tell(once_each([told], without=record.by), key=f"statement:{record.pk}", url=obj.get_absolute_url())


def accounts_of(statement: Statement):
    return accounts_of_institutions().filter(organisation=statement.organisation_id).order_by("pk")


def about_rules(user, rules) -> dict:
    """What `steering/_statements.html` shows beside a version of the rules of procedure; one query."""
    may_ask = allows(access.asks_for_statements, user, None)
    return {
        "statements": list(Statement.objects.visible_to(user).filter(rules=rules).named()),
        "ask_url": f"{page('steering:statement_new')}?rules={rules.pk}" if may_ask else "",
    }


def _sets():
    asked = Statement.objects.outstanding().filter(due_on__lte=day("until"))
    working = RoleGrant.objects.valid_on(day()).filter(role__in=access.CONTENT_ROLES).order_by().values("user")
    accounts = accounts_of_institutions(day()).filter(organisation__in=asked.order_by().values("organisation"))
    askers = User.objects.filter(is_active=True, pk__in=asked.order_by().values("asked_by")).filter(pk__in=working)
    return {
        "asked": asked.order_by("due_on", "pk")
        .annotate(issue_number=F("issue__number"))
        .only("due_on", "organisation", "asked_by", "issue", "rules"),
        "asked_accounts": accounts.order_by("pk").only("organisation"),
        "askers": askers.order_by("pk").only("pk"),
        "asking_office": with_role(Role.STRATEGIC_OFFICE, day()).order_by("pk").only("pk"),
    }


@duties.source("statement", sets=_sets)
def due(until: dt.date, read: dict) -> Iterator[Duty]:
    """With the institution's accounts; with who asked once it is overdue, or where the institution has no account."""
    today = workdays.today()
    working, office = {one.pk for one in read["askers"]}, frozenset(one.pk for one in read["asking_office"])
    for statement in read["asked"]:
        people = frozenset(one.pk for one in read["asked_accounts"] if one.organisation_id == statement.organisation_id)
        if not people or statement.due_on < today:
            people |= {statement.asked_by_id} if statement.asked_by_id in working else office
        yield Duty(
            key=f"statement:{statement.pk}",
            due_on=statement.due_on,
            subject=statement.issue_number or ("Geschäftsordnung" if statement.rules_id else "Entwurf"),
            words="Stellungnahme erbeten",
            url=address("steering:statement_detail", statement.pk),
            people=people,
        )
