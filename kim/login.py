"""How people get in: accounts are made by administrators, nobody signs up."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


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

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Tries are counted per account, whatever address KIM was called by: allauth counts anew for each Host, and a
        port put behind the name makes a new one.
        """
        return str(credentials.get("email", credentials.get("username", ""))).lower()

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False
