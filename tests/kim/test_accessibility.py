"""The declaration of accessibility and the form beside it: open to everybody, answered, and gone after a year."""

import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from kim import barriers, workdays
from kim.models import BarrierReport, Mail, Notice, Role, TrailEntry
from kim.views.accessibility import TOLD
from kim.workflow import StepRefused
from tests.factories import county, user

pytestmark = pytest.mark.django_db
MARKED = "Zymbelkraut"
NEW = "/accessibility/barriers/new/"


@pytest.fixture
def admin():
    county()
    return user(Role.ADMIN)


def test_the_declaration_says_what_it_has_to_say_and_needs_no_account(client, admin, settings):
    settings.KIM_CONTACT = ["Kreishaus", "barrierefrei@kreis.example"]
    page = client.get(reverse("kim:accessibility")).content.decode()
    for words in (
        "BITVNRW",
        "Stand der Vereinbarkeit",
        "noch nicht",
        NEW,
        "ombudsstelle",
        "barrierefrei@kreis.example",
    ):
        assert words in page


def test_every_page_leads_to_it(client, admin):
    assert reverse("kim:accessibility") in client.get(reverse("account_login")).content.decode()
    client.force_login(admin)
    assert reverse("kim:accessibility") in client.get("/").content.decode()


def test_somebody_outside_tells_and_is_answered_by_mail(client, admin):
    told = client.post(NEW, {"text": MARKED, "page": "Anmelden", "email": "frau@draussen.example"})
    assert "innerhalb eines Monats" in told.content.decode()
    one = BarrierReport.objects.get()
    assert (one.text, one.by) == (MARKED, None)
    notice = Notice.objects.get(recipient=admin)
    assert MARKED not in notice.headline + notice.text
    client.force_login(admin)
    assert MARKED in client.get(reverse("kim:barrier_list")).content.decode()
    address = reverse("kim:barrier_answer", args=[one.pk])
    assert client.post(address, {"words": ""}).status_code == 422
    assert client.post(address, {"words": "Das ist behoben."}).status_code == 302
    mail = Mail.objects.get(to="frau@draussen.example")
    assert "Das ist behoben." in mail.body
    assert MARKED not in mail.subject + mail.body
    assert client.get(address).status_code == 302
    acts = TrailEntry.objects.filter(kind="kim.barrierreport").order_by("pk")
    assert [(row.act, row.by) for row in acts] == [("barrierreport.tell", None), ("barrierreport.answer", admin)]


def test_who_is_signed_in_reads_the_answer_in_kim(client, admin):
    me = user(Role.CASE_MANAGER)
    client.force_login(me)
    client.post(NEW, {"text": MARKED})
    barriers.answer(BarrierReport.objects.get(), words="Behoben.", by=admin)
    assert Notice.objects.get(recipient=me).text == "Behoben."
    assert not Mail.objects.exists()


def test_it_is_answered_once_and_by_the_administration_alone(admin):
    one = barriers.report(text=MARKED)
    with pytest.raises(PermissionDenied):
        barriers.answer(one, words="x", by=user(Role.STRATEGIC_OFFICE))
    barriers.answer(one, words="x", by=admin)
    with pytest.raises(StepRefused, match="schon beantwortet"):
        barriers.answer(one, words="y", by=admin)


@pytest.mark.parametrize("typed", [{"text": ""}, {"text": "x", "email": "keine"}, {"text": "x" * 4001}])
def test_what_cannot_be_kept_is_said_at_its_field(client, admin, typed):
    answer = client.post(NEW, typed)
    assert answer.status_code == 422
    assert "Die Meldung ist noch nicht angekommen" in answer.content.decode()
    assert not BarrierReport.objects.exists()


def test_nobody_floods_the_administration(client, admin):
    answers = [client.post(NEW, {"text": "x"}).status_code for _ in range(TOLD + 1)]
    assert answers == [200] * TOLD + [429]
    assert BarrierReport.objects.count() == TOLD


def test_a_year_after_its_answer_it_is_gone_and_what_waits_stays(admin):
    answered, waiting = barriers.report(text="a"), barriers.report(text="b")
    barriers.answer(answered, words="x", by=admin)
    with workdays.as_of(workdays.now() + barriers.KEPT - dt.timedelta(hours=1)):
        assert barriers.forget() == 0
    with workdays.as_of(workdays.now() + barriers.KEPT + dt.timedelta(hours=1)):
        assert barriers.forget() == 1
    assert list(BarrierReport.objects.all()) == [waiting]


def test_the_list_costs_the_same_however_long_it_is(client, admin):
    client.force_login(admin)
    client.get(reverse("kim:barrier_list"))
    found = []
    for number in (1, 15):
        for _ in range(number):
            barriers.report(text="x", by=user(Role.CASE_MANAGER))
        Notice.objects.all().delete()
        with CaptureQueriesContext(connection) as asked:
            client.get(reverse("kim:barrier_list"))
        found.append(len(asked))
    assert found[0] == found[1] <= 12
