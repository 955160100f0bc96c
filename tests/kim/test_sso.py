"""Single sign-on against a provider that misbehaves in every way named in docs/single-sign-on.md, and who gets in."""

import base64
import json
import logging
import time
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from allauth.socialaccount.models import SocialAccount, SocialToken
from django.core.exceptions import PermissionDenied
from django.test import Client

from kim import accounts, sso, workdays
from kim.models import Role, TrailEntry, User
from kim.oidc import BACKCHANNEL, Provider, Refused
from tests.factories import county, user
from tests.oidc.misbehaving import CLIENT, FOREIGN, OURS, SECRET, Misbehaving, public

pytestmark = [pytest.mark.django_db, pytest.mark.once]
ADDRESS = {"email": "anna@kim.example", "email_verified": True}


@pytest.fixture(scope="module")
def running():
    provider = Misbehaving()
    yield provider
    provider.close()


@pytest.fixture
def provider(running, settings):
    running.behave()
    settings.KIM_OIDC = Provider(
        name="Kreishaus", issuer=running.issuer, client_id=CLIENT, client_secret=SECRET, link="email"
    )
    return running


@pytest.fixture
def anna():
    county()
    return user(Role.CASE_MANAGER, email="Anna@kim.example", username="anna")


@pytest.fixture
def configure(settings, provider):
    def changed(**fields):
        settings.KIM_OIDC = replace(settings.KIM_OIDC, **fields)

    return changed


def leave(client, **data) -> str:
    """Press the button; the address at the provider one is sent to."""
    answer = client.post("/konto/sso/", data)
    assert answer.status_code == 302, answer.content.decode()
    return answer.headers["Location"]


def sign_in(client, provider, **claims):
    return client.get("/konto/sso/callback/", provider.sign_in(leave(client), **claims))


def is_in(client) -> bool:
    return "_auth_user_id" in client.session


def goes_on(client) -> bool:
    """Whether the next page still opens: a session ends with its row (kim.sign_ins)."""
    return client.get("/help/").status_code == 200


def is_refused(answer, kind, client):
    """In words, on a page of ours, with the mark the IT asks for; and nobody is in."""
    assert answer.status_code == sso.WORDS[kind].status
    assert sso.WORDS[kind].heading in answer.text
    assert f"SSO-{kind}" in answer.text
    assert '<html lang="de">' in answer.text
    assert "no-store" in answer.headers["Cache-Control"]
    assert not is_in(client)


class TestSigningIn:
    def test_somebody_known_gets_in_and_the_subject_is_kept(self, client, provider, anna):
        answer = sign_in(client, provider, **ADDRESS)
        assert (answer.status_code, answer.headers["Location"]) == (302, "/")
        assert int(client.session["_auth_user_id"]) == anna.pk
        link = SocialAccount.objects.get()
        assert (link.user, link.uid, link.provider) == (anna, "s-1", provider.issuer)
        assert TrailEntry.objects.filter(act="user.link_sso", object_id=str(anna.pk), by=anna).count() == 1

    def test_the_second_time_only_the_subject_counts(self, client, provider, anna):
        sign_in(client, provider, **ADDRESS)
        anna.email = "neu@kim.example"
        anna.save()
        other = Client()
        answer = sign_in(other, provider, email="ganz@anders.example")
        assert answer.status_code == 302
        assert int(other.session["_auth_user_id"]) == anna.pk
        assert SocialAccount.objects.count() == 1

    def test_what_the_token_says_about_roles_names_and_addresses_changes_nothing(self, client, provider, anna):
        before = User.objects.filter(pk=anna.pk).values().get()
        sign_in(client, provider, **ADDRESS, roles=["admin"], groups=["admin"], is_superuser=True, name="Andere")
        after = User.objects.filter(pk=anna.pk).values().get()
        assert after | {"last_login": None} == before | {"last_login": None}
        assert User.objects.get(pk=anna.pk).roles == {Role.CASE_MANAGER}

    def test_no_token_and_no_claim_but_the_subject_is_kept(self, client, provider, anna):
        sign_in(client, provider, **ADDRESS)
        assert SocialAccount.objects.get().extra_data == {"sub": "s-1"}
        assert not SocialToken.objects.exists()
        assert "zugang" not in str(dict(client.session))

    def test_one_comes_back_to_the_page_asked_for_but_to_no_other_house(self, client, provider, anna):
        for asked, there in [("/absences/", "/absences/"), ("https://evil.example/", "/"), ("//evil.example", "/")]:
            window = Client()
            back = provider.sign_in(leave(window, next=asked), **ADDRESS)
            assert window.get("/konto/sso/callback/", back).headers["Location"] == there

    def test_nothing_in_the_request_chooses_what_is_asked_of_the_provider(self, client, provider):
        query = "?scope=offline_access&auth_params=prompt%3Dnone&process=connect&action=reauthenticate"
        asked = parse_qs(urlsplit(client.post(f"/konto/sso/{query}").headers["Location"]).query)
        assert set(asked["scope"][0].split()) == {"openid", "profile", "email"}
        assert "prompt" not in asked
        assert asked["redirect_uri"] == ["http://localhost:8000/konto/sso/callback/"]

    def test_an_address_that_stands_in_userinfo_alone_is_found_there_once(self, client, provider, anna):
        provider.told = ADDRESS
        assert sign_in(client, provider).status_code == 302
        assert provider.asked.count("/userinfo") == 1
        assert sign_in(Client(), provider).status_code == 302
        assert provider.asked.count("/userinfo") == 1

    def test_by_user_name_or_another_claim(self, client, provider, anna, configure):
        configure(link="username", uid_claim="oid", username_claim="upn")
        assert sign_in(client, provider, upn="ANNA", oid="o-1").status_code == 302
        link = SocialAccount.objects.get()
        assert (link.uid, link.provider) == ("o-1", f"{provider.issuer}#oid")

    def test_back_by_a_form_as_well(self, client, provider, anna, configure):
        configure(mode="form_post")
        address = leave(client)
        assert parse_qs(urlsplit(address).query)["response_mode"] == ["form_post"]
        back = provider.sign_in(address, **ADDRESS) | {"next": "https://evil.example/", "iss": provider.issuer}
        from_there = Client(enforce_csrf_checks=True)  # without our cookie, as browsers send it
        around = from_there.post("/konto/sso/callback/", back)
        assert (around.status_code, from_there.cookies) == (303, {})
        assert "evil" not in around.headers["Location"]
        assert client.get(around.headers["Location"]).headers["Location"] == "/"
        assert is_in(client)

    def test_without_a_provider_there_is_no_such_page(self, client):
        for address in ("/konto/sso/", "/konto/sso/callback/", "/konto/sso/backchannel/"):
            assert client.post(address).status_code in (404, 405)
        assert client.get("/konto/sso/callback/").status_code == 404
        assert "Anmelden mit" not in client.get("/konto/login/").text

    def test_the_button_stands_on_the_login_page_and_asks_nothing_of_the_network(self, client, provider):
        assert "Anmelden mit Kreishaus" in client.get("/konto/login/").text
        assert provider.asked == []


def unsigned(claims):
    return jwt.encode(claims, None, algorithm="none")


def with_the_public_key_as_secret(claims):
    """HS256, „signed“ with what everybody can read: what a lax check takes for a signature."""

    def part(value):
        return base64.urlsafe_b64encode(value if isinstance(value, bytes) else json.dumps(value).encode()).rstrip(b"=")

    import hashlib
    import hmac

    head = part({"alg": "HS256", "typ": "JWT", "kid": "eins"}) + b"." + part(claims)
    secret = json.dumps(public(OURS)).encode()
    return (head + b"." + part(hmac.new(secret, head, hashlib.sha256).digest())).decode()


def changed_afterwards(claims):
    head, _, sign = jwt.encode(claims, OURS, algorithm="RS256", headers={"kid": "eins"}).split(".")
    body = base64.urlsafe_b64encode(json.dumps(claims | {"email": "chef@kim.example"}).encode()).rstrip(b"=").decode()
    return f"{head}.{body}.{sign}"


#: What the provider does wrong, and the refusal that answers it.
MISBEHAVIOUR = {
    "wrong issuer": ("issuer", lambda p: p.claims.update(iss="https://anderswo.example")),
    "no issuer": ("malformed", lambda p: p.claims.update(iss=None)),
    "wrong audience": ("audience", lambda p: p.claims.update(aud="andere-anwendung")),
    "audience among several, given to another": ("audience", lambda p: p.claims.update(aud=[CLIENT, "b"], azp="b")),
    "audience among several, given to nobody": ("audience", lambda p: p.claims.update(aud=[CLIENT, "b"])),
    "expired": ("expired", lambda p: p.claims.update(exp=int(time.time()) - 120)),
    "no expiry": ("malformed", lambda p: p.claims.update(exp=None)),
    "from the future": ("early", lambda p: p.claims.update(iat=int(time.time()) + 3600)),
    "wrong nonce": ("nonce", lambda p: p.claims.update(nonce="von-gestern")),
    "no nonce": ("nonce", lambda p: p.claims.update(nonce=None)),
    "no subject": ("malformed", lambda p: p.claims.update(sub=None)),
    "a number for a subject": ("malformed", lambda p: p.claims.update(sub=7)),
    "an endless subject": ("malformed", lambda p: p.claims.update(sub="s" * 200)),
    "unsigned": ("unsigned", lambda p: setattr(p, "sign", unsigned)),
    "signed with what is public": ("algorithm", lambda p: setattr(p, "sign", with_the_public_key_as_secret)),
    "changed after it was signed": ("signature", lambda p: setattr(p, "sign", changed_afterwards)),
    "signed with a foreign key of the same name": ("signature", lambda p: setattr(p, "key", FOREIGN)),
    "key not among the published": ("key", lambda p: p.header.update(kid="zwei")),
    "key for another use": ("key", lambda p: setattr(p, "keys", [public(OURS, use="enc")])),
    "key for another algorithm": ("key", lambda p: setattr(p, "keys", [public(OURS, alg="RS512")])),
    "two keys of one name": ("key", lambda p: setattr(p, "keys", [public(OURS), public(FOREIGN)])),
    "a key that is none": ("key", lambda p: setattr(p, "keys", [{"kty": "RSA", "kid": "eins", "n": "!", "e": 3}])),
    "no keys": ("key", lambda p: p.says.update({"/keys": (200, {"keys": "keine"})})),
    "a token that is none": ("malformed", lambda p: setattr(p, "sign", lambda claims: "a.b.c")),
    "no token": ("no_token", lambda p: p.says.update({"/token": (200, {"access_token": "zugang"})})),
    "a token that is no text": ("no_token", lambda p: p.says.update({"/token": (200, {"id_token": {"sub": "s-1"}})})),
    "an answer that is no JSON": ("provider", lambda p: p.says.update({"/token": (200, b"<html>")})),
    "an answer that is no object": ("provider", lambda p: p.says.update({"/token": (200, [1])})),
    "sent elsewhere with the secret": ("provider", lambda p: p.says.update({"/token": (302, {})})),
    "a secret it does not know": ("client", lambda p: p.says.update({"/token": (401, {"error": "invalid_client"})})),
    "broken": ("unreachable", lambda p: p.says.update({"/token": (503, {})})),
    "somebody else in userinfo": ("subject", lambda p: (p.claims.update(email=None), p.told.update(sub="s-2"))),
}


class TestMisbehaviour:
    @pytest.mark.parametrize("what", MISBEHAVIOUR)
    def test_is_refused_in_words(self, client, provider, anna, what):
        kind, misbehave = MISBEHAVIOUR[what]
        misbehave(provider)
        is_refused(sign_in(client, provider, **ADDRESS), kind, client)
        assert not SocialAccount.objects.exists()

    @pytest.mark.parametrize(
        "right", ["without a name of a key", "with a clock a little behind", "for two, given to us"]
    )
    def test_what_is_right_in_an_unusual_way_gets_in(self, client, provider, anna, right):
        {
            "without a name of a key": lambda: setattr(provider, "header", {}),
            "with a clock a little behind": lambda: provider.claims.update(exp=int(time.time()) - 20),
            "for two, given to us": lambda: provider.claims.update(aud=[CLIENT, "b"], azp=CLIENT),
        }[right]()
        assert sign_in(client, provider, **ADDRESS).status_code == 302

    def test_the_same_answer_twice_is_refused(self, client, provider, anna):
        back = provider.sign_in(leave(client), **ADDRESS)
        client.get("/konto/sso/callback/", back)
        client.logout()
        is_refused(client.get("/konto/sso/callback/", back), "state", client)

    def test_a_code_used_before_is_refused_in_another_sign_in(self, client, provider, anna):
        back = provider.sign_in(leave(client), **ADDRESS)
        client.get("/konto/sso/callback/", back)
        thief = Client()
        state = parse_qs(urlsplit(leave(thief)).query)["state"][0]
        is_refused(thief.get("/konto/sso/callback/", back | {"state": state}), "code", thief)

    def test_a_code_caught_on_the_way_is_worth_nothing_in_another_window(self, client, provider, anna):
        """PKCE: the verifier lies in the session that began."""
        back = provider.sign_in(leave(client), **ADDRESS)
        thief = Client()
        state = parse_qs(urlsplit(leave(thief)).query)["state"][0]
        is_refused(thief.get("/konto/sso/callback/", back | {"state": state}), "code", thief)

    def test_an_answer_nobody_asked_for_is_refused(self, client, provider, anna):
        victim = Client()
        back = provider.sign_in(leave(client), **ADDRESS)
        is_refused(victim.get("/konto/sso/callback/", back), "state", victim)
        is_refused(victim.get("/konto/sso/callback/", {"state": "\x00", "code": "x" * 5000}), "state", victim)
        is_refused(victim.get("/konto/sso/callback/"), "state", victim)

    def test_what_the_provider_says_instead_of_a_code(self, client, provider):
        for error, kind in [("access_denied", "cancelled"), ("server_error", "provider")]:
            state = parse_qs(urlsplit(leave(client)).query)["state"][0]
            answer = client.get("/konto/sso/callback/", {"error": error, "error_description": "<b>", "state": state})
            is_refused(answer, kind, client)
            assert "<b>" not in answer.text

    def test_an_answer_that_names_another_issuer_is_refused(self, client, provider, anna):
        back = provider.sign_in(leave(client), **ADDRESS) | {"iss": "https://anderswo.example"}
        is_refused(client.get("/konto/sso/callback/", back), "issuer", client)

    @pytest.mark.parametrize(
        ("changed", "kind"),
        [
            ({"issuer": "https://anderswo.example"}, "issuer"),
            ({"issuer": None}, "issuer"),
            ({"token_endpoint": "http://anderswo.example/token"}, "provider"),
            ({"authorization_endpoint": "javascript:alert(1)"}, "provider"),
            ({"jwks_uri": 7}, "provider"),
        ],
    )
    def test_a_provider_that_says_of_itself_what_cannot_be(self, client, provider, changed, kind):
        about = provider.about() | changed
        provider.says["/.well-known/openid-configuration"] = (200, about)
        is_refused(client.post("/konto/sso/"), kind, client)

    def test_a_provider_that_does_not_answer(self, client, provider, configure):
        configure(issuer="http://127.0.0.1:9")
        is_refused(client.post("/konto/sso/"), "unreachable", client)

    def test_who_asks_without_end_is_held_up(self, client, provider):
        answers = [client.post("/konto/sso/").status_code for _ in range(61)]
        assert answers == [302] * 60 + [429]

    def test_the_log_says_why_and_names_nobody(self, client, provider, anna, caplog):
        provider.claims.update(iss="https://anderswo.example")
        with caplog.at_level(logging.WARNING):
            sign_in(client, provider, **ADDRESS)
        assert "'kind': 'issuer'" in caplog.text
        assert "anna" not in caplog.text.lower()
        assert "s-1" not in caplog.text


class TestWhoItIs:
    def test_somebody_unknown_is_told_so_and_not_created(self, client, provider, anna):
        answer = sign_in(client, provider, email="fremd@kim.example", email_verified=True)
        is_refused(answer, "unknown", client)
        assert "ist in KIM noch nicht angelegt" in answer.text
        assert "Verwaltung" in answer.text
        assert User.objects.count() == 1

    def test_a_locked_account_stays_locked_the_first_time_and_later(self, client, provider, anna):
        anna.is_active = False
        anna.save()
        for linked in (False, True):
            answer = sign_in(client, provider, **ADDRESS)
            assert answer.status_code == 403
            assert "gesperrt" in answer.text
            assert not is_in(client)
            assert SocialAccount.objects.exists() == linked
            if not linked:
                SocialAccount.objects.create(user=anna, provider=provider.issuer, uid="s-1")

    def test_so_does_one_closed_by_a_dated_fact(self, client, provider, anna):
        sign_in(client, provider, **ADDRESS)
        accounts.leave(anna, by=user(Role.ADMIN), last_day=workdays.today() - workdays.ONE_DAY)
        assert not goes_on(client)
        answer = sign_in(client, provider, **ADDRESS)
        assert answer.status_code == 403
        assert not goes_on(client)
        assert TrailEntry.objects.filter(act="user.refuse_sign_in", object_id=str(anna.pk)).exists()

    @pytest.mark.parametrize("said", [False, None, "false", "ja", 1])
    def test_an_address_nobody_has_verified_finds_nobody(self, client, provider, anna, said):
        is_refused(sign_in(client, provider, email="anna@kim.example", email_verified=said), "unverified", client)

    def test_unless_the_provider_is_trusted_to_know_its_people(self, client, provider, anna, configure):
        configure(trusts_email=True)
        assert sign_in(client, provider, email="anna@kim.example").status_code == 302

    def test_letters_that_look_alike_to_a_database_are_not_the_same(self, client, provider):
        county()
        user(email="kim@kim.example")
        look_alike = "\u212aim@kim.example"  # the Kelvin sign, whose small letter is k
        is_refused(sign_in(client, provider, email=look_alike, email_verified=True), "unknown", client)

    def test_a_new_subject_does_not_take_over_an_account_with_the_same_address(self, client, provider, anna):
        sign_in(client, provider, **ADDRESS)
        other = Client()
        is_refused(sign_in(other, provider, **ADDRESS, sub="s-2"), "other_subject", other)
        assert SocialAccount.objects.get().uid == "s-1"

    def test_the_same_subject_at_another_provider_is_somebody_else(self, client, provider, anna):
        SocialAccount.objects.create(user=anna, provider="https://vorher.example", uid="s-1")
        answer = sign_in(client, provider, email="fremd@kim.example", email_verified=True)
        is_refused(answer, "unknown", client)

    def test_whoever_is_signed_in_and_signs_in_as_somebody_else_is_somebody_else(self, client, provider, anna):
        other = user(Role.ADMIN)
        client.force_login(other)
        sign_in(client, provider, **ADDRESS)
        assert int(client.session["_auth_user_id"]) == anna.pk

    def test_where_nobody_is_found_by_claims_people_link_their_own_account(self, client, provider, anna, configure):
        configure(link="none")
        is_refused(sign_in(client, provider, **ADDRESS), "not_linked", client)
        client.force_login(anna)
        assert client.get("/konto/sso/link/").status_code == 200
        self.shows_who_it_is(client, anna)
        address = client.post("/konto/sso/link/").headers["Location"]
        assert parse_qs(urlsplit(address).query)["prompt"] == ["login"]
        assert client.get("/konto/sso/callback/", provider.sign_in(address)).headers["Location"] == "/konto/sso/link/"
        assert "Ab jetzt genügt „Anmelden mit Kreishaus“." in client.get("/konto/sso/link/").text
        assert sso.links_of(anna)[0].uid == "s-1"
        assert sign_in(Client(), provider).status_code == 302

    def test_a_subject_belongs_to_one_account(self, client, provider, anna, configure):
        SocialAccount.objects.create(user=user(), provider=provider.issuer, uid="s-1")
        client.force_login(anna)
        self.shows_who_it_is(client, anna)
        address = client.post("/konto/sso/link/").headers["Location"]
        answer = client.get("/konto/sso/callback/", provider.sign_in(address))
        assert "SSO-taken" in answer.text
        assert sso.links_of(anna) == []

    def test_also_where_both_come_at_the_same_moment(self, provider, anna):
        """Both were looked for, and neither was there yet."""
        account = {"provider": provider.issuer, "uid": "s-1", "extra_data": {"sub": "s-1"}}
        sso._link(anna, SocialAccount(**account), by=anna)
        other = user()
        with pytest.raises(Refused) as refused:
            sso._link(other, SocialAccount(**account), by=other)
        assert refused.value.kind == "taken"
        assert not TrailEntry.objects.filter(act="user.link_sso", object_id=str(other.pk)).exists()

    def test_an_account_is_linked_by_the_person_who_began_it(self, client, provider, anna):
        client.force_login(anna)
        self.shows_who_it_is(client, anna)
        address = client.post("/konto/sso/link/").headers["Location"]
        back = provider.sign_in(address)
        begun = client.session["socialaccount_states"]
        client.force_login(user())  # the window changes hands; what was begun in it stays
        session = client.session
        session["socialaccount_states"] = begun
        session.save()
        assert "SSO-state" in client.get("/konto/sso/callback/", back).text
        assert not SocialAccount.objects.exists()

    def test_linking_asks_for_the_password_first(self, client, provider, anna):
        anna.set_password("ein langes Kennwort")
        anna.save()
        client.force_login(anna)
        answer = client.post("/konto/sso/link/")
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith("/konto/reauthenticate/")

    @staticmethod
    def shows_who_it_is(client, person):
        person.set_password("ein langes Kennwort")
        person.save()
        client.force_login(person)
        client.post("/konto/reauthenticate/", {"password": "ein langes Kennwort"})

    def test_an_administrator_unlinks_and_the_next_time_finds_anew(self, client, provider, anna):
        admin, office = user(Role.ADMIN), Client()
        sign_in(client, provider, **ADDRESS)
        office.force_login(admin)
        page = f"/accounts/{anna.pk}/"
        assert "Verbindung lösen" in office.get(page).text
        assert office.post(f"{page}unlink/").headers["Location"] == page
        assert "Noch nicht verbunden." in office.get(page).text
        assert not goes_on(client)
        assert sso.links_of(anna) == []
        assert TrailEntry.objects.filter(act="user.unlink_sso", object_id=str(anna.pk), by=admin).count() == 1
        assert "ist mit keinem Anmeldedienst verbunden" in office.post(f"{page}unlink/", follow=True).text
        with pytest.raises(PermissionDenied):
            sso.unlink(anna, by=anna)
        assert sign_in(client, provider, **ADDRESS, sub="s-2").status_code == 302


class TestSecondFactor:
    @pytest.fixture
    def with_factor(self, anna):
        totp.TOTP.activate(anna, "JBSWY3DPEHPK3PXP")
        return anna

    def test_one_kept_here_is_asked_for(self, client, provider, with_factor, configure):
        for counts, claims in [(False, {"amr": ["mfa"]}), (True, {}), (True, {"amr": ["pwd"], "acr": "1"})]:
            configure(counts_factors=counts)
            window = Client()
            answer = sign_in(window, provider, **ADDRESS, **claims)
            assert answer.status_code == 302
            assert not is_in(window)
            assert "zugang" not in str(dict(window.session))

    @pytest.mark.parametrize(
        "claims",
        [
            {"amr": ["pwd", "mfa"]},
            {"amr": "http://schemas.microsoft.com/claims/multipleauthn"},
            {"acr": "http://schemas.microsoft.com/claims/multipleauthn"},
        ],
    )
    def test_one_given_at_the_provider_counts_where_it_is_to(self, client, provider, with_factor, configure, claims):
        configure(counts_factors=True)
        sign_in(client, provider, **ADDRESS, **claims)
        assert is_in(client)
        assert client.session[sso.KEPT]["second_factor"] is True

    def test_the_way_out_at_the_provider_is_known_after_a_second_factor_as_well(self, client, provider, with_factor):
        sign_in(client, provider, **ADDRESS)
        secret = Authenticator.objects.get().wrap().instance.data["secret"]
        from allauth.mfa.utils import decrypt

        counter = next(iter(totp.yield_hotp_counters_from_time()))
        code = totp.format_hotp_value(totp.hotp_value(decrypt(secret), counter))
        client.post("/konto/faktor/code/", {"code": code})
        assert is_in(client)
        assert client.session[sso.KEPT]["sub"] == "s-1"


class TestSigningOut:
    def test_leads_to_the_provider_and_back(self, client, provider, anna):
        sign_in(client, provider, **ADDRESS)
        provider.asked.clear()
        answer = client.post("/konto/logout/")
        parts = urlsplit(answer.headers["Location"])
        asked = parse_qs(parts.query)
        assert f"{parts.scheme}://{parts.netloc}{parts.path}" == f"{provider.issuer}/end"
        assert asked["post_logout_redirect_uri"] == ["http://localhost:8000/konto/login/"]
        assert jwt.decode(asked["id_token_hint"][0], options={"verify_signature": False})["sub"] == "s-1"
        assert not is_in(client)
        assert provider.asked == []

    def test_of_somebody_who_came_by_a_password_stays_here(self, client, provider, anna):
        client.force_login(anna)
        assert client.post("/konto/logout/").headers["Location"] == "/konto/login/"

    @pytest.mark.parametrize("there", [None, "http://anderswo.example/", "javascript:alert(1)"])
    def test_stays_here_where_the_provider_has_no_safe_address_for_it(self, client, provider, anna, there):
        provider.says["/.well-known/openid-configuration"] = (200, provider.about() | {"end_session_endpoint": there})
        sign_in(client, provider, **ADDRESS)
        assert client.post("/konto/logout/").headers["Location"] == "/konto/login/"


class TestEndedByTheProvider:
    def told(self, provider, **claims):
        now = int(time.time())
        said = {"iss": provider.issuer, "aud": CLIENT, "iat": now, "exp": now + 120, "jti": f"j{time.time_ns()}"}
        said |= {"sub": "s-1", "events": {BACKCHANNEL: {}}} | claims
        return provider._signed({name: value for name, value in said.items() if value is not None})

    def tell(self, token):
        return Client(enforce_csrf_checks=True).post("/konto/sso/backchannel/", {"logout_token": token})

    def test_ends_every_session_of_that_subject_and_no_other(self, client, provider, anna):
        here, there, local, other = client, Client(), Client(), Client()
        anna.set_password("ein langes Kennwort")
        anna.save()
        sign_in(here, provider, **ADDRESS, sid="a")
        sign_in(there, provider, sid="b")
        local.post("/konto/login/", {"login": "anna", "password": "ein langes Kennwort"})
        user(email="bea@kim.example")
        sign_in(other, provider, email="bea@kim.example", email_verified=True, sub="s-2")
        assert all(map(goes_on, (here, there, local, other)))
        answer = self.tell(self.told(provider))
        assert answer.status_code == 200
        assert "no-store" in answer.headers["Cache-Control"]
        assert list(map(goes_on, (here, there, local, other))) == [False, False, True, True]

    @pytest.mark.parametrize("sub", ["s-1", None])
    def test_ends_one_session_where_it_names_one(self, client, provider, anna, sub):
        here, there = client, Client()
        sign_in(here, provider, **ADDRESS, sid="a")
        sign_in(there, provider, **ADDRESS, sid="b")
        assert self.tell(self.told(provider, sid="a", sub=sub)).status_code == 200
        assert (goes_on(here), goes_on(there)) == (False, True)

    @pytest.mark.parametrize(
        "wrong",
        [
            {"iss": "https://anderswo.example"},
            {"aud": "andere"},
            {"exp": 1},
            {"events": None},
            {"events": {BACKCHANNEL: "ja"}},
            {"events": ["x"]},
            {"nonce": "n"},
            {"jti": None},
            {"jti": 7},
            {"sub": None},
            {"sub": ["s-1"]},
        ],
        ids=str,
    )
    def test_what_is_no_logout_token_ends_nothing(self, client, provider, anna, wrong):
        sign_in(client, provider, **ADDRESS)
        assert self.tell(self.told(provider, **wrong)).status_code == 400
        assert goes_on(client)

    def test_an_id_token_and_nonsense_end_nothing(self, client, provider, anna):
        sign_in(client, provider, **ADDRESS)
        for token in (client.session[sso.KEPT]["id_token"], "", "x", "\x00", "ü.ü.ü"):
            assert self.tell(token).status_code == 400
        assert goes_on(client)

    def test_a_token_ends_sessions_once(self, client, provider, anna):
        token = self.told(provider)
        assert self.tell(token).status_code == 200
        sign_in(client, provider, **ADDRESS)
        assert self.tell(token).status_code == 400
        assert goes_on(client)


class TestOnlyTheProvider:
    @pytest.fixture
    def only(self, configure, anna):
        configure(only=True, reserve=("reserve",))
        reserve = user(Role.ADMIN, username="reserve")
        for one in (anna, reserve):
            one.set_password("ein langes Kennwort")
            one.save()
        return reserve

    def test_the_form_waits_behind_a_link(self, client, only):
        page = client.get("/konto/login/", {"next": "/absences/"}).text
        assert "Anmelden mit Kreishaus" in page
        assert 'name="password"' not in page
        assert "/konto/login/?reserve=1&amp;next=/absences/" in page
        assert 'name="password"' in client.get("/konto/login/?reserve=1").text

    def test_only_reserve_accounts_come_in_by_password(self, client, only):
        given = {"password": "ein langes Kennwort"}
        is_refused(client.post("/konto/login/", given | {"login": "anna"}), "local", client)
        assert client.post("/konto/login/", given | {"login": "reserve"}).status_code == 302
        assert is_in(client)

    def test_everybody_else_by_the_provider(self, client, only, provider):
        sign_in(client, provider, **ADDRESS)
        assert is_in(client)
