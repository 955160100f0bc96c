"""The second factor: codes, passkeys, recovery codes; encrypted, asked for by role, taken away by administrators."""

import json
import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse

from kim import accounts, factors, sign_ins, workdays
from kim.apps import _demand_known_roles
from kim.models import Mail, Role, SignIn, TrailEntry
from kim.settings import factors_key, mfa_roles
from kim.workflow import StepRefused
from tests.factories import county, user

pytestmark = pytest.mark.django_db
PASSWORD = "vier zufällige Wörter hier"
APP, CODE = "/konto/faktor/app/", "/konto/faktor/code/"
SETUP = "/account/factor/"


def code_of(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30))


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06}"


@pytest.fixture(autouse=True)
def _county():
    county()


@pytest.fixture(autouse=True)
def _one_window(monkeypatch):
    """All codes of a test belong to one span of thirty seconds."""
    now = time.time() // 30 * 30 + 5
    monkeypatch.setattr("allauth.mfa.totp.internal.auth.time.time", lambda: now)


@pytest.fixture
def person():
    made = user(Role.CASE_MANAGER)
    made.set_password(PASSWORD)
    made.save()
    return made


def sign_in(client, person):
    return client.post("/konto/login/", {"login": person.username, "password": PASSWORD})


def set_up(client) -> tuple[str, list[str]]:
    """An app for whoever is signed in: its secret, and the recovery codes shown with it."""
    secret = client.get(APP).context["form"].secret
    answer = client.post(APP, {"code": code_of(secret)})
    assert answer.headers["Location"] == "/konto/faktor/ersatzcodes/"
    return secret, client.get("/konto/faktor/ersatzcodes/").context["unused_codes"]


@pytest.fixture
def with_app(client, person):
    """Somebody with an app and recovery codes, signed out."""
    sign_in(client, person)
    secret, codes = set_up(client)
    client.post("/konto/logout/")
    return secret, codes


class TestCodes:
    def test_the_picture_is_markup_of_the_page(self, client, person):
        sign_in(client, person)
        answer = client.get(APP)
        assert '<svg role="img"' in answer.text
        assert "data:" not in answer.text
        assert "<?xml" not in answer.text
        assert "img-src 'self'" in answer.headers["Content-Security-Policy"]
        assert "no-store" in answer.headers["Cache-Control"]

    def test_nobody_gets_in_by_the_password_alone(self, client, person, with_app):
        answer = sign_in(client, person)
        assert answer.headers["Location"] == CODE
        assert client.get(reverse("kim:account")).status_code == 302
        assert not SignIn.objects.filter(user=person).exists()
        answer = client.post(CODE, {"code": code_of(with_app[0])})
        assert answer.headers["Location"] == "/"
        assert client.get(reverse("kim:account")).status_code == 200
        assert TrailEntry.objects.filter(act="user.sign_in").latest("pk").note == "Kennwort, Code"

    def test_a_code_works_once(self, client, person, with_app):
        for expected in ("/", None):
            sign_in(client, person)
            answer = client.post(CODE, {"code": code_of(with_app[0])})
            assert answer.headers.get("Location") == expected
            client.logout()
        assert "gilt nicht mehr" in answer.text

    def test_guessing_is_on_the_trail_and_throttled(self, client, person, with_app):
        sign_in(client, person)
        for _ in range(6):
            answer = client.post(CODE, {"code": wrong(code_of(with_app[0]))})
        assert "Bitte warten Sie einige Minuten" in answer.text
        assert client.post(CODE, {"code": code_of(with_app[0])}).status_code == 200
        assert TrailEntry.objects.filter(act="user.fail_sign_in", note="zweiter Faktor", by=None).count() == 5

    @pytest.mark.parametrize("code", ["", "\x00", "abc", "１２３４５６", "9" * 5000, "😀"])
    def test_what_is_no_code_is_refused(self, client, person, with_app, code):
        sign_in(client, person)
        answer = client.post(CODE, {"code": code})
        assert answer.status_code == 200
        assert "<title>Fehler: Zweiter Faktor" in answer.text

    def test_a_recovery_code_works_once(self, client, person, with_app):
        for expected in ("/", None):
            sign_in(client, person)
            assert client.post(CODE, {"code": with_app[1][0]}).headers.get("Location") == expected
            client.logout()
        assert len(with_app[1]) == 10

    def test_recovery_codes_are_shown_once(self, client, person):
        sign_in(client, person)
        _, codes = set_up(client)
        page = client.get("/konto/faktor/ersatzcodes/").text
        assert not any(code in page for code in codes)
        assert "noch 10 von 10 übrig" in client.get(reverse("kim:account")).text

    def test_each_change_is_on_the_trail_and_told_by_mail_without_an_address(self, client, person):
        sign_in(client, person)
        set_up(client)
        client.post("/konto/faktor/app/entfernen/")
        acts = TrailEntry.objects.filter(kind="kim.user", by=person).order_by("pk").values_list("act", "note")
        assert list(acts) == [
            ("user.sign_in", "Kennwort"),
            ("user.add_factor", "Code aus einer App"),
            ("user.make_codes", ""),
            ("user.remove_factor", "Code aus einer App"),
            ("user.remove_factor", "Ersatzcodes"),
        ]
        assert not Authenticator.objects.exists()
        mail = Mail.objects.get()  # that of setting up follows its commit: tests/journeys/test_signing_in.py
        assert mail.subject == "KIM: Zweiter Faktor entfernt"
        assert "127.0.0.1" not in mail.body


class TestAtRest:
    def test_neither_secret_nor_seed_is_readable(self, client, person, with_app):
        kept = json.dumps([one.data for one in Authenticator.objects.all()])
        assert with_app[0] not in kept
        assert not any(code in kept for code in with_app[1])

    def test_with_another_key_no_code_fits_and_nothing_breaks(self, client, person, with_app, settings):
        settings.SECRET_KEY = "b" * 64
        sign_in(client, person)
        for code in (code_of(with_app[0]), with_app[1][0], code_of("A" * 32)):
            assert "Location" not in client.post(CODE, {"code": code}).headers

    def test_a_key_of_its_own_may_come_later_and_the_main_key_change_then(self, settings):
        adapter = factors.Adapter()
        before = adapter.encrypt("geheim")
        settings.KIM_FACTORS_KEY = "c" * 64
        assert adapter.decrypt(before) == "geheim"
        after = adapter.encrypt("geheim")
        settings.SECRET_KEY = "b" * 64
        assert adapter.decrypt(after) == "geheim"
        assert adapter.decrypt(before) != "geheim"

    def test_it_is_read_from_the_environment_or_a_file(self, monkeypatch, tmp_path):
        assert factors_key() == ""
        (tmp_path / "key").write_text("d" * 64 + "\n")
        monkeypatch.setenv("KIM_FACTORS_KEY_FILE", str(tmp_path / "key"))
        assert factors_key() == "d" * 64
        monkeypatch.setenv("KIM_FACTORS_KEY", "kurz")
        with pytest.raises(ImproperlyConfigured, match="zu kurz"):
            factors_key()


class TestByRole:
    @pytest.fixture(autouse=True)
    def _roles(self, settings):
        settings.KIM_MFA_ROLES = frozenset({"case_manager"})

    def test_who_needs_one_gets_nowhere_but_to_setting_it_up(self, client, person):
        sign_in(client, person)
        for address in ("/", "/account/", "/casework/cases/", "/konto/faktor/ersatzcodes/"):
            answer = client.get(address)
            assert (answer.status_code, answer.headers["Location"]) == (302, SETUP), address
        assert client.post("/drafts/", {}, headers={"HX-Request": "true"}).headers["HX-Redirect"] == SETUP
        answer = client.post("/drafts/", {}, headers={"Sec-Fetch-Mode": "cors"})
        assert (answer.status_code, answer.text) == (403, "Bitte richten Sie zuerst den zweiten Faktor ein.")
        assert "vorgeschrieben" in client.get(SETUP).text

    def test_once_it_is_there_everything_opens(self, client, person):
        sign_in(client, person)
        set_up(client)
        assert client.get("/").status_code == 200
        client.post("/konto/faktor/app/entfernen/")
        assert client.get("/").headers["Location"] == SETUP

    def test_signing_out_is_always_possible(self, client, person):
        sign_in(client, person)
        client.post("/konto/logout/")
        assert "_auth_user_id" not in client.session

    def test_other_roles_need_none(self, client):
        client.force_login(user(Role.AUDIT))
        assert client.get("/").status_code == 200

    def test_whoever_stands_in_needs_what_the_absent_person_needs(self, client, person):
        deputy = user(Role.COORDINATION)
        assert not accounts.needs_second_factor(deputy)
        person.absences.create(deputy=deputy, valid_from=workdays.today())
        deputy.forget_standing()
        assert accounts.needs_second_factor(deputy)

    @pytest.mark.parametrize(("roles", "needs"), [({"alle"}, True), (set(), False)])
    def test_all_and_none(self, settings, roles, needs):
        settings.KIM_MFA_ROLES = frozenset(roles)
        assert accounts.needs_second_factor(user(None)) is needs

    @pytest.mark.parametrize(
        ("named", "production", "demo", "roles"),
        [
            ("", True, False, {"alle"}),
            ("", True, True, set()),
            ("", False, True, set()),
            ("Keine", True, False, set()),
            ("admin, audit", False, True, {"admin", "audit"}),
        ],
    )
    def test_in_production_everybody_unless_told_otherwise(self, monkeypatch, named, production, demo, roles):
        monkeypatch.setenv("KIM_MFA_ROLES", named)
        assert mfa_roles(production, demo) == roles

    def test_a_role_nobody_knows_stops_the_start(self, settings):
        settings.KIM_MFA_ROLES = frozenset({"chef"})
        with pytest.raises(ImproperlyConfigured, match="KIM_MFA_ROLES nennt chef"):
            _demand_known_roles()

    def test_single_sign_on_may_have_asked_for_it_already(self, client, person):
        sign_in(client, person)
        session = client.session
        session[sign_ins.FACTOR_ELSEWHERE] = True
        session.save()
        assert client.get("/").status_code == 200

    def test_no_page_asks_more_for_it(self, client, person, django_assert_max_num_queries):
        client.force_login(person)
        client.get("/")
        with django_assert_max_num_queries(3):  # session, account, standing
            assert client.get("/").headers["Location"] == SETUP


class TestPutBack:
    def test_factors_sessions_and_codes_go_and_the_person_is_told(self, client, person):
        sign_in(client, person)
        set_up(client)
        admin = user(Role.ADMIN)
        accounts.reset_factors(person, by=admin)
        assert client.get("/").status_code == 302
        assert sign_in(client, person).headers["Location"] == "/"
        assert Mail.objects.get(subject__contains="zurückgesetzt").to == person.email
        assert TrailEntry.objects.get(act="user.reset_factors").by == admin
        with pytest.raises(StepRefused):
            accounts.reset_factors(person, by=admin)


class TestConfirming:
    @pytest.mark.parametrize(
        "address", [APP, "/konto/faktor/passkeys/neu/", "/konto/faktor/ersatzcodes/neu/"]
    )  # fmt: skip
    def test_who_signed_in_long_ago_is_asked_again(self, client, person, address):
        sign_in(client, person)
        assert client.get(address).status_code == 200
        session = client.session
        for step in session["account_authentication_methods"]:
            step["at"] -= 301
        session.save()
        answer = client.get(address)
        assert answer.headers["Location"].startswith("/konto/reauthenticate/")
        assert "Hier ändern Sie, was Ihr Konto schützt" in client.get("/konto/reauthenticate/").text
        client.post("/konto/reauthenticate/", {"password": PASSWORD})
        assert client.get(address).status_code == 200


HOSTILE = [
    "", "null", "0", "[]", '"x"', "{}", "x" * 70_000, "[" * 19_000, '{"id": 1}', '{"response": {}}', "1e400",
    '{"id": "x", "rawId": "x", "response": {"userHandle": 5, "clientDataJSON": "", "attestationObject": "",'
    ' "authenticatorData": "", "signature": ""}, "type": "public-key"}',
    '{"id": "eA", "rawId": "eA", "response": {"userHandle": "eA", "clientDataJSON": "e30", "attestationObject": "e30",'
    ' "authenticatorData": "e30", "signature": "e30"}, "type": "public-key", "clientExtensionResults": {}}',
]  # fmt: skip


class TestPasskeyAnswers:
    """What no browser sends never breaks a page; what browsers send is tried in tests/journeys/test_signing_in.py."""

    @pytest.mark.parametrize("answer", HOSTILE, ids=range(len(HOSTILE)))
    def test_odd_answers_are_refused(self, client, person, answer):
        client.get("/konto/faktor/passkeys/anmelden/", headers={"Accept": "application/json"})
        signing_in = client.post("/konto/faktor/passkeys/anmelden/", {"credential": answer})
        assert (signing_in.status_code, signing_in.headers["Location"]) == (302, "/konto/login/")
        sign_in(client, person)
        client.get("/konto/faktor/passkeys/neu/")
        adding = client.post("/konto/faktor/passkeys/neu/", {"name": "x", "credential": answer})
        assert adding.status_code == 200
        assert "<title>Fehler: Passkey einrichten" in adding.text
        set_up(client)
        client.post("/konto/logout/")
        sign_in(client, person)
        assert client.post(CODE, {"credential": answer}).status_code == 200
        assert client.get("/").status_code == 302

    def test_somebody_elses_passkey_does_not_exist(self, client, person):
        other = Authenticator.objects.create(user=user(None), type="webauthn", data={"name": "x", "credential": {}})
        sign_in(client, person)
        assert client.get(f"/konto/faktor/passkeys/{other.pk}/").status_code == 404
        assert client.post(f"/konto/faktor/passkeys/{other.pk}/entfernen/").status_code == 404
