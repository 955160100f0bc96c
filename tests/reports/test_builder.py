"""Evaluations people put together say what the dashboard says, keep secret what is secret, and know their reader."""

import datetime as dt
import io

import pytest
from django.urls import reverse
from openpyxl import load_workbook

from kim import workdays
from kim.figures import Part
from kim.models import Role, TrailEntry
from reports import building, chain, counting, exporting, making, sources
from reports.asked import Asked, areas
from reports.models import Export, PublishedTable, SavedFigure
from reports.models.saved import Rhythm
from reports.writing import paper_cell
from steering.escalation import State
from steering.governance import governance_on
from tests.factories import county, issue_at, municipality, resolution, steering_group, user

pytestmark = pytest.mark.django_db


@pytest.fixture
def office(client):
    county()
    made = user(Role.STRATEGIC_OFFICE)
    client.force_login(made)
    return made


@pytest.fixture
def counted(office):
    """Issues in two municipalities and in none, counted; it is next January now."""
    left, right = municipality("Alfter", bank="left"), municipality("Windeck", bank="right")
    for state, place in ((State.COORDINATION, left), (State.STRATEGY, right), (State.STEERING, right),
                         (State.FED_BACK, left), (State.CLOSED, right)):  # fmt: skip
        issue_at(state, municipality=place)
    later = dt.date(workdays.today().year + 1, 1, 15)
    with workdays.as_of(later) as now:
        counting.refresh(now)
        yield later


def published(first, cells, figure="casework.persons", breakdown="", months=3, values=()):
    until = sources.months_after(first, months)
    return PublishedTable.objects.create(
        figure=figure, breakdown=breakdown, first=first, until=until, cells=cells, values=list(values)
    )


def keep(by, name="Offene", **chosen) -> SavedFigure:
    given = {"part": "chain", "figure": "chain.open", "breakdown": "", "area": "", "rhythm": "month", "periods": 3}
    return SavedFigure.keep(by=by, name=name, **given | chosen)


def build(user, **given):
    return building.built(building.wanted(given, user), user)


# Numbers


@pytest.mark.parametrize("rhythm", list(Rhythm))
def test_figures_of_the_chain_say_what_the_dashboard_says(counted, office, rhythm):
    known = areas()
    names = {"open": "open", "overdue": "overdue", "paused": "paused", "silent": "silent", "reported": "reported",
             "answered": "answered", "fed_back": "fed_back", "closed": "closed"}  # fmt: skip
    seen = set()
    for key, name in names.items():
        found = build(office, figure=f"chain.{key}", by="place", rhythm=str(rhythm), periods="2").grid
        for at, period in enumerate(found.periods):
            one = Asked(period.last_day, sources.SPANS[rhythm], known[""], known)
            total = getattr(chain.on(one), name)
            assert found.total.cells[at] == total == sum(line.cells[at] for line in found.lines)
            for line in found.lines:
                area = next(area for area in known.values() if area.name == line.label)
                part = chain.on(Asked(period.last_day, one.span, area, known))
                assert line.cells[at] == getattr(part, name)
            seen |= {name} if total else set()
    assert {"open", "reported"} <= seen


def test_resolutions_are_counted_as_on_the_dashboard(office):
    body = steering_group()
    resolution(body, due=-3, decided=-40)
    resolution(body, due=30, decided=-10)
    later = dt.date(workdays.today().year + 1, 1, 5)
    with workdays.as_of(later):
        found = {key: build(office, figure=f"governance.{key}", rhythm="year", periods="1").grid
                 for key in ("decided", "open", "overdue", "done")}  # fmt: skip
        day = dt.date(later.year - 1, 12, 31)
        expected = governance_on(day, {"year": day.replace(month=1, day=1)})["resolutions"]["steering"]
    assert found["decided"].lines[0].cells[0] == expected["decided_year"]
    for key in ("open", "overdue", "done"):
        assert found[key].lines[0].cells[0] == expected[key], key
    assert found["overdue"].total.cells[0] > 0


def test_casework_is_read_from_what_was_published_and_secrets_stay(client, office):
    place = municipality("Alfter", bank="left")
    first = dt.date(2025, 1, 1)
    published(first, {"|": 12, "left|": None, f"{place.ags}|": None})
    published(first, {"|a": 9, "|b": None}, breakdown="age", values=[["a", "bis 17"], ["b", "ab 18"]])
    query = {"figure": "casework.persons", "rhythm": "quarter", "periods": "2", "until": "31.03.2025"}
    by_place = build(office, **query, by="place").grid
    assert [line.cells for line in by_place.lines] == [(None, sources.SECRET)]
    assert by_place.total.cells == (None, 12)
    by_age = build(office, **query, by="age").grid
    assert {line.label: line.cells[1] for line in by_age.lines} == {"bis 17": 9, "ab 18": sources.SECRET}
    page = client.get(reverse("reports:builder"), query | {"by": "place"}).text
    assert "zum Schutz kleiner Zahlen nicht genannt" in page
    book = building.book(office, query | {"by": "age"})
    assert book.sheets[0].rows[1][1:] == [9, sources.SECRET, 12]
    assert "nicht genannt" in book.note


@pytest.mark.parametrize(("key", "by"), [(key, by) for key, one in sources.SOURCES.items() for by in one.breakdowns])
def test_every_figure_answers_for_every_breakdown_within_few_queries(
    office, key, by, django_assert_max_num_queries
):  # fmt: skip
    municipality("Alfter", bank="left")
    source = sources.of(key)
    assert source.figure.definition
    rhythm = str(source.rhythms[-1])
    with django_assert_max_num_queries(12):
        found = build(office, figure=key, by=by, rhythm=rhythm, periods="3")
    assert found.wanted.breakdown == by
    assert not found.wanted.complaints
    assert all(len(line.cells) == 3 for line in found.grid.lines)


def test_periods_are_whole_and_have_ended():
    with workdays.as_of(dt.date(2026, 3, 31)):
        assert [one.name for one in sources.periods(Rhythm.MONTH, 2)] == ["01/2026", "02/2026"]
        assert [one.name for one in sources.periods(Rhythm.QUARTER, 2)] == ["3. Quartal 2025", "4. Quartal 2025"]
        assert [one.name for one in sources.periods(Rhythm.YEAR, 99)][:1] == ["2020"]
        assert sources.periods(Rhythm.MONTH, 1, dt.date(2025, 6, 1))[0].name == "05/2025"
        assert sources.periods(Rhythm.MONTH, 1, dt.date(2199, 6, 1))[0].name == "02/2026"
        assert sources.periods(Rhythm.YEAR, 3, dt.date(2020, 6, 1)) == []


# Page and files


def test_page_and_workbook_hold_the_same_numbers(client, office, counted):
    query = "figure=chain.open&by=bank&rhythm=month&periods=3"
    page = client.get(f"{reverse('reports:builder')}?{query}")
    answer = client.post(f"{reverse('reports:export_new')}?{query}", {"what": "builder", "format": "xlsx"})
    sheet = load_workbook(io.BytesIO(answer.getvalue())).worksheets[0]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert rows[0] == ["Zeitraum", "linksrheinisch", "rechtsrheinisch", "zusammen"]
    for name, *cells in rows[1:]:
        line = f'<th scope="row">{name}</th>' + "".join(
            f'<td class="num">{paper_cell(one, "number")}</td>' for one in cells
        )
        assert line in page.text.replace("\n", "")
    assert any(rows[-1][1:])


@pytest.mark.parametrize(
    "query",
    [
        "figure=nothing", "by=nothing", "area=nothing", "rhythm=week", "periods=0", "periods=999", "periods=²",
        "until=31.02.2025", "until=9999-12-31", "figure=casework.goals&rhythm=month", "by=age&figure=chain.overdue",
        "figure=money.repaid&area=left", "figure=chain.open&area=left&by=bank",
    ],
)  # fmt: skip
def test_what_does_not_go_is_said_and_the_usual_shown(client, office, query):
    municipality("Alfter", bank="left")
    answer = client.get(f"{reverse('reports:builder')}?{query}")
    assert answer.status_code == 200
    assert '<p class="kim-note" role="status">' in answer.text


def test_periods_before_a_figure_can_be_trusted_are_marked(office, monkeypatch):
    one = sources.of("chain.open").figure
    monkeypatch.setitem(
        building.figure_of.__globals__["_FIGURES"], one.key, sources.replace(one, trusted_from=dt.date(2026, 2, 1))
    )
    with workdays.as_of(dt.date(2026, 3, 3)):
        found = build(office, figure="chain.open", periods="2")
    assert [row[0] for row in found.rows] == ["01/2026 *", "02/2026"]
    assert found.doubtful


def test_administration_sees_posts_and_money_only(client):
    county()
    admin = user(Role.ADMIN)
    client.force_login(admin)
    assert set(building.offered(admin)) == {Part.STAFFING, Part.MONEY}
    assert client.get(reverse("reports:builder")).status_code == 200
    assert client.get(reverse("reports:builder"), {"figure": "chain.open"}).status_code == 403
    answer = client.post(f"{reverse('reports:export_new')}?figure=chain.open", {"what": "builder", "format": "csv"})
    assert answer.status_code == 403


def test_days_as_data_hold_every_counted_day(office, counted):
    Export.ask(by=office, what="chain_days", title="Tage", asked={}, format="csv")
    assert making.work_on() == 1
    export = Export.objects.get()
    text = b"".join(export.fetch(by=office)).decode("utf-8-sig")
    assert export.total == len(text.splitlines()) - 1 == exporting.of("chain_days").make(office, {}).number


# Kept ones


def test_a_choice_is_kept_shown_edited_and_dropped(client, office, counted):
    given = {"name": "Offene je Quartal", "figure": "chain.open", "by": "topic", "area": "", "rhythm": "quarter",
             "periods": "4", "until": ""}  # fmt: skip
    shown = client.get(reverse("reports:saved_new"), {"figure": "chain.open", "by": "bank"}).text
    assert "offene Knackpunkte nach Rheinseite" in shown
    answer = client.post(reverse("reports:saved_new"), given)
    saved = SavedFigure.objects.get()
    assert answer.headers["Location"] == saved.get_absolute_url()
    assert "offene Knackpunkte nach Thema" in client.get(saved.get_absolute_url()).text
    assert client.post(reverse("reports:saved_new"), given).status_code == 422, "the name is taken"
    wrong = given | {"name": "x", "figure": "money.repaid"}
    assert client.post(reverse("reports:saved_new"), wrong).status_code == 422
    where = reverse("reports:saved_edit", args=[saved.pk])
    assert client.post(where, given | {"by": "age", "name": "Alter"}).status_code == 302
    assert "Alter" in client.get(reverse("reports:saved_list")).text
    client.post(reverse("reports:saved_drop", args=[saved.pk]))
    assert not SavedFigure.objects.exists()
    acts = TrailEntry.objects.filter(act__startswith="savedfigure.").order_by("id").values_list("act", flat=True)
    assert list(acts) == ["savedfigure.keep", "savedfigure.edit", "savedfigure.drop"]


def test_what_is_shared_is_read_with_ones_own_rights(client, office):
    saved = keep(office)
    money = keep(office, name="Geld", part="money", figure="money.repaid", breakdown="module")
    member, admin = user(Role.STEERING_GROUP), user(Role.ADMIN)
    where = reverse("reports:saved_detail", args=[saved.pk])
    client.force_login(member)
    assert client.get(where).status_code == 404
    client.force_login(office)
    assert client.post(reverse("reports:saved_share", args=[saved.pk]), {"roles": ["admin"]}).status_code == 422
    assert (
        client.post(reverse("reports:saved_share", args=[saved.pk]), {"roles": ["steering_group"]}).status_code == 302
    )
    client.post(reverse("reports:saved_share", args=[money.pk]), {"roles": ["admin", "steering_group"]})
    client.force_login(member)
    page = client.get(where)
    assert page.status_code == 200
    assert "Eigene Kopie speichern" in page.text
    for act in ("saved_edit", "saved_share", "saved_drop"):
        assert client.get(reverse(f"reports:{act}", args=[saved.pk])).status_code == 403
    client.force_login(admin)
    assert client.get(where).status_code == 404
    assert client.get(reverse("reports:saved_detail", args=[money.pk])).status_code == 200


def test_names_pass_the_gate(client, office):
    given = {"name": "Fall von amira.k@example.org", "figure": "chain.open", "by": "", "area": "",
             "rhythm": "month", "periods": "4", "until": ""}  # fmt: skip
    assert client.post(reverse("reports:saved_new"), given).status_code == 422
    assert not SavedFigure.objects.exists()


def test_the_list_takes_as_many_queries_for_many(client, office, django_assert_max_num_queries):
    for number in range(12):
        keep(office, name=f"Nummer {number}")
    with django_assert_max_num_queries(12):
        assert client.get(reverse("reports:saved_list")).status_code == 200
