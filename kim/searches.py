"""Searches whose words name people. They come by POST and stay with the session; in the address a token stands for them
(docs/decisions/0030). Paging, files and the back button work with the token.
"""

import secrets
from collections.abc import Collection
from urllib.parse import urlencode

from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.urls import reverse

from kim.forms import clean_text

#: The last searches of a session, each under its token.
SEARCHES, KEPT = "casework_searches", 8
#: Lists whose words name people: no filter keeps them, whatever is sent.
NAMING = ("casework:case_list", "casework:consultation_list", "casework:followup_list")
#: What the token is called in the address.
TOKEN = "suche"  # noqa: S105
LONGEST = 100


def taken(request, page: str, names: Collection[str], plain: Collection[tuple[str, str]] = ()) -> tuple[QueryDict, str]:
    """What was sent, its words under a token, and the address that shows the same: with the filters `names`, without
    those that say nothing (`plain`).
    """
    given = request.POST.copy()
    words = _cleaned(given.pop("q", [""])[-1])
    for name in ("csrfmiddlewaretoken", TOKEN, "after", "before"):
        given.pop(name, None)
    if words:
        kept = dict(list(request.session.get(SEARCHES, {}).items())[-KEPT + 1 :])
        token = secrets.token_urlsafe(6)
        request.session[SEARCHES] = kept | {token: words}
        given[TOKEN] = token
    wanted = {*names, TOKEN}
    query = urlencode([(name, value) for name, value in given.items()
                       if value and name in wanted and (name, value) not in plain])  # fmt: skip
    return given, reverse(page) + (f"?{query}" if query else "")


def words_of(request, given: QueryDict) -> str:
    return request.session.get(SEARCHES, {}).get(given.get(TOKEN, ""), "")


def are_lost(given: QueryDict, words: str) -> bool:
    """The address names a search that is not kept any more."""
    return bool(given.get(TOKEN)) and not words


def without_words(given: QueryDict) -> QueryDict:
    """What may be kept as a filter."""
    kept = given.copy()
    kept.pop(TOKEN, None)
    return kept


def _cleaned(text: str) -> str:
    try:
        return clean_text(text[:LONGEST])
    except ValidationError:
        return ""
