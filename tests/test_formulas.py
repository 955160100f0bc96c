"""Every list as a file, over a database in which every text begins like a formula: a spreadsheet runs none of them.

The files are found by their address, so that one that comes later is among them.
"""

import csv
import io
import re
import zipfile

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, models, transaction
from django.db.models import Value
from django.db.models.functions import Concat

from kim.models import Role
from kim.sheet_files import safe
from steering.models import Minutes
from tests.funding import makers
from tests.test_hostile import named_routes
from tests.world import world

APPS = ("kim", "steering", "casework", "funding", "reports")
BEGINNINGS = ("=", "+", "-", "@", "\t", "\r", " =")
#: What a cell may not begin with, once a spreadsheet has stripped what it strips.
RUN = re.compile(r"\s*[=+@\t\r\uff1d\uff0b\uff20]|-(?!\d)")
#: Lists whose cells are words of ours and numbers alone.
WITHOUT_TEXT = {"casework:own_figures_export", "funding:coverage_export", "kim:trail_export"}


def poison(beginning: str) -> int:
    """Put `beginning` before every text somebody may have typed; the number of columns it took.

    Columns with choices, keys and what the database refuses (constraints) stay.
    """
    taken = 0
    for model in apps.get_models():
        if model._meta.app_label not in APPS:
            continue
        for field in model._meta.concrete_fields:
            if type(field) not in (models.CharField, models.TextField) or field.choices or field.unique:
                continue
            if re.search("key|digest|sha|kind|state|format|file|salt|password|username|url|job|code$", field.name):
                continue
            rows = model._base_manager.exclude(**{field.name: ""}).exclude(**{f"{field.name}__isnull": True})
            try:
                with transaction.atomic():
                    done = rows.update(**{field.name: Concat(Value(beginning), field.name, output_field=field)})
                    connection.check_constraints()
            except DatabaseError:
                continue
            taken += bool(done)
    return taken


def addresses(name: str, route: str) -> list[str]:
    kinds = ("csv", "xlsx") if re.search("<(slug|str):kind>", route) else ("",)
    return [re.sub(r"<int:\w+>", "1", re.sub("<(slug|str):kind>", kind, route)) for kind in kinds]


def cells(body: bytes) -> list[str]:
    if body[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(body)) as book:
            parts = {name: book.read(name).decode() for name in book.namelist() if name.endswith(".xml")}
        for name, text in parts.items():
            assert not re.search(r"<f[ >]|<hyperlink|<ddeLink|<externalReference", text), name
        return []
    text = body.decode("utf-8-sig")
    return [cell for line in csv.reader(io.StringIO(text), delimiter=";") for cell in line]


@pytest.mark.long
@pytest.mark.django_db
def test_no_list_hands_out_a_formula(client):
    here, beginning = world(), "="
    makers.held(makers.post(), makers.START)
    makers.cost(makers.notice(), 1000, text="Supervision")
    Minutes.objects.create(meeting=here.group.next_meeting(), started_by=here.people[Role.STRATEGIC_OFFICE])
    makers.reported()
    assert poison(beginning) > 60
    exports = [(name, route) for name, route, _ in named_routes() if name.endswith("_export") and "<int" not in route]
    assert len(exports) > 15
    guarded = set()
    for name, route in exports:
        given = set()
        for role in (Role.COORDINATION, Role.STRATEGIC_OFFICE, Role.ADMIN, Role.CASE_MANAGER, Role.AUDIT):
            client.force_login(here.people[role])
            for address in addresses(name, route):
                answer = client.get(address)
                if answer.status_code != 200:
                    continue
                body = b"".join(answer.streaming_content) if answer.streaming else answer.content
                given.add(address)
                found = cells(body)
                assert not [cell for cell in found if RUN.match(cell)], address
                if any(cell.startswith(f"'{beginning}") for cell in found):
                    guarded.add(name)
        assert len(given) == len(addresses(name, route)), f"{name} was shown to nobody"
    assert {name for name, _ in exports} - guarded <= WITHOUT_TEXT


def test_whatever_a_cell_begins_with_stays_text():
    for beginning in (*BEGINNINGS, "\n", "\uff1d", "\xa0="):
        assert safe(f"{beginning}1+1").startswith("'")
    assert [safe("Text"), safe("-"), safe(None)] == ["Text", "'-", ""]
