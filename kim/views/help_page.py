"""„Hilfe und Tasten“: what KIM does, its signs and its keys, on one page."""

from django.shortcuts import render
from django.views.decorators.http import require_safe


@require_safe
def help(request):
    return render(request, "kim/help.html")
