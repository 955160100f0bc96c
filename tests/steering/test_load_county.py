"""The county file: what further things it may say, and that every error names its line and loads nothing."""

import datetime as dt
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from kim.models import Municipality, User
from steering import county
from steering.models import (
    Agreement,
    ExpectedSeat,
    KickOff,
    Meeting,
    Membership,
    RulesOfProcedure,
)

FILE = settings.BASE_DIR / "data" / "rhein-sieg-kreis.yaml"
PUBLISHED = dt.date(2022, 3, 16)


def load(path=FILE):
    return county.load(county.read(path))


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
