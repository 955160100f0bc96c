"""A live server, real browsers, and the ways in: by the login form once, else by a session cookie."""

import os
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client

from funding.models import Calculation, Proof
from kim.models import Role
from reports.models import PublishedTable, ReportFile, ReportText, StatusReport
from tests.factories import codes, county, limits, municipality, organisation, project_group, steering_group, user
from tests.journeys.visitor import Visitor

# Playwright's event loop runs in this thread, and Django would take every query for one inside it.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

REPORTERS = ("Case Management Windeck", "Case Management Eitorf", "Case Management Hennef")
PASSWORD = "Sieben-Stationen-2026"


@pytest.fixture
def site(live_server, transactional_db):
    """The address of a running KIM on a database of its own."""
    yield live_server.url
    empty_what_is_frozen()


def empty_what_is_frozen():
    """SQLite is emptied row by row, and what was released or published refuses; PostgreSQL truncates whole tables."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
                " AND (sql LIKE '% BEFORE DELETE %' OR sql LIKE '% BEFORE UPDATE %')"
            )
            triggers = cursor.fetchall()
            for name, _ in triggers:
                cursor.execute(f"DROP TRIGGER {name}")
            StatusReport.objects.update(previous=None)
            for model in (Proof, Calculation, ReportFile, ReportText, StatusReport, PublishedTable):
                model.objects.all().delete()
            for _, statement in triggers:
                cursor.execute(statement)


@pytest.fixture
def window(browser, site):
    """Opens browser windows: `window(user)` is a Visitor, signed in; without a user, somebody at the door."""
    contexts = []

    def opened(user=None, *, width=1280, height=900, scheme="light", script=True) -> Visitor:
        context = browser.new_context(
            base_url=site,
            locale="de-DE",
            timezone_id="Europe/Berlin",
            viewport={"width": width, "height": height},
            color_scheme=scheme,
            reduced_motion="reduce",
            java_script_enabled=script,
        )
        context.set_default_timeout(8000)
        contexts.append(context)
        if user:
            context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session_of(user), "url": site}])
        return Visitor(context.new_page(), user, script=script)

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture
def people(site):
    """A county with one person per station, three who report, a local group and a steering group that meets."""
    county()
    limits()
    codes()
    organisation()
    place = municipality("Windeck", persons=19203)
    anna, ben, clara = (user(Role.CASE_MANAGER, municipality=place, name=name) for name in REPORTERS)
    lead = user(Role.PROJECT_GROUP, name="Leitung der Projektgruppe Windeck")
    return SimpleNamespace(
        place=place,
        anna=anna,
        ben=ben,
        clara=clara,
        coordination=user(Role.COORDINATION, name="Koordinierung Case Management"),
        office=user(Role.STRATEGIC_OFFICE, name="Geschäftsstelle rechtsrheinisch"),
        chair=steering_group().leads().get(),
        lead=lead,
        group=project_group("local", place, lead=lead),
    )


def session_of(user) -> str:
    client = Client()
    client.force_login(user)
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def sign_in(visitor: Visitor, user) -> Visitor:
    """Through the login form, as people do."""
    user.set_password(PASSWORD)
    user.save()
    visitor.user = user
    visitor.page.get_by_label("Benutzername").fill(user.username)
    visitor.page.get_by_label("Kennwort").fill(PASSWORD)
    visitor.page.get_by_role("button", name="Anmelden", exact=True).click()
    return visitor
