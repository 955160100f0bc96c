"""What a notice asks for by a day, and the money that moved: entered, done, dropped, moved, cancelled."""

from collections.abc import Callable

from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_http_methods

from funding import access
from funding.forms.awards import (
    DeadlineDoneForm,
    DeadlineDropForm,
    DeadlineForm,
    DeadlineMoveForm,
    PaymentCancelForm,
    PaymentForm,
)
from funding.models import AwardNotice, Deadline, Payment
from kim import errors
from kim.forms import Form
from kim.rules import demand
from kim.views.acting import form_page
from kim.workflow import OutOfTurn
from steering.models.gate import noted, pass_gate
from steering.views.forming import gated

METHODS = ["GET", "HEAD", "POST"]


@require_http_methods(METHODS)
def deadline_new(request, pk):
    notice = _notice(request, pk)

    def act(form):
        note = _gate(form, {"source": "Beleg"}, request.user)
        made = Deadline.agree(notice, by=request.user, note=note, **form.cleaned_data)
        return notice, f"Eingetragen: {made.get_kind_display()} bis zum {made.due_on:%d.%m.%Y}."

    return _page(request, notice, DeadlineForm, act, f"deadline:new:{pk}", "Termin eintragen", "Eintragen")


@require_http_methods(METHODS)
def deadline_done(request, pk):
    def act(deadline, form):
        deadline.finish(form.cleaned_data["done_on"], by=request.user)
        return f"Erledigt: {deadline.get_kind_display()}."

    return _on_deadline(request, pk, DeadlineDoneForm, act, "erledigt", "Als erledigt festhalten")


@require_http_methods(METHODS)
def deadline_drop(request, pk):
    def act(deadline, form):
        note = _gate(form, {"because": "Weshalb entfällt er?"}, request.user)
        deadline.drop(form.cleaned_data["because"], by=request.user, note=note)
        return f"Entfallen: {deadline.get_kind_display()}."

    return _on_deadline(request, pk, DeadlineDropForm, act, "entfällt", "Termin entfallen lassen")


@require_http_methods(METHODS)
def deadline_move(request, pk):
    def act(deadline, form):
        note = _gate(form, {"because": "Weshalb?"}, request.user)
        moved = deadline.move(form.cleaned_data["due_on"], form.cleaned_data["because"], by=request.user, note=note)
        return f"Verschoben: {moved.get_kind_display()} bis zum {moved.due_on:%d.%m.%Y}."

    return _on_deadline(request, pk, DeadlineMoveForm, act, "verschieben", "Termin verschieben")


@require_http_methods(METHODS)
def payment_new(request, pk):
    notice = _notice(request, pk)

    def act(form):
        note = _gate(form, {"source": "Beleg"}, request.user)
        made = Payment.enter(notice, by=request.user, note=note, **form.cleaned_data)
        return notice, f"Eingetragen: {made.get_kind_display()} am {made.on_day:%d.%m.%Y}."

    return _page(request, notice, PaymentForm, act, f"payment:new:{pk}", "Zahlung eintragen", "Eintragen")


@require_http_methods(METHODS)
def payment_cancel(request, pk):
    payment = get_object_or_404(
        Payment.objects.filter(access.visible_of_notices(request.user)).select_related(
            "notice__period__programme", "notice__recipient"
        ),
        pk=pk,
    )
    demand(access.keeps_money, request.user)
    if payment.cancelled_at:
        words = OutOfTurn("Diese Zahlung ist schon storniert.")
        return errors.conflict(request, words, url=payment.notice.get_absolute_url(), kept=_kept(request, "because"))

    def act(form):
        note = _gate(form, {"because": "Weshalb gilt sie nicht?"}, request.user)
        payment.cancel(form.cleaned_data["because"], by=request.user, note=note)
        return payment.notice, f"Storniert: Zahlung vom {payment.on_day:%d.%m.%Y}."

    heading = f"{payment.get_kind_display().capitalize()} am {payment.on_day:%d.%m.%Y}: stornieren"
    return _page(
        request, payment.notice, PaymentCancelForm, act, f"payment:{pk}:cancel", heading, "Zahlung stornieren"
    )  # fmt: skip


# What they have in common


def _notice(request, pk) -> AwardNotice:
    seen = AwardNotice.objects.visible_to(request.user).select_related("period__programme", "recipient")
    notice = get_object_or_404(seen, pk=pk)
    demand(access.keeps_money, request.user)
    return notice


def _on_deadline(request, pk, make: type[Form], do: Callable, verb: str, button: str):
    seen = Deadline.objects.filter(access.visible_of_notices(request.user))
    deadline = get_object_or_404(seen.select_related("notice__period__programme", "notice__recipient"), pk=pk)
    demand(access.keeps_money, request.user)
    notice = deadline.notice
    if not deadline.is_open:
        words = OutOfTurn("Dieser Termin ist inzwischen erledigt oder entfallen.")
        return errors.conflict(request, words, url=notice.get_absolute_url(), kept=_kept(request, "because"))

    def act(form):
        return notice, do(deadline, form)

    heading = f"{deadline.get_kind_display()} bis {deadline.due_on:%d.%m.%Y}: {verb}"
    return _page(request, notice, make, act, f"deadline:{pk}:{make.__name__}", heading, button)


def _page(request, notice: AwardNotice, make, act, key: str, heading: str, button: str):
    context = {"notice": notice, "heading": heading, "button": button}
    return form_page(request, "funding/notice_act.html", make, gated(act), key=key, context=context)


def _gate(form, texts: dict[str, str], by) -> str:
    told = {label: form.cleaned_data[name] for name, label in texts.items()}
    return noted(pass_gate(told, by=by, confirmed=form.confirmed))


def _kept(request, name: str) -> list[tuple[str, str]]:
    return [("Grund", request.POST[name])] if request.POST.get(name) else []
