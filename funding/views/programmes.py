"""Programmes of the Land: their periods, and what they pay for what."""

from django.db.models import Count, Max, Min
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_http_methods, require_safe

from funding import access
from funding.forms.awards import PeriodForm, ProgrammeForm
from funding.models import AwardNotice, Item, Programme, Rate
from kim import workdays
from kim.rules import allows, demand
from kim.views.acting import form_page
from steering.models.gate import noted, pass_gate
from steering.views.forming import gated


@require_safe
def programme_list(request):
    """All of them; there are a handful."""
    demand(access.reads_money, request.user)
    spans = {"first": Min("periods__valid_from"), "until": Max("periods__valid_until")}
    number = Count("periods__notices", distinct=True)
    rows = Programme.objects.visible_to(request.user).annotate(**spans, notice_number=number)
    rates: dict[int, list[Rate]] = {}
    for rate in sorted(Rate.objects.believed().valid_on(workdays.today()), key=_by_item):
        rates.setdefault(rate.programme_id, []).append(rate)
    context = {
        "rows": [(one, rates.get(one.pk, [])) for one in rows.in_order()],
        "may_keep": allows(access.keeps_money, request.user),
    }
    return render(request, "funding/programme_list.html", context)


def _by_item(rate: Rate) -> int:
    """People first, things after them."""
    return Item.values.index(rate.item)


@require_safe
def programme_detail(request, pk):
    programme = get_object_or_404(Programme.objects.visible_to(request.user), pk=pk)
    notices: dict[int, list[AwardNotice]] = {}
    for notice in AwardNotice.objects.filter(period__programme=pk).select_related("recipient").order_by("number"):
        notices.setdefault(notice.period_id, []).append(notice)
    today = workdays.today()
    context = {
        "programme": programme,
        "periods": [(one, notices.get(one.pk, [])) for one in programme.periods.order_by("-valid_from")],
        "rates": [
            (rate, rate.holds_on(today))
            for rate in sorted(programme.rates.believed().order_by("-valid_from"), key=_by_item)
        ],
        "may_keep": allows(access.keeps_money, request.user),
    }
    return render(request, "funding/programme_detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def programme_new(request):
    demand(access.keeps_money, request.user)

    def act(form):
        given = form.cleaned_data
        texts = {"Name": given["name"], "Rechtsgrundlage": given["legal_basis"]}
        note = noted(pass_gate(texts, by=request.user, confirmed=form.confirmed))
        made = Programme.establish(by=request.user, note=note, **given)
        return made, "Das Förderprogramm ist angelegt. Es fehlen noch Förderzeitraum und Fördersatz."

    return form_page(request, "funding/programme_new.html", ProgrammeForm, gated(act), key="programme:new")


@require_http_methods(["GET", "HEAD", "POST"])
def period_new(request, pk):
    programme = get_object_or_404(Programme.objects.visible_to(request.user), pk=pk)
    demand(access.keeps_money, request.user)

    def act(form):
        given = form.cleaned_data
        texts = {"Name": given["name"], "Beleg": given["source"]}
        note = noted(pass_gate(texts, by=request.user, confirmed=form.confirmed))
        made = programme.add_period(
            given["valid_from"], given["last_day"], by=request.user, note=note, name=given["name"],
            source=given["source"],
        )  # fmt: skip
        return programme, f"Förderzeitraum {made.span} ist angelegt."

    return form_page(
        request, "funding/period_new.html", PeriodForm, gated(act), key=f"period:new:{pk}",
        context={"programme": programme},
    )  # fmt: skip
