"""What one was told: the list of one's notices, and marking them as read."""

from django.conf import settings
from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from kim import paging
from kim.htmx import page as swap
from kim.models import Notice
from kim.notices import mark_read


@require_safe
def notice_list(request):
    """Newest first; `stand=neu` shows what is unread only."""
    mine = Notice.objects.filter(recipient=request.user)
    unread = mine.filter(read_at=None)
    only_new = request.GET.get("stand") == "neu"
    rows = paging.page(
        (unread if only_new else mine).select_related("mail"),
        "-created_at",
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
    )
    number = paging.capped(unread)
    context = {
        "page": rows,
        "only_new": only_new,
        "unread": number,
        "unread_words": paging.count_words(number),
        "mails_here": settings.KIM_MAIL_TRANSPORT == "files",
    }
    return render(request, swap(request, "kim/notice_list.html", "results"), context)


@require_POST
def notice_read(request, pk):
    notice = get_object_or_404(Notice, pk=pk, recipient=request.user)
    mark_read(request.user, Notice.objects.filter(pk=notice.pk))
    return redirect("kim:notice_list")


@require_POST
def notice_read_all(request):
    number = mark_read(request.user, Notice.objects.filter(recipient=request.user))
    messages.success(request, f"{number} Mitteilungen gelesen." if number != 1 else "Eine Mitteilung gelesen.")
    return redirect("kim:notice_list")
