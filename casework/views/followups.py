"""Follow-ups: at their case, and all of somebody's in the order of their days."""

from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Coalesce
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import push_url

from casework import access, listing, reading, spelling
from casework.case_page import MAIN, section
from casework.forms.network import FollowUpFilter, FollowUpForm, MoveForm
from casework.models import Case, FollowUp, Identity
from kim import searches, workdays
from kim.htmx import page as template_for
from kim.models import Municipality, SavedFilter, User
from kim.paging import CAP, CappedNumber, Start, behind, count_words, first_rows, order_of, page_of
from kim.together import Slot, day, text, together, together_planned_anew
from kim.views.acting import act_and_return, form_page
from kim.views.filters import searched

LIST = "casework:followup_list"
#: Rows of one page of the list; open ones the page of a case shows.
SIZE, SHOWN = 30, 30
#: What the list can show: key in the address → (which ones, question to the set, order).
STATES = {
    "": ("fällige", lambda rows: rows.due(day()), "on_day"),
    "open": ("offene", lambda rows: rows.open(), "on_day"),
    "done": ("erledigte", lambda rows: rows.filter(done_on__isnull=False), "-done_on"),
}

#: Since when nothing is done at a case any more.
SHUT = Coalesce(F("case__locked_at"), F("case__restricted_at"))


def may_work(user, case) -> bool:
    """Whether `user` may act on the case, as owner or deputy, and it is not locked."""
    return access.allows(access.owns, user, case) and not case.is_shut


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


@require_http_methods(["GET", "HEAD", "POST"])
def followup_list(request):
    """Own ones, and those of colleagues one stands in for; their people are read on the page of the case, on record.
    Words of a search come by POST: they name people (kim.searches).
    """
    access.demand_oneself(access.manages_cases, request.user)
    if request.method != "POST":
        return _show_list(request, request.GET)
    given, url = searches.taken(request, LIST, ("state", "municipality", "sort"))
    return push_url(_show_list(request, given), url) if request.htmx else redirect(url)


def _show_list(request, given):
    read, words = _offered()(user=request.user.pk, page=LIST), searches.words_of(request, given)
    states = [(key, label) for key, (label, _, _) in STATES.items()]
    form = FollowUpFilter(given, states=states, places=read["places"])
    chosen, today = form.chosen, workdays.today()
    state, place = chosen.get("state", ""), chosen.get("municipality")
    label, _, natural = STATES[state]
    order = form.ORDERS[chosen.get("sort", "")][1] or natural
    start = Start.read(FollowUp, order, **{name: given.get(name, "") for name in ("after", "before")})
    lines = _lines(request.user, state, place, words, order, start)
    found, hits = page_of(lines["rows"], order, start, SIZE), min(lines["hits"][0].number_found, CAP + 1)
    reading.listed(Case, (row.case_id for row in found if row.owner == request.user.pk), by=request.user)
    context = {
        "filter": form,
        "words": words,
        "lost": searches.are_lost(given, words),
        "is_narrowed": bool(place or words),
        "saved": read["saved"],
        "to_keep": searched(searches.without_words(given)),
        "page": found,
        "rows": [(_named(row), *(("", "") if row.done_on else workdays.countdown(row.on_day, today))) for row in found],
        "hits": count_words(hits),
        "number": hits,
        "state": state,
        "label": label,
        "user_pk": request.user.pk,
    }
    return render(request, template_for(request, "casework/followup_list.html", "results"), context)


def _named(row):
    row.listed = Identity(given_name=row.given_name, family_name=row.family_name).listed
    return row


@together
def _offered():
    return {
        "places": Municipality.objects.order_by("name"),
        "saved": SavedFilter.objects.filter(user=Slot("user"), page=text("page")).order_by("name"),
    }


def _lines(user, state, place, words, order, start):
    load, names = access.Caseload.of(user), spelling.searched(words)
    values = {"today": workdays.today(), "words": words, "place": place.pk if place else None} | load.values
    for number, (name, bones) in enumerate(names):
        values |= {f"name_{number}": name, f"bones_{number}": bones}
    if start:
        values |= {"start": start.value, "start_pk": start.pk}
    shape = (bool(place), len(names) if words else None)
    return _listing(load.shape, state, *shape, order, start and start.backwards)(**values)


@together_planned_anew
def _listing(caseload, state, of_place, words, order, backwards):
    """The lines with their case, and how many there are. `words`: how many names are looked for, None: no search."""
    narrow = STATES[state][1]
    rows = narrow(FollowUp.objects.filter(access.Caseload.in_slots(*caseload).kept("case__")))
    if of_place:
        rows = rows.filter(case__municipality=Slot("place"))
    if words is not None:
        names = tuple((text(f"name_{number}"), text(f"bones_{number}")) for number in range(words))
        cases = Q(number__icontains=text("words")) | (listing.about(names) if names else Q())
        of_case = Exists(Case.objects.order_by().filter(cases, pk=OuterRef("case")))
        rows = rows.filter(Q(text__icontains=text("words")) | of_case)
    start = None if backwards is None else Start(day("start"), Slot("start_pk"), backwards)
    family, given = "case__client__identity__family_name", "case__client__identity__given_name"
    lines = FollowUp.objects.annotate(
        number=F("case__number"), owner=F("case__owner"), owner_name=F("case__owner__display_name"),
        locked_at=SHUT, place=F("case__municipality__name"), family_name=F(family), given_name=F(given),
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
