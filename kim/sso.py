"""Single sign-on: who a person the provider vouches for is in KIM, and what is kept of that.

Nobody is created from a token and nothing is given by one: accounts and roles come from KIM alone. A person is found
once by what KIM_OIDC_LINK names; from then on only the provider's subject counts. What is believed of a token at all
decides kim.oidc.
"""

import hashlib
import secrets
from typing import NamedTuple
from urllib.parse import urlencode

import structlog
from allauth.account.signals import user_logged_in
from allauth.account.utils import get_next_redirect_url
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.stages import AuthenticateStage
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialAccount, SocialApp
from allauth.socialaccount.providers.base import AuthError, AuthProcess
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.contrib import messages
from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse

from kim import oidc, sign_ins, trail
from kim.access import keeps_accounts
from kim.accounts import why_closed
from kim.models import ProviderSession, SignIn, User
from kim.oidc import Refused
from kim.rules import demand
from kim.workflow import StepRefused

log = structlog.get_logger("kim.sso")

#: What a session holds of a sign-in at the provider: id_token, sid, sub, end_session, second_factor.
KEPT = "single_sign_on"


class Words(NamedTuple):
    """What a refusal says: what happened, and what to do now."""

    heading: str
    happened: str
    now: str
    status: int = 403


AGAIN = "Bitte beginnen Sie die Anmeldung noch einmal."
TO_IT = "Bleibt es dabei, nennen Sie der IT Ihres Hauses bitte das Kennzeichen unten."
TO_ADMINISTRATION = "Bitte wenden Sie sich an die Verwaltung von KIM in Ihrem Kreis."
NOT_VALID = "Die Anmeldung wurde nicht angenommen"
NOT_FOUND = "Ihr Konto wurde nicht gefunden"

WORDS: dict[str, Words] = {
    # the way there and back
    "unreachable": Words(
        "Der Anmeldedienst antwortet nicht",
        "Der Anmeldedienst Ihres Hauses ist zurzeit nicht zu erreichen.",
        f"Bitte versuchen Sie es in einigen Minuten noch einmal. {TO_IT}",
        503,
    ),
    "provider": Words(NOT_VALID, "Der Anmeldedienst hat anders geantwortet, als KIM es erwartet.", f"{AGAIN} {TO_IT}"),
    "client": Words(
        NOT_VALID, "Der Anmeldedienst kennt KIM nicht oder nicht mehr mit dem eingetragenen Geheimnis.", TO_IT
    ),
    "cancelled": Words("Sie haben die Anmeldung abgebrochen", "Es wurde nichts geändert.", AGAIN),
    "state": Words(
        "Diese Anmeldung gilt nicht mehr",
        "Sie wurde schon benutzt, ist älter als zehn Minuten oder wurde in einem anderen Fenster begonnen.",
        AGAIN,
        400,
    ),
    "code": Words(
        "Diese Anmeldung gilt nicht mehr", "Der Anmeldedienst hat sie schon einmal bestätigt oder verworfen.", AGAIN
    ),
    # the token
    "no_token": Words(NOT_VALID, "Der Anmeldedienst hat keine Bestätigung mitgeschickt.", TO_IT),
    "malformed": Words(NOT_VALID, "Die Bestätigung des Anmeldedienstes ist unvollständig.", f"{AGAIN} {TO_IT}"),
    "unsigned": Words(NOT_VALID, "Die Bestätigung ist nicht unterschrieben.", TO_IT),
    "algorithm": Words(NOT_VALID, "Die Bestätigung ist auf eine Weise unterschrieben, die KIM nicht annimmt.", TO_IT),
    "key": Words(
        NOT_VALID, "Die Bestätigung ist mit einem Schlüssel unterschrieben, den der Anmeldedienst nicht führt.", TO_IT
    ),
    "signature": Words(NOT_VALID, "Die Unterschrift der Bestätigung stimmt nicht.", TO_IT),
    "issuer": Words(NOT_VALID, "Die Bestätigung stammt von einem anderen Anmeldedienst.", TO_IT),
    "audience": Words(NOT_VALID, "Die Bestätigung ist für eine andere Anwendung ausgestellt.", TO_IT),
    "expired": Words(NOT_VALID, "Die Bestätigung des Anmeldedienstes ist abgelaufen.", f"{AGAIN} {TO_IT}"),
    "early": Words(
        NOT_VALID, "Die Bestätigung gilt erst später: Die Uhren von KIM und Anmeldedienst gehen auseinander.", TO_IT
    ),
    "nonce": Words(NOT_VALID, "Die Bestätigung gehört zu einer anderen Anmeldung.", f"{AGAIN} {TO_IT}"),
    "subject": Words(NOT_VALID, "Der Anmeldedienst nennt zwei verschiedene Personen.", TO_IT),
    # the person
    "unknown": Words(
        NOT_FOUND,
        "Der Anmeldedienst hat Sie bestätigt, aber Ihr Konto ist in KIM noch nicht angelegt.",
        f"Konten legt die Verwaltung an. {TO_ADMINISTRATION}",
    ),
    "not_linked": Words(
        NOT_FOUND,
        "Der Anmeldedienst hat Sie bestätigt, aber er ist noch mit keinem Konto in KIM verbunden.",
        "Melden Sie sich mit Benutzername und Kennwort an und verbinden Sie Ihr Konto dann selbst.",
    ),
    "unverified": Words(
        NOT_FOUND,
        "Der Anmeldedienst nennt keine bestätigte E-Mail-Adresse zu Ihrem Konto.",
        "Bitte lassen Sie die IT Ihres Hauses Ihre E-Mail-Adresse dort bestätigen.",
    ),
    "other_subject": Words(
        "Ihr Konto ist schon verbunden",
        "Ihr Konto in KIM gehört zu einer anderen Kennung beim Anmeldedienst.",
        f"Das kommt vor, wenn dort ein Konto neu angelegt wurde. {TO_ADMINISTRATION}",
    ),
    "taken": Words(
        "Diese Kennung ist schon verbunden",
        "Ihre Kennung beim Anmeldedienst gehört schon zu einem anderen Konto in KIM.",
        TO_ADMINISTRATION,
    ),
    "local": Words(
        "Bitte melden Sie sich über den Anmeldedienst an",
        "Mit Benutzername und Kennwort melden sich in Ihrem Kreis nur die Reservekonten an.",
        f"{AGAIN} Sind Sie beim Anmeldedienst nicht bekannt, hilft die IT Ihres Hauses.",
    ),
}


def chosen() -> oidc.Provider:
    """The provider of this installation; raises SocialApp.DoesNotExist where none is configured."""
    if settings.KIM_OIDC is None:
        raise SocialApp.DoesNotExist("no provider is configured")
    return settings.KIM_OIDC


def refusal(request: HttpRequest, refused: Refused) -> HttpResponse:
    """The page that says why somebody was not let in; the log gets the kind alone."""
    words = WORDS[refused.kind]
    log.warning("single sign-on refused", kind=refused.kind)
    context = {"words": words, "mark": f"SSO-{refused.kind}"}
    answer = render(request, "account/single_sign_on_refused.html", context, status=words.status)
    answer["Cache-Control"] = "no-store"
    return answer


# The way to the provider and back, as allauth walks it


class Connection(OpenIDConnectOAuth2Adapter):
    """allauth's client of a provider, with kim.oidc for everything that is asked and believed."""

    #: What was kept when this sign-in began; the callback sets it.
    begun: dict

    @property
    def openid_config(self):
        if not hasattr(self, "_openid_config"):
            self._openid_config = oidc.discover(chosen())
        return self._openid_config

    def get_provider(self):
        return SignOn(self.request, app=_app())

    def get_callback_url(self, request, app):
        return f"{settings.BASE_URL}{reverse('sso_callback')}"

    def get_access_token_data(self, request, app, client, pkce_code_verifier=None):
        callback = self.get_callback_url(request, app)
        code = request.GET.get("code", "")
        return oidc.redeem(chosen(), self.openid_config, code, pkce_code_verifier or "", callback)

    def parse_token(self, data):
        """None: no access or refresh token is kept, not even while somebody is asked for a second factor."""
        return None

    def complete_login(self, request, app, token, **kwargs):
        provider, about, tokens = chosen(), self.openid_config, kwargs["response"]
        keys = oidc.keys_of(about)
        claims = oidc.identity(
            tokens["id_token"], provider=provider, about=about, keys=keys, nonce=self.begun.get("nonce", "")
        )
        login = self.get_provider().sociallogin_from_response(request, claims)
        self.begun[KEPT] = {
            "id_token": tokens["id_token"],
            "sub": claims["sub"],
            "sid": sid if isinstance(sid := claims.get("sid"), str) else "",
            "end_session": about.get("end_session_endpoint"),
            "second_factor": oidc.had_second_factor(provider, claims),
        }
        if not SocialAccount.objects.filter(provider=provider.realm, uid=login.account.uid).exists():
            login.first_time = _told_by(provider, about, tokens, claims)
        return login


class SignOn(OpenIDConnectProvider):
    """The one provider of this installation."""

    oauth2_adapter_class = Connection
    pkce_enabled_default = True

    @property
    def sub_id(self):
        return chosen().realm

    def extract_uid(self, data):
        uid = data.get(chosen().uid_claim)
        if not isinstance(uid, str) or not 0 < len(uid) <= 191 or "\x00" in uid:
            raise Refused("malformed")
        return uid

    def extract_extra_data(self, data):
        """Of all that a token tells, KIM keeps the subject alone: a back-channel logout names it."""
        return {"sub": data["sub"]}

    def extract_common_fields(self, data):
        return {}

    def extract_email_addresses(self, data):
        return []


def _app() -> SocialApp:
    provider = chosen()
    return SocialApp(
        provider=SignOn.id,
        provider_id=provider.realm,
        name=provider.name,
        client_id=provider.client_id,
        secret=provider.client_secret,
    )


def begin(request: HttpRequest, *, link_for: User | None = None) -> HttpResponse:
    """Send somebody to the provider: to sign in, or to have their account linked with who they are there.

    Nothing in the request chooses scopes, parameters or the kind of act, as it may in allauth's own views.
    """
    asked = {"nonce": secrets.token_urlsafe(32)}
    if chosen().mode != "query":
        asked["response_mode"] = chosen().mode
    if link_for:  # who sits there may be signed in at the provider as whoever sat there before
        asked["prompt"] = "login"
    return SignOn(request, app=_app()).redirect(
        request,
        process=AuthProcess.LOGIN,
        next_url=get_next_redirect_url(request),
        scope=["openid", "profile", "email"],
        auth_params=asked,
        nonce=asked["nonce"],
        link_for=link_for.pk if link_for else None,
    )


class Return(OAuth2CallbackView):
    """Somebody comes back from the provider; what was kept when they left is used up by that."""

    def _get_state(self, request, provider):
        state, answer = super()._get_state(request, provider)
        self.adapter.begun = state
        return state, answer


def around(request: HttpRequest) -> HttpResponse:
    """What the provider sends as a form comes once more as an address: browsers send our cookie with that alone.

    The form comes from another house, so the cookie (SameSite=Lax) is not with it; nothing is read or kept here.
    """
    sent = {name: request.POST[name][:4000] for name in ("code", "state", "iss", "error") if name in request.POST}
    answer = HttpResponseRedirect(f"{reverse('sso_callback')}?{urlencode(sent)}")
    answer.status_code = 303
    return answer


def come_back(request: HttpRequest) -> HttpResponse:
    """Sign in whoever the provider sends back, or say why not."""
    try:
        if request.GET.get("iss", chosen().issuer).rstrip("/") != chosen().issuer.rstrip("/"):
            raise Refused("issuer")
        return Return.adapter_view(Connection(request, chosen().realm))(request)
    except Refused as refused:
        return refusal(request, refused)


class SignOnAdapter(DefaultSocialAccountAdapter):
    """What allauth asks about people who come from a provider. Every no is a page in words."""

    def list_apps(self, request, provider=None, client_id=None):
        """From the environment alone; allauth's table of providers stays empty."""
        return [_app()] if settings.KIM_OIDC else []

    def get_provider(self, request, provider, client_id=None):
        return SignOn(request, app=_app())

    def is_open_for_signup(self, request, sociallogin):
        return False

    def pre_social_login(self, request, sociallogin):
        try:
            if whose := sociallogin.state.get("link_for"):
                raise ImmediateHttpResponse(_linked(request, sociallogin, whose))
            if not sociallogin.is_existing:
                user = _first_time(sociallogin.account, getattr(sociallogin, "first_time", {}))
                sociallogin.user = sociallogin.account.user = user
        except Refused as refused:
            raise ImmediateHttpResponse(refusal(request, refused)) from None

    def on_authentication_error(self, request, provider, error=None, exception=None, extra_context=None):
        if error == AuthError.CANCELLED:
            kind = "cancelled"
        elif exception is None and "state_id" in (extra_context or {}):
            kind = "state"
        else:
            kind = "provider"
        raise ImmediateHttpResponse(refusal(request, Refused(kind)))


class SecondFactor(AuthenticateStage):
    """Asks for a second factor kept here, unless the provider asked for one and that is to count (KIM_OIDC_MFA)."""

    def _should_handle(self, request):
        sociallogin = (self.login.signal_kwargs or {}).get("sociallogin")
        kept = sociallogin.state.get(KEPT, {}) if sociallogin else {}
        return not kept.get("second_factor") and super()._should_handle(request)


# Who it is


def _told_by(provider, about, tokens, claims) -> dict:
    """What finds a person the first time: the token's claims, where they lack it the provider's other answer."""
    wanted = {"email": "email", "username": provider.username_claim}.get(provider.link)
    if wanted and not claims.get(wanted):
        told = {name: value for name, value in claims.items() if value not in (None, "")}
        return oidc.userinfo(about, tokens, claims["sub"]) | told
    return claims


def _first_time(account: SocialAccount, claims: dict) -> User:
    """The person these claims are about, found for the first time and, if the account is open, kept by the subject."""
    provider = chosen()
    if provider.link == "email":
        address = claims.get("email")
        if not isinstance(address, str) or not (provider.trusts_email or oidc.is_true(claims.get("email_verified"))):
            raise Refused("unverified")
        user = _only("email", address)
    elif provider.link == "username":
        user = _only("username", claims.get(provider.username_claim))
    else:
        raise Refused("not_linked")
    if not why_closed(user):  # else it is turned away, and linked with nobody (kim.login)
        _link(user, account, by=user)
    return user


def _only(name: str, given: object) -> User:
    """The one account whose e-mail address or user name this is, whatever its case.

    Databases hold more for equal than people do (K and the Kelvin sign): outside of ASCII only the very same counts.
    """
    if not isinstance(given, str) or not given.strip() or "\x00" in given:
        raise Refused("unknown")
    wanted = given.strip()
    found = [user for user in User.objects.filter(**{f"{name}__iexact": wanted}) if _equal(getattr(user, name), wanted)]
    if len(found) != 1:
        raise Refused("unknown")
    return found[0]


def _equal(one: str, other: str) -> bool:
    return one == other or (one.isascii() and other.isascii() and one.lower() == other.lower())


def _linked(request: HttpRequest, sociallogin, whose: int) -> HttpResponse:
    """Somebody who is signed in has shown who they are at the provider: keep that as theirs."""
    user: User = request.user  # type: ignore[assignment]
    if user.pk != whose or why_closed(user) or not sign_ins.is_alive(request):
        raise Refused("state")
    if sociallogin.is_existing and sociallogin.user != user:
        raise Refused("taken")
    if not sociallogin.is_existing:
        _link(user, sociallogin.account, by=user)
    _began_elsewhere(request, sociallogin)
    messages.success(request, f"Ihr Konto ist verbunden. Ab jetzt genügt „Anmelden mit {chosen().name}“.")
    return redirect("sso_link")


@transaction.atomic
def _link(user: User, account: SocialAccount, *, by: User) -> None:
    """Keep whose subject this is: one for each account, and no subject twice, whoever comes at the same time."""
    user = User.objects.select_for_update().get(pk=user.pk)
    if links_of(user):
        raise Refused("other_subject")
    account.user = user
    try:
        with transaction.atomic():
            account.save(force_insert=True)
    except IntegrityError:
        raise Refused("taken") from None
    trail.record("user.link_sso", user, by=by)


def links_of(user: User) -> list[SocialAccount]:
    """By which subject this account is known at the provider configured now: none or one."""
    provider = settings.KIM_OIDC
    return list(SocialAccount.objects.filter(user=user, provider=provider.realm)) if provider else []


@transaction.atomic
def unlink(user: User, by: User) -> None:
    """Forget by which subject the account is known at any provider; whoever came that way is signed out.

    The next sign-in from there finds its account anew. For administrators alone. Raises StepRefused
    where there is nothing to forget.
    """
    demand(keeps_accounts, by)
    gone, _ = SocialAccount.objects.filter(user=user).delete()
    if not gone:
        raise StepRefused("Dieses Konto ist mit keinem Anmeldedienst verbunden.")
    trail.record("user.unlink_sso", user, by=by)
    SignIn.objects.filter(user=user, elsewhere__isnull=False).delete()
    user.forget_standing()


# Sessions


@receiver(user_logged_in, dispatch_uid="kim.sso")
def _keep(sender, request, user, **kwargs) -> None:
    """The session remembers how to sign out at the provider; nothing of that is kept anywhere else."""
    if sociallogin := kwargs.get("sociallogin"):
        _began_elsewhere(request, sociallogin)


def _began_elsewhere(request: HttpRequest, sociallogin) -> None:
    kept = sociallogin.state[KEPT]
    request.session[KEPT] = kept
    request.session[sign_ins.FACTOR_ELSEWHERE] = kept["second_factor"]
    called = {"realm": chosen().realm, "sub": kept["sub"], "sid": kept["sid"]}
    ProviderSession.objects.update_or_create(sign_in_id=request.session[sign_ins.KEY], defaults=called)


def turned_away(request: HttpRequest, user: User, signal_kwargs: dict | None) -> HttpResponse | None:
    """Where only the provider signs people in (KIM_OIDC_ONLY): the page for somebody who came by a password."""
    provider = settings.KIM_OIDC
    if not provider or (signal_kwargs or {}).get("sociallogin") or provider.lets_in_locally(user.get_username()):
        return None
    return refusal(request, Refused("local"))


def logout_address(request: HttpRequest) -> str:
    """Where to go to sign out at the provider as well; empty for somebody who did not come from there."""
    kept = request.session.get(KEPT, {})
    if not settings.KIM_OIDC or not oidc.is_safe(kept.get("end_session")):
        return ""
    back = f"{settings.BASE_URL}{reverse('account_login')}"
    return oidc.logout_address(kept["end_session"], id_token=kept["id_token"], client_id=chosen().client_id, back=back)


def ended_by_provider(token: str) -> int:
    """End the sessions a logout token names (OpenID Connect Back-Channel Logout); of how many people.

    Raises Refused where the token is not believed, also where it was used before.
    """
    provider = chosen()
    about = oidc.discover(provider)
    claims = oidc.ended(token, provider=provider, about=about, keys=oidc.keys_of(about))
    # Kept as long as the token could be believed.
    seconds = max(1, int(claims["exp"] - claims["iat"])) + 2 * oidc.LEEWAY
    mark = hashlib.sha256(claims["jti"].encode()).hexdigest()
    if not cache.add(f"sso:ended:{mark}", 1, min(seconds, 24 * 3600)):
        raise Refused("code")
    named = {f"elsewhere__{name}": claims[name] for name in ("sub", "sid") if name in claims}
    rows = SignIn.objects.filter(elsewhere__realm=provider.realm, **named)
    with transaction.atomic():
        people = list(User.objects.filter(pk__in=rows.values("user")))
        for user in people:
            trail.record("user.end_by_provider", user, by=None)
        rows.delete()
    return len(people)
