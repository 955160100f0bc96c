"""The list of one's own cases, and the same as a file. Words of a search stay out of addresses: they name people."""

from typing import Any

from django.http import FileResponse, Http404, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe
from django_htmx.http import push_url

from casework import access, export, listing, reading, spelling
from casework.forms.cases import SearchForm
from casework.models import Case, Identity
from casework.whereabouts import title_tone
from kim import searches, workdays
from kim.dated import valid_on
from kim.htmx import page as template_for
from kim.models import Code, Municipality, SavedFilter
from kim.paging import count_words, order_of
from kim.rules import demand
from kim.together import Slot, day, text, together
from kim.views.filters import searched

LIST = "casework:case_list"
SIZE = 25
#: What may stand in the address.
NAMES = ("state", "municipality", "area", "title", "mine", "sort")


@require_http_methods(["GET", "HEAD", "POST"])
def case_list(request):
    demand(access.manages_cases, request.user)
    if request.method == "POST":
        return _search(request)
    return _show(request, request.GET)


def _search(request):
    given, url = searches.taken(request, LIST, NAMES, plain={("sort", "moved")})
    return push_url(_show(request, given), url) if request.htmx else redirect(url)


def _show(request, given):
    read = _offered()(user=request.user.pk, today=workdays.today(), page=LIST)
    form, words = SearchForm(given, choices=read), searches.words_of(request, given)
    place = {name: given.get(name, "") for name in ("after", "before")}
    shown, hits = listing.listed(request.user, wanted(form, words), form.order, size=SIZE, **place)
    for case in shown:
        case.title_tone = title_tone(case.title_expires_on)
        case.listed = Identity(given_name=case.given_name, family_name=case.family_name).listed
    reading.listed(Case, (case.pk for case in shown), by=request.user)
    context = {
        "form": form,
        "words": words,
        "lost": searches.are_lost(given, words),
        "hits": count_words(hits),
        "number": hits,
        "page": shown,
        "saved": read["saved"],
        "search": searched(given),
        "to_keep": searched(searches.without_words(given)),
        "narrowed": bool(form.in_use or words),
        "user_pk": request.user.pk,
    }
    return render(request, template_for(request, "casework/case_list.html", "results"), context)


@together
def _offered():
    """What the filters offer, and those that were kept."""
    areas = Code.objects.filter(valid_on(day()), list=Code.List.LEGAL_AREA)
    return {
        "areas": areas.order_by("position", "label").only("label", "short"),
        "municipalities": Municipality.objects.order_by("name").only("name"),
        "saved": SavedFilter.objects.filter(user=Slot("user"), page=text("page")).order_by("name"),
    }


def wanted(form, words: str) -> dict[str, Any]:
    """What the cases are narrowed by. Nothing chosen means: all open ones."""
    form.is_valid()
    given = form.cleaned_data
    names = spelling.searched(" ".join(words.split()[:6]))
    found: dict[str, Any] = {
        "state": given.get("state"), "mine": given.get("mine"), "title": given.get("title"),
        **{name: given[name].pk for name in ("municipality", "area") if given.get(name)},
    }  # fmt: skip
    return {name: value for name, value in found.items() if value} | ({"words": (words, names)} if words else {})


@require_safe
def case_export(request, kind):
    """What the list shows with this search, as CSV or XLSX, but for what is restricted (Art. 18 DSGVO): that stays in
    the house. Written to the trail without the words of the search.
    """
    demand(access.manages_cases, request.user)
    if kind not in ("csv", "xlsx"):
        raise Http404
    read = _offered()(user=request.user.pk, today=workdays.today(), page=LIST)
    form, words = SearchForm(request.GET, choices=read), searches.words_of(request, request.GET)
    cases = listing.found(request.user, wanted(form, words)).filter(restricted_at__isnull=True)
    rows = listing.lines().filter(pk__in=cases.values("pk")).order_by(*order_of(form.order, None))
    narrowed_by = [*form.in_use, *(["Suche"] if words else [])]
    export.record(request.user, number=cases.count(), kind=kind.upper(), narrowed_by=narrowed_by)
    if kind == "xlsx":
        return FileResponse(export.xlsx_file(rows), as_attachment=True, filename=export.file_name(kind))
    answer = StreamingHttpResponse(export.csv_lines(rows), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{export.file_name(kind)}"'
    return answer
