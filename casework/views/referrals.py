"""Bringing somebody together with an actor of the directory, and what came of it."""

from django.db.models import F
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from casework import access, reading
from casework.case_page import MAIN, section
from casework.forms.network import AnswerForm, ReferralForm
from casework.models import Actor, Case, Referral
from casework.views.actors import searched_words
from casework.views.followups import may_work
from kim import workdays
from kim.htmx import page as template_for
from kim.together import Slot
from kim.views.acting import form_page

#: So many actors the quick search shows, and so many referrals the page of a case.
FOUND, SHOWN = 12, 20


def _read():
    rows = Referral.objects.filter(case=Slot("case")).order_by("-sent_on", "-pk")
    withdrawn = F("consent__withdrawn_at")
    return {"network_referrals": rows.annotate(actor_name=F("actor__name"), consent_withdrawn=withdrawn)[:SHOWN]}


@section("casework/_case_referrals.html", column=MAIN, order=60, sets=_read)
def case_referrals(user, case, read):
    """Where the person was referred to, newest first."""
    today = workdays.today()
    rows = [(row, bool(row.follow_up_on and row.follow_up_on <= today and not row.is_answered))
            for row in read["network_referrals"]]  # fmt: skip
    return {"case": case, "rows": rows, "may_work": may_work(user, case)}


@require_http_methods(["GET", "HEAD", "POST"])
def referral_new(request, pk):
    """First the actor is chosen (?actor=), then the rest is asked."""
    case = get_object_or_404(Case.objects.visible_to(request.user), pk=pk)
    access.demand_work(request.user, case)
    reading.opened(case, by=request.user)
    chosen = request.GET.get("actor", "")
    if not chosen.isdecimal() or len(chosen) > 18:
        return _choose(request, case)
    actor = get_object_or_404(Actor.objects.active(), pk=int(chosen))
    consents = list(Referral.consents_for(case, actor))

    def act(form):
        Referral.send(case, by=request.user, actor=actor, **form.cleaned_data)
        return f"{case.get_absolute_url()}#case-referrals", f"{case}: Weitervermittlung an {actor} festgehalten."

    initial = {"sent_on": workdays.today(), "consent": consents[0] if consents else None}
    return form_page(
        request, "casework/referral_new.html", lambda data, **more: ReferralForm(data, consents=consents, **more), act,
        key=f"referral:{case.pk}:{actor.pk}", context={"case": case, "actor": actor, "consents": consents},
        initial=initial,
    )  # fmt: skip


def _choose(request, case):
    words = searched_words(request.GET)
    actors = Actor.objects.active().matching(words)
    if not words:
        actors = actors.for_place(case.municipality_id)
    found = list(actors.prefetch_related("municipalities").order_by("name", "pk")[: FOUND + 1])
    context = {"case": case, "words": words, "actors": found[:FOUND], "more": len(found) > FOUND}
    return render(request, template_for(request, "casework/referral_new.html", "found"), context)


@require_http_methods(["GET", "HEAD", "POST"])
def referral_answer(request, pk):
    rows = Referral.objects.visible_to(request.user).select_related("case", "actor")
    referral = get_object_or_404(rows, pk=pk)
    case = referral.case
    access.demand_work(request.user, case)
    reading.opened(case, by=request.user)

    def act(form):
        referral.answer(by=request.user, **form.cleaned_data)
        words = f"{case}: {referral.actor}, {referral.get_status_display()}."
        return f"{reverse('casework:case_detail', args=[case.pk])}#case-referrals", words

    return form_page(
        request, "casework/referral_answer.html", lambda data, **more: AnswerForm(data, **more), act,
        key=f"referral:{pk}:answer", context={"case": case, "referral": referral},
        initial={"answered_on": workdays.today(), "note": referral.note},
    )  # fmt: skip
