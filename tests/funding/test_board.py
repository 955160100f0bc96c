"""The staffing board and its neighbours: what stands out, what was known when, who reads what, and what papers say."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from funding import staffing
from funding.board import MOST_MONTHS, Asked
from funding.models import Leave, Module, Occupancy, PostTerm, ReportedFigure
from funding.models import Post as PostRow
from kim import workdays
from kim.models import Role, TrailEntry
from kim.workflow import OutOfTurn, StepRefused
from tests.factories import county, municipality, organisation, user
from tests.funding import makers
from tests.funding.makers import D
from tests.test_hostile import HOSTILE

pytestmark = pytest.mark.django_db
MOST_QUERIES = 12
CM = Module.CASE_MANAGEMENT
STAND = "?on=16.03.2022"


def url(name, *args):
    return reverse(f"funding:{name}", args=args)


@pytest.fixture
def admin(client):
    county()
    client.force_login(makers.admin())
    return makers.admin()


@pytest.fixture
def sachstand():
    """A small board: filled since October, interrupted, vacant, filled twice; a municipality nobody covers."""
    makers.notice(4, D(2022, 1, 1), D(2023, 1, 1))
    posts = [makers.post(D(2021, 1, 1), number=f"M2-0{no}", title=title) for no, title in enumerate(
        ["Windeck und Much", "Bornheim", "Niederkassel", "Lohmar"], start=1)]  # fmt: skip
    windeck = user(Role.CASE_MANAGER, name="Case Management Windeck")
    away = user(Role.CASE_MANAGER, name="Case Management Bornheim")
    makers.held(posts[0], D(2021, 10, 15), person=windeck)
    makers.held(posts[1], D(2021, 11, 15), person=away)
    Leave.enter(by=makers.admin(), user=away, kind="illness", valid_from=D(2022, 3, 1), valid_until=D(2022, 5, 1))
    makers.held(posts[3], D(2022, 1, 1), person=user(name="Case Management Lohmar"))
    Occupancy.objects.create(  # the act refuses more than the post is; rows from elsewhere may say so all the same
        post=posts[3], user=windeck, share="0.25", valid_from=D(2022, 2, 1), by=makers.admin()
    )
    places = [municipality(name) for name in ("Windeck", "Siegburg")]
    windeck.assignments.create(
        role="case_manager", municipality=places[0], employer=organisation(), valid_from=D(2021, 10, 15)
    )
    makers.post(D(2021, 1, 1), number="M1-01", title="Leitung KIM-Prozess", module="overhead")
    return posts


def test_the_board_says_in_words_what_stands_out(client, admin, sachstand):
    page = client.get(url("board") + STAND).text
    assert "Januar 2021 bis Juni 2022" in page
    main = page.split('id="auffaellig"')[1].split('id="klaeren"')[0]
    told = " ".join(main.split())
    assert "Kommunen ohne Case Management: 1.</strong> Siegburg" in told
    assert "Freie Stellen: 2.</strong> Leitung KIM-Prozess, Niederkassel" in told
    assert "Unterbrochen, niemand vertritt: 1.</strong> Bornheim" in told
    assert "Stellen mit mehr Besetzung als Umfang: 1.</strong> Lohmar (um 0,25 VZÄ)" in told
    assert "Personen über 100 %: 1.</strong> Case Management Windeck (1,25 VZÄ auf M2-01, M2-04)" in told
    line = " ".join(page.split("Windeck und Much</a>")[1].split("</tr>")[0].split())
    assert ">frei<" in line
    assert ">0,55<" in line
    assert ">1,0<" in line
    assert "Case Management Windeck seit 15.10.2021" in line
    assert "bewilligt 4 VZÄ" in page


def test_only_the_administration_reads_why_somebody_is_away(client, admin, sachstand):
    page = client.get(url("board") + STAND).text
    assert "unterbrochen 01.03.2022 bis 30.04.2022 (lange Erkrankung)" in page
    one = sachstand[1]
    assert "lange Erkrankung" in client.get(url("board") + STAND).text
    for role in (Role.COORDINATION, Role.AUDIT):
        client.force_login(user(role))
        page = client.get(url("board") + STAND).text
        assert "unterbrochen 01.03.2022 bis 30.04.2022" in page
        assert "Erkrankung" not in page
        assert "Erkrankung" not in client.get(one.get_absolute_url()).text
        assert "Erkrankung" not in b"".join(client.get(url("board_export", "csv") + STAND)).decode()


def test_the_office_reads_module_1_alone(client, admin, sachstand):
    client.force_login(user(Role.STRATEGIC_OFFICE))
    page = client.get(url("board") + STAND).text
    assert "Leitung KIM-Prozess" in page
    assert "Versorgung der Kommunen" in page
    assert "Siegburg" not in page
    assert "Niederkassel" not in page
    assert "Case Management Windeck" not in page
    assert "Niederkassel" not in client.get(url("board") + STAND + "&module=case_management").text
    assert "Niederkassel" not in b"".join(client.get(url("board_export", "csv") + STAND)).decode()


def test_a_case_manager_reads_about_themselves_alone(client, sachstand):
    county()
    me = Occupancy.objects.get(post=sachstand[0]).user
    with workdays.as_of(D(2022, 3, 16)):
        client.force_login(me)
        own = client.get(url("own_post")).text
        assert "Windeck und Much" in own
        assert "Lohmar" in own
        assert "Niederkassel" not in own
        assert "Wochentage nicht erfasst" in own
        page = client.get(sachstand[3].get_absolute_url()).text
        assert "Case Management Windeck" in page
        assert "Case Management Lohmar" not in page
        assert client.get(sachstand[2].get_absolute_url()).status_code == 404


def test_whoever_shares_a_post_reads_nothing_about_the_others_on_it(client, sachstand):
    county()
    me, other = (Occupancy.objects.get(post=sachstand[number]) for number in (0, 1))
    mine = Occupancy.objects.create(
        post=sachstand[1], user=me.user, share="0.5", valid_from=D(2022, 3, 1), substitute_for=other.user,
        by=makers.admin(),
    )  # fmt: skip
    with workdays.as_of(D(2022, 3, 16)):
        client.force_login(me.user)
        page = client.get(sachstand[1].get_absolute_url()).text
        assert "Case Management Windeck" in page
        assert "unterbrochen" not in page
        assert client.get(url("fact_detail", "occupancy", mine.pk)).status_code == 200
        assert client.get(url("fact_detail", "occupancy", other.pk)).status_code == 404


def test_more_filled_than_granted_stands_out(client, admin):
    makers.notice(1, D(2022, 1, 1), D(2023, 1, 1))
    for _ in range(2):
        makers.held(makers.post(D(2022, 1, 1)), D(2022, 1, 1))
    page = client.get(url("board") + STAND).text
    assert "Mehr besetzt als bewilligt: 1." in page
    assert "Modul 2 (2 statt 1 VZÄ)" in page


def test_what_is_shown_was_known_on_that_day(client, admin):
    then = dt.datetime(2021, 11, 1, 8, tzinfo=dt.UTC)
    with workdays.as_of(then):
        one = makers.post(D(2021, 1, 1), title="Bornheim")
    makers.held(one, D(2021, 10, 15), known_from=dt.datetime(2022, 3, 16, 8, tzinfo=dt.UTC))
    early = client.get(url("board") + "?on=16.11.2021&known=16.11.2021").text
    late = client.get(url("board") + "?on=16.11.2021&known=16.03.2022").text
    assert "was am 16.11.2021 bekannt war" in early
    assert ">0,55<" not in early
    assert "Freie Stellen: 1" in early
    assert ">0,55<" in late
    assert "Freie Stellen" not in late
    assert "Keine Stellen in dieser Zeit" in client.get(url("board") + "?on=16.11.2021&known=01.10.2021").text


@pytest.mark.parametrize(
    ("given", "first", "until"),
    [
        ({}, D(2021, 1, 1), D(2022, 7, 1)),
        ({"first": D(2022, 3, 9)}, D(2022, 3, 1), D(2023, 9, 1)),
        ({"until": D(2022, 3, 9)}, D(2020, 10, 1), D(2022, 4, 1)),
        ({"first": D(2022, 3, 9), "until": D(2022, 3, 9)}, D(2022, 3, 1), D(2022, 4, 1)),
        ({"first": D(1990, 1, 1), "until": D(2022, 3, 9)}, D(1990, 1, 1), D(1993, 1, 1)),
        ({"first": D(2022, 5, 1), "until": D(2022, 3, 9)}, D(2022, 5, 1), D(2023, 11, 1)),
    ],
)
def test_months_shown_are_bounded(given, first, until):
    asked = Asked.of(D(2022, 3, 16), modules=list(Module), **given)
    assert (asked.first, asked.until) == (first, until)
    assert 1 <= len(asked.months) <= MOST_MONTHS
    assert sum(number for _, number in asked.years) == len(asked.months)


def test_posts_are_paged_by_their_numbers(sachstand):
    seen = Asked.of(D(2022, 3, 16), modules=list(Module)).read()
    numbers = [post.number for post in seen.posts]
    first = seen.page(size=2)
    assert ([post.number for post in first], first.before, first.after) == (["M1-01", "M2-01"], "", "M2-01")
    second = seen.page(size=2, after=first.after)
    assert ([post.number for post in second], second.after) == (["M2-02", "M2-03"], "M2-03")
    assert [post.number for post in seen.page(size=2, before=second.before)] == numbers[:2]
    assert seen.page(size=2, after="gibt-es-nicht").rows == first.rows
    assert seen.groups(second)[0].filled == seen.groups(seen.posts)[1].filled  # sums are those of the module


def test_rows_and_columns_add_up(sachstand):
    seen = Asked.of(D(2022, 3, 16), modules=list(Module)).read()
    for group in seen.groups(seen.posts):
        assert staffing.german(sum(line.total for line in group.lines)) == group.filled_total


def test_the_board_as_a_file_has_every_post(client, admin, sachstand):
    text = b"".join(client.get(url("board_export", "csv") + STAND)).decode()
    assert text.count("\r\n") == 6
    assert "Case Management Bornheim 1 (unterbrochen)" in text
    assert "06/2022" in text
    assert b"".join(client.get(url("board_export", "xlsx") + STAND)).startswith(b"PK")
    assert client.get(url("board_export", "pdf") + STAND).status_code == 404
    assert [entry.note for entry in TrailEntry.objects.filter(act="post.export").order_by("pk")] == [
        "CSV, Besetzungstafel, 5 Zeilen, eingegrenzt nach Stand",
        "XLSX, Besetzungstafel, 5 Zeilen, eingegrenzt nach Stand",
    ]


def many(number: int) -> None:
    employer, people = organisation(), [user(Role.CASE_MANAGER) for _ in range(5)]
    posts = PostRow.objects.bulk_create(
        PostRow(number=f"V{number}-{no}", title=f"Stelle {no}", module=CM, item="post") for no in range(number)
    )
    PostTerm.objects.bulk_create(
        PostTerm(post=one, fte=1, employer=employer, recipient=employer, valid_from=D(2020, 1, 1)) for one in posts
    )
    Occupancy.objects.bulk_create(
        Occupancy(post=one, user=people[no % 5], share="0.010", valid_from=D(2020, 1, 1))
        for no, one in enumerate(posts)
    )
    for no in range(min(number, 30)):
        paper(value=no + number, as_of=D(2021, 1, 1) + dt.timedelta(days=no), document=f"Bericht {number}")


def test_pages_ask_as_often_however_much_there_is(client, admin):
    asked = {}
    for number in (5, 60):
        many(number)
        one = PostRow.objects.first()
        for where in (url("board"), url("coverage"), url("reported_list"), one.get_absolute_url()):
            client.get(where)
            with CaptureQueriesContext(connection) as queries:
                assert client.get(where + STAND).status_code == 200
            key = where.split("/")[2]
            assert asked.setdefault(key, len(queries)) == len(queries), key
    assert max(asked.values()) <= MOST_QUERIES, asked


@pytest.mark.parametrize("name", ["board", "coverage", "reported_list"])
def test_what_cannot_be_read_is_named_and_left_out(client, admin, sachstand, name):
    for words in HOSTILE:
        typed = dict.fromkeys(("on", "known", "module", "from", "until", "measure", "after", "before"), words)
        assert client.get(url(name), typed).status_code == 200, words[:40]
    page = client.get(url("board"), {"on": "31.02.2022"}).text
    assert "Den 31.2.2022 gibt es nicht." in page
    assert "bleibt unbeachtet" in page


def test_months_that_end_before_they_begin_are_named(client, admin, sachstand):
    page = client.get(url("board") + "?from=01.01.2023&until=01.01.2022").text
    assert "Das Ende liegt vor dem Anfang. Diese Angabe bleibt unbeachtet." in page


def test_files_say_as_of_which_day_they_are(client, admin, sachstand):
    for name, heading in (("board_export", "besetzt mit"), ("coverage_export", "Case Management")):
        told = b"".join(client.get(url(name, "csv") + STAND + "&known=20.03.2022")).decode()
        assert f"{heading} am 16.03.2022, bekannt am 20.03.2022" in told
        assert f"{heading} am 16.03.2022;" in b"".join(client.get(url(name, "csv") + STAND)).decode()


# What papers say


def paper(value=4, **fields) -> ReportedFigure:
    return makers.reported(value=value, **fields)


def test_a_contradiction_is_shown_until_somebody_clarifies_it(client, admin, sachstand):
    said = paper()
    board = client.get(url("board") + STAND).text
    assert "Modul 2, besetzte Stellen (Köpfe): 2 oder 4?" in board
    assert "nennt 4 Personen für den 16.11.2021, KIM zählt 2 Personen" in board
    assert "oder 4?" not in client.get(url("board") + "?on=15.11.2021").text
    assert "oder 4?" not in client.get(url("board") + "?on=16.03.2022&known=01.11.2021").text
    page = client.get(url("reported_list")).text
    assert "Widerspruch" in page
    assert "1 auf dieser Seite zu klären" in page
    answer = client.post(url("reported_clarify", said.pk), {"clarified_on": "16.03.2022", "clarification": ""})
    assert answer.status_code == 422
    typed = {"clarified_on": "16.03.2022", "clarification": "Der Ausschuss hörte den Stand vom Sommer."}
    assert client.post(url("reported_clarify", said.pk), typed).status_code == 302
    assert "(Köpfe)" not in client.get(url("board") + STAND).text
    page = client.get(said.get_absolute_url()).text
    assert "Der Ausschuss hörte den Stand vom Sommer." in page
    assert "4 Personen" in page
    again = client.post(url("reported_clarify", said.pk), typed | {"clarification": "Anders als gedacht war es."})
    assert again.status_code == 409
    assert "Anders als gedacht war es." in again.text
    assert TrailEntry.objects.filter(act="reportedfigure.clarify").count() == 1


def test_what_agrees_is_no_question_and_nothing_to_clarify(client, admin, sachstand):
    page = client.get(paper(2).get_absolute_url()).text
    assert "Modul 2, besetzte Stellen (Köpfe): 2<" in page
    assert "Als geklärt eintragen" not in page


def test_two_papers_about_the_same_day_contradict_each_other(client, admin, sachstand):
    right, wrong = paper(2), paper(4, document="Sachstand")
    page = client.get(right.get_absolute_url()).text
    assert "Sachstand: 4 Personen" in page
    assert "Widerspruch" in page
    wrong.clarify(by=admin, on=D(2022, 3, 16), words="Verschrieben.")
    assert "stimmt überein" in client.get(right.get_absolute_url()).text


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"reported_on": "01.01.2190"}, "liegt in der Zukunft"),
        ({"value": "1,5"}, "Köpfe sind eine ganze Zahl."),
        ({"value": "-1"}, "nicht negativ"),
        ({"value": ""}, "Bitte ausfüllen."),
        ({"words": "Rückfragen an 0171 2345678."}, "Telefonnummer"),
    ],
)
def test_a_figure_that_cannot_be_is_refused_in_words(client, admin, typed, words):
    good = {
        "document": "Sachstand", "reported_on": "16.03.2022", "as_of": "16.03.2022", "module": "case_management",
        "measure": "persons", "value": "13", "words": "",
    }  # fmt: skip
    answer = client.post(url("reported_new"), good | typed)
    assert answer.status_code == 422
    assert words in answer.text
    assert not ReportedFigure.objects.exists()


def test_a_figure_is_entered_once(client, admin):
    typed = {
        "document": "Sachstand", "reported_on": "16.03.2022", "as_of": "16.03.2022", "module": "overhead",
        "measure": "granted", "value": "3,5", "words": "3,5 VZÄ einzurichten",
    }  # fmt: skip
    assert client.post(url("reported_new"), typed).status_code == 302
    made = ReportedFigure.objects.get()
    assert "zählt KIM" in client.get(made.get_absolute_url()).text
    assert "nichts erfasst" in client.get(made.get_absolute_url()).text
    answer = client.post(url("reported_new"), typed)
    assert answer.status_code == 422
    assert "schon eingetragen" in answer.text


def test_clarifying_is_refused_where_it_makes_no_sense(admin):
    said = paper()
    with pytest.raises(StepRefused, match="zwischen dem Datum der Unterlage"):
        said.clarify(by=admin, on=D(2021, 11, 15), words="Zu früh.")
    with pytest.raises(StepRefused, match="zwischen dem Datum der Unterlage"):
        said.clarify(by=admin, on=workdays.today() + dt.timedelta(days=1), words="Zu spät.")
    said.clarify(by=admin, on=D(2021, 11, 16), words="So war es.")
    with pytest.raises(OutOfTurn):
        said.clarify(by=admin, on=D(2021, 11, 16), words="Noch einmal.")


def test_the_list_as_a_file_keeps_the_three_dates_apart(client, admin, sachstand):
    paper(as_of=D(2021, 11, 10), reported_on=D(2021, 11, 16))
    text = b"".join(client.get(url("reported_export", "csv"))).decode()
    assert f"Niederschrift;16.11.2021;10.11.2021;{workdays.today():%d.%m.%Y};Modul 2" in text
    assert ";ja;" in text


def test_coverage_shows_white_spots_first_and_says_what_it_guessed(client, admin, sachstand):
    page = client.get(url("coverage") + STAND).text
    assert "1 von 2 Kommunen ohne Case Management" in page
    assert page.index("Siegburg") < page.index("Windeck")
    text = b"".join(client.get(url("coverage_export", "csv") + STAND)).decode()
    assert "Siegburg;;0;" in text.replace('"', "")
