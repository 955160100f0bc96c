"""The county file: what it says is what is loaded, a second time changes nothing, and errors name their line."""

import datetime as dt
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db.models import Sum

from kim import workdays
from kim.models import Assignment, Code, County, Municipality, Organisation, PopulationCount, TrailEntry, User
from steering import county
from steering.models import (
    Agreement,
    Body,
    ExpectedSeat,
    KickOff,
    Meeting,
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


@pytest.fixture
def loaded(db):
    return load()


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


def test_a_county_that_knows_more_of_its_agreements_and_events_says_so(db, tmp_path):
    path = tmp_path / "kreis.yaml"
    path.write_text(
        SMALL
        + """\
agreements:
  - {municipality: "05382004", valid_from: 2022-01-01, last_day: 2023-12-31, signed_on: 2021-12-01, source: Vertrag}
kick_offs:
  - {municipality: "05382004", day: 2022-04-05, day_is_known: false, place: Rathaus, source: Vermerk}
"""
    )
    load(path)
    agreement, event = Agreement.objects.get(), KickOff.objects.get()
    assert (agreement.valid_until, agreement.signed_on) == (dt.date(2024, 1, 1), dt.date(2021, 12, 1))
    assert (event.held, event.day_words, event.source) == (True, "spätestens 05.04.2022", "Vermerk")
    assert not load(path)


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


# Errors


SMALL = """\
county: {key: "05382", name: Rhein-Sieg-Kreis}
population: {counted_on: 2022-12-31, source: Destatis}
municipalities:
  - {ags: "05382076", name: Windeck, kind: municipality, bank: right, persons: 19203}
  - {ags: "05382004", name: Alfter, kind: municipality, bank: left}
organisations:
  - {key: kreis, name: Kreis, kind: county}
codes:
  valid_from: 2020-07-01
  topic: [{code: DAUER, label: Dauer}]
  life_domain: [{code: EXIST, label: Existenz}]
  legal_area: [{code: SGB2, label: SGB II}]
limits:
  - {state: coordination, amount: 10, unit: workdays, valid_from: 2020-07-01}
accounts:
  - username: cm-windeck
    name: Case Management Windeck
    organisation: kreis
    roles: [{role: case_manager, valid_from: 2021-10-15}]
    assignments:
      - role: case_manager
        employer: kreis
        municipalities: ["05382076"]
        share: 0.5
        valid_from: 2021-10-15
        known_from: 2022-03-16
bodies:
  - key: lenkungsgruppe
    name: Lenkungsgruppe
    kind: steering
    valid_from: 2021-11-25
    members: [{account: cm-windeck, function: member, valid_from: 2021-11-25}]
    meetings: [{day: 2021-11-25}]
"""
#: The line with the member, and what may stand there instead.
MEMBERS = "members: [{account: cm-windeck, function: member, valid_from: 2021-11-25}]"
SEATS = """members:
      - {account: cm-windeck, organisation: kreis, function: deputy, deputy_of: kreis, valid_from: 2021-12-01}
      - {organisation: kreis, function: member, votes: false, valid_from: 2021-11-25}
    expected: [{name: Kreis, organisation: kreis, valid_from: 2021-11-25}]
    rules: [{version: 1, invitation_days: 21, submitted_on: 2022-03-16, submitted_to: Ausschuss}]"""

WRONG = [
    ("unknown key", "bank: left}", "bannk: left}", 5, "„bannk“ ist unbekannt. Gemeint „bank“?"),
    ("missing field", ", kind: county}", "}", 7, "„kind“ fehlt"),
    ("no date", "valid_from: 2020-07-01\n  topic", "valid_from: 01.07.2020\n  topic", 9, "kein Datum wie 2022-03-16"),
    ("no such day", "known_from: 2022-03-16", "known_from: 2022-02-30", 26, "„2022-02-30“ ist kein Datum"),
    ("unknown place", '["05382076"]', '["05382077"]', 23, "Kommune „05382077“ gibt es in dieser Datei nicht. Gemeint"),
    ("unknown employer", "employer: kreis", "employer: krais", 22, "Organisation „krais“ gibt es"),
    ("unknown account", "account: cm-windeck", "account: cm-winden", 32, "Konto „cm-winden“ gibt es"),
    ("same key twice", '"05382004"', '"05382076"', 5, "Kommune „05382076“ steht schon in Zeile 4"),
    ("same field twice", "share: 0.5", "role: case_manager", 24, "„role“ steht doppelt, schon in Zeile 21"),
    ("share too large", "share: 0.5", "share: 1.5", 24, "Stellenanteil 1.5 liegt nicht zwischen 0 und 1"),
    ("share of nothing", "share: 0.5", "share: 0", 24, "Stellenanteil 0 liegt nicht zwischen 0 und 1"),
    ("share no number", "share: 0.5", "share: halb", 24, "keine Zahl"),
    ("end before start", "share: 0.5", "last_day: 2021-10-14", 24, "Ende 14.10.2021 liegt vor dem Anfang 15.10.2021"),
    ("unknown role", "[{role: case_manager", "[{role: case_manger", 19, "Gemeint „case_manager“?"),
    ("other county", '"05382004"', '"05362004"', 5, "gehört nicht zum Kreis 05382"),
    ("digits", '"05382004"', '"5382004"', 5, "nicht aus genau 8 Ziffern"),
    ("place and bank", "share: 0.5", "bank: right", 24, "Entweder Kommunen oder eine Rheinseite"),
    ("nobody's seat", "{account: cm-windeck, function", "{function", 32, "„account“ oder „organisation“"),
    ("deputy of nobody", "function: member, valid", "function: deputy, valid", 32, "braucht „deputy_of“"),
    ("member stands in", "function: member", "function: member, deputy_of: kreis", 32, "hat nur eine Vertretung"),
    ("deputy of none", "function: member", "function: deputy, deputy_of: kreis", 32, "keinen Sitz, nötig ist einer"),
    ("adviser votes", "function: member", "function: advisory, votes: true", 32, "kein Stimmrecht"),
    ("no vote", "function: member", "function: member, votes: yes", 32, "weder true noch false"),
    ("expected nobody", "meetings: [{day: 2021-11-25}]", "expected: [{name: A, organisation: krais, "
     "valid_from: 2021-11-25}]", 33, "Organisation „krais“ gibt es"),
    ("expected twice", "meetings: [{day: 2021-11-25}]", "expected: [{name: A, valid_from: 2021-11-25}, "
     "{name: A, valid_from: 2021-11-25}]", 33, "steht doppelt"),
    ("rules of no day", "meetings: [{day: 2021-11-25}]", "rules: [{version: 1, submitted_to: Rat}]", 33,
     "fehlt „submitted_on“"),
    ("rules too strict", "meetings: [{day: 2021-11-25}]", "rules: [{version: 1, quorum_percent: 101}]", 33,
     "von 1 bis 100"),
    ("role twice", "2021-10-15}]", "2021-10-15}, {role: case_manager, valid_from: 2021-10-15}]", 19, "steht doppelt"),
    ("weekdays", "share: 0.5", 'weekdays: "531"', 24, "keine Wochentage"),
    ("hour", "meetings: [{day: 2021-11-25}]", "meetings: [{day: 2021-11-25, time: 25:00}]", 33, "keine Uhrzeit"),
    ("limit too long", "amount: 10", "amount: 401", 14, "keine ganze Zahl von 1 bis 400"),
    ("no list", "topic: [{code: DAUER, label: Dauer}]", "topic: DAUER", 10, "eine Liste erwartet"),
    ("no mapping", "- {key: kreis, name: Kreis, kind: county}", "- kreis", 7, "Angaben in der Form"),
    ("empty", "name: Kreis, kind", 'name: "", kind', 7, "Der Wert ist leer"),
    ("persons of no day", "population: {counted_on: 2022-12-31, source: Destatis}", "# -", 4, "„population“"),
    ("no source", "bodies:\n", 'agreements: [{municipality: "05382004"}]\nbodies:\n', 27, "„source“ fehlt"),
    ("two events", "bodies:\n", 'kick_offs: [&a {municipality: "05382004", day: 2022-04-05, source: x}, *a]\nbodies:\n',
     27, "steht doppelt"),
    ("broken YAML", "organisations:", "organisations: [", 7, "kein gültiges YAML"),
    ("tabs", "  topic:", "\ttopic:", 10, "kein gültiges YAML"),
]  # fmt: skip


def test_the_small_file_is_right(db, tmp_path):
    path = tmp_path / "kreis.yaml"
    path.write_text(SMALL)
    assert load(path).made["Municipality"] == 2


@pytest.mark.parametrize(("right", "wrong", "line", "says"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG])
def test_an_error_names_its_line_and_nothing_is_loaded(db, tmp_path, right, wrong, line, says):
    assert SMALL.count(right) == 1 or right == "2021-10-15}]"
    path = tmp_path / "kreis.yaml"
    path.write_text(SMALL.replace(right, wrong, 1))
    with pytest.raises(CommandError) as error:
        call_command("load_county", str(path))
    assert f"Zeile {line}: " in str(error.value)
    assert says in str(error.value)
    assert not Municipality.objects.exists()


def test_deputies_votes_expected_seats_and_rules_are_loaded_once(db, tmp_path):
    path = tmp_path / "kreis.yaml"
    assert MEMBERS in SMALL
    path.write_text(SMALL.replace(MEMBERS, SEATS))
    load(path)
    member, deputy = Membership.objects.get(function="member"), Membership.objects.get(function="deputy")
    assert (member.votes, deputy.deputy_of, deputy.votes) == (False, member, False)
    rules = RulesOfProcedure.objects.get()
    assert (rules.invitation_days, rules.submitted_on, rules.paper_days) == (21, PUBLISHED, 7)
    assert ExpectedSeat.objects.get().organisation.key == "kreis"
    assert not load(path)


def test_every_error_is_told_at_once_in_order_of_lines(tmp_path):
    path = tmp_path / "kreis.yaml"
    path.write_text(
        SMALL.replace("share: 0.5", "share: 7").replace("kind: county", "kind: kreis").replace("05382004", "x")
    )
    with pytest.raises(county.CountyFileError) as error:
        county.read(path)
    assert [line for line, _ in error.value.problems] == [5, 7, 24]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "ist leer"),
        (b"county: \xff", "nicht in UTF-8"),
        (b"- 1", "Angaben in der Form"),
        (b"a: &b [*b]", "unbekannt"),
    ],
)
def test_what_is_no_county_file_is_refused_in_words(tmp_path, content, says):
    path = tmp_path / "kreis.yaml"
    path.write_bytes(content)
    with pytest.raises(county.CountyFileError, match=says):
        county.read(path)


def test_a_file_that_is_not_there_is_refused_in_words():
    with pytest.raises(CommandError, match="lässt sich nicht lesen"):
        call_command("load_county", str(Path("/nowhere/kreis.yaml")))


def test_checking_loads_nothing(db, capsys):
    call_command("load_county", str(FILE), check=True)
    assert "in Ordnung" in capsys.readouterr().out
    assert not Municipality.objects.exists()
    assert not Meeting.objects.exists()


def test_an_account_gets_its_mail_address_from_the_file_and_keeps_it(db, tmp_path):
    path = tmp_path / "kreis.yaml"
    with_address = SMALL.replace("username: cm-windeck", "username: cm-windeck\n    email: cm@kreis.example", 1)
    assert with_address != SMALL
    path.write_text(with_address)
    call_command("load_county", str(path))
    path.write_text(SMALL)
    call_command("load_county", str(path))
    assert User.objects.get(username="cm-windeck").email == "cm@kreis.example"


def test_what_is_no_mail_address_is_an_error_in_its_line(db, tmp_path):
    path = tmp_path / "kreis.yaml"
    path.write_text(SMALL.replace("username: cm-windeck", "username: cm-windeck\n    email: cm at kreis", 1))
    with pytest.raises(CommandError, match="„cm at kreis“ ist keine E-Mail-Adresse"):
        call_command("load_county", str(path))
