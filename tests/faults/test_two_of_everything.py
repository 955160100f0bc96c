"""Two web servers, two workers and two beats behind one PostgreSQL and one Redis: they are one KIM."""

import os
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis

from tests.faults.installation import free_port
from tests.faults.load import PASSWORD, Ledger, Person
from tests.faults.test_background import BEAT, WORKER

PREPARE = f"""
import json
from kim.models import Role, User
from steering.escalation import State
from tests.factories import draft, issue_at, limits, user
limits()
coordination, office, reporter = user(Role.COORDINATION), user(Role.STRATEGIC_OFFICE), user()
issues = [issue_at(State.COORDINATION) for _ in range(6)]
begun = draft(reporter, title="Angefangen")
for one in User.objects.all():
    one.set_password({PASSWORD!r})
    one.save()
print(json.dumps([coordination.username, reporter.username, office.username, begun.pk,
                  [[one.pk, one.step_no] for one in issues]]))
"""
KNOCK = """
from kim import mail
from kim.celery import TIMETABLE, app
for no in range(12):
    mail.queue(key=f"mail:{no}", to=f"u{no}@kim.example", subject="S", body="B")
for _ in range(2):
    for task, _, _ in TIMETABLE.values():
        app.send_task(task, expires=120)
"""
SEEN = """
import json
from collections import Counter
from kim.models import JobRun, Mail, TrailEntry
from reports.models import Export
from steering.models import IssueStep
def numbers(rows, name):
    return sorted(Counter(rows.values_list(name, flat=True)).values())
#: Jobs of the morning run in the morning only.
JOBS = {"heartbeat", "mail", "pauses", "imports", "exports", "counting", "parts", "publish", "sweep", "erase", "files"}
owed = sorted(JOBS - set(JobRun.objects.filter(finished_at__isnull=False).values_list("job", flat=True)))
owed += list(Mail.objects.exclude(state="sent").values_list("key", "state", "last_error"))
owed += list(Export.objects.exclude(state="done").values_list("pk", "state", "error"))
print(json.dumps({
    "owed": owed,
    "steps": numbers(IssueStep.objects.filter(name="forward"), "issue"),
    "trail": TrailEntry.objects.filter(act="issue.forward").count(),
    "made": numbers(TrailEntry.objects.filter(act="export.make"), "object_id"),
    "mails": Mail.objects.filter(key__startswith="mail:", state="sent", attempts=1).count(),
    "written": Mail.objects.count(),
    "runs": numbers(JobRun.objects.filter(job="heartbeat"), "day"),
    "broken": list(JobRun.objects.exclude(error="").values_list("job", "error")),
}))
"""


@pytest.mark.long
@pytest.mark.needs("postgresql", "redis")
def test_two_of_everything_are_one(home, postbox):
    ours = {"DJANGO_SETTINGS_MODULE": "tests.faults.settings"}
    coordination, reporter, office, begun, issues = home.python(PREPARE, **ours)
    shared = ours | {
        "REDIS_URL": os.environ["REDIS_URL"].rpartition("/")[0] + "/7",
        "KIM_WEB_WORKERS": "1", "KIM_BASE_URL": "http://127.0.0.1", **postbox.env,
    }  # fmt: skip
    redis.Redis.from_url(shared["REDIS_URL"]).flushdb()  # what an earlier run counted
    ports = [free_port(), free_port()]
    for port in ports:
        home.start("-m", "gunicorn", "kim.wsgi", **shared, PORT=str(port))
    for _ in range(2):
        home.start(*WORKER, **shared)
        home.start(*BEAT, **shared)
    ledger = Ledger()
    ledger.web_is_down = True  # while they start
    one, other = (Person(coordination, [port], ledger, no) for no, port in enumerate(ports))
    for person in (one, other):
        person.until_it_answers()
    ledger.web_is_down = False

    # A session is of both, and ended on one it is ended on the other at once.
    assert one.sign_in()
    other.cookies = dict(one.cookies)
    assert other.ask("GET", "/steering/issues/").status == 200
    page, same = (
        person.ask("GET", "/konto/login/").text for person in (Person("", [port], ledger, 3) for port in ports)
    )
    assert [line for line in page.splitlines() if "/static/" in line] == [
        line for line in same.splitlines() if "/static/" in line
    ]
    assert one.ask("POST", "/konto/logout/", {}).status == 302
    assert "/konto/login" in other.ask("GET", "/steering/issues/").place

    # The same step sent to both at the same moment is taken once.
    assert one.sign_in()
    other.cookies = dict(one.cookies)
    for pk, seen in issues:
        start = threading.Barrier(2)

        def send(person, pk=pk, seen=seen, start=start):
            start.wait()
            return person.ask("POST", f"/steering/issues/{pk}/forward/", {"seen": seen, "released": "on"}).status

        with ThreadPoolExecutor(2) as both:
            assert sorted(both.map(send, (one, other))) == [302, 409]

    # What was begun on one is gone on with on the other; what two windows change is noticed across them.
    mine, there = (Person(reporter, [port], ledger, 5) for port in ports)
    assert mine.sign_in()
    there.cookies = dict(mine.cookies)
    assert mine.ask("POST", "/drafts/", {"draft": "issue:new", "title": "Auf dem einen begonnen"}).status == 204
    assert "Auf dem einen begonnen" in there.ask("GET", "/steering/issues/new/").text
    edit = f"/steering/issues/{begun}/edit/"
    shown = re.search(r'name="shown" value="([^"]+)"', there.ask("GET", edit).text)[1]
    assert mine.ask("POST", edit, {"shown": shown, "title": "Vom einen Fenster", "act": "save"}).status == 302
    assert there.ask("POST", edit, {"shown": shown, "title": "Vom anderen Fenster", "act": "save"}).status == 409

    # Tries are counted together: four on each would pass on either alone, eight are too many.
    strangers = [Person(office, [port], ledger, 6) for port in ports]
    words = []
    for no in range(8):
        stranger = strangers[no % 2]
        stranger.cookies = {"kim_csrf": "x" * 32}
        words.append(stranger.ask("POST", "/konto/login/", {"login": office, "password": "falsch"}).text)
    assert all("stimmt nicht" in text for text in words[:5])
    said = [re.findall("Zu viele Versuche|stimmt nicht|<h1[^>]*>[^<]*", text) for text in words]
    assert "Zu viele Versuche" in words[-1], said

    # Two workers, and every job knocked for twice as two beats would: nothing is done twice, nothing breaks.
    lead = Person(coordination, ports, ledger, 8)
    lead.cookies = dict(one.cookies)
    for kind in ("csv", "xlsx"):
        assert lead.ask("POST", "/reports/exports/new/", {"what": "chain_days", "format": kind}).status == 302
    home.python(KNOCK, **shared)
    until = time.monotonic() + 60
    while (found := home.python(SEEN))["owed"] and time.monotonic() < until:
        time.sleep(0.5)
    assert found.pop("owed") == []
    assert found.pop("broken") == []
    written = found.pop("written")  # with those that tell of a sign-in with a new device
    assert found == {"steps": [1] * 6, "trail": 6, "made": [1] * 2, "mails": 12, "runs": [1]}
    assert len(postbox.taken) == len(set(postbox.taken)) == written >= 12
    assert ledger.findings == []
