"""„Meine Zahlen“: what somebody did themselves, exact, for nobody else."""

import datetime as dt
from collections.abc import Mapping

from django.shortcuts import render
from django.views.decorators.http import require_safe

from casework import access
from casework.figures import own
from casework.figures.own import Span
from kim import workdays
from kim.dated import months_after
from kim.rules import demand
from kim.views.filters import searched
from steering.export import Column, Sheet
from steering.views.files import send


@require_safe
def own_figures(request):
    """By month, quarter or year; one of them opened, with its topics, or the procedures of Modul 3 in it."""
    demand(access.has_own_figures, request.user)
    span, first, complaints = _asked(request.GET)
    until = months_after(first, span.months)
    manages = access.manages_cases(request.user, None)
    receives = access.receives_procedures(request.user, None)
    context = {
        "span": span, "spans": [(one.value, one.words) for one in Span], "complaints": complaints,
        "first": first, "name": span.called(first), "search": searched(request.GET), "firsts": _firsts(span),
        "manages": manages, "receives": receives,
        "lines": own.lines(request.user, span) if manages else [],
        "topics": own.topics(request.user, first, until) if manages else [],
        "kinds": own.procedures(request.user, first, until) if receives else [],
    }  # fmt: skip
    return render(request, "casework/own_figures.html", context)


@require_safe
def own_figures_export(request, kind):
    """The lines of the page as CSV or XLSX; who is no case manager gets the procedures."""
    demand(access.has_own_figures, request.user)
    span, first, _ = _asked(request.GET)
    if access.manages_cases(request.user, None):
        return send(request, kind, Sheet(TITLE, "user.own_figures", LINES, own.lines(request.user, span), [span.words]))
    found = own.procedures(request.user, first, months_after(first, span.months))
    return send(request, kind, Sheet(TITLE, "user.own_figures", KINDS, found, [span.called(first)]))


TITLE = "Meine Zahlen"
LINES: list[Column] = [
    ("Zeitraum", 18, lambda line: line.name),
    ("Beratungen", 12, lambda line: line.consultations),
    ("Personen mit Fall", 18, lambda line: line.persons),
    ("Personen ohne Fall", 18, lambda line: line.anonymous),
    ("Aktionen", 12, lambda line: line.actions),
    ("Stunden", 12, lambda line: line.hours),
    ("Sprachmittlung fehlte", 20, lambda line: line.missing),
]
KINDS: list[Column] = [
    ("Verfahren", 60, lambda kind: kind.name),
    ("eingegangen", 12, lambda kind: kind.received),
    ("entschieden", 12, lambda kind: kind.decided),
    ("bewilligt", 12, lambda kind: kind.granted),
    ("abgelehnt", 12, lambda kind: kind.refused),
    ("anders erledigt", 14, lambda kind: kind.other),
    ("Dauer im Median (Tage)", 22, lambda kind: kind.median),
    ("heute offen", 12, lambda kind: kind.open),
    ("ältester offener seit", 20, lambda kind: kind.oldest),
]


def _firsts(span: Span) -> list[tuple[str, str]]:
    """What can be opened, as values and words."""
    last = span.first(workdays.today())
    days = [months_after(last, -span.months * number) for number in range(span.lines)]
    return [(f"{day:%Y-%m-%d}", span.called(day)) for day in days]


def _asked(given: Mapping[str, str]) -> tuple[Span, dt.date, list[str]]:
    """Kind of lines and the first day of the one that is opened; the present one where that says nothing."""
    complaints = []
    span = Span.MONTH
    if said := given.get("span", ""):
        if said in list(Span):
            span = Span(said)
        else:
            complaints.append("Zusammengezählt wird nach Monaten, Quartalen oder Jahren.")
    first = span.first(workdays.today())
    if said := given.get("first", ""):
        if said in dict(_firsts(span)):
            first = dt.date.fromisoformat(said)
        elif said not in {day for one in Span for day, _ in _firsts(one)}:
            complaints.append("Diesen Zeitraum gibt es hier nicht. Gezeigt wird der laufende.")
    return span, first, complaints
