"""The private key for backups, as somebody gives it to a command. It never stands in the settings of a server."""

import os
from pathlib import Path

from kim.backup_format import BackupRefused


def private_key() -> str:
    """From KIM_BACKUP_KEY, or the file KIM_BACKUP_KEY_FILE names; empty when neither is set. Raises BackupRefused."""
    named = os.environ.get("KIM_BACKUP_KEY_FILE", "").strip()
    if given := os.environ.get("KIM_BACKUP_KEY", "").strip():
        return given
    if not named:
        return ""
    try:
        return Path(named).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise BackupRefused(f"KIM_BACKUP_KEY_FILE={named} lässt sich nicht lesen ({error.strerror}).") from None
