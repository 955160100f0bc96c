"""Consents at a case: giving, withdrawing with its consequences, and the forms to sign."""

import datetime as dt

import pytest

from casework.lifecycle import State
from casework.models import Conference, Consent, FollowUp, Participant, Procedure, Referral
from casework.today import waiting_referrals
from kim import trail, workdays
from kim.models import Code, Draft
from kim.workflow import StepRefused
from tests.casework.factories import actor, authority, case_at, checklist, code, consent
from tests.factories import organisation
from tests.pdf_text import text_of

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

    def test_the_papers_an_authority_may_get_are_named_and_shown_at_the_case_and_on_the_form(self, signed_in, led):
        sent = given(purpose="MODUL3", recipient=authority().pk, usual_papers=["Arbeitsvertrag", "Mietvertrag"])
        answer = signed_in.post(url(led, "consents/new/"), sent | {"papers": "Brief der Schule\n\n Foto"})
        assert answer.status_code == 302
        made = Consent.objects.get(client=led.client, recipient=authority())
        assert made.paper_list == ["Arbeitsvertrag", "Mietvertrag", "Brief der Schule", "Foto"]
        words = "Arbeitsvertrag, Mietvertrag, Brief der Schule, Foto"
        assert words in signed_in.get(led.get_absolute_url()).content.decode()
        shown = text_of(signed_in.get(url(led, "forms/consent/de/")).content)
        assert words in " ".join(shown.split())
        assert "Unterlagen, die ich nenne" in shown
        with pytest.raises(StepRefused, match="Unterlagen nennt nur"):
            consent(led, "KONFERENZ", organisation("schule"), papers="Foto")

    @pytest.mark.parametrize(
        ("fields", "words"),
        [
            ({"purpose": "AUSTAUSCH"}, "gehört eine Stelle"),
            ({"purpose": "CM", "recipient": "caritas"}, "Case Management selbst"),
            ({"purpose": "MODUL3", "recipient": "caritas"}, "Einbürgerungsbehörde"),
            ({"usual_papers": ["Mietvertrag"]}, "Unterlagen nennt nur"),
            ({"papers": "Mietvertrag"}, "Unterlagen nennt nur"),
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

    def test_the_same_sent_twice_is_one(self, signed_in, led):
        there = led.client.consents.get()
        again = consent(led)
        assert again == there
        with pytest.raises(StepRefused, match="schon eingetragen"):
            consent(led, text_version="2027-1")
        assert Consent.objects.count() == 1
        there.withdraw(by=led.owner)
        led.refresh_from_db()
        assert led.is_locked
        assert consent(led) != there

    def test_after_the_end_of_a_case_the_same_is_a_new_one(self):
        ended = case_at(State.CLOSED)
        assert consent(ended) == consent(ended)  # and not the one of the admission
        assert Consent.objects.count() == 2

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
        consent(led, valid_from=workdays.today() - dt.timedelta(days=1))
        page = url(led, f"consents/{first.pk}/withdraw/")
        assert "wird gesperrt" not in signed_in.get(page).content.decode()
        signed_in.post(page)
        led.refresh_from_db()
        assert not led.is_locked

    def test_whoever_learned_something_by_it_is_named(self, signed_in, led):
        there, office = organisation("caritas", name="Caritas"), authority()
        exchange = consent(led, "KONFERENZ", there)
        days = [workdays.today() + dt.timedelta(days=number) for number in (-5, 0, 5)]
        for day in days:
            conference = Conference.objects.create(case=led, held_on=day)
            Participant.seat(conference, by=led.owner, institution=there)
        handed = consent(led, "MODUL3", office)
        Procedure.hand_over(
            led, by=led.owner, checklist=checklist(), authority=office, consent=handed, person="N", text="Anliegen"
        )
        referred = consent(led, "VERWEIS", there)
        Referral.send(
            led, by=led.owner, actor=actor(name="Schuldnerberatung", organisation=there), occasion="S",
            consent=referred, follow_up_on=days[2],
        )  # fmt: skip
        for one, words in [
            (exchange, f"Caritas nimmt an der Fallkonferenz am {days[2]:%d.%m.%Y} nicht mehr teil"),
            (exchange, "Caritas darf an der Fallkonferenz von heute nicht mehr teilnehmen"),
            (exchange, "bleibt dort eingetragen"),
            (handed, f"{office} sieht den Vorgang nicht mehr"),
            (referred, "Schuldnerberatung erfährt nichts mehr"),
            (referred, f"nachgefragt wird nicht mehr, die Wiedervorlage am {days[2]:%d.%m.%Y} entfällt"),
        ]:
            assert words in signed_in.get(url(led, f"consents/{one.pk}/withdraw/")).content.decode()

    def test_seats_of_conferences_to_come_go_and_those_until_today_stay(self, signed_in, led):
        there, other = organisation("caritas", name="Caritas"), organisation("schule", name="Schule")
        agreed = consent(led, "KONFERENZ", there)
        consent(led, "KONFERENZ", other)
        days = [workdays.today() + dt.timedelta(days=number) for number in (-5, 0, 1)]
        for day in days:
            conference = Conference.objects.create(case=led, held_on=day)
            for institution in (there, other, led.employer):
                Participant.seat(conference, by=led.owner, institution=institution)
        assert signed_in.post(url(led, f"consents/{agreed.pk}/withdraw/")).status_code == 302
        seats = Participant.objects.filter(institution=there).values_list("conference__held_on", flat=True)
        assert set(seats) == set(days[:2])
        assert Participant.objects.exclude(institution=there).count() == 6
        assert trail.of(led).get(act="case.conference_unseat").note == "Einwilligung widerrufen"
        with pytest.raises(StepRefused, match="Keine gültige Einwilligung lässt Caritas"):
            Participant.seat(conference, by=led.owner, institution=there)

    @pytest.mark.parametrize("status", ["sent", "accepted"])
    def test_nobody_is_asked_after_a_referral_any_more(self, signed_in, led, status):
        there, today = organisation("caritas", name="Caritas"), workdays.today()
        agreed = consent(led, "VERWEIS", there)
        whom = actor(name="Schuldnerberatung", organisation=there)
        sent = Referral.send(led, by=led.owner, actor=whom, occasion="S", consent=agreed, follow_up_on=today)
        if status == "accepted":
            sent.answer(by=led.owner, status=status, follow_up_on=today)
        own = Referral.send(led, by=led.owner, actor=whom, occasion="Geht selbst hin", follow_up_on=today)
        agreed.withdraw(by=led.owner)
        assert FollowUp.objects.open().get().referral == own
        told = FollowUp.objects.filter(referral=sent).order_by("-pk")[0]
        assert told.text == "Nachfragen: Schuldnerberatung: Einwilligung widerrufen"
        assert told.done_on == today
        sent.refresh_from_db()
        assert (sent.status, sent.follow_up_on) == (status, None)
        assert sent not in waiting_referrals(today + dt.timedelta(days=90))
        with pytest.raises(StepRefused, match="Bei Schuldnerberatung wird nicht mehr nachgefragt"):
            sent.answer(by=led.owner, status="accepted", follow_up_on=today)
        sent.refresh_from_db()
        sent.answer(by=led.owner, status="done")

    def test_it_also_ends_what_belongs_to_a_locked_case(self, led):
        there, today = organisation("caritas", name="Caritas"), workdays.today()
        agreed = consent(led, "VERWEIS", there)
        whom = actor(name="Schuldnerberatung", organisation=there)
        Referral.send(led, by=led.owner, actor=whom, occasion="S", consent=agreed, follow_up_on=today)
        led.consent_in_force.withdraw(by=led.owner)
        agreed.withdraw(by=led.owner)
        assert not FollowUp.objects.open().exists()

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
