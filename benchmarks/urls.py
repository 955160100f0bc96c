"""All addresses of KIM, and the bare page: session and user, and 20 kB of text."""

from django.http import HttpResponse
from django.urls import path

from kim import urls as kim_urls

handler400, handler403 = kim_urls.handler400, kim_urls.handler403
handler404, handler500 = kim_urls.handler404, kim_urls.handler500

LINE = "Kommunales Integrationsmanagement im Kreis. "
TEXT = (LINE * (20_000 // len(LINE) + 1))[:20_000]


def bare(request):
    """What every page costs that knows who asks: the measure of all others."""
    return HttpResponse(f"<!doctype html><title>{request.user.username}</title><p>{TEXT}</p>")


urlpatterns = [path("bare/", bare), *kim_urls.urlpatterns]
