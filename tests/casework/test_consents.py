"""Consents at a case: giving, withdrawing with its consequences, and the forms to sign."""

import datetime as dt

import pytest

from casework.lifecycle import State
from casework.models import Conference, Consent, Participant, Procedure, Referral
from kim import trail, workdays
from kim.models import Code, Draft
from tests.casework.factories import actor, authority, case_at, checklist, code, consent
from tests.factories import organisation

pytestmark = pytest.mark.django_db


@pytest.fixture
def led():
    return case_at(State.MONITORING)


@pytest.fixture
def signed_in(client, led):
    client.force_login(led.owner)
    return client


def url(case, rest=""):
    return f"/casework/cases/{case.pk}/{rest}"


def given(**fields):
    purpose = code(Code.List.CONSENT_PURPOSE, fields.pop("purpose", "CM"))
    sent = {"purpose": purpose.pk, "valid_from": f"{workdays.today():%d.%m.%Y}", "given": "written"}
    return sent | {"text_version": "2026-01"} | fields


class TestGiving:
    def test_it_is_written_down_with_its_last_day_and_the_draft_goes(self, signed_in, led):
        Draft.keep(led.owner, f"case:{led.pk}:consent", {"text_version": "eigener Text"})
        assert "eigener Text" in signed_in.get(url(led, "consents/new/")).content.decode()
        last = workdays.today() + dt.timedelta(days=100)
        there = organisation("caritas")
        sent = given(purpose="AUSTAUSCH", recipient=there.pk, last_day=f"{last:%d.%m.%Y}")
        assert signed_in.post(url(led, "consents/new/"), sent).status_code == 302
        made = Consent.objects.get(client=led.client, recipient=there)
        assert made.valid_until == last + dt.timedelta(days=1)
        assert not Draft.objects.filter(user=led.owner).exists()

    @pytest.mark.parametrize(
        ("fields", "words"),
        [
            ({"purpose": "AUSTAUSCH"}, "gehört eine Stelle"),
            ({"purpose": "CM", "recipient": "caritas"}, "Case Management selbst"),
            ({"purpose": "MODUL3", "recipient": "caritas"}, "Einbürgerungsbehörde"),
            ({"last_day": "01.02.2020"}, "vor dem ersten"),
            ({"valid_from": "01.01.2199"}, "nächsten Jahres"),
            ({"text_version": ""}, "Bitte ausfüllen"),
            ({"given": "telepathy"}, "Diese Auswahl gibt es nicht"),
        ],
    )
    def test_what_does_not_fit_is_told_and_nothing_written(self, signed_in, led, fields, words):
        before = Consent.objects.count()
        if "recipient" in fields:
            fields = fields | {"recipient": organisation(fields["recipient"]).pk}
        answer = signed_in.post(url(led, "consents/new/"), given(**fields))
        assert answer.status_code == 422
        assert words in answer.content.decode()
        assert Consent.objects.count() == before

    def test_a_new_one_unlocks_the_case(self, signed_in, led):
        led.consent_in_force.withdraw(by=led.owner)
        assert signed_in.post(url(led, "consents/new/"), given()).status_code == 302
        led.refresh_from_db()
        assert not led.is_locked

    def test_one_that_begins_later_is_refused_for_a_locked_case(self, signed_in, led):
        led.consent_in_force.withdraw(by=led.owner)
        later = f"{workdays.today() + dt.timedelta(days=5):%d.%m.%Y}"
        answer = signed_in.post(url(led, "consents/new/"), given(valid_from=later))
        assert answer.status_code == 409
        assert "Nur eine Einwilligung, die heute schon gilt" in answer.content.decode()
        assert not led.client.consents.filter(withdrawn_at__isnull=True).exists()
        led.refresh_from_db()
        assert led.is_locked


class TestWithdrawing:
    def test_the_consequences_come_first(self, signed_in, led):
        page = url(led, f"consents/{led.consent_in_force.pk}/withdraw/")
        shown = signed_in.get(page).content.decode()
        assert f"Fall {led.number} wird gesperrt" in shown
        assert f"{workdays.today() + dt.timedelta(days=30):%d.%m.%Y}" in shown
        led.refresh_from_db()
        assert not led.is_locked

    def test_it_acts_at_once_and_only_once(self, signed_in, led):
        page = url(led, f"consents/{led.consent_in_force.pk}/withdraw/")
        assert signed_in.post(page).status_code == 302
        led.refresh_from_db()
        assert led.is_locked
        assert led.consent_in_force is None
        answer = signed_in.post(page)
        assert answer.status_code == 409
        assert "schon widerrufen" in answer.content.decode()

    def test_a_second_consent_keeps_the_case_open(self, signed_in, led):
        first = led.consent_in_force
        consent(led)
        page = url(led, f"consents/{first.pk}/withdraw/")
        assert "wird gesperrt" not in signed_in.get(page).content.decode()
        signed_in.post(page)
        led.refresh_from_db()
        assert not led.is_locked

    def test_whoever_learned_something_by_it_is_named(self, signed_in, led):
        there, office = organisation("caritas", name="Caritas"), authority()
        exchange = consent(led, "KONFERENZ", there)
        conference = Conference.objects.create(case=led, held_on=workdays.today())
        Participant.seat(conference, by=led.owner, institution=there)
        handed = consent(led, "MODUL3", office)
        Procedure.hand_over(
            led, by=led.owner, checklist=checklist(), authority=office, consent=handed, person="N", text="Anliegen"
        )
        referred = consent(led, "VERWEIS", there)
        Referral.send(
            led, by=led.owner, actor=actor(name="Schuldnerberatung", organisation=there), occasion="S", consent=referred
        )
        for one, words in [
            (exchange, "Caritas nimmt an keiner Fallkonferenz mehr teil"),
            (handed, f"{office} sieht den Vorgang nicht mehr"),
            (referred, "Schuldnerberatung erfährt nichts mehr"),
        ]:
            assert words in signed_in.get(url(led, f"consents/{one.pk}/withdraw/")).content.decode()

    def test_a_consent_of_somebody_else_is_not_there(self, signed_in, led):
        other = case_at(State.ADMITTED)
        assert signed_in.get(url(led, f"consents/{other.consent_in_force.pk}/withdraw/")).status_code == 404


class TestForms:
    def test_every_form_of_the_page_is_a_pdf(self, signed_in, led):
        shown = signed_in.get(url(led, "forms/")).content.decode()
        for language in ("de", "en", "fr", "ar", "uk", "ru", "tr", "fa"):
            page = url(led, f"forms/consent/{language}/")
            assert page in shown
            answer = signed_in.get(page)
            assert answer.content.startswith(b"%PDF-")
            assert answer["Content-Disposition"] == f'inline; filename="{led.number}-Einwilligung-{language}.pdf"'
        assert trail.of(led).last().act == "case.print_consent"

    def test_blank_ones_are_at_hand(self, signed_in):
        assert "/casework/forms/information/fa/" in signed_in.get("/casework/forms/").content.decode()
        assert signed_in.get("/casework/forms/information/fa/").content.startswith(b"%PDF-")

    @pytest.mark.parametrize("rest", ["consent/xx", "contract/de", "consent/2026-01"])
    def test_there_are_no_others(self, signed_in, led, rest):
        assert signed_in.get(f"/casework/forms/{rest}/").status_code == 404
        assert signed_in.get(url(led, f"forms/{rest}/")).status_code == 404
