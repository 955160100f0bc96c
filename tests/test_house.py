"""The house rules that a reader cannot see and a linter cannot know."""

import pathlib
import re

from django.apps import apps
from django.conf import settings
from django.urls import get_resolver

from casework.lifecycle import LIFECYCLE
from casework.models import Case
from kim.navigation import ENTRIES
from steering import models
from steering.escalation import ESCALATION, State
from steering.management.commands.print_escalation import printout
from steering.notices import HEADLINE, TOLD

FLOORS = ["kim", "steering", "casework", "funding", "reports"]


def test_every_row_of_a_table_has_a_method():
    for table, model in [(ESCALATION, models.Issue), (LIFECYCLE, Case)]:
        steps = {name for name in vars(model) if hasattr(getattr(model, name), "__wrapped__")}
        for name in table.names:
            assert name in steps, name


def test_every_step_says_whom_it_tells():
    assert set(TOLD) == set(HEADLINE)
    assert set(ESCALATION.names) <= set(TOLD)


def test_every_step_asks_only_for_what_its_method_takes():
    import inspect

    for table, model in [(ESCALATION, models.Issue), (LIFECYCLE, Case)]:
        for row in table.rows:
            takes = set(inspect.signature(getattr(model, row.name).__wrapped__).parameters) - {"self", "by"}
            assert set(row.needs) <= takes, row
            assert set(row.asks) <= takes, row


def test_the_printed_chain_is_the_chain():
    written = pathlib.Path(settings.BASE_DIR, "docs/escalation.md").read_text()
    assert written == printout(), "run: manage.py print_escalation > docs/escalation.md"


def test_a_foreign_key_counts_as_an_import_and_points_down_the_stairs():
    for label in FLOORS:
        for model in apps.get_app_config(label).get_models():
            for field in model._meta.get_fields():
                there = getattr(field.related_model, "_meta", None) if field.is_relation else None
                if field.concrete and there is not None and there.app_label in FLOORS:
                    assert FLOORS.index(there.app_label) <= FLOORS.index(label), field


def test_casework_and_funding_do_not_know_each_other():
    for here, there in [("casework", "funding"), ("funding", "casework")]:
        for model in apps.get_app_config(here).get_models():
            for field in model._meta.get_fields():
                if field.concrete and field.is_relation:
                    assert field.related_model._meta.app_label != there, field


def test_state_is_assigned_in_one_place_only():
    for path in [
        *pathlib.Path(settings.BASE_DIR, "steering").rglob("*.py"),
        *pathlib.Path(settings.BASE_DIR, "kim").rglob("*.py"),
        *pathlib.Path(settings.BASE_DIR, "casework").rglob("*.py"),
    ]:
        if "migrations" in path.parts or path.name == "workflow.py":
            continue
        for line in path.read_text().splitlines():
            code = line.split("#")[0]
            assert "issue.state = " not in code, f"{path}: {line}"
            assert "case.state = " not in code, f"{path}: {line}"
            assert "self.state = " not in code or path.name not in ("issues.py", "cases.py"), f"{path}: {line}"


def test_steering_and_the_ground_floor_have_no_name_for_anything_in_casework():
    """A foreign key gives its target a name to come back by, unless it is told not to."""
    for label in ("kim", "steering"):
        for model in apps.get_app_config(label).get_models():
            for field in model._meta.get_fields():
                if field.auto_created and field.is_relation:
                    assert field.related_model._meta.app_label != "casework", field


def test_no_attic_modules():
    forbidden = {"utils", "helpers", "services", "managers", "constants", "mixins"}
    for floor in FLOORS:
        for path in pathlib.Path(settings.BASE_DIR, floor).rglob("*.py"):
            assert path.stem not in forbidden, path


def test_url_names_are_view_names_and_unique():
    for resolver in get_resolver().url_patterns:
        if getattr(resolver, "app_name", None) in FLOORS:
            for pattern in resolver.url_patterns:
                assert pattern.callback.__name__ == pattern.name, pattern
            names = [pattern.name for pattern in resolver.url_patterns]
            assert len(names) == len(set(names))


def test_every_entry_of_the_navigation_leads_somewhere():
    from django.urls import reverse

    for entry in ENTRIES:
        assert reverse(entry.url_name)


def test_every_state_stands_somewhere_on_the_line():
    from steering.whereabouts import POSITION

    assert set(POSITION) == set(State)


def test_no_tag_is_given_a_variable_within_quotes():
    """It would stand on the page as it is written: a text in quotes is not filled in."""
    for path in pathlib.Path(settings.BASE_DIR, "templates").rglob("*.html"):
        for tag in re.findall(r"{%.*?%}", path.read_text()):
            assert not re.search(r"""["'][^"']*{{""", tag), f"{path.name}: {tag}"
