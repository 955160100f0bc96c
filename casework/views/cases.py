"""One case: its page, made of the sections that every subject hangs in."""

from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from casework import reading
from casework.case_page import sections_of
from casework.models import Case


@require_safe
def case_detail(request, pk):
    cases = Case.objects.visible_to(request.user).select_related("client__identity", "municipality", "owner")
    case = get_object_or_404(cases, pk=pk)
    reading.opened(case, by=request.user)
    context = {"case": case, "columns": sections_of(case, request.user)}
    return render(request, "casework/case_detail.html", context)
