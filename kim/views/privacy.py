"""Data protection: the papers, requests of people with an account, and what KIM keeps on an account."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kim import account_requests, paging, processing, retention, rights, throttle, trail, workdays
from kim.access import keeps_account_requests, reads_processing
from kim.forms import OneOf
from kim.htmx import page as swap
from kim.models import AccountRequest, User
from kim.models.rights import OPEN
from kim.rights_forms import Offered, ReceiveForm, form_for
from kim.rules import demand
from kim.workflow import OutOfTurn, StepRefused

KINDS = {"pdf": "application/pdf", "json": "application/json; charset=utf-8"}
TOO_OFTEN = "Das war zu oft hintereinander. Bitte warten Sie eine Minute."


@require_safe
def processing_list(request):
    """The papers as pages: the register first, the others by `?paper=`."""
    demand(reads_processing, request.user)
    key = request.GET.get("paper", "")
    key = key if key in processing.PAPERS else "verzeichnis"
    papers = [(name, make().title if name == key else TITLES[name]) for name, make in processing.PAPERS.items()]
    context = {"paper": processing.PAPERS[key](), "papers": papers}
    return render(request, "kim/processing_list.html", context)


TITLES = {
    "verzeichnis": "Verzeichnis der Verarbeitungstätigkeiten",
    "loeschkonzept": "Löschkonzept",
    "datenfelder": "Personenbezogene Datenfelder",
    "rollen": "Rollen und Rechte",
}


@require_safe
def processing_print(request, key):
    demand(reads_processing, request.user)
    if key not in processing.PAPERS:
        raise Http404
    if throttle.is_too_often("processing", str(request.user.pk), most=20, seconds=60):
        return HttpResponse(TOO_OFTEN, status=429, content_type="text/plain; charset=utf-8")
    return _file(processing.as_pdf(processing.PAPERS[key]()), f"{key}-{workdays.today():%Y-%m-%d}", "pdf")


# Requests of people with an account


class AccountRequestForm(ReceiveForm):
    field_order = ("account", "kind", "received_on", "came_by")

    def __init__(self, data=None, **kwargs):
        super().__init__(data, **kwargs)
        self.fields["account"] = OneOf(User.objects.order_by("display_name"), label="Konto")
        self.order_fields(self.field_order)


@require_safe
def account_request_list(request):
    demand(keeps_account_requests, request.user)
    rows = AccountRequest.objects.select_related("account")
    is_open = request.GET.get("state") != "all"
    if is_open:
        rows = rows.filter(state__in=OPEN)
    tokens = {name: request.GET.get(name, "") for name in ("after", "before")}
    context = {"page": paging.page(rows, "due_on", **tokens), "is_open": is_open}
    return render(request, swap(request, "kim/account_request_list.html", "results"), context)


@require_http_methods(["GET", "HEAD", "POST"])
def account_request_new(request):
    demand(keeps_account_requests, request.user)
    form = AccountRequestForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = account_requests.receive(by=request.user, **form.cleaned_data)
        except StepRefused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, f"Erfasst. Zu beantworten bis {made.due_on:%d.%m.%Y}.")
            return redirect(made)
    status = 422 if request.method == "POST" else 200
    return render(request, "kim/account_request_new.html", {"form": form}, status=status)


@require_safe
def account_request_detail(request, pk):
    return _show(request, _asked(request, pk))


@require_POST
def account_request_step(request, pk, step):
    asked = _asked(request, pk)
    if step not in rights.NAMES:
        raise Http404
    form, refused = form_for(step, asked, request.POST), ""
    if form.is_valid():
        try:
            account_requests.take(asked, step, by=request.user, **form.cleaned_data)
        except OutOfTurn as late:
            refused = str(late)
        except StepRefused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, "Gespeichert.")
            return redirect(asked)
    return _show(request, asked, sent=(step, form), refused=refused, status=409 if refused else 422)


@require_safe
def account_data_file(request, pk, kind):
    """Written to the trail each time; named after the day, never after the account."""
    demand(keeps_account_requests, request.user)
    account = get_object_or_404(User, pk=pk)
    if kind not in KINDS:
        raise Http404
    if throttle.is_too_often("account-data", str(request.user.pk), most=20, seconds=60):
        return HttpResponse(TOO_OFTEN, status=429, content_type="text/plain; charset=utf-8")
    trail.record("user.export", account, by=request.user, note=f"{kind.upper()}, Art. 15 DSGVO")
    made: bytes | str = account_requests.as_json(account)
    if kind == "pdf":
        made = account_requests.as_pdf(account, controller=processing.controller()["name"])
    return _file(made, f"auskunft-{workdays.today():%Y-%m-%d}", kind)


def _asked(request, pk) -> AccountRequest:
    demand(keeps_account_requests, request.user)
    return get_object_or_404(AccountRequest.objects.select_related("account", "recorded_by"), pk=pk)


def _show(request, asked, *, sent=None, refused="", status=200):
    context = {
        "asked": asked,
        "steps": [_offered(step, asked, sent) for step in rights.offered(asked)],
        "failed": sent[1] if sent and not refused else None,
        "refused": refused,
        "is_former": asked.account.display_name == retention.FORMER,
    }
    return render(request, "kim/account_request_detail.html", context, status=status)


def _offered(step, asked, sent) -> Offered:
    is_open = bool(sent and sent[0] == step.name)
    url = reverse("kim:account_request_step", args=[asked.pk, step.name])
    form = sent[1] if is_open else form_for(step.name, asked)
    return Offered(step.name, step.label, step.hint, url, form, is_open)


def _file(content: bytes | str, name: str, kind: str) -> HttpResponse:
    answer = HttpResponse(content, content_type=KINDS[kind])
    answer["Content-Disposition"] = f'attachment; filename="{name}.{kind}"'
    answer["Cache-Control"] = "no-store, private"
    return answer
