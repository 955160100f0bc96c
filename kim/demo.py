"""The demo: the password of its accounts (from KIM_DEMO_PASSWORD, else made up once and kept in the data folder), and
what the apps above add to it.
"""

import os
import secrets
from collections.abc import Callable

from django.conf import settings

#: No 0/O, 1/l/I: it is read from a terminal and typed.
SIGNS = "abcdefghijkmnpqrstuvwxyz23456789"


def demo_password() -> str:
    """The one named in the environment, else that of the last start, else a new one; kept in <data>/demo-password.

    The file (0600) is written whole, by whoever asks first when one is made up.
    """
    kept = settings.DATA_DIR / "demo-password"
    given = os.environ.get("KIM_DEMO_PASSWORD", "").strip()
    if kept.exists() and given in ("", known := kept.read_text(encoding="utf-8").strip()):
        return known
    settings.DATA_DIR.mkdir(parents=True, exist_ok=True)
    made = given or "-".join("".join(secrets.choice(SIGNS) for _ in range(5)) for _ in range(3))
    fresh = settings.DATA_DIR / f".demo-password-{secrets.token_hex(4)}"
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(made + "\n")
    try:
        if given:
            fresh.replace(kept)
        else:
            os.link(fresh, kept)  # refuses to replace: whoever is first decides
    except FileExistsError:
        pass
    finally:
        fresh.unlink(missing_ok=True)
    return kept.read_text(encoding="utf-8").strip()


_FURTHER: dict[str, Callable[[], str]] = {}


def register(name: str, load: Callable[[], str]) -> None:
    """Apps above add their part of the demo: `load` does it once and says what it did, or nothing."""
    _FURTHER[name] = load


def load_further() -> list[str]:
    return [said for load in _FURTHER.values() if (said := load())]
