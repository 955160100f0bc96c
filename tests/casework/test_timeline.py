"""What happened in a case, page by page."""

import datetime as dt

import pytest

from casework import timeline
from casework.lifecycle import State
from casework.models import CaseIssue
from kim import workdays
from tests import factories as f
from tests.casework.factories import (
    case_at,
    consultation,
    structural_issue,
)
from tests.casework.pages import as_, url

pytestmark = pytest.mark.django_db


def all_lines(made):
    read = timeline.together(timeline.sets)()(case=made.pk, client=made.client_id)
    pages = [timeline.newest(read)]
    while pages[-1].after:
        pages.append(timeline.further(made, timeline.Place.read(pages[-1].after)))
    return pages


def test_the_timeline_holds_everything_once_and_newest_first(client, led):
    issue = structural_issue()
    CaseIssue.link(by=led.owner, issue=issue, case=led)
    today = workdays.today()
    for number in range(70):
        consultation(case=led, held_on=today - dt.timedelta(days=number // 35))
    pages = all_lines(led)
    lines = [line for one in pages for line in one.lines]
    assert [len(one.lines) for one in pages[:-1]] == [timeline.SIZE] * (len(pages) - 1)
    steps = led.steps_taken.count()
    assert len(lines) == 70 + steps + 1 + led.client.consents.count()
    assert sum(line.title.startswith("Beratung") for line in lines) == 70
    days = [line.at.astimezone(workdays.BERLIN).date() if line.is_exact else line.at for line in lines]
    assert days == sorted(days, reverse=True)
    as_(client, led.owner)
    first = client.get(url("case_detail", led.pk)).text
    after = first.split("timeline/?after=")[1].split('"')[0]
    second = client.get(url("case_timeline", led.pk) + f"?after={after}")
    assert second.text.count("Beratung:") == timeline.SIZE
    part = client.get(url("case_timeline", led.pk) + f"?after={after}", headers={"HX-Request": "true"})
    assert part.text.strip().startswith("<li>")


@pytest.mark.parametrize("token", ["", "x", "1_2", "1_99_1", "9" * 40 + "_1_1", "1_1_" + "9" * 30, "٣_1_1"])
def test_a_place_that_is_none_leads_back(client, led, token):
    answer = as_(client, led.owner).get(url("case_timeline", led.pk), {"after": token})
    assert answer.status_code in (200, 302)


def test_the_answer_to_a_lead_stands_on_the_timeline_of_every_case_bundled_into_it(led, django_assert_num_queries):
    other = case_at(State.ASSESSMENT)
    lead, bundled = structural_issue(), structural_issue()
    CaseIssue.link(by=led.owner, issue=bundled, case=led)
    CaseIssue.link(by=other.owner, issue=lead, case=other)
    f.take(bundled, "merge", lead=lead)
    for step in ("forward", "table", "assign", "solve"):
        lead.refresh_from_db()
        f.take(lead, step)
    assert not any("Rückmeldung" in line.title for line in all_lines(led)[0].lines)
    f.take(lead, "feed_back")
    told, link = lead.steps_taken.get(name="feed_back"), CaseIssue.objects.get(case=led)
    for made, issue in ((led, bundled), (other, lead)):
        [line] = [line for page in all_lines(made) for line in page.lines if "Rückmeldung" in line.title]
        assert line.title == f"Rückmeldung zum Knackpunkt {issue.number}"
        assert (line.at, line.url) == (told.at, issue.get_absolute_url())
    with django_assert_num_queries(1):
        whole = all_lines(led)[0].lines
    before = timeline.Place(told.at + dt.timedelta(seconds=1), 0, 0)
    assert timeline.further(led, before).lines[0] == whole[0]
    behind = timeline.Place(told.at, len(timeline.KINDS) - 1, link.pk)
    assert timeline.further(led, behind).lines == whole[1:]
