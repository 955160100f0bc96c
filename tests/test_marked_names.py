"""A person's name is typed into everything a case manager is shown, and searched for where names must not get to.

That is: logs (at their most talkative, as they are written), mails, headlines of notices, notes of the trail, results
of jobs, addresses, titles and headers of pages, the cache, the sessions, the broker, names of files and their content
on the disk, and what is left of an error.
"""

import logging
import pickle
import re
from html import unescape

import pytest
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.urls import path

from casework.tasks import work_on_imports
from kim import jobs, logs
from kim.models import JobRun, Mail, Notice, SavedFilter, TrailEntry
from kim.searches import NAMING
from kim.urls import *  # noqa: F403, the handlers of errors are looked up in the root of the addresses
from kim.urls import urlpatterns as real
from tests.casework.factories import case_manager
from tests.casework.full_case import MARK, marked
from tests.casework.test_walls import addresses
from tests.factories import county, limits, steering_group
from tests.test_hostile import Page

pytestmark = [pytest.mark.long, pytest.mark.django_db]

#: Another name, typed into forms. Shown again it is found in any spelling.
TYPED = "Wqzvarnbek"
SAID = re.compile(f"{MARK}|{TYPED}", re.I)
WALKED = ("/casework/", "/notices/", "/absences/", "/steering/issues/")
#: Links that carry an address of a person by design, in a page only who may see the person is shown.
DIRECT = ("mailto:", "tel:")
#: What a search is kept under, so that no name stands in an address (docs/decisions/0030). Goes with the session.
KEPT_SEARCHES = "casework_searches"


@login_not_required
def broken(request):
    name = request.POST["name"]
    raise ValueError(f"{name} is not known", {"given": name})


urlpatterns = [path("broken/", broken), *real]


class Written(logging.Handler):
    """Every record of every logger, formatted as KIM writes it."""

    def __init__(self):
        super().__init__(logging.DEBUG)
        config = logs.logging_config("DEBUG")["formatters"]["json"]
        self.setFormatter(config["()"](processors=config["processors"], foreign_pre_chain=config["foreign_pre_chain"]))
        self.lines = []

    def emit(self, record):
        self.lines.append(self.format(record))


@pytest.fixture
def written():
    """All loggers at DEBUG, but for those KIM itself keeps quieter whatever KIM_LOG_LEVEL says."""
    said = logs.logging_config("DEBUG")["loggers"]
    handler, every = Written(), [logging.getLogger(), *map(logging.getLogger, list(logging.root.manager.loggerDict))]
    levels = [(one, one.level, one.propagate) for one in every]
    for one in every:
        one.setLevel(said.get(one.name, {}).get("level", "DEBUG"))
        one.propagate = True
    logging.getLogger().addHandler(handler)
    yield handler.lines
    logging.getLogger().removeHandler(handler)
    for one, level, propagate in levels:
        one.setLevel(level)
        one.propagate = propagate


@pytest.fixture
def led():
    county(case_prefix="RSK")
    limits()
    steering_group()
    made = marked(by=case_manager(employer="kreis"))
    SavedFilter.objects.filter(query__contains=MARK).delete()  # of a time when words could be kept with a filter
    return made


def of_answers(client, case, capture) -> list[str]:
    """Ask for every address about the case, and send every form shown there with a name in every text. What is returned
    is what an answer says outside of the page itself, and the addresses in it.
    """
    found, sent = [], 0
    for address in ["/", *(one for one in addresses() if one.startswith(WALKED))]:
        answer = client.get(address)
        found += outside(answer)
        if answer.status_code != 200 or "html" not in answer.headers["Content-Type"]:
            continue
        for form in Page(answer.content.decode()).forms:
            target = form["action"] or address
            if form["method"].lower() != "post" or "logout" in target or not target.startswith("/"):
                continue
            texts = {name: value or TYPED for name, value in form["fields"].items()}
            if "q" in texts:  # a search; what stands beside it are lists to choose from
                texts = {"q": TYPED}
            with capture(execute=True):
                found += outside(client.post(target, texts))
            sent += 1
    assert sent > 40
    return found


def outside(answer) -> list[str]:
    """Headers, title, and addresses of links and forms; of a file its headers alone."""
    told = [f"{answer.request['PATH_INFO']} {name}: {value}" for name, value in answer.headers.items()]
    if answer.streaming:
        assert b"".join(answer.streaming_content)
    if answer.streaming or "html" not in answer.headers.get("Content-Type", ""):
        return told
    page = answer.content.decode()
    told += re.findall(r"<title>.*?</title>", page, re.S)
    links = re.findall(r'\s(?:href|action|src|data-hx-(?:get|post|push-url))="([^"]*)"', page)
    return told + [unescape(link) for link in links if not link.startswith(DIRECT)]


def of_rows() -> list[str]:
    told = [f"mail {mail.subject} {mail.body} {mail.key}" for mail in Mail.objects.all()]
    told += [f"notice {one.headline} {one.url} {one.key}" for one in Notice.objects.all()]
    told += [f"trail {' '.join(str(value) for value in row)}" for row in TrailEntry.objects.values_list()]
    return told + [f"job {' '.join(str(value) for value in row)}" for row in JobRun.objects.values_list()]


def of_stores() -> list[str]:
    told = [f"cache {key} {pickle.loads(value)!r}" for key, value in cache._cache.items()]
    for session in Session.objects.all():
        data = session.get_decoded()
        data.pop(KEPT_SEARCHES, None)
        told.append(f"session {data}")
    return told


def of_broker() -> list[str]:
    """Messages that wait in Redis; without it they lie in a file of the data folder."""
    if not settings.REDIS_URL:
        assert (settings.DATA_DIR / "broker.sqlite3").exists()
        return []
    from redis import Redis

    with Redis.from_url(settings.REDIS_URL) as broker:
        lists = [key for key in broker.scan_iter() if broker.type(key) == b"list"]
        return [f"{key!r} {message!r}" for key in lists for message in broker.lrange(key, 0, -1)]


def of_files() -> list[str]:
    """Names and contents in the data folder; the database itself is where names belong."""
    told = []
    for file in settings.DATA_DIR.rglob("*"):
        told.append(f"name {file.relative_to(settings.DATA_DIR)}")
        if file.is_file() and not file.name.startswith("test"):
            told.append(f"{file.name}: {file.read_bytes().decode('latin-1')}")
    return told


def betrayed(told) -> list[str]:
    return [line[max(0, found.start() - 200) : found.end() + 80] for line in told if (found := SAID.search(line))]


def test_no_name_leaves_the_case_whatever_is_done(client, led, written, django_capture_on_commit_callbacks):
    client.raise_request_exception = False
    client.force_login(led.owner)
    answered = of_answers(client, led, django_capture_on_commit_callbacks)
    client.post("/casework/cases/", {"q": f"vor{MARK}"})
    work_on_imports()
    assert betrayed(answered) == []
    assert len(written) > 200
    assert betrayed(written) == []
    assert betrayed(of_rows()) == []
    assert betrayed(of_stores()) == []
    assert betrayed(of_broker()) == []
    assert betrayed(of_files()) == []


@pytest.mark.parametrize("page", NAMING)
def test_no_filter_keeps_a_name_whatever_is_sent(client, page):
    owner = case_manager()
    client.force_login(owner)
    client.post("/filters/", {"page": page, "name": "Meine", "query": f"q={TYPED}&topic=3"})
    assert SavedFilter.objects.get(user=owner).query == "topic=3"


def test_an_error_tells_where_and_never_what(client, led, written, settings):
    settings.ROOT_URLCONF = __name__
    client.raise_request_exception = False
    client.force_login(led.owner)
    answer = client.post("/broken/", {"name": TYPED}, headers={"Referer": "http://testserver/", "X-Name": TYPED})
    assert answer.status_code == 500
    lost = client.get(f"/{TYPED}/", {"q": TYPED})
    assert lost.status_code == 404
    refused = client.get(f"/?q={TYPED}", HTTP_HOST="evil.example")
    assert refused.status_code == 400
    with pytest.raises(ValueError, match=TYPED), jobs.run("probe"):
        raise ValueError(TYPED)
    assert any("test_marked_names.py" in line and "ValueError" in line for line in written)
    assert TYPED not in answer.text + lost.text + refused.text
    assert betrayed(written) == []
    assert betrayed(of_rows()) == []
    assert betrayed(of_stores()) == []


def test_the_search_would_find_one(led, written):
    """Else an empty list would prove nothing."""
    logging.getLogger("kim.probe").info("seen %s", TYPED)
    assert betrayed(written)
    cache.set("probe", {"name": MARK}, 60)
    assert betrayed(of_stores())
    Mail.objects.create(key="probe", to="x@kim.example", subject=MARK)
    assert betrayed(of_rows())
