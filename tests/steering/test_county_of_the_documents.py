"""The county of the two documents: what they say is what is loaded, and a second time changes nothing."""

import datetime as dt

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import transaction
from django.db.models import Sum

from kim import workdays
from kim.models import Assignment, Code, County, Municipality, Organisation, PopulationCount, TrailEntry, User
from steering import county
from steering.models import (
    Agreement,
    Body,
    KickOff,
    Membership,
    RulesOfProcedure,
    TimeLimit,
)
from steering.seating import Seating

FILE = settings.BASE_DIR / "data" / "rhein-sieg-kreis.yaml"
PUBLISHED = dt.date(2022, 3, 16)

#: The list of the status report of 16.03.2022, word for word.
NINE = {
    ("2021-10-15", ("Bad Honnef", "Hennef (Sieg)", "Königswinter")),
    ("2021-10-15", ("Meckenheim", "Rheinbach")),
    ("2021-10-15", ("Windeck",)),
    ("2021-11-01", ("Sankt Augustin", "Wachtberg")),
    ("2021-11-15", ("Bornheim",)),
    ("2021-12-01", ("Alfter", "Swisttal")),
    ("2022-02-01", ("Niederkassel",)),
    ("2022-02-01", ("Lohmar",)),
    ("2022-03-01", ("Much", "Neunkirchen-Seelscheid")),
}


def load(path=FILE):
    return county.load(county.read(path))


def known_on(day):
    """Case management as a report of that day could have told it."""
    with workdays.as_of(day):
        return Assignment.objects.valid_on().known_on().filter(role="case_manager", municipality__isnull=False)


@pytest.fixture(scope="module")
def whole_county(django_db_setup, django_db_blocker):
    """The county as its file says it, loaded once for this module and undone after it."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield load()
        transaction.set_rollback(True)


@pytest.fixture
def loaded(whole_county, db):
    return whole_county


# What the documents say


def test_nineteen_municipalities_with_the_published_population(loaded):
    assert Municipality.objects.count() == 19
    counted = PopulationCount.objects.filter(counted_on="2022-12-31").exclude(source="")
    assert counted.aggregate(Sum("persons"))["persons__sum"] == 608_335
    left = counted.filter(municipality__bank="left")
    assert (left.count(), left.aggregate(Sum("persons"))["persons__sum"]) == (6, 164_142)
    assert Municipality.objects.filter(bank="right").count() == 13
    assert not Municipality.objects.filter(latitude=None).exists()
    assert County.current().key == "05382"


def test_every_municipality_has_its_administration(loaded):
    for place in Municipality.objects.all():
        assert Organisation.objects.filter(kind="municipality", municipality=place).count() == 1, place


def test_the_nine_of_the_status_report_with_their_days_and_places(loaded):
    rows = Assignment.objects.filter(source__startswith="Sachstand 16.03.2022, Nr.")
    found = {
        (
            str(user.assignments.first().valid_from),
            tuple(sorted(user.assignments.values_list("municipality__name", flat=True))),
        )
        for user in User.objects.filter(assignments__in=rows)
    }
    assert found == NINE
    assert set(rows.values_list("employer__key", flat=True)) == {"rhein-sieg-kreis"}
    assert {row.known_from.astimezone(workdays.BERLIN).date() for row in rows} == {PUBLISHED}


def test_white_spots_on_the_day_of_the_report(loaded):
    covered = known_on(PUBLISHED).values("municipality")
    white = Municipality.objects.exclude(pk__in=covered).values_list("name", flat=True)
    assert set(white) == {"Siegburg", "Eitorf", "Ruppichteroth"}


def test_a_report_written_before_the_nine_were_announced_knows_troisdorf_only(loaded):
    assert list(known_on(dt.date(2022, 3, 15)).values_list("municipality__name", flat=True)) == ["Troisdorf"]
    assert not known_on(dt.date(2021, 11, 15)).exists()


def test_the_other_posts_of_both_documents(loaded):
    def duty(username):
        return Assignment.objects.get(user__username=username)

    assert duty("leitung-kim").valid_from == dt.date(2021, 4, 1)
    assert duty("koordination-troisdorf").valid_from == dt.date(2021, 8, 1)
    for bank in ("links", "rechts"):
        contact = duty(f"geschaeftsstelle-{bank}")
        assert (contact.valid_from, contact.get_bank_display()) == (dt.date(2022, 1, 10), f"{bank}rheinisch")
    shares = Assignment.objects.filter(role="authority").values_list("employer__key").annotate(Sum("share"))
    assert {key: float(total) for key, total in shares} == {"rhein-sieg-kreis": 2.25, "troisdorf": 1.5}
    four = Assignment.objects.filter(source__startswith="Niederschrift", role__in=["case_manager", "coordination"])
    assert four.count() == 4
    assert four.filter(known_from__date="2021-11-16", valid_from__lt="2021-11-16").count() == 4


def test_the_steering_group_met_twice_and_is_made_of_institutions(loaded):
    group = Body.objects.get(kind="steering")
    assert group.valid_from == dt.date(2021, 11, 25)
    assert [str(meeting) for meeting in group.meetings.order_by("starts_at")] == [
        "Konstituierende Sitzung, 25.11.2021",
        "2. Sitzung, 08.02.2022",
    ]
    assert not Membership.objects.filter(body=group, organisation=None).exists()
    assert group.leads(PUBLISHED).count() == 1


#: domain.md 4.2, after the recommendation of the Land.
ELEVEN = ["Arbeitsagentur", "Ausländerbehörde", "BAMF-Regionalkoordination", "Einbürgerungsbehörde",
          "Freie Wohlfahrtspflege", "Gesundheitsamt", "Jobcenter", "Jugendamt", "Kommunales Integrationszentrum",
          "Sozialamt", "Sprachkursträger"]  # fmt: skip
FIVE = ["Bildungsbüro", "Familienstrukturen", "Kammern", "Kommunale Koordinierung", "Unternehmen"]


def test_who_should_sit_in_the_steering_group_and_that_no_place_is_empty(loaded):
    group = Body.objects.get(kind="steering")
    assert sorted(group.expected.filter(occasional=False).values_list("name", flat=True)) == ELEVEN
    assert sorted(group.expected.filter(occasional=True).values_list("name", flat=True)) == FIVE
    assert not group.expected.filter(source="").exists()
    seating = Seating.of(group, PUBLISHED)
    assert (seating.empty, len(seating.at_times)) == ([], 5)
    group.memberships.get(organisation__key="bamf").delete()
    assert [one.name for one in Seating.of(group, PUBLISHED).empty] == ["BAMF-Regionalkoordination"]


def test_on_the_day_of_the_report_the_rules_are_submitted_and_not_adopted(loaded, client):
    office = User.objects.get(username="geschaeftsstelle-rechts")
    group = Body.objects.get(kind="steering")
    with workdays.as_of(PUBLISHED):
        client.force_login(office)
        rules = group.rules.get()
        page = client.get(rules.get_absolute_url()).text
        held = RulesOfProcedure.in_force(group)
        body = client.get(group.get_absolute_url()).text
    assert '<p class="kim-head__lead">Entwurf vorgelegt, Verabschiedung in der nächsten Sitzung</p>' in page
    for words in (
        "Fassung 1", "16.03.2022", "Ausschuss für Soziales und Integration, zur Kenntnis", "Kein Wortlaut hinterlegt.",
        "Themenschwerpunkte vereinbart am 08.02.2022", "liegt den Quellen nicht bei", "gilt noch nicht",
        "Zurzeit gilt: die Voreinstellung",
    ):  # fmt: skip
        assert words in page, words
    assert rules.text == ""
    assert (held.pk, held.sentences()) == (None, RulesOfProcedure().sentences())
    assert rules.sentences() == held.sentences()
    assert "Es gilt die Voreinstellung" in body
    assert "Entwurf vorgelegt, Verabschiedung in der nächsten Sitzung" in body


def test_what_somebody_wrote_on_the_rules_stays(loaded):
    office = User.objects.get(username="geschaeftsstelle-rechts")
    RulesOfProcedure.objects.update(text="§ 1 Aufgabe", by=office, submitted_to="Kreistag")
    assert not load()
    assert RulesOfProcedure.objects.get().submitted_to == "Kreistag"


def test_the_fifteen_municipalities_of_the_nine_have_an_agreement_since_the_day_of_the_report(loaded):
    agreements = Agreement.objects.select_related("municipality")
    assert {one.municipality.name for one in agreements} == {name for _, names in NINE for name in names}
    for one in agreements:
        told = (one.version, one.valid_from, one.valid_until, one.signed_on, one.signatories, one.contact)
        assert told == (1, PUBLISHED, None, None, "", "")
        assert one.source.startswith("Sachstand 16.03.2022")
        assert one.standing_on(PUBLISHED) == "in_force"


def test_kick_off_events_are_told_without_place_and_day_so_none_is_loaded(loaded):
    assert not KickOff.objects.exists()


def test_limits_and_code_lists_are_there(loaded):
    assert TimeLimit.among(TimeLimit.objects.all(), "coordination", PUBLISHED) == workdays.Limit(10, "workdays")
    assert set(TimeLimit.objects.values_list("state", flat=True)) == {
        "coordination", "strategy", "steering", "project", "state_level", "feedback_due", "fed_back",
    }  # fmt: skip
    assert set(Code.objects.values_list("list", flat=True)) == set(Code.List.values)


def test_accounts_are_named_by_function_and_cannot_sign_in(loaded):
    assert not any(user.has_usable_password() or user.email for user in User.objects.all())
    assert not User.objects.filter(role_grants=None).exists()


# A second time


def test_a_second_run_changes_nothing_and_says_so(loaded, capsys):
    trail = TrailEntry.objects.count()
    call_command("load_county", str(FILE))
    assert "Nichts zu ändern" in capsys.readouterr().out
    assert TrailEntry.objects.count() == trail == 1


def test_a_renamed_account_is_found_by_its_function(loaded):
    User.objects.filter(username="cm-windeck").update(username="casemanager")
    assert not load()


def test_a_limit_changed_by_administrators_stays(loaded):
    TimeLimit.objects.filter(state="coordination").update(amount=7)
    load()
    assert TimeLimit.objects.get(state="coordination").amount == 7


def test_what_the_file_does_not_say_is_left_alone(loaded):
    Assignment.objects.filter(user__username="cm-windeck").update(weekdays="135")
    assert not load()
    assert Assignment.objects.get(user__username="cm-windeck").weekdays == "135"


def test_a_corrected_start_is_a_new_row_beside_what_was_believed(loaded, tmp_path):
    wrong = Assignment.objects.get(user__username="cm-bornheim")
    text = FILE.read_text().replace("valid_from: 2021-11-15, known_from", "valid_from: 2021-11-22, known_from")
    path = tmp_path / "kreis.yaml"
    path.write_text(text)
    changes = load(path)
    wrong.refresh_from_db()
    right = Assignment.objects.get(user__username="cm-bornheim", known_until=None)
    assert (wrong.valid_from, right.valid_from) == (dt.date(2021, 11, 15), dt.date(2021, 11, 22))
    assert wrong.known_until == right.known_from
    assert changes.changed["Assignment"] == 1
    assert not load(path)


def test_a_new_employer_is_an_end_and_a_new_row(loaded, tmp_path):
    line = next(one for one in FILE.read_text().splitlines() if "Nr. 3" in one)
    ended = line.replace("valid_from: 2021-10-15", "valid_from: 2021-10-15, last_day: 2024-12-31")
    begun = (
        line.replace("rhein-sieg-kreis", "windeck")
        .replace("2021-10-15", "2025-01-01")
        .replace("2022-03-16", "2025-01-01")
    )
    path = tmp_path / "kreis.yaml"
    path.write_text(FILE.read_text().replace(line, f"{ended}\n{begun}"))
    load(path)
    believed = Assignment.objects.filter(user__username="cm-windeck", known_until=None)
    assert believed.valid_on(dt.date(2024, 12, 31)).get().employer.key == "rhein-sieg-kreis"
    assert believed.valid_on(dt.date(2025, 1, 1)).get().employer.key == "windeck"
    assert not load(path)


def test_another_county_is_another_installation(loaded, tmp_path):
    path = tmp_path / "kreis.yaml"
    path.write_text(FILE.read_text().replace("05382", "05362").replace("Rhein-Sieg-Kreis\n", "Rhein-Erft-Kreis\n"))
    with pytest.raises(CommandError, match="gehört zu Rhein-Sieg-Kreis"):
        call_command("load_county", str(path))
