"""Criteria: what makes a municipality need more, what is known of it on a day, and values from a sheet."""

import datetime as dt
from decimal import Decimal
from fractions import Fraction

from django.core import signing
from django.db import transaction
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_http_methods, require_safe

from funding import access, needs
from funding.criterion_sheets import Row, read_rows
from funding.forms.needs import CriterionForm, CriterionImportForm, CriterionTakeForm
from funding.models import Criterion, CriterionValue
from funding.standing import percent
from funding.views.days import asked_day
from kim import trail
from kim.county_map import Figure, county_map
from kim.models import Municipality
from kim.rules import allows, demand
from kim.templatetags.kim import plain_number
from kim.views.acting import form_page
from kim.workflow import StepRefused
from steering.models.gate import noted, pass_gate
from steering.views.forming import gated

SALT = "funding.criterion_import"
#: How long a preview may be looked at before it is taken over, in seconds.
SHOWN_FOR = 4 * 60 * 60


@require_safe
def criterion_list(request):
    demand(access.reads_needs, request.user)
    day = asked_day(request)
    number = Municipality.objects.count()
    told = needs.values_on(day)
    rows = [(one, len(told.get(one.key, ())), _latest(told.get(one.key, {}))) for one in Criterion.objects.all()]
    context = {
        "rows": rows, "number": number, "day": day, "may_plan": allows(access.plans_needs, request.user),
        "form_day": f"{day:%d.%m.%Y}",
    }  # fmt: skip
    return render(request, "funding/criterion_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def criterion_new(request):
    demand(access.plans_needs, request.user)

    def act(form):
        texts = {str(form.fields[name].label): form.cleaned_data[name] for name in form.fields}
        note = noted(pass_gate(texts, by=request.user, confirmed=form.confirmed))
        made = Criterion.add(by=request.user, note=note, **form.cleaned_data)
        return made, f"Kriterium „{made}“ ist angelegt."

    return form_page(request, "funding/criterion_new.html", CriterionForm, gated(act), key="criterion:new")


@require_safe
def criterion_detail(request, pk):
    """The value of every municipality on a day, with its source, on a map and as a table."""
    criterion = get_object_or_404(Criterion.objects.visible_to(request.user), pk=pk)
    day = asked_day(request)
    told = needs.values_on(day).get(criterion.key, {})
    places = list(Municipality.objects.all())
    whole = sum((one.value for one in told.values()), Decimal(0))
    complete = all(place.ags in told for place in places)  # a share of what is not known would tell nothing
    rows = [(place, told.get(place.ags), _share(told.get(place.ags), whole) if complete else "") for place in places]
    figures = {ags: Figure(one.value, plain_number(one.value)) for ags, one in told.items()}
    context = {
        "criterion": criterion, "rows": rows, "day": day, "whole": plain_number(whole), "form_day": f"{day:%d.%m.%Y}",
        "map": county_map(places, figures, title=f"{criterion} je Kommune", white="Kein Wert", key_words=plain_number),
        "may_plan": allows(access.plans_needs, request.user) and not criterion.is_population,
        "missing": sum(1 for _, one, _ in rows if one is None),
    }  # fmt: skip
    return render(request, "funding/criterion_detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def criterion_import(request, pk):
    """First the sheet is read and shown; what was shown is then taken over, all of it or nothing."""
    criterion = get_object_or_404(Criterion.objects.visible_to(request.user).told_by_hand(), pk=pk)
    demand(access.plans_needs, request.user)
    if request.method == "POST" and "rows" in request.POST:
        return _take_over(request, criterion)
    form = CriterionImportForm(request.POST, files=request.FILES) if request.method == "POST" else CriterionImportForm()
    context = {"criterion": criterion, "form": form}
    if request.method != "POST" or not form.is_valid():
        status = 422 if request.method == "POST" else 200
        return render(request, "funding/criterion_import.html", context, status=status)
    rows, faults = read_rows(form.headings, form.lines, list(Municipality.objects.all()))
    if faults:
        return render(request, "funding/criterion_import.html", context | {"faults": faults}, status=422)
    take = CriterionTakeForm(initial={"rows": _sealed(request.user, criterion, rows)})
    return render(
        request, "funding/criterion_import.html", context | {"take": take, "rows": _compared(criterion, rows)}
    )


def _take_over(request, criterion):
    rows: list[Row] = []

    def act(form):
        rows.extend(_opened(request.user, criterion, form.cleaned_data["rows"]))
        sources = "\n".join(dict.fromkeys(row.source for row in rows))
        note = noted(pass_gate({"Quelle": sources}, by=request.user, confirmed=form.confirmed))
        taken = _learn(criterion, rows, by=request.user)
        words = f"{taken} Wert{'e' if taken != 1 else ''} aus einer Tabelle"
        trail.record("criterion.import", criterion, by=request.user, note=noted(words, note))
        return criterion, f"Übernommen: {words}, {len(rows) - taken} unverändert."

    return form_page(
        request, "funding/criterion_import.html", CriterionTakeForm, gated(act), key=f"criterion:{criterion.pk}:import",
        context={"criterion": criterion, "taking": True},
    )  # fmt: skip


@transaction.atomic
def _learn(criterion, rows, *, by) -> int:
    """How many values changed. The earlier day first: a later one then begins where it ends."""
    taken = 0
    for row in sorted(rows, key=lambda one: (one.day, one.place.ags)):
        told = {"municipality": row.place, "value": row.value, "day": row.day, "source": row.source}
        taken += CriterionValue.learn(by=by, criterion=criterion, **told) is not None
    return taken


def _sealed(user, criterion, rows) -> str:
    told = [(row.line, row.place.ags, f"{row.value:f}", row.day.isoformat(), row.source) for row in rows]
    return signing.dumps([user.pk, criterion.pk, told], salt=SALT, compress=True)


def _opened(user, criterion, sealed: str) -> list[Row]:
    try:
        who, what, told = signing.loads(sealed, salt=SALT, max_age=SHOWN_FOR)
    except signing.BadSignature:
        who = what = told = None
    if (who, what) != (user.pk, criterion.pk):
        raise StepRefused("Die Vorschau ist abgelaufen. Bitte laden Sie die Datei noch einmal hoch.")
    places = {place.ags: place for place in Municipality.objects.all()}
    if any(ags not in places for _, ags, *_ in told):
        raise StepRefused("Eine Kommune gibt es nicht mehr. Bitte laden Sie die Datei noch einmal hoch.")
    return [
        Row(line, places[ags], Decimal(value), dt.date.fromisoformat(day), source)
        for line, ags, value, day, source in told
    ]


def _compared(criterion, rows) -> list[tuple[Row, str]]:
    """Each row with what is known for its day so far; one query."""
    there = list(CriterionValue.objects.believed().filter(criterion=criterion))
    found = []
    for row in rows:
        now = next((one for one in there if one.municipality_id == row.place.pk and one.holds_on(row.day)), None)
        found.append((row, plain_number(now.value) if now else ""))
    return found


def _latest(told) -> dt.date | None:
    return max((one.since for one in told.values()), default=None)


def _share(told, whole: Decimal) -> str:
    return percent(Fraction(told.value) / Fraction(whole)) if told is not None and whole else ""
