"""Single sign-on through the pages of a real provider: in, out at both, ended from there, and who does not get in."""

import re
from dataclasses import replace

import pytest
from allauth.socialaccount.models import SocialAccount
from csp.constants import SELF
from django.conf import settings as configured
from playwright.sync_api import expect

from kim.models import Role, TrailEntry
from tests.factories import county, user
from tests.oidc import real

pytestmark = pytest.mark.needs("oidc")
ELSEWHERE = re.compile(r"^https?://(?!localhost[:/]|127\.0\.0\.1[:/])")
PEOPLE = {
    "s-anna": {"email": "Anna@kim.example", "email_verified": True},
    "s-bea": {"email": "bea@kim.example", "email_verified": True},
    "s-fremd": {"email": "fremd@kim.example", "email_verified": True},
}


def allow_forms_to(settings, *origins):
    directives = configured.CONTENT_SECURITY_POLICY["DIRECTIVES"] | {"form-action": [SELF, *origins]}
    settings.CONTENT_SECURITY_POLICY = configured.CONTENT_SECURITY_POLICY | {"DIRECTIVES": directives}


@pytest.fixture
def provider(site, settings):
    with real.running(site, PEOPLE) as found:
        settings.KIM_OIDC = found
        settings.BASE_URL = site
        allow_forms_to(settings, *found.origins)
        yield found


@pytest.fixture
def anna(site):
    county()
    return user(Role.CASE_MANAGER, email="anna@kim.example", name="Case Management Windeck")


def press(visitor):
    # Pages of the library ask for a font on the internet; here nobody does.
    visitor.page.context.route(ELSEWHERE, lambda route: route.fulfill(body="", content_type="text/css"))
    visitor.page.get_by_role("button", name="Anmelden mit Kreishaus").click()


def sign_in_there(visitor, provider, login):
    """Through the provider's own pages: who one is, and that KIM may know it."""
    visitor.page.wait_for_url(f"{provider.issuer}/interaction/**")
    visitor.page.fill("[name=login]", login)
    visitor.page.fill("[name=password]", "was auch immer")
    visitor.page.click("button[type=submit]")
    visitor.page.wait_for_selector("text=Authorize")
    visitor.page.click("button[type=submit]")


def test_in_through_the_provider_and_out_at_both(window, provider, anna):
    visitor = window()
    visitor.open("/absences/")
    press(visitor)
    sign_in_there(visitor, provider, "s-anna")
    visitor.page.wait_for_url("**/absences/")
    visitor.look()
    expect(visitor.page.locator(".kim-who strong")).to_have_text("Case Management Windeck")
    assert SocialAccount.objects.get().uid == "s-anna"
    assert TrailEntry.objects.filter(act="user.link_sso", object_id=str(anna.pk)).count() == 1

    visitor.page.get_by_role("button", name="Abmelden").click()
    visitor.page.wait_for_url(f"{provider.issuer}/session/end**")
    visitor.page.get_by_role("button", name="Yes, sign me out").click()
    visitor.page.wait_for_url("**/konto/login/**")
    visitor.look()
    # There as well: whoever comes next is asked who they are.
    press(visitor)
    visitor.page.wait_for_url(f"{provider.issuer}/interaction/**")
    expect(visitor.page.locator("[name=login]")).to_be_visible()


def test_signing_out_at_the_provider_signs_out_here(window, provider, anna):
    visitor = window()
    visitor.open("/konto/login/")
    press(visitor)
    sign_in_there(visitor, provider, "s-anna")
    visitor.page.wait_for_url(lambda address: address.rstrip("/").count("/") == 2)
    visitor.page.goto(f"{provider.issuer}/session/end")
    visitor.page.get_by_role("button", name="Yes, sign me out").click()
    visitor.page.wait_for_url(f"{provider.issuer}/session/end/success**")
    visitor.open("/absences/")
    assert visitor.page.title().startswith("Anmelden")
    assert TrailEntry.objects.filter(act="user.end_by_provider", object_id=str(anna.pk)).count() == 1


def test_back_by_a_form_the_session_is_still_the_same(window, provider, anna, settings):
    """The browser sends no cookie of ours with a form of the provider's."""
    settings.KIM_OIDC = replace(provider, mode="form_post")
    visitor = window()
    visitor.open("/absences/")
    press(visitor)
    sign_in_there(visitor, provider, "s-anna")
    visitor.page.wait_for_url("**/absences/")
    visitor.look()


def test_somebody_unknown_and_somebody_locked_read_what_to_do(window, provider, anna):
    user(Role.CASE_MANAGER, email="bea@kim.example", is_active=False)
    for login, words in [("s-fremd", "ist in KIM noch nicht angelegt"), ("s-bea", "gesperrt")]:
        visitor = window()
        visitor.open("/konto/login/")
        press(visitor)
        sign_in_there(visitor, provider, login)
        visitor.reads(words).look()
        visitor.open("/absences/")
        assert visitor.page.title().startswith("Anmelden")
    assert not SocialAccount.objects.exists()


def test_the_browser_leads_the_form_to_no_other_house(window, provider, anna, settings):
    """What the policy is for, and that the provider's origin has to stand in it."""
    allow_forms_to(settings)
    visitor = window()
    visitor.open("/konto/login/")
    press(visitor)
    visitor.page.wait_for_timeout(500)
    assert visitor.page.url.endswith("/konto/login/")
    assert any("form-action" in said for said in visitor.noise)
    visitor.noise.clear()
