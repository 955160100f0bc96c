"""What the county file says about posts and money is what both papers say; changes are new rows, errors have lines."""

import datetime as dt
from decimal import Decimal

import pytest
from django.conf import settings
from django.db import transaction

from funding import facts_of_notice, repayment, staffing
from funding.models import (
    AwardNotice,
    Criterion,
    CriterionValue,
    EligibilityRule,
    Forwarding,
    Grant,
    Leave,
    Occupancy,
    Post,
    PostTerm,
    Rate,
    ReportedFigure,
    Terms,
)
from kim import workdays
from kim.models import Assignment, TrailEntry
from steering import county
from tests.funding import makers
from tests.steering.test_load_county import SMALL

FILE = settings.BASE_DIR / "data" / "rhein-sieg-kreis.yaml"
MINUTES, REPORT = dt.date(2021, 11, 16), dt.date(2022, 3, 16)
D = dt.date


def load(path=FILE):
    return county.load(county.read(path))


@pytest.fixture(scope="module")
def papers(django_db_setup, django_db_blocker):
    """The county of both papers, loaded once for this module and undone after it."""
    with django_db_blocker.unblock(), transaction.atomic():
        load()
        yield
        transaction.set_rollback(True)


def evening(day):
    return dt.datetime.combine(day, dt.time(20), workdays.BERLIN)


# What the papers say


@pytest.mark.parametrize(
    ("number", "recipient", "fte", "span"),
    [
        ("M1-2021", "rhein-sieg-kreis", "3.5", "01.04.2021 bis 31.12.2021"),
        ("M1-2022", "rhein-sieg-kreis", "3.5", "01.01.2022 bis 31.12.2022"),
        ("M2-2020", "rhein-sieg-kreis", "11", "01.07.2020 bis 31.12.2020"),
        ("M2-2021", "rhein-sieg-kreis", "11", "01.01.2021 bis 31.12.2021"),
        ("M2-2022", "rhein-sieg-kreis", "11", "01.01.2022 bis 31.12.2022"),
        ("M3-2021", "rhein-sieg-kreis", "2.25", "16.11.2021 bis 31.12.2021"),
        ("M3-2021-Troisdorf", "troisdorf", "1.5", "16.11.2021 bis 31.12.2021"),
    ],
)
def test_what_each_notice_grants_to_whom(papers, number, recipient, fte, span):
    notice = AwardNotice.objects.get(number=number)
    grant, terms = notice.grants.get(), notice.terms.get()
    assert (notice.recipient.key, grant.fte, grant.span, terms.span) == (recipient, Decimal(fte), span, span)
    assert (terms.bases, terms.counting) == ("posts", "by_day")
    assert "Ausgaben nennen die Unterlagen nicht" in terms.source


def test_four_were_held_from_the_first_day_since_only_the_rest_was_paid_back(papers):
    held = Occupancy.objects.filter(post__module="case_management", valid_from=D(2020, 7, 1))
    assert set(held.values_list("user__username", flat=True)) == {
        "koordinierung-cm", "sprachfoerderung-1", "sprachfoerderung-2", "cm-troisdorf",
    }  # fmt: skip
    for one in held:
        assert "nur die Fördersumme der verbleibenden Stellen zurückgezahlt" in one.source
        assert one.known_from.astimezone(workdays.BERLIN).date() == MINUTES
        # the careful day of the assignment stays: on the last day of 2020 they were there for certain
        assert Assignment.objects.get(user=one.user).valid_from == D(2020, 12, 31)


def test_thirteen_people_on_eleven_posts_and_two_more(papers):
    posts = Post.objects.filter(module="case_management")
    assert posts.count() == 13
    assert PostTerm.objects.filter(post__in=posts).valid_on(D(2020, 7, 1)).count() == 11
    assert PostTerm.objects.filter(post__in=posts).valid_on(REPORT).count() == 13
    starts = Occupancy.objects.filter(source__startswith="Sachstand", post__in=posts)
    assert sorted(starts.values_list("valid_from", flat=True)) == [
        D(2021, 10, 15), D(2021, 10, 15), D(2021, 10, 15), D(2021, 11, 1), D(2021, 11, 15), D(2021, 12, 1),
        D(2022, 2, 1), D(2022, 2, 1), D(2022, 3, 1),
    ]  # fmt: skip
    assert set(starts.values_list("share", flat=True)) == {1}


def test_valid_known_and_reported_are_three_days(papers):
    held = Occupancy.objects.filter(post__module="case_management").valid_on(MINUTES)
    assert held.believed().count() == 9
    assert held.believed(evening(MINUTES)).count() == 4
    reported = ReportedFigure.objects.filter(module="case_management", as_of=MINUTES, measure="persons")
    assert [(one.reported_on, one.value) for one in reported.order_by("reported_on")] == [(MINUTES, 4), (REPORT, 4)]


@pytest.mark.parametrize(
    ("number", "granted", "entitlement", "paid_back", "vacant"),
    [
        ("M2-2020", "302500.00", "110000.00", "192500.00", "42.00"),
        ("M2-2021", "605000.00", "275818.10", "329181.90", "71.82"),
        ("M2-2022", "605000.00", "600416.67", "4583.33", "1.00"),
    ],
)
def test_what_is_paid_back_of_module_2(papers, number, granted, entitlement, paid_back, vacant):
    result = repayment.work_out(facts_of_notice.basis_of(AwardNotice.objects.get(number=number)))
    assert (result.granted, result.entitlement, result.repayment) == tuple(
        map(Decimal, (granted, entitlement, paid_back))
    )
    assert f"{float(result.vacant_months):.2f}" == vacant


def test_the_board_tells_what_was_so_and_what_was_known_then(papers):
    now = staffing.on(MINUTES).modules["case_management"]
    assert (now.granted, now.planned, now.filled, now.heads) == (11, 11, 9, 9)
    then = staffing.on(MINUTES, known_at=evening(MINUTES)).modules["case_management"]
    assert (then.granted, then.filled, then.heads) == (11, 4, 4)
    report = staffing.on(REPORT).modules
    assert (report["case_management"].granted, report["case_management"].planned) == (11, 13)
    assert (report["case_management"].filled, report["case_management"].heads) == (13, 13)
    assert (float(report["overhead"].granted), report["overhead"].filled) == (3.5, 4)
    assert (float(report["authorities"].granted), float(report["authorities"].filled)) == (3.75, 3.75)


def test_nobody_covers_three_municipalities_on_the_day_of_the_report(papers):
    uncovered = {one.place.name for one in staffing.coverage(REPORT) if one.is_uncovered}
    assert uncovered == {"Siegburg", "Eitorf", "Ruppichteroth"}


def test_posts_of_module_1_hold_one_each_by_assumption_and_say_so(papers):
    rows = Occupancy.objects.filter(post__module="overhead").order_by("valid_from")
    assert [row.valid_from for row in rows] == [D(2021, 4, 1), D(2021, 8, 1), D(2022, 1, 10), D(2022, 1, 10)]
    assert all(row.share == 1 and "nicht genannt, 1,0 angenommen" in row.source for row in rows)
    troisdorf = PostTerm.objects.get(post__number="M1-02")
    assert (troisdorf.employer.key, troisdorf.recipient.key) == ("troisdorf", "rhein-sieg-kreis")


def test_posts_of_module_3(papers):
    terms = PostTerm.objects.filter(post__module="authorities").order_by("post__number")
    assert [(row.recipient.key, row.fte) for row in terms] == [
        *[("rhein-sieg-kreis", Decimal("0.75"))] * 3, ("troisdorf", 1), ("troisdorf", Decimal("0.5")),
    ]  # fmt: skip


def test_contradictions_are_kept_beside_each_other(papers):
    said = {
        (one.reported_on, one.as_of, one.module, one.measure, float(one.value)) for one in ReportedFigure.objects.all()
    }
    assert said == {
        (MINUTES, D(2020, 12, 31), "case_management", "persons", 4),
        (MINUTES, MINUTES, "case_management", "granted", 11),
        (MINUTES, MINUTES, "case_management", "persons", 4),
        (MINUTES, MINUTES, "overhead", "granted", 4.5),
        (MINUTES, MINUTES, "authorities", "granted", 3.75),
        (REPORT, REPORT, "overhead", "granted", 3.5),
        (REPORT, REPORT, "overhead", "persons", 4),
        (REPORT, MINUTES, "case_management", "persons", 4),
        (REPORT, REPORT, "case_management", "persons", 13),
    }
    for one in ReportedFigure.objects.all():
        assert one.at.astimezone(workdays.BERLIN).date() == one.reported_on


def test_rates_of_their_days(papers):
    def rate(day, item="post"):
        row = Rate.objects.valid_on(day).get(programme__key="kim-1", item=item)
        return row.amount, row.per_fte, row.once

    assert rate(D(2022, 12, 31)) == (55_000, 1, False)
    assert rate(D(2023, 1, 1)) == (57_000, 1, False)
    assert rate(D(2023, 1, 1), "assistant") == (22_500, Decimal("0.5"), False)
    assert rate(D(2023, 1, 1), "workplace") == (5_700, 1, True)
    assert set(Rate.objects.valid_on(REPORT).values_list("programme__key", "amount")) == {
        ("kim-1", 55_000), ("kim-2", 55_000), ("kim-3", 55_000),
    }  # fmt: skip


def test_supervision_is_unclear_and_asked_for_again(papers):
    rule = EligibilityRule.objects.get(programme__key="kim-2", kind="supervision")
    assert (rule.eligibility, rule.ask_by) == ("unclear", REPORT)
    assert "Die Niederschrift enthält keine Antwort" in rule.basis
    assert not Leave.objects.exists()


def test_criteria_are_there_and_their_values_come_from_sources(papers):
    assert Criterion.objects.order_by("position").first().key == Criterion.POPULATION
    assert Criterion.objects.count() > 1
    assert not CriterionValue.objects.exists()


def test_every_row_says_what_it_rests_on_and_a_second_run_changes_nothing(papers):
    for model in (Rate, EligibilityRule, Terms, Grant, PostTerm, Occupancy, AwardNotice):
        assert not model.objects.filter(source="").exists(), model
    before = TrailEntry.objects.count()
    assert not load()
    assert TrailEntry.objects.count() == before


# What people say since, and what the file says later


FUNDING = """\
funding:
  programmes:
    - key: p
      name: KIM
      module: case_management
      award: lump_sum
      periods: [{valid_from: 2021-01-01, last_day: 2021-12-31}]
      rates: [{item: post, amount: 55000, valid_from: 2020-07-01, known_from: 2022-03-16, source: Erlass}]
      eligibility: [{kind: personnel, eligibility: yes, basis: Erlass, valid_from: 2020-07-01, known_from: 2022-03-16, source: Erlass}]
  notices:
    - number: B1
      programme: p
      period: 2021-01-01
      recipient: kreis
      source: Bescheid
      terms: [{known_from: 2022-03-16, source: Bescheid}]
      grants: [{fte: 2, known_from: 2022-03-16, source: Bescheid}]
      deadlines: [{kind: proof, due_on: 2022-06-30}]
      forwardings: [{recipient: kreis, fte: 0.5, known_from: 2022-03-16, source: Vertrag}]
  posts:
    - number: S1
      title: Stelle
      module: case_management
      terms: [{fte: 1, employer: kreis, recipient: kreis, valid_from: 2021-01-01, known_from: 2022-03-16, source: Plan}]
      occupancies:
        - {account: cm-windeck, share: 0.5, valid_from: 2021-10-15, known_from: 2022-03-16, source: Plan}
  reported: [{document: Vorlage, reported_on: 2022-03-16, as_of: 2022-03-16, module: case_management, measure: filled, value: 0.5}]
  criteria:
    - key: schutz
      name: Schutzsuchende
      unit: Personen
      values: [{municipality: "05382076", value: 120, valid_from: 2021-01-01, known_from: 2022-03-16, source: AZR}]
"""  # noqa: E501
HELD = "account: cm-windeck, share: 0.5, valid_from: 2021-10-15"


@pytest.fixture
def small(db, tmp_path):
    """Loads the small county as it is, or with something else in one place."""
    path = tmp_path / "kreis.yaml"

    def load_small(right="", wrong=""):
        assert FUNDING.count(right) == 1 or not right
        path.write_text(SMALL + (FUNDING.replace(right, wrong) if right else FUNDING))
        return load(path)

    load_small()
    return load_small


def test_what_the_file_says_later_is_a_new_row_known_from_that_paper(small):
    changes = small(HELD + ", known_from: 2022-03-16", HELD.replace("0.5", "0.75") + ", known_from: 2023-05-01")
    assert changes.changed == {"Occupancy": 1}
    was, now = Occupancy.objects.order_by("pk")
    assert (was.share, now.share, now.replaces) == (Decimal("0.5"), Decimal("0.75"), was)
    assert was.known_until == now.known_from == dt.datetime(2023, 5, 1, tzinfo=workdays.BERLIN)
    assert Occupancy.objects.believed(evening(D(2023, 4, 30))).get() == was


def test_what_was_read_wrongly_is_corrected_from_now_on(small):
    small(HELD, HELD.replace("10-15", "11-15"))
    was, now = Occupancy.objects.order_by("pk")
    assert (was.valid_from, now.valid_from) == (D(2021, 10, 15), D(2021, 11, 15))
    assert now.known_from == was.known_until > workdays.now() - dt.timedelta(minutes=5)


def test_what_people_corrected_ended_or_withdrew_stays(small):
    admin = makers.admin()
    Occupancy.objects.get().correct(by=admin, share=Decimal("0.25"))
    PostTerm.objects.get().change_from(D(2022, 1, 1), by=admin, pay_grade="E 10")
    Rate.objects.get().withdraw(by=admin, because="nie gezahlt")
    assert not small()
    assert Occupancy.objects.believed().get().share == Decimal("0.25")
    assert PostTerm.objects.believed().count() == 2
    assert not Rate.objects.believed().exists()


def test_a_contradiction_with_what_people_entered_names_the_line_and_loads_nothing(small):
    Post.objects.get().fall_away(by=makers.admin(), last_day=D(2022, 12, 31), because="Stellenplan")
    before = Occupancy.objects.count()
    with pytest.raises(county.CountyFileError) as refused:
        small(
            "0.5, valid_from: 2021-10-15",
            "0.5, valid_from: 2021-10-15, last_day: 2022-12-31, known_from: 2022-03-16, source: a}\n"
            "        - {account: cm-windeck, share: 1, valid_from: 2023-02-01",
        )
    ((line, sentence),) = refused.value.problems
    assert line == 1 + (SMALL + FUNDING).splitlines().index(next(x for x in FUNDING.splitlines() if HELD in x)) + 1
    assert "Die Stelle gibt es: 01.01.2021 bis 31.12.2022" in sentence
    assert Occupancy.objects.count() == before


SAME = "known_from: 2022-03-16, source: "
WRONG = [
    ("unknown programme", "programme: p", "programme: q", "Förderprogramm „q“ gibt es in dieser Datei nicht"),
    ("unknown account", "account: cm-windeck", "account: cm-windek", "Gemeint „cm-windeck“?"),
    ("no such period", "period: 2021-01-01", "period: 2021-07-01", "keinen Förderzeitraum ab 01.07.2021 (eingetragen: "
     "01.01.2021)"),
    ("grant outside", "fte: 2,", "fte: 2, last_day: 2022-06-30,", "nicht im Förderzeitraum 01.01.2021 bis 31.12.2021"),
    ("inverted", HELD, HELD + ", last_day: 2021-10-14", "Ende 14.10.2021 liegt vor dem Anfang 15.10.2021"),
    ("inverted grant", "fte: 2,", "fte: 2, valid_from: 2021-06-01, last_day: 2021-05-31,", "liegt vor dem Anfang"),
    ("negative", "amount: 55000", "amount: -1", "-1 liegt nicht zwischen"),
    ("half a cent", "amount: 55000", "amount: 1.005", "mehr als 2 Stellen"),
    ("share of two", "share: 0.5", "share: 2", "Stellenanteil 2 liegt nicht zwischen 0 und 1"),
    ("rates at once", "amount: 55000", "amount: 1, valid_from: 2021-01-01, known_from: 2021-01-01, source: a}, "
     "{item: post, amount: 2", "Fördersatz: Für diese Zeit gilt schon, was in Zeile 41 steht"),
    ("holds it twice", HELD, f"{HELD}, {SAME}a}}\n        - {{account: cm-windeck, share: 1, valid_from: 2022-01-01",
     "Besetzung: Für diese Zeit gilt schon"),
    ("held before it exists", HELD, HELD.replace("2021-10-15", "2020-10-15"), "„S1“ gibt es nicht während der ganzen"),
    ("post twice", "  reported:", "    - {number: S1, title: a, module: overhead, terms: []}\n  reported:",
     "Stelle „S1“ steht schon in Zeile"),
    ("unknown measure", "measure: filled", "measure: held", "„held“ ist nicht vorgesehen"),
    ("no source", ", source: AZR", "", "„source“ fehlt"),
    ("unknown field", "award: lump_sum", "award: lump_sum\n      awards: x", "„awards“ ist unbekannt."),
]  # fmt: skip


@pytest.mark.parametrize(("right", "wrong", "says"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG])
def test_an_error_names_its_line(tmp_path, right, wrong, says):
    assert FUNDING.count(right) == 1
    text = SMALL + FUNDING.replace(right, wrong)
    path = tmp_path / "kreis.yaml"
    path.write_text(text)
    with pytest.raises(county.CountyFileError) as refused:
        county.read(path)
    first = next(no for no, (a, b) in enumerate(zip(text.splitlines(), (SMALL + FUNDING).splitlines(), strict=False), 1)
                 if a != b)  # fmt: skip
    lines = [line for line, sentence in refused.value.problems if says in sentence]
    assert lines, refused.value
    assert abs(lines[0] - first) <= 1


def test_a_county_without_posts_and_money_is_whole(db, tmp_path):
    path = tmp_path / "kreis.yaml"
    path.write_text(SMALL)
    load(path)
    assert not Post.objects.exists()
    assert not Forwarding.objects.exists()
