"""Acts on posts and people: what each changes, what it refuses in words, and that nothing is half done."""

from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from funding.models import Leave, Occupancy, Post, PostTerm, placing
from funding.models.placing import Place
from kim import workdays
from kim.models import Assignment, Role, RoleGrant, TrailEntry, User
from kim.workflow import OutOfTurn, StepRefused
from tests.factories import municipality, organisation, user
from tests.funding.makers import D, admin, held, post

pytestmark = pytest.mark.django_db
JANUARY, JUNE, JULY = D(2026, 1, 1), D(2026, 6, 30), D(2026, 7, 1)
HALF = Decimal("0.5")


def holders(of: Post, on):
    return {row.user: row.share for row in of.occupancies.believed().valid_on(on).select_related("user")}


def places(person, on):
    rows = Assignment.objects.valid_on(on).filter(user=person, known_until__isnull=True).select_related("municipality")
    return {row.municipality.name: (row.weekdays, row.share, row.employer.key) for row in rows}


def roles(person, on):
    return set(RoleGrant.objects.valid_on(on).filter(user=person).values_list("role", flat=True))


def placed(person, *rows, day=JANUARY, employer=None, role=Role.CASE_MANAGER):
    placing.split_days(person, day, rows, by=admin(), role=role, employer=employer or organisation())


@pytest.fixture
def here():
    """Somebody on a whole post, two days in one place and one in another."""
    stands, person = post(JANUARY), user(Role.CASE_MANAGER, name="Case Management Windeck")
    row = held(stands, JANUARY, person=person)
    windeck, eitorf = municipality("Windeck"), municipality("Eitorf")
    placed(person, Place(windeck, "12", HALF), Place(eitorf, "4", Decimal("0.25")))
    return stands, person, row, windeck, eitorf


# Facts


@pytest.mark.parametrize(
    ("first", "until", "share", "says"),
    [
        (D(2026, 3, 1), None, 1, "mehr als ganz besetzt"),
        (D(2025, 12, 1), None, 1, "Die Stelle gibt es"),
        (D(2026, 3, 1), D(2026, 3, 1), 1, "Ende muss nach dem Anfang"),
        (D(2026, 3, 1), D(2026, 2, 1), 1, "Ende muss nach dem Anfang"),
        (D(2027, 1, 1), None, -1, "größer als 0"),
    ],
    ids=["too much", "before the post", "no day", "inverted", "negative"],
)
def test_an_occupancy_that_cannot_be_is_refused_in_words(first, until, share, says):
    stands = post(JANUARY)
    held(stands, JANUARY, D(2027, 1, 1))
    before = Occupancy.objects.count(), TrailEntry.objects.count(), User.objects.count()
    person = user()
    with pytest.raises((StepRefused, ValidationError)) as refused:
        held(stands, first, until, share=share, person=person)
    assert says in str(refused.value)
    assert (Occupancy.objects.count(), TrailEntry.objects.count(), User.objects.count() - 1) == before


@pytest.mark.parametrize("entered_first", ["leave", "occupancy"])
def test_somebody_on_leave_leaves_room_and_so_does_somebody_substituted(entered_first):
    stands, absent = post(JANUARY), user()
    held(stands, JANUARY, person=absent)
    if entered_first == "leave":
        Leave.enter(by=admin(), user=absent, kind="parental", valid_from=D(2026, 3, 1), valid_until=JULY)
        held(stands, D(2026, 3, 1), JULY)
        with pytest.raises(StepRefused, match=r"Am 01\.07\.2026"):
            held(stands, JULY, D(2026, 8, 1))
    else:
        held(stands, D(2026, 3, 1), JULY, substitute_for=absent)
    assert len(holders(stands, D(2026, 4, 1))) == 2


def test_two_share_a_post_but_not_more_than_it_is():
    stands = post(JANUARY, fte=Decimal("0.75"))
    held(stands, JANUARY, share=HALF)
    with pytest.raises(StepRefused, match="0,75 VZÄ mehr als ganz besetzt"):
        held(stands, JANUARY, share=HALF)
    held(stands, JANUARY, share=Decimal("0.25"))
    with pytest.raises(StepRefused, match="nur 0,75 VZÄ"):
        held(post(JANUARY, fte=Decimal("0.75")), JANUARY, share=1)


def test_somebody_may_hold_more_than_one_whole_post():
    person = user()
    held(post(JANUARY), JANUARY, person=person)
    held(post(JANUARY), JANUARY, share=HALF, person=person)
    assert placing.held_on(person, JANUARY) == Decimal("1.5")


@pytest.mark.parametrize("act", ["end", "correct", "withdraw"])
def test_a_post_does_not_end_under_somebody_who_holds_it(here, act):
    stands, _, _, *_ = here
    term = stands.terms.get()
    told = {"end": (JUNE,), "correct": (), "withdraw": ()}[act]
    more = {"end": {}, "correct": {"valid_from": JULY}, "withdraw": {"because": "Doppelt"}}[act]
    with pytest.raises(StepRefused, match="Case Management Windeck hat die Stelle inne"):
        getattr(term, act)(*told, by=admin(), **more)
    assert stands.terms.believed().get().valid_until is None


def test_a_change_of_the_post_leaves_who_holds_it(here):
    stands, person, *_ = here
    other = organisation("windeck", name="Gemeinde Windeck", kind="municipality")
    stands.terms.get().change_from(JULY, by=admin(), employer=other)
    assert [term.employer for term in stands.terms.believed()] == [organisation(), other]
    assert holders(stands, JULY) == {person: 1}


# Posts


def test_a_new_post_comes_with_its_first_term():
    county = organisation()
    told = {"module": "overhead", "item": "post", "fte": 1, "employer": county, "recipient": county}
    made = Post.enter(by=admin(), number="M1-09", title="Geschäftsstelle", valid_from=JANUARY, **told)
    assert made.terms.get().span == "ab 01.01.2026"
    with pytest.raises(StepRefused, match="schon eine andere Stelle"):
        Post.enter(by=admin(), number="m1-09", title="Andere", valid_from=JANUARY, **told)
    with pytest.raises(PermissionDenied):
        Post.enter(by=user(Role.COORDINATION), number="M1-10", title="Andere", valid_from=JANUARY, **told)


def test_a_post_is_handed_over_with_places_and_role(here):
    stands, giver, row, *_ = here
    taker = user(None, name="Neue Fallführung")
    made = stands.hand_over(
        by=admin(), giver=row, last_day=JUNE, taker=taker, with_places=True, ends_roles=True, gives_roles=True
    )
    assert (holders(stands, JUNE), holders(stands, JULY)) == ({giver: 1}, {taker: 1})
    assert made.valid_from == JULY
    assert places(giver, JUNE) == places(taker, JULY) == {
        "Windeck": ("12", HALF, "kreis"), "Eitorf": ("4", Decimal("0.25"), "kreis"),
    }  # fmt: skip
    assert not places(giver, JULY)
    assert (roles(giver, JUNE), roles(giver, JULY)) == ({"case_manager"}, set())
    assert roles(taker, JULY) == {"case_manager"}
    assert not roles(taker, JUNE)
    assert TrailEntry.objects.filter(act="post.hand_over", object_id=str(stands.pk)).count() == 1


def test_somebody_leaves_and_nobody_follows(here):
    stands, giver, row, *_ = here
    assert stands.hand_over(by=admin(), giver=row, last_day=JUNE) is None
    assert not holders(stands, JULY)
    assert not places(giver, JULY)
    assert roles(giver, JULY) == {"case_manager"}, "nobody asked to end it"


def test_who_still_holds_another_post_keeps_places_and_role(here):
    stands, giver, row, *_ = here
    held(post(JANUARY), JANUARY, share=HALF, person=giver)
    stands.hand_over(by=admin(), giver=row, last_day=JUNE, taker=user(), ends_roles=True)
    assert places(giver, JULY)
    assert roles(giver, JULY) == {"case_manager"}


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"first_day": JUNE}, "mehr als ganz besetzt"),
        ({"share": HALF, "with_places": True}, "zusammen 0,75 VZÄ"),
        ({"last_day": D(2025, 12, 1)}, "Ende liegt vor dem Anfang"),
    ],
    ids=["both at once", "places of more than the share", "before it began"],
)
def test_a_hand_over_that_cannot_be_leaves_everything_as_it_was(here, given, says):
    stands, giver, row, *_ = here
    before = TrailEntry.objects.count(), Assignment.objects.count(), Occupancy.objects.count()
    with pytest.raises(StepRefused, match=says):
        stands.hand_over(**{"by": admin(), "giver": row, "last_day": JUNE, "taker": user()} | given)
    assert (TrailEntry.objects.count(), Assignment.objects.count(), Occupancy.objects.count()) == before
    assert holders(stands, JULY) == {giver: 1}


def test_only_who_holds_a_post_hands_it_over(here):
    _, giver, row, *_ = here
    with pytest.raises(StepRefused, match="gehört zu einer anderen Stelle"):
        post(JANUARY).hand_over(by=admin(), giver=row, last_day=JUNE)


def test_the_second_of_two_who_hand_over_the_same_is_told_so(here):
    stands, _, row, *_ = here
    seen = Occupancy.objects.get(pk=row.pk)
    stands.hand_over(by=admin(), giver=row, last_day=JUNE, taker=user(name="Erste"))
    with pytest.raises(OutOfTurn, match="inzwischen geändert"):
        stands.hand_over(by=admin(), giver=seen, last_day=JUNE, taker=user(name="Zweite"))
    assert {str(person) for person in holders(stands, JULY)} == {"Erste"}


def test_who_changes_who_holds_a_post_locks_it_before_looking():
    stands, person, by = post(JANUARY), user(), admin()
    with CaptureQueriesContext(connection) as queries:
        Occupancy.enter(by=by, post=stands, user=person, share=1, valid_from=JANUARY)
    said = [query["sql"] for query in queries]
    lock = next(no for no, sql in enumerate(said) if 'FROM "funding_post" ' in sql)
    looks = next(no for no, sql in enumerate(said) if 'FROM "funding_postterm"' in sql)
    assert lock < looks < next(no for no, sql in enumerate(said) if 'INSERT INTO "funding_occupancy"' in sql)
    assert ("FOR UPDATE" in said[lock]) == connection.features.has_select_for_update


def test_a_post_falls_away_with_all_who_hold_it(here):
    stands, person, row, *_ = here
    row.end(D(2026, 12, 31), by=admin())
    later = held(stands, D(2027, 1, 1))
    stands.fall_away(by=admin(), last_day=JUNE, because="Programm endet", ends_roles=True)
    assert stands.terms.believed().get().last_day == JUNE
    assert stands.occupancies.believed().get().last_day == JUNE
    assert not places(person, JULY)
    assert not roles(person, JULY)
    later.refresh_from_db()
    assert later.withdrawn_because == "Programm endet"
    with pytest.raises(StepRefused, match="schon nicht mehr"):
        stands.fall_away(by=admin(), last_day=JULY, because="Noch einmal")
    with pytest.raises(StepRefused, match="noch nicht"):
        post(JULY).fall_away(by=admin(), last_day=JUNE, because="Zu früh")


# People


def test_an_account_gets_a_name_a_role_and_no_password():
    made = placing.account(
        by=admin(), display_name="Case Management Eitorf", username="cm-eitorf", organisation=organisation(),
        role=Role.CASE_MANAGER, first_day=JULY,
    )  # fmt: skip
    assert not made.has_usable_password()
    assert (roles(made, JUNE), roles(made, JULY)) == (set(), {"case_manager"})
    with pytest.raises(StepRefused, match="vergeben"):
        placing.account(
            by=admin(), display_name="Noch eins", username="CM-Eitorf", organisation=organisation(),
            role=Role.CASE_MANAGER, first_day=JULY,
        )  # fmt: skip


@pytest.mark.parametrize("keeps", [True, False])
def test_somebody_moves_to_another_post(here, keeps):
    stands, person, row, *_ = here
    other = post(JANUARY, module="overhead")
    placing.move(
        person, by=admin(), leaves=row, last_day=JUNE, post=other, share=Decimal(1), keeps_places=keeps,
        ends_roles=True, role=Role.STRATEGIC_OFFICE,
    )  # fmt: skip
    assert (holders(stands, JUNE), holders(stands, JULY), holders(other, JULY)) == ({person: 1}, {}, {person: 1})
    assert roles(person, JULY) == {"strategic_office"}
    assert bool(places(person, JULY)) is keeps


@pytest.mark.parametrize(
    ("share", "on", "says"),
    [
        (1, "same", "dieselbe Stelle"),
        (1, "full", "mehr als ganz besetzt"),
        (1, "later", "gibt es am 01.07.2026 nicht"),
        (HALF, "free", "zusammen 0,75 VZÄ"),
    ],
)
def test_a_move_that_cannot_be_leaves_everything_as_it_was(here, share, on, says):
    stands, person, row, *_ = here
    other = {"same": stands, "full": post(JANUARY), "later": post(D(2027, 1, 1)), "free": post(JANUARY)}[on]
    if on == "full":
        held(other, JANUARY)
    with pytest.raises(StepRefused, match=says):
        placing.move(person, by=admin(), leaves=row, last_day=JUNE, post=other, share=Decimal(share), keeps_places=True)
    assert holders(stands, JULY) == {person: 1}
    assert len(places(person, JULY)) == 2


def test_days_are_split_anew_and_what_was_believed_before_stays(here):
    _, person, _, windeck, eitorf = here
    much = municipality("Much")
    before = workdays.now()
    placed(person, Place(windeck, "12", HALF), Place(much, "45", HALF), day=JULY)
    assert set(places(person, JUNE)) == {"Windeck", "Eitorf"}
    assert places(person, JULY) == {"Windeck": ("12", HALF, "kreis"), "Much": ("45", HALF, "kreis")}
    went_on = Assignment.objects.get(municipality=windeck)
    assert went_on.valid_until is None, "what says the same goes on as one row"
    known = Assignment.objects.known_on(before).valid_on(JULY).filter(user=person)
    assert {row.municipality for row in known} == {windeck, eitorf}


def test_the_employer_changes_and_the_place_stays(here):
    _, person, _, windeck, eitorf = here
    town = organisation("windeck", name="Gemeinde Windeck", kind="municipality")
    placed(person, Place(windeck, "12", HALF), day=JULY, employer=town)
    assert places(person, JUNE)["Windeck"] == ("12", HALF, "kreis")
    assert places(person, JULY) == {"Windeck": ("12", HALF, "windeck")}


def test_days_of_the_same_first_day_are_a_correction(here):
    _, person, _, windeck, eitorf = here
    placed(person, Place(windeck, "345", HALF))
    assert places(person, JANUARY) == {"Windeck": ("345", HALF, "kreis")}
    assert Assignment.objects.filter(user=person).count() == 3


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([("Windeck", "12", None), ("Eitorf", "2", HALF)], "Am Dienstag wäre die Person in Windeck und Eitorf"),
        ([("Windeck", "12", HALF), ("Eitorf", "45", Decimal("0.75"))], "zusammen 1,25 VZÄ"),
    ],
    ids=["two places on one day", "more than is held"],
)
def test_days_that_cannot_be_are_refused_and_nothing_ends(here, rows, says):
    _, person, _, windeck, eitorf = here
    by_name = {"Windeck": windeck, "Eitorf": eitorf}
    before = places(person, JULY)
    with pytest.raises(StepRefused, match=says):
        placed(person, *(Place(by_name[name], days, share) for name, days, share in rows), day=JULY)
    assert places(person, JULY) == before


def test_half_days_at_two_places_need_their_shares(here):
    _, person, _, windeck, eitorf = here
    placed(person, Place(windeck, "12", HALF), Place(eitorf, "2", HALF), day=JULY)
    assert set(places(person, JULY)) == {"Windeck", "Eitorf"}


def test_places_of_another_function_stay(here):
    _, person, *_ = here
    siegburg = municipality("Siegburg")
    placed(person, Place(siegburg, "5", Decimal("0.25")), day=JULY, role=Role.COORDINATION)
    placed(person, day=D(2026, 8, 1))
    assert set(places(person, JULY)) == {"Windeck", "Eitorf", "Siegburg"}
    assert set(places(person, D(2026, 8, 1))) == {"Siegburg"}


@pytest.mark.parametrize("held_already", [None, (D(2026, 1, 1), D(2026, 8, 1)), (D(2026, 9, 1), None)])
def test_a_role_is_given_once_at_a_time(held_already):
    person = user(None)
    if held_already:
        first, until = held_already
        RoleGrant.objects.create(user=person, role="case_manager", valid_from=first, valid_until=until)
    placing.give_roles(person, ["case_manager"], JULY, by=admin())
    for day in (JULY, D(2026, 8, 15), D(2026, 9, 15)):
        assert RoleGrant.objects.valid_on(day).filter(user=person).count() == 1, day


def test_nobody_else_moves_people(here):
    stands, person, row, windeck, _ = here
    stranger = user(Role.COORDINATION)
    for act in (
        lambda: stands.hand_over(by=stranger, giver=row, last_day=JUNE),
        lambda: stands.fall_away(by=stranger, last_day=JUNE, because="Nein"),
        lambda: placing.split_days(person, JULY, [], by=stranger, role="case_manager", employer=organisation()),
        lambda: placing.move(
            person, by=stranger, leaves=row, last_day=JUNE, post=post(), share=Decimal(1), keeps_places=True
        ),
    ):
        with pytest.raises(PermissionDenied):
            act()
    assert PostTerm.objects.filter(post=stands).count() == 1
