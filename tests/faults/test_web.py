"""The web server killed with -9 while steps are being taken: sent again, each step is there once and whole."""

import http.client
import threading
import time
import urllib.parse

import pytest

NUMBER = 40
SETTING = f"""
import json
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from kim import sign_ins
from kim.models import Role, SignIn
from steering.escalation import State
from tests.factories import issue_at, user
user(Role.STRATEGIC_OFFICE)
coordination = user(Role.COORDINATION)
issues = [issue_at(State.COORDINATION) for _ in range({NUMBER})]
session = SessionStore()
session[SESSION_KEY] = str(coordination.pk)
session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
session[HASH_SESSION_KEY] = coordination.get_session_auth_hash()
session[sign_ins.KEY] = SignIn.objects.create(user=coordination, browser="Chromium").pk
session.save()
print(json.dumps([session.session_key, {{issue.pk: issue.step_no for issue in issues}}]))
"""
FOUND = """
import json
from collections import Counter
from kim.models import Notice, TrailEntry
from steering.models import Issue, IssueStep
steps = IssueStep.objects.filter(name="forward")
told = Counter(Notice.objects.filter(key__startswith="issuestep:").values_list("key", flat=True))
print(json.dumps({
    "once": sorted(Counter(steps.values_list("issue", flat=True)).values()),
    "states": sorted(set(Issue.objects.values_list("state", "step_no"))),
    "trail": TrailEntry.objects.filter(act="issue.forward").count(),
    "told": sorted({told[f"issuestep:{pk}"] for pk in steps.values_list("pk", flat=True)}),
}))
"""
TOKEN = "k" * 32


@pytest.fixture
def send(home, free_port):
    """`start()` the web server, and `step(pk, seen, session)`: the status of the answer, None when it broke off."""
    env = {"PORT": str(free_port), "KIM_DEBUG": "1", "KIM_BASE_URL": f"http://127.0.0.1:{free_port}"}

    class Send:
        def start(self):
            process = home.start("-m", "gunicorn", "kim.wsgi", **env)
            until = time.monotonic() + 60
            while time.monotonic() < until:
                try:
                    self._ask("GET", "/healthz")
                    return process
                except OSError:
                    time.sleep(0.2)
            raise AssertionError("the web server did not come up")

        def step(self, pk, seen, session):
            form = {"csrfmiddlewaretoken": TOKEN, "seen": seen, "released": "on"}
            headers = {
                "Cookie": f"kim_session={session}; kim_csrf={TOKEN}",
                "Content-Type": "application/x-www-form-urlencoded",
            }
            try:
                return self._ask("POST", f"/steering/issues/{pk}/forward/", urllib.parse.urlencode(form), headers)
            except (OSError, http.client.HTTPException):
                return None

        def _ask(self, *request):
            connection = http.client.HTTPConnection("127.0.0.1", free_port, timeout=30)
            try:
                connection.request(*request)
                return connection.getresponse().status
            finally:
                connection.close()

    return Send()


def test_a_killed_web_server_leaves_no_step_twice_or_half(home, send):
    session, issues = home.python(SETTING)
    answers, pending = {}, list(issues.items())
    for kills in range(4):
        server = send.start()
        last = kills == 3
        if not last:
            threading.Timer(1.0, home.kill, [server]).start()
        again, dead = [], False
        for pk, seen in pending:
            status = None if dead else send.step(pk, seen, session)
            if status is None:
                dead = True
                again.append((pk, seen))
            else:
                answers[pk] = status
        pending = again
        if last:
            home.kill(server)
        else:
            server.wait(30)
    assert pending == []
    # 302: taken; 409: it had been taken, and only the answer was lost.
    assert set(answers.values()) <= {302, 409}
    assert list(answers.values()).count(409) <= 3
    found = home.python(FOUND)
    assert found["once"] == [1] * NUMBER
    assert found["states"] == [["strategy", 2]]
    assert found["trail"] == NUMBER
    assert len(found["told"]) == 1
    assert found["told"][0] > 0
