"""The pages of acts on posts and people: shown before they are done, refused in the form, and for those who may."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from zeal import zeal_ignore

from funding.models import Leave, Occupancy, Post, PostTerm
from kim import trail, workdays
from kim.models import Assignment, Role, RoleGrant, TrailEntry, User
from kim.rehearsal import dependents
from steering.escalation import State
from tests.casework.factories import case, case_manager
from tests.factories import county, issue_at, municipality, organisation, project_group, seat, user
from tests.funding.makers import D, admin, held, notice, post, programme
from tests.test_hostile import HOSTILE

pytestmark = pytest.mark.django_db
JANUARY, JULY = D(2026, 1, 1), D(2026, 7, 1)
KEPT = (Post, PostTerm, Occupancy, Leave, Assignment, RoleGrant, User, TrailEntry)


@pytest.fixture(autouse=True)
def _there():
    county()


@pytest.fixture
def keeper(client):
    client.force_login(admin())
    return admin()


@pytest.fixture
def here():
    """A post with a notice that pays for it, held by somebody with two days in a place."""
    notice(1, JANUARY, D(2027, 1, 1), of=programme(), number="M2-2026")
    stands, person = post(JANUARY, number="M2-01"), user(Role.CASE_MANAGER, name="Case Management Windeck")
    row, windeck = held(stands, JANUARY, person=person), municipality("Windeck")
    person.assignments.create(
        role="case_manager", municipality=windeck, employer=organisation(), weekdays="12", share=Decimal("0.5"),
        valid_from=JANUARY,
    )  # fmt: skip
    return stands, person, row, windeck


def counts():
    return [model.objects.count() for model in KEPT]


def url(name, *args):
    return reverse(f"funding:{name}", args=args)


def sent(name, here):
    """A page, its arguments, what is typed, and what its preview must say."""
    stands, person, row, windeck = here
    taker, other = user(None, name="Neue Fallführung"), post(JANUARY, number="M2-02")
    county_ = organisation()
    match name:
        case "post_new":
            typed = {"number": "M2-03", "title": "Eitorf", "module": "case_management", "item": "post", "fte": "0,75",
                     "employer": county_.pk, "recipient": county_.pk, "valid_from": "01.01.2026"}  # fmt: skip
            return (), typed, ["0,75"], "posts"
        case "post_handover":
            typed = {"giver": row.pk, "last_day": "30.06.2026", "taker": taker.pk, "first_day": "01.09.2026",
                     "with_places": "on", "ends_roles": "on", "gives_roles": "on"}  # fmt: skip
            said = ["Neue Fallführung 1 VZÄ ab 01.09.2026", "Case Management 01.07.2020 bis 30.06.2026", "M2-2026", "€"]
            return (stands.pk,), typed, said, "handed"
        case "post_end":
            typed = {"last_day": "30.06.2026", "because": "Das Programm endet", "ends_roles": "on"}
            return (stands.pk,), typed, ["1 VZÄ 01.01.2026 bis 30.06.2026", "nichts", "M2-2026"], "ended"
        case "person_new":
            typed = {"display_name": "Case Management Eitorf", "organisation": county_.pk, "role": "case_manager",
                     "first_day": "01.07.2026"}  # fmt: skip
            return (), typed, ["cm-eitorf", "Case Management ab 01.07.2026"], "account"
        case "staffing_move":
            typed = {"leaves": row.pk, "last_day": "30.06.2026", "post": other.pk, "share": "1", "keeps_places": "on"}
            return (person.pk,), typed, ["M2-02 1 VZÄ ab 01.07.2026"], "moved"
        case "staffing_days":
            typed = {"day": "01.07.2026", "role": "case_manager", "employer": county_.pk,
                     f"days_{windeck.pk}": ["3", "5"], f"share_{windeck.pk}": "0,5"}  # fmt: skip
            return (person.pk,), typed, ["Mi, Fr 0,5 VZÄ ab 01.07.2026"], "days"
    raise ValueError(name)


ACTS = ["post_new", "post_handover", "post_end", "person_new", "staffing_move", "staffing_days"]


@pytest.mark.parametrize("name", ACTS)
def test_an_act_is_shown_before_it_is_done_and_then_done_as_shown(client, keeper, here, name):
    args, typed, said, _ = sent(name, here)
    before = counts()
    shown = client.post(url(name, *args), typed)
    assert shown.status_code == 200
    for words in said:
        assert words in shown.text, words
    assert "Noch ist nichts gespeichert" in shown.text
    assert counts() == before
    again = client.post(url(name, *args), typed | {"again": "1"})
    assert again.status_code == 200
    assert counts() == before
    assert all(str(one) in again.text for one in typed.values() if isinstance(one, str) and len(one) > 4)
    done = client.post(url(name, *args), typed | {"seen": "1"})
    assert done.status_code == 302, done.text
    assert counts() != before
    for entry in TrailEntry.objects.order_by("-pk")[: TrailEntry.objects.count() - before[-1]]:
        assert entry.act in trail.ACTS, entry.act
        assert not any(str(person) in entry.note for person in User.objects.all())
    assert client.get(done.headers["Location"]).status_code == 200


@pytest.mark.parametrize(
    ("name", "typed", "says"),
    [
        ("post_new", {"number": "M2-01"}, "hat schon eine andere Stelle"),
        ("post_new", {"number": "M2 ü"}, "Bitte nur Buchstaben"),
        ("post_new", {"fte": "1,5"}, "Höchstens 1 VZÄ"),
        ("post_new", {"last_day": "01.12.2025"}, "Das Ende muss nach dem Anfang liegen"),
        ("post_new", {"kw_on": "01.01.2027"}, "setzt den kw-Vermerk voraus"),
        ("post_handover", {"last_day": "01.12.2025"}, "beginnt erst am 01.01.2026"),
        ("post_handover", {"first_day": "01.06.2026"}, "mehr als ganz besetzt"),
        ("post_handover", {"taker": "", "share": "1"}, "auch die Nachfolge"),
        ("post_handover", {"share": "-1"}, "nicht negativ"),
        ("post_handover", {"giver": "4711"}, "gibt es nicht (mehr)"),
        ("post_end", {"last_day": "01.12.2025"}, "noch nicht"),
        ("post_end", {"because": "Anruf von 0171 2345678"}, "Telefonnummer"),
        ("person_new", {"username": "Ä b"}, "Bitte nur Kleinbuchstaben"),
        ("person_new", {"username": "verwaltung-test"}, "ist vergeben"),
        ("staffing_move", {"share": "1,2"}, "Höchstens 1 VZÄ"),
        ("staffing_move", {"last_day": "31.12.2025"}, "Ende liegt vor dem Anfang"),
        ("staffing_days", {"day": "31.02.2026"}, "gibt es nicht"),
    ],
)
def test_what_cannot_be_is_said_in_the_form_and_changes_nothing(client, keeper, here, name, typed, says):
    args, given, _, _ = sent(name, here)
    before = counts()
    for more in ({}, {"seen": "1"}):
        answer = client.post(url(name, *args), given | typed | more)
        assert answer.status_code == 422
        assert says in answer.text
    assert counts() == before


@pytest.mark.parametrize("name", ACTS)
def test_bad_input_is_answered_in_the_form_and_changes_nothing(client, keeper, here, name):
    args, typed, *_ = sent(name, here)
    before = counts()
    for number, value in enumerate(HOSTILE):
        field = list(typed)[number % len(typed)]
        for given in [typed | {field: value}] + [dict.fromkeys(typed, value)] * (number < 3):
            shown = client.post(url(name, *args), given)  # where a field may be free, a preview is an answer, too
            assert shown.status_code in (200, 422), (value[:30], field)
    assert counts() == before


def test_a_post_held_by_several_falls_away_at_once(client, keeper):
    stands = post(JANUARY)
    rows = [held(stands, JANUARY, share=Decimal("0.25")) for _ in range(4)]
    for row in rows:
        row.user.assignments.create(
            role="case_manager", municipality=municipality(), employer=organisation(), valid_from=JANUARY
        )
    typed = {"last_day": "30.06.2026", "because": "Das Programm endet", "ends_roles": "on"}
    with zeal_ignore():  # each occupancy is ended by an act of its own, with its lock and its row in the trail
        assert client.post(url("post_end", stands.pk), typed).status_code == 200
        assert client.post(url("post_end", stands.pk), typed | {"seen": "1"}).status_code == 302
    assert not Assignment.objects.valid_on(JULY).filter(known_until__isnull=True).exists()
    assert not Occupancy.objects.believed().valid_on(JULY).exists()


def test_days_in_two_places_are_refused_and_days_saved_meanwhile_are_not_undone(client, keeper, here):
    _, person, _, windeck = here
    eitorf = municipality("Eitorf")
    args, typed, _, _ = sent("staffing_days", here)
    where = url("staffing_days", *args)
    both = typed | {f"days_{eitorf.pk}": ["3"]}
    assert "in Eitorf und Windeck zugleich" in client.post(where, both).text
    digest = client.get(where).text.split('name="shown" value="')[1].split('"')[0]
    assert client.post(where, typed | {"seen": "1", "shown": digest}).status_code == 302
    *before, now = Assignment.objects.filter(user=person, known_until__isnull=True).order_by("pk")
    Assignment.objects.filter(pk__in=[one.pk for one in before]).update(known_until=workdays.now())
    Assignment.objects.filter(pk=now.pk).update(valid_from=JANUARY, valid_until=None)
    second = client.post(where, typed | {f"share_{windeck.pk}": "0,25", "seen": "1", "shown": digest})
    assert second.status_code == 409
    assert "während Ihr Formular offen war" in second.text


FACTS = {
    "postterm": ({"fte": "0,5", "valid_from": "01.01.2028"}, "0,5 VZÄ"),
    "occupancy": ({"share": "0,5", "valid_from": "01.01.2026"}, "über 100 %"),
    "leave": ({"kind": "parental", "valid_from": "01.07.2026", "last_day": "31.12.2026"}, "M2-2026"),
}


#: What changes afterwards: the act, what is typed, and the last day of what was entered before.
CHANGED = {
    "postterm": ("fact_change", {"day": "01.07.2028", "fte": "0,75"}, D(2028, 6, 30)),
    "occupancy": ("fact_change", {"day": "01.05.2026", "share": "0,25"}, D(2026, 4, 30)),
    "leave": ("fact_end", {"last_day": "30.09.2026"}, D(2026, 9, 30)),
}


@pytest.mark.parametrize("kind", FACTS)
def test_facts_about_posts_and_people_are_entered_after_a_look(client, keeper, here, kind):
    stands, person, *_ = here
    typed, says = FACTS[kind]
    about = {"postterm": post(JANUARY, D(2028, 1, 1)), "occupancy": post(JANUARY), "leave": person}[kind]
    employer = organisation().pk
    more = {"postterm": {"employer": employer, "recipient": employer}, "occupancy": {"user": person.pk}, "leave": {}}
    where, typed = url("fact_new", kind, about.pk), typed | more[kind]
    assert client.get(where).status_code == 200
    before = counts()
    shown = client.post(where, typed)
    assert shown.status_code == 200
    assert says in shown.text
    assert counts() == before
    done = client.post(where, typed | {"seen": "1"})
    assert done.status_code == 302
    assert client.get(done.headers["Location"]).status_code == 200
    model = {"postterm": PostTerm, "occupancy": Occupancy, "leave": Leave}[kind]
    row = model.objects.order_by("-pk").first()
    assert client.get(url("fact_detail", kind, row.pk)).status_code == 200
    for act in ("correct", "change", "end", "withdraw"):
        assert client.get(url(f"fact_{act}", kind, row.pk)).status_code == 200, act
    act, later, ends = CHANGED[kind]
    assert client.post(url(act, kind, row.pk), typed | later).status_code == 200
    assert client.post(url(act, kind, row.pk), typed | later | {"seen": "1"}).status_code == 302
    believed = model.objects.believed().order_by("valid_from")
    assert [one.last_day for one in believed if one.history()[-1].pk == row.pk] == [ends]
    stale = client.post(url(act, kind, row.pk), typed | later | {"seen": "1"})
    assert stale.status_code == 409, "the second of two who had it open"
    assert model.objects.believed().count() == len(believed)


def test_a_post_overfilled_is_refused_on_its_page(client, keeper, here):
    stands, *_ = here
    answer = client.post(url("fact_new", "occupancy", stands.pk), {
        "user": user().pk, "share": "1", "valid_from": "01.02.2026",
    })  # fmt: skip
    assert answer.status_code == 422
    assert "mehr als ganz besetzt" in answer.text


def test_why_somebody_is_away_is_for_those_who_keep_posts(client, here):
    _, person, *_ = here
    row = Leave.enter(by=admin(), user=person, kind="illness", valid_from=JULY)
    for role in (Role.COORDINATION, Role.AUDIT, Role.CASE_MANAGER):
        client.force_login(user(role))
        assert client.get(url("fact_detail", "leave", row.pk)).status_code == 404
        assert client.get(url("person_detail", person.pk)).status_code == 403


# People


def test_the_list_of_people_finds_them_and_costs_the_same_for_many(client, keeper, here):
    _, person, *_ = here

    def queries():
        with CaptureQueriesContext(connection) as found:
            assert client.get(url("person_list")).status_code == 200
        return len(found)

    queries()
    few = queries()
    for _ in range(8):
        held(post(JANUARY), JANUARY)
    assert queries() == few <= 12
    away = Leave.enter(by=admin(), user=person, kind="illness", valid_from=D(2020, 1, 1))
    for query, there in [
        ({"q": "windeck"}, True), ({"q": "niemand"}, False), ({"role": "unsinn"}, True),
        ({"role": "case_manager"}, True), ({"role": "none"}, False), ({"stand": "held"}, True),
        ({"stand": "free"}, False), ({"stand": "away"}, True), ({"stand": "unplaced"}, False),
        ({"organisation": organisation().pk}, False),
    ]:  # fmt: skip
        assert ("Case Management Windeck" in client.get(url("person_list"), query).text) == there, query
    assert away.span in client.get(url("person_list")).text
    for kind in ("csv", "xlsx"):
        answer = client.get(url("person_export", kind))
        content = b"".join(answer)
        assert content.startswith(b"PK") if kind == "xlsx" else b"Case Management Windeck" in content
    assert client.get(url("person_export", "exe")).status_code == 404


def test_the_page_of_a_person_tells_all_and_costs_the_same_for_much(client, keeper, here):
    _, person, _, windeck = here

    def queries():
        with CaptureQueriesContext(connection) as found:
            shown = client.get(url("person_detail", person.pk))
        assert "Windeck" in shown.text
        return len(found)

    queries()
    few = queries()
    for first, until in [(D(2020, 1, 1), D(2020, 7, 1)), (D(2021, 1, 1), D(2022, 1, 1)), (D(2022, 1, 1), JANUARY)]:
        held(post(D(2020, 1, 1)), first, until, person=person)
        Leave.enter(by=admin(), user=person, kind="illness", valid_from=first, valid_until=until)
        person.assignments.create(
            role="case_manager", municipality=windeck, employer=organisation(), valid_from=first, valid_until=until
        )
    assert queries() == few <= 12


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (
            1,
            ["1 offenen Fall führt", "1 Knackpunkt hat", "1 davon warten", "1 Sitz in Gremien hat", "In 1 Kommune arb"],
        ),
        (2, ["2 offene Fälle führt", "2 Knackpunkte hat", "2 davon warten", "2 Sitze in Gremien", "In 2 Kommunen arb"]),
    ],
)
def test_what_hangs_on_a_person_is_told_in_numbers(client, keeper, number, said):
    person = case_manager()
    for _ in range(number):
        case(by=person)
        issue_at(State.FED_BACK, reported_by=person)
        seat(project_group(lead=user(Role.PROJECT_GROUP)), person)
    if number == 2:
        person.assignments.create(
            role="case_manager", municipality=municipality(), employer=organisation(), valid_from=JANUARY
        )
    issue_at(State.DRAFT, reported_by=person)
    told = dependents([person], to=keeper)
    words = " ".join(one.words for one in told)
    assert [one for one in said if one not in words] == []
    assert f"{number} davon mit Vorsitz" in words
    handovers = reverse("casework:handover_list")
    assert handovers not in {one.url for one in told}, "who keeps posts may not open it"
    assert handovers in {one.url for one in dependents([person], to=user(Role.COORDINATION))}
    assert dependents([user()], to=keeper) == []


def test_whose_cases_are_at_stake_is_said_before_a_hand_over(client, keeper):
    stands, person = post(JANUARY), case_manager()
    row = held(stands, JANUARY, person=person)
    open_case = case(by=person)
    typed = {"giver": row.pk, "last_day": "30.06.2026", "taker": user().pk}
    shown = client.post(url("post_handover", stands.pk), typed).text
    assert f"1 offenen Fall führt {person}; wechselt die Zuständigkeit, ist er zu übergeben." in shown
    assert open_case.number not in shown


def test_the_page_of_a_post_offers_its_acts_to_those_who_keep_it(client, keeper, here):
    stands, *_ = here
    assert url("post_handover", stands.pk) in client.get(stands.get_absolute_url()).text
    client.force_login(user(Role.COORDINATION))
    read = client.get(stands.get_absolute_url())
    assert read.status_code == 200
    assert url("post_handover", stands.pk) not in read.text


def test_a_change_from_a_day_on_asks_for_a_paper_of_its_own(client, keeper):
    stands = post(JANUARY)
    row = held(stands, JANUARY, source="Vertrag von 2025")
    assert 'value="Vertrag von 2025"' not in client.get(url("fact_change", "occupancy", row.pk)).text
    assert 'value="Vertrag von 2025"' in client.get(url("fact_correct", "occupancy", row.pk)).text


def test_what_was_confirmed_when_withdrawing_stands_in_the_trail(client, keeper):
    row = held(post(JANUARY), JANUARY)
    where, typed = url("fact_withdraw", "occupancy", row.pk), {"because": "Laut Frau Beispielmann", "seen": "1"}
    shown = client.post(where, typed)
    assert shown.status_code == 422
    assert "because" in shown.context["form"].errors
    keys = [finding.key for finding in shown.context["form"].to_confirm]
    assert client.post(where, typed | {"confirmed": keys}).status_code == 302
    assert TrailEntry.objects.get(act="occupancy.withdraw").note
