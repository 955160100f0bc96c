"""In a browser: an app's code and a recovery code, a passkey, what a role asks for, an invitation, a session ended."""

import re
import time
from types import SimpleNamespace

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from playwright.sync_api import expect

from kim import accounts
from kim.models import Mail, Role, SignIn, TrailEntry, User
from tests.factories import county, limits, user
from tests.journeys.conftest import PASSWORD, sign_in


@pytest.fixture
def anna(site):
    county()
    limits()
    return user(Role.CASE_MANAGER, name="Case Management Windeck")


@pytest.fixture(autouse=True)
def _here(settings, site):
    settings.BASE_URL = site


@pytest.fixture
def clock(monkeypatch):
    """The clock apps and KIM agree on, so that nobody waits for the next code."""
    moment = SimpleNamespace(now=time.time())
    monkeypatch.setattr("allauth.mfa.totp.internal.auth.time", SimpleNamespace(time=lambda: moment.now))
    return moment


def next_code(clock, secret: str) -> str:
    """What the app shows half a minute later: a code that has not been used yet."""
    clock.now += 30
    return format_hotp_value(hotp_value(secret, int(clock.now) // 30))


def confirm(visitor, code):
    visitor.fill(code=code)
    visitor.page.get_by_role("button", name="Anmelden", exact=True).click()


def at_home(visitor):
    visitor.page.wait_for_url(re.compile(r"://[^/]+/$"))
    return visitor.look()


def virtual_key(visitor):
    """An authenticator inside the browser that always says yes."""
    cdp = visitor.page.context.new_cdp_session(visitor.page)
    cdp.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    cdp.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return cdp


def test_a_code_from_an_app_and_a_recovery_code(anna, window, clock):
    visitor = window()
    sign_in(visitor.open("/"), anna)
    at_home(visitor)
    visitor.open("/account/").press("Code aus einer App einrichten", then="Lesen Sie dieses Bild")
    visitor.page.get_by_text("Ohne Kamera").click()
    secret = visitor.page.locator("details .kim-code").inner_text().strip()
    visitor.fill(code="000000").press("Einrichten", then="Die App ist noch nicht eingerichtet")
    visitor.fill(code=next_code(clock, secret)).press("Einrichten", then="zeigt sie nur")
    codes = visitor.page.locator(".kim-codes li").all_inner_texts()
    assert Mail.objects.filter(recipient=anna, subject="KIM: Zweiter Faktor eingerichtet").exists()
    visitor.press("Ich habe sie verwahrt", then="noch 10 von 10 übrig")
    visitor.page.get_by_role("button", name="Abmelden").click()

    sign_in(visitor.open("/account/"), anna)
    visitor.reads("Ihr Kennwort stimmt").look()
    confirm(visitor, next_code(clock, secret))
    visitor.page.wait_for_url("**/account/")
    visitor.page.get_by_role("button", name="Abmelden").click()

    sign_in(visitor.open("/account/"), anna)
    visitor.reads("Ihr Kennwort stimmt")
    confirm(visitor, codes[3])
    visitor.page.wait_for_url("**/account/")
    visitor.reads("noch 9 von 10 übrig").look()


def test_a_passkey_as_second_factor_and_alone(anna, window, settings):
    settings.KIM_MFA_ROLES = frozenset({"case_manager"})
    visitor = window()
    virtual_key(visitor)
    sign_in(visitor.open("/"), anna)
    visitor.page.wait_for_url("**/account/factor/")
    visitor.look()
    visitor.open("/steering/reports/").reads("Zweiten Faktor einrichten")  # nowhere else
    visitor.press("Passkey einrichten", then="Damit Sie ihn später wiedererkennen")
    visitor.fill(name="Dienstlaptop").press("Passkey einrichten", then="zeigt sie nur")
    visitor.press("Ich habe sie verwahrt", then="Dienstlaptop")
    visitor.page.get_by_role("button", name="Abmelden").click()

    sign_in(visitor.open("/account/"), anna)
    visitor.reads("Ihr Kennwort stimmt")
    visitor.page.get_by_role("button", name="Passkey verwenden").click()
    visitor.page.wait_for_url("**/account/")
    visitor.page.get_by_role("button", name="Abmelden").click()
    visitor.page.wait_for_url("**/konto/login/**")

    visitor.page.get_by_role("button", name="Mit Passkey anmelden").click()
    at_home(visitor)
    assert TrailEntry.objects.filter(act="user.sign_in").latest("pk").note == "Passkey"
    visitor.open("/account/").press("Umbenennen", then="Passkey umbenennen")
    visitor.fill(name="Laptop im Büro").press("Speichern", then="Laptop im Büro")


def test_a_browser_that_has_no_passkey_says_so(anna, window):
    visitor = window()
    virtual_key(visitor)
    visitor.open("/konto/login/")
    visitor.page.get_by_role("button", name="Mit Passkey anmelden").click()
    visitor.reads("Abgebrochen, oder es war kein passender Passkey da.").look()


def test_from_an_invitation_to_the_first_page(anna, window):
    admin = user(Role.ADMIN, name="Fachadministration")
    new = user(Role.CASE_MANAGER, name="Case Management Eitorf", email="")
    at_work = window(admin)
    at_work.open("/accounts/").press(str(new), then="Wer eingeladen wird")
    at_work.press("Einladen", then="bekommt einen Link")
    at_work.fill(email="eitorf@kreis.example").press("Einladen", said="Eingeladen.")
    at_work.reads("eingeladen")
    link = re.search(r"http\S+", Mail.objects.get(recipient=new).body)[0]

    visitor = window()
    visitor.open(link).reads("Willkommen in KIM")
    assert link.rstrip("/").rsplit("/", 1)[1] not in visitor.page.url
    visitor.fill(password1="kurz", password2="kurz").press("Kennwort setzen", then="Das Kennwort wurde nicht gesetzt")
    visitor.fill(password1=PASSWORD, password2=PASSWORD)
    visitor.page.get_by_role("button", name="Kennwort setzen und anmelden").click()
    at_home(visitor)
    window().open(link).reads("Diese Einladung gilt nicht mehr")

    # and out again: locked by the administration, in the middle of work
    at_work.open(f"/accounts/{new.pk}/").press("Sperren", then="wird sofort abgemeldet")
    at_work.page.get_by_label("Verdacht auf Missbrauch").check()
    at_work.press("Sperren", said="Das Konto ist gesperrt")
    visitor.open("/").reads("Ihr Konto ist geschlossen")


def test_a_session_is_ended_from_another_browser(anna, window):
    one, other = window(), window()
    sign_in(one.open("/account/"), anna)
    one.page.wait_for_url("**/account/")
    other.open("/account/").fill(login=anna.username, password=PASSWORD)
    other.page.get_by_role("button", name="Anmelden", exact=True).click()
    other.page.wait_for_url("**/account/")
    assert SignIn.objects.filter(user=anna).count() == 2
    assert "neuen Gerät" in Mail.objects.get(recipient=anna).subject
    one.open("/account/").reads("2 offen")
    expect(one.page.get_by_text("diese", exact=True)).to_have_count(1)
    one.page.get_by_role("button", name=re.compile("^Beenden")).click()
    one.reads("1 offen").look()
    other.open("/steering/reports/").reads("Diese Anmeldung wurde beendet")


def test_without_javascript_the_code_is_the_way(anna, window, settings):
    settings.KIM_MFA_ROLES = frozenset({"alle"})
    visitor = window(script=False)
    sign_in(visitor.open("/"), anna)
    visitor.page.wait_for_url("**/account/factor/")
    visitor.press("Passkey einrichten", then="Passkeys brauchen JavaScript")
    expect(visitor.page.get_by_role("button", name="Passkey einrichten")).to_have_count(0)
    visitor.open("/account/factor/").press("Code aus einer App einrichten", then="Lesen Sie dieses Bild")
    assert accounts.needs_second_factor(User.objects.get(pk=anna.pk))
