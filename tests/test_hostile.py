"""Bad input everywhere: every page and every form it shows, every role, hostile values. Never a 500."""

import re
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from kim.models import Role
from steering.escalation import State
from steering.models import Issue
from tests.casework.one_of_each import ARGUMENTS
from tests.casework.one_of_each import address as address_of
from tests.factories import issue_at, user
from tests.world import world

HOSTILE = [
    "",
    "\x00",
    "a\x00b\x1b[31m\u202e",
    "x" * 70_000,
    "-1",
    "0",
    "99999999999999999999999",
    "1e400",
    "NaN",
    "31.02.2026",
    "01.01.0001",
    "9999-12-31",
    "😀 é ß ﷽",
    "'; DROP TABLE steering_issue; --",
    "<script>alert(1)</script>{{ 7*7 }}",
    "../../etc/passwd",
    "=HYPERLINK(1)",
    "WzEsMV0",  # a paging token that is well-formed and means nothing
]
PARAMETERS = [
    "q", "after", "before", "sort", "state", "municipality", "topic", "page", "next", "from", "until", "mine",
    "on", "span", "area", "period", "year", "first",
]  # fmt: skip


class Page(HTMLParser):
    """Links and forms of a page."""

    def __init__(self, html):
        super().__init__()
        self.links, self.forms = set(), []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == "a" and attrs.get("href"):
            self.links.add(attrs["href"])
        elif tag == "form":
            self.forms.append({"action": attrs.get("action") or "", "method": attrs.get("method", "get"), "fields": {}})
        elif tag in ("input", "textarea", "select", "button") and self.forms and attrs.get("name"):
            self.forms[-1]["fields"].setdefault(attrs["name"], attrs.get("value") or "")


def routes(resolver=None, prefix="/"):
    """Every address of the project as (pattern, list of converters)."""
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLResolver):
            yield from routes(entry, prefix + str(entry.pattern))
        elif isinstance(entry, URLPattern):
            yield prefix + str(entry.pattern), entry.pattern.converters


def named_routes(resolver=None, prefix="/", space=""):
    """Every address as (name with its namespace, pattern, view)."""
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLResolver):
            inner = f"{space}{entry.namespace}:" if entry.namespace else space
            yield from named_routes(entry, prefix + str(entry.pattern), inner)
        elif entry.name:
            yield f"{space}{entry.name}", prefix + str(entry.pattern), entry.callback


def addresses():
    for route, converters in routes():
        for value in ("1", "9223372036854775808"):
            address = route
            for name, converter in converters.items():
                kind = type(converter).__name__
                filled = value if kind == "IntConverter" else ("csv" if value == "1" else f"x{value}")
                for spelled in ("int", "slug", "str", "path", "uuid"):
                    address = address.replace(f"<{spelled}:{name}>", filled)
                address = address.replace(f"<{name}>", filled)
            if "<" not in address and "(?P" not in address and "^" not in address:
                yield address
            if not converters:
                break


def ask(client, method, address, data=None):
    # Signing out is an act like others; the walk goes on as the same person.
    if "logout" in address:
        return None
    response = getattr(client, method)(address, data or {})
    assert response.status_code < 500, f"{method} {address} {data!r:.200}"
    return response


@pytest.fixture
def quiet(client):
    client.raise_request_exception = False
    return client


@pytest.mark.long
@pytest.mark.django_db
@pytest.mark.parametrize("role", [None, *Role])
def test_no_address_with_any_id_or_parameter_breaks(quiet, role):
    here = world()
    if role:
        quiet.force_login(here.people[role])
    shown = []
    own = [f"/reports/status-reports/{here.report.pk}/", f"/reports/saved/{here.evaluation.pk}/",
           f"/reports/exports/{here.file.pk}/"]  # fmt: skip
    asked = [*addresses(), *own, *(address_of(url, here.its) for url in ARGUMENTS)]
    for turn, address in enumerate(asked, start=[None, *Role].index(role)):
        if (answer := ask(quiet, "get", address)) is not None and answer.status_code == 200:
            shown.append(address)
        if turn % 2 == 0:  # each address is sent to by every other role
            ask(quiet, "post", address)
    # Two values for each page, another two for the next role: all of them meet every page that several roles find.
    for turn, address in enumerate(shown, start=[None, *Role].index(role)):
        for value in (HOSTILE[2 * turn % len(HOSTILE)], HOSTILE[(2 * turn + 1) % len(HOSTILE)]):
            ask(quiet, "get", address, dict.fromkeys(PARAMETERS, value[:2000]))
        if turn % 3 == 0:
            ask(quiet, "head", address)


@pytest.mark.long
@pytest.mark.django_db
@pytest.mark.parametrize("role", Role)
def test_no_form_a_role_is_shown_breaks_whatever_is_typed_into_it(quiet, role):
    here = world()
    quiet.force_login(here.people[role])
    forms = forms_shown(quiet, "/", pages=25) | forms_shown(quiet, *casework_of(role, here.its), pages=len(ARGUMENTS))
    assert forms
    for (target, method, names), form in forms.items():
        for value in HOSTILE[:4]:
            ask(quiet, method, target, dict.fromkeys(names, value))
        for number, name in enumerate(names):
            ask(quiet, method, target, form["fields"] | {name: HOSTILE[4 + number % (len(HOSTILE) - 4)]})
    for issue in Issue.objects.all():
        assert "\x00" not in issue.title + issue.situation
        assert len(issue.title) <= 140


def casework_of(role, its) -> list[str]:
    """Pages of casework whose forms a role is shown; links alone would find some of them by chance."""
    found = [address_of(url, its) for url in ARGUMENTS]
    return found if role in (Role.CASE_MANAGER, Role.COORDINATION, Role.AUTHORITY, Role.ADMIN) else []


def forms_shown(client, *starts, pages):
    """Every form on the first `pages` pages reached from `starts`, once per address, method and fields."""
    seen, waiting, forms = set(), list(starts), {}
    while waiting and len(seen) < pages:
        address = waiting.pop(0)
        if address in seen:
            continue
        seen.add(address)
        response = ask(client, "get", address)
        if response is None or response.status_code != 200 or "html" not in response.headers.get("Content-Type", ""):
            continue
        page = Page(response.content.decode())
        for form in page.forms:
            if form["method"].lower() not in ("get", "post"):
                continue  # closes a dialog, sends nothing
            target = urlsplit(urljoin(f"http://testserver{address}", form["action"])).path
            names = tuple(sorted(set(form["fields"]) - {"csrfmiddlewaretoken"}))
            # The same form on the page of another issue is the same form.
            forms.setdefault((re.sub(r"\d+", "", target), form["method"], names), form | {"target": target})
        for link in page.links:
            there = urlsplit(urljoin(f"http://testserver{address}", link))
            if there.netloc == "testserver" and "export" not in there.path:
                waiting.append(there.path)
    return {(form["target"], method, names): form for (_, method, names), form in forms.items()}


class AnyText(TestCase):
    @settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        title=st.text(max_size=200),
        situation=st.text(max_size=400),
        seen=st.text(max_size=5),
        note=st.text(max_size=300),
    )
    def test_whatever_is_written_is_kept_whole_or_refused_with_a_sentence(self, title, situation, seen, note):
        issue = issue_at(State.COORDINATION)
        self.client.raise_request_exception = False
        self.client.force_login(user(Role.CASE_MANAGER))
        sent = {"title": title, "situation": situation}
        assert self.client.post("/steering/issues/new/", sent).status_code < 500
        self.client.force_login(user(Role.COORDINATION))
        answer = self.client.post(f"/steering/issues/{issue.pk}/hand_back/", {"reason": note, "seen": seen})
        assert answer.status_code in (200, 302, 409, 422)
        issue.refresh_from_db()
        assert (issue.state == "draft") == (answer.status_code == 302)
