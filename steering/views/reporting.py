"""Reporting an issue: what its form offers and what was sent; also for those who let people report elsewhere."""

import copy
import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from kim import workdays
from kim.dated import valid_on
from kim.models import Assignment, Code, County, Draft, Municipality, Organisation, User
from kim.together import Slot, day, text, through, together
from steering.access import sees_reporters
from steering.escalation import ESCALATION, State
from steering.forms.issues import IssueForm
from steering.models import Interface, Issue, IssueStep, TimeLimit
from steering.notices import foresee, tellings
from steering.views.telling import Line, lines_of

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
    places = {place.pk: place for place in read["municipality"]}
    for one in read["interface"]:
        one.municipality = places.get(one.municipality_id)
    read["key"] = key
    read["choices"] = {
        "topic": by_list.get(Code.List.TOPIC, []),
        "life_domain": by_list.get(Code.List.LIFE_DOMAIN, []),
        "legal_areas": by_list.get(Code.List.LEGAL_AREA, []),
        "municipality": read["municipality"],
        "organisations": read["organisations"],
        "interface": read["interface"],
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
    interfaces = Q(retired_on=None) | (Q(pk__in=here.order_by().values("interface")) if edited else Q(pk__in=[]))
    places = Assignment.objects.valid_on(today).filter(user=user, known_until__isnull=True, municipality__isnull=False)
    return {
        "codes": Code.objects.filter(codes).order_by("position", "label"),
        "municipality": Municipality.objects.order_by("name"),
        "organisations": Organisation.objects.order_by("name"),
        "interface": Interface.objects.filter(interfaces).order_by("title", "pk").only("title", "municipality"),
        "drafts": Draft.objects.filter(user=user, key=text("key")),
        "places": places.order_by("pk"),
        "county": County.objects.all()[:1],
        "limits": TimeLimit.objects.all(),
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


# Who will be told


@dataclass(frozen=True)
class Preview:
    """What one way of reporting tells, and until when the issue is due then."""

    act: str
    label: str
    tellings: list[Line]
    due_words: str


def asks_preview(request) -> bool:
    """Whether the form was sent to see who will be told with what it holds now; nothing is kept then."""
    return request.method == "POST" and request.POST.get("act") == "preview"


def as_typed(request) -> dict[str, Any]:
    """What was typed, for a form that shall not complain yet."""
    return {name: values if len(values) > 1 else values[-1] for name, values in request.POST.lists()}


def previews(user, form, read, issue=None) -> list[Preview]:
    """For each way of reporting that is offered; what is not chosen yet is said to be missing."""
    county = county_of(read)
    before = copy.copy(issue) if issue else Issue()
    before.title = (form["title"].value() or "").strip()[:140] or "[noch ohne Titel]"
    chosen = str(form["municipality"].value() or "")
    before.municipality = next((place for place in read["municipality"] if str(place.pk) == chosen), None)
    found = []
    for act in ("report", "report_directly") if county.direct_reporting else ("report",):
        row = ESCALATION.find(act, State.DRAFT)
        after = foresee(before, row, {}, limits=read["limits"], rules=county.workday_rules)
        told = tellings(after, act, by=user)
        lines = lines_of(told, names_reporters=sees_reporters(user), county=county)
        found.append(Preview(act, ESCALATION.label(act), lines, after.due_words))
    return found
