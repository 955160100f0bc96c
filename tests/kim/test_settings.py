"""Settings from the environment: each case asks a process of its own, as a start of KIM does."""

import json
import os
import re
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from kim import settings

ROOT = Path(__file__).parents[2]
KEY = "Zt3kQ9vW_x7LmR2bYc8HnP5dSg1JfA6uEo4KiXqTzM-wB0rVyNhCpDjG"
PRODUCTION = {
    "KIM_ENV": "production",
    "KIM_SECRET_KEY": KEY,
    "KIM_FILES_KEY": KEY[::-1],
    "KIM_TRAIL_KEY": KEY[1:] + KEY[:1],
    "KIM_BASE_URL": "https://kim.example.org",
}


def start(folder, *names, **env):
    """The named settings of a fresh process, or the last line it died with."""
    code = f"import json; from kim import settings; print(json.dumps({{n: getattr(settings, n) for n in {names}}}))"
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=kept | {"KIM_DATA_DIR": str(folder)} | env,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return json.loads(done.stdout) if done.returncode == 0 else done.stderr.strip().splitlines()[-1]


class TestReadingVariables:
    @pytest.mark.parametrize("said", ["1", "true", "Ja", " on "])
    def test_yes_has_several_words(self, monkeypatch, said):
        monkeypatch.setenv("KIM_PROBE", said)
        assert settings.flag("KIM_PROBE") is True

    @pytest.mark.parametrize("said", ["0", "false", "NEIN", "off"])
    def test_so_has_no(self, monkeypatch, said):
        monkeypatch.setenv("KIM_PROBE", said)
        assert settings.flag("KIM_PROBE", default=True) is False

    def test_empty_is_not_set(self, monkeypatch):
        monkeypatch.setenv("KIM_PROBE", "")
        assert settings.flag("KIM_PROBE", default=True) is True
        assert settings.number("KIM_PROBE", 7) == 7
        assert settings.words("KIM_PROBE") == []

    def test_neither_yes_nor_no_is_told_with_its_name(self, monkeypatch):
        monkeypatch.setenv("KIM_PROBE", "vielleicht")
        with pytest.raises(ImproperlyConfigured, match="KIM_PROBE='vielleicht' ist weder ja noch nein"):
            settings.flag("KIM_PROBE")

    @pytest.mark.parametrize("said", ["0", "-3", "2.5", "viele"])
    def test_a_number_is_whole_and_positive(self, monkeypatch, said):
        monkeypatch.setenv("KIM_PROBE", said)
        with pytest.raises(ImproperlyConfigured, match="keine ganze Zahl größer als null"):
            settings.number("KIM_PROBE", 7)

    def test_words_are_parted_by_commas(self, monkeypatch):
        monkeypatch.setenv("KIM_PROBE", "a.example, b.example,,")
        assert settings.words("KIM_PROBE") == ["a.example", "b.example"]

    def test_networks_are_addresses_or_networks(self, monkeypatch):
        monkeypatch.setenv("KIM_PROBE", "10.0.0.5, 172.16.0.0/12, ::1")
        assert [str(one) for one in settings.networks("KIM_PROBE")] == ["10.0.0.5/32", "172.16.0.0/12", "::1/128"]
        monkeypatch.setenv("KIM_PROBE", "10.0.0.5, proxy.example")
        with pytest.raises(ImproperlyConfigured, match="KIM_PROBE: 'proxy.example' ist weder Adresse noch Netz"):
            settings.networks("KIM_PROBE")
        assert len(settings.networks("KIM_PROBE", strict=False)) == 1

    def test_a_secret_that_need_not_be_there_is_a_variable_or_a_file(self, monkeypatch, tmp_path):
        monkeypatch.delenv("KIM_PROBE", raising=False)
        monkeypatch.delenv("KIM_PROBE_FILE", raising=False)
        assert settings.secret("KIM_PROBE") == ""
        file = tmp_path / "probe"
        monkeypatch.setenv("KIM_PROBE_FILE", str(file))
        with pytest.raises(ImproperlyConfigured, match="lässt sich nicht lesen"):
            settings.secret("KIM_PROBE")
        file.write_text(" \n")
        with pytest.raises(ImproperlyConfigured, match="ist leer"):
            settings.secret("KIM_PROBE")
        file.write_text("geheim\n")
        assert settings.secret("KIM_PROBE") == "geheim"
        monkeypatch.setenv("KIM_PROBE", "anders")
        assert settings.secret("KIM_PROBE") == "anders"


class TestSecretKey:
    def test_is_made_once_and_kept_for_the_owner_alone(self, tmp_path, monkeypatch):
        monkeypatch.delenv("KIM_SECRET_KEY", raising=False)
        monkeypatch.delenv("KIM_SECRET_KEY_FILE", raising=False)
        folder = tmp_path / "data"
        key = settings.secret_key(folder, production=False)
        assert len(key) >= 50
        assert settings.secret_key(folder, production=False) == key
        assert stat.S_IMODE((folder / "secret-key").stat().st_mode) == 0o600
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert [path.name for path in folder.iterdir()] == ["secret-key"]

    def test_processes_that_start_at_once_agree(self, tmp_path, monkeypatch):
        monkeypatch.delenv("KIM_SECRET_KEY", raising=False)
        monkeypatch.delenv("KIM_SECRET_KEY_FILE", raising=False)
        for attempt in range(20):
            folder = tmp_path / str(attempt)
            with ThreadPoolExecutor(8) as together:
                keys = set(together.map(lambda _, at=folder: settings.secret_key(at, production=False), range(8)))
            assert len(keys) == 1

    def test_may_come_from_a_file(self, tmp_path, monkeypatch):
        monkeypatch.delenv("KIM_SECRET_KEY", raising=False)
        named = tmp_path / "key"
        named.write_text(f"{KEY}\n")
        monkeypatch.setenv("KIM_SECRET_KEY_FILE", str(named))
        assert settings.secret_key(tmp_path, production=True) == KEY
        named.write_text("\n")
        with pytest.raises(ImproperlyConfigured, match="ist leer"):
            settings.secret_key(tmp_path, production=True)
        named.unlink()
        with pytest.raises(ImproperlyConfigured, match="lässt sich nicht lesen"):
            settings.secret_key(tmp_path, production=True)

    def test_a_folder_that_cannot_be_written_is_told_in_words(self, tmp_path, monkeypatch):
        monkeypatch.delenv("KIM_SECRET_KEY", raising=False)
        monkeypatch.delenv("KIM_SECRET_KEY_FILE", raising=False)
        (tmp_path / "file").touch()
        with pytest.raises(ImproperlyConfigured, match="KIM_DATA_DIR"):
            settings.secret_key(tmp_path / "file" / "data", production=False)


class TestFilesKey:
    def test_is_another_one_and_kept_beside(self, tmp_path, monkeypatch):
        for name in ("KIM_SECRET_KEY", "KIM_SECRET_KEY_FILE", "KIM_FILES_KEY", "KIM_FILES_KEY_FILE"):
            monkeypatch.delenv(name, raising=False)
        keys = {settings.secret_key(tmp_path, production=False), settings.files_key(tmp_path, production=False)}
        assert len(keys) == 2
        assert settings.files_key(tmp_path, production=False) in keys
        assert stat.S_IMODE((tmp_path / "files-key").stat().st_mode) == 0o600

    def test_a_short_one_is_refused(self, tmp_path, monkeypatch):
        monkeypatch.setenv("KIM_FILES_KEY", "kurz")
        with pytest.raises(ImproperlyConfigured, match="zu kurz"):
            settings.files_key(tmp_path, production=True)

    def test_may_come_from_a_file(self, tmp_path, monkeypatch):
        monkeypatch.delenv("KIM_FILES_KEY", raising=False)
        (tmp_path / "named").write_text(f"{KEY}\n")
        monkeypatch.setenv("KIM_FILES_KEY_FILE", str(tmp_path / "named"))
        assert settings.files_key(tmp_path, production=True) == KEY


class TestTrailKey:
    def test_is_a_third_one_and_kept_beside(self, tmp_path, monkeypatch):
        for name in ("KIM_SECRET_KEY", "KIM_FILES_KEY", "KIM_TRAIL_KEY"):
            monkeypatch.delenv(name, raising=False)
            monkeypatch.delenv(f"{name}_FILE", raising=False)
        ask = (settings.secret_key, settings.files_key, settings.trail_key)
        assert len({key(tmp_path, production=False) for key in ask}) == 3
        assert stat.S_IMODE((tmp_path / "trail-key").stat().st_mode) == 0o600
        monkeypatch.setenv("KIM_TRAIL_KEY", "kurz")
        with pytest.raises(ImproperlyConfigured, match="zu kurz"):
            settings.trail_key(tmp_path, production=True)


class TestProduction:
    def test_does_not_start_without_a_key_for_the_trail(self, tmp_path):
        said = start(tmp_path, "DEBUG", **PRODUCTION | {"KIM_TRAIL_KEY": ""})
        assert "nicht ohne Schlüssel für das Protokoll" in said

    def test_does_not_start_with_an_address_for_anchors_that_is_none(self, tmp_path):
        assert "KIM_ANCHOR_TO" in start(tmp_path, "DEBUG", **PRODUCTION | {"KIM_ANCHOR_TO": "kein ort"})

    def test_does_not_start_without_a_key_for_files(self, tmp_path):
        said = start(tmp_path, "DEBUG", **PRODUCTION | {"KIM_FILES_KEY": ""})
        assert "nicht ohne Schlüssel für abgelegte Dateien" in said
        assert "KIM_FILES_KEY" in said

    def test_does_not_start_without_a_key_and_leaves_none_behind(self, tmp_path):
        said = start(tmp_path, "DEBUG", KIM_ENV="production", KIM_BASE_URL="https://kim.example.org")
        assert "nicht ohne geheimen Schlüssel" in said
        assert "KIM_SECRET_KEY" in said
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize(
        ("weak", "told"),
        [
            ({"KIM_SECRET_KEY": KEY[:49]}, "hat nur 49 Zeichen"),
            ({"KIM_FILES_KEY": KEY[:39]}, "ist zu kurz"),
            ({"KIM_SECRET_KEY": "abcabc" * 10}, "wiederholt immer dieselben Zeichen"),
            ({"KIM_SECRET_KEY": f"django-insecure-{KEY}"}, "sieht aus wie ein Platzhalter"),
            ({"KIM_FILES_KEY": KEY}, "derselbe Schlüssel"),
            ({"KIM_TRAIL_KEY": KEY[::-1]}, "derselbe Schlüssel"),
            ({"DATABASE_URL": "postgres://kim:kim@db/kim"}, "Kennwort in DATABASE_URL ist zu schwach"),
            ({"DATABASE_URL": "postgres://kim:changeme2026@db/kim"}, "Kennwort in DATABASE_URL ist zu schwach"),
            ({"REDIS_URL": "redis://:redis@redis/0"}, "Kennwort in REDIS_URL ist zu schwach"),
            ({"KIM_BASE_URL": ""}, "nicht ohne KIM_BASE_URL"),
            ({"KIM_BASE_URL": "http://kim.example.org"}, "nur über https://"),
            ({"KIM_HOSTS": "*"}, "Namen einzeln angeben"),
        ],
    )
    def test_does_not_start_with_a_secret_or_an_address_that_is_weak(self, tmp_path, weak, told):
        said = start(tmp_path, "DEBUG", **PRODUCTION | weak)
        assert told in said
        assert not any(value in said for name, value in weak.items() if "KEY" in name or "URL" in name and "@" in value)

    def test_every_secret_may_come_from_a_file(self, tmp_path):
        files = {}
        for name, value in [
            ("DATABASE_URL", "postgres://kim:V7xq2mLw9@db/kim"), ("REDIS_URL", "redis://redis/0"),
            ("EMAIL_HOST_PASSWORD", "Kp3vX8sW"), ("KIM_SECRET_KEY", KEY), ("KIM_FILES_KEY", KEY[::-1]),
            ("KIM_TRAIL_KEY", KEY[1:] + KEY[:1]),
        ]:  # fmt: skip
            (tmp_path / name).write_text(f"{value}\n")
            files[f"{name}_FILE"] = str(tmp_path / name)
        found = start(
            tmp_path, "DATABASE_URL", "REDIS_URL", "EMAIL_HOST_PASSWORD", "SECRET_KEY",
            KIM_ENV="production", KIM_BASE_URL="https://kim.example.org", **files,
        )  # fmt: skip
        assert found == {
            "DATABASE_URL": "postgres://kim:V7xq2mLw9@db/kim", "REDIS_URL": "redis://redis/0",
            "EMAIL_HOST_PASSWORD": "Kp3vX8sW", "SECRET_KEY": KEY,
        }  # fmt: skip

    def test_behind_tls_no_other_host_can_set_a_cookie_of_ours(self, tmp_path):
        names = ("SESSION_COOKIE_NAME", "CSRF_COOKIE_NAME", "SESSION_COOKIE_HTTPONLY", "SESSION_COOKIE_SAMESITE")
        assert start(tmp_path, *names, **PRODUCTION) == {
            "SESSION_COOKIE_NAME": "__Host-kim_session", "CSRF_COOKIE_NAME": "__Host-kim_csrf",
            "SESSION_COOKIE_HTTPONLY": True, "SESSION_COOKIE_SAMESITE": "Lax",
        }  # fmt: skip
        assert start(tmp_path, "SESSION_COOKIE_NAME") == {"SESSION_COOKIE_NAME": "kim_session"}

    def test_does_not_start_with_debug(self, tmp_path):
        assert "KIM_DEBUG ist im Betrieb" in start(tmp_path, "DEBUG", **PRODUCTION, KIM_DEBUG="1")

    def test_an_unknown_environment_or_address_is_told(self, tmp_path):
        assert "KIM_ENV='prod' ist unbekannt" in start(tmp_path, "DEBUG", KIM_ENV="prod")
        assert "keine Adresse" in start(tmp_path, "DEBUG", **(PRODUCTION | {"KIM_BASE_URL": "kim.example.org"}))

    def test_behind_tls_cookies_stay_on_tls_and_browsers_remember_it(self, tmp_path):
        found = start(
            tmp_path, "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SECURE_SSL_REDIRECT", "SECURE_HSTS_SECONDS",
            "SECURE_HSTS_INCLUDE_SUBDOMAINS", "SECURE_PROXY_SSL_HEADER", "DEBUG", "KIM_DEMO", "ALLOWED_HOSTS",
            "CSRF_TRUSTED_ORIGINS", **PRODUCTION, KIM_PROXY_TLS_HEADER="X-Forwarded-Proto",
        )  # fmt: skip
        assert found == {
            "SESSION_COOKIE_SECURE": True,
            "CSRF_COOKIE_SECURE": True,
            "SECURE_SSL_REDIRECT": True,
            "SECURE_HSTS_SECONDS": 365 * 24 * 60 * 60,
            "SECURE_HSTS_INCLUDE_SUBDOMAINS": True,
            "SECURE_PROXY_SSL_HEADER": ["HTTP_X_FORWARDED_PROTO", "https"],
            "DEBUG": False,
            "KIM_DEMO": False,
            "ALLOWED_HOSTS": ["kim.example.org", "localhost", "127.0.0.1", "[::1]"],
            "CSRF_TRUSTED_ORIGINS": ["https://kim.example.org"],
        }

    def test_without_tls_no_promise_of_tls_is_made(self, tmp_path):
        assert "no attribute 'SECURE_HSTS_SECONDS'" in start(tmp_path, "SECURE_HSTS_SECONDS")
        assert start(tmp_path, "BEHIND_TLS", "KIM_DEMO") == {"BEHIND_TLS": False, "KIM_DEMO": True}


class TestStores:
    def test_nothing_set_means_files_in_the_data_folder(self, tmp_path):
        found = start(tmp_path, "CELERY_BROKER_URL", "CACHES", "KIM_MAIL_TRANSPORT", "DATABASE_URL")
        assert found["CELERY_BROKER_URL"] == f"sqla+sqlite:///{tmp_path / 'broker.sqlite3'}"
        assert found["CACHES"]["default"]["BACKEND"].endswith("DatabaseCache")
        assert (found["KIM_MAIL_TRANSPORT"], found["DATABASE_URL"]) == ("files", "")

    def test_sqlite_takes_its_lock_before_it_reads(self, tmp_path):
        code = "from kim.settings import DATABASES as d; o = d['default']['OPTIONS']; print(o['transaction_mode'])"
        env = {"PATH": os.environ["PATH"], "KIM_DATA_DIR": str(tmp_path)}
        said = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, text=True)
        assert said.stdout.strip() == "IMMEDIATE"

    def test_addresses_switch_to_postgresql_and_redis(self, tmp_path):
        found = start(
            tmp_path, "DATABASES", "CELERY_BROKER_URL", "CACHES", "KIM_MAIL_TRANSPORT",
            DATABASE_URL="postgres://kim:geheim@db:5432/kim", REDIS_URL="redis://redis:6379/0", EMAIL_HOST="mail",
        )  # fmt: skip
        database = found["DATABASES"]["default"]
        assert (database["ENGINE"], database["HOST"]) == ("django.db.backends.postgresql", "db")
        assert database["CONN_HEALTH_CHECKS"] is True
        assert database["CONN_MAX_AGE"] > 0
        assert found["CELERY_BROKER_URL"] == found["CACHES"]["default"]["LOCATION"] == "redis://redis:6379/0"
        assert found["KIM_MAIL_TRANSPORT"] == "smtp"

    def test_an_unknown_transport_is_told(self, tmp_path):
        assert "KIM_MAIL_TRANSPORT='taube' ist unbekannt" in start(tmp_path, "DEBUG", KIM_MAIL_TRANSPORT="taube")


def test_the_content_policy_trusts_our_own_files_only():
    allowed = {str(source) for sources in settings.CONTENT_SECURITY_POLICY["DIRECTIVES"].values() for source in sources}
    assert allowed == {"'self'", "'none'"}
    policy = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == ["'none'"]


READ_BY = ("kim/settings.py", "kim/logs.py", "gunicorn.conf.py", "script/serve.py", "kim/demo.py")


def test_every_variable_the_settings_read_is_described_in_the_example():
    source = "".join((ROOT / name).read_text() for name in READ_BY)
    read = set(re.findall(r'(?:get\(|flag\(|number\(|words\(|networks\(|secret\(|_key\()\s*"([A-Z][A-Z_]+)"', source))
    for name in re.findall(r'(?:\bsecret|_key)\("([A-Z][A-Z_]+)"', source):
        read |= {name, f"{name}_FILE"}
    described = set(re.findall(r"^([A-Z][A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert len(read) > 20
    assert read - described == set()
    assert described - read == {"POSTGRES_PASSWORD"}  # Compose alone reads it
