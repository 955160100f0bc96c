"""Check lists of Modul 3, to read: guidance without a person in it."""

from django.db.models import Count
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from casework import access
from casework.models import Checklist
from kim import workdays
from kim.rules import demand


@require_safe
def checklist_list(request):
    demand(access.reads_checklists, request.user)
    rows = Checklist.objects.visible_to(request.user).annotate(number=Count("items")).order_by("kind", "-version")
    today = workdays.today()
    context = {
        "current": [row for row in rows if row.holds_on(today)],
        "others": [row for row in rows if not row.holds_on(today)],
    }
    return render(request, "casework/checklist_list.html", context)


@require_safe
def checklist_detail(request, pk):
    demand(access.reads_checklists, request.user)
    checklist = get_object_or_404(Checklist.objects.visible_to(request.user), pk=pk)
    context = {"checklist": checklist, "items": checklist.items.all()}
    return render(request, "casework/checklist_detail.html", context)
