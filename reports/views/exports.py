"""Figures as files: asked for, made, fetched, thrown away. Nobody sees files but those they asked for themselves."""

from contextlib import suppress

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from kim.files import FileDamaged
from kim.htmx import page as template_for
from kim.paging import page
from kim.rules import demand
from kim.workflow import StepRefused
from reports import access, exporting, making, tasks, writing
from reports.models import Export
from reports.models.exports import KEPT, Format, State

#: What a page's query may hold.
MOST_WORDS, LONGEST = 12, 200
DAMAGED = "Die Datei ist nicht mehr lesbar. Bitte erstellen Sie sie neu."


@require_POST
def export_new(request):
    """What the page with this query shows: answered with the file, or with the page that tells how far it is."""
    demand(access.reads_figures, request.user)
    maker, kind = _wanted(request)
    asked = _asked(request.GET)
    maker.demand(request.user, asked)
    try:
        if maker.quick:
            name, written = making.at_once(maker.what, by=request.user, asked=asked, kind=kind)
            return _file(name, written.suffix, written.chunks)
        made = Export.ask(by=request.user, what=maker.what, title=maker.title, asked=asked, format=kind)
    except StepRefused as refusal:
        messages.warning(request, str(refusal))
        return redirect("reports:export_list")
    tasks.knock_for_exports()
    return redirect(made)


@require_safe
def export_list(request):
    demand(access.reads_figures, request.user)
    tokens = {name: request.GET.get(name, "") for name in ("after", "before")}
    found = page(Export.objects.visible_to(request.user), "-created_at", **tokens)
    makers = [one for one in exporting.every() if not one.quick and _allows(one, request.user)]
    return render(request, "reports/export_list.html", {"page": found, "makers": makers, "days": KEPT.days})


@require_safe
def export_detail(request, pk):
    """While the background works, the middle of the page asks again by itself; one may leave and come back."""
    found = _one(request, pk)
    return render(request, template_for(request, "reports/export_detail.html", "export"), {"found": found})


@require_safe
def export_file(request, pk):
    """The right is asked again: who has lost it since gets nothing."""
    found = _one(request, pk)
    if found.state != State.DONE:
        return redirect(found)
    try:
        exporting.of(found.what).demand(request.user, found.asked)
        pieces = found.fetch(by=request.user)
    except KeyError as gone:
        raise Http404 from gone
    except FileDamaged:
        messages.error(request, DAMAGED)
        return redirect("reports:export_list")
    return _file(writing.file_name(found.title, found.suffix, found.made_on), found.suffix, pieces, found.size)


@require_POST
def export_again(request, pk):
    found = _one(request, pk)
    try:
        exporting.of(found.what).demand(request.user, found.asked)
        found.again(by=request.user)
    except (KeyError, Export.DoesNotExist) as gone:
        raise Http404 from gone
    except StepRefused as refusal:
        messages.warning(request, str(refusal))
        return redirect(found)
    tasks.knock_for_exports()
    return redirect(found)


@require_POST
def export_drop(request, pk):
    found = _one(request, pk)
    with suppress(Export.DoesNotExist):  # sent twice: the first has done it
        found.drop(by=request.user)
    messages.success(request, "Die Datei ist gelöscht.")
    return redirect("reports:export_list")


def _one(request, pk) -> Export:
    demand(access.reads_figures, request.user)
    return get_object_or_404(Export.objects.visible_to(request.user), pk=pk)


def _wanted(request) -> tuple[exporting.Maker, str]:
    kind = request.POST.get("format", "")
    try:
        maker = exporting.of(request.POST.get("what", ""))
    except KeyError as unknown:
        raise Http404 from unknown
    if kind not in Format.values:
        raise Http404
    return maker, kind


def _asked(query) -> dict[str, str]:
    """What a page's query asks for, without words no page asks for and signs no database keeps."""
    return {
        name[:40].replace("\0", ""): value[:LONGEST].replace("\0", "")
        for name, value in list(query.items())[:MOST_WORDS]
    }


def _allows(maker: exporting.Maker, user) -> bool:
    try:
        maker.demand(user, {})
    except PermissionDenied:
        return False
    return True


def _file(name: str, suffix: str, pieces, size: int | None = None):
    answer = StreamingHttpResponse(
        pieces,
        content_type=writing.media_type(suffix),
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store, private",
            "X-Content-Type-Options": "nosniff",
        },
    )
    if size is not None:
        answer["Content-Length"] = str(size)
    return answer
