"""The second factor: allauth's, with its secrets encrypted, our words, and forms that no odd answer breaks."""

import base64
import secrets
from functools import lru_cache
from typing import TYPE_CHECKING

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn import forms as allauth_forms
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.safestring import mark_safe

from kim.models import County

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet

#: What a browser sends about a passkey is some hundred signs long, with an attestation a few thousand.
LONGEST = 20_000
WRONG = "Das hat nicht gepasst. Bitte versuchen Sie es noch einmal."


class Adapter(DefaultMFAAdapter):
    error_messages = DefaultMFAAdapter.error_messages | {
        "cannot_delete_authenticator": "Der zweite Faktor lässt sich nicht entfernen.",
        "cannot_generate_recovery_codes": "Ersatzcodes gibt es, sobald ein zweiter Faktor eingerichtet ist.",
        "incorrect_code": "Der Code stimmt nicht oder gilt nicht mehr. Bitte nehmen Sie den nächsten.",
    }

    def get_totp_label(self, user):
        return user.username

    def get_totp_issuer(self):
        return self._get_site_name()

    def _get_site_name(self):
        return f"KIM {County.current().name}".strip()

    def build_totp_svg(self, url: str) -> str:
        """As markup for the page: an image by a data: address would break the Content-Security-Policy."""
        _, _, drawing = super().build_totp_svg(url).partition("?>")
        return mark_safe(drawing.strip().replace("<svg", '<svg role="img" aria-label="QR-Code"', 1))  # noqa: S308

    def generate_authenticator_name(self, user, type):
        number = Authenticator.objects.filter(user_id=user.pk, type=type).count() + 1
        return f"Passkey {number}"

    def encrypt(self, text: str) -> str:
        return _cipher(settings.KIM_FACTORS_KEY, settings.SECRET_KEY).encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """What cannot be read (the keys are others now) becomes a secret nobody knows: it accepts no code."""
        from cryptography.fernet import InvalidToken

        try:
            return _cipher(settings.KIM_FACTORS_KEY, settings.SECRET_KEY).decrypt(encrypted_text.encode()).decode()
        except InvalidToken:
            return base64.b32encode(secrets.token_bytes(20)).decode()


@lru_cache(maxsize=8)
def _cipher(*keys: str) -> "MultiFernet":
    """Writes with the first key that is set and reads with any of them; each is derived, none is used as it is."""
    from cryptography.fernet import Fernet, MultiFernet
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    def derived(key: str) -> bytes:
        return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"kim.factors").derive(key.encode())

    return MultiFernet([Fernet(base64.urlsafe_b64encode(derived(key))) for key in keys if key])


class Answer(forms.JSONField):
    """What the browser says about a passkey. Whoever sends something else is told, whatever it is."""

    widget = forms.HiddenInput

    def to_python(self, value):
        if isinstance(value, str) and len(value) > LONGEST:
            raise ValidationError(WRONG)
        try:
            found = super().to_python(value)
        except (RecursionError, ValidationError) as error:
            raise ValidationError(WRONG) from error
        if not isinstance(found, dict):
            raise ValidationError(WRONG)
        return found


#: Taking apart what a browser sent: each of these says that it was nothing a browser sends.
ODD = (TypeError, ValueError, KeyError, AttributeError, IndexError, OverflowError, RecursionError)


class AddPasskeyForm(allauth_forms.AddWebAuthnForm):
    """Always a passkey that knows its owner by itself, so that it may be used without name and password."""

    name = forms.CharField(label="Name", max_length=60, required=False)
    passwordless = None  # wished for from every browser (static/js/passkeys.js)
    credential = Answer(error_messages={"required": WRONG})

    def clean(self):
        try:
            return super().clean()
        except ODD as error:
            raise ValidationError(WRONG) from error


class _Answered(allauth_forms.AuthenticateWebAuthnForm):
    credential = Answer(error_messages={"required": WRONG})

    def clean_credential(self):
        try:
            return super().clean_credential()
        except ODD as error:
            raise ValidationError(WRONG) from error


class PasskeyForm(_Answered):
    """As the second step of signing in."""


class SignInForm(_Answered, allauth_forms.LoginWebAuthnForm):
    """Signing in with a passkey alone."""


class ConfirmForm(_Answered, allauth_forms.ReauthenticateWebAuthnForm):
    """Before something is changed that protects the account."""


class NameForm(allauth_forms.EditWebAuthnForm):
    name = forms.CharField(label="Name", max_length=60)
