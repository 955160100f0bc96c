"""Imports: upload, preview with every fault, taking over in the background, and taking back."""

import io

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from casework import access, importing, tasks
from casework.columns import columns_of
from casework.forms.imports import ImportForm, TakeOverForm
from casework.models import Import
from kim.htmx import page as template_for
from kim.models import Code
from kim.paging import page
from kim.workflow import StepRefused

SIZE = 50
WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#: So many good rows the preview shows.
SHOWN = 5


@require_safe
def import_list(request):
    _demand(request.user)
    tokens = {name: request.GET.get(name, "") for name in ("after", "before")}
    return render(request, "casework/import_list.html", {"page": page(_own(request.user), "-created_at", **tokens)})


@require_http_methods(["GET", "HEAD", "POST"])
def import_new(request):
    _demand(request.user)
    if request.method != "POST":
        return render(request, "casework/import_new.html", {"form": ImportForm()})
    form = ImportForm(request.POST, files=request.FILES)
    status = 422
    if form.is_valid():
        try:
            made = Import.start(by=request.user, kind=form.cleaned_data["kind"], rows=form.rows, unread=form.unknown)
        except StepRefused as refusal:
            form.add_error(None, str(refusal))
            status = 409
        else:
            tasks.knock_for_imports()
            return redirect(made)
    return render(request, "casework/import_new.html", {"form": form}, status=status)


@require_safe
def import_template(request, kind):
    """An empty workbook with the headings, and what may stand under them."""
    _demand(request.user)
    if kind not in Import.Kind.values:
        raise Http404
    name = Import.Kind(kind).label.lower().replace("ä", "ae")
    answer = HttpResponse(_template(kind), content_type=WORKBOOK)
    answer["Content-Disposition"] = f'attachment; filename="vorlage-{name}.xlsx"'
    return answer


@require_safe
def import_detail(request, pk):
    """While the background works, the middle of the page asks again by itself; one may leave and come back."""
    _demand(request.user)
    return _show(request, _one(request, pk))


@require_POST
def import_take_over(request, pk):
    found = _one(request, pk)
    only_good, form = request.POST.get("rows") == "good", TakeOverForm(request.POST, likely=found.rows_likely)
    if found.state == Import.State.READY and not form.is_valid():
        return _show(request, found, form=form, status=422)
    likely = form.data.get("likely", "")
    return _acted(request, found, lambda: found.take_over(by=request.user, only_good=only_good, likely=likely))


@require_POST
def import_discard(request, pk):
    found = _one(request, pk)
    try:
        found.discard(by=request.user)
    except StepRefused as refusal:
        return _show(request, _one(request, pk), refused=str(refusal), status=409)
    except Import.DoesNotExist:
        pass  # sent twice: the first has done it
    messages.success(request, "Der Import ist verworfen; seine Zeilen sind gelöscht.")
    return redirect("casework:import_list")


@require_http_methods(["GET", "HEAD", "POST"])
def import_undo(request, pk):
    """GET says first what would go and what would stay."""
    found = _one(request, pk)
    if request.method == "POST":
        return _acted(request, found, lambda: found.undo(by=request.user))
    if not found.can_be_undone:
        return redirect(found)
    stays = importing.would_stay(found)
    there = found.rows.filter(made__isnull=False).count()
    return render(request, "casework/import_undo.html", {"found": found, "stays": stays, "goes": there - stays})


def _demand(user) -> None:
    if not access.manages_cases(user, None):
        raise PermissionDenied(access.manages_cases.refusal)


def _own(user):
    return Import.objects.visible_to(user)


def _one(request, pk) -> Import:
    return get_object_or_404(_own(request.user), pk=pk)


def _acted(request, found, run):
    try:
        run()
    except StepRefused as refusal:
        return _show(request, _one(request, found.pk), refused=str(refusal), status=409)
    except Import.DoesNotExist as gone:
        raise Http404 from gone
    tasks.knock_for_imports()
    return redirect(found)


def _show(request, found, *, refused="", form=None, status=200):
    headings = {column.name: column.heading for column in columns_of(found.kind)}
    faulty = found.rows.filter(~Q(faults=[]) | Q(likely=True))
    tokens = {name: request.GET.get(name, "") for name in ("after", "before")}
    shows_rows = found.state == Import.State.READY
    good = found.rows.filter(faults=[]).order_by("line")[:SHOWN] if shows_rows else ()
    likely = found.rows_likely if shows_rows else 0
    context = {
        "found": found,
        "refused": refused,
        "form": form or TakeOverForm(likely=likely),
        "likely": likely,
        "page": page(faulty, "line", size=SIZE, **tokens) if not found.is_under_way else None,
        "good": [(row.line, [(headings[name], text) for name, text in row.values.items() if name in headings])
                 for row in good],
    }  # fmt: skip
    return render(request, template_for(request, "casework/import_detail.html", "import"), context, status=status)


def _template(kind) -> bytes:
    import xlsxwriter  # here: few workers ever write a workbook, and all would carry the library

    file = io.BytesIO()
    book = xlsxwriter.Workbook(file, {"strings_to_formulas": False, "strings_to_urls": False})
    sheet, words = book.add_worksheet(Import.Kind(kind).label), book.add_worksheet("Was möglich ist")
    bold = book.add_format({"bold": True})
    sheet.freeze_panes(1, 0)
    words.write_row(0, 0, ["Spalte", "nötig", "Angabe", "Möglich ist"], bold)
    by_list: dict[str, list[str]] = {}
    for code in Code.objects.valid_on().order_by("position", "label"):
        by_list.setdefault(code.list, []).append(code.short or code.label)
    for place, column in enumerate(columns_of(kind)):
        sheet.write_string(0, place, column.heading, bold)
        sheet.set_column(place, place, max(14, len(column.heading) + 2))
        told = [column.heading, "ja" if column.needed else "", column.says, "; ".join(by_list.get(column.list, []))]
        words.write_row(place + 1, 0, [text[:32_000] for text in told])
    words.set_column(0, 2, 32)
    words.set_column(3, 3, 80)
    book.close()
    return file.getvalue()
