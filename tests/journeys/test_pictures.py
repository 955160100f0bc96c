"""The pictures of the handbook: what each role sees of the demo, looked over like every page (visitor.py).

They are made when asked for, since loading the demo takes as long as hundreds of tests:
KIM_TEST_PICTURES=1 script/test tests/journeys/test_pictures.py
"""

import datetime as dt
import os
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.urls import reverse

from casework import rights
from casework.models import Case
from funding.models import AwardNotice
from kim import breaches, jobs, workdays
from kim.celery import TIMETABLE
from kim.models import User
from kim.models.rights import Kind, Way
from reports.models import StatusReport
from steering.models import Body, Issue, Meeting

DOCS = Path(settings.BASE_DIR, "docs")
IMG = DOCS / "img"


def page(name: str, *arguments):
    return lambda user: reverse(name, args=[argument(user) for argument in arguments])


def own_case(user):
    """The one with most to show."""
    from django.db.models import Count

    return Case.objects.filter(owner=user).annotate(n=Count("consultations")).order_by("-n", "pk").first().pk


def issue_at_the_steering_group(user):
    return Issue.objects.filter(state="steering").order_by("pk").first().pk


def next_meeting(user):
    """The next one that has an agenda, else the last that had one."""
    held = Meeting.objects.filter(body__kind=Body.Kind.STEERING, agenda__isnull=False).distinct()
    ahead = held.filter(starts_at__gt=workdays.now())
    return (ahead.order_by("starts_at").first() or held.order_by("-starts_at").first()).pk


def settled_notice(user):
    """One that has been worked out and released."""
    return AwardNotice.objects.filter(calculations__released_at__isnull=False).order_by("-pk").first().pk


def oldest(model):
    return lambda user: model.objects.order_by("pk").first().pk


def group_of(user):
    return Body.objects.filter(memberships__user=user).order_by("pk").first().pk


#: picture: (account of the demo, or none; address; width of the window)
PICTURES = {
    "anmelden": (None, page("account_login"), 1280),
    "konto": ("casemanager", page("kim:account"), 1280),
    "heute": ("casemanager", page("kim:today"), 1280),
    "melden": ("casemanager", page("steering:issue_new"), 1280),
    "meldungen": ("casemanager", page("steering:report_list"), 1280),
    "faelle": ("casemanager", page("casework:case_list"), 1280),
    "fall": ("casemanager", page("casework:case_detail", own_case), 1280),
    "eingang": ("coordination", page("steering:inbox"), 1280),
    "knackpunkt": ("office", page("steering:issue_detail", issue_at_the_steering_group), 1280),
    "sitzung": ("office", page("steering:meeting_detail", next_meeting), 1280),
    "lage": ("office", page("reports:lage"), 1280),
    "bericht": ("office", page("reports:report_detail", oldest(StatusReport)), 1280),
    "lage-telefon": ("steering", page("reports:lage"), 375),
    "projektgruppe": ("projectgroup", page("steering:body_detail", group_of), 1280),
    "vorgaenge": ("authority", page("casework:procedure_list"), 1280),
    "stellen": ("admin", page("funding:board"), 1280),
    "bescheid": ("admin", page("funding:notice_detail", settled_notice), 1280),
    "betrieb": ("admin", page("kim:operation"), 1280),
    "protokoll": ("audit", page("kim:trail"), 1280),
    "anliegen": ("audit", page("casework:request_list"), 1280),
    "vorfaelle": ("audit", page("kim:breach_list"), 1280),
}  # fmt: skip


def go_on_for_a_day():
    """What no demo begins with: jobs that ran, something asked by right, a suspicion of a breach."""
    for name in TIMETABLE:
        with jobs.run(name):
            pass
    case = Case.objects.get(pk=own_case(User.objects.get(username="casemanager")))
    asked = {"kind": Kind.ACCESS, "received_on": workdays.today() - dt.timedelta(days=9), "came_by": Way.choices[0][0]}
    rights.receive(case, by=case.owner, **asked)
    said = "Eine Liste mit Terminen lag zwei Stunden offen am Drucker im Flur."
    breaches.suspect(by=case.owner, discovered_at=workdays.now() - dt.timedelta(hours=5), text=said)


@pytest.mark.skipif("KIM_TEST_PICTURES" not in os.environ, reason="makes the pictures of docs/img: KIM_TEST_PICTURES=1")
def test_the_pictures_of_the_handbook_are_made_from_the_demo(window):
    call_command("load_demo", yes_this_is_a_demo=True)
    go_on_for_a_day()
    for name, (account, address, width) in PICTURES.items():
        user = User.objects.get(username=account) if account else None
        visitor = window(user, width=width, height=820 if width > 400 else 720)
        visitor.open(address(user))
        visitor.page.screenshot(path=IMG / f"{name}.png")
        visitor.page.context.close()


@pytest.mark.parametrize("text", sorted((DOCS / "handbuch").glob("*.md")), ids=lambda path: path.stem)
def test_the_handbook_shows_no_picture_that_nobody_makes(text):
    shown = re.findall(r"!\[([^\]]*)\]\(\.\./img/([\w-]+)\.png\)", text.read_text(encoding="utf-8"))
    for words, name in shown:
        assert name in PICTURES
        assert (IMG / f"{name}.png").exists()
        assert len(words) > 20, f"{name}: whoever does not see the picture reads these words"
