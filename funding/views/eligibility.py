"""Which kinds of costs a programme pays for, and one screen for each that answers whether."""

from collections import defaultdict

from django.http import Http404
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from funding import access, eligibility, spending
from funding.models import AwardNotice, Cost, CostKind, EligibilityRule, Programme
from kim import workdays
from kim.rules import allows, demand

#: So many notices, the latest first, the screen of a kind works out.
NOTICES = 12


@require_safe
def eligibility_list(request):
    demand(access.reads_money, request.user)
    programmes = list(_programmes(request.user).in_order())
    rules = defaultdict(list)
    for rule in EligibilityRule.objects.believed().filter(programme__in=programmes):
        rules[rule.programme_id].append(rule)
    today = workdays.today()
    context = {
        "programmes": [(one, eligibility.overview(one, rules[one.pk], today)) for one in programmes],
        "may_keep": allows(access.keeps_costs, request.user),
    }
    return render(request, "funding/eligibility_list.html", context)


@require_safe
def eligibility_detail(request, pk, kind):
    """The question, the answer now, what was said before, what was spent, and what an answer would mean."""
    demand(access.reads_money, request.user)
    programme = get_object_or_404(_programmes(request.user), pk=pk)
    if kind not in CostKind.values:
        raise Http404
    rules = list(EligibilityRule.objects.filter(programme=programme, kind=kind).select_related("by"))
    believed = [rule for rule in rules if rule.is_believed]
    rule = eligibility.in_force(believed, workdays.today())
    whole = allows(access.reads_costs, request.user)
    context = {
        "programme": programme,
        "kind": kind,
        "name": CostKind(kind).label,
        "question": eligibility.QUESTIONS[kind],
        "answer": eligibility.answer(kind, rule),
        "rule": rule,
        "earlier": sorted((one for one in rules if one is not rule), key=lambda one: one.known_from, reverse=True),
        "lines": _lines(request.user, programme, kind, whole=whole),
        "most": NOTICES,
        "reads_rows": whole,
        "may_keep": allows(access.keeps_costs, request.user),
    }
    return render(request, "funding/eligibility_detail.html", context)


def _programmes(user):
    return Programme.objects.filter(access.visible_programmes(user))


def _lines(user, programme, kind, *, whole):
    """Of the latest notices with costs of the kind: (notice, sums, what an answer would mean for it).

    Where a sum must not be told, neither is what it would mean: one follows from the other.
    """
    spent = Cost.objects.believed().filter(kind=kind, notice__period__programme=programme)
    with_some = AwardNotice.objects.filter(pk__in=spent.order_by().values("notice"))
    notices = list(with_some.select_related("period__programme")[:NOTICES])
    sums = spending.by_notice(Cost.objects.believed().filter(notice__in=notices), whole=whole)
    of_kind = {notice.pk: sums[notice.pk].of_kind(kind) for notice in notices}
    discretion = spending.discretion(user, notices)
    told = [
        notice
        for notice in notices
        if not discretion[notice.pk].total and all(one.amount is not None for one in of_kind[notice.pk])
    ]
    means = eligibility.meanings(told, kind)
    return [(notice, of_kind[notice.pk], means.get(notice.pk)) for notice in notices]
