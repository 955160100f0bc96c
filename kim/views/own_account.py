"""„Mein Konto“: factors, sessions, browsers and password of whoever is signed in; and the way in by invitation."""

from allauth.account.forms import SetPasswordForm
from allauth.account.internal.flows.login import record_authentication
from allauth.account.utils import perform_login
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kim import accounts, errors, sign_ins, sso
from kim.models import Device, SignIn
from kim.throttle import address_of, is_too_often
from kim.workflow import StepRefused

#: In the session: the key of an invitation, once it is out of the address.
INVITED = "invitation"
MOST, SECONDS = 30, 60


@require_safe
def account(request):
    user, totp, codes = request.user, None, None
    passkeys = []
    for factor in Authenticator.objects.filter(user=user).order_by("created_at", "pk"):
        if factor.type == Authenticator.Type.TOTP:
            totp = factor
        elif factor.type == Authenticator.Type.WEBAUTHN:
            passkeys.append(factor)
        else:
            codes = factor
    context = {
        "totp": totp,
        "passkeys": passkeys,
        "codes": codes,
        "codes_left": len(RecoveryCodes(codes).get_unused_codes()) if codes else 0,
        "needs_factor": accounts.needs_second_factor(user),
        "sessions": list(sign_ins.running(user)),
        "this": sign_ins.mine(request),
        "devices": list(Device.objects.filter(user=user).order_by("-last_at", "-pk")),
        "has_password": user.has_usable_password(),
        "links": sso.links_of(user),
    }
    return render(request, "kim/account.html", context)


@require_safe
def factor_setup(request):
    """Where those are led who need a second factor and have none."""
    if accounts.has_second_factor(request.user):
        return redirect("kim:account")
    needs = accounts.needs_second_factor(request.user)
    return render(request, "kim/factor_setup.html", {"needs_factor": needs})


@require_POST
def session_end(request, pk):
    row = get_object_or_404(SignIn, pk=pk, user=request.user)
    try:
        sign_ins.end(row, by=request.user)
    except StepRefused as refusal:
        messages.warning(request, str(refusal))
    else:
        messages.success(request, "Diese Anmeldung ist beendet.")
    return redirect("kim:account")


@require_POST
def session_end_others(request):
    number = sign_ins.end_others(request, request.user)
    messages.success(request, f"Beendet: {number}." if number else "Es gab keine andere Anmeldung.")
    return redirect("kim:account")


@require_POST
def device_forget(request, pk):
    sign_ins.forget(get_object_or_404(Device, pk=pk, user=request.user), by=request.user)
    messages.success(request, "Das Gerät ist vergessen. Die nächste Anmeldung damit wird Ihnen wieder gemeldet.")
    return redirect("kim:account")


# By invitation


@login_not_required
@require_safe
def invitation(request, token):
    """Takes the key out of the address, where histories and logs would keep it."""
    if is_too_often("invitation", address_of(request), most=MOST, seconds=SECONDS):
        return errors.too_many(request)
    request.session[INVITED] = token
    return redirect("kim:invitation_accept")


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def invitation_accept(request):
    """The first password, and with it the first sign-in."""
    token = str(request.session.get(INVITED, ""))
    row = accounts.invited(token) if token else None
    if row is None:
        return render(request, "kim/invitation_accept.html", {"form": None}, status=404)
    form, status = SetPasswordForm(data=request.POST if request.method == "POST" else None, user=row.user), 200
    if form.is_bound:
        status = 422
        if form.is_valid():
            try:
                user = accounts.accept(token, form.cleaned_data["password1"])
            except StepRefused as refusal:
                form.add_error(None, str(refusal))
            else:
                return _first_sign_in(request, user)
    return render(request, "kim/invitation_accept.html", {"form": form, "account": row.user}, status=status)


def _first_sign_in(request, user):
    request.session.flush()
    record_authentication(request, user, method="invitation")
    return perform_login(request, user, redirect_url="/")
