"""What those who keep posts and money are reminded of: dates of notices, unclear costs, posts that fall away.

Subjects name numbers and kinds of costs, never an amount.
"""

import datetime as dt
from collections.abc import Iterator

from django.db.models import F, Q
from django.urls import reverse

from funding.models import Deadline, EligibilityRule, PostTerm
from kim.addresses import address
from kim.dated import valid_on
from kim.models import Role
from kim.models.people import with_role
from kim.together import day
from kim.workdays import ONE_DAY
from steering.duties import Duty, source


def _sets():
    until = day("until")
    due = Deadline.objects.filter(done_on=None, dropped_on=None, due_on__lte=until)
    unclear = EligibilityRule.objects.believed().filter(valid_on(day()), eligibility="unclear", ask_by__lte=until)
    ending = PostTerm.objects.believed().filter(Q(valid_until=None) | Q(valid_until__gt=F("kw_on")), kw_on__lte=until)
    return {
        "funding_deadlines": due.order_by("pk").only("notice", "kind", "due_on").annotate(number=F("notice__number")),
        "funding_unclear": unclear.order_by("pk")
        .only("programme", "kind", "ask_by")
        .annotate(name=F("programme__name")),
        "funding_kw": ending.order_by("pk").only("post", "kw_on", "valid_until").annotate(number=F("post__number")),
        "funding_keepers": with_role(Role.ADMIN, day()).order_by("pk").only("pk"),
    }


@source("funding", sets=_sets)
def money_and_posts(until: dt.date, read: dict) -> Iterator[Duty]:
    people = frozenset(one.pk for one in read["funding_keepers"])
    for one in read["funding_deadlines"]:
        yield Duty(
            key=f"deadline:{one.pk}",
            due_on=one.due_on,
            subject=f"Bescheid {one.number}",
            words=str(one.get_kind_display()),
            url=address("funding:notice_detail", one.notice_id),
            people=people,
        )
    for one in read["funding_unclear"]:
        yield Duty(
            key=f"eligibility:{one.pk}",
            due_on=one.ask_by,
            subject=f"Kostenart {one.get_kind_display()}, {one.name}",
            words="Förderfähigkeit klären",
            url=reverse("funding:eligibility_detail", args=[one.programme_id, one.kind]),
            people=people,
        )
    for one in read["funding_kw"]:
        if one.valid_until is None or one.valid_until > one.kw_on + ONE_DAY:
            yield Duty(
                key=f"kw:{one.pk}",
                due_on=one.kw_on,
                subject=f"Stelle {one.number}",
                words="kw-Vermerk: Stelle beenden oder Vermerk ändern",
                url=reverse("funding:fact_detail", args=["postterm", one.pk]),
                people=people,
            )
