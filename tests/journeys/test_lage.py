"""A member of the steering group looks at how it stands before a meeting: on a phone, then by keyboard."""

import re

import pytest
from playwright.sync_api import expect

from kim.models import Role
from reports import counting
from steering.escalation import State
from tests.factories import county, issue_at, municipality, seat, steering_group, user


@pytest.fixture
def member(site):
    county()
    windeck = municipality("Windeck", latitude="50.8100", longitude="7.5700")
    alfter = municipality("Alfter", bank="left", latitude="50.7300", longitude="7.0100")
    for state, place in ((State.COORDINATION, windeck), (State.STEERING, windeck), (State.FED_BACK, alfter)):
        issue_at(state, municipality=place)
    counting.refresh()
    made = user(Role.STEERING_GROUP)
    seat(steering_group(), made, function="member")
    return made


def test_before_a_meeting_on_a_phone(member, window):
    phone = window(member, width=375, height=700)
    phone.open("/").reads("So steht es").press("Zur Lage", then="Wo die Knackpunkte liegen")
    page = phone.page
    for name in ("offene Knackpunkte", "rückgemeldet", "Koordinierung"):
        box = page.locator("main").get_by_text(name, exact=True).first.bounding_box()
        assert box["y"] + box["height"] < 640, f"{name} is not on the first screen"
    expect(page.locator(".kim-plot__drawing svg")).to_have_count(2)
    page.locator("details.kim-plot__table summary").first.click()
    phone.reads("11 bis 30")
    page.locator("#id_area").select_option(label="linksrheinisch")
    expect(page).to_have_url(re.compile("area=left"))
    phone.settled().look().reads("Alfter").does_not_read(">Windeck</a></th>")
    phone.press("Alle Stationen als Tabelle", then="Was im Zeitraum geschah")


def test_by_keyboard_and_in_the_dark(member, window):
    desk = window(member, scheme="dark")
    desk.open("/reports/")
    tile = desk.page.get_by_role("link", name="Windeck: 2 offene Knackpunkte")
    tile.focus()
    desk.page.keyboard.press("Enter")
    desk.reads("Themen in Windeck").look()
    desk.open("/reports/places/").open("/reports/chain/")
    expect(desk.page.locator(".kim-plot__drawing svg")).to_have_count(3)
