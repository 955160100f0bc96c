"""What every page below a case begins and ends with: the case one may see, the form that was begun, the act."""

import re
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404

from casework import access, reading
from casework.models import Case
from kim.models import Draft

#: What changing something at a case asks for.
WORK = (access.owns, access.is_unlocked, access.is_unrestricted)


def case_for(request, pk, *rules) -> Case:
    """The case with its person, read on the record. 404 where it is invisible, 403 with the sentence of a rule."""
    cases = Case.objects.visible_to(request.user).select_related("client__identity", "municipality", "owner")
    case = get_object_or_404(cases, pk=pk)
    for rule in rules:
        access.demand(rule, request.user, case)
    reading.opened(case, by=request.user)
    return case


def begun(request, key: str, initial: dict[str, Any] | None = None) -> tuple[dict[str, Any], Any]:
    """What a form starts with: `initial`, and over it what its author typed before; and when that was kept."""
    draft = Draft.of(request.user, key) if request.method != "POST" else None
    if draft is None:
        return initial or {}, None
    return (initial or {}) | draft.data, draft.saved_at


def pdf(content: bytes, name: str) -> HttpResponse:
    """A document to look at and print: kept by no cache, and called by a number, never by a person."""
    name = re.sub("[^A-Za-z0-9-]", "-", name)
    return HttpResponse(
        content,
        content_type="application/pdf",
        headers={
            "Content-Disposition": f'inline; filename="{name}.pdf"',
            "Cache-Control": "no-store, private",
            "X-Content-Type-Options": "nosniff",
        },
    )
