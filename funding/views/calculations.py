"""What is to be paid back of a notice: drawn up, looked into, released by somebody else."""

import datetime as dt

from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_http_methods, require_safe

from funding import access, facts_of_notice, spending
from funding.forms.calculations import CalculationDropForm, CalculationForm, CalculationReleaseForm
from funding.frozen import differences
from funding.models import AwardNotice, Calculation
from funding.repayment import work_out
from funding.worked_out import deviations, more_or_less, sheet, worked_out
from kim import errors, workdays
from kim.addresses import page
from kim.rules import allows, demand
from kim.views.acting import form_page
from kim.workflow import OutOfTurn
from steering.models.gate import pass_gate
from steering.views.files import send
from steering.views.forming import gated


@require_http_methods(["GET", "HEAD", "POST"])
def calculation_new(request, pk):
    notice = _notice(request, pk)
    demand(access.draws_up_calculations, request.user)
    last_day = _last_day(notice.period)

    def act(form):
        made = Calculation.draw_up(notice, form.cleaned_data["last_day"], by=request.user)
        return made, "Die Abrechnung ist erstellt. Freigeben muss sie jemand anderes aus der Verwaltung."

    basis = facts_of_notice.basis_of(notice, last_day + dt.timedelta(days=1))
    context = {"notice": notice, "last_day": last_day, "now": work_out(basis)}
    return form_page(
        request, "funding/calculation_new.html", CalculationForm, act, key=f"calculation:new:{pk}",
        initial={"last_day": last_day}, context=context,
    )  # fmt: skip


@require_safe
def calculation_detail(request, pk):
    """Every figure with its rows; of a released one also what has changed since."""
    calculation = _calculation(request, pk)
    now = calculation.now()
    then = calculation.result()
    mine = calculation.drawn_up_by_id == request.user.pk
    discretion = _discretion(request, calculation)
    context = {
        "calculation": calculation,
        "notice": calculation.notice,
        "told": worked_out(then, _costs_at(request.user, calculation.notice), discretion),
        "discretion": discretion,
        "hides_outcome": discretion.hides_outcome(then),
        "hides_more": discretion.hides_outcome(then) or discretion.hides_outcome(now),
        "changed": deviations(differences(then, now), discretion),
        "now": now,
        "more": more_or_less(now.repayment - calculation.repayment),
        "draws_up": allows(access.draws_up_calculations, request.user),
        "may_release": allows(access.releases_calculation, request.user, calculation),
        "barred": access.releases_calculation.refusal if mine else "",
        "why_not": calculation.why_not_released(now) if calculation.is_draft else "",
    }
    return render(request, "funding/calculation_detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def calculation_release(request, pk):
    calculation = _calculation(request, pk)
    demand(access.releases_calculation, request.user, calculation)
    if not calculation.is_draft:
        return _too_late(request, calculation)

    def act(form):
        released = calculation.release(by=request.user)
        return released, f"Freigegeben: {released}. Sie ist damit eingefroren."

    context = {"calculation": calculation, "notice": calculation.notice}
    return form_page(
        request, "funding/calculation_release.html", CalculationReleaseForm, act,
        key=f"calculation:{pk}:release", context=context,
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def calculation_drop(request, pk):
    calculation = _calculation(request, pk)
    demand(access.draws_up_calculations, request.user)
    if not calculation.is_draft:
        return _too_late(request, calculation, request.POST.get("because", ""))

    def act(form):
        because = form.cleaned_data["because"]
        pass_gate({"Begründung": because}, by=request.user, confirmed=form.confirmed)
        calculation.drop(by=request.user, because=because)
        return calculation.notice, "Der Entwurf ist verworfen."

    context = {"calculation": calculation, "notice": calculation.notice}
    return form_page(
        request, "funding/calculation_drop.html", CalculationDropForm, gated(act), key=f"calculation:{pk}:drop",
        context=context,
    )  # fmt: skip


@require_safe
def calculation_export(request, pk, kind):
    calculation = _calculation(request, pk)
    name = calculation.number or "Entwurf"
    told = sheet(calculation.notice, name, calculation.result(), _discretion(request, calculation))
    return send(request, kind, told)


def _discretion(request, calculation: Calculation) -> spending.Discretion:
    return spending.payees(request.user, [calculation.notice])[calculation.notice_id].discretion(calculation.until)


def _costs_at(user, notice) -> str:
    """Where the costs of a notice are listed, for those who see single ones."""
    listed = page("funding:cost_list")
    return f"{listed}?notice={notice.pk}" if listed and allows(access.reads_costs, user) else ""


def _last_day(period) -> dt.date:
    """Today, or where that lies outside the period, the day of it that is nearest."""
    return min(period.last_day, max(workdays.today(), period.valid_from))


def _notice(request, pk) -> AwardNotice:
    seen = AwardNotice.objects.visible_to(request.user)
    return get_object_or_404(seen.select_related("period__programme", "recipient"), pk=pk)


def _calculation(request, pk) -> Calculation:
    seen = Calculation.objects.visible_to(request.user)
    related = ("notice__period__programme", "notice__recipient", "drawn_up_by", "released_by")
    return get_object_or_404(seen.select_related(*related), pk=pk)


def _too_late(request, calculation: Calculation, because: str = ""):
    kept = [("Begründung", because)] if because else []
    refused = OutOfTurn(f"Diese Abrechnung ist schon {calculation.standing}.")
    return errors.conflict(request, refused, url=calculation.get_absolute_url(), kept=kept)
