"""How the background fares: beat, jobs, outbox. For administrators, who see that mail is stuck but not what it says."""

import datetime as dt
from dataclasses import dataclass

from django.conf import settings
from django.contrib import messages
from django.db.models import Count
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from kim import mail, paging, replica, workdays
from kim.access import runs_operation
from kim.health import HEARTBEAT_SECONDS
from kim.models import County, JobRun, Mail
from kim.operation import section, sections_for, version
from kim.rules import demand

#: name in the timetable → (what it does, when)
WORDS = {
    "heartbeat": ("Herzschlag", "alle 30 Sekunden"),
    "link_trail": ("Protokoll verketten", "alle 30 Sekunden"),
    "mail": ("Mailversand", "jede Minute"),
    "imports": ("Importe", "jede Minute"),
    "exports": ("Dateien mit Zahlen erstellen", "jede Minute"),
    "breaches": ("Fristen von Datenschutzvorfällen", "alle zehn Minuten"),
    "counting": ("Zählen für die Lage", "alle zehn Minuten"),
    "parts": ("Teile der Lage", "alle zehn Minuten"),
    "pauses": ("Ende von Pausen", "stündlich"),
    "anchor_trail": ("Anker des Protokolls", "nach Mitternacht"),
    "reminders": ("Erinnerungen", "an Arbeitstagen ab 6 Uhr"),
    "subscriptions": ("Nachrichten zu Auswertungen", "an Arbeitstagen ab 6 Uhr"),
    "digests": ("Sammelmails", "an Arbeitstagen ab 7 Uhr"),
    "check_trail": ("Protokoll prüfen", "nachts um zehn vor eins"),
    "publish": ("Veröffentlichung von Quartalszahlen", "nachts um halb zwei"),
    "sweep": ("Aufräumen", "nachts um halb drei"),
    "retention": ("Löschung abgelaufener Konten, Mitteilungen und Anliegen", "nachts um drei"),
    "erase": ("Löschung abgelaufener Fälle", "nachts um Viertel nach drei"),
    "files": ("Abgelegte Dateien aufräumen", "nachts um Viertel vor vier"),
    "backup": ("Sicherung", "nachts ab vier, wenn eingerichtet"),
    "rehearsal": ("Probe der Wiederherstellung", "nach der Sicherung, wenn eine fällig ist"),
}
#: How long after its last good end a job counts as running; morning jobs are asked by day instead.
FRESH = {
    "heartbeat": dt.timedelta(seconds=HEARTBEAT_SECONDS),
    "link_trail": dt.timedelta(minutes=5),
    "mail": dt.timedelta(minutes=5),
    "imports": dt.timedelta(minutes=5),
    "exports": dt.timedelta(minutes=5),
    "breaches": dt.timedelta(minutes=45),
    "counting": dt.timedelta(minutes=45),
    "parts": dt.timedelta(hours=1),
    "pauses": dt.timedelta(hours=3),
    "anchor_trail": dt.timedelta(hours=2),
    "check_trail": dt.timedelta(hours=30),
    "publish": dt.timedelta(hours=30),
    "sweep": dt.timedelta(hours=30),
    "retention": dt.timedelta(hours=30),
    "erase": dt.timedelta(hours=30),
    "files": dt.timedelta(hours=30),
    "backup": dt.timedelta(hours=30),
    "rehearsal": dt.timedelta(hours=30),
}
#: By when in the morning the jobs of the morning should have ended.
BY_HOUR = 8
SHOWN = 50


@dataclass(frozen=True)
class Job:
    label: str
    rhythm: str
    tone: str  # done, soon or late: the colour; the word says it too
    word: str
    last: JobRun | None


@require_safe
def operation(request):
    demand(runs_operation, request.user)
    jobs = [_job(name, row) for name, row in _last_rows().items()]
    failed = Mail.objects.filter(state=Mail.State.FAILED).defer("body")
    numbers = dict(Mail.objects.exclude(state=Mail.State.SENT).order_by().values_list("state").annotate(Count("pk")))
    waiting = Mail.objects.filter(state=Mail.State.QUEUED).defer("body")
    context = {
        "parts": sections_for(request.user),
        "jobs": jobs,
        "beat": jobs[0],
        "transport": settings.KIM_MAIL_TRANSPORT,
        "queued": numbers.get("queued", 0),
        "failed_number": numbers.get("failed", 0),
        "put_off": list(waiting.exclude(last_error="").order_by("next_try_at")[:SHOWN]),
        "failed": paging.page(failed, "-id", after=request.GET.get("after", ""), before=request.GET.get("before", "")),
        "engine": "PostgreSQL" if settings.DATABASE_URL else "SQLite (eingebettet)",
        "broker": "Redis" if settings.REDIS_URL else "Datei (eingebettet)",
        "version": version(),
    }
    return render(request, "kim/operation.html", context)


@section("kim/_operation_replica.html", order=30)
def replica_lag(user):
    """How far the database that figures are read from lags; nothing where there is none."""
    if not replica.is_there():
        return None
    lag = replica.lag()
    if lag is None:
        said = "Sie antwortet nicht oder kennt noch keinen Herzschlag. Zahlen kommen aus der ersten Datenbank."
        return {"tone": "late", "word": "wird nicht gelesen", "sentence": said}
    behind = f"Sie ist {round(lag)} Sekunden zurück" if lag >= 1 else "Sie ist auf dem Stand des letzten Herzschlags"
    if lag > settings.KIM_REPORTS_MAX_LAG:
        said = f"{behind}, mehr als {settings.KIM_REPORTS_MAX_LAG}. Zahlen kommen aus der ersten Datenbank."
        return {"tone": "late", "word": "wird nicht gelesen", "sentence": said}
    said = f"{behind}. Seiten mit Zahlen lesen aus ihr und sagen, von wann die Zahlen sind."
    return {"tone": "done", "word": "wird gelesen", "sentence": said}


@require_POST
def mail_resend(request, pk):
    demand(runs_operation, request.user)
    failed = get_object_or_404(Mail, pk=pk)
    _resend(request, Mail.objects.filter(pk=failed.pk))
    return redirect("kim:operation")


@require_POST
def mail_resend_all(request):
    demand(runs_operation, request.user)
    _resend(request, Mail.objects.all())
    return redirect("kim:operation")


def _resend(request, mails) -> None:
    number = mail.send_again(mails, by=request.user)
    if number:
        messages.success(
            request, f"{number} Mails liegen wieder im Ausgang." if number > 1 else "Die Mail liegt wieder im Ausgang."
        )
    else:
        messages.info(request, "Hier war nichts mehr erneut zu senden.")


def _last_rows() -> dict[str, JobRun | None]:
    """The newest row of every job, in the order of WORDS; one query."""
    since = workdays.today() - dt.timedelta(days=14)
    last: dict[str, JobRun | None] = dict.fromkeys(WORDS)
    for row in JobRun.objects.filter(job__in=WORDS, day__gte=since).order_by("day"):
        last[row.job] = row
    return last


def _job(name: str, row: JobRun | None) -> Job:
    label, rhythm = WORDS[name]
    if row is None:
        return Job(label, rhythm, "late" if name == "heartbeat" else "soon", "noch nie gelaufen", None)
    if row.error:
        return Job(label, rhythm, "late", "Fehler", row)
    if row.finished_at is None or row.finished_at < _expected(name):
        return Job(label, rhythm, "late", "steht still", row)
    return Job(label, rhythm, "done", "läuft", row)


def _expected(name: str) -> dt.datetime:
    """The moment since which the job should have ended well at least once."""
    now = workdays.now()
    if name in FRESH:
        return now - FRESH[name]
    rules = County.current().workday_rules
    local = now.astimezone(workdays.BERLIN)
    day = local.date() if local.hour >= BY_HOUR else local.date() - dt.timedelta(days=1)
    while not workdays.is_workday(day, rules):
        day -= dt.timedelta(days=1)
    return dt.datetime.combine(day, dt.time(), workdays.BERLIN)
