"""The administration finds a vacancy on the board, fills it, and sees before and after what that changes."""

import datetime as dt

import pytest

from funding.models import Occupancy
from kim import workdays
from kim.models import Role
from tests.factories import county, municipality, organisation, user
from tests.funding import makers


@pytest.fixture
def windeck(site):
    """A post that nobody holds, and somebody who works in Windeck without one."""
    county()
    organisation()
    year = workdays.today().year
    begun = dt.date(year - 1, 1, 1)
    makers.notice(2, begun, dt.date(year + 1, 1, 1))
    makers.held(makers.post(begun, number="M2-01", title="Troisdorf"), begun)
    makers.post(begun, number="M2-02", title="Windeck und Ruppichteroth")
    municipality("Siegburg")
    return user(Role.CASE_MANAGER, municipality=municipality("Windeck"), name="Case Management Windeck")


def test_a_vacancy_is_seen_and_filled(windeck, window):
    admin = window(makers.admin())
    admin.open("/").press("Stellen", within="nav", exact=True)
    admin.reads("Stellen und Köpfe", "Freie Stellen: 1.").reads("Kommunen ohne Case Management: 1.")
    admin.press("Windeck und Ruppichteroth", then="frei")
    admin.press("Besetzung eintragen", then="Besetzung eintragen")
    admin.fill(user="Case Management Windeck", share="1", valid_from=f"{workdays.today():%d.%m.%Y}")
    admin.press("Weiter", then="Was sich dadurch ändert").reads("Modul 2, besetzt am")
    assert Occupancy.objects.count() == 1  # looking changes nothing
    admin.press("Jetzt so eintragen", said="Eingetragen: Besetzung")
    admin.open("/funding/board/").does_not_read("Freie Stellen: 1.")
    row = admin.page.get_by_role("row").filter(has=admin.page.get_by_role("link", name="Windeck und Ruppichteroth"))
    assert f"Case Management Windeck seit {workdays.today():%d.%m.%Y}" in row.first.inner_text()
    before = workdays.today() - dt.timedelta(days=1)
    admin.open(f"/funding/board/?on={before:%d.%m.%Y}").reads("Freie Stellen: 1.")


@pytest.mark.parametrize(("width", "scheme"), [(1280, "dark"), (375, "light")])
def test_every_page_of_staffing_is_looked_over(windeck, window, width, scheme):
    said = makers.reported(as_of=workdays.today(), value="1.5", measure="filled")
    admin = window(makers.admin(), width=width, scheme=scheme)
    board = admin.open("/funding/board/")
    board.page.get_by_role("region", name="Tafel, seitlich verschiebbar").focus()
    board.page.keyboard.press("ArrowRight")
    for address in ("coverage/", "reported/", "reported/new/", f"reported/{said.pk}/", f"reported/{said.pk}/clarify/"):
        admin.open(f"/funding/{address}")
    window(windeck, width=width, scheme=scheme).open("/funding/my-post/").reads("Windeck")
