"""The same form open twice: every page that changes a row refuses what was filled before somebody else saved."""

from html.parser import HTMLParser

import pytest
from django.urls import get_resolver, reverse

from kim import workdays
from kim.models import Draft, Role, TrailEntry
from steering.models import Agreement, Interface, KickOff
from tests.casework.factories import case_manager
from tests.casework.one_of_each import address, one_of_each
from tests.factories import draft, held_meeting, municipality, organisation, project_group, steering_group, user
from tests.funding import makers
from tests.reports import makers as reports_makers

pytestmark = pytest.mark.django_db

#: Page → the field both windows change, and what the first and the second type.
CASEWORK = {
    "case_edit": ("occasion", "Wohnung gekündigt", "Arbeit verloren"),
    "client_edit": ("phone", "02241 1", "02241 2"),
    "client_household": ("children", "3", "4"),
    "assessment_edit": ("note_", "Spricht Arabisch", "Spricht Kurdisch"),
    "goal_edit": ("text", "Wohnung finden", "Arbeit finden"),
    "goal_measure_edit": ("text", "Antrag holen", "Antrag abgeben"),
    "consultation_edit": ("note", "Antrag liegt vor", "Antrag fehlt"),
    "case_issue_edit": ("interim", "Wir begleiten", "Wir telefonieren"),
    "actor_edit": ("phone", "02241 1", "02241 2"),
    "conference_edit": ("summary", "Alle waren da", "Eine fehlte"),
    "code_edit": ("label", "Wohnungen", "Unterkünfte"),
}
STEERING = {
    "issue_edit": ("title", "Termine fehlen im Amt", "Formulare fehlen im Amt"),
    "meeting_move": ("place", "Kreishaus", "Rathaus"),
    "body_edit": ("mandate", "Sprachmittlung ordnen", "Wohnraum suchen"),
    "minutes_edit": ("opening", "Der Vorsitz begrüßt.", "Die Geschäftsstelle begrüßt."),
    "rules_edit": ("text", "Die Gruppe tagt viermal", "Die Gruppe tagt zweimal"),
}
#: What is changed there, by somebody of the strategic office.
OF_THE_OFFICE = {
    "meeting_move": lambda: steering_group().meetings.first(),
    "body_edit": project_group,
    "minutes_edit": held_meeting,
    "rules_edit": lambda: steering_group().rules.create(version=1),
}
COOPERATION = {
    "agreement_edit": ("contact", "Sozialamt", "Ordnungsamt"),
    "kickoff_edit": ("place", "Kreishaus", "Rathaus"),
    "interface_edit": ("title", "Bescheid ans Jobcenter", "Antrag ans Jobcenter"),
}
#: Of posts and money: by somebody of the administration, on what the maker makes.
FUNDING = {
    "notice_edit": ("reference", "36.01", "36.02", makers.notice),
}
#: Of figures: by somebody of the office, on their own.
REPORTS = {
    "saved_edit": ("name", "Offene je Monat", "Offene je Quartal"),
}


class Filled(HTMLParser):
    """What a browser sends with the form that carries a digest, if nobody touches it."""

    def __init__(self, html):
        super().__init__()
        self.forms, self.select, self.text = [], None, None
        self.feed(html)
        self.sent = next((form for form in self.forms if "shown" in form), None)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        name, sent = attrs.get("name"), self.forms[-1] if self.forms else None
        if tag == "form":
            self.forms.append({})
        elif sent is None:
            return
        elif tag == "input" and name and attrs.get("type") not in ("submit", "file"):
            if attrs.get("type") not in ("radio", "checkbox") or "checked" in attrs:
                sent.setdefault(name, []).append(attrs.get("value") or "")
        elif tag == "select":
            self.select = name
        elif tag == "option" and self.select and "selected" in attrs:
            sent.setdefault(self.select, []).append(attrs.get("value") or "")
        elif tag == "textarea":
            self.text = name
            sent[name] = [""]

    def handle_data(self, data):
        if self.text:
            self.forms[-1][self.text][0] += data.removeprefix("\n")

    def handle_endtag(self, tag):
        if tag == "textarea":
            self.text = None
        elif tag == "select":
            self.select = None


def twice(client, where, field, first, second):
    """Two windows with the same form; the answers to the first and the second that is sent."""
    page = client.get(where)
    assert page.status_code == 200
    sent = Filled(page.text).sent
    assert sent, f"{where} carries no digest of what it was filled with"
    name = next(one for one in sent if one == field or (field.endswith("_") and one.startswith(field)))
    more = {name.replace("note_", "start_"): ["2"]} if field == "note_" else {}
    return (client.post(where, sent | more | {name: [words]}) for words in (first, second))


def demand_conflict(answers, first, second):
    assert next(answers).status_code == 302
    written = TrailEntry.objects.exclude(act="case.read").count()
    answer = next(answers)
    assert answer.status_code == 409
    assert "während Ihr Formular offen war" in answer.text
    kept, there = answer.text.split("Das steht jetzt da")
    assert second in kept
    assert first in there
    assert TrailEntry.objects.exclude(act="case.read").count() == written


@pytest.mark.parametrize("name", CASEWORK)
def test_the_second_window_of_casework_undoes_nothing(client, name):
    owner = case_manager()
    its = one_of_each(owner, taker=case_manager())
    type(its.code).objects.filter(pk=its.code.pk).update(valid_from=workdays.today())  # corrected, not succeeded
    client.force_login(user(Role.ADMIN) if name.startswith("code") else owner)
    field, first, second = CASEWORK[name]
    demand_conflict(twice(client, address(name, its), field, first, second), first, second)


@pytest.mark.parametrize("name", STEERING)
def test_the_second_window_of_steering_undoes_nothing(client, name):
    author = user()
    one = draft(author) if name == "issue_edit" else OF_THE_OFFICE[name]()
    client.force_login(author if name == "issue_edit" else user(Role.STRATEGIC_OFFICE))
    field, first, second = STEERING[name]
    demand_conflict(twice(client, reverse(f"steering:{name}", args=[one.pk]), field, first, second), first, second)


@pytest.mark.parametrize("name", COOPERATION)
def test_the_second_window_of_cooperation_undoes_nothing(client, name):
    office, place = user(Role.STRATEGIC_OFFICE), municipality()
    both = [organisation(), organisation("jobcenter", name="Jobcenter", kind="employment")]
    one = {
        "agreement_edit": lambda: Agreement.prepare(place, by=office),
        "kickoff_edit": lambda: KickOff.plan(by=office, municipality=place, on_day=workdays.today()),
        "interface_edit": lambda: Interface.identify(by=office, title="Übergabe", between=both),
    }[name]()
    client.force_login(office)
    field, first, second = COOPERATION[name]
    demand_conflict(twice(client, reverse(f"steering:{name}", args=[one.pk]), field, first, second), first, second)


@pytest.mark.parametrize("name", FUNDING)
def test_the_second_window_of_funding_undoes_nothing(client, name):
    client.force_login(makers.admin())
    field, first, second, make = FUNDING[name]
    demand_conflict(twice(client, reverse(f"funding:{name}", args=[make().pk]), field, first, second), first, second)


@pytest.mark.parametrize("name", REPORTS)
def test_the_second_window_of_reports_undoes_nothing(client, name):
    office = user(Role.STRATEGIC_OFFICE)
    client.force_login(office)
    field, first, second = REPORTS[name]
    where = reverse(f"reports:{name}", args=[reports_makers.saved(office).pk])
    demand_conflict(twice(client, where, field, first, second), first, second)


def test_every_page_to_edit_is_among_them():
    apps = {"casework": CASEWORK, "steering": STEERING | COOPERATION, "funding": FUNDING, "reports": REPORTS, "kim": {}}
    for app, known in apps.items():
        names = {name for name in get_resolver().namespace_dict[app][1].reverse_dict if isinstance(name, str)}
        assert {name for name in names if name.endswith("_edit")} <= set(known)


def test_a_draft_remembers_what_it_was_typed_over(client):
    owner = case_manager()
    its = one_of_each(owner, taker=case_manager())
    client.force_login(owner)
    where = address("goal_edit", its)
    began = Filled(client.get(where).text).sent
    Draft.keep(owner, f"goal:{its.goal.pk}", {"text": "Angefangen", "shown": began["shown"][0]})
    client.post(where, began | {"text": ["Wohnung finden"]})
    Draft.keep(owner, f"goal:{its.goal.pk}", {"text": "Angefangen", "shown": began["shown"][0]})
    later = Filled(client.get(where).text).sent
    assert later["text"] == ["Angefangen"]
    assert client.post(where, later).status_code == 409
    assert not Draft.objects.exists()
    its.goal.refresh_from_db()
    assert its.goal.text == "Wohnung finden"


def test_what_did_not_change_is_saved(client):
    owner = case_manager()
    its = one_of_each(owner, taker=case_manager())
    client.force_login(owner)
    where = address("goal_edit", its)
    for words in ("Wohnung finden", "Arbeit finden"):
        assert client.post(where, Filled(client.get(where).text).sent | {"text": [words]}).status_code == 302
