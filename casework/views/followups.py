"""Follow-ups: at their case, and all of somebody's in the order of their days."""

from django.db.models import F
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from casework import access, reading
from casework.case_page import MAIN, section
from casework.forms.network import FollowUpForm, MoveForm
from casework.models import Case, FollowUp, Identity
from kim import workdays
from kim.htmx import page as template_for
from kim.models import User
from kim.paging import CAP, CappedNumber, Start, behind, count_words, first_rows, order_of, page_of
from kim.together import Slot, day, together_planned_anew
from kim.views.acting import act_and_return, form_page

#: Rows of one page of the list; open ones the page of a case shows.
SIZE, SHOWN = 30, 30
#: What the list can show: key in the address → (words, question to the set, order).
STATES = {
    "": ("fällig", lambda rows: rows.due(day()), "on_day"),
    "open": ("alle offenen", lambda rows: rows.open(), "on_day"),
    "done": ("erledigte", lambda rows: rows.filter(done_on__isnull=False), "-done_on"),
}


def may_work(user, case) -> bool:
    """Whether `user` may act on the case, as owner or deputy, and it is not locked."""
    return access.allows(access.owns, user, case) and not case.is_locked


def _read():
    rows = FollowUp.objects.open().filter(case=Slot("case")).order_by("on_day", "pk")
    return {"network_follow_ups": rows[: SHOWN + 1]}


@section("casework/_case_follow_ups.html", column=MAIN, order=10, sets=_read)
def case_follow_ups(user, case, read):
    """What comes back to the desk, with a form for one more."""
    today = workdays.today()
    rows = [(row, *workdays.countdown(row.on_day, today)) for row in read["network_follow_ups"][:SHOWN]]
    form = FollowUpForm(auto_id="wiedervorlage_%s") if may_work(user, case) else None
    return {"case": case, "rows": rows, "form": form, "more": len(read["network_follow_ups"]) > SHOWN}


@require_safe
def followup_list(request):
    """Own ones, and those of colleagues one stands in for; their people are read on the page of the case, on record.
    There is no search: what is typed would stand in the address.
    """
    access.demand_oneself(access.manages_cases, request.user)
    state = request.GET.get("state", "")
    state = state if state in STATES else ""
    label, _, order = STATES[state]
    given = {name: request.GET.get(name, "") for name in ("after", "before")}
    load, today, start = access.Caseload.of(request.user), workdays.today(), Start.read(FollowUp, order, **given)
    begin = {"start": start.value, "start_pk": start.pk} if start else {}
    read = _listing(load.shape, state, start and start.backwards)(today=today, **load.values, **begin)
    found, hits = page_of(read["rows"], order, start, SIZE), min(read["hits"][0].number_found, CAP + 1)
    reading.listed(Case, (row.case_id for row in found if row.owner == request.user.pk), by=request.user)
    context = {
        "page": found,
        "rows": [(_named(row), *(("", "") if row.done_on else workdays.countdown(row.on_day, today))) for row in found],
        "hits": count_words(hits),
        "number": hits,
        "state": state,
        "others": [(key, words) for key, (words, _, _) in STATES.items() if key != state],
        "label": label,
        "user_pk": request.user.pk,
    }
    return render(request, template_for(request, "casework/followup_list.html", "results"), context)


def _named(row):
    row.listed = Identity(given_name=row.given_name, family_name=row.family_name).listed
    return row


@together_planned_anew
def _listing(caseload, state, backwards):
    """The lines with their case, and how many there are."""
    _, narrow, order = STATES[state]
    rows = narrow(FollowUp.objects.filter(access.Caseload.in_slots(*caseload).kept("case__")))
    start = None if backwards is None else Start(day("start"), Slot("start_pk"), backwards)
    family, given = "case__client__identity__family_name", "case__client__identity__given_name"
    lines = FollowUp.objects.annotate(
        number=F("case__number"), owner=F("case__owner"), owner_name=F("case__owner__display_name"),
        locked_at=F("case__locked_at"), place=F("case__municipality__name"), family_name=F(family), given_name=F(given),
    )  # fmt: skip
    return {
        "rows": first_rows(behind([rows], order, start), order_of(order, start), SIZE + 1, lines),
        "hits": User.objects.order_by().filter(pk=Slot("me")).only("pk").annotate(number_found=CappedNumber(rows)),
    }


@require_http_methods(["GET", "HEAD", "POST"])
def followup_new(request, pk):
    case = get_object_or_404(Case.objects.visible_to(request.user), pk=pk)
    access.demand_work(request.user, case)

    def act(form):
        made = FollowUp.plan(case, by=request.user, **form.cleaned_data)
        return _at_case(case), f"{case}: Wiedervorlage am {made.on_day:%d.%m.%Y}."

    return form_page(request, "casework/followup_new.html", lambda data, **more: FollowUpForm(data, **more), act,
                     key=f"followup:new:{case.pk}", context={"case": case})  # fmt: skip


@require_POST
def followup_done(request, pk):
    """Ticked off; back to the list where it was pressed, else to the case."""
    one = _follow_up(request, pk)
    here = request.POST.get("back", "")
    listed = reverse("casework:followup_list")
    target = listed if here == "list" else _at_case(one.case)
    return act_and_return(request, lambda: one.finish(by=request.user), target, f"{one.case}: Wiedervorlage erledigt.")


@require_http_methods(["GET", "HEAD", "POST"])
def followup_move(request, pk):
    one = _follow_up(request, pk)
    case = one.case
    access.demand_work(request.user, case)

    def act(form):
        one.move(by=request.user, **form.cleaned_data)
        return _at_case(case), f"{case}: Wiedervorlage verschoben auf den {one.on_day:%d.%m.%Y}."

    return form_page(request, "casework/followup_move.html", lambda data, **more: MoveForm(data, **more), act,
                     key=f"followup:{pk}:move", context={"case": case, "follow_up": one})  # fmt: skip


def _follow_up(request, pk) -> FollowUp:
    return get_object_or_404(FollowUp.objects.visible_to(request.user).select_related("case"), pk=pk)


def _at_case(case) -> str:
    return f"{case.get_absolute_url()}#case-follow-ups"
