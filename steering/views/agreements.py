"""Co-operation agreements: the table over all municipalities, and the versions of each."""

import datetime as dt

from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_http_methods, require_safe

from kim import workdays
from kim.editing import Filled
from kim.htmx import page as template_for
from kim.models import Municipality
from kim.rules import allows, demand
from kim.views.filters import searched
from steering import access, cooperation, export
from steering.contacts import answering
from steering.coverage import NONE, agreed
from steering.forms.cooperation import AgreementEndForm, AgreementForm, AgreementSendForm, AgreementSignForm
from steering.models import Agreement
from steering.views.files import send
from steering.views.form_pages import form_page

FORM = require_http_methods(["GET", "HEAD", "POST"])


@require_safe
def agreement_list(request):
    demand(access.reads_cooperation, request.user)
    found = _table(request)
    context = {
        "filter": found,
        "rows": found.found,
        "white": sum(row.standing == NONE for row in found.rows),
        "search": searched(request.GET),
    }
    return render(request, template_for(request, "steering/agreement_list.html", "results"), context)


@require_safe
def agreement_export(request, kind):
    demand(access.reads_cooperation, request.user)
    found = _table(request)
    sheet = export.Sheet(
        "Kooperationsvereinbarungen", "agreement.export", cooperation.AGREEMENTS, found.found, found.narrowed_by
    )
    return send(request, kind, sheet)


def _table(request):
    agreements = Agreement.objects.visible_to(request.user)
    rows = agreed(Municipality.objects.all(), agreements, workdays.today(), answering())
    return cooperation.AgreementFilter(request.GET, rows=rows)


@require_safe
def agreement_detail(request, pk):
    """All versions of one municipality, the latest first."""
    place, today = _place(request, pk), workdays.today()
    (row,) = agreed([place], Agreement.objects.filter(municipality=place), today, answering())
    may_keep = allows(access.keeps_cooperation, request.user)
    context = {
        "place": place,
        "row": row,
        "versions": [(one, row.words_of(one), row.current is one) for one in row.versions],
        "may_keep": may_keep,
        "may_begin": may_keep and not any(not one.is_settled for one in row.versions),
    }
    return render(request, "steering/agreement_detail.html", context)


@FORM
def agreement_new(request, pk):
    """The next version, beginning as the last one stands."""
    place = _place(request, pk)
    demand(access.keeps_cooperation, request.user)
    last = Agreement.objects.filter(municipality=place).order_by("-version").first()

    def act(**given):
        made = Agreement.prepare(place, by=request.user, **given)
        return made, f"{place}: Fassung {made.version} ist in Vorbereitung."

    form = AgreementForm(request.POST or None, initial=_written(last) if last else None)
    return form_page(
        request,
        "steering/agreement_new.html",
        form,
        act,
        key=f"agreement:{pk}:new",
        context={"place": place, "last": last},
    )


@FORM
def agreement_edit(request, pk):
    one = _agreement(request, pk)

    def act(**given):
        one.edit(by=request.user, **given)
        return one, f"{one.municipality}: Fassung {one.version} ist gespeichert."

    edit = Filled(one, lambda row: AgreementForm(initial=_written(row)), key=f"agreement:{pk}:edit")
    form = AgreementForm(request.POST or None, initial=_written(one))
    return form_page(
        request,
        "steering/agreement_edit.html",
        form,
        act,
        key=f"agreement:{pk}:edit",
        context={"agreement": one},
        edit=edit,
    )


@FORM
def agreement_send(request, pk):
    one = _agreement(request, pk)

    def act(confirmed, **given):
        one.send(by=request.user, **given)
        return one, f"{one.municipality}: Fassung {one.version} ist als versandt eingetragen."

    form = AgreementSendForm(request.POST or None, initial={"sent_on": workdays.today()})
    return form_page(
        request, "steering/agreement_send.html", form, act, key=f"agreement:{pk}:send", context={"agreement": one}
    )


@FORM
def agreement_sign(request, pk):
    one = _agreement(request, pk)
    before = Agreement.objects.filter(municipality=one.municipality_id, version__lt=one.version).order_by("-version")

    def act(last_day, **given):
        one.sign(by=request.user, valid_until=_after(last_day), **given)
        return one, f"{one.municipality}: Fassung {one.version} ist unterzeichnet und gilt {one.span}."

    last = before.first()
    initial = {"signed_on": workdays.today(), "signatories": last.signatories if last else ""}
    form = AgreementSignForm(request.POST or None, initial=initial)
    return form_page(
        request,
        "steering/agreement_sign.html",
        form,
        act,
        key=f"agreement:{pk}:sign",
        context={"agreement": one, "before": last},
    )


@FORM
def agreement_end(request, pk):
    one = _agreement(request, pk)

    def act(**given):
        one.end(by=request.user, **given)
        return one, f"{one.municipality}: Fassung {one.version} endet am {one.last_day:%d.%m.%Y}."

    form = AgreementEndForm(request.POST or None, initial={"last_day": one.last_day or workdays.today()})
    return form_page(
        request, "steering/agreement_end.html", form, act, key=f"agreement:{pk}:end", context={"agreement": one}
    )


def _place(request, pk):
    return get_object_or_404(Municipality.objects.filter(access.visible_cooperation(request.user)), pk=pk)


def _agreement(request, pk):
    """A version somebody is about to change."""
    one = get_object_or_404(Agreement.objects.visible_to(request.user).select_related("municipality"), pk=pk)
    demand(access.keeps_cooperation, request.user)
    return one


def _written(one) -> dict:
    return {"subject": one.subject, "contact": one.contact, "renew_months": one.renew_months}


def _after(last_day):
    """People write the last day, rows keep the first day on which they no longer hold."""
    return last_day + dt.timedelta(days=1) if last_day else None
