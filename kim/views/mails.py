"""Mail in the embedded default, where it goes to files: everybody can look at what would have reached them."""

from django.conf import settings
from django.http import Http404
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from kim import paging
from kim.models import Mail


@require_safe
def mail_list(request):
    rows = paging.page(
        _own(request).defer("body"), "-id", after=request.GET.get("after", ""), before=request.GET.get("before", "")
    )
    return render(request, "kim/mail_list.html", {"page": rows})


@require_safe
def mail_detail(request, pk):
    return render(request, "kim/mail_detail.html", {"mail": get_object_or_404(_own(request), pk=pk)})


def _own(request):
    """The user's own mails; with a mail server they lie in the user's mailbox, and there is no such page."""
    if settings.KIM_MAIL_TRANSPORT != "files":
        raise Http404
    return Mail.objects.filter(recipient=request.user)
