"""Award notices: the list of them, one of them, and what stands on its paper."""

from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_http_methods, require_safe

from funding import access, award_sheets, money, spending
from funding.filters import NoticeFilter
from funding.forms.awards import NoticeEditForm, NoticeForm
from funding.models import AwardNotice, FundingPeriod
from funding.models.programmes import module_order
from funding.pages import NOTICE
from kim import workdays
from kim.htmx import page as template_for
from kim.models import Organisation
from kim.paging import page
from kim.rules import allows, demand
from kim.views.acting import form_page
from kim.views.filters import searched
from steering.models.gate import noted, pass_gate
from steering.views.files import send
from steering.views.forming import gated


@require_safe
def notice_list(request):
    demand(access.reads_money, request.user)
    seen = AwardNotice.objects.visible_to(request.user)
    found = NoticeFilter(request.GET, seen=seen)
    given = {name: request.GET.get(name, "") for name in ("after", "before")}
    here = page(money.with_money(found.narrowed(seen)), "number", size=30, **given)
    context = {
        "filter": found,
        "page": here,
        "lines": award_sheets.lines(here.rows, request.user),
        "may_keep": allows(access.keeps_money, request.user),
        "search": searched(request.GET),
    }
    return render(request, template_for(request, "funding/notice_list.html", "results"), context)


@require_safe
def notice_export(request, kind):
    demand(access.reads_money, request.user)
    seen = AwardNotice.objects.visible_to(request.user)
    found = NoticeFilter(request.GET, seen=seen)
    return send(request, kind, award_sheets.sheet(found.narrowed(seen), found.narrowed_by, request.user))


@require_safe
def notice_detail(request, pk):
    seen = AwardNotice.objects.visible_to(request.user).select_related("period__programme", "recipient")
    notice = money.read(get_object_or_404(seen, pk=pk))
    context = {
        "notice": notice,
        "stations": money.stations(notice),
        "status": money.status(notice),
        "balance": money.balance(notice),
        "hides_owed": _hides_outcome(request.user, notice),
        "deadlines": [(one, *workdays.countdown(one.due_on, workdays.today())) for one in notice.deadlines_read],
        "columns": NOTICE.shown(request.user, notice, notice=notice.pk),
        "may_keep": allows(access.keeps_money, request.user),
    }
    return render(request, "funding/notice_detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def notice_new(request):
    demand(access.keeps_money, request.user)
    periods = list(
        FundingPeriod.objects.select_related("programme").order_by(module_order("programme__module"), "-valid_from")
    )
    institutions = list(Organisation.objects.order_by("name"))

    def make(data, initial=None):
        return NoticeForm(data, periods=periods, organisations=institutions, initial=initial)

    def act(form):
        made = AwardNotice.enter(by=request.user, note=_gate(form, request.user), **form.cleaned_data)
        return made, f"Bescheid {made.number} ist eingetragen. Tragen Sie jetzt ein, was er bewilligt."

    return form_page(
        request, "funding/notice_new.html", make, gated(act), key="notice:new", context={"periods": periods}
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def notice_edit(request, pk):
    seen = AwardNotice.objects.visible_to(request.user).select_related("period__programme", "recipient")
    notice = get_object_or_404(seen, pk=pk)
    demand(access.keeps_money, request.user)
    institutions = list(Organisation.objects.order_by("name"))

    def make(data, initial=None):
        return NoticeEditForm(data, organisations=institutions, initial=initial)

    def act(form):
        notice.edit(by=request.user, note=_gate(form, request.user), **form.cleaned_data)
        return notice, f"Bescheid {notice.number} ist gespeichert."

    return form_page(
        request, "funding/notice_edit.html", make, gated(act), key=f"notice:{pk}",
        there=(notice, _written), context={"notice": notice},
    )  # fmt: skip


def _hides_outcome(user, notice) -> bool:
    released = money.latest_released(notice)
    if released is None:
        return False
    return spending.payees(user, [notice])[notice.pk].discretion(released.until).hides_outcome(released)


def _written(notice) -> dict:
    names = ("number", "reference", "recipient", "applied_on", "granted_on", "audited_on", "source")
    return {name: getattr(notice, name) for name in names}


def _gate(form, by) -> str:
    told = {label: form.cleaned_data[name] for label, name in (("Aktenzeichen", "reference"), ("Beleg", "source"))}
    return noted(pass_gate(told, by=by, confirmed=form.confirmed))
