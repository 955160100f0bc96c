"""Accounts: closed by dated facts, invited by a link, sessions that end at once, browsers that are known."""

import datetime as dt
import re

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from kim import accounts, sign_ins, tasks, workdays
from kim.models import Device, Invitation, Mail, Notice, Role, SignIn, Suspension, TrailEntry, User
from kim.workdays import ONE_DAY
from kim.workflow import StepRefused
from tests.factories import county, user

pytestmark = pytest.mark.django_db
PASSWORD = "vier zufällige Wörter hier"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture(autouse=True)
def _county():
    county()


@pytest.fixture
def admin():
    return user(Role.ADMIN)


@pytest.fixture
def other_client():
    return Client()


@pytest.fixture
def person():
    made = user(Role.CASE_MANAGER)
    made.set_password(PASSWORD)
    made.save()
    return made


def sign_in(client, person, **headers):
    return client.post("/konto/login/", {"login": person.username, "password": PASSWORD}, headers=headers)


def is_in(client) -> bool:
    return client.get(reverse("kim:account")).status_code == 200


def acts(person) -> list[str]:
    rows = TrailEntry.objects.filter(kind="kim.user", object_id=str(person.pk)).order_by("pk")
    return [row.act for row in rows]


def again(person) -> User:
    return User.objects.get(pk=person.pk)


class TestClosed:
    def test_an_open_account_is_open(self, person):
        assert accounts.why_closed(person) == ""

    def test_a_lock_holds_from_its_first_to_its_last_day_and_ends_by_itself(self, admin, person):
        today = workdays.today()
        accounts.lock(person, by=admin, reason="misuse", until=today + 2 * ONE_DAY)
        for day, closed in [(-1, False), (0, True), (2, True), (3, False)]:
            moment = today + day * ONE_DAY
            assert bool(accounts.why_closed(person, moment)) is closed, day
            with workdays.as_of(moment):
                assert bool(accounts.why_closed(again(person))) is closed, day
        assert f"bis einschließlich {today + 2 * ONE_DAY:%d.%m.%Y} gesperrt" in accounts.why_closed(again(person))

    def test_a_running_session_ends_with_the_next_request(self, client, admin, person):
        sign_in(client, person)
        assert is_in(client)
        accounts.lock(person, by=admin, reason="misuse")
        answer = client.get("/")
        assert (answer.status_code, answer.headers["Location"]) == (302, "/konto/inactive/")
        assert "_auth_user_id" not in client.session

    def test_somebody_leaving_works_until_the_last_day(self, client, admin, person):
        last = workdays.today() + ONE_DAY
        accounts.leave(person, by=admin, last_day=last)
        sign_in(client, person)
        assert is_in(client)
        with workdays.as_of(last + ONE_DAY):
            answer = client.get("/", headers={"HX-Request": "true"})
            assert answer.headers["HX-Redirect"] == "/konto/inactive/"
            answer = sign_in(client, person)
        assert answer.status_code == 403
        assert f"seit dem {last + ONE_DAY:%d.%m.%Y} geschlossen" in answer.text

    def test_a_script_is_told_in_words(self, client, admin, person):
        sign_in(client, person)
        accounts.lock(person, by=admin, reason="misuse")
        answer = client.get("/", headers={"Sec-Fetch-Mode": "cors"})
        assert (answer.status_code, answer.text) == (401, "Dieses Konto ist gesperrt.")

    def test_the_reason_is_told_only_to_who_knows_the_password(self, client, admin, person):
        accounts.lock(person, by=admin, reason="misuse")
        wrong = client.post("/konto/login/", {"login": person.username, "password": "falsch"})
        assert "gesperrt" not in wrong.text
        right = sign_in(client, person)
        assert right.status_code == 403
        assert "gesperrt" in right.text
        assert "Missbrauch" not in right.text
        assert acts(person)[-2:] == ["user.fail_sign_in", "user.refuse_sign_in"]

    def test_opened_again_it_is_open_and_the_past_stays(self, client, admin, person):
        with workdays.as_of(workdays.today() - 10 * ONE_DAY):
            accounts.lock(person, by=admin, reason="misuse")
        accounts.leave(person, by=admin, last_day=workdays.today() + ONE_DAY)
        accounts.reopen(person, by=admin)
        (row,) = Suspension.objects.filter(user=person)
        assert row.valid_until == workdays.today()
        assert accounts.why_closed(again(person)) == ""
        with pytest.raises(StepRefused):
            accounts.reopen(person, by=admin)

    def test_an_account_switched_off_before_is_closed_too_and_opened_the_same_way(self, admin, person):
        User.objects.filter(pk=person.pk).update(is_active=False)
        assert "gesperrt" in accounts.why_closed(again(person))
        accounts.reopen(person, by=admin)
        assert again(person).is_active

    def test_who_left_is_offered_in_no_list_from_that_day_on(self, admin, person):
        accounts.leave(person, by=admin, last_day=workdays.today())
        assert again(person).is_active
        with workdays.as_of(workdays.today() + ONE_DAY):
            tasks.sweep_up()
        assert not again(person).is_active
        accounts.reopen(person, by=admin)
        assert again(person).is_active

    @pytest.mark.parametrize("act", ["lock", "leave", "reset_factors"])
    def test_nobody_closes_the_own_account(self, admin, act):
        given = {"lock": {"reason": "other"}, "leave": {"last_day": workdays.today()}}.get(act, {})
        with pytest.raises(StepRefused, match="eigene Konto"):
            getattr(accounts, act)(admin, by=admin, **given)

    @pytest.mark.parametrize(
        "act", ["invite", "withdraw", "lock", "leave", "reopen", "reset_factors", "end_sessions"]
    )  # fmt: skip
    def test_only_administrators_act(self, person, act):
        given = {"lock": {"reason": "other"}, "leave": {"last_day": workdays.today()}}.get(act, {})
        with pytest.raises(PermissionDenied):
            getattr(accounts, act)(user(None), by=person, **given)

    def test_what_cannot_be_is_refused(self, admin, person):
        yesterday = workdays.today() - ONE_DAY
        with pytest.raises(StepRefused, match="Vergangenheit"):
            accounts.lock(person, by=admin, reason="misuse", until=yesterday)
        with pytest.raises(StepRefused, match="Grund"):
            accounts.lock(person, by=admin, reason="left")
        accounts.lock(person, by=admin, reason="misuse")
        with pytest.raises(StepRefused, match="schon geschlossen"):
            accounts.lock(person, by=admin, reason="other")
        accounts.leave(person, by=admin, last_day=yesterday)
        with pytest.raises(StepRefused, match="schon eingetragen"):
            accounts.leave(person, by=admin, last_day=yesterday)
        with pytest.raises(IntegrityError), transaction.atomic():
            Suspension.objects.create(user=person, reason="whim", valid_from=yesterday)

    def test_pages_ask_nothing_more_for_it(self, client, person, django_assert_max_num_queries):
        client.force_login(person)
        client.get(reverse("kim:account"))
        with django_assert_max_num_queries(6):  # session, account, standing, factors, sessions, browsers
            assert is_in(client)


class TestInvitations:
    def invited(self, admin, **fields) -> tuple[User, str]:
        made = user(Role.CASE_MANAGER, **fields)
        return made, accounts.invite(made, by=admin).removeprefix("http://localhost:8000")

    def accept(self, client, link, password=PASSWORD):
        client.get(link)
        return client.post(reverse("kim:invitation_accept"), {"password1": password, "password2": password})

    def test_a_mail_carries_a_link_and_the_database_only_its_digest(self, admin):
        made, link = self.invited(admin)
        mail = Mail.objects.get(recipient=made)
        assert link in mail.body
        token = link.split("/")[-2]
        row = Invitation.objects.get()
        assert row.digest == accounts.digest_of(token)
        assert token not in row.digest
        assert row.expires_at - row.made_at == dt.timedelta(days=7)
        assert acts(made) == ["user.invite"]

    def test_who_has_it_sets_a_password_and_is_signed_in(self, client, admin):
        made, link = self.invited(admin)
        answer = client.get(link)
        assert (answer.status_code, answer.headers["Location"]) == (302, "/invitation/")
        page = client.get("/invitation/").text
        assert made.username in page
        answer = self.accept(client, link)
        assert (answer.status_code, answer.headers["Location"]) == (302, "/")
        assert is_in(client)
        assert again(made).check_password(PASSWORD)
        assert acts(made) == ["user.invite", "user.accept_invitation", "user.sign_in"]
        assert TrailEntry.objects.get(act="user.sign_in").note == "Einladung"

    def test_it_works_once(self, client, admin):
        made, link = self.invited(admin)
        self.accept(client, link)
        client.logout()
        answer = self.accept(client, link, "ein ganz anderes Kennwort")
        assert answer.status_code == 404
        assert "gilt nicht mehr" in answer.text
        assert again(made).check_password(PASSWORD)
        with pytest.raises(StepRefused):
            accounts.accept(link.split("/")[-2], "ein ganz anderes Kennwort")

    def test_it_works_for_seven_days(self, client, admin):
        _, link = self.invited(admin)
        with workdays.as_of(workdays.now() + dt.timedelta(days=7)):
            assert self.accept(client, link).status_code == 404

    @pytest.mark.parametrize("what", ["withdraw", "invite", "lock", "leave"])
    def test_it_works_no_more_after(self, client, admin, what):
        made, link = self.invited(admin)
        given = {"lock": {"reason": "other"}, "leave": {"last_day": workdays.today()}}.get(what, {})
        getattr(accounts, what)(made, by=admin, **given)
        assert self.accept(client, link).status_code == 404
        assert not again(made).has_usable_password() or not again(made).check_password(PASSWORD)

    @pytest.mark.parametrize("token", ["x", "a" * 43, "-" * 5000])
    def test_a_made_up_one_is_none(self, client, token):
        client.get(f"/invitation/{token}/")
        assert client.get("/invitation/").status_code == 404

    def test_guessing_is_throttled(self, client):
        answers = [client.get(f"/invitation/{number}/").status_code for number in range(31)]
        assert answers[-1] == 429

    def test_a_weak_password_is_refused_in_words(self, client, admin):
        made, link = self.invited(admin)
        answer = self.accept(client, link, "kurz")
        assert answer.status_code == 422
        assert "<title>Fehler: Einladung" in answer.text
        assert Invitation.objects.get().used_at is None

    def test_the_address_given_becomes_the_address_of_the_account(self, admin):
        made = user(Role.CASE_MANAGER, email="")
        accounts.invite(made, by=admin, address="neu@kreis.example")
        assert again(made).email == Mail.objects.get().to == "neu@kreis.example"
        with pytest.raises(StepRefused, match="schon zu einem anderen"):
            accounts.invite(user(None), by=admin, address="NEU@kreis.example")

    def test_a_closed_account_is_not_invited(self, admin, person):
        accounts.lock(person, by=admin, reason="misuse")
        with pytest.raises(StepRefused, match="Erst wenn es wieder offen ist"):
            accounts.invite(person, by=admin)

    def test_the_first_administrator_is_invited_from_the_command_line(self, capsys):
        made = user(Role.ADMIN, email="")
        call_command("invite", made.username)
        link = re.search(r"http\S+", capsys.readouterr().out)[0]
        assert accounts.invited(link.split("/")[-2]).user == made
        known = user(Role.ADMIN)
        call_command("invite", known.username)
        assert "http" not in capsys.readouterr().out
        with pytest.raises(CommandError, match="No such account"):
            call_command("invite", "nobody-of-that-name")


class TestSessions:
    def test_a_session_ended_elsewhere_is_dead_at_the_next_request(self, client, other_client, person):
        sign_in(client, person)
        sign_in(other_client, person)
        (row,) = SignIn.objects.filter(user=person).exclude(pk=client.session[sign_ins.KEY])
        assert client.post(reverse("kim:session_end", args=[row.pk])).status_code == 302
        answer = other_client.get("/")
        assert answer.headers["Location"] == "/konto/login/?next=/&beendet=1"
        assert "Diese Anmeldung wurde beendet" in other_client.get("/konto/login/?beendet=1").text
        assert is_in(client)

    def test_all_others_end_at_once(self, client, other_client, person):
        sign_in(client, person)
        sign_in(other_client, person)
        client.post(reverse("kim:session_end_others"))
        assert is_in(client)
        assert not is_in(other_client)
        assert acts(person)[-1] == "user.end_other_sessions"

    def test_a_new_password_ends_all_others(self, client, other_client, person):
        sign_in(client, person)
        sign_in(other_client, person)
        new = {
            "oldpassword": PASSWORD,
            "password1": "ein ganz anderes Kennwort",
            "password2": "ein ganz anderes Kennwort",
        }
        client.post("/konto/password/change/", new)
        assert is_in(client)
        assert not is_in(other_client)
        assert SignIn.objects.filter(user=person).count() == 1
        assert "user.change_password" in acts(person)

    def test_administrators_end_them_all(self, client, admin, person):
        sign_in(client, person)
        assert accounts.end_sessions(person, by=admin) == 1
        assert not is_in(client)

    def test_who_has_no_password_yet_may_set_one(self, client):
        client.force_login(somebody := user(Role.AUDIT))
        assert "hat kein Kennwort" in client.get(reverse("kim:account")).text
        assert "Ihr Konto hat noch kein Kennwort" in client.get("/konto/password/set/").text
        client.post("/konto/password/set/", {"password1": PASSWORD, "password2": PASSWORD})
        assert again(somebody).check_password(PASSWORD)
        assert is_in(client)

    def test_signing_out_leaves_no_row(self, client, person):
        sign_in(client, person)
        client.post("/konto/logout/")
        assert not SignIn.objects.filter(user=person).exists()
        assert acts(person) == ["user.sign_in", "user.sign_out"]

    def test_a_session_without_a_row_is_none(self, client, person):
        client.force_login(person)
        session = client.session
        del session[sign_ins.KEY]
        session.save()
        assert not is_in(client)

    def test_somebody_elses_row_keeps_nobody_in(self, client, person):
        client.force_login(person)
        session = client.session
        session[sign_ins.KEY] = SignIn.objects.create(user=user(None), browser="x").pk
        session.save()
        assert not is_in(client)

    def test_only_the_family_of_the_browser_is_kept(self, client, person):
        sign_in(client, person, User_Agent=FIREFOX)
        row = SignIn.objects.get(user=person)
        assert row.browser == "Firefox unter Windows"
        assert {field.name for field in SignIn._meta.fields} == {
            "id",
            "user",
            "device",
            "browser",
            "began_at",
            "used_at",
        }
        page = client.get(reverse("kim:account")).text
        assert "Firefox unter Windows" in page
        assert "140" not in page

    def test_what_idled_away_is_swept_up(self, person):
        long_ago = workdays.now() - dt.timedelta(days=500)
        SignIn.objects.create(user=person, browser="x", used_at=long_ago)
        Device.objects.create(user=person, browser="x", digest="x", last_at=long_ago)
        fresh = SignIn.objects.create(user=person, browser="x")
        tasks.sweep_up()
        assert list(SignIn.objects.all()) == [fresh]
        assert not Device.objects.exists()


class TestDevices:
    def test_the_first_browser_is_no_news_and_a_second_one_is(self, client, other_client, person):
        sign_in(client, person)
        assert not Mail.objects.exists()
        sign_in(other_client, person, User_Agent=FIREFOX)
        mail = Mail.objects.get()
        assert "Firefox unter Windows" in mail.body
        assert "127.0.0.1" not in mail.body
        notice = Notice.objects.get()
        assert (notice.recipient, notice.url) == (person, "/account/")
        assert notice.digested_at  # the mail has said it
        assert str(person) not in mail.subject + notice.headline

    def test_a_known_browser_is_no_news_and_its_cookie_is_not_kept(self, client, person):
        sign_in(client, person)
        client.post("/konto/logout/")
        sign_in(client, person)
        assert not Mail.objects.exists()
        device, cookie = Device.objects.get(), client.cookies[sign_ins.COOKIE]
        assert cookie.value not in device.digest
        assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")

    def test_without_an_address_it_is_told_in_kim_and_by_the_digest(self, client, other_client, person):
        User.objects.filter(pk=person.pk).update(email="")
        sign_in(client, person)
        sign_in(other_client, person)
        assert not Mail.objects.exists()
        assert Notice.objects.get().digested_at is None

    def test_a_forgotten_browser_is_news_again_and_what_it_had_open_ends(self, client, other_client, person):
        sign_in(client, person)
        sign_in(other_client, person)
        device = Device.objects.exclude(sign_ins=client.session[sign_ins.KEY]).get()
        client.post(reverse("kim:device_forget", args=[device.pk]))
        assert not is_in(other_client)
        sign_in(other_client, person)
        assert Mail.objects.count() == 2

    def test_a_cookie_that_is_none_is_replaced(self, client, person):
        client.cookies[sign_ins.COOKIE] = "\x00" * 3 + "<script>"
        sign_in(client, person)
        assert len(client.cookies[sign_ins.COOKIE].value) == 43


class TestPages:
    def test_the_list_is_searched_and_narrowed_by_state(self, client, admin, django_assert_max_num_queries):
        client.force_login(admin)
        there = {
            "left": user(None, name="Amt Ausgeschieden"),
            "locked": user(None, name="Amt Gesperrt"),
            "invited": user(None, name="Amt Eingeladen"),
            "new": user(None, name="Amt Neu"),
            "active": user(None, name="Amt Aktiv", last_login=workdays.now()),
        }
        accounts.leave(there["left"], by=admin, last_day=workdays.today() - ONE_DAY)
        accounts.lock(there["locked"], by=admin, reason="request")
        accounts.invite(there["invited"], by=admin)
        address = reverse("kim:account_list")
        for key, one in there.items():
            page = client.get(address, {"q": "amt", "state": key}).text
            assert {str(other) in page for other in there.values() if other != one} == {False}
            assert str(one) in page
            assert accounts.state(accounts.with_state(User.objects.all()).get(pk=one.pk)) == key
        assert set(there) == set(accounts.STATES)
        with django_assert_max_num_queries(6):
            client.get(address)

    def test_it_is_paged_by_key(self, client, admin):
        client.force_login(admin)
        User.objects.bulk_create(User(username=f"p{no}", display_name=f"Platz {no:02}") for no in range(40))
        page = client.get(reverse("kim:account_list"), {"q": "platz"}).text
        after = re.search(r"after=([\w-]+)", page)[1]
        second = client.get(reverse("kim:account_list"), {"q": "platz", "after": after}).text
        assert ("Platz 29" in page, "Platz 30" in page, "Platz 30" in second) == (True, False, True)

    def test_acts_from_the_page_and_refusals_in_the_form(self, client, admin, person):
        client.force_login(admin)

        def post(name, **data):
            return client.post(reverse(f"kim:account_{name}", args=[person.pk]), data)

        assert post("invite", email="x").status_code == 422
        assert post("invite", email=admin.email).status_code == 422
        assert post("invite", email=person.email).status_code == 302
        assert post("withdraw").status_code == 302
        assert post("lock", reason="", until="").status_code == 422
        assert post("lock", reason="misuse", until="31.02.2026").status_code == 422
        assert post("lock", reason="misuse", until="").status_code == 302
        assert "gesperrt" in client.get(reverse("kim:account_detail", args=[person.pk])).text
        assert post("reopen").status_code == 302
        assert post("leave", last_day="").status_code == 422
        assert post("leave", last_day=f"{workdays.today():%d.%m.%Y}").status_code == 302
        assert post("leave", last_day=f"{workdays.today():%d.%m.%Y}").status_code == 422
        assert acts(person)[:4] == ["user.invite", "user.withdraw_invitation", "user.lock", "user.reopen"]
        for row in TrailEntry.objects.all():
            assert str(person) not in row.note

    def test_the_page_of_an_account_asks_little(self, client, admin, person, django_assert_max_num_queries):
        client.force_login(admin)
        with django_assert_max_num_queries(12):
            page = client.get(reverse("kim:account_detail", args=[person.pk])).text
        assert f"<title>{person}" not in page
