"""Sheets of monthly personnel costs: upload, preview line by line, taking over or dropping."""

from collections import defaultdict
from decimal import Decimal

from django.contrib import messages
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from funding import access, cost_sheets, spending
from funding.forms.costs import CostImportForm
from funding.models import Cost, CostImport, CostImportRow
from funding.models.costs import cents
from kim.htmx import page as template_for
from kim.paging import page
from kim.rules import demand
from kim.workflow import StepRefused

SIZE = 50
WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
Does = CostImportRow.Does


@require_http_methods(["GET", "HEAD", "POST"])
def cost_import_new(request):
    demand(access.keeps_costs, request.user)
    if request.method != "POST":
        return render(request, "funding/cost_import_new.html", {"form": CostImportForm()})
    form = CostImportForm(request.POST, files=request.FILES)
    if not form.is_valid():
        return render(request, "funding/cost_import_new.html", {"form": form}, status=422)
    made = CostImport.start(cost_sheets.check(form.lines), by=request.user)
    if form.unknown:
        words = ", ".join(f"„{heading[:40]}“" for heading in form.unknown[:10])
        messages.warning(request, f"Nicht gelesen: {words}. Die Überschriften stehen in der Vorlage.")
    return redirect(made)


@require_safe
def cost_import_template(request):
    """An empty workbook with the headings, and what may stand under them."""
    demand(access.keeps_costs, request.user)
    answer = HttpResponse(cost_sheets.template(), content_type=WORKBOOK)
    answer["Content-Disposition"] = 'attachment; filename="vorlage-personalkosten.xlsx"'
    return answer


@require_safe
def cost_import_detail(request, pk):
    return _show(request, _one(request, pk))


@require_POST
def cost_import_take(request, pk):
    """One transaction. What does not hold any more is shown anew, and nothing is written."""
    found = _one(request, pk)
    try:
        written = found.take(cost_sheets.check, by=request.user)
    except StepRefused as refusal:
        found = _one(request, pk)
        if found.is_waiting:
            found.renew(cost_sheets.check)
            found.refresh_from_db()
        return _show(request, found, refused=str(refusal), status=409)
    messages.success(request, f"Übernommen: {written} Ausgabe{'n' if written != 1 else ''}.")
    return redirect(found)


@require_POST
def cost_import_drop(request, pk):
    found = _one(request, pk)
    try:
        found.drop(by=request.user)
    except StepRefused as refusal:
        return _show(request, _one(request, pk), refused=str(refusal), status=409)
    messages.success(request, "Der Import ist verworfen; was gelesen war, ist gelöscht.")
    return redirect("funding:cost_list")


def _one(request, pk) -> CostImport:
    return get_object_or_404(CostImport.objects.visible_to(request.user).select_related("by", "taken_by"), pk=pk)


def _show(request, found: CostImport, *, refused="", status=200):
    wanted = request.GET.get("does", "")
    wanted = wanted if wanted in Does.values else ""
    rows = found.rows.select_related("was")
    tokens = {name: request.GET.get(name, "") for name in ("after", "before")}
    numbers = dict(found.rows.order_by().values_list("does").annotate(number=Count("pk")))
    months, posts = _sums(rows) if found.is_waiting else ([], [])
    written = Cost.objects.filter(imported=found).aggregate(cents=cents(), number=Count("pk"))
    context = {
        "found": found,
        "refused": refused,
        "page": page(rows.filter(does=wanted) if wanted else rows, "line", size=SIZE, **tokens),
        "wanted": wanted,
        "numbers": [(one, numbers.get(one.value, 0)) for one in Does],
        "writes": sum(numbers.get(one.value, 0) for one in CostImportRow.WRITES),
        "months": months,
        "tables": [("Summen je Monat", "monat", months), ("Summen je Stelle", "stelle", posts)],
        "written": written["number"],
        "amount": spending.euros(written["cents"]),
    }
    return render(request, template_for(request, "funding/cost_import_detail.html", "import"), context, status=status)


def _sums(rows):
    """(what, so far, afterwards) by month and by post, of all lines without faults."""
    months: dict[str, list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    posts: dict[str, list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for row in rows.exclude(does=Does.FAULTY):
        for sums, key in ((months, row.told["month"]), (posts, row.told["number"])):
            sums[key][0] += row.was.amount if row.was else 0
            sums[key][1] += row.amount
    by_month = [(f"{key[5:7]}.{key[:4]}", *sums) for key, sums in sorted(months.items())]
    return by_month, [(key, *sums) for key, sums in sorted(posts.items())]
