"""Settings of installations that are killed on purpose: the real ones, without what only costs time.

Static files are found where they lie (compressing them takes longer than a round), and passwords are hashed quickly:
who signs in a thousand times on a shared machine measures nothing else.
"""

import os
from pathlib import Path

from kim.settings import *  # noqa: F403
from tests.faults import stepped_clock

STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
if told_in := os.environ.get("KIM_TEST_CLOCK", ""):
    stepped_clock.install(Path(told_in))
    # In a storm a room full of people behind one address signs in at once, again and again.
    ACCOUNT_RATE_LIMITS = {"login": "6000/m/ip", "login_failed": "300/m/ip,50/300s/key"}
