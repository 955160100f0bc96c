"""Costs: the list with its sums, one cost with its history, and what else hangs on them as facts."""

import datetime as dt
from typing import Any

from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from funding import access, spending
from funding.forecast import repayment_measure
from funding.forms.costs import CostFilter, CostForm, EligibilityRuleForm, ForwardingForm
from funding.models import AwardNotice, Cost, CostImport, Eligibility, EligibilityRule, Forwarding, Programme
from funding.pages import NOTICE
from funding.views.facts import Kind, register
from kim import workdays
from kim.dated import months_after
from kim.htmx import page as template_for
from kim.paging import order_of, page
from kim.rules import allows, demand
from kim.views.filters import searched
from steering.export import Sheet
from steering.views.files import send

ORDER = "-valid_from"
SIZE = 50
COLUMNS = (
    ("Bescheid", 16, lambda cost: cost.notice.number),
    ("Kostenart", 26, lambda cost: cost.get_kind_display()),
    ("von", 11, lambda cost: cost.valid_from),
    ("bis", 11, lambda cost: cost.last_day),
    ("Betrag (€)", 14, lambda cost: cost.amount),
    ("förderfähig", 18, lambda cost: Eligibility(cost.eligible).label),
    ("Grundlage", 60, lambda cost: cost.rule_basis),
    ("Stelle", 16, lambda cost: cost.post.number if cost.post else ""),
    ("Person", 30, lambda cost: str(cost.user or "")),
    ("weitergeleitet an", 40, lambda cost: str(cost.recipient or "")),
    ("gezahlt am", 11, lambda cost: cost.paid_on),
    ("Wofür", 50, lambda cost: cost.text),
    ("Beleg", 40, lambda cost: cost.source),
)
BESIDE = ("notice", "post", "user", "recipient")


@require_safe
def cost_list(request):
    demand(access.reads_costs, request.user)
    found, rows = _costs(request)
    tokens = {name: request.GET.get(name, "") for name in ("after", "before")}
    sums = spending.by_eligibility(rows)
    keeps = allows(access.keeps_costs, request.user)
    context = {
        "filter": found,
        "page": page(rows.select_related(*BESIDE), ORDER, size=SIZE, **tokens),
        "sums": [(Eligibility(key), amount) for key, amount in sums.items()],
        "total": sum(sums.values()),
        "search": searched(request.GET),
        "may_keep": keeps,
        "waiting": list(CostImport.objects.visible_to(request.user).waiting()[:5]) if keeps else [],
    }
    return render(request, template_for(request, "funding/cost_list.html", "results"), context)


@require_safe
def cost_export(request, kind):
    demand(access.reads_costs, request.user)
    found, rows = _costs(request)
    rows = rows.select_related(*BESIDE).order_by(*order_of(ORDER, None))
    return send(request, kind, Sheet("Ausgaben", "cost.export", COLUMNS, rows, found.narrowed_by))


@require_safe
def cost_detail(request, pk):
    """What it says and whether it is paid for, and what was believed of it before."""
    seen = Cost.objects.visible_to(request.user).with_eligibility().select_related(*BESIDE, "by", "notice__period")
    cost = get_object_or_404(seen, pk=pk)
    keeps = allows(access.keeps_costs, request.user)
    versions = Cost.objects.select_related("by").versions_of(cost.pk)
    context = {
        "cost": cost,
        "eligible": Eligibility(cost.eligible),
        "versions": versions,
        "latest": versions[0],
        "programme": cost.notice.period.programme_id,
        "imports": keeps,
        "may_keep": keeps and cost.is_believed,
    }
    return render(request, "funding/cost_detail.html", context)


def _costs(request) -> tuple[CostFilter, Any]:
    seen = Cost.objects.visible_to(request.user).believed()
    found = CostFilter(request.GET, seen=seen)
    return found, found.narrowed(seen.with_eligibility())


# Facts


def _begins(notice: AwardNotice) -> dict[str, Any]:
    """The last full month, or the one at that end of the period that is nearer."""
    today = workdays.today()
    month = months_after(today.replace(day=1), -1)
    first = notice.period.valid_from
    last = notice.period.last_day or month
    month = min(max(month, first.replace(day=1)), last.replace(day=1))
    until = months_after(month, 1) - dt.timedelta(days=1)
    return {"valid_from": max(month, first), "last_day": min(until, last)}


def _whole(notice: AwardNotice) -> dict[str, Any]:
    return {"valid_from": notice.period.valid_from, "last_day": notice.period.last_day}


def _notices(user):
    return AwardNotice.objects.visible_to(user).select_related("period__programme", "recipient")


def _spent(about: Cost | AwardNotice):
    notice = about.notice if isinstance(about, Cost) else about
    costs = Cost.objects.believed().filter(notice=notice)
    return [spending.measure(costs, f" ({notice.number})"), repayment_measure([notice])]


def _ruled(about: EligibilityRule | Programme):
    programme = about.programme if isinstance(about, EligibilityRule) else about
    costs = Cost.objects.believed().filter(notice__period__programme=programme)
    notices = AwardNotice.objects.filter(period__programme=programme).select_related("period__programme")
    return [spending.measure(costs), repayment_measure(notices)]


def _passed_on(about: Forwarding | AwardNotice):
    return [repayment_measure([about.notice if isinstance(about, Forwarding) else about])]


register(
    Kind(
        model=Cost, title="Ausgabe", keeps=access.keeps_costs, form=CostForm, hangs_on="notice", subjects=_notices,
        visible=lambda user: Cost.objects.visible_to(user).select_related("notice__period__programme"),
        measures=_spent, begins_with=_begins,
        leads_to=lambda cost, notice: cost if cost.replaces_id or cost.withdrawn_because else notice,
    )
)  # fmt: skip
register(
    Kind(
        model=EligibilityRule, title="Regel zur Förderfähigkeit", keeps=access.keeps_costs, form=EligibilityRuleForm,
        hangs_on="programme",
        subjects=lambda user: Programme.objects.filter(access.visible_programmes(user)),
        visible=lambda user: EligibilityRule.objects.filter(access.visible_of_programmes(user)),
        measures=_ruled,
        leads_to=lambda rule, programme: reverse("funding:eligibility_detail", args=[programme.pk, rule.kind]),
    )
)  # fmt: skip
register(
    Kind(
        model=Forwarding, title="Weiterleitung", keeps=access.keeps_costs, form=ForwardingForm, hangs_on="notice",
        subjects=_notices,
        visible=lambda user: Forwarding.objects.filter(access.visible_of_notices(user)).select_related(
            "notice__period__programme"
        ),
        measures=_passed_on, begins_with=_whole,
    )
)  # fmt: skip


# On the page of a notice


@NOTICE.section("funding/_notice_costs.html", order=50)
def notice_costs(user, notice):
    """Sums only, also for those who may open the single costs from here."""
    whole = allows(access.reads_costs, user)
    keeps = allows(access.keeps_costs, user)
    return {"spending": spending.of_notice(notice, whole=whole), "reads_rows": whole, "may_keep": keeps}


@NOTICE.section("funding/_notice_forwardings.html", order=55)
def notice_forwardings(user, notice):
    """What is passed on to whom, what the programme pays of it, and what the employers bear themselves."""
    rows = list(Forwarding.objects.believed().filter(notice=notice).select_related("recipient"))
    keeps = allows(access.keeps_costs, user)
    if not rows and not keeps:
        return None
    shares = spending.shares(notice) if rows else []
    told = allows(access.reads_costs, user)
    total = (sum(one.paid for one in shares), sum(one.own for one in shares)) if told or len(shares) > 1 else None
    return {"rows": rows, "shares": shares if told else [], "total": total, "may_keep": keeps}
