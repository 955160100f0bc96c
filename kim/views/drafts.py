"""Forms save themselves here while somebody types (static/js/drafts.js)."""

import re

from django.http import HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_POST

from kim import workdays
from kim.models import Draft

KEY = re.compile(r"[a-z][a-z0-9:_.-]{0,119}")
#: More of one text than any form takes is not kept.
LONGEST = 20_000
#: So many begun forms one person may have; beyond that the oldest go.
MOST = 100
_OWN = {"draft", "draft_url", "draft_title", "csrfmiddlewaretoken"}


@require_POST
def draft_save(request):
    """Keeps the fields of a form for their author: {"saved": "09:11:48"}, or 204 for who wants no JSON.

    A form whose texts were all emptied has its draft dropped. 400 for what is no form of ours.
    """
    key = request.POST.get("draft", "")
    if not KEY.fullmatch(key):
        return HttpResponse(status=400)
    data = {}
    for name, values in request.POST.lists():
        if name in _OWN or "password" in name or not re.fullmatch(r"[a-z][a-z0-9_-]{0,59}", name):
            continue
        kept = [clear(value)[:LONGEST] for value in values[:100]]
        data[name] = kept[0] if len(kept) == 1 else kept
    if any(data.values()):
        url = request.POST.get("draft_url", "")
        Draft.keep(
            request.user,
            key,
            data,
            url=url if re.fullmatch(r"/(?!/)[^\s\\\0]{0,199}", url) else "",
            title=clear(request.POST.get("draft_title", ""))[:120],
        )
        _tidy(request.user)
    else:
        Draft.drop(request.user, key)
    if "application/json" not in request.headers.get("Accept", ""):
        return HttpResponse(status=204)
    return JsonResponse({"saved": f"{timezone.localtime(workdays.now()):%H:%M:%S}"})


def clear(text: str) -> str:
    """Without what no database keeps in JSON; the form itself says more when it is sent."""
    return re.sub("[\0\ud800-\udfff]", "", text)


def _tidy(user) -> None:
    kept = Draft.objects.filter(user=user).order_by("-saved_at", "-pk").values("pk")[:MOST]
    Draft.objects.filter(user=user).exclude(pk__in=list(kept.values_list("pk", flat=True))).delete()
