"""Single sign-on: to the provider and back, an account of one's own linked with it, and what the provider ends."""

from allauth.account import views as allauth_views
from allauth.account.decorators import reauthentication_required
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from kim import sso as sign_on
from kim.errors import too_many
from kim.oidc import Refused
from kim.throttle import address_of, is_too_often

#: Each asks the provider something: so many a minute from one address. A town hall shares one.
MOST = 60


def _provider():
    if settings.KIM_OIDC is None:
        raise Http404
    return settings.KIM_OIDC


@login_not_required
def account_login(request, *args, **kwargs):
    """allauth's login; where only the provider signs people in, its form waits behind a link (KIM_OIDC_ONLY)."""
    only = settings.KIM_OIDC and settings.KIM_OIDC.only
    if only and request.method in ("GET", "HEAD") and "reserve" not in request.GET and request.user.is_anonymous:
        return render(request, "account/login_single_sign_on.html")
    return allauth_views.login(request, *args, **kwargs)


@login_not_required
@never_cache
@require_POST
def sso(request):
    _provider()
    return _begun(request)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@reauthentication_required(allow_get=True)
def sso_link(request):
    provider = _provider()
    if request.method == "POST":
        return _begun(request, link_for=request.user)
    return render(request, "account/sso_link.html", {"provider": provider, "links": sign_on.links_of(request.user)})


def _begun(request, **kwargs):
    if is_too_often("sso", address_of(request), most=MOST, seconds=60):
        return too_many(request)
    try:
        return sign_on.begin(request, **kwargs)
    except Refused as refused:
        return sign_on.refusal(request, refused)


@csrf_exempt  # what is sent here is believed only with the state kept in the session
@login_not_required
@never_cache
@require_http_methods(["GET", "POST"])
def sso_callback(request):
    _provider()
    return sign_on.around(request) if request.method == "POST" else sign_on.come_back(request)


@csrf_exempt
@login_not_required
@never_cache
@require_POST
def sso_backchannel(request):
    """The provider itself says whose session it ended; its signature is all that is believed."""
    _provider()
    if is_too_often("sso_backchannel", address_of(request), most=MOST, seconds=60):
        return too_many(request)
    try:
        sign_on.ended_by_provider(request.POST.get("logout_token", ""))
    except Refused as refused:
        return JsonResponse({"error": "invalid_request", "error_description": refused.kind}, status=400)
    return JsonResponse({})
