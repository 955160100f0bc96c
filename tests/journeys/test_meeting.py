"""Before a meeting: a topic is proposed, the agenda put in order by keyboard and by dragging, the invitation sent."""

import pytest
from playwright.sync_api import expect

from kim.models import Mail
from steering.models import Meeting
from tests.factories import meeting, steering_group


@pytest.mark.parametrize("width", [1280, 375])
def test_a_meeting_is_prepared(people, window, width):
    steering_group().meetings.all().delete()
    there = meeting(days=40)
    for title in ("Sprachmittlung", "Wohnungen"):
        there.propose_topic(by=people.office, title=title)
    member = window(people.chair, width=width)
    member.open(there.get_absolute_url())
    member.press("Thema anmelden").fill(title="Termine im Amt").press("Anmelden", said="steht auf der Tagesordnung")

    office = window(people.office, width=width)
    office.open(there.get_absolute_url()).press("Ordnen", then="Jede Änderung ist sofort gespeichert")
    titles = office.page.locator("#order .kim-agenda__title")
    expect(titles).to_have_text(["Sprachmittlung", "Wohnungen", "Termine im Amt"])
    button = office.page.get_by_role("button", name="nach oben: TOP 3")
    button.focus()
    office.page.keyboard.press("Enter")
    expect(office.page.locator("#ansage")).to_have_text("Jetzt auf Platz 2 von 3")
    expect(titles).to_have_text(["Sprachmittlung", "Termine im Amt", "Wohnungen"])
    office.settled()
    titles.nth(2).drag_to(titles.nth(0), target_position={"x": 4, "y": 1})
    expect(office.page.locator("#ansage")).to_have_text("Jetzt auf Platz 1 von 3")
    office.settled().look()
    assert [item.title for item in there.agenda.in_order()] == ["Wohnungen", "Sprachmittlung", "Termine im Amt"]

    office.press("Zur Sitzung").press("Einladen").press("Einladen", said="1 Mitglied bekommt die Einladung")
    assert Meeting.objects.get(pk=there.pk).sequence == 1
    assert Mail.objects.get().recipient == people.chair
    member.open(there.get_absolute_url()).reads("eingeladen am")
    office.open(there.get_absolute_url()).press("Ordnen", then="Abstimmung des Gremiums")


def test_the_order_is_kept_without_javascript(people, window):
    there = meeting(days=40)
    for title in ("Sprachmittlung", "Wohnungen"):
        there.propose_topic(by=people.office, title=title)
    office = window(people.office, script=False)
    office.open(f"/steering/meetings/{there.pk}/order/").press("nach unten: TOP 1", exact=True)
    titles = office.page.locator("#order .kim-agenda__title")
    expect(titles).to_have_text(["Wohnungen", "Sprachmittlung"])
