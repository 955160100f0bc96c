"""kill -9 in the middle of it: what was begun is finished by the next run, and nothing is there twice."""

import time

MANY = """
import datetime as dt, time, json
from kim import workdays, mail, digests
from kim.models import *
from steering import reminders
from steering.models import *
from tests.steering.test_reminders import MONDAY, many
MORNING = dt.datetime(2026, 4, 13, 6, 10, tzinfo=workdays.BERLIN)
"""

SLOW_SWEEP = (
    MANY
    + """
reminders.BATCH = 20
write = reminders._write
def slowly(*args):
    found = write(*args)
    print(found, flush=True)
    time.sleep(0.01)
    return found
reminders._write = slowly
with workdays.as_of(MORNING):
    reminders.sweep()
"""
)


def test_a_sweep_killed_in_the_middle_is_finished_by_the_next(home):
    home.python(MANY + "many(3000, due=[MONDAY, workdays.add_workdays(MONDAY, -10)])")
    for _ in range(3):
        sweep = home.start_code(SLOW_SWEEP)
        while sweep.stdout.readline() == "0\n":
            pass  # what the killed one before it had written
        for _ in range(10):
            assert int(sweep.stdout.readline()) > 0
        home.kill(sweep)
    half = home.python(MANY + "print(json.dumps([Reminder.objects.count(), reminders.swept(MONDAY)]))")
    assert 600 <= half[0] < 4500
    assert half[1] is False
    ended = home.python(
        MANY
        + """
with workdays.as_of(MORNING):
    reminders.sweep()
print(json.dumps([
    Reminder.objects.filter(kind="due").count(),
    Reminder.objects.filter(kind="overdue").count(),
    TrailEntry.objects.filter(act="issue.escalate").values("object_id").distinct().count(),
    TrailEntry.objects.filter(act="issue.escalate").count(),
    reminders.swept(MONDAY),
]))"""
    )
    assert ended == [1500, 1500, 1500, 1500, True]


def test_a_sender_killed_in_the_middle_loses_nothing_and_repeats_no_message(home, postbox):
    home.python(
        MANY
        + """
for no in range(40):
    Mail.objects.create(key=f"mail:{no}", to=f"u{no}@kim.example", subject="S", body="B")
"""
    )
    sending = "from kim import mail, workdays\nimport datetime as dt\n"
    for killed in range(2):
        sender = home.start_code(sending + "mail.send_due()", **postbox.env)
        until = time.monotonic() + 30
        while len(postbox.taken) < 8 * (killed + 1) and time.monotonic() < until:
            time.sleep(0.005)
        home.kill(sender)
    taken = len(postbox.taken)
    assert 16 <= taken < 40
    # After the lease the mail that was in somebody's hands is taken up again; it carries the Message-ID it had.
    home.python(
        sending + "with workdays.as_of(workdays.now() + mail.LEASE + dt.timedelta(minutes=1)):\n    mail.send_due()\n",
        **postbox.env,
    )
    assert len(set(postbox.taken)) == 40
    assert len(postbox.taken) - 40 <= 2  # at most the one mail each sender held in its hands
    states = home.python(MANY + "print(json.dumps(sorted(set(Mail.objects.values_list('state', flat=True)))))")
    assert states == ["sent"]


def test_digests_killed_in_the_middle_come_once_to_everybody(home):
    home.python(
        MANY
        + """
for no in range(60):
    User.objects.create(username=f"u{no}", email=f"u{no}@kim.example", display_name=f"Konto {no}")
with workdays.as_of(MORNING - dt.timedelta(days=3)):
    Notice.objects.bulk_create(
        Notice(recipient=person, key="issuestep:1", headline="KP-2026-0001: Melden", url="/x/")
        for person in User.objects.all()
    )
with workdays.as_of(MORNING):
    reminders.sweep()
"""
    )
    slow = (
        MANY
        + """
real = digests._compose_for
def slowly(*args):
    time.sleep(0.02)
    print("one", flush=True)
    return real(*args)
digests._compose_for = slowly
with workdays.as_of(MORNING + dt.timedelta(hours=1)):
    digests.compose()
"""
    )
    for _ in range(2):
        composer = home.start_code(slow)
        for _ in range(12):
            assert composer.stdout.readline() == "one\n"
        home.kill(composer)
    found = home.python(
        MANY
        + """
half = Mail.objects.count()
with workdays.as_of(MORNING + dt.timedelta(hours=2)):
    digests.compose()
told = set(Notice.objects.values_list("mail__recipient", "recipient"))
waiting = Notice.objects.filter(digested_at=None).count()
print(json.dumps([half, Mail.objects.count(), all(a == b for a, b in told), waiting]))
"""
    )
    assert 11 <= found[0] < 60
    assert found[1:] == [60, True, 0]


STEPS = """
import json, itertools
from steering.models import *
from steering.escalation import State
from kim.models import *
from tests.factories import issue_at, take, holder_of
"""


def test_steps_killed_in_the_middle_are_whole_or_not_at_all(home):
    # Once there and back, so that everybody who takes the steps exists.
    home.python(STEPS + "issue = issue_at(State.COORDINATION)\ntake(issue, 'forward')\ntake(issue, 'hand_back')\n")
    walk = (
        STEPS
        + """
issue = Issue.objects.get()
for turn in itertools.count():
    take(issue, "forward")
    take(issue, "hand_back")
    print(turn, flush=True)
"""
    )
    for wait in (0.05, 0.11, 0.17):
        walker = home.start_code(walk)
        walker.stdout.readline()
        time.sleep(wait)
        home.kill(walker)
    found = home.python(
        STEPS
        + """
issue = Issue.objects.get()
steps = list(issue.steps_taken.order_by("no").values_list("no", "source", "target"))
told = set(Notice.objects.filter(key__startswith="issuestep:").values_list("key", flat=True))
trail = TrailEntry.objects.filter(kind="steering.issue", object_id=str(issue.pk)).exclude(act="issue.start")
print(json.dumps({
    "whole": issue.step_no == len(steps) == steps[-1][0] and issue.state == steps[-1][2],
    "joined": all(a[2] == b[1] and b[0] == a[0] + 1 for a, b in zip(steps, steps[1:])),
    "trail": trail.count() == len(steps),
    "told": all(f"issuestep:{pk}" in told for pk in issue.steps_taken.filter(no__gt=1).values_list("pk", flat=True)),
    "number": len(steps),
}))"""
    )
    number = found.pop("number")
    assert number > 3
    assert set(found.values()) == {True}, found
