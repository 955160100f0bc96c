"""Who may open what on the ground floor: one row per address, one column per role. An address without a row fails."""

import pytest
from django.conf import settings
from django.urls import get_resolver, reverse

from kim import account_requests, breaches, trail, trail_chain, workdays
from kim.models import Absence, AccountRequest, Breach, Device, Mail, Notice, Role, SavedFilter, SignIn, TrailAnchor
from tests.access_table import asked
from tests.factories import county, limits, user

pytestmark = pytest.mark.django_db

# fmt: off
#: GET, in the order of Role.
TABLE = [
    #  address         cm   coo  off  ste  pro  aut  adm  aud
    ("today",          200, 200, 200, 200, 200, 200, 200, 200),
    ("help",           200, 200, 200, 200, 200, 200, 200, 200),
    ("notice_list",    200, 200, 200, 200, 200, 200, 200, 200),
    ("absence_list",   200, 200, 200, 200, 200, 200, 200, 200),
    ("calendar",       200, 200, 200, 200, 200, 200, 200, 200),
    ("mail_list",      200, 200, 200, 200, 200, 200, 200, 200),
    ("operation",      403, 403, 403, 403, 403, 403, 200, 403),
    ("access_matrix",  403, 403, 403, 403, 403, 403, 200, 200),
    ("trail",          403, 403, 403, 403, 403, 403, 403, 200),
    ("accessibility",  200, 200, 200, 200, 200, 200, 200, 200),
    ("barrier_new",    200, 200, 200, 200, 200, 200, 200, 200),
    ("barrier_list",   403, 403, 403, 403, 403, 403, 200, 403),
    ("trail_state",    403, 403, 403, 403, 403, 403, 403, 200),
    ("account",        200, 200, 200, 200, 200, 200, 200, 200),
    ("factor_setup",   200, 200, 200, 200, 200, 200, 200, 200),
    ("account_list",   403, 403, 403, 403, 403, 403, 200, 403),
    ("processing_list", 403, 403, 403, 403, 403, 403, 200, 200),
    ("account_request_list", 403, 403, 403, 403, 403, 403, 200, 200),
    ("account_request_new", 403, 403, 403, 403, 403, 403, 200, 200),
    ("breach_list",    403, 403, 403, 403, 403, 403, 403, 200),
    ("breach_new",     200, 200, 200, 200, 200, 200, 200, 200),
]
#: The same for pages about an account.
ABOUT = [
    ("account_detail", 403, 403, 403, 403, 403, 403, 200, 403),
    ("account_invite", 403, 403, 403, 403, 403, 403, 200, 403),
    ("account_lock",   403, 403, 403, 403, 403, 403, 200, 403),
    ("account_leave",  403, 403, 403, 403, 403, 403, 200, 403),
]
# fmt: on

#: Addresses of things that belong to somebody: own, and somebody else's, which does not exist for others.
OWN = {
    "notice_read": lambda owner: Notice.objects.create(recipient=owner, key="k", headline="KP", url="/").pk,
    "mail_detail": lambda owner: Mail.objects.create(key="k", recipient=owner, to="a@kim.example", subject="S").pk,
    "filter_delete": lambda owner: SavedFilter.objects.create(user=owner, page="steering:issue_list", name="N").pk,
    "session_end": lambda owner: SignIn.objects.create(user=owner, browser="Firefox").pk,
    "device_forget": lambda owner: Device.objects.create(user=owner, browser="Firefox", digest="d").pk,
    "absence_end": lambda owner: (
        Absence.objects.create(user=owner, deputy=user(Role.CASE_MANAGER), valid_from=workdays.today()).pk
    ),
}
#: Addresses that take what is sent, for oneself only or for administrators; see their own tests.
ACTS = {
    "draft_save", "filter_save", "notice_read_all", "mail_resend_all", "mail_resend", "calendar_revoke",
    "session_end_others", "barrier_answer",
}  # fmt: skip
#: Files for the audit, with what stands in their address.
AUDIT_ALONE = {"trail_export": lambda: ["csv"], "trail_anchor": lambda: [anchor().pk]}
#: Of data protection, for something that is there: who opens it; nobody else, by GET or by POST. See their own tests.
GUARDED = {
    "processing_print": (lambda: ["rollen"], {Role.ADMIN, Role.AUDIT}),
    "account_request_detail": (lambda: [account_request().pk], {Role.ADMIN, Role.AUDIT}),
    "account_data_file": (lambda: [user().pk, "json"], {Role.ADMIN, Role.AUDIT}),
    "account_request_step": (lambda: [account_request().pk, "identify"], {Role.ADMIN, Role.AUDIT}),
    "breach_detail": (lambda: [breach().pk], {Role.AUDIT}),
    "breach_print": (lambda: [breach().pk], {Role.AUDIT}),
    "breach_step": (lambda: [breach().pk, "enter"], {Role.AUDIT}),
}
STEPS = ("account_request_step", "breach_step")


def account_request() -> AccountRequest:
    given = {"kind": "access", "received_on": workdays.today(), "came_by": "letter"}
    return account_requests.receive(account=user(), by=user(Role.AUDIT), **given)


def breach() -> Breach:
    return breaches.suspect(by=user(), discovered_at=workdays.now(), text="Ein Stick fehlt.")


#: Pages anybody may read, also without an account; see test_accessibility.
FOR_ANYBODY = {"accessibility", "barrier_new"}


def anchor() -> TrailAnchor:
    one = user()
    trail.record("absence.end", one, by=one)
    return trail_chain.anchor(workdays.today())


#: What administrators do with an account at one press.
PRESSED = ("account_withdraw", "account_reopen", "account_reset_factors", "account_end_sessions", "account_unlink")
#: What calendar programs ask for without signing in (see test_calendars), and the way in for who is invited
#: (test_accounts).
OPEN = {"calendar_feed", "invitation", "invitation_accept"}


@pytest.fixture(autouse=True)
def _county():
    county()
    limits()


@pytest.mark.parametrize("row", TABLE + ABOUT, ids=lambda row: row[0])
def test_pages(client, row):
    address, *expected = row
    arguments = [user(None).pk] if row in ABOUT else []
    found = []
    for role in Role:
        client.force_login(user(role))
        found.append(client.get(reverse(f"kim:{address}", args=arguments)).status_code)
    assert found == expected


@pytest.mark.parametrize("address", AUDIT_ALONE)
def test_only_the_audit_takes_the_trail_out_of_the_house(client, address):
    args = AUDIT_ALONE[address]()
    for role in Role:
        who = user(role)
        client.force_login(who)
        assert asked(client, who, reverse(f"kim:{address}", args=args)).status_code == (
            200 if role == Role.AUDIT else 403
        )


@pytest.mark.parametrize("address", [*PRESSED, *(row[0] for row in ABOUT[1:])])
def test_only_administrators_do_something_with_an_account(client, address):
    somebody = user(None)
    for role in set(Role) - {Role.ADMIN}:
        client.force_login(user(role))
        assert client.post(reverse(f"kim:{address}", args=[somebody.pk])).status_code == 403
    client.force_login(user(Role.ADMIN))
    assert client.post(reverse(f"kim:{address}", args=[somebody.pk])).status_code in (302, 422)
    assert client.post(reverse(f"kim:{address}", args=[somebody.pk + 10_000])).status_code == 404


@pytest.mark.parametrize("address", OWN)
def test_what_belongs_to_somebody_else_does_not_exist(client, address):
    owner = user(Role.CASE_MANAGER)
    pk = OWN[address](owner)
    ask = client.get if address == "mail_detail" else client.post
    for role in (Role.CASE_MANAGER, Role.COORDINATION, Role.AUDIT):
        client.force_login(user(role))
        assert ask(reverse(f"kim:{address}", args=[pk])).status_code == 404
    client.force_login(owner)
    assert ask(reverse(f"kim:{address}", args=[pk])).status_code in (200, 302)


@pytest.mark.parametrize("address", GUARDED)
def test_data_protection_opens_to_those_it_is_for(client, address):
    make, may = GUARDED[address]
    at = reverse(f"kim:{address}", args=make())
    for role in Role:
        client.force_login(user(role))
        ask = client.post if address in STEPS else client.get
        assert ask(at).status_code in ((200, 422) if role in may else (403, 404)), role


@pytest.mark.parametrize("address", ["mail_resend_all", "mail_resend"])
def test_only_administrators_send_mail_again(client, address):
    mail = Mail.objects.create(key="k", to="a@kim.example", subject="S", state="failed")
    arguments = [mail.pk] if address == "mail_resend" else []
    for role in set(Role) - {Role.ADMIN}:
        client.force_login(user(role))
        assert client.post(reverse(f"kim:{address}", args=arguments)).status_code == 403


def test_with_a_mail_server_there_is_no_page_of_mails(client, monkeypatch):
    client.force_login(user(Role.ADMIN))
    monkeypatch.setattr(settings, "KIM_MAIL_TRANSPORT", "smtp")
    assert client.get(reverse("kim:mail_list")).status_code == 404


def test_every_address_of_the_ground_floor_has_a_row():
    resolver = next(r for r in get_resolver().url_patterns if getattr(r, "namespace", "") == "kim")
    named = {pattern.name for pattern in resolver.url_patterns}
    tables = {row[0] for row in TABLE + ABOUT} | set(OWN) | set(AUDIT_ALONE) | set(GUARDED) | set(PRESSED)
    assert named == tables | ACTS | OPEN


def test_nobody_sees_anything_before_signing_in(client):
    for address, *_ in TABLE:
        assert client.get(reverse(f"kim:{address}")).status_code == (200 if address in FOR_ANYBODY else 302)
