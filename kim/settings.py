"""Settings from the environment, with safe defaults that need nothing but Python.

Every variable is described in `.env.example`; `KIM_ENV=production` is strict about what must be set.
"""

import hashlib
import ipaddress
import os
import re
import secrets
from pathlib import Path
from urllib.parse import urlsplit

import dj_database_url
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from kim import oidc
from kim.logs import logging_config

BASE_DIR = Path(__file__).resolve().parent.parent


def flag(name: str, default: bool = False) -> bool:
    """A yes/no variable; empty counts as not set."""
    value = os.environ.get(name, "").strip().lower()
    if not value:
        return default
    if value in {"1", "true", "yes", "on", "ja"}:
        return True
    if value in {"0", "false", "no", "off", "nein"}:
        return False
    raise ImproperlyConfigured(f"{name}={value!r} ist weder ja noch nein. Bitte 1 oder 0 angeben.")


def number(name: str, default: int) -> int:
    """A positive whole number; empty counts as not set."""
    value = os.environ.get(name, "").strip()
    if not value:
        return default
    if not value.isdecimal() or int(value) < 1:
        raise ImproperlyConfigured(f"{name}={value!r} ist keine ganze Zahl größer als null.")
    return int(value)


def words(name: str) -> list[str]:
    return [word.strip() for word in os.environ.get(name, "").split(",") if word.strip()]


def secret(name: str) -> str:
    """A secret from the variable `name`, or from the file `<name>_FILE` names; empty where neither is set."""
    if value := os.environ.get(name, "").strip():
        return value
    if not (named := os.environ.get(f"{name}_FILE", "").strip()):
        return ""
    try:
        value = Path(named).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ImproperlyConfigured(f"{name}_FILE={named} lässt sich nicht lesen ({error.strerror}).") from None
    if not value:
        raise ImproperlyConfigured(f"{name}_FILE={named} ist leer.")
    return value


def networks(name: str, *, strict: bool = True) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    """Addresses and networks („10.0.0.5, 172.16.0.0/12“). What is neither is refused, or left out if not `strict`."""
    found = []
    for word in words(name):
        try:
            found.append(ipaddress.ip_network(word, strict=False))
        except ValueError:
            if strict:
                raise ImproperlyConfigured(f"{name}: {word!r} ist weder Adresse noch Netz (10.0.0.0/8).") from None
    return found


#: What people leave standing where a secret belongs.
PLACEHOLDERS = (
    "changeme",
    "change-me",
    "change_me",
    "example",
    "beispiel",
    "insecure",
    "password",
    "kennwort",
    "geheim",
)
FEWEST_SIGNS = 10


def demand_strong(name: str, key: str, *, shortest: int) -> None:
    """Refuse, in words and without the key, what can be guessed: short, of few signs, or a placeholder."""
    if len(key) < shortest:
        what = f"hat nur {len(key)} Zeichen, nötig sind mindestens {shortest}"
    elif len(set(key)) < FEWEST_SIGNS:
        what = "wiederholt immer dieselben Zeichen"
    elif any(word in key.lower() for word in PLACEHOLDERS):
        what = "sieht aus wie ein Platzhalter"
    else:
        return
    raise ImproperlyConfigured(
        f"{name} ist zu schwach: Der Schlüssel {what}. Bitte einen zufälligen angeben, etwa aus "
        'python3 -c "import secrets; print(secrets.token_urlsafe(64))"'
    )


def demand_strong_password(name: str, address: str) -> None:
    """The same for the password in an address; one without a password (a socket, a trusted network) passes."""
    parts = urlsplit(address)
    word = (parts.password or "").lower()
    if word and (len(word) < 8 or word == parts.username or any(one in word for one in PLACEHOLDERS)):
        raise ImproperlyConfigured(
            f"Das Kennwort in {name} ist zu schwach: Bitte mindestens 8 zufällige Zeichen, kein Platzhalter."
        )


def secret_key(data_dir: Path, production: bool) -> str:
    """What sessions and links are signed with."""
    return _key("KIM_SECRET_KEY", "secret-key", "geheimen Schlüssel", data_dir, production)


def files_key(data_dir: Path, production: bool) -> str:
    """What files at rest are encrypted with (kim.files). Whoever loses it loses the files."""
    key = _key("KIM_FILES_KEY", "files-key", "Schlüssel für abgelegte Dateien", data_dir, production)
    return _long("KIM_FILES_KEY", key)


def trail_key(data_dir: Path, production: bool) -> str:
    """What rows of the trail are marked, linked and signed with (kim.trail_marks). Whoever loses it proves nothing."""
    key = _key("KIM_TRAIL_KEY", "trail-key", "Schlüssel für das Protokoll", data_dir, production)
    return _long("KIM_TRAIL_KEY", key)


def factors_key() -> str:
    """What secrets of second factors are encrypted with (kim.factors); "" where what signs sessions does for both."""
    key = secret("KIM_FACTORS_KEY")
    return _long("KIM_FACTORS_KEY", key) if key else ""


def _long(name: str, key: str) -> str:
    if len(key) < 40:
        raise ImproperlyConfigured(f"{name} ist zu kurz: Bitte mindestens 40 zufällige Zeichen angeben.")
    return key


def _key(name: str, file_name: str, what: str, data_dir: Path, production: bool) -> str:
    """The secret `name`; where none is set, the embedded default makes one and keeps it as `file_name`.

    Two processes that start at once agree: the file is created exclusively, the later one reads it.
    """
    if key := secret(name):
        return key
    if production:
        raise ImproperlyConfigured(
            f"KIM startet im Betrieb (KIM_ENV=production) nicht ohne {what}: Bitte {name} "
            f"oder {name}_FILE setzen. (Set {name} or {name}_FILE.)"
        )
    kept = data_dir / file_name
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        if kept.exists():
            return kept.read_text(encoding="utf-8").strip()
        key = secrets.token_urlsafe(64)
        fresh = data_dir / f".{file_name}-{os.getpid()}-{secrets.token_hex(4)}"
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(key)
        try:
            os.link(fresh, kept)  # refuses to replace: whoever is first decides
        except FileExistsError:
            key = kept.read_text(encoding="utf-8").strip()
        finally:
            fresh.unlink()
    except OSError as error:
        raise ImproperlyConfigured(
            f"In den Datenordner {data_dir} lässt sich nicht schreiben ({error.strerror}). "
            "Bitte Rechte prüfen oder mit KIM_DATA_DIR einen anderen Ordner angeben."
        ) from None
    return key


def mfa_roles(production: bool, demo: bool) -> frozenset[str]:
    """Whose accounts have to have a second factor: as named, else all in production and none in a demo."""
    named = [word.lower() for word in words("KIM_MFA_ROLES")]
    return frozenset(named or (["alle"] if production and not demo else [])) - {"keine"}


# Where and how it runs
ENVIRONMENT = os.environ.get("KIM_ENV", "").strip() or "embedded"
if ENVIRONMENT not in {"embedded", "production"}:
    raise ImproperlyConfigured(f"KIM_ENV={ENVIRONMENT!r} ist unbekannt: embedded oder production.")
PRODUCTION = ENVIRONMENT == "production"
DEBUG = flag("KIM_DEBUG")
if PRODUCTION and DEBUG:
    raise ImproperlyConfigured("KIM_DEBUG ist im Betrieb (KIM_ENV=production) nicht erlaubt.")
DATA_DIR = Path(os.environ.get("KIM_DATA_DIR", "").strip() or BASE_DIR / "var").resolve()
SECRET_KEY = secret_key(DATA_DIR, PRODUCTION)
FILES_KEY = files_key(DATA_DIR, PRODUCTION)
TRAIL_KEY = trail_key(DATA_DIR, PRODUCTION)
if PRODUCTION:
    for name, key, shortest in (
        ("KIM_SECRET_KEY", SECRET_KEY, 50),
        ("KIM_FILES_KEY", FILES_KEY, 40),
        ("KIM_TRAIL_KEY", TRAIL_KEY, 40),
    ):
        demand_strong(name, key, shortest=shortest)
    if len({SECRET_KEY, FILES_KEY, TRAIL_KEY}) < 3:
        raise ImproperlyConfigured(
            "Zwei von KIM_SECRET_KEY, KIM_FILES_KEY und KIM_TRAIL_KEY sind derselbe Schlüssel. Bitte drei verschiedene "
            "angeben: Der erste darf gewechselt werden, die anderen nie."
        )
FILES_DIR = DATA_DIR / "files"
PORT = number("PORT", 8000)
if PRODUCTION and not os.environ.get("KIM_BASE_URL", "").strip():
    raise ImproperlyConfigured("KIM startet im Betrieb (KIM_ENV=production) nicht ohne KIM_BASE_URL.")
BASE_URL = (os.environ.get("KIM_BASE_URL", "").strip() or f"http://localhost:{PORT}").rstrip("/")
if urlsplit(BASE_URL).scheme not in {"http", "https"} or not urlsplit(BASE_URL).hostname:
    raise ImproperlyConfigured(f"KIM_BASE_URL={BASE_URL!r} ist keine Adresse wie https://kim.example.org.")
BEHIND_TLS = BASE_URL.startswith("https://")
if PRODUCTION and not BEHIND_TLS and urlsplit(BASE_URL).hostname not in {"localhost", "127.0.0.1", "::1"}:
    raise ImproperlyConfigured(
        f"KIM_BASE_URL={BASE_URL}: Im Betrieb (KIM_ENV=production) ist KIM nur über https:// erreichbar."
    )
if PRODUCTION and any(host.startswith(("*", ".")) for host in words("KIM_HOSTS")):
    raise ImproperlyConfigured("KIM_HOSTS nennt jeden beliebigen Namen. Bitte die Namen einzeln angeben.")
# The local names stay allowed: health checks ask from the machine itself.
ALLOWED_HOSTS = list(
    dict.fromkeys(
        [
            *words("KIM_HOSTS"),
            str(urlsplit(BASE_URL).hostname),
            "localhost",
            "127.0.0.1",
            "[::1]",
        ]
    )
)
KIM_DEMO = flag("KIM_DEMO", default=not PRODUCTION)

# What it is built of
INSTALLED_APPS = [
    "kim",
    "steering",
    "casework",
    "funding",
    "reports",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "crispy_forms",
    "crispy_bootstrap5",
    "template_partials",
    "django_htmx",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "csp",
]
MIDDLEWARE = [
    "kim.middleware.RequestLog",
    # Before everything that may answer by itself: no file, redirect or error goes out without its headers.
    "kim.middleware.ResponseHeaders",
    "csp.middleware.CSPMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "kim.middleware.Sessions",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "kim.middleware.IdleSession",
    "kim.middleware.LoginRequired",
    "kim.throttle.Throttle",
    "kim.middleware.OnlyActs",
    "kim.middleware.TwoWindows",
    "kim.middleware.BodyLimit",
    "allauth.account.middleware.AccountMiddleware",
]
ROOT_URLCONF = "kim.urls"
WSGI_APPLICATION = "kim.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "kim.navigation.navigation",
            ]
        },
    }
]
FORM_RENDERER = "kim.form_rendering.Renderer"
# Columns beside the key of an index are left out on SQLite, where they would only make a page quicker.
SILENCED_SYSTEM_CHECKS = ["models.W040"]

CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"
CRISPY_FAIL_SILENTLY = False
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# One database, two engines. IMMEDIATE is not optional: without it two writers end in "database is locked".
DATABASE_URL = secret("DATABASE_URL")
if PRODUCTION:
    demand_strong_password("DATABASE_URL", DATABASE_URL)
if DATABASE_URL:
    #: Behind a pooler that gives each transaction another connection (pgbouncer): nothing may outlast a transaction.
    POOLED = flag("KIM_DATABASE_POOLED")
    DATABASES = {
        "default": dj_database_url.parse(
            DATABASE_URL,
            conn_max_age=0 if POOLED else 600,
            conn_health_checks=True,
            disable_server_side_cursors=POOLED,
        ),
    }
    if DATABASES["default"]["ENGINE"].endswith("postgresql") and not POOLED:
        # Compiling a query takes PostgreSQL half a second, where the longest of ours runs for some milliseconds.
        # What is prepared (kim.together) is planned once: planning „Heute“ takes four times as long as running it.
        once = "-c jit=off -c plan_cache_mode=force_generic_plan"
        DATABASES["default"].setdefault("OPTIONS", {}).setdefault("options", once)
        # A server that does not answer at all is given up after seconds, not after the minutes of the system: no page
        # hangs. (The last one in milliseconds: what was sent and is not acknowledged.)
        waits = {
            "connect_timeout": 5, "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3,
            "tcp_user_timeout": 30_000,
        }  # fmt: skip
        for name, seconds in waits.items():
            DATABASES["default"]["OPTIONS"].setdefault(name, seconds)
else:
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": str(DATA_DIR / "kim.sqlite3"),
            "CONN_MAX_AGE": 600,
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
            },
        }
    }

# A replica that figures are read from (kim.replica); everything else, and all writing, stays with the first one
KIM_REPORTS_MAX_LAG = number("KIM_REPORTS_MAX_LAG", 300)
if reports_url := secret("KIM_REPORTS_DATABASE_URL"):
    if not DATABASE_URL:
        raise ImproperlyConfigured("KIM_REPORTS_DATABASE_URL ohne DATABASE_URL: Eine Lesekopie braucht PostgreSQL.")
    DATABASES["reports"] = dj_database_url.parse(
        reports_url,
        conn_max_age=0 if POOLED else 600,
        conn_health_checks=True,
        disable_server_side_cursors=POOLED,
    )
    if DATABASES["reports"]["ENGINE"] != DATABASES["default"]["ENGINE"]:
        raise ImproperlyConfigured("KIM_REPORTS_DATABASE_URL muss dieselbe Datenbank sein wie DATABASE_URL.")
    if DATABASES["reports"]["ENGINE"].endswith("postgresql"):
        # One that is away must not hold up pages: it is then not read.
        DATABASES["reports"].setdefault("OPTIONS", {}).setdefault("connect_timeout", 3)
        if not POOLED:
            DATABASES["reports"]["OPTIONS"].setdefault("options", DATABASES["default"]["OPTIONS"]["options"])
    DATABASES["reports"]["TEST"] = {"MIRROR": "default"}
    DATABASE_ROUTERS = ["kim.replica.Router"]
    MIDDLEWARE.insert(MIDDLEWARE.index("kim.middleware.OnlyActs"), "kim.replica.ReadYourOwn")

# Broker and the cache all processes share (login throttling counts in it)
REDIS_URL = secret("REDIS_URL")
if PRODUCTION:
    demand_strong_password("REDIS_URL", REDIS_URL)
CELERY_BROKER_URL = REDIS_URL or f"sqla+sqlite:///{DATA_DIR / 'broker.sqlite3'}"
CACHES: dict[str, dict[str, object]]
if REDIS_URL:
    CACHES = {
        "default": {
            "BACKEND": "kim.caches.SharedCache",
            "LOCATION": REDIS_URL,
            "OPTIONS": {
                "serializer": "kim.signed_cache.SignedSerializer",
                "socket_connect_timeout": 1,
                "socket_timeout": 1,
            },
            # what was put there under another key, or by an older version, is not ours to read
            "KEY_PREFIX": hashlib.sha256(f"cache {SECRET_KEY}".encode()).hexdigest()[:8],
        }
    }
else:
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.db.DatabaseCache",
            "LOCATION": "kim_cache",
        }
    }

# People and their sessions
AUTH_USER_MODEL = "kim.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}", "OPTIONS": options}
    for name, options in [
        ("UserAttributeSimilarityValidator", {}),
        ("MinimumLengthValidator", {"min_length": 12}),
        ("CommonPasswordValidator", {}),
        ("NumericPasswordValidator", {}),
    ]
]
PASSWORD_RESET_TIMEOUT = 24 * 60 * 60
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "account_login"
IDLE_MINUTES = number("KIM_IDLE_MINUTES", 30)
SESSION_COOKIE_AGE = IDLE_MINUTES * 60  # slides: kim.middleware.IdleSession
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
# Under TLS no other host and no page without TLS can set or overwrite a cookie with this prefix.
COOKIE_PREFIX = "__Host-" if BEHIND_TLS else ""
SESSION_COOKIE_NAME = f"{COOKIE_PREFIX}kim_session"
SESSION_COOKIE_HTTPONLY = True
SESSION_SERIALIZER = "django.contrib.sessions.serializers.JSONSerializer"
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_NAME = f"{COOKIE_PREFIX}kim_csrf"
CSRF_COOKIE_HTTPONLY = False  # a page takes the new token from it after signing in again (static/js/drafts.js)
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "kim.errors.csrf_failure"
CSRF_TRUSTED_ORIGINS = [BASE_URL]

ACCOUNT_ADAPTER = "kim.login.ClosedAdapter"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email*", "password1*", "password2*"]
ACCOUNT_UNIQUE_EMAIL = True
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_LOGIN_ON_PASSWORD_RESET = False
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if BEHIND_TLS else "http"
# A town hall shares one address: generous per address, strict per account.
ACCOUNT_RATE_LIMITS = {
    "login": "60/m/ip",
    "login_failed": "30/m/ip,5/300s/key",
    "reset_password": "20/m/ip,3/m/key",
    "change_password": "5/m/user",
    "reauthenticate": "10/m/user",
}
MFA_RATE_LIMITS = {"webauthn_login": "60/m/ip"}
ALLAUTH_TRUSTED_PROXY_COUNT = len(words("KIM_PROXIES"))
#: What kim.throttle allows, times this: for a house that automates its work with many accounts.
KIM_RATE_FACTOR = number("KIM_RATE_FACTOR", 1)

# The second factor, and who has to have one (kim.accounts, kim.factors)
MFA_ADAPTER = "kim.factors.Adapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_USER_VERIFICATION = "preferred"
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_ALLOW_UNVERIFIED_EMAIL = True  # addresses are kept by administrators, nobody enters an own one
MFA_FORMS = {
    "add_webauthn": "kim.factors.AddPasskeyForm",
    "authenticate_webauthn": "kim.factors.PasskeyForm",
    "edit_webauthn": "kim.factors.NameForm",
    "login_webauthn": "kim.factors.SignInForm",
    "reauthenticate_webauthn": "kim.factors.ConfirmForm",
}
#: Codes of roles, or „alle“; checked when the application starts (kim.apps). Empty: nobody has to.
KIM_MFA_ROLES = mfa_roles(PRODUCTION, KIM_DEMO)
#: Secrets of factors are encrypted with this; empty: with what is derived from SECRET_KEY.
KIM_FACTORS_KEY = factors_key()

# Single sign-on: a provider that speaks OpenID Connect (kim.oidc, kim.sso, docs/single-sign-on.md)
KIM_OIDC = oidc.configured(
    production=PRODUCTION,
    name=os.environ.get("KIM_OIDC_NAME", "").strip(),
    issuer=os.environ.get("KIM_OIDC_ISSUER", "").strip(),
    client_id=os.environ.get("KIM_OIDC_CLIENT_ID", "").strip(),
    client_secret=secret("KIM_OIDC_CLIENT_SECRET"),
    uid_claim=os.environ.get("KIM_OIDC_UID_CLAIM", "").strip(),
    link=os.environ.get("KIM_OIDC_LINK", "").strip(),
    username_claim=os.environ.get("KIM_OIDC_USERNAME_CLAIM", "").strip(),
    mode=os.environ.get("KIM_OIDC_RESPONSE_MODE", "").strip(),
    trusts_email=flag("KIM_OIDC_TRUST_EMAIL"),
    counts_factors=flag("KIM_OIDC_MFA"),
    factors=words("KIM_OIDC_MFA_VALUES"),
    only=flag("KIM_OIDC_ONLY"),
    reserve=words("KIM_OIDC_RESERVE"),
    passed=words("KIM_OIDC_ORIGINS"),
)
SOCIALACCOUNT_ADAPTER = "kim.sso.SignOnAdapter"
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_AUTO_SIGNUP = False
SOCIALACCOUNT_EMAIL_AUTHENTICATION = False

# Headers
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        # Chromium holds this against every redirect a form leads to: signing in and out leads to the provider.
        "form-action": [SELF, *(KIM_OIDC.origins if KIM_OIDC else [])],
        "base-uri": [NONE],
        "object-src": [NONE],
        "frame-ancestors": [NONE],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
if BEHIND_TLS:
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
    SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
if proxy_header := os.environ.get("KIM_PROXY_TLS_HEADER", "").strip():
    SECURE_PROXY_SSL_HEADER = (
        "HTTP_" + proxy_header.upper().replace("-", "_"),
        "https",
    )

# What one request may carry
FILE_UPLOAD_HANDLERS = ["kim.uploads.SealedHandler"]
#: All texts of a form. Far more than the longest field takes: what is too long is then said at its field, text kept.
DATA_UPLOAD_MAX_MEMORY_SIZE = 4 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 500
DATA_UPLOAD_MAX_NUMBER_FILES = 10
#: A file may have so many megabytes; a body a little more.
KIM_FILE_MB = number("KIM_FILE_MB", 10)
KIM_FILE_MAX = KIM_FILE_MB * 1024 * 1024

# The trail: how many years its rows are kept, and where the signed anchor of each day is sent (its key stands above)
TRAIL_YEARS = number("KIM_TRAIL_YEARS", 10)
ANCHOR_TO = os.environ.get("KIM_ANCHOR_TO", "").strip()
if ANCHOR_TO and not re.fullmatch(r"[^@\s]+@[^@\s]+", ANCHOR_TO):
    raise ImproperlyConfigured(f"KIM_ANCHOR_TO={ANCHOR_TO!r} ist keine Mailadresse.")

# What the county says of itself
#: Who answers for this installation, as the declaration of accessibility names it: one line each.
KIM_CONTACT = [line.strip() for line in os.environ.get("KIM_CONTACT", "").split("|") if line.strip()]
#: The register of processing reads this in place of data/datenschutz.yaml.
KIM_PRIVACY_FILE = os.environ.get("KIM_PRIVACY_FILE", "").strip()
#: A Word file status reports are written on, in place of templates/print/status.docx (docs/reports.md).
KIM_LETTERHEAD = os.environ.get("KIM_LETTERHEAD", "").strip()

# German, on German time
LANGUAGE_CODE = "de"
LANGUAGES = [("de", "Deutsch")]
TIME_ZONE = "Europe/Berlin"
USE_I18N = True
USE_TZ = True

# Files
STATIC_URL = "/static/"
STATIC_ROOT = Path(os.environ.get("KIM_STATIC_ROOT", "").strip() or DATA_DIR / "static")
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_KEEP_ONLY_HASHED_FILES = True
WHITENOISE_ALLOW_ALL_ORIGINS = False
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": (
            "django.contrib.staticfiles.storage.StaticFilesStorage"
            if DEBUG
            else "whitenoise.storage.CompressedManifestStaticFilesStorage"
        )
    },
}

# Backups (docs/backup.md): where they go, who can read them, how many stay
BACKUP_DIR = os.environ.get("KIM_BACKUP_DIR", "").strip()
#: Public keys of those who can read backups (manage.py make_backup_key); the private ones are kept elsewhere.
BACKUP_PUBLIC_KEYS = words("KIM_BACKUP_PUBLIC_KEY")
#: The newest backup of so many days, weeks and months stays.
BACKUP_KEEP = os.environ.get("KIM_BACKUP_KEEP", "").strip() or "7,4,12"
#: A restore is rehearsed by the timetable when the last good rehearsal is so many days old.
BACKUP_REHEARSALS = flag("KIM_BACKUP_REHEARSALS", default=True)
BACKUP_REHEARSE_DAYS = number("KIM_BACKUP_REHEARSE_DAYS", 7)
#: Whether what sessions and links are signed with goes into the backup too.
BACKUP_SECRET_KEY = flag("KIM_BACKUP_WITH_SECRET_KEY")
#: Another PostgreSQL server for rehearsals, whose account may make databases; a password may stand in it.
REHEARSAL_DATABASE_URL = secret("KIM_REHEARSAL_DATABASE_URL")

# Mail: every mail is a row first (kim.mail); this says how rows leave the house
EMAIL_BACKEND = "kim.mail.OutboxBackend"
EMAIL_HOST = os.environ.get("EMAIL_HOST", "").strip()
EMAIL_PORT = number("EMAIL_PORT", 25)
EMAIL_HOST_USER = os.environ.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = secret("EMAIL_HOST_PASSWORD")
EMAIL_USE_TLS = flag("EMAIL_USE_TLS")
EMAIL_USE_SSL = flag("EMAIL_USE_SSL")
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = os.environ.get("KIM_MAIL_FROM", "").strip() or f"KIM <kim@{urlsplit(BASE_URL).hostname}>"
SERVER_EMAIL = DEFAULT_FROM_EMAIL
KIM_MAIL_TRANSPORT = os.environ.get("KIM_MAIL_TRANSPORT", "").strip() or ("smtp" if EMAIL_HOST else "files")
if KIM_MAIL_TRANSPORT not in {"smtp", "files"}:
    raise ImproperlyConfigured(f"KIM_MAIL_TRANSPORT={KIM_MAIL_TRANSPORT!r} ist unbekannt: smtp oder files.")

# Operation: numbers of requests, slow statements, figures for the monitoring, mails about errors
#: Whose X-Request-ID is believed: the proxies in front (their number is what counts for throttles, see above).
PROXY_NETWORKS = networks("KIM_PROXIES", strict=False)
#: Statements that take so many milliseconds are logged, without values.
KIM_SLOW_MS = number("KIM_SLOW_MS", 500)
#: Who may read /metrics: whoever names this token, or asks from one of these addresses; neither: there is no such page.
KIM_METRICS_TOKEN = secret("KIM_METRICS_TOKEN")
if KIM_METRICS_TOKEN and len(KIM_METRICS_TOKEN) < 20:
    raise ImproperlyConfigured("KIM_METRICS_TOKEN ist zu kurz: Bitte mindestens 20 zufällige Zeichen angeben.")
KIM_METRICS_FROM = networks("KIM_METRICS_FROM")
#: Who is told of errors by mail, without data; empty: nobody.
KIM_ADMINS = words("KIM_ADMINS")
for _address in KIM_ADMINS:
    if _address.count("@") != 1 or any(sign.isspace() for sign in _address):
        raise ImproperlyConfigured(f"KIM_ADMINS: {_address!r} ist keine Mailadresse.")

LOGGING = logging_config(os.environ.get("KIM_LOG_LEVEL", "").strip().upper() or "INFO")
LOGGING_CONFIG = "logging.config.dictConfig"
