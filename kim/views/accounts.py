"""Accounts for administrators: who may sign in, who is invited, locked or gone, and what is done about it."""

from allauth.mfa.models import Authenticator
from django import forms
from django.contrib import messages
from django.db.models import Q
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.datastructures import MultiValueDict
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kim import accounts, paging, sign_ins, sso, workdays
from kim.access import keeps_accounts
from kim.forms import Day, Form, Line, Pick
from kim.htmx import page as swap
from kim.models import Invitation, Suspension, User
from kim.rules import demand
from kim.workflow import StepRefused

SIZE = 30
FORM = require_http_methods(["GET", "HEAD", "POST"])
TONES = {"left": "paused", "locked": "late", "invited": "soon", "new": "plain", "active": "done"}


class AccountFilter(Form):
    """Both optional; what cannot be read is said and left out."""

    q = Line(label="Suche", max_length=100, required=False)
    state = forms.ChoiceField(label="Stand", required=False, choices=[("", "alle"), *accounts.STATES.items()])

    def __init__(self, data=None, **kwargs):
        super().__init__(data, **kwargs)
        self.fields["q"].widget.attrs |= {
            "class": "form-control form-control-sm",
            "placeholder": "Bezeichnung oder Benutzername",
        }
        self.fields["state"].widget.attrs["class"] = "form-select form-select-sm"


@require_safe
def account_list(request):
    demand(keeps_accounts, request.user)
    form = AccountFilter(request.GET if request.GET else MultiValueDict())
    form.is_valid()
    wanted = getattr(form, "cleaned_data", {})
    rows = accounts.in_state(accounts.with_state(User.objects.select_related("organisation")), wanted.get("state", ""))
    for word in wanted.get("q", "").split()[:6]:
        rows = rows.filter(Q(display_name__icontains=word) | Q(username__icontains=word))
    found = paging.page(
        rows, "display_name", after=request.GET.get("after", ""), before=request.GET.get("before", ""), size=SIZE
    )
    for row in found:
        _say_state(row)
    context = {"form": form, "page": found, "hits": paging.count_words(paging.capped(rows))}
    return render(request, swap(request, "kim/account_list.html", "results"), context)


@require_safe
def account_detail(request, pk):
    user = _account(request, pk)
    factors = Authenticator.objects.filter(user=user).order_by("created_at")
    links = list(Invitation.objects.filter(user=user).order_by("-pk")[:20])
    context = {
        "account": _say_state(user),
        "closed": accounts.why_closed(user).removesuffix(accounts.ASK).strip(),
        "is_own": user.pk == request.user.pk,
        "ahead": list(Suspension.objects.ahead().filter(user=user).order_by("valid_from", "pk")),
        "invitation": next((one for one in links if one.is_open), None),
        "accepted": next((one for one in links if one.used_at), None),
        "factors": [factor for factor in factors if factor.type in accounts.FACTORS],
        "needs_factor": accounts.needs_second_factor(user),
        "running": sign_ins.running(user).count(),
        "links": sso.links_of(user),
    }
    return render(request, "kim/account_detail.html", context)


# Acts with something to say


class InviteForm(Form):
    email = forms.EmailField(
        label="Dienstliche E-Mail-Adresse", max_length=254, error_messages={"required": "Bitte ausfüllen."}
    )


class LockForm(Form):
    reason = Pick(label="Grund", choices=[pair for pair in Suspension.Reason.choices if pair[0] != "left"])
    until = Day(label="Bis einschließlich", required=False, not_before=workdays.today)


class LeaveForm(Form):
    last_day = Day(label="Letzter Tag")


@FORM
def account_invite(request, pk):
    user = _account(request, pk)

    def act(form):
        accounts.invite(user, by=request.user, address=form.cleaned_data["email"])
        return "Eingeladen. Die Mail mit dem Link ist unterwegs; er gilt sieben Tage."

    return _form_page(request, "kim/account_invite.html", user, InviteForm, act, initial={"email": user.email})


@FORM
def account_lock(request, pk):
    user = _account(request, pk)

    def act(form):
        accounts.lock(user, by=request.user, **form.cleaned_data)
        return "Das Konto ist gesperrt, seine Anmeldungen sind beendet."

    return _form_page(request, "kim/account_lock.html", user, LockForm, act)


@FORM
def account_leave(request, pk):
    user = _account(request, pk)

    def act(form):
        row = accounts.leave(user, by=request.user, last_day=form.cleaned_data["last_day"])
        return f"Eingetragen: Das Konto ist ab dem {row.valid_from:%d.%m.%Y} geschlossen."

    return _form_page(request, "kim/account_leave.html", user, LeaveForm, act, initial={"last_day": workdays.today()})


def _form_page(request, template, user, form_class, act, initial=None):
    form, status = form_class(request.POST if request.method == "POST" else None, initial=initial), 200
    if form.is_bound:
        status = 422
        if form.is_valid():
            try:
                messages.success(request, act(form))
            except StepRefused as refusal:
                form.add_error(None, str(refusal))
            else:
                return redirect("kim:account_detail", user.pk)
    return render(request, template, {"form": form, "account": user}, status=status)


# Acts at one press


@require_POST
def account_withdraw(request, pk):
    return _do(request, pk, accounts.withdraw, "Die Einladung ist zurückgezogen; ihr Link gilt nicht mehr.")


@require_POST
def account_reopen(request, pk):
    return _do(request, pk, accounts.reopen, "Das Konto ist wieder offen.")


@require_POST
def account_reset_factors(request, pk):
    words = "Der zweite Faktor ist zurückgesetzt, alle Anmeldungen sind beendet. Die Person erfährt es per Mail."
    return _do(request, pk, accounts.reset_factors, words)


@require_POST
def account_end_sessions(request, pk):
    return _do(request, pk, accounts.end_sessions, "Alle Anmeldungen dieses Kontos sind beendet.")


@require_POST
def account_unlink(request, pk):
    words = "Die Verbindung ist gelöst. Bei der nächsten Anmeldung über den Anmeldedienst wird das Konto neu gesucht."
    return _do(request, pk, sso.unlink, words)


def _do(request, pk, act, words):
    user = _account(request, pk)
    try:
        act(user, by=request.user)
    except StepRefused as refusal:
        messages.warning(request, str(refusal))
    else:
        messages.success(request, words)
    return redirect("kim:account_detail", user.pk)


def _account(request, pk) -> User:
    demand(keeps_accounts, request.user)
    return get_object_or_404(accounts.with_state(User.objects.select_related("organisation")), pk=pk)


def _say_state(row):
    row.state = accounts.state(row)
    row.state_words, row.tone = accounts.STATES[row.state], TONES[row.state]
    return row
