"""How people get in: accounts are made by administrators, nobody signs up."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest

from kim import sso


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

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def pre_login(self, request, user, **kwargs):
        answer = super().pre_login(request, user, **kwargs)
        return answer or sso.turned_away(request, user, kwargs.get("signal_kwargs"))

    def get_login_stages(self):
        ours = {"allauth.mfa.stages.AuthenticateStage": "kim.sso.SecondFactor"}
        return [ours.get(stage, stage) for stage in super().get_login_stages()]

    def get_logout_redirect_url(self, request: HttpRequest) -> str:
        return sso.logout_address(request) or super().get_logout_redirect_url(request)
