"""Rules of procedure: versions, from the draft to the day they hold, and what the pages say of them."""

import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from kim import workdays
from kim.models import Role, TrailEntry
from kim.workflow import StepRefused
from steering.models import Resolution, RulesOfProcedure
from steering.models.rules import APPLIED, PARAMETERS
from tests.factories import county, meeting, project_group, seat, steering_group, user

pytestmark = pytest.mark.django_db
MOST_QUERIES = 12


@pytest.fixture(autouse=True)
def _there():
    county()


@pytest.fixture
def office(client):
    person = user(Role.STRATEGIC_OFFICE)
    client.force_login(person)
    return person


def url(name, *args):
    return reverse(f"steering:{name}", args=args)


def day(days):
    return workdays.today() + dt.timedelta(days=days)


def draft(body, **fields):
    version = body.rules.count() + 1
    return RulesOfProcedure.objects.create(body=body, version=version, **fields)


def resolved(body, days=0, by=None):
    with transaction.atomic():
        number = Resolution.next_number()
    return Resolution.objects.create(
        number=number, body=body, verdict="adopt", text="Verabschiedet.", decided_on=day(days), recorded_by=by
    )


def adopted(body, days=0, **fields):
    rules = draft(body, **fields)
    with transaction.atomic():
        rules.adopt(resolution=resolved(body, days), valid_from=day(days))
    return rules


def typed(rules, **other):
    """What a browser sends with the form of a version."""
    boxes = {name: "on" for name in ("without_quorum", "written_allowed") if getattr(rules, name)}
    plain = {name: getattr(rules, name) for name in APPLIED if name not in ("without_quorum", "written_allowed")}
    return {"text": rules.text, **plain, **boxes} | other


# The acts


def test_every_parameter_has_a_sentence():
    fields = {field.name for field in RulesOfProcedure._meta.concrete_fields}
    about = {"id", "body", "version", "text", "submitted_on", "submitted_to", "meeting", "resolution", "valid_from",
             "valid_until", "source", "by", "at"}  # fmt: skip
    assert set(APPLIED) == fields - about
    assert len({label for label, _, _ in PARAMETERS}) == len(PARAMETERS)


def test_the_defaults_in_german_sentences():
    assert RulesOfProcedure(body=steering_group(), version=0).sentences() == [
        "Wenigstens 4 Sitzungen im Jahr",
        "Einladung spätestens 14 Tage vorher",
        "Themen anmelden bis 21 Tage vorher",
        "Unterlagen spätestens 7 Tage vorher",
        "Beschlussfähig ab 50 % der Stimmen; ohne sie kein Beschluss",
        "Stimmrecht: eine Stimme je Institution",
        "Beschlüsse: Konsens, hilfsweise einfache Mehrheit",
        "Tagesordnung nach der Einladung ändern: einfache Mehrheit",
        "Umlaufverfahren zulässig, Stimmabgabe wenigstens 14 Tage lang",
        "Entwurf der Niederschrift spätestens 14 Tage nach der Sitzung",
        "Einwendungen bis 14 Tage nach der Zusendung",
        "Niederschriften lesen: Case Management, Modul 3 und Koordinierung",
    ]
    other = RulesOfProcedure(meetings_per_year=1, invitation_days=1, without_quorum=True, written_allowed=False)
    said = other.sentences()
    for sentence in ("Wenigstens eine Sitzung im Jahr", "Einladung spätestens 1 Tag vorher", "Kein Umlaufverfahren"):
        assert sentence in said
    assert "Beschlussfähig ab 50 % der Stimmen; beschlossen werden kann auch ohne" in said


def test_a_version_holds_from_its_day_and_ends_the_one_before():
    group = steering_group()
    first = adopted(group, -20, invitation_days=21)
    second = draft(group, invitation_days=30)
    with transaction.atomic():
        second.adopt(resolution=resolved(group), valid_from=day(5))
    first.refresh_from_db()
    assert (first.last_day, first.span) == (day(4), f"{day(-20):%d.%m.%Y} bis {day(4):%d.%m.%Y}")
    assert [RulesOfProcedure.in_force(group, day(when)).version for when in (-21, -20, 4, 5)] == [0, 1, 1, 2]
    assert TrailEntry.objects.filter(act="rulesofprocedure.adopt", object_id=str(second.pk)).count() == 1


@pytest.mark.parametrize(
    ("make", "valid_from", "sentence"),
    [
        (lambda group: resolved(project_group()), 0, "verabschiedet das Gremium selbst"),
        (lambda group: resolved(group), -1, "frühestens ab dem Tag des Beschlusses"),
        (lambda group: resolved(group, -20), -10, "die neue frühestens einen Tag später"),
    ],
)
def test_an_adoption_that_cannot_be_is_refused(make, valid_from, sentence):
    group = steering_group()
    first, second = adopted(group, -10), draft(group)
    with pytest.raises(StepRefused, match=sentence), transaction.atomic():
        second.adopt(resolution=make(group), valid_from=day(valid_from))
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.valid_until, second.valid_from) == (None, None)


def test_what_is_adopted_does_not_change_any_more(client, office):
    rules = adopted(steering_group())
    sentence = "Fassung 1 ist verabschiedet und ändert sich nicht mehr"
    for act in (
        lambda: rules.edit(by=office, text="Anders"),
        lambda: rules.submit(by=office, on=day(0), to="Ausschuss"),
        lambda: rules.adopt(resolution=resolved(rules.body), valid_from=day(9)),
    ):
        with pytest.raises(StepRefused, match=sentence), transaction.atomic():
            act()
    for name in ("rules_edit", "rules_submit"):
        assert sentence in client.get(url(name, rules.pk)).text
    refused = client.post(url("rules_edit", rules.pk), typed(rules, text="Was ich schrieb, ist noch da."))
    assert refused.status_code == 409
    assert "Was ich schrieb, ist noch da." in refused.text
    rules.refresh_from_db()
    assert rules.text == ""


def test_a_new_version_copies_the_one_before_and_there_is_one_draft_at_a_time(client, office):
    group = steering_group()
    adopted(group, -1, text="§ 1 Aufgabe", invitation_days=21, voices="person")
    page = client.get(url("rules_new", group.pk))
    assert (page.context["form"].initial["invitation_days"], page.context["form"].initial["text"]) == (
        21,
        "§ 1 Aufgabe",
    )
    sent = typed(page.context["blank"], invitation_days=28)
    assert client.post(url("rules_new", group.pk), sent).status_code == 302
    made = group.rules.get(version=2)
    assert (made.invitation_days, made.voices, made.text, made.by) == (28, "person", "§ 1 Aufgabe", office)
    refused = client.post(url("rules_new", group.pk), sent)
    assert refused.status_code == 422
    assert "Fassung 2 ist noch nicht verabschiedet. Bitte bearbeiten Sie sie" in refused.text
    assert client.get(url("rules_new", group.pk)).headers["Location"] == made.get_absolute_url()


def test_the_first_version_of_a_group_begins_with_what_holds_for_it():
    adopted(steering_group(), text="§ 1", invitation_days=30)
    blank = RulesOfProcedure.blank(project_group())
    assert (blank.version, blank.invitation_days, blank.text) == (1, 30, "")


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"quorum_percent": "0"}, "ganze Zahl von 1 bis 100"),
        ({"invitation_days": "bald"}, "ganze Zahl von 1 bis 90"),
        ({"majority": "louder"}, "Diese Auswahl gibt es nicht"),
        ({"minutes_days": ""}, "Bitte ausfüllen"),
        ({"text": "Rückfragen an Frau Muster unter 02241 131234"}, "Datenschutzprüfung"),
    ],
)
def test_what_cannot_be_a_rule_is_refused_with_a_sentence(client, office, wrong, sentence):
    rules = draft(steering_group())
    refused = client.post(url("rules_edit", rules.pk), typed(rules, **wrong))
    assert refused.status_code == 422
    assert sentence in refused.text
    rules.refresh_from_db()
    assert (rules.text, rules.quorum_percent, rules.by) == ("", 50, None)


def test_submitting_brings_it_to_the_agenda_of_that_meeting_and_off_the_other(client, office):
    group = steering_group()
    first, second = group.next_meeting(), meeting(group, days=60)
    rules = draft(group)
    given = {"on": f"{day(0):%d.%m.%Y}", "to": "Ausschuss, zur Kenntnis", "meeting": first.pk}
    for _ in range(2):
        assert client.post(url("rules_submit", rules.pk), given).status_code == 302
    item = first.agenda.get()
    assert (item.kind, item.rules, item.added_by) == ("rules", rules, office)
    rules.refresh_from_db()
    assert rules.stage == f"Entwurf vorgelegt, Verabschiedung in der Sitzung am {first.day:%d.%m.%Y}"
    client.post(url("rules_submit", rules.pk), given | {"meeting": second.pk})
    item.refresh_from_db()
    assert item.withdrawn_at
    assert second.agenda.get().rules == rules
    client.post(url("rules_submit", rules.pk), given)
    item.refresh_from_db()
    assert item.withdrawn_at is None
    first.cancelled_at = workdays.now()
    first.save()
    rules.refresh_from_db()
    assert rules.stage == "Entwurf vorgelegt, Verabschiedung in der nächsten Sitzung"


def test_submitting_is_refused_for_tomorrow_and_for_the_meeting_of_others(client, office):
    rules = draft(steering_group())
    given = {"on": f"{day(1):%d.%m.%Y}", "to": "Ausschuss", "meeting": ""}
    refused = client.post(url("rules_submit", rules.pk), given)
    assert refused.status_code == 422
    assert "Vorgelegt wird an einem Tag bis heute" in refused.text
    with pytest.raises(StepRefused, match="kommende Sitzung desselben Gremiums"):
        rules.submit(by=office, on=day(0), to="Ausschuss", meeting=meeting(project_group()))
    rules.refresh_from_db()
    assert rules.submitted_on is None


def test_a_draft_changed_after_it_was_submitted_says_so(client, office):
    rules = draft(steering_group(), submitted_on=day(-3), submitted_to="Ausschuss", by=office)
    with workdays.as_of(day(-4)):
        RulesOfProcedure.objects.filter(pk=rules.pk).update(at=workdays.now())
    assert "nach der Vorlage geändert" not in client.get(rules.get_absolute_url()).text
    assert client.post(url("rules_edit", rules.pk), typed(rules, text="§ 1 Neu")).status_code == 302
    assert "nach der Vorlage geändert" in client.get(rules.get_absolute_url()).text


def test_only_the_office_writes_rules(client):
    group = steering_group()
    rules, chair = draft(group), group.leads().get()
    for act in (
        lambda: RulesOfProcedure.draft(group, by=chair, text=""),
        lambda: rules.edit(by=chair, text=""),
        lambda: rules.submit(by=chair, on=day(0), to="Ausschuss"),
    ):
        with pytest.raises(PermissionDenied, match="Geschäftsordnungen schreibt die Geschäftsstelle"):
            act()
    client.force_login(chair)
    assert "Bearbeiten" not in client.get(rules.get_absolute_url()).text


# The pages


def test_a_version_shows_what_it_changes(client, office):
    group = steering_group()
    adopted(group, text="§ 1", invitation_days=14)
    rules = draft(group, text="§ 1", invitation_days=21, without_quorum=True)
    page = client.get(rules.get_absolute_url())
    assert page.context["changes"] == [
        ("Einladung", "Einladung spätestens 14 Tage vorher", "Einladung spätestens 21 Tage vorher"),
        (
            "Beschlussfähigkeit",
            "Beschlussfähig ab 50 % der Stimmen; ohne sie kein Beschluss",
            "Beschlussfähig ab 50 % der Stimmen; beschlossen werden kann auch ohne",
        ),
    ]
    assert "Der Wortlaut ist derselbe." in page.text
    assert "Zurzeit gilt: Fassung 1." in page.text


def test_the_page_of_a_body_says_which_rules_hold(client, office):
    group, other = steering_group(), project_group()
    assert "Es gilt die Voreinstellung" in client.get(group.get_absolute_url()).text
    adopted(group, invitation_days=21)
    for body in (group, other):
        page = client.get(body.get_absolute_url()).text
        assert "Geschäftsordnung, Fassung 1" in page
        assert "Einladung spätestens 21 Tage vorher" in page
        assert ("der Lenkungsgruppe, ab" in page) == (body == other)


def test_members_read_their_own_rules_alone(client):
    group, other = steering_group(), project_group()
    rules, foreign = draft(group), draft(other)
    member = user(Role.STEERING_GROUP)
    seat(group, member, "member")
    client.force_login(member)
    assert client.get(rules.get_absolute_url()).status_code == 200
    assert client.get(foreign.get_absolute_url()).status_code == 404


def test_the_page_costs_the_same_however_many_versions_there_are(client, office):
    group, counts = steering_group(), []
    for _ in range(2):
        for no in range(3):
            adopted(group, len(counts) * 10 + no)
        page = group.rules.order_by("-version").first().get_absolute_url()
        client.get(page)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(page).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1] <= MOST_QUERIES
