"""What holds for every address, every answer and every line of code, whoever wrote it (docs/security.md)."""

import ast
import json
import logging
import re
from functools import cache
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import settings
from django.contrib.auth.hashers import MD5PasswordHasher
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.core.signing import BadSignature
from django.test import Client
from django.urls import path

from casework.forms.network import ActorForm
from kim import celery, logs, uploads
from kim.models import Mail, Role, User
from kim.signed_cache import SignedSerializer
from kim.urls import *  # noqa: F403, the handlers of errors are looked up in the root of the addresses
from kim.urls import urlpatterns as real
from reports.writing import file_name
from steering.forms.meetings import video_url
from steering.models import Issue
from tests.factories import user
from tests.test_hostile import named_routes

ROOT = Path(__file__).parents[2]
APPS = ("kim", "steering", "casework", "funding", "reports")
PASSWORD = "ein langes Kennwort"


def broken(request):
    raise ValueError(request.POST.get("name", ""))


urlpatterns = [path("broken/", broken), *real]


@pytest.fixture
def quiet(client, settings):
    settings.ROOT_URLCONF = __name__
    client.raise_request_exception = False
    return client


# Headers

#: On every answer. What is allowed says the policy: nothing from elsewhere, nothing written into the page.
HEADERS = {
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Robots-Tag": "noindex",
}


def lacking(response) -> list[str]:
    """The headers an answer should carry and does not."""
    found = [name for name, value in HEADERS.items() if value not in response.headers.get(name, "")]
    policy = response.headers.get("Content-Security-Policy", "")
    if "default-src 'none'" not in policy or "frame-ancestors 'none'" not in policy or "unsafe" in policy:
        found.append("Content-Security-Policy")
    if "camera=()" not in response.headers.get("Permissions-Policy", ""):
        found.append("Permissions-Policy")
    if response.headers.get("Referrer-Policy") not in ("same-origin", "no-referrer"):
        found.append("Referrer-Policy")
    return found


@pytest.mark.django_db
class TestHeaders:
    @pytest.mark.parametrize(
        ("method", "address", "status", "given"),
        [
            ("get", "/", 200, {}),
            ("get", "/konto/login/", 302, {}),
            ("get", "/steering/issues/export.csv", 200, {}),
            ("get", "/nowhere/", 404, {}),
            ("get", "/operation/", 403, {}),
            ("get", "/drafts/", 405, {}),
            ("get", "/broken/", 500, {}),
            ("get", "/static/kim.css", 200, {}),
            ("get", "/static/../kim/settings.py", 404, {}),
            ("get", "/static/nothing.js", 404, {}),
            ("get", "/healthz", 200, {}),
            ("get", "/calendar/unknown.ics", 404, {}),
            ("get", "/", 400, {"HTTP_HOST": "evil.example"}),
            ("generic", "/", 405, {}),
        ],
    )
    def test_every_kind_of_answer_carries_all_of_them(self, quiet, method, address, status, given):
        quiet.force_login(user(Role.COORDINATION))
        asked = quiet.generic("TRACE", address) if method == "generic" else quiet.get(address, **given)
        assert (asked.status_code, lacking(asked)) == (status, [])
        assert not asked.streaming or b"".join(asked.streaming_content)
        kept = address == "/static/kim.css"
        assert ("no-store" in asked.headers.get("Cache-Control", "")) is not kept
        assert not {"Server", "X-Powered-By"} & set(asked.headers)

    def test_a_redirect_to_tls_carries_them_too(self, client, settings):
        settings.SECURE_SSL_REDIRECT = True
        answer = Client().get("/")
        assert (answer.status_code, answer["Location"], lacking(answer)) == (301, "https://testserver/", [])

    def test_behind_tls_browsers_are_told_to_stay_there(self, settings):
        settings.SECURE_HSTS_SECONDS, settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = 365 * 24 * 3600, True
        answer = Client().get("/healthz", secure=True)
        assert answer["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"


@pytest.mark.django_db
def test_no_answer_lets_another_origin_read_it(client):
    client.force_login(user(Role.COORDINATION))
    for address in ("/", "/steering/issues/export.csv", "/healthz", "/static/kim.css"):
        answer = client.get(address, headers={"Origin": "https://evil.example"})
        assert not [name for name in answer.headers if name.lower().startswith("access-control-")]
        assert not answer.streaming or b"".join(answer.streaming_content)


UNUSED = ("PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND")


@pytest.mark.django_db
def test_no_address_knows_a_method_that_no_page_uses(client):
    for turn, (name, route, _) in enumerate(named_routes()):
        address = route_with(route)
        answer = client.generic(UNUSED[turn % len(UNUSED)], address)
        assert (answer.status_code, answer["Allow"], name) == (405, "GET, HEAD, POST", name)


def route_with(route: str) -> str:
    """The address with a number or a word where it wants one."""
    return re.sub(r"<int:\w+>", "1", re.sub(r"<(slug|str):\w+>", "csv", route))


# Forms

#: What a provider of single sign-on sends: no page of ours holds a token for it. One is only sent on as an address and
#: believed with the state of the session, the other is signed by the provider (tests/kim/test_sso.py).
SENT_FROM_ELSEWHERE = {"sso_callback", "sso_backchannel"}


@pytest.mark.django_db
def test_no_address_takes_a_post_without_its_token():
    """Asked one by one: a view that is exempt, or a middleware that answers first, fails here."""
    client = Client(enforce_csrf_checks=True)
    asked = 0
    for name, route, view in named_routes():
        assert getattr(view, "csrf_exempt", False) == (name in SENT_FROM_ELSEWHERE), name
        if "^" in route or name in SENT_FROM_ELSEWHERE:
            continue
        assert client.post(route_with(route), {"x": "1"}).status_code == 403, name
        asked += 1
    assert asked > 300


@pytest.mark.django_db
def test_a_token_from_another_page_is_refused():
    client = Client(enforce_csrf_checks=True)
    client.force_login(user(Role.CASE_MANAGER))
    client.get("/steering/issues/new/")
    token = client.cookies[settings.CSRF_COOKIE_NAME].value
    given = {"csrfmiddlewaretoken": token, "title": "Titel", "situation": "Lage"}
    evil = {"secure": True, "headers": {"Referer": "https://evil.example/", "Origin": "https://evil.example"}}
    assert client.post("/steering/issues/new/", given, **evil).status_code == 403
    assert not Issue.objects.exists()
    assert client.post("/steering/issues/new/", given).status_code == 302


@pytest.mark.django_db
def test_fields_that_are_on_no_form_change_nothing(client):
    """Mass assignment: forms are written field by field, and nothing else of a request reaches a row."""
    me, other = user(Role.CASE_MANAGER), user(Role.CASE_MANAGER)
    client.force_login(me)
    more = {"state": "solved", "number": "RSK-9999", "step_no": "7", "author": other.pk, "reported_by": other.pk,
            "id": "4711", "is_superuser": "1", "role": "admin"}  # fmt: skip
    client.post("/steering/issues/new/", {"title": "Wege", "situation": "Lange Wege.", **more})
    issue = Issue.objects.get()
    assert (issue.state, issue.pk == 4711, issue.number in (None, "")) == ("draft", False, True)
    me.refresh_from_db()
    assert not me.is_superuser
    assert Role.ADMIN not in me.roles


def test_no_form_is_made_of_a_model():
    """So that a new column is on no form before somebody puts it there."""
    for file in product():
        assert not re.search(r"\bModelForm\b|modelform_factory|modelformset", file.read_text()), file


# Sessions and signing in


@pytest.fixture
def account(db):
    return User.objects.create_user("probe", "probe@kreis.example", PASSWORD)


def sign_in(client, password=PASSWORD):
    return client.post("/konto/login/", {"login": "probe", "password": password})


class TestSession:
    def test_what_was_there_before_signing_in_is_not_taken_over(self, client, account):
        client.get("/konto/login/")
        session = client.session
        session["planted"] = "1"
        session.save()
        client.cookies[settings.SESSION_COOKIE_NAME] = session.session_key
        token = client.cookies[settings.CSRF_COOKIE_NAME].value
        sign_in(client)
        assert client.session.session_key != session.session_key
        assert not Session.objects.filter(pk=session.session_key).exists()
        assert client.cookies[settings.CSRF_COOKIE_NAME].value != token

    def test_a_session_that_was_ended_opens_nothing(self, client, account):
        sign_in(client)
        stolen = client.cookies[settings.SESSION_COOKIE_NAME].value
        client.post("/konto/logout/")
        thief = Client()
        thief.cookies[settings.SESSION_COOKIE_NAME] = stolen
        assert thief.get("/").status_code == 302

    def test_a_new_password_ends_the_others(self, client, account):
        sign_in(client)
        other = Client()
        sign_in(other)
        fresh = "ein ganz anderes Kennwort"
        client.post("/konto/password/change/", {"oldpassword": PASSWORD, "password1": fresh, "password2": fresh})
        account.refresh_from_db()
        assert account.check_password(fresh)
        assert other.get("/").status_code == 302

    def test_no_script_reads_the_cookie_and_no_other_site_sends_it(self, client, account):
        sign_in(client)
        cookie = client.cookies[settings.SESSION_COOKIE_NAME]
        assert (cookie["httponly"], cookie["samesite"], cookie["path"], cookie["domain"]) == (True, "Lax", "/", "")
        assert cookie["max-age"] == ""  # gone with the browser
        assert client.cookies[settings.CSRF_COOKIE_NAME]["samesite"] == "Lax"

    def test_no_address_holds_a_session(self):
        assert not [route for _, route, _ in named_routes() if "session_key" in route]


class CountingHasher(MD5PasswordHasher):
    """Counts how often it works: an answer that comes without it comes sooner, and tells that there is no account."""

    algorithm, worked = "counting", 0

    def encode(self, password, salt):
        type(self).worked += 1
        return super().encode(password, salt)


def without_tokens(text: str) -> str:
    return re.sub(r'csrfmiddlewaretoken" value="[^"]+"|"x-csrftoken": "\w+"', "", text)


class TestNobodyLearnsWhoHasAnAccount:
    def test_from_a_login_that_failed(self, client, settings, db):
        settings.PASSWORD_HASHERS = [f"{__name__}.CountingHasher"]
        User.objects.create_user("probe", "probe@kreis.example", PASSWORD)
        told, worked = [], []
        for name in ("probe", "niemand"):
            CountingHasher.worked = 0
            answer = client.post("/konto/login/", {"login": name, "password": "falsch"})
            told.append(without_tokens(answer.text.replace(name, "")))
            worked.append(CountingHasher.worked)
        assert told[0] == told[1]
        assert worked[0] == worked[1] > 0

    def test_from_a_forgotten_password(self, client, account):
        told = []
        for address in ("probe@kreis.example", "niemand@kreis.example"):
            answer = client.post("/konto/password/reset/", {"email": address}, follow=True)
            told.append((answer.redirect_chain, without_tokens(answer.text)))
        assert told[0] == told[1]
        assert Mail.objects.get().to == "probe@kreis.example"


# What is followed

ELSEWHERE = [
    "https://evil.example/", "//evil.example/", "///evil.example", "/\\evil.example", "\\\\evil.example",
    "https:evil.example", "javascript:alert(1)", "data:text/html,x", "http://testserver@evil.example/",
    "/%09/evil.example", "\t//evil.example", " https://evil.example", "https://evil.example\\@testserver/",
]  # fmt: skip


def leads_away(address: str) -> bool:
    """Whether a browser would leave our host: it strips tabs and newlines and reads \\ as /."""
    seen = re.sub(r"[\t\r\n]", "", address).strip().replace("\\", "/")
    return seen.startswith("//") or bool(re.match(r"[a-z][a-z0-9+.-]*:", seen, re.I)) and "//testserver/" not in seen


@pytest.mark.django_db
class TestNothingLeadsElsewhere:
    @pytest.mark.parametrize("there", ELSEWHERE)
    def test_after_signing_in_and_out(self, client, account, there):
        answer = client.post("/konto/login/", {"login": "probe", "password": PASSWORD, "next": there})
        assert answer.status_code == 302
        assert not leads_away(answer["Location"])
        assert not leads_away(client.post("/konto/logout/", {"next": there})["Location"])

    @pytest.mark.parametrize("there", ELSEWHERE)
    def test_by_what_a_browser_says_of_itself(self, client, there):
        there = there.replace("\t", "")
        for headers in ({"Referer": there}, {"HX-Request": "true", "HX-Current-URL": there}):
            answer = client.post("/drafts/", headers=headers)
            found = answer.headers.get("Location") or answer.headers["HX-Redirect"]
            assert not leads_away(found)
            assert not leads_away(parse_qs(urlsplit(found).query)["next"][0])

    @pytest.mark.parametrize("there", ELSEWHERE)
    def test_by_parameters_and_links_on_error_pages(self, quiet, there):
        quiet.force_login(user(Role.COORDINATION))
        saved = {"page": "steering:issue_list", "name": "x", "query": there}
        assert quiet.post("/filters/", saved)["Location"].startswith("/steering/issues/")
        wrong = quiet.post("/filters/", {"page": there, "name": "x"})
        assert wrong.status_code == 400
        lost = quiet.get("/nowhere/", headers={"Referer": there.strip()})
        assert "evil.example" not in lost.text

    def test_a_link_in_a_mail_leads_home_whatever_host_was_named(self, client, account, settings):
        settings.ALLOWED_HOSTS = ["*"]
        headers = {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
        client.post("/konto/password/reset/", {"email": "probe@kreis.example"}, headers=headers)
        mail = Mail.objects.get()
        assert "evil.example" not in f"{mail.subject} {mail.body}"
        assert re.search(rf"{re.escape(settings.BASE_URL)}/konto/password/reset/key/\S+", mail.body)

    def test_another_host_is_refused(self, quiet):
        for host in ("evil.example", "testserver.evil.example", "testserver@evil.example", "a b"):
            assert quiet.get("/konto/login/", HTTP_HOST=host).status_code == 400


def test_a_file_cannot_be_named_into_a_header_or_another_folder():
    for title in ("a\r\nSet-Cookie: x=1", '"; filename="x.exe', "../../etc/passwd", "=cmd", "\u202exe.slx", ""):
        assert re.fullmatch(r"[a-z0-9_-]+-\d{4}-\d\d-\d\d\.csv", file_name(title, "csv"))


def test_no_type_of_file_that_runs_in_a_browser_is_taken():
    assert {one.key for one in uploads.TYPES.values()} == {"pdf", "png", "jpg", "docx", "odt"}


# What is unpacked


class TestWhatIsUnpacked:
    def test_the_broker_and_the_sessions_hold_json(self):
        conf = celery.app.conf
        assert (conf.accept_content, conf.task_serializer, conf.result_serializer) == (["json"], "json", "json")
        assert settings.SESSION_SERIALIZER.endswith("JSONSerializer")

    @pytest.mark.parametrize("value", [{"a": [1, 2]}, "Text", True, None, 7, -3, 2.5])
    def test_a_cached_value_comes_back(self, value):
        kept = SignedSerializer().dumps(value)
        assert SignedSerializer().loads(str(kept).encode() if isinstance(kept, int) else kept) == value

    @pytest.mark.parametrize(
        "harm", [lambda data: data[:-1], lambda data: b"x" * 32 + data[32:], lambda data: data[32:]]
    )
    def test_what_is_not_ours_is_not_unpickled(self, harm):
        with pytest.raises(BadSignature):
            SignedSerializer().loads(harm(SignedSerializer().dumps({"a": 1})))

    @pytest.mark.needs("redis")
    def test_redis_holds_signed_values(self):
        from django.core.cache.backends.redis import RedisCache

        options = {"OPTIONS": {"serializer": "kim.signed_cache.SignedSerializer"}, "KEY_PREFIX": "hardening"}
        cache = RedisCache(settings.REDIS_URL, options)
        cache.set("a", ["x"], 60)
        assert (cache.get("a"), cache.add("n", 1, 60), cache.incr("n")) == (["x"], True, 2)
        client = cache._cache.get_client(None, write=True)
        client.set(cache.make_key("a"), b"cos\nsystem\n(S'true'\ntR.")
        with pytest.raises(BadSignature):
            cache.get("a")
        cache.delete_many(["a", "n"])


def test_a_line_of_the_log_stays_one_line():
    config = logs.logging_config("INFO")["formatters"]["json"]
    formatter = config["()"](processors=config["processors"], foreign_pre_chain=config["foreign_pre_chain"])
    forged = 'x\r\n{"event": "request", "status": 200}\x1b[31m\u2028y'
    line = formatter.format(logging.LogRecord("kim", 20, __file__, 1, "seen %s", (forged,), None))
    assert len(line.splitlines()) == 1
    assert json.loads(line)["event"].startswith("seen x")


# What stands in the code


def product() -> list[Path]:
    return [file for app in APPS for file in (ROOT / app).rglob("*.py") if "migrations" not in file.parts]


#: Written into pages without being escaped, and the reason; a new line here wants a second reader.
UNESCAPED = {
    "kim/templatetags/kim.py": 1,  # an icon from a file of ours
    "kim/county_map.py": 1,  # an SVG whose texts are escaped one by one
    "kim/navigation.py": 1,  # entries written with format_html
    "kim/factors.py": 1,  # a QR code drawn by a library from a secret of ours
    "kim/form_rendering.py": 3,  # selects, each part escaped
    "reports/lage.py": 1,  # cells of a table, each written with format_html
    "reports/status_files.py": 1,  # a style sheet from a file of ours
}
#: Calls that run, unpack or fetch what they are given, and the files that may.
DANGEROUS = {
    "eval", "exec", "compile", "os.system", "os.popen", "subprocess.run", "subprocess.Popen", "subprocess.call",
    "subprocess.check_output", "subprocess.check_call", "pickle.loads", "pickle.load", "marshal.loads", "shelve.open",
    "yaml.load", "yaml.unsafe_load", "yaml.full_load", "urllib.request.urlopen", "urlopen", "requests.get",
    "requests.post", "requests.request", "httpx.get", "httpx.post", "RawSQL", "tempfile.mktemp", "random.random",
    "random.choice", "hashlib.md5", "hashlib.sha1", "extractall", "raw", "extra",
    "csrf_exempt", "xframe_options_exempt",
}  # fmt: skip
MAY = {
    ("kim/facts.py", "RawSQL"): "the name of a table of ours and two numbers",
    ("kim/backup_engines.py", "subprocess.Popen"): "pg_dump and pg_restore with addresses from the settings",
    ("kim/backup_engines.py", "subprocess.run"): "their versions",
    ("kim/backups.py", "subprocess.Popen"): "manage.py of ours, no shell",
    ("kim/backups.py", "subprocess.run"): "manage.py of ours, no shell",
    ("kim/oidc.py", "requests.request"): "the provider the settings name, without following redirects",
}


@cache
def tree_of(file: Path) -> ast.AST:
    return ast.parse(file.read_text())


def called(tree: ast.AST):
    """Every call, as it is written: a.b.c, and its last word alone."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            written = ast.unparse(node.func)
            yield written
            if written.rpartition(".")[2] in {"extractall", "raw", "extra"}:
                yield written.rpartition(".")[2]


class TestTheCode:
    def test_what_goes_out_unescaped_is_known_one_by_one(self):
        found = {
            str(file.relative_to(ROOT)): number
            for file in product()
            if (number := len(re.findall(r"(?<!import )\bmark_safe\(|\bSafeString\(", file.read_text())))
        }
        assert found == UNESCAPED

    def test_no_template_lets_anything_through_unescaped(self):
        for file in (ROOT / "templates").rglob("*"):
            if file.suffix in (".html", ".svg"):
                assert not re.search(r"\|\s*safe\b|safeseq|autoescape\s+off|\{%\s*debug", file.read_text()), file
                assert not re.search(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)|\son\w+=\"", file.read_text()), (
                    file
                )

    def test_format_html_is_given_words_of_ours_to_fill(self):
        """The first argument is the pattern: were it made from input, nothing of it would be escaped."""
        for file in product():
            for node in ast.walk(tree_of(file)):
                if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == "format_html":
                    assert isinstance(node.args[0], ast.Constant | ast.Name), f"{file}:{node.lineno}"

    def test_nothing_runs_unpacks_or_fetches_what_it_is_given(self):
        found = {
            (str(file.relative_to(ROOT)), name)
            for file in product()
            for name in called(tree_of(file))
            if name in DANGEROUS
        }
        assert found == {(file, name) for file, name in MAY if (ROOT / file).exists()}

    def test_no_view_is_open_to_strangers_but_those_named(self):
        opened = {name for name, _, view in named_routes() if not getattr(view, "login_required", True)}
        assert opened == {
            "healthz", "readyz", "metrics", "kim:accessibility", "kim:barrier_new", "kim:calendar_feed",
            "kim:invitation", "kim:invitation_accept", "sso", "sso_callback", "sso_backchannel", "mfa_authenticate",
            "mfa_login_webauthn", "account_login", "account_logout", "account_inactive", "account_signup",
            "account_reset_password", "account_reset_password_done", "account_reset_password_from_key",
            "account_reset_password_from_key_done",
        }  # fmt: skip

    def test_each_package_is_pinned_to_one_version(self):
        pinned = r"[A-Za-z0-9._-]+(\[[a-z,]+\])?==[\w.]+|-r requirements\.txt"
        for name in ("requirements.txt", "requirements-dev.txt"):
            for line in (ROOT / name).read_text().splitlines():
                line = line.partition("#")[0].strip()
                assert not line or re.fullmatch(pinned, line), line

    def test_scripts_and_styles_come_from_us_with_their_version(self):
        for file in (ROOT / "templates").rglob("*.html"):
            for address in re.findall(r'<(?:script|link)[^>]+(?:src|href)="([^"]+)"', file.read_text()):
                assert not re.match(r"https?:|//", address), f"{file}: {address}"

    def test_no_secret_lies_in_the_repository(self):
        lying = re.compile(
            r"-----BEGIN [A-Z ]*PRIVATE KEY|AKIA[0-9A-Z]{16}|"
            r"(?i:secret_key|api_key|password)\s*=\s*['\"][^'\"{$ ]{16,}['\"]"
        )
        for file in [*product(), *ROOT.glob("*.*"), *(ROOT / "script").iterdir()]:
            if file.is_file() and file.suffix not in {".png", ".woff2", ".ico"}:
                assert not lying.search(file.read_text(errors="replace")), file


@pytest.mark.django_db
@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "data:text/html,x", "JaVaScRiPt:alert(1)", "ftp://a.example/"]
)
def test_an_address_somebody_gives_is_one_of_the_web(address):
    with pytest.raises(ValidationError):
        video_url().clean(address)
    form = ActorForm({"website": address})
    form.is_valid()
    assert "website" in form.errors
