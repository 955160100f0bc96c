"""What will be erased soon, to look through before; putting off an erasure and letting it go on."""

from django.contrib import messages
from django.db.models import Q
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_safe

from casework import access, reading, retention
from casework.case_page import ASIDE, section
from casework.forms.retention import HoldForm, RetentionFilter
from casework.models import Case, Erasure, Hold
from kim import today as start_page
from kim import workdays
from kim.htmx import page as template_for
from kim.paging import capped, count_words, page
from kim.rules import demand
from kim.together import Slot, day
from kim.workflow import StepRefused

SIZE = 25
#: Rows of one page of the register.
REGISTER = 50


@require_safe
def retention_list(request):
    """Own cases with names, those of others for the coordination without."""
    user = request.user
    demand(access.reads_retention, user)
    given = RetentionFilter(request.GET)
    chosen = given.cleaned_data if given.is_valid() else {}
    seen = Q() if access.overviews_cases(user, None) else access.kept_cases(user)
    cases = _narrowed(retention.coming().filter(seen), chosen)
    tokens = {name: request.GET.get(name, "") for name in ("after", "before")}
    lines = cases.select_related("municipality", "owner").only(
        "number", "state", "erase_on", "locked_at", "restricted_at", "municipality__name", "owner__display_name"
    )
    found = page(lines, "erase_on", size=SIZE, **tokens)
    number = capped(cases)
    context = {
        "filter": given,
        "is_narrowed": any(chosen.values()),
        "page": found,
        "lines": _lines(found.rows, user),
        "hits": count_words(number),
        "number": number,
        "reads_erasures": access.reads_erasures(user, None),
    }
    return render(request, template_for(request, "casework/retention_list.html", "results"), context)


@require_safe
def erasure_list(request):
    """The register of deletions: how many of what went when and why, never which."""
    demand(access.reads_erasures, request.user)
    rows, why = Erasure.objects.select_related("by"), request.GET.get("why", "")
    why = why if why in Erasure.Why.values else ""
    if why:
        rows = rows.filter(why=why)
    tokens = {name: request.GET.get(name, "") for name in ("after", "before")}
    context = {
        "page": page(rows, "-day", size=REGISTER, **tokens),
        "why": why,
        "reasons": [("", "alle"), *Erasure.Why.choices],
        "reads_retention": access.reads_retention(request.user, None),
    }
    return render(request, template_for(request, "casework/erasure_list.html", "results"), context)


def hold_new(request, pk):
    """Put off the erasure of a case until a day, for a reason the law knows."""
    case = get_object_or_404(Case.objects.visible_to(request.user), pk=pk)
    access.demand(access.owns, request.user, case)
    form = HoldForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            hold = Hold.place(case, by=request.user, **form.cleaned_data)
        except StepRefused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, f"Die Löschung ist bis zum {hold.until:%d.%m.%Y} aufgeschoben.")
            return redirect(case)
    status = 422 if request.method == "POST" else 200
    return render(request, "casework/hold_new.html", {"case": case, "form": form}, status=status)


def hold_end(request, pk):
    hold = get_object_or_404(Hold.objects.visible_to(request.user).select_related("case", "by"), pk=pk)
    access.demand(access.owns, request.user, hold.case)
    refusal = ""
    if request.method == "POST":
        try:
            hold.end(by=request.user)
        except StepRefused as error:
            refusal = str(error)
        else:
            messages.success(request, "Der Aufschub ist aufgehoben. Die Löschfrist zählt wieder.")
            return redirect(hold.case)
    erase_on = hold.case.erase_on  # none any more, once the case is taken up again
    is_due = erase_on is not None and erase_on <= workdays.today()
    context = {"hold": hold, "case": hold.case, "refusal": refusal, "is_due": is_due}
    return render(request, "casework/hold_end.html", context, status=409 if refusal else 200)


def _narrowed(cases, chosen):
    cases = cases.filter(retention.because(chosen.get("why", "")))
    held = Hold.objects.in_force().values("case")
    match chosen.get("held"):
        case "yes":
            return cases.filter(pk__in=held)
        case "no":
            return cases.exclude(pk__in=held)
    return cases


def _lines(cases, user):
    """(case, name or None, hold or None, days left, why) of each."""
    pks = [case.pk for case in cases]
    own = Case.objects.kept_by(user).filter(pk__in=pks).select_related("client__identity")
    names = {case.pk: case.client.identity.listed for case in own}
    reading.listed(Case, names, by=user)
    holds = {hold.case_id: hold for hold in Hold.objects.in_force().filter(case__in=pks)}
    today = workdays.today()
    return [
        (case, names.get(case.pk), holds.get(case.pk), (case.erase_on - today).days, retention.why(case).label)
        for case in cases
    ]


def _held():
    return {"holds": Hold.objects.in_force(day()).filter(case=Slot("case"))}


@section("casework/_case_retention.html", ASIDE, order=90, sets=_held)
def case_retention(user, case, read):
    """When the case is erased, and whether somebody put that off."""
    if case.erase_on is None:
        return None
    return {
        "erase_on": case.erase_on,
        "days": (case.erase_on - workdays.today()).days,
        "why": retention.why(case).label,
        "hold": read["holds"][0] if read["holds"] else None,
        "case": case,
        "may": access.allows(access.owns, user, case),
    }


def _this_week():
    held = Hold.objects.in_force(day()).values("case")
    cases = Case.objects.filter(owner=Slot("me"), erase_on__lte=day("friday")).exclude(pk__in=held)
    return {"erased_soon": cases.order_by("erase_on", "pk")[: start_page.LINES]}


@start_page.section("casework/_today_retention.html", start_page.ASIDE, order=70, sets=_this_week)
def erased_this_week(user, read):
    """For case managers: what is erased this week. Numbers only; the page behind them has the names."""
    if not access.manages_cases(user, None) or not read["erased_soon"]:
        return None
    return {"cases": read["erased_soon"]}
