"""What may be asked how often: the table, the refusal, and that nothing expensive stands outside it."""

import re
from types import SimpleNamespace

import pytest

from kim import throttle
from kim.models import Role
from kim.throttle import BUDGET_OF, BUDGETS, VIEWS
from tests.factories import user
from tests.test_hostile import named_routes

#: Parts of a name by which an address says that it makes or takes a file, looks for likeness or counts anew.
EXPENSIVE = re.compile(
    r"_(export|print|file|template|get|similar|alike|recount|again|invitation|import)$|"
    r"^(meeting_calendar|import_new|cost_import_new|document_new|paper_new|draft_save|builder|form_print)$"
)


@pytest.fixture
def _as_in_life(settings, monkeypatch):
    """And in one window: its end, in the middle of a test, would begin to count anew."""
    settings.KIM_RATE_FACTOR = 1
    monkeypatch.setattr(throttle, "time", SimpleNamespace(time=lambda: 1_800_000_010.0))


def test_the_table_names_views_that_exist_each_once():
    names = {name for name, _, _ in named_routes()}
    listed = [view for views in VIEWS.values() for view in views.split()]
    assert set(listed) - names == set()
    assert len(listed) == len(set(listed))
    assert set(VIEWS) == set(BUDGETS)


def test_every_view_that_makes_a_file_takes_one_or_compares_is_in_the_table():
    expensive = {name for name, _, _ in named_routes() if EXPENSIVE.search(name.rpartition(":")[2])}
    assert len(expensive) > 50
    assert expensive - set(BUDGET_OF) == set()


def test_every_page_with_a_field_for_a_search_is_in_the_table(settings):
    """Whatever template shows a field called q sends it to its own page or to one it names."""
    searching = [
        path for path in (settings.BASE_DIR / "templates").rglob("*.html") if re.search(r'name="q"', path.read_text())
    ]
    assert len(searching) >= 5
    for path in searching:
        text = path.read_text()
        targets = set(re.findall(r"{% url ['\"]([a-z]+:\w+)['\"]", text)) | {f"{path.parent.name}:{path.stem}"}
        assert targets & set(VIEWS["search"].split()), path.name


def test_a_budget_leaves_room_for_work():
    for name, budget in BUDGETS.items():
        assert budget.most / budget.seconds >= 1 / 60, name
        assert budget.words.endswith("."), name


@pytest.mark.django_db
@pytest.mark.usefixtures("_as_in_life")
class TestRefusal:
    def test_says_what_was_too_much_and_when_to_come_back(self, client):
        client.force_login(user(Role.COORDINATION))
        most = BUDGETS["file"].most
        answers = [client.get("/steering/issues/export.csv").status_code for _ in range(most)]
        assert set(answers) == {200}
        refused = client.get("/steering/issues/export.csv")
        assert refused.status_code == 429
        assert "Es wurden sehr viele Dateien und Ausdrucke angefordert." in refused.text
        assert 1 <= int(refused["Retry-After"]) <= BUDGETS["file"].seconds
        assert "no-store" in refused["Cache-Control"]

    def test_one_line_of_the_table_is_one_account_for_all_its_views(self, client, monkeypatch):
        monkeypatch.setitem(throttle.BUDGETS, "file", throttle.Budget(2, 300, "Zu viel."))
        somebody, other = user(Role.COORDINATION), user(Role.COORDINATION)
        client.force_login(somebody)
        codes = [client.get(f"/steering/{what}/export.csv").status_code for what in ("issues", "bodies", "contacts")]
        assert codes == [200, 200, 429]
        assert client.get("/steering/issues/").status_code == 200  # a page is no file
        client.force_login(other)
        assert client.get("/steering/issues/export.csv").status_code == 200

    def test_looking_at_a_list_counts_only_when_something_is_searched(self, client, monkeypatch):
        monkeypatch.setitem(throttle.BUDGETS, "search", throttle.Budget(1, 60, "Zu viel.", asked_by=("q",)))
        client.force_login(user(Role.COORDINATION))
        assert [client.get("/steering/issues/").status_code for _ in range(3)] == [200] * 3
        assert [client.get("/steering/issues/?q=Windeck").status_code for _ in range(2)] == [200, 429]

    def test_what_was_typed_is_given_back(self, client, monkeypatch):
        monkeypatch.setitem(throttle.BUDGETS, "checked text", throttle.Budget(0, 60, "Zu viel.", ("POST",)))
        client.force_login(user(Role.CASE_MANAGER))
        typed = {"title": "x", "situation": "Die Wege sind nicht abgestimmt."}
        refused = client.post("/steering/issues/new/", typed, headers={"Sec-Fetch-Site": "same-origin"})
        assert refused.status_code == 429
        assert "Die Wege sind nicht abgestimmt." in refused.text

    def test_a_locked_door_counts_nothing(self, client, monkeypatch):
        monkeypatch.setitem(throttle.BUDGETS, "file", throttle.Budget(1, 300, "Zu viel."))
        assert [client.get("/steering/issues/export.csv").status_code for _ in range(3)] == [302] * 3

    def test_the_factor_of_the_house_widens_it(self, client, monkeypatch, settings):
        settings.KIM_RATE_FACTOR = 3
        monkeypatch.setitem(throttle.BUDGETS, "file", throttle.Budget(1, 300, "Zu viel."))
        client.force_login(user(Role.COORDINATION))
        codes = [client.get("/steering/bodies/export.csv").status_code for _ in range(4)]
        assert codes == [200, 200, 200, 429]


@pytest.mark.django_db
def test_invitations_and_passwords_count_per_address_and_per_account(client, settings):
    assert {"login", "login_failed", "reset_password", "change_password"} <= set(settings.ACCOUNT_RATE_LIMITS)
    for _ in range(4):
        answer = client.post("/konto/password/reset/", {"email": "niemand@kreis.example"})
    assert answer.status_code == 429
    assert answer["Retry-After"] == "300"
