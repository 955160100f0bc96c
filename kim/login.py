"""How people get in and out: accounts are made by administrators, nobody signs up. What happened is on the trail.

Nothing that was typed is kept or logged, neither names that do not exist nor passwords.
"""

import time
from typing import Any
from urllib.parse import urlsplit

from allauth.account import app_settings
from allauth.account import signals as account
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import clear_authentication_records, get_authentication_records
from allauth.mfa import signals as mfa
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth import signals as auth
from django.db.models.signals import post_save
from django.dispatch import receiver
from django.http import HttpRequest
from django.shortcuts import render
from django.utils import timezone

from kim import sign_ins, sso, trail
from kim.accounts import why_closed
from kim.models import SignIn, User

#: What allauth calls the ways to confirm that it is still the same person.
WAYS = {
    "reauthenticate": "Mit dem Kennwort",
    "mfa_reauthenticate": "Mit einem Code",
    "mfa_reauthenticate:webauthn": "Mit einem Passkey",
}


class ClosedAdapter(DefaultAccountAdapter):
    #: Where allauth's German says du, or Passwort.
    error_messages = DefaultAccountAdapter.error_messages | {
        "account_inactive": "Dieses Konto ist zurzeit gesperrt.",
        "email_password_mismatch": "E-Mail-Adresse oder Kennwort stimmt nicht.",
        "username_password_mismatch": "Benutzername oder Kennwort stimmt nicht.",
        "enter_current_password": "Bitte geben Sie Ihr jetziges Kennwort ein.",
        "incorrect_password": "Das Kennwort stimmt nicht.",
        "invalid_login": "Benutzername oder Kennwort stimmt nicht.",
        "invalid_password_reset": "Dieser Link gilt nicht mehr. Bitte fordern Sie einen neuen an.",
        "too_many_login_attempts": "Zu viele Versuche. Bitte warten Sie einige Minuten, dann geht es weiter.",
        "unknown_email": "Zu dieser E-Mail-Adresse gibt es kein Konto.",
        "same_as_current": "Das neue Kennwort muss ein anderes sein als das jetzige.",
        "rate_limited": "Das wurde zu oft versucht. Bitte warten Sie einige Minuten.",
    }

    def get_reset_password_from_key_url(self, key: str) -> str:
        """The link in the mail: to KIM_BASE_URL, whatever host the request named."""
        return settings.BASE_URL + urlsplit(super().get_reset_password_from_key_url(key)).path

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Tries are counted per account, whatever address KIM was called by: allauth counts anew for each Host, and a
        port put behind the name makes a new one.
        """
        return str(credentials.get("email", credentials.get("username", ""))).lower()

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def pre_login(self, request, user, **kwargs):
        """Asked when name and password (or passkey, or single sign-on) fit, before the second factor."""
        user.forget_standing()
        if words := why_closed(user):
            clear_authentication_records(request)
            trail.record("user.refuse_sign_in", user, by=None, note="Konto geschlossen")
            return render(request, "account/account_inactive.html", {"words": words}, status=403)
        return sso.turned_away(request, user, kwargs["signal_kwargs"]) or super().pre_login(request, user, **kwargs)

    def get_login_stages(self):
        ours = {"allauth.mfa.stages.AuthenticateStage": "kim.sso.SecondFactor"}
        return [ours.get(stage, stage) for stage in super().get_login_stages()]

    def get_logout_redirect_url(self, request: HttpRequest) -> str:
        return sso.logout_address(request) or super().get_logout_redirect_url(request)

    def authentication_failed(self, request, **credentials):
        name, address = credentials.get("username"), credentials.get("email")
        known = User.objects.filter(email__iexact=address) if address else User.objects.filter(username__iexact=name)
        if user := known.first():
            trail.record("user.fail_sign_in", user, by=None, note="Kennwort")

    def logout(self, request):
        if request.user.is_authenticated:
            trail.record("user.sign_out", request.user, by=request.user)
            sign_ins.finish(request)
        super().logout(request)

    def is_reauthentication_required(self, *, app, **kwargs):
        """Somebody who signed in a few minutes ago has just shown who they are, and is not asked again."""
        steps = get_authentication_records(self.request, self.request.user)
        if steps and time.time() - steps[-1]["at"] < app_settings.REAUTHENTICATION_TIMEOUT:
            return False
        return super().is_reauthentication_required(app=app, **kwargs)

    def get_reauthentication_methods(self, user):
        ways = super().get_reauthentication_methods(user)
        return [way | {"description": WAYS.get(way["id"], way["description"])} for way in ways]

    def send_notification_mail(self, template_prefix, user, context=None, email=None):
        """That something about the account has changed: when and with which browser, but from no address."""
        if user.email:
            told = {"timestamp": timezone.now(), "browser": sign_ins.browser_of(self.request)}
            self.send_mail(template_prefix, user.email, told | (context or {}))


@receiver(auth.user_logged_in, dispatch_uid="kim.sign_ins.begin")
def _begin(sender, request, user, **kwargs):
    sign_ins.begin(request, user)


@receiver(account.user_logged_in, dispatch_uid="kim.login.signed_in")
def _signed_in(sender, request, response, user, **kwargs):
    trail.record("user.sign_in", user, by=user, note=_with_what(request))
    sign_ins.recognise(request, response, user)


def _with_what(request: HttpRequest) -> str:
    """„Kennwort, Code“: the steps of this sign-in."""
    records = request.session.get("account_authentication_methods") or []
    words = {"password": "Kennwort", "socialaccount": "Single Sign-on", "invitation": "Einladung"}
    factors = {"totp": "Code", "webauthn": "Passkey", "recovery_codes": "Ersatzcode"}
    used = [factors.get(one.get("type", ""), "") or words.get(one["method"], "") for one in records]
    return ", ".join(dict.fromkeys(filter(None, used)))


@receiver([account.password_changed, account.password_set], dispatch_uid="kim.login.password_changed")
def _password_changed(sender, request, user, **kwargs):
    trail.record("user.change_password", user, by=user)
    sign_ins.end_others(request, user)


@receiver(account.password_reset, dispatch_uid="kim.login.password_reset")
def _password_reset(sender, request, user, **kwargs):
    trail.record("user.reset_password", user, by=user)
    SignIn.objects.filter(user=user).delete()


FACTOR_WORDS = {
    Authenticator.Type.TOTP: "Code aus einer App",
    Authenticator.Type.WEBAUTHN: "Passkey",
    Authenticator.Type.RECOVERY_CODES: "Ersatzcodes",
}


@receiver(post_save, sender=Authenticator, dispatch_uid="kim.login.factor_added")
def _factor_added(sender, instance, created, **kwargs):
    """In the transaction that adds it; nobody but its owner ever does."""
    if created:
        is_codes = instance.type == Authenticator.Type.RECOVERY_CODES
        act, note = ("user.make_codes", "") if is_codes else ("user.add_factor", FACTOR_WORDS[instance.type])
        trail.record(act, instance.user, by=instance.user, note=note)


@receiver(mfa.authenticator_removed, dispatch_uid="kim.login.factor_removed")
def _factor_removed(sender, user, authenticator, **kwargs):
    trail.record("user.remove_factor", user, by=user, note=FACTOR_WORDS[authenticator.type])


@receiver(mfa.authentication_failed, dispatch_uid="kim.login.factor_failed")
def _factor_failed(sender, user, authenticator, **kwargs):
    trail.record("user.fail_sign_in", user, by=None, note="zweiter Faktor")
