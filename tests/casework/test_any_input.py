"""No form of a case or a person breaks, whatever is typed into it."""

import pytest

from kim import workdays
from kim.models import Code, Role
from tests import factories as f
from tests.casework.factories import (
    case,
    code,
)
from tests.casework.factories import (
    client as person,
)
from tests.casework.pages import OF_CASE, address, as_, url
from tests.test_hostile import HOSTILE, Page

pytestmark = pytest.mark.django_db


@pytest.mark.long
def test_no_form_breaks_whatever_is_typed_into_it(client, led):
    client.raise_request_exception = False
    led.client.legal_areas.create(area=code(Code.List.LEGAL_AREA), valid_from=workdays.today())
    case(by=led.owner, person=person("Zweite", "Person"))
    as_(client, led.owner)
    pages = [*(address(name, led) for name in OF_CASE if name not in ("case_step", "case_timeline")), url("case_list"),
             url("case_new"), url("case_step", led.pk, "rest"), url("case_step", led.pk, "break_off")]  # fmt: skip
    assert_nothing_breaks(client, pages)
    for parameter in ("state", "municipality", "area", "title", "mine", "sort", "suche", "after", "before", "person"):
        for value in HOSTILE[1::4]:
            for page in (url("case_list"), url("case_new"), url("case_export", "csv"), url("case_timeline", led.pk)):
                assert client.get(page, {parameter: value[:2000]}).status_code < 500, (page, parameter, value[:50])
    as_(client, f.user(Role.COORDINATION))
    assert_nothing_breaks(client, [url("case_overview"), url("look_take", led.pk)])
    for parameter in ("state", "municipality", "sort", "after", "before"):
        for value in HOSTILE[1::4]:
            for page in (url("case_overview"), url("look_list")):
                assert client.get(page, {parameter: value[:2000]}).status_code < 500


def assert_nothing_breaks(client, pages):
    for there in pages:
        answer = client.get(there)
        assert answer.status_code == 200, there
        for form in Page(answer.text).forms:
            names = [name for name in form["fields"] if name != "csrfmiddlewaretoken"]
            if "logout" in form["action"] or form["method"].lower() not in ("get", "post"):
                continue
            for value in HOSTILE[1::4]:
                sent = dict.fromkeys(names, value)
                send = getattr(client, form["method"].lower())
                assert send(form["action"] or there, sent).status_code < 500, (form["action"], value[:50])
            for number, name in enumerate(names):
                sent = form["fields"] | {name: HOSTILE[number % len(HOSTILE)]}
                assert send(form["action"] or there, sent).status_code < 500, (form["action"], name)
