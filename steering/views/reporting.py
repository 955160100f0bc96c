"""Reporting an issue: what its form offers and what was sent; also for those who let people report elsewhere."""

import datetime as dt
from typing import Any

from django.db.models import Q

from kim import workdays
from kim.dated import valid_on
from kim.models import Assignment, Code, County, Draft, Municipality, Organisation, User
from kim.together import Slot, day, text, through, together
from steering.escalation import State
from steering.forms import IssueForm
from steering.models import Issue, IssueStep

#: A report sent twice by a double click is taken once: the same text by the same person within this time.
TWICE = dt.timedelta(minutes=2)


def choices(user, key, issue=None) -> dict:
    """What the form offers, the draft of what was typed, and where the user works: one query."""
    read: dict[str, Any] = _offered(issue is not None)(
        today=workdays.today(), user=user.pk, key=key, issue=issue.pk if issue else None
    )
    by_list: dict[str, list[Code]] = {}
    for code in read["codes"]:
        by_list.setdefault(code.list, []).append(code)
    read["key"] = key
    read["choices"] = {
        "topic": by_list.get(Code.List.TOPIC, []),
        "life_domain": by_list.get(Code.List.LIFE_DOMAIN, []),
        "legal_areas": by_list.get(Code.List.LEGAL_AREA, []),
        "municipality": read["municipality"],
        "organisations": read["organisations"],
    }
    return read


@together
def _offered(edited):
    user, issue, today = Slot("user"), Slot("issue"), day()
    chosen = {
        "legal_areas": Code.objects.filter(pk__in=through(Issue, "legal_areas", issue)),
        "further_municipalities": Municipality.objects.filter(pk__in=through(Issue, "further_municipalities", issue)),
        "chosen_organisations": Organisation.objects.filter(pk__in=through(Issue, "organisations", issue)),
    }
    returned = IssueStep.objects.filter(issue=issue, name="hand_back", target=State.DRAFT)
    here = Issue.objects.filter(pk=issue)
    used = [chosen["legal_areas"].order_by().values("pk"), here.values("topic"), here.values("life_domain")]
    codes = valid_on(today)
    for ids in used if edited else ():
        codes |= Q(pk__in=ids)
    places = Assignment.objects.valid_on(today).filter(user=user, known_until__isnull=True, municipality__isnull=False)
    return {
        "codes": Code.objects.filter(codes).order_by("position", "label"),
        "municipality": Municipality.objects.order_by("name"),
        "organisations": Organisation.objects.order_by("name"),
        "drafts": Draft.objects.filter(user=user, key=text("key")),
        "places": places.order_by("pk"),
        "county": County.objects.all()[:1],
        **(chosen | {"returned": returned.order_by("-no")[:1]} if edited else {}),
    }


def draft_of(read) -> dict:
    return read["drafts"][0].data if read["drafts"] else {}


def place_of_today(places):
    """The municipality where the user works on this day of the week; the only one if there is no plan."""
    weekday = str(workdays.today().isoweekday())
    today = [place for place in places if weekday in place.weekdays]
    found = today or (places if len(places) == 1 else [])
    return found[0].municipality_id if found else None


def sent(request, read, form_class=IssueForm):
    """The form as it was sent, and the act that was asked for: report, report_directly or save."""
    act = request.POST.get("act", "save")
    act = act if act in ("report", "report_directly") else "save"
    return form_class(request.POST, choices=read["choices"], reporting=act != "save"), act


def just_sent(by, given) -> Issue | None:
    """The same text by the same person within TWICE: a double click is taken once."""
    same = {name: given[name] for name in ("title", "situation", "topic", "municipality")}
    since = workdays.now() - TWICE
    return Issue.objects.filter(reporters__user=by, reporters__first=True, created_at__gte=since, **same).first()


def county_of(read) -> County:
    return read["county"][0] if read["county"] else County(pk=1)


def start_and(act: str, form_given: dict, *, by, confirmed=frozenset(), seen_in=None) -> Issue:
    """A new issue of `by`, then `act` on it unless that is „save“. One that was just sent is taken once.

    `seen_in(issue)` may tie it to where it was seen before it leaves the desk, so that the gate knows of it.
    """
    User.objects.select_for_update(of=("self",)).get(pk=by.pk)
    twin = just_sent(by, form_given)
    issue = twin or Issue.start(by=by, **form_given)
    if seen_in:
        seen_in(issue)
    if act != "save" and not (twin and twin.state != State.DRAFT):
        getattr(issue, act)(by=by, confirmed=confirmed)
    return issue
