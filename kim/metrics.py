"""Figures for the monitoring (Prometheus): `/metrics`. No personal data, no ids, no names of things or people.

Two kinds. What happens in a process (requests, statements) is counted in files all processes of this web server share,
so that whichever answers tells of all; each machine speaks for itself. What stands in the database (jobs, mails, what
waits) is read when asked, and is the same on every machine: there `max` is taken, never `sum`.

An app adds what it has with `@gauge("kim_exports_waiting", "…")`; the ground floor imports none of them.
"""

import hmac
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import structlog
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from kim import tracing

if TYPE_CHECKING:
    from django.db.models import Model
    from prometheus_client import Counter, Histogram
    from prometheus_client.metrics_core import Metric

#: Seconds. Pages take some tens of milliseconds; the promise is one second (docs/operations.md).
BUCKETS = (0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
METHODS = frozenset({"GET", "HEAD", "POST"})
#: Jobs that have not run for so many days are no longer told of.
JOB_DAYS = 14

log = structlog.get_logger("kim.metrics")

#: Either one value, or one for each value of a label.
Value = float | Mapping[str, float] | None


class Gauge(NamedTuple):
    words: str
    label: str
    read: Callable[[], Value]


_gauges: dict[str, Gauge] = {}


def gauge(name: str, words: str, label: str = ""):
    """Registers `read() -> number` (or with a `label` a number for each value of it) as a figure read when asked.

    None: there is nothing to say. Values of labels must be few and come from the code, never from what people write.
    """

    def register(read):
        _gauges[name] = Gauge(words, label, read)
        return read

    return register


def is_on() -> bool:
    return bool(settings.KIM_METRICS_TOKEN or settings.KIM_METRICS_FROM)


# Who may read them


@login_not_required
@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """404 where neither KIM_METRICS_TOKEN nor KIM_METRICS_FROM is set; what is set must be met, both where both are."""
    if not is_on():
        raise Http404
    if settings.KIM_METRICS_FROM and not _is_asked_from_allowed(request):
        return _refused("Von dieser Adresse werden die Kennzahlen nicht gelesen.", 403)
    if settings.KIM_METRICS_TOKEN and not _names_token(request):
        answer = _refused("Es fehlt der Schlüssel für die Kennzahlen.", 401)
        answer.headers["WWW-Authenticate"] = 'Bearer realm="KIM"'
        return answer
    from prometheus_client import CONTENT_TYPE_LATEST

    return HttpResponse(exposition(), content_type=CONTENT_TYPE_LATEST)


def _is_asked_from_allowed(request: HttpRequest) -> bool:
    """Asked directly. A proxy hides who asks: what came through one is refused, whatever it says about itself."""
    if request.headers.get("X-Forwarded-For") or request.headers.get("Forwarded"):
        return False
    return tracing.is_from(request, settings.KIM_METRICS_FROM)


def _names_token(request: HttpRequest) -> bool:
    given = request.headers.get("Authorization", "")
    return hmac.compare_digest(given.encode(), f"Bearer {settings.KIM_METRICS_TOKEN}".encode())


def _refused(sentence: str, status: int) -> HttpResponse:
    return HttpResponse(sentence, status=status, content_type="text/plain; charset=utf-8")


# What happens in this process


class Counted(NamedTuple):
    requests: "Counter"
    seconds: "Histogram"
    queries: "Counter"
    database: "Counter"
    slow: "Counter"


_making = threading.Lock()


def _counted() -> Counted:
    """Made with the first request: gunicorn has named the folder of the shared files by then (gunicorn.conf.py)."""
    with _making:  # the first requests of a process come at once
        return _made()


@cache
def _made() -> Counted:
    from prometheus_client import Counter, Histogram

    return Counted(
        Counter("kim_requests", "Requests answered", ["route", "method", "status"], registry=None),
        Histogram("kim_request_seconds", "Until the answer is made", ["route"], buckets=BUCKETS, registry=None),
        Counter("kim_request_queries", "Statements sent while answering", ["route"], registry=None),
        Counter("kim_request_database_seconds", "Of requests, waiting for the database", ["route"], registry=None),
        Counter("kim_slow_statements", "Statements that took longer than KIM_SLOW_MS", ["route"], registry=None),
    )


def count_request(route: str, method: str, status: int, seconds: float, cost: tracing.Cost) -> None:
    """`route` is the name of the view: as many as there are addresses in kim.urls, never the address itself."""
    if not is_on():
        return
    counted = _counted()
    counted.requests.labels(route, method if method in METHODS else "other", f"{status // 100}xx").inc()
    counted.seconds.labels(route).observe(seconds)
    if cost.queries:
        counted.queries.labels(route).inc(cost.queries)
        counted.database.labels(route).inc(cost.seconds)
    if cost.slow:
        counted.slow.labels(route).inc(cost.slow)


# What stands in the database


class FromDatabase:
    """What Prometheus' registry asks when it is read. A figure that cannot be read is left out, the others stay."""

    def collect(self) -> Iterator["Metric"]:
        from prometheus_client.core import GaugeMetricFamily

        from kim.operation import version

        build = GaugeMetricFamily("kim_build_info", "Version of KIM that answers", labels=["version"])
        build.add_metric([version()], 1)
        yield build
        up = 1
        for name, one in _gauges.items():
            try:
                value = one.read()
            except DatabaseError:
                log.warning("figure cannot be read", figure=name, exc_info=True)
                up = 0
                continue
            if value is not None:
                yield _family(name, one, value)
        yield GaugeMetricFamily("kim_database_up", "Whether the database answered all of this", value=up)


def _family(name: str, one: Gauge, value: float | Mapping[str, float]) -> "Metric":
    from prometheus_client.core import GaugeMetricFamily

    if not isinstance(value, Mapping):
        return GaugeMetricFamily(name, one.words, value=float(value))
    family = GaugeMetricFamily(name, one.words, labels=[one.label])
    for key, number in value.items():
        family.add_metric([key], float(number))
    return family


def exposition() -> bytes:
    """All of it in Prometheus' text format."""
    from prometheus_client import CollectorRegistry, generate_latest, multiprocess

    _counted()
    registry = CollectorRegistry()
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        multiprocess.MultiProcessCollector(registry)
    else:
        for metric in _counted():
            registry.register(metric)
    registry.register(FromDatabase())
    return generate_latest(registry)


@gauge("kim_outbox_mails", "Mails that wait, and that were given up", "state")
def _outbox() -> Value:
    from django.db.models import Count

    from kim.models import Mail

    there = Mail.objects.exclude(state=Mail.State.SENT).order_by().values_list("state").annotate(Count("pk"))
    return dict.fromkeys((Mail.State.QUEUED.value, Mail.State.FAILED.value), 0) | dict(there)


@gauge("kim_outbox_oldest_seconds", "How long the oldest waiting mail has been waiting")
def _oldest_mail() -> Value:
    from kim import workdays
    from kim.models import Mail

    oldest = Mail.objects.filter(state=Mail.State.QUEUED).order_by("created_at").values_list("created_at", flat=True)
    first = oldest.first()
    return 0 if first is None else max(0.0, (workdays.now() - first).total_seconds())


@gauge("kim_heartbeat_age_seconds", "Since the background last answered the timetable; missing: it never did")
def _heartbeat() -> Value:
    from kim.health import heartbeat_age

    return heartbeat_age()


@gauge("kim_sessions_open", "Sessions that have not run out")
def _sessions() -> Value:
    from django.contrib.sessions.models import Session
    from django.utils import timezone

    return Session.objects.filter(expire_date__gt=timezone.now()).count()


def _job_rows() -> Iterable[Any]:
    import datetime as dt

    from kim import workdays
    from kim.models import JobRun

    return JobRun.objects.filter(day__gt=workdays.today() - dt.timedelta(days=JOB_DAYS)).order_by("day")


@gauge("kim_job_last_good_end_age_seconds", "Since a job of the timetable last ended well", "job")
def _job_ages() -> Value:
    from kim import workdays

    now, found = workdays.now(), {}
    for row in _job_rows():
        if row.finished_at:
            found[row.job] = max(0.0, (now - row.finished_at).total_seconds())
    return found


@gauge("kim_job_duration_seconds", "How long a job took when it last ended well", "job")
def _job_durations() -> Value:
    return {
        row.job: (row.finished_at - row.started_at).total_seconds()
        for row in _job_rows()
        if row.finished_at and row.finished_at >= row.started_at
    }


@gauge("kim_job_error", "1 where the last run of a job ended with an error", "job")
def _job_errors() -> Value:
    return {row.job: float(bool(row.error)) for row in _job_rows()}


def _model(name: str) -> "type[Model] | None":
    """A table of the ground floor, if this release has it."""
    from django.apps import apps

    return apps.all_models["kim"].get(name.lower())


@gauge("kim_trail_unlinked_rows", "Rows of the trail of the last hour that are no link of its chain yet")
def _unlinked() -> Value:
    import datetime as dt

    from kim import workdays

    rows = _model("TrailEntry")
    if rows is None or _model("TrailLink") is None:
        return None
    recent = rows._base_manager.filter(at__gt=workdays.now() - dt.timedelta(hours=1))
    return recent.filter(link__isnull=True).count()


@gauge("kim_trail_findings", "What the last check of the whole trail found; 0: it holds")
def _findings() -> Value:
    checks = _model("TrailCheck")
    if checks is None:
        return None
    return checks._base_manager.order_by("-made_at", "-pk").values_list("found", flat=True).first()


@gauge("kim_backup_age_seconds", "Since a backup, or the rehearsal of a restore, last ended well", "kind")
def _backups() -> Value:
    from django.db.models import Max

    from kim import workdays

    runs = _model("BackupRun")
    if runs is None:
        return None
    ended = runs._base_manager.filter(state="done").order_by().values_list("kind").annotate(Max("finished_at"))
    return {kind: max(0.0, (workdays.now() - at).total_seconds()) for kind, at in ended}


@gauge("kim_replica_lag_seconds", "How far the database that figures are read from lags behind, to 30 seconds")
def _replica() -> Value:
    from kim import replica

    return replica.lag()


@gauge("kim_clock_seconds", "The clock of this machine, in seconds of Unix time")
def _moment() -> Value:
    return time.time()
