"""Saved filters: keep a list's search under a name, and let it go again. Each belongs to one account."""

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import NoReverseMatch, reverse
from django.views.decorators.http import require_POST

from kim.models import SavedFilter
from kim.searches import NAMING

#: So many searches may one person keep for one list.
MOST = 30
#: What belongs to a place in a list, not to the search.
LEFT_OUT = ("after", "before", "filter")


@require_POST
def filter_save(request):
    """Keep `query` of the list `page` as `name`; the same name again replaces it."""
    page, name = request.POST.get("page", ""), " ".join(request.POST.get("name", "").split())
    asked = QueryDict(request.POST.get("query", "").encode("utf-8", "replace")[:1000], mutable=True)
    if page in NAMING:
        asked.pop("q", None)
    query = searched(asked)
    url = _url_of(page)
    if not name or len(name) > 60 or not name.isprintable():
        messages.error(request, "Der Filter braucht einen Namen mit höchstens 60 Zeichen.")
    elif len(query) > 1000 or "\0" in query:
        messages.error(request, "Diese Suche ist zu lang, um sie aufzuheben.")
    elif _is_full(request.user, page, name):
        messages.error(request, f"Mehr als {MOST} Filter kann eine Liste nicht aufheben. Bitte löschen Sie einen.")
    else:
        SavedFilter.objects.update_or_create(user=request.user, page=page, name=name, defaults={"query": query})
        messages.success(request, f"Filter „{name}“ gespeichert.")
    return redirect(f"{url}?{query}" if query else url)


@require_POST
def filter_delete(request, pk):
    kept = get_object_or_404(SavedFilter, pk=pk, user=request.user)
    url = _url_of(kept.page)
    kept.delete()
    messages.success(request, f"Filter „{kept.name}“ gelöscht.")
    return redirect(url)


def searched(given: QueryDict) -> str:
    """The search of an address without the place in the list, in the order it was given."""
    kept = given.copy()
    for name in list(kept):
        if name in LEFT_OUT or not any(kept.getlist(name)):
            del kept[name]
    return kept.urlencode()


def _url_of(page: str) -> str:
    try:
        return reverse(page)
    except NoReverseMatch:
        raise BadRequest(f"no such list: {page[:60]!r}") from None


def _is_full(user, page, name) -> bool:
    mine = SavedFilter.objects.filter(user=user, page=page)
    return mine.count() >= MOST and not mine.filter(name=name).exists()
