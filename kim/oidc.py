"""OpenID Connect as KIM speaks it: what is configured, what is asked of the provider, what is believed of its answers.

Nothing here knows an account; who somebody is in KIM decides kim.sso. Sources: OpenID Connect Core 1.0 (3.1.3.7),
Discovery 1.0, RP-Initiated Logout 1.0, Back-Channel Logout 1.0 (2.6), RFC 9207. What allauth's provider leaves open
(docs/single-sign-on.md has the list) is closed here: signature and algorithm, nonce, the issuer that was configured.
"""

import ipaddress
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_plus, urlencode, urlsplit

from django.core.exceptions import ImproperlyConfigured

WELL_KNOWN = "/.well-known/openid-configuration"
#: Seconds for the connection, and for each part of an answer.
TIMEOUT = (3.05, 5)
#: Seconds two clocks may differ.
LEEWAY = 60
#: Signatures anybody can check and only the provider can make. „none“ and the HMAC family (HS…) are not among them.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
BACKCHANNEL = "http://schemas.openid.net/event/backchannel-logout"
LINKS = ("email", "username", "none")
#: How the provider sends people back. AD FS puts claims of ours into the ID token only where it is a form.
MODES = ("query", "form_post")
#: What `amr` or `acr` says where the provider asked for a second factor: RFC 8176, and AD FS and Entra.
MULTIPLE_FACTORS = ("mfa", "http://schemas.microsoft.com/claims/multipleauthn")


class Refused(Exception):
    """An answer that is not believed, or none; `kind` is a key of kim.sso.WORDS."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


@dataclass(frozen=True)
class Provider:
    """Who signs people in, as the environment names it; `configured` makes one or refuses to start."""

    name: str
    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    uid_claim: str = "sub"
    link: str = "none"
    username_claim: str = "preferred_username"
    mode: str = "query"
    trusts_email: bool = False
    counts_factors: bool = False
    factors: Sequence[str] = MULTIPLE_FACTORS
    only: bool = False
    reserve: Sequence[str] = ()
    passed: Sequence[str] = ()

    @property
    def realm(self) -> str:
        """Where a subject is unique: another issuer, or another claim, may give the same one to somebody else."""
        return self.issuer if self.uid_claim == "sub" else f"{self.issuer}#{self.uid_claim}"

    @property
    def origins(self) -> list[str]:
        """Where a form of ours may lead: the browser follows the rule along every redirect."""
        return list(dict.fromkeys([origin(self.issuer), *self.passed]))

    def lets_in_locally(self, username: str) -> bool:
        return not self.only or username in self.reserve


def configured(*, production: bool, **given: Any) -> Provider | None:
    """The provider these variables (KIM_OIDC_…, in lower case) name; None where none is named.

    Raises ImproperlyConfigured with what to do where some are set and others that they need are not.
    """
    needed = {name: given.get(name, "") for name in ("name", "issuer", "client_id", "client_secret")}
    if not any(needed.values()):
        if given.get("only"):
            raise ImproperlyConfigured("KIM_OIDC_ONLY=1 braucht einen Anmeldedienst: Bitte KIM_OIDC_ISSUER setzen.")
        return None
    if missing := [f"KIM_OIDC_{name.upper()}" for name, value in needed.items() if not value]:
        raise ImproperlyConfigured(
            f"Der Anmeldedienst ist nur halb eingerichtet: Bitte {', '.join(missing)} setzen "
            "oder alle Variablen KIM_OIDC_… leeren."
        )
    filled = {name: value for name, value in given.items() if value}
    filled["issuer"] = filled["issuer"].removesuffix(WELL_KNOWN)
    found = Provider(**filled)
    if not is_safe(found.issuer):
        raise ImproperlyConfigured(f"KIM_OIDC_ISSUER={found.issuer!r} ist keine Adresse, die mit https:// beginnt.")
    if production and not found.issuer.startswith("https://"):
        raise ImproperlyConfigured("KIM_OIDC_ISSUER muss im Betrieb (KIM_ENV=production) mit https:// beginnen.")
    if found.link not in LINKS:
        raise ImproperlyConfigured(f"KIM_OIDC_LINK={found.link!r} ist unbekannt: {', '.join(LINKS)}.")
    if found.mode not in MODES:
        raise ImproperlyConfigured(f"KIM_OIDC_RESPONSE_MODE={found.mode!r} ist unbekannt: {', '.join(MODES)}.")
    if len(found.realm) > 200:
        raise ImproperlyConfigured("KIM_OIDC_ISSUER ist zu lang: Mit KIM_OIDC_UID_CLAIM höchstens 200 Zeichen.")
    if len(found.name) > 40:
        raise ImproperlyConfigured("KIM_OIDC_NAME ist zu lang: höchstens 40 Zeichen.")
    if wrong := [there for there in found.passed if not is_safe(there) or origin(there) != there]:
        raise ImproperlyConfigured(f"KIM_OIDC_ORIGINS: {wrong[0]!r} ist keine Herkunft wie https://sts.example.org.")
    if found.only and not found.reserve:
        raise ImproperlyConfigured(
            "KIM_OIDC_ONLY=1 braucht mindestens ein Reservekonto: Bitte KIM_OIDC_RESERVE mit Benutzernamen setzen, "
            "die sich auch ohne Anmeldedienst anmelden dürfen."
        )
    return found


def origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def is_safe(address: object) -> bool:
    """Whether what is sent there can be read by nobody on the way: TLS, or this machine."""
    if not isinstance(address, str):
        return False
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        return False
    if parts.username or not host:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and _is_this_machine(host))


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


# What is asked of the provider


def discover(provider: Provider) -> dict[str, Any]:
    """What the provider says about itself. Its issuer must be ours, its addresses must be safe."""
    found = _ask("get", provider.issuer.rstrip("/") + WELL_KNOWN)
    issuer = found.get("issuer")
    if not isinstance(issuer, str) or issuer.rstrip("/") != provider.issuer.rstrip("/"):
        raise Refused("issuer")
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
        if not is_safe(found.get(name)):
            raise Refused("provider")
    return found


def redeem(provider: Provider, about: dict[str, Any], code: str, verifier: str, callback: str) -> dict[str, Any]:
    """The tokens a code is worth; a code that was redeemed before, or with another verifier, is worth none."""
    sent = {"grant_type": "authorization_code", "code": code, "redirect_uri": callback, "code_verifier": verifier}
    methods = about.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    auth = None
    if "client_secret_basic" in methods:
        # Both parts are form-encoded first (RFC 6749, 2.3.1): a colon in the id would end it.
        auth = (quote_plus(provider.client_id), quote_plus(provider.client_secret))
    else:
        sent |= {"client_id": provider.client_id, "client_secret": provider.client_secret}
    found = _ask("post", about["token_endpoint"], data=sent, auth=auth, on_400="code", on_401="client")
    if not isinstance(found.get("id_token"), str):
        raise Refused("no_token")
    return found


def keys_of(about: dict[str, Any]) -> list[dict[str, Any]]:
    keys = _ask("get", about["jwks_uri"]).get("keys")
    return [key for key in keys if isinstance(key, dict)] if isinstance(keys, list) else []


def userinfo(about: dict[str, Any], tokens: dict[str, Any], subject: str) -> dict[str, Any]:
    """What the provider tells about `subject` beside the token; nothing where it offers that nowhere.

    An answer about somebody else is refused: the access token is not bound to the ID token.
    """
    address, access = about.get("userinfo_endpoint"), tokens.get("access_token")
    if not isinstance(access, str) or not is_safe(address):
        return {}
    found = _ask("get", address, headers={"Authorization": f"Bearer {access}"}, on_401="provider")
    if found.get("sub") != subject:
        raise Refused("subject")
    return found


def _ask(method: str, address: Any, *, on_400="provider", on_401="provider", **sent: Any) -> dict[str, Any]:
    """A JSON object from the provider; redirects are not followed, they could carry the secret elsewhere."""
    import requests

    try:
        # Certificates are checked against the system's (REQUESTS_CA_BUNDLE adds a town hall's own).
        answer = requests.request(method, address, timeout=TIMEOUT, allow_redirects=False, **sent)
        if answer.status_code >= 500 or answer.status_code == 429:
            raise Refused("unreachable")
        if answer.status_code in (400, 401):
            raise Refused(on_400 if answer.status_code == 400 else on_401)
        found = answer.json() if answer.status_code == 200 else None
    except requests.JSONDecodeError:
        found = None
    except (requests.RequestException, ValueError):  # ValueError: an address requests cannot make sense of
        raise Refused("unreachable") from None
    if not isinstance(found, dict):
        raise Refused("provider")
    return found


# What is believed of its answers


def identity(
    token: str, *, provider: Provider, about: dict[str, Any], keys: Sequence[dict[str, Any]], nonce: str
) -> dict[str, Any]:
    """The claims of an ID token made by this provider, for us, for this very sign-in, and still valid."""
    claims = _claims(token, provider, about, keys, required=("iss", "sub", "aud", "exp", "iat"))
    if not nonce or not _same(claims.get("nonce"), nonce):
        raise Refused("nonce")
    return claims


def ended(token: str, *, provider: Provider, about: dict[str, Any], keys: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The claims of a logout token: whose sessions (`sub`), or which one (`sid`), the provider has ended."""
    claims = _claims(token, provider, about, keys, required=("iss", "aud", "exp", "iat", "jti"))
    events = claims.get("events")
    if not isinstance(events, dict) or not isinstance(events.get(BACKCHANNEL), dict):
        raise Refused("malformed")
    # An ID token must not pass for one.
    names = [claims[name] for name in ("jti", "sub", "sid") if name in claims]
    if "nonce" in claims or len(names) < 2 or not all(isinstance(name, str) for name in names):
        raise Refused("malformed")
    return claims


def _claims(token, provider, about, keys, *, required) -> dict[str, Any]:
    import jwt

    try:
        header = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError):
        raise Refused("malformed") from None
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm.lower() == "none":
        raise Refused("unsigned")
    if algorithm not in ALGORITHMS:
        raise Refused("algorithm")
    key = _key(keys, header.get("kid"), algorithm)
    try:
        claims = jwt.decode(
            token,
            key=key,
            algorithms=[algorithm],
            audience=provider.client_id,
            issuer=about["issuer"],
            leeway=LEEWAY,
            options={"require": list(required)},
        )
    except jwt.ExpiredSignatureError:
        raise Refused("expired") from None
    except jwt.ImmatureSignatureError:
        raise Refused("early") from None
    except jwt.InvalidIssuerError:
        raise Refused("issuer") from None
    except jwt.InvalidAudienceError:
        raise Refused("audience") from None
    except jwt.InvalidSignatureError:
        raise Refused("signature") from None
    except (jwt.PyJWTError, ValueError, TypeError):
        raise Refused("malformed") from None
    # Made for several: then it says to whom it was given (Core 3.1.3.7, 4 and 5).
    several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if claims.get("azp", None if several else provider.client_id) != provider.client_id:
        raise Refused("audience")
    return claims


def _key(keys, kid, algorithm):
    """The provider's key of that name, made for this algorithm; without a name only where there is but one."""
    import jwt

    fitting = [
        key
        for key in keys
        if key.get("use", "sig") == "sig"
        and key.get("alg", algorithm) == algorithm
        and key.get("kty") in ("RSA", "EC", "OKP")
        and (kid is None or key.get("kid") == kid)
    ]
    if len(fitting) != 1:
        raise Refused("key")
    try:
        return jwt.PyJWK(fitting[0], algorithm=algorithm)
    except (jwt.PyJWTError, ValueError, TypeError, KeyError):
        raise Refused("key") from None


def _same(given: object, expected: str) -> bool:
    return isinstance(given, str) and secrets.compare_digest(given.encode(), expected.encode())


def had_second_factor(provider: Provider, claims: dict[str, Any]) -> bool:
    """Whether the provider asked for more than a password, and we were told to count that (KIM_OIDC_MFA)."""
    methods = claims.get("amr")
    said = [*methods] if isinstance(methods, list) else [methods]
    return provider.counts_factors and any(one in provider.factors for one in [*said, claims.get("acr")])


def is_true(value: object) -> bool:
    """`email_verified`: a yes or no, which some providers write as a word."""
    return value is True or value == "true"


def logout_address(end_session: str, *, id_token: str, client_id: str, back: str) -> str:
    query = urlencode({"id_token_hint": id_token, "client_id": client_id, "post_logout_redirect_uri": back})
    return f"{end_session}{'&' if '?' in end_session else '?'}{query}"
