"""Having the chain counted at once."""

from django.contrib import messages
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from kim.rules import demand
from reports import access
from reports.tasks import knock_for_count


@require_POST
def lage_recount(request):
    """The background does it; what is shown meanwhile is what was counted before."""
    demand(access.has_it_counted, request.user)
    knock_for_count()
    messages.success(request, "Die Zahlen werden neu gezählt. In etwa einer Minute stehen sie hier.")
    return redirect("reports:lage")
