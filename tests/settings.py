"""Settings of the suite: the real ones, in a folder of their own, quick where speed changes no behaviour."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

# One folder per process: xdist workers never meet.
folder = tempfile.mkdtemp(prefix="kim-tests-")
atexit.register(shutil.rmtree, folder, ignore_errors=True)
services = {name: os.environ.get(name, "") for name in ("DATABASE_URL", "REDIS_URL")}
for name in list(os.environ):
    if name.startswith(("KIM_", "EMAIL_")) and not name.startswith("KIM_TEST_"):
        del os.environ[name]  # what the developer's shell sets must not change the outcome
# Walks through every page ask more often than a person may; what KIM allows: tests/kim/test_throttle.py.
os.environ.update(KIM_DATA_DIR=folder, KIM_LOG_LEVEL="ERROR", PORT="8000", KIM_RATE_FACTOR="10000", **services)

from kim.settings import *  # noqa: E402, F403
from kim.settings import DATABASES, INSTALLED_APPS, MIDDLEWARE, TEMPLATES  # noqa: E402
from tests.undefined import Undefined  # noqa: E402

ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1", "[::1]"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_AUTOREFRESH = True
WHITENOISE_USE_FINDERS = True
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
TEMPLATES[0]["OPTIONS"]["string_if_invalid"] = Undefined()  # type: ignore[index]
# A query repeated per row fails the page that asks it (django-zeal).
AGAIN = os.environ.get("KIM_TEST_AGAIN") == "1"  # on the second engine the same pages ask the same queries
if not AGAIN:
    INSTALLED_APPS = [*INSTALLED_APPS, "zeal"]
ZEAL_ALLOWLIST = [{"model": "sessions.Session"}]  # Django itself reads it again when it ends one
ZEAL_NPLUSONE_THRESHOLD = 3  # twice is no row by row: an act reads its issue before and after
if not AGAIN:
    MIDDLEWARE = ["zeal.middleware.zeal_middleware", *MIDDLEWARE]
# A database that is migrated already and of which the suite's are copies: a file, or its name on the server
# (script/test --full makes one of each beside the linters). Without it each process migrates its own.
MIGRATED = os.environ.get("KIM_TEST_MIGRATED", "")
if services["DATABASE_URL"]:
    DATABASES["default"]["TEST"] = {"TEMPLATE": MIGRATED or None}
else:
    DATABASES["default"]["TEST"] = {"NAME": Path(folder) / "test.sqlite3"}
    DATABASES["default"]["OPTIONS"]["init_command"] = "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;"
