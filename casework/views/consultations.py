"""Consultations: writing one down in under a minute, the list of one's own, one of them, and what the case shows."""

from functools import reduce
from operator import or_
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError
from django.db.models import Case as Either
from django.db.models import Exists, F, OuterRef, Q, Subquery, When
from django.http import FileResponse, Http404, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect, push_url

from casework import access, consultation_files, listing, naming, reading, spelling
from casework.access import manages_cases
from casework.case_page import MAIN, section
from casework.forms.consultations import ALONE, WITH_CASE, ConsultationForm, PeriodForm, narrowed
from casework.linked_issues import linked
from casework.models import Actor, Case, Client, Consultation, Identity, LegalArea
from kim import searches, workdays
from kim import today as start_page
from kim.dated import valid_on
from kim.editing import Filled
from kim.htmx import page as template_for
from kim.models import Absence, Assignment, Code, Draft, Municipality, Role, SavedFilter
from kim.paging import Page, Start, behind, first_rows, order_of, page_of
from kim.together import Slot, day, text, through, together, together_planned_anew
from kim.views.filters import searched
from steering.views.acts import DONE_NOW, take
from steering.views.reporting import draft_of, place_of_today

#: Rows of one page, lines on the page of a case, and cases offered while the number is typed.
SIZE, LAST, OFFERED = 25, 5, 200
LIST = "casework:consultation_list"
#: Code lists of the form: field → list.
LISTS = {
    "form": Code.List.CONTACT_FORM,
    "topics": Code.List.LIFE_DOMAIN,
    "legal_areas": Code.List.LEGAL_AREA,
    "language": Code.List.LANGUAGE,
    "interpreter": Code.List.INTERPRETER,
    "result": Code.List.CONSULTATION_RESULT,
}
#: What is the same as last time, unless it is said otherwise.
CARRIED = ("form", "language", "interpreter")


def demand_manager(user) -> None:
    """Consultations are written by the account itself, under no other name."""
    if not manages_cases(user, None):
        raise PermissionDenied(manages_cases.refusal)


# Writing one down


@require_http_methods(["GET", "HEAD", "POST"])
def consultation_new(request):
    demand_manager(request.user)
    case = _preset(request)
    key = f"consultation:new:{case.pk}" if case else "consultation:new"
    if request.method != "POST":
        read = _choices(request.user, key, case=case, with_caseload=True)
        return _form_page(request, _blank(request.user, read, case), read, case=case)
    words = "" if case else _typed(request)
    read = _choices(request.user, key, case=case, words=words)
    find = naming.Finder(request.user, known=case, read=read if words else None)
    form = ConsultationForm(request.POST, choices=read["choices"], find=find)
    if not form.is_valid() or not _language_is_of_the_case(form, read if case else find.known_of):
        return _form_page(request, form, read, case=case, status=422)
    given = form.given
    given["legal_areas"] = given["legal_areas"] or (
        read["areas"] if case and form.case == case else find.known_of["areas"]
    )
    token = form.cleaned_data["sent_as"]
    made = []

    def record(by, confirmed):
        made.append(Consultation.record(by=by, case=form.case, sent_as=token, **given))
        if read["drafts"]:
            Draft.drop(by, key)

    try:
        status = _take(form, record, request.user)
    except IntegrityError:
        if there := Consultation.objects.sent_before(request.user, token):
            return _sent_twice(request, there)
        raise
    if status != DONE_NOW:
        return _form_page(request, form, read, case=case, status=status)
    return _recorded(request, made[0])


def _language_is_of_the_case(form, read) -> bool:
    """False where the page was filled before the case was named, and its language is another: then it is asked back."""
    if not form.case or not form.is_carried_from(form.case):
        return True
    found = _of_case(read, form.case)
    sent = [form.data.get(name, "") for name in ("language", "interpreter")]
    form.carry(found)
    if [form.data[name] for name in ("language", "interpreter")] == sent:
        return True
    form.add_error(
        "language", "Sprache und Sprachmittlung stehen jetzt hier wie zuletzt bei diesem Fall. Bitte prüfen Sie beides."
    )
    return False


def _take(form, act, user) -> int:
    """As steering's, with what the case forbids said in the form: nothing typed is lost."""
    try:
        return take(form, act, user)
    except PermissionDenied as denied:
        form.add_error(None, str(denied))
        return 403


def _recorded(request, consultation):
    follow_up = consultation.case_id and consultation.next_on
    words = f" Wiedervorlage am {consultation.next_on:%d.%m.%Y}." if follow_up else ""
    messages.success(request, f"Beratung gespeichert.{words}")
    match request.POST.get("act"):
        case "next":
            return _go(request, reverse("casework:consultation_new"))
        case "issue":
            return _go(request, reverse("casework:consultation_issue_new", args=[consultation.pk]))
    there = consultation.case or consultation
    return _go(request, there.get_absolute_url())


def _sent_twice(request, consultation):
    messages.info(request, "Diese Beratung ist schon gespeichert. Fehlt etwas? Hier können Sie sie ändern.")
    return _go(request, consultation.get_absolute_url())


def _go(request, url):
    return HttpResponseClientRedirect(url) if request.htmx else redirect(url)


def _preset(request) -> Case | None:
    """The case of ?case=7; 404 where it is not seen, 403 where it is only looked at or locked."""
    asked = request.GET.get("case", "")
    if not asked.isascii() or not asked.isdecimal():
        return None
    cases = Case.objects.visible_to(request.user).select_related("client__identity", "municipality")
    case = get_object_or_404(cases, pk=int(asked))
    access.demand_work(request.user, case)
    return case


@require_POST
def consultation_case(request):
    """What is known of the case just named, and its language unless another was chosen already.

    By POST: no address says of whom somebody is thinking.
    """
    demand_manager(request.user)
    words = _typed(request)
    found = naming.Finder(request.user)(words) if words else []
    case = found[0] if len(found) == 1 else None
    read = _choices(request.user, "", case=case) if case else None
    if case:
        reading.opened(case, by=request.user)
    context: dict[str, Any] = {"carried": _carried(case, read), "found": len(found), "words": words}
    if case and read:
        form = ConsultationForm(request.POST, choices=read["choices"], find=naming.Finder(request.user))
        if form.is_carried_from(case):
            form.carry(_of_case(read, case))
            context |= {"form": form, "oob": True}
    return render(request, "casework/consultation_case.html", context)


def _typed(request) -> str:
    return request.POST.get("case", "")[:120].replace("\0", "").strip()


def _carried(case, read) -> dict | None:
    if case is None:
        return None
    last = read["last_here"][0] if read["last_here"] else None
    return {"case": case, "last": last, "legal_areas": read["areas"]}


def _choices(user, key, *, case=None, consultation=None, with_caseload=False, words="") -> dict:
    """What the form offers, the draft, the last contact, what is known of the case, and whose number `words` are: one
    query.
    """
    load = access.Caseload.of(user)
    shape = case is not None, consultation is not None, load.shape if with_caseload else None
    read: dict[str, Any] = _offered(*shape, load.shape if words else None)(
        today=workdays.today(), user=user.pk, key=key, case=case.pk if case else None,
        client=case.client_id if case else None, consultation=consultation.pk if consultation else None,
        **naming.values(words), **load.values,
    )  # fmt: skip
    by_list: dict[str, list[Code]] = {}
    for code in read["codes"]:
        by_list.setdefault(code.list, []).append(code)
    read["key"] = key
    read["choices"] = {name: by_list.get(which, []) for name, which in LISTS.items()}
    read["choices"] |= {"municipality": read["municipality"], "actors": read["actors"]}
    return read


@together
def _offered(with_case, edited, caseload, asked):
    user, case, client, consultation = Slot("user"), Slot("case"), Slot("client"), Slot("consultation")
    here = Consultation.objects.order_by().filter(pk=consultation)
    many = {name: through(Consultation, name, consultation) for name in ("topics", "legal_areas")}
    used = [*many.values(), *(here.values(name) for name in ("form", "language", "interpreter", "result"))]
    codes = valid_on(day())
    for ids in used if edited else ():
        codes |= Q(pk__in=ids)
    areas = LegalArea.objects.filter(valid_on(day()), client=client).order_by().values("area")
    of_case = {
        "last_here": Consultation.objects.filter(case=case).order_by("-held_on", "-pk")[:1],
        "areas": Code.objects.filter(pk__in=areas).order_by("position", "label"),
        "languages": Code.objects.filter(pk__in=through(Client, "languages", client)).order_by("position", "label"),
    }
    chosen = {name: Code.objects.filter(pk__in=ids).order_by("position", "label") for name, ids in many.items()}
    places = Assignment.objects.valid_on(day()).filter(user=user, known_until__isnull=True, municipality__isnull=False)
    return {
        "codes": Code.objects.filter(codes, list__in=LISTS.values()).order_by("position", "label"),
        "municipality": Municipality.objects.order_by("name"),
        "actors": Actor.objects.active().order_by("name").only("name")[:400],
        "drafts": Draft.objects.filter(user=user, key=text("key")),
        "places": places.order_by("pk"),
        "last": Consultation.objects.filter(author=user).order_by("-held_on", "-pk")[:1],
        **(of_case if with_case else {}),
        **(chosen if edited else {}),
        **(_lines_of(*caseload) if caseload else {}),
        **(naming.by_number(*asked) if asked else {}),
    }


def _lines_of(*caseload):
    kept = Case.objects.open().filter(access.Caseload.in_slots(*caseload).kept()).order_by("-opened_on", "-pk")
    named = {"given_name": F("client__identity__given_name"), "family_name": F("client__identity__family_name")}
    return {"caseload": kept.only("number").annotate(place=F("municipality__name"), **named)[:OFFERED]}


_lines = together(_lines_of)


def _caseload(user, read) -> list[Case]:
    """The cases offered while the number is typed."""
    load = access.Caseload.of(user)
    found = read["caseload"] if "caseload" in read else _lines(*load.shape)(**load.values)["caseload"]
    for one in found:
        one.listed = Identity(given_name=one.given_name, family_name=one.family_name).listed
    return found


def _blank(user, read, case) -> ConsultationForm:
    """Filled from the last contact, from the place of today, and from the case."""
    last = read["last"][0] if read["last"] else None
    here = place_of_today(read["places"])
    initial = {name: getattr(last, f"{name}_id") for name in CARRIED} if last else {}
    if last and here in (None, last.municipality_id):
        initial |= {"municipality": last.municipality_id, "place": last.place}
    else:
        initial["municipality"] = here
    if last and not case:
        initial["kind"] = WITH_CASE if last.case_id else ALONE
    initial["carried"] = ConsultationForm.came_with(None, initial.get("language"), initial.get("interpreter"))
    if case:
        initial |= _of_case(read, case)
    kept = {name: value for name, value in draft_of(read).items() if name != "sent_as"}
    return ConsultationForm(initial=initial | kept, choices=read["choices"], find=naming.Finder(user))


def _of_case(read, case) -> dict:
    """The language is that of the last contact or the first of the person, never that of somebody else. How it is
    interpreted is only known from a contact.
    """
    last = read["last_here"][0] if read["last_here"] else None
    language = last.language_id if last else next((one.pk for one in read["languages"]), None)
    interpreter = last.interpreter_id if last else None
    return {
        "kind": WITH_CASE,
        "case": case.number,
        "legal_areas": read["areas"],
        "language": language,
        "interpreter": interpreter,
        "carried": ConsultationForm.came_with(case.pk, language, interpreter),
    }


def _form_page(request, form, read, *, case=None, consultation=None, status=200):
    form.draft_key = read["key"]
    draft = read["drafts"][0] if read["drafts"] else None
    if case:
        reading.opened(case, by=request.user)
    form.mark_wrong()
    named = case if not form.is_bound or form.case == case else None
    caseload = [] if consultation else _caseload(request.user, read)
    shown = [*caseload, *form.find.found] if form.find else []
    reading.listed(Case, (one.pk for one in shown), by=request.user)
    url = reverse("casework:consultation_new") + (f"?case={case.pk}" if case else "")
    context = {
        "form": form,
        "form_url": reverse("casework:consultation_edit", args=[consultation.pk]) if consultation else url,
        "case": case,
        "consultation": consultation,
        "carried": _carried(named, read) if named and not consultation else None,
        "found": 0,
        "words": "",
        "caseload": caseload,
        "actors": read["actors"],
        "saved_at": draft.saved_at if draft and not form.is_bound else None,
    }
    template = "casework/consultation_edit.html" if consultation else "casework/consultation_new.html"
    return render(request, template, context, status=status)


# The list


@require_http_methods(["GET", "HEAD", "POST"])
def consultation_list(request):
    """One's own; with ?case=7 those of the case. Words of a search come by POST: they name people (kim.searches)."""
    demand_manager(request.user)
    if request.method != "POST":
        return _show_list(request, request.GET)
    given, url = searches.taken(request, LIST, (*PeriodForm.base_fields, "topic", "municipality", "sort", "case"))
    return push_url(_show_list(request, given), url) if request.htmx else redirect(url)


def _show_list(request, given):
    read, words = _narrowing(request.user), searches.words_of(request, given)
    case, rows = _listed(request.user, given)
    form = PeriodForm(given, topics=read["topics"], places=read["places"])
    place = {name: given.get(name, "") for name in ("after", "before")}
    context = {
        "case": case,
        "filter": form,
        "words": words,
        "lost": searches.are_lost(given, words),
        "is_narrowed": bool(form.narrows or words),
        "page": _page(request.user, case, form, words, **place),
        "totals": consultation_files.totals(_with_words(form.narrow(rows), words)),
        "saved": read["saved"],
        "search": searched(given),
        "to_keep": "" if case else searched(searches.without_words(given)),
    }
    return render(request, template_for(request, "casework/consultation_list.html", "results"), context)


def _page(user, case, form, words, **place) -> Page:
    """The lines of one page, each with its topics."""
    key, narrows = form.order, form.narrows
    load, start = access.Caseload.of(user), Start.read(Consultation, key, **place)
    shape = tuple((name, value if name == "kind" else None) for name, value in narrows.items())
    values = {name: getattr(value, "pk", value) for name, value in narrows.items() if name != "kind"}
    names = spelling.searched(words)
    for number, (name, bones) in enumerate(names):
        values |= {f"name_{number}": name, f"bones_{number}": bones}
    begin = {"start": start.value, "start_pk": start.pk} if start else {}
    read = _listing(load.shape, case is not None, shape, len(names) if words else None, key, start and start.backwards)(
        case=case.pk if case else None, words=words, **load.values, **values, **begin
    )
    topics: dict[int, list[str]] = {}
    for tie in read["ties"]:
        topics.setdefault(tie.consultation_id, []).append(tie.label)
    for row in read["rows"]:
        row.topic_names = topics.get(row.pk, [])
    return page_of(read["rows"], key, start, SIZE)


@together_planned_anew
def _listing(caseload, of_case, shape, words, key, backwards):
    """`words`: how many names are looked for with them, None without a search."""
    rows = Consultation.objects.filter(case=Slot("case"))
    if not of_case:
        kept = Case.objects.filter(access.Caseload.in_slots(*caseload).kept()).values("pk")
        rows = Consultation.objects.filter(Q(case__isnull=True) | Q(case__in=kept), author=Slot("me"))
    days = {name: day(name) for name in ("since", "until")}
    rows = narrowed(rows, {name: value or days.get(name) or Slot(name) for name, value in shape})
    if words is not None:
        names = tuple((text(f"name_{number}"), text(f"bones_{number}")) for number in range(words))
        rows = rows.filter(_said(text("words"), names))
    start = None
    if backwards is not None:
        start = Start(day("start") if "held_on" in key else Slot("start"), Slot("start_pk"), backwards)
    lines = Consultation.objects.only("held_on", "quarter_hours", "persons", "actions", "case").annotate(
        number=F("case__number"), place_name=F("municipality__name"), form_name=_named("form"),
        result_name=_named("result"),
    )  # fmt: skip
    shown = first_rows(behind([rows], key, start), order_of(key, start), SIZE + 1, lines)
    ids = first_rows(behind([rows], key, start), order_of(key, start), SIZE + 1, Consultation.objects.all())
    ties = Consultation.topics.through.objects.filter(consultation__in=ids.values("pk"))
    return {"rows": shown, "ties": ties.order_by("code__position", "code__label").annotate(label=_named("code"))}


def _said(words, names) -> Q:
    """A case by its number or the name of the person, or words of the consultation itself; all may be slots."""
    cases = Q(number__icontains=words)
    if names:
        cases |= listing.about(names)
    of_case = Exists(Case.objects.order_by().filter(cases, pk=OuterRef("case")))
    fields = ("note", "place", "next_step", "referred_to")
    return reduce(or_, (Q(**{f"{name}__icontains": words}) for name in fields), Q(of_case))


def _with_words(rows, words: str):
    return rows.filter(_said(words, spelling.searched(words))) if words else rows


@require_safe
def consultation_export(request, kind):
    """All that the list shows with these filters, without names and notes; written to the trail."""
    demand_manager(request.user)
    if kind not in ("csv", "xlsx"):
        raise Http404
    read, words = _narrowing(request.user), searches.words_of(request, request.GET)
    _, rows = _listed(request.user, request.GET)
    form = PeriodForm(request.GET, topics=read["topics"], places=read["places"])
    found = _with_words(form.narrow(rows), words).order_by(*order_of(form.order, None))
    narrowed_by = [*(str(form.fields[name].label) for name in form.narrows), *(["Suche"] if words else [])]
    consultation_files.record(request.user, found, kind=kind.upper(), narrowed_by=narrowed_by)
    name = consultation_files.file_name(kind)
    if kind == "xlsx":
        return FileResponse(consultation_files.xlsx(found), as_attachment=True, filename=name)
    answer = StreamingHttpResponse(consultation_files.csv(found), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _listed(user, given):
    """One's own; with ?case=7 all of that case, whoever wrote them."""
    asked = given.get("case", "")
    if not asked.isascii() or not asked.isdecimal():
        return None, Consultation.objects.written_by(user)
    case = get_object_or_404(Case.objects.visible_to(user), pk=int(asked))
    return case, Consultation.objects.filter(case=case)


@together
def _narrow_by():
    return {
        "topics": Code.objects.filter(list=Code.List.LIFE_DOMAIN).order_by("position", "label"),
        "places": Municipality.objects.order_by("name"),
        "saved": SavedFilter.objects.filter(user=Slot("user"), page=text("page")).order_by("name"),
    }


def _narrowing(user):
    return _narrow_by()(user=user.pk, page=LIST)


# One of them


def _one(request, pk) -> Consultation:
    rows = Consultation.objects.visible_to(request.user).select_related(
        "case__client__identity", "case__municipality", "municipality", "author", "form", "language", "interpreter",
        "result", "referred_actor",
    )  # fmt: skip
    return get_object_or_404(rows, pk=pk)


@require_safe
def consultation_detail(request, pk):
    consultation = _one(request, pk)
    reading.opened(consultation, by=request.user)
    case = consultation.case
    works = access.allows(access.owns, request.user, case) if case else manages_cases(request.user, None)
    context = {
        "consultation": consultation,
        "topics": list(consultation.topics.all()),
        "legal_areas": list(consultation.legal_areas.all()),
        "links": linked(list(consultation.issue_links.all()), request.user),
        "may_act": works and not (case and case.is_shut),
        "locked": bool(case and case.is_locked),
    }
    return render(request, "casework/consultation_detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def consultation_edit(request, pk):
    consultation = _one(request, pk)
    demand_manager(request.user)
    if consultation.case:
        access.demand_work(request.user, consultation.case)
    read = _choices(request.user, f"consultation:{pk}", consultation=consultation)
    settled = {"choices": read["choices"], "case": consultation.case, "quarters": consultation.quarter_hours}
    edit = Filled(consultation, lambda row: ConsultationForm(initial=_kept(row, _many(row)), **settled), read["key"])
    if request.method != "POST":
        form = ConsultationForm(initial=_kept(consultation, read) | draft_of(read), **settled)
        edit.begin(form, draft_of(read))
        return _form_page(request, form, read, case=consultation.case, consultation=consultation)
    if request.POST.get("act") == "discard":
        Draft.drop(request.user, read["key"])
        return redirect("casework:consultation_edit", pk)
    form = ConsultationForm(request.POST, **settled)
    status = 422
    if form.is_valid():

        def change(by, confirmed):
            edit.demand_same(form)
            consultation.edit(by=by, **form.given)

        status = _take(form, change, request.user)
    if status != DONE_NOW:
        return _form_page(request, form, read, case=consultation.case, consultation=_one(request, pk), status=status)
    Draft.drop(request.user, read["key"])
    messages.success(request, "Beratung geändert.")
    return _go(request, consultation.get_absolute_url())


def _many(consultation) -> dict:
    return {name: list(getattr(consultation, name).all()) for name in ("topics", "legal_areas")}


def _kept(consultation, read) -> dict:
    plain = ("held_on", "quarter_hours", "place", "persons", "actions", "referred_to", "next_step", "next_on", "note")
    codes = ("form", "language", "interpreter", "result", "municipality")
    found = {name: getattr(consultation, name) for name in plain}
    found |= {name: getattr(consultation, f"{name}_id") for name in codes}
    return found | {name: read[name] for name in ("topics", "legal_areas")}


# What other pages show


def _named(code: str) -> Either:
    """The short form of a code where it has one, as str() of it says."""
    return Either(When(**{f"{code}__short": ""}, then=f"{code}__label"), default=f"{code}__short")


def _latest_sets():
    mine = Consultation.objects.filter(case=Slot("case")).order_by("-held_on", "-pk")
    tied = Consultation.topics.through.objects.filter(consultation__in=mine.values("pk")[:LAST])
    return {
        "consultations": mine.annotate(
            form_name=_named("form"), result_name=_named("result"), author_name=F("author__display_name")
        )[: LAST + 1],
        "consultation_topics": tied.order_by("code__position", "code__label").annotate(label=_named("code")),
    }


@section("casework/_case_consultations.html", column=MAIN, order=30, sets=_latest_sets)
def consultations(user, case, read):
    """The latest contacts of the case."""
    topics: dict[int, list[str]] = {}
    for tie in read["consultation_topics"]:
        topics.setdefault(tie.consultation_id, []).append(tie.label)
    rows = read["consultations"]
    return {
        "case": case,
        "rows": [(row, topics.get(row.pk, [])) for row in rows[:LAST]],
        "more": len(rows) > LAST,
        "may_act": access.allows(access.owns, user, case) and not case.is_shut,
        "lists": manages_cases(user, None),
    }


def _todays():
    away = Absence.objects.valid_on(day()).filter(deputy=Slot("me")).values("user")
    seen = Q(case__isnull=True) | Q(case__owner=Slot("me")) | Q(case__owner__in=away)
    held = Consultation.objects.filter(seen, author=Slot("me"), held_on=day()).order_by("-pk")
    number = Case.objects.filter(pk=OuterRef("case")).values("number")
    named = {"number": Subquery(number), "form_name": _named("form"), "place_name": F("municipality__name")}
    return {"held_today": held.annotate(**named)[: start_page.LINES + 1]}


@start_page.section("casework/_today_consultations.html", column=MAIN, order=12, sets=_todays)
def consultations_today(user, read):
    """What was written down today, and the way to the next one."""
    if not user.holds(Role.CASE_MANAGER):
        return None
    rows = read["held_today"]
    return {
        "rows": rows[: start_page.LINES],
        "more": len(rows) > start_page.LINES,
        "minutes": sum(row.minutes for row in rows),
    }
