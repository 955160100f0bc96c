"""Case conferences: who sits there with which consent, what was agreed, and what is bigger than the case."""

from django.db.models import Count, Exists, OuterRef, Q
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from casework import access, reading
from casework.case_page import MAIN, section
from casework.forms.network import AgreementForm, ConferenceForm, SeatForm
from casework.models import Agreement, Case, Conference, Consent, Participant
from casework.views.followups import may_work
from kim import workdays
from kim.dated import valid_on
from kim.models import Code, Organisation
from kim.together import Slot
from kim.views.acting import act_and_return, form_page

SHOWN = 10


def _read():
    rows = Conference.objects.filter(case=Slot("case")).order_by("-held_on", "-pk")
    going = Count("agreements", filter=Q(agreements__done_on__isnull=True))
    return {"network_conferences": rows.annotate(going=going)[:SHOWN]}


@section("casework/_case_conferences.html", column=MAIN, order=65, sets=_read)
def case_conferences(user, case, read):
    """Conferences about the case, newest first, with how many agreements are open."""
    return {"case": case, "rows": read["network_conferences"], "may_work": may_work(user, case)}


@require_safe
def conference_detail(request, pk):
    conference = _conference(request, pk)
    reading.opened(conference.case, by=request.user)
    valid = Consent.objects.filter(access.in_force(), pk=OuterRef("consent"))
    seats = conference.participants.select_related("institution").annotate(holds=Exists(valid)).order_by("pk")
    context = {
        "conference": conference,
        "case": conference.case,
        "seats": list(seats),
        "agreements": list(conference.agreements.order_by("done_on", "until", "pk")),
        "topics": list(conference.structural_topics.all()),
        "may_work": may_work(request.user, conference.case),
        "today": workdays.today(),
    }
    return render(request, "casework/conference_detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def conference_new(request, pk):
    case = get_object_or_404(Case.objects.visible_to(request.user), pk=pk)
    access.demand_work(request.user, case)

    def act(form):
        conference = Conference.plan(case, by=request.user, **form.cleaned_data)
        return (
            conference,
            f"{case}: Fallkonferenz am {conference.held_on:%d.%m.%Y} angelegt. Jetzt fehlen noch die Teilnehmenden.",
        )

    return form_page(request, "casework/conference_new.html", _form(), act, key=f"conference:new:{case.pk}",
                     context={"case": case}, initial={"held_on": workdays.today()})  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def conference_edit(request, pk):
    conference = _conference(request, pk)
    access.demand_work(request.user, conference.case)
    reading.opened(conference.case, by=request.user)
    topics = list(conference.structural_topics.all())

    def act(form):
        conference.edit(by=request.user, **form.cleaned_data)
        return conference, f"{conference.case}: Fallkonferenz gespeichert."

    return form_page(request, "casework/conference_edit.html", _form(topics), act, key=f"conference:{pk}",
                     context={"conference": conference, "case": conference.case},
                     there=(conference, _written))  # fmt: skip


def _written(conference) -> dict:
    found = {name: getattr(conference, name) for name in ("held_on", "mode", "place", "summary")}
    return found | {"structural_topics": list(conference.structural_topics.all())}


@require_http_methods(["GET", "HEAD", "POST"])
def conference_seat(request, pk):
    """An institution takes part, if a consent lets it."""
    conference = _conference(request, pk)
    case = conference.case
    access.demand_work(request.user, case)
    named = Consent.objects.filter(client=case.client_id).in_force().for_purpose("KONFERENZ")
    allowed = list(Organisation.objects.filter(Q(pk__in=named.values("recipient")) | Q(pk=case.employer_id)))
    others = list(Organisation.objects.exclude(pk__in=[one.pk for one in allowed]))

    def act(form):
        seat = Participant.seat(conference, by=request.user, **form.cleaned_data)
        return conference, f"{seat.institution} nimmt teil."

    groups = [("mit Einwilligung oder eigener Träger", allowed), ("ohne Einwilligung in eine Fallkonferenz", others)]
    return form_page(
        request, "casework/conference_seat.html", lambda data, **more: SeatForm(data, groups=groups, **more), act,
        key=f"conference:{pk}:seat", context={"conference": conference, "case": case},
    )  # fmt: skip


@require_POST
def conference_unseat(request, pk, seat):
    conference = _conference(request, pk)
    seat = get_object_or_404(Participant.objects.select_related("institution"), pk=seat, conference=conference)
    seat.conference = conference
    words = f"{seat.institution} nimmt nicht mehr teil."
    return act_and_return(request, lambda: seat.remove(by=request.user), conference, words)


@require_http_methods(["GET", "HEAD", "POST"])
def conference_agree(request, pk):
    """Who does what until when."""
    conference = _conference(request, pk)
    access.demand_work(request.user, conference.case)

    def act(form):
        Agreement.note(conference, by=request.user, **form.cleaned_data)
        return f"{conference.get_absolute_url()}#vereinbarungen", "Die Vereinbarung ist festgehalten."

    return form_page(
        request, "casework/conference_agree.html", lambda data, **more: AgreementForm(data, **more), act,
        key=f"conference:{pk}:agree", context={"conference": conference, "case": conference.case},
    )  # fmt: skip


@require_POST
def conference_agreed(request, pk, agreement):
    """An agreement is done."""
    conference = _conference(request, pk)
    found = get_object_or_404(conference.agreements.select_related("conference__case"), pk=agreement)
    target = f"{conference.get_absolute_url()}#vereinbarungen"
    return act_and_return(request, lambda: found.finish(by=request.user), target, "Die Vereinbarung ist erledigt.")


def _conference(request, pk) -> Conference:
    rows = Conference.objects.visible_to(request.user).select_related("case")
    return get_object_or_404(rows, pk=pk)


def _form(used=()):
    """Topics that hold today, and those already chosen."""
    now = Q(valid_on(workdays.today())) | Q(pk__in=[topic.pk for topic in used])
    topics = list(Code.objects.filter(now, list=Code.List.TOPIC).order_by("position", "label"))
    return lambda data, **more: ConferenceForm(data, topics=topics, **more)
