"""Every page of the network looked over in the browser: accessible, quiet, within its width."""

import pytest

from casework.lifecycle import State
from casework.models import Actor, Agreement, Conference, FollowUp, Participant, Referral
from kim import workdays
from tests.casework.factories import case_at, consent
from tests.factories import organisation


@pytest.fixture
def addresses(people):
    """Pages with something on them, long names included."""
    anna, today = people.anna, workdays.today()
    led = case_at(State.LINKING, by=anna)
    jobcenter = organisation("jobcenter", name="Jobcenter Rhein-Sieg, Geschäftsstelle Windeck", kind="employment")
    there = Actor.enter(
        by=anna, name="Beratungsstelle für Überschuldung, Verbraucherinsolvenz und Existenzsicherung", kind="welfare",
        responsibility="Überschuldung, P-Konto", website="https://beratung.example/ein/langer/weg/zur/seite",
        organisation=jobcenter, municipalities=[people.place],
    )  # fmt: skip
    gone = Actor.enter(by=anna, name="Früherer Verein", kind="volunteers")
    gone.end(by=anna, gone_on=today)
    conference = Conference.plan(led, by=anna, held_on=today, place="Rathaus", summary="Alle sind sich einig.")
    consent(led, "KONFERENZ", jobcenter)
    Participant.seat(conference, by=anna, institution=jobcenter, name="Fallmanagement")
    Agreement.note(conference, by=anna, who="Jobcenter", what="Kosten der Unterkunft prüfen", until=today)
    referral = Referral.send(led, by=anna, actor=there, occasion="Schulden ordnen", follow_up_on=today)
    follow_up = FollowUp.plan(led, by=anna, on_day=today, text="Bescheid da?")
    case = f"/casework/cases/{led.pk}"
    return [
        "/casework/actors/", "/casework/actors/?q=zzz", "/casework/actors/new/", f"/casework/actors/{there.pk}/",
        f"/casework/actors/{there.pk}/edit/", f"/casework/actors/{there.pk}/end/", f"/casework/actors/{gone.pk}/",
        f"{case}/", f"{case}/referrals/new/", f"{case}/referrals/new/?actor={there.pk}",
        f"/casework/referrals/{referral.pk}/answer/", f"{case}/conferences/new/",
        f"/casework/conferences/{conference.pk}/", f"/casework/conferences/{conference.pk}/edit/",
        f"/casework/conferences/{conference.pk}/seat/", f"/casework/conferences/{conference.pk}/agree/",
        "/casework/follow-ups/", "/casework/follow-ups/?state=done", f"{case}/follow-ups/new/",
        f"/casework/follow-ups/{follow_up.pk}/move/",
    ]  # fmt: skip


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (320, "dark")])
def test_every_page_of_the_network_is_looked_over(people, addresses, window, width, scheme):
    anna = window(people.anna, width=width, scheme=scheme)
    for address in addresses:
        anna.open(address)


def test_a_search_in_the_directory_swaps_the_results_and_announces_them(people, addresses, window):
    anna = window(people.anna)
    anna.open("/casework/actors/").fill(q="insolvenz")
    anna.settled().reads("Verbraucherinsolvenz")
    anna.fill(q="gibt es nicht").settled().reads("Nichts gefunden")
