"""The list of one's own cases, and the same as a file. Words of a search stay out of addresses: they name people."""

import datetime as dt
import secrets
from urllib.parse import urlencode

from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, Q, Subquery
from django.http import FileResponse, Http404, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe
from django_htmx.http import push_url

from casework import access, export
from casework.forms.cases import SearchForm
from casework.lifecycle import OPEN
from casework.models import Case, Identity, LegalArea, ResidenceStatus
from casework.offered import offered
from casework.whereabouts import title_tone
from kim import workdays
from kim.dated import valid_on
from kim.forms import clean_text
from kim.htmx import page as template_for
from kim.models import SavedFilter
from kim.paging import capped, count_words, page
from kim.rules import demand
from kim.views.filters import searched

LIST = "casework:case_list"
SIZE = 25
#: The last searches of a session, each under a token that stands in the address instead of its words.
SEARCHES, KEPT_SEARCHES = "casework_searches", 8
LONGEST = 100


@require_http_methods(["GET", "HEAD", "POST"])
def case_list(request):
    demand(access.manages_cases, request.user)
    if request.method == "POST":
        return _search(request)
    return _show(request, request.GET)


def _search(request):
    """The words are kept with the session; the address carries a token for them, and the other filters as they are."""
    given = request.POST.copy()
    words = _cleaned(given.pop("q", [""])[-1])
    for name in ("csrfmiddlewaretoken", "suche", "after", "before"):
        given.pop(name, None)
    if words:
        kept = dict(list(request.session.get(SEARCHES, {}).items())[-KEPT_SEARCHES + 1 :])
        token = secrets.token_urlsafe(6)
        request.session[SEARCHES] = kept | {token: words}
        given["suche"] = token
    query = urlencode(
        [
            (name, value)
            for name, value in given.items()
            if value and name in _NAMES and (name, value) != ("sort", "moved")
        ]
    )
    url = reverse(LIST) + (f"?{query}" if query else "")
    if not request.htmx:
        return redirect(url)
    return push_url(_show(request, given), url)


_NAMES = {"state", "municipality", "area", "title", "mine", "sort", "suche"}


def _cleaned(text: str) -> str:
    try:
        return clean_text(text[:LONGEST])
    except ValidationError:
        return ""


def _show(request, given):
    read = offered(request.user, LIST)
    form, words = SearchForm(given, choices=read), _words(request, given)
    form.is_valid()
    rows = found(request.user, form, words)
    hits = capped(rows)
    place = {name: given.get(name, "") for name in ("after", "before")}
    shown = page(rows, form.order, size=SIZE, lines=_lines(), **place)
    for case in shown:
        case.title_tone = title_tone(case.title_expires_on)
    context = {
        "form": form,
        "words": words,
        "lost": bool(given.get("suche")) and not words,
        "hits": count_words(hits),
        "number": hits,
        "page": shown,
        "saved": SavedFilter.objects.filter(user=request.user, page=LIST),
        "search": searched(given),
        "to_keep": searched(_without_words(given)),
        "narrowed": bool(form.in_use or words),
        "user_pk": request.user.pk,
    }
    return render(request, template_for(request, "casework/case_list.html", "results"), context)


def _without_words(given):
    kept = given.copy()
    kept.pop("suche", None)
    return kept


def _words(request, given) -> str:
    return request.session.get(SEARCHES, {}).get(given.get("suche", ""), "")


def found(user, form, words: str):
    """The cases `user` works on, narrowed as asked. Nothing chosen means: all open ones."""
    given, today = form.cleaned_data, workdays.today()
    cases = Case.objects.kept_by(user)
    state = given.get("state")
    if state != "all":
        cases = cases.filter(state=state) if state else cases.filter(state__in=OPEN)
    if given.get("municipality"):
        cases = cases.filter(municipality=given["municipality"])
    if given.get("area"):
        areas = LegalArea.objects.filter(valid_on(today), area=given["area"], client=OuterRef("client"))
        cases = cases.filter(Exists(areas))
    if title := given.get("title"):
        cases = cases.filter(Exists(_titles(title, today)))
    match given.get("mine"):
        case "own":
            cases = cases.filter(owner=user)
        case "deputy":
            cases = cases.exclude(owner=user)
        case "locked":
            cases = cases.filter(locked_at__isnull=False)
    return cases.filter(_named(words)) if words else cases


def _titles(title, today):
    current = ResidenceStatus.objects.filter(client=OuterRef("client"), valid_until__isnull=True)
    if title == "gone":
        return current.filter(expires_on__lt=today)
    return current.filter(expires_on__range=(today, today + dt.timedelta(days=int(title))))


def _named(words: str) -> Q:
    """A name in any script or spelling, a case number, or one of the state-wide database.

    Names are looked at case by case: the caseload of one person is small, all names are many.
    """
    names = Identity.objects.named(" ".join(words.split()[:6])).filter(client=OuterRef("client"))
    return Q(Exists(names)) | Q(number__icontains=words) | Q(foreign_number__iexact=words)


def _lines():
    current = ResidenceStatus.objects.filter(client=OuterRef("client"), valid_until__isnull=True)
    expires = current.order_by("-valid_from").values("expires_on")[:1]
    return Case.objects.for_lines().annotate(title_expires_on=Subquery(expires))


@require_safe
def case_export(request, kind):
    """The whole of what the list shows with this search, as CSV or XLSX; written to the trail without its words."""
    demand(access.manages_cases, request.user)
    if kind not in ("csv", "xlsx"):
        raise Http404
    form, words = SearchForm(request.GET, choices=offered(request.user, LIST)), _words(request, request.GET)
    form.is_valid()
    cases = found(request.user, form, words)
    sign = "-" if form.order.startswith("-") else ""
    rows = _lines().filter(pk__in=cases.values("pk")).order_by(form.order, f"{sign}pk")
    narrowed_by = [*form.in_use, *(["Suche"] if words else [])]
    export.record(request.user, number=cases.count(), kind=kind.upper(), narrowed_by=narrowed_by)
    if kind == "xlsx":
        return FileResponse(export.xlsx_file(rows), as_attachment=True, filename=export.file_name(kind))
    answer = StreamingHttpResponse(export.csv_lines(rows), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{export.file_name(kind)}"'
    return answer
