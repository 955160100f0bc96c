"""Two questions of the machinery: is the process alive (`/healthz`), can it work (`/readyz`)?"""

import structlog
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from kim.celery import QUEUE
from kim.celery import app as celery
from kim.models import JobRun

# The heartbeat comes every 30 seconds; five missed ones mean that worker or beat stands still.
HEARTBEAT_SECONDS = 150

log = structlog.get_logger("kim.health")


@login_not_required
@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok", content_type="text/plain")


@login_not_required
@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """200 when database, broker and background work all answer, else 503; ages are seconds."""
    database, broker, age = database_answers(), broker_answers(), None
    if database:
        age = heartbeat_age()
    ready = database and broker and age is not None and age <= HEARTBEAT_SECONDS
    answer = {
        "ready": ready,
        "database": database,
        "broker": broker,
        "heartbeat_age": age,
    }
    return JsonResponse(answer, status=200 if ready else 503)


def database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            cursor.fetchone()
    except DatabaseError:
        log.warning("database does not answer", exc_info=True)
        return False
    return True


def broker_answers() -> bool:
    """Declaring the queue reaches the store itself, with Redis and with the embedded file alike."""
    try:
        with celery.connection_for_write() as broker:
            broker.default_channel.queue_declare(queue=QUEUE)
    except Exception:  # every transport has its own errors; whatever it is, the broker does not answer
        log.warning("broker does not answer", exc_info=True)
        return False
    return True


def heartbeat_age() -> int | None:
    """Whole seconds since the worker last ran the heartbeat that beat sends; None when it never did."""
    try:
        last = (
            JobRun.objects.filter(job="heartbeat", finished_at__isnull=False)
            .order_by("-finished_at")
            .values_list("finished_at", flat=True)
            .first()
        )
    except DatabaseError:
        log.warning("heartbeat cannot be read", exc_info=True)
        return None
    return None if last is None else max(0, int((timezone.now() - last).total_seconds()))
