"""The walls: whatever address is asked by whomever, a client is shown to nobody who may not see them.

Every address of the project is asked, those that come later too: what a parameter means is found from its name and
from the word before it („cases/<int:pk>/“ → Case). One that cannot be guessed fails until it stands in WORDS.
"""

import datetime as dt
import io
import itertools
import re
import zipfile
import zlib

import pytest
from django.apps import apps
from django.conf import settings
from django.core.exceptions import PermissionDenied
from hypothesis import HealthCheck, example, given
from hypothesis import settings as how
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from casework.lifecycle import LIFECYCLE, State
from casework.models import Case, Conference, Consent, HandOver, Participant, Procedure, Referral
from casework.models.network import PASSES_ON
from kim import calendar_feeds, digests, jobs, workdays
from kim.models import Absence, CalendarFeed, Code, Draft, JobRun, Mail, Notice, Role, SavedFilter, User
from kim.notices import Telling, tell
from kim.throttle import BUDGET_OF
from kim.workflow import StepRefused
from steering import reminders
from steering.escalation import ESCALATION
from tests.casework.factories import (
    actor,
    authority,
    case_at,
    case_manager,
    checklist,
    consent,
    consultation,
    goal,
    take,
)
from tests.casework.factories import client as person
from tests.casework.full_case import MARK, TOLD, marked
from tests.factories import county, draft, organisation, user
from tests.kim.test_hardening import lacking
from tests.reports.makers import export, saved
from tests.test_hostile import routes
from tests.world import world

#: Thousands of pages, asked once in a full run.
pytestmark = pytest.mark.long

#: Parameters that are words or count within a case, and what is tried for them.
WORDS = {
    "key": ["casework.persons", "chain.open", "preface"],
    "kind": ["csv", "xlsx", "pdf", "json", "consent", "cases"],
    "step": [*LIFECYCLE.names[:3], ESCALATION.names[0]],
    "no": [1],
    "state": [State.CLOSED, "strategy"],
    "which": [Code.List.TOPIC.value],
    "language": ["de", "ar"],
    "token": ["calendar-of-owner", "calendar-of-look", "unknown"],
}
#: Words before a number that are not the plural of a model, and parameters that are not the name of one.
MODELS = {
    "inbox": "Issue", "measure": "Measure", "seats": "Membership", "seat": "Membership", "filters": "SavedFilter",
    "expected": "ExpectedSeat", "items": "AgendaItem", "papers": "Paper", "objections": "Objection",
    "agenda": "AgendaItem", "rules": "RulesOfProcedure",
    "barriers": "BarrierReport", "saved": "SavedFigure", "exports": "Export", "status-reports": "StatusReport",
    "sessions": "SignIn", "accounts": "User",
    "anchors": "TrailAnchor",
    "documents": "Document", "imports": "Import", "case-issues": "CaseIssue", "follow-ups": "FollowUp",
    "requests": "ClientRequest", "breaches": "Breach",
}  # fmt: skip
#: The same words mean something else there.
IN_CASEWORK = {"measure": "GoalMeasure", "seat": "Participant"}
#: Signing in and out is no business of clients; the walk goes on as the same person. Posts and money know no client:
#: the import contract stands between, and what casework tells about people there are numbers (casework/on_people.py).
LEFT_OUT = ("/konto/", "/healthz", "/readyz", "/funding/")
#: The beginning of the mark: what a search must not find.
SEARCHED = MARK[:5].lower()

#: What belongs to one account alone, each with a mark: whose it is among the people below. Nobody else meets it, of
#: whatever role; what the county knows of posts and money is the business of tests/funding/test_access.py.
OWN = {
    "Qyanderefall": "other",  # a person another employer counsels
    "Qyentwurf": "colleague",  # an issue that is not reported yet
    "Qygetippt": "office",  # a form that was begun
    "Qyfiltername": "steering",  # a search kept under a name
    "Qymitteilung": "project",  # something one was told
    "Qyauswertung": "coordination",  # an evaluation that is not shared
    "Qyausfuhr": "coordination",  # a file that was ordered
}
BLIND = (
    "colleague", "other", "coordination", "office", "steering", "project", "authority", "receiver", "admin", "audit",
    "root", "nobody",
)  # fmt: skip
SEEING = ("owner", "deputy", "look")
#: These see the number of every case, and never whose it is.
NUMBERS = ("coordination",)


def plain(words: str) -> str:
    return re.sub("[^a-z]", "", words.lower())


NAMED = {
    plain(name): model
    for model in apps.get_models()
    if model._meta.app_label in ("kim", "steering", "casework", "funding", "reports")
    for name in (model.__name__, f"{model.__name__}s", re.sub("y$", "ies", model.__name__))
}


def model_of(route: str, parameter: str):
    """The model a number stands for; LookupError where nobody can tell."""
    before = re.findall(rf"([\w-]+)/<\w+:{parameter}>", route)
    known = MODELS | IN_CASEWORK if route.startswith("/casework/") else MODELS
    for word in [parameter, *before]:
        named = NAMED.get(plain(known.get(word, word)))
        if named is not None:
            return named
    raise LookupError(f"{route}: what is {parameter}? Say it in MODELS or WORDS of {__name__}")


def values(route: str, parameter: str, converter) -> list:
    """What is tried for a parameter: words, or the keys of rows, first those of the marked case."""
    if parameter in WORDS:
        return WORDS[parameter]
    if type(converter).__name__ not in ("IntConverter", "UUIDConverter"):
        raise LookupError(f"{route}: which words are tried for {parameter}? Say it in WORDS of {__name__}")
    found = list(model_of(route, parameter)._base_manager.order_by("pk").values_list("pk", flat=True))
    return [found[0], found[-1]] if len(found) > 2 else found


def addresses() -> list[str]:
    """Every address with everything that is tried for its parameters."""
    found = []
    for route, converters in routes():
        if route.startswith(LEFT_OUT) or "^" in route:
            continue
        tried = [values(route, name, converter) for name, converter in converters.items()]
        for chosen in itertools.product(*tried):
            there = route
            for name, value in zip(converters, chosen, strict=True):
                there = re.sub(rf"<(\w+:)?{name}>", str(value), there)
            found.append(there)
    return found


def test_every_address_of_the_project_can_be_asked():
    """So that a new one cannot slip past the matrix."""
    for route, converters in routes():
        if not route.startswith(LEFT_OUT) and "^" not in route:
            for name, converter in converters.items():
                if name not in WORDS:
                    assert type(converter).__name__ in ("IntConverter", "UUIDConverter"), route
                    assert model_of(route, name), route


def read(response) -> str:
    """All a response gives away: status line, headers, body; archives and packed streams opened."""
    body = b"".join(response.streaming_content) if response.streaming else response.content
    parts = [str(dict(response.headers)), body.decode("utf-8", "replace")]
    if body[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            parts += [archive.read(name).decode("utf-8", "replace") for name in archive.namelist()]
    if body[:4] == b"%PDF":
        for stream in re.findall(rb"stream\r?\n(.*?)endstream", body, re.S):
            try:
                parts.append(zlib.decompress(stream).decode("latin-1"))
            except zlib.error:
                continue
    return "\n".join(parts)


@pytest.fixture
def here(db):
    """The small county of the other walk, and in it one full case with everybody around it."""
    surroundings = world(with_case=False)
    county(case_prefix="RSK")
    case = marked(by=case_manager(employer="kreis"))
    Case.objects.filter(pk=case.pk).update(erase_on=workdays.today() + dt.timedelta(days=20))
    deputy = case_manager(employer="kreis")
    Absence.objects.create(user=case.owner, deputy=deputy, valid_from=workdays.today())
    SavedFilter.objects.create(user=case.owner, page="steering:issue_list", name="x")
    for job in ("erase", "digests"):
        JobRun.objects.get_or_create(job=job, day=workdays.today())
    Mail.objects.create(key="x", to="x@kim.example", subject="x")
    looking = User.objects.get(pk=case.looks.get().by_id)
    people = surroundings.people
    people = {
        "owner": case.owner, "deputy": deputy, "look": looking, "colleague": case_manager(employer="kreis"),
        "other": case_manager(employer="stadt-troisdorf"), "coordination": people[Role.COORDINATION],
        "office": people[Role.STRATEGIC_OFFICE], "steering": people[Role.STEERING_GROUP],
        "project": people[Role.PROJECT_GROUP], "admin": people[Role.ADMIN], "audit": people[Role.AUDIT],
        "authority": user(Role.AUTHORITY, organisation=authority("abh-bonn")),
        "receiver": user(Role.AUTHORITY, organisation=authority()),
        "root": user(None, is_superuser=True, is_staff=True), "nobody": None,
    }  # fmt: skip
    own_things({mark: people[name] for mark, name in OWN.items()})
    for name in ("owner", "look"):
        CalendarFeed.objects.create(user=people[name], digest=calendar_feeds.digest_of(f"calendar-of-{name}"))
    return Case.objects.get(pk=case.pk), people


def own_things(whose) -> None:
    """What stands in OWN, each made by the account it belongs to."""
    of_another = person("Qyanderefall", "Qyanderefall")
    other = case_at(State.MONITORING, by=whose["Qyanderefall"], person=of_another)
    goal(other, text="Qyanderefall")
    consultation(case=other, by=whose["Qyanderefall"], note="Qyanderefall")
    draft(by=whose["Qyentwurf"], title="Qyentwurf", situation="Qyentwurf")
    Draft.keep(whose["Qygetippt"], "issue.new", {"title": "Qygetippt"}, url="/steering/issues/new/", title="Qygetippt")
    SavedFilter.objects.create(user=whose["Qyfiltername"], page="steering:issue_list", name="Qyfiltername")
    told = Telling("project_group", "x", (whose["Qymitteilung"],), "Qymitteilung", "Qymitteilung")
    tell([told], key="probe", url="/")
    saved(whose["Qyauswertung"], name="Qyauswertung")
    export(whose["Qyausfuhr"], title="Qyausfuhr")


@pytest.mark.parametrize("name", BLIND)
def test_no_answer_gives_a_client_away(client, here, name):
    case, people = here
    client.raise_request_exception = False
    foreign = [mark for mark, whose in OWN.items() if whose != name]
    if people[name]:
        client.force_login(people[name])
    for turn, there in enumerate(addresses(), start=BLIND.index(name)):
        for act, response in answers(client, there, case.number[-6:], sends=turn % 2 == 0):
            given = read(response)
            what = f"{act} {there} as {name}"
            assert MARK.lower() not in given.lower(), what
            assert name == "receiver" or TOLD not in given, what
            assert name in NUMBERS or case.number not in given, what
            assert not [mark for mark in foreign if mark in given], what
            assert response.status_code < 500, what
            assert lacking(response) == [], what
            assert "no-store" in response.headers["Cache-Control"], what
            if "attachment" in response.headers.get("Content-Disposition", "") and response.resolver_match:
                assert response.resolver_match.view_name in BUDGET_OF, what


def answers(client, there, number, *, sends):
    """Asked for, searched where something is shown, and sent to, with what comes after that.

    What is sent goes to each address for every other of the people: that it is refused stands in the tables of access.
    """
    response = client.get(there)
    yield "get", response
    for words in (SEARCHED, number) if response.status_code == 200 else ():
        yield "search", client.get(there, {"q": words})
    if not sends:
        return
    sent = client.post(there, {"q": SEARCHED})
    yield "post", sent
    if sent.status_code == 302:
        yield "after", client.get(sent.headers["Location"])


@pytest.mark.parametrize("name", SEEING)
def test_the_same_walk_shows_the_client_to_those_who_may_see_them(client, here, name):
    """Else the walk above would prove nothing."""
    case, people = here
    client.force_login(people[name])
    assert any(MARK in read(client.get(there)) for there in addresses() if f"/cases/{case.pk}/" in there)


def test_who_something_belongs_to_meets_it(client, here):
    """Else no absence of a mark would prove anything."""
    _, people = here
    shown = {
        "Qyanderefall": "/casework/cases/", "Qyentwurf": "/steering/reports/", "Qygetippt": "/",
        "Qyfiltername": "/steering/issues/", "Qymitteilung": "/notices/", "Qyauswertung": "/reports/saved/",
        "Qyausfuhr": "/reports/exports/",
    }  # fmt: skip
    for mark, name in OWN.items():
        client.force_login(people[name])
        assert mark in read(client.get(shown[mark])), mark


def test_no_mail_and_no_notice_gives_a_client_away(here):
    case, people = here
    case.client.consents.for_purpose("CM").get().withdraw(by=case.owner)
    day = workdays.next_workday(workdays.today() + dt.timedelta(days=1))
    with workdays.as_of(dt.datetime.combine(day, dt.time(7, 30), workdays.BERLIN)):
        reminders.sweep()
        digests.compose()
    assert Mail.objects.filter(key__contains="digest").exists() or Mail.objects.count() > 1
    for mail in Mail.objects.all():
        assert MARK.lower() not in f"{mail.subject} {mail.body} {mail.to}".lower()
        assert case.number not in f"{mail.subject} {mail.body}"
    for notice in Notice.objects.all():
        assert MARK not in notice.headline
        assert case.number not in notice.headline
    seeing = [people[name].pk for name in SEEING]
    for notice in Notice.objects.exclude(recipient__in=seeing):
        assert MARK not in notice.text, notice.key


def test_no_error_of_a_background_job_gives_a_client_away(here):
    case, _ = here
    with pytest.raises(ValueError, match=MARK), jobs.run("erase"):
        raise ValueError(f"{MARK} {case.number}")
    row = JobRun.objects.get(job="erase", day=workdays.today())
    assert MARK not in row.error
    assert case.number not in row.error


def test_no_address_and_no_name_of_a_file_carries_more_than_numbers():
    for route, converters in routes():
        assert not {"name", "q", "client_name", "number"} & set(converters), route
    assert settings.DEBUG is False


# Nothing is shared without a consent that holds, whatever is done in whatever order


ACTS = ["consent", "hand over", "seat", "refer", "withdraw", "step", "end of consent", "own conference",
        "change employer"]  # fmt: skip


class SharingWalk(TestCase):
    """Consents come and go; authorities, institutions at a conference and actors learn something only by them."""

    @how(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
    @example(start=State.MONITORING, walk=[("consent", 0), ("own conference", 1), ("change employer", 5)])
    @given(
        start=st.sampled_from([State.REQUEST, State.CLEARING, State.ASSESSMENT, State.MONITORING, State.RESTING]),
        walk=st.lists(st.tuples(st.sampled_from(ACTS), st.integers(0, 5)), min_size=3, max_size=16),
    )
    def test_no_sequence_shares_anything_without_a_consent_in_force(self, start, walk):
        case = case_at(start)
        offices = [authority("abh-kreis"), authority("abh-bonn")]
        readers = [user(Role.AUTHORITY, organisation=office) for office in offices]
        school = organisation("schule", name="Schule", kind="other")
        helped = actor(organisation=school)
        colleagues = [case_manager(), case_manager(employer="stadt-troisdorf")]
        days = [workdays.today(), workdays.today() + dt.timedelta(days=7)]
        conferences = [Conference.objects.create(case=case, held_on=day) for day in days]
        for act, number in walk:
            case = Case.objects.get(pk=case.pk)
            before = self.shared()
            try:
                self.do(act, number, case, offices, school, helped, conferences[number % 2], colleagues)
            except (StepRefused, PermissionDenied):  # not now, or locked
                assert self.shared() == before
            else:
                self.check_given(case, before)
            self.check(case, offices, readers)

    def do(self, act, number, case, offices, school, helped, conference, colleagues):
        office, owner = offices[number % 2], case.owner
        agreed = list(case.client.consents.all())
        chosen = agreed[number % len(agreed)] if agreed else None
        match act:
            case "consent":
                towns = [one.assignments.get().employer for one in colleagues]
                consent(case, *[("MODUL3", office), ("KONFERENZ", school), ("CM", None), ("DATEN", school),
                                *(("WECHSEL", town) for town in towns)][number])  # fmt: skip
            case "hand over" if chosen:
                Procedure.hand_over(
                    case, by=owner, checklist=checklist(), authority=office, consent=chosen, person="N", text="A"
                )
            case "seat":
                Participant.seat(conference, by=owner, institution=school)
            case "own conference":
                Participant.seat(conference, by=owner, institution=case.employer)
            case "refer":
                Referral.send(
                    case, by=owner, actor=helped, occasion="Anmeldung", consent=chosen, follow_up_on=workdays.today()
                )
            case "withdraw" if chosen:
                chosen.withdraw(by=owner)
            case "end of consent" if chosen and chosen.valid_from < workdays.today():
                Consent.objects.filter(pk=chosen.pk).update(valid_until=workdays.today())
            case "change employer" if colleagues[number % 2] != owner:
                given = {"by": owner, "giver": owner, "taker": colleagues[number % 2], "cases": [case]}
                HandOver.offer(**given, unagreed_reason="Erkrankung" * (number > 3)).accept(by=given["taker"])
            case "step":
                rows = [row for row in LIFECYCLE.rows if row.source == case.state]
                if rows and not case.is_locked:
                    take(case, rows[number % len(rows)].name)

    def shared(self):
        found = [set(model.objects.values_list("pk", flat=True)) for model in (Procedure, Participant, Referral)]
        return [*found, set(Case.objects.values_list("employer", flat=True))]

    def check_given(self, case, before):
        """What was shared just now stands on a consent of this person, for this purpose, in force at that moment."""
        purposes = {Procedure: ["MODUL3"], Participant: ["KONFERENZ"], Referral: PASSES_ON}
        stored = Case.objects.get(pk=case.pk)
        for (model, allowed), known in zip(purposes.items(), before[:-1], strict=True):
            for new in model.objects.exclude(pk__in=known).exclude(consent=None):
                assert not stored.lacks_agreement
                assert new.consent.is_in_force
                assert new.consent.purpose.code in allowed
                assert new.consent.client_id == case.client_id

    def check(self, case, offices, readers):
        for office, reader in zip(offices, readers, strict=True):
            for procedure in Procedure.objects.visible_to(User.objects.get(pk=reader.pk)):
                assert procedure.authority == office
                assert procedure.consent.recipient == office
                assert procedure.consent.is_in_force
                assert not Case.objects.visible_to(reader).exists()
        for seated in Participant.objects.select_related("consent", "institution", "conference__case"):
            was_employer = seated.consent is None and seated.conference.held_on <= workdays.today()
            if seated.institution_id != seated.conference.case.employer_id and not was_employer:
                assert seated.consent
                assert seated.consent.recipient == seated.institution
                assert seated.consent_checked_on
                assert not (seated.consent.withdrawn_at and seated.conference.held_on > workdays.today())
        for sent in Referral.objects.exclude(consent=None):
            assert sent.consent.recipient_id == sent.actor.organisation_id
            assert not (sent.consent.withdrawn_at and (sent.follow_up_on or sent.follow_ups.open().exists()))
        stored = Case.objects.get(pk=case.pk)
        assert stored.owner_id
        assert stored.employer_id
        self.check_change(stored)
        held = stored.consent_in_force
        assert not stored.is_locked or held is None

    def check_change(self, case):
        """No case is with another employer but by a consent that names it, or with a reason that stands on record; and
        without consent it does not go on.
        """
        assert set(Case.objects.without_agreement()) == ({case} if case.lacks_agreement else set())
        if not case.lacks_agreement:
            return
        assert case.consent_in_force is None
        came = case.hand_overs.get(accepted_at=case.changed_employer_at)
        ended = case.client.consents.filter(purpose__code="WECHSEL", recipient=case.employer)
        assert came.unagreed_reason or ended.exists()
