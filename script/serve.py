"""What script/server does inside the environment: checks, prepares the data folder, runs the three processes."""

import contextlib
import hashlib
import multiprocessing
import os
import signal
import socket
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from honcho.environ import parse_procfile  # noqa: E402
from honcho.manager import Manager  # noqa: E402

#: Demo accounts of `manage.py load_demo` and what one sees with them.
ACCOUNTS = [
    ("casemanager", "Case Management"),
    ("casemanager2", "Case Management, andere Gemeinde"),
    ("coordination", "Koordinierung Case Management"),
    ("office", "Geschäftsstelle (strategische Steuerung)"),
    ("steering", "Lenkungsgruppe"),
    ("projectgroup", "Projektgruppe"),
    ("authority", "Ausländer-/Einbürgerungsbehörde"),
    ("admin", "Verwaltung"),
    ("admin2", "Verwaltung: Förderung und Haushalt"),
    ("audit", "Datenschutz und Revision"),
]
#: Seconds the web server may take to answer for the first time.
PATIENCE = 60


class Refused(Exception):
    """Why KIM cannot start, in a sentence for the person at the keyboard."""


def check_port(bind: str, port: str) -> None:
    if not port.isdecimal() or not 0 < int(port) < 65536:
        raise Refused(f"PORT={port} ist keine Portnummer.")
    family = socket.AF_INET6 if ":" in bind else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((bind, int(port)))
        except PermissionError:
            raise Refused(f"Port {port} darf nur der Systemverwalter benutzen. Zum Beispiel: PORT=8000") from None
        except OSError as error:
            raise Refused(
                f"Port {port} ist belegt ({error.strerror}). Läuft KIM schon? Sonst einen anderen wählen, "
                "zum Beispiel: PORT=8001 script/server"
            ) from None


def check_folder(folder: Path) -> None:
    """The data folder exists, is ours alone, and a file can be written to it."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe = folder / f".probe-{os.getpid()}"
        probe.write_text("x")
        probe.unlink()
    except OSError as error:
        raise Refused(
            f"In den Datenordner {folder} lässt sich nicht schreiben ({error.strerror}). "
            "Bitte Rechte prüfen oder mit KIM_DATA_DIR einen anderen Ordner angeben."
        ) from None


def collect_static(static_root: Path) -> None:
    """Collect and compress static files, unless exactly these were collected at the last start."""
    from django.contrib.staticfiles.finders import get_finders
    from django.core.management import call_command

    seen = hashlib.sha256()
    for finder in get_finders():
        for path, storage in finder.list([]):
            stat = os.stat(storage.path(path))
            seen.update(f"{path} {stat.st_size} {stat.st_mtime_ns}\n".encode())
    stamp = static_root / ".collected"
    if stamp.exists() and stamp.read_text() == seen.hexdigest():
        return
    call_command("collectstatic", interactive=False, clear=True, verbosity=0)
    stamp.write_text(seen.hexdigest())


def prepare() -> str | None:
    """Bring database, demo data and static files up to date; the demo password when there is a demo."""
    import django
    from django.core.exceptions import ImproperlyConfigured
    from django.db import OperationalError, connections

    try:
        from django.conf import settings

        _ = settings.INSTALLED_APPS
    except ImproperlyConfigured as error:
        raise Refused(str(error)) from None
    django.setup()
    from django.core.management import call_command

    try:
        call_command("migrate", interactive=False, verbosity=0)
        call_command("createcachetable", verbosity=0)
        call_command("load_codes", verbosity=0)
        call_command("load_checklists", verbosity=0)
    except OperationalError as error:
        reason = str(error).strip().splitlines()[0]
        raise Refused(f"Die Datenbank antwortet nicht: {reason}") from None
    password = None
    if settings.KIM_DEMO:
        from kim.demo import demo_password

        call_command("load_demo", if_empty=True)
        password = demo_password()
    collect_static(settings.STATIC_ROOT)
    connections.close_all()
    return password


def greeting(address: str, password: str | None) -> str:
    lines = ["", f"KIM läuft: {address}", ""]
    if password:
        width = max(len(name) for name, _ in ACCOUNTS)
        lines += ["Demo-Konten", *(f"  {name:<{width}}  {what}" for name, what in ACCOUNTS)]
        lines += [f"Kennwort für alle: {password}", ""]
    lines += ["Beenden mit Strg+C.", ""]
    return "\n".join(lines)


def answers(address: str) -> bool:
    """Whether the web server is alive; asks the machine itself, past any proxy."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with contextlib.suppress(urllib.error.URLError, OSError), opener.open(f"{address}/healthz", timeout=2) as answer:
        return answer.status == 200
    return False


class Processes(Manager):
    """The lines of the Procfile as one: when one ends, all end; greets once the web server answers."""

    def __init__(self, ask: str, text: str) -> None:
        super().__init__()
        self.ask, self.text = ask, text

    def _start(self) -> None:
        super()._start()
        # After the children are forked, so that none of them is forked beside a thread.
        threading.Thread(target=self.greet, daemon=True).start()

    def greet(self) -> None:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and not self._terminating:
            if answers(self.ask):
                sys.stdout.write(self.text + "\n")
                sys.stdout.flush()
                return
            time.sleep(0.2)
        if not self._terminating:
            sys.stdout.write(f"KIM antwortet nach {PATIENCE} Sekunden noch nicht; die Zeilen oben sagen, warum.\n")
            sys.stdout.flush()


def main() -> int:
    os.umask(0o077)  # the data folder holds what concerns nobody else on this machine
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kim.settings")
    os.environ["PYTHONUNBUFFERED"] = "1"
    os.environ.setdefault("KIM_LOG_LEVEL", "WARNING")
    bind, port = os.environ.get("KIM_BIND") or "127.0.0.1", os.environ.get("PORT") or "8000"
    folder = Path(os.environ.get("KIM_DATA_DIR", "").strip() or ROOT / "var").resolve()
    ask = f"http://{'127.0.0.1' if bind in {'0.0.0.0', '::'} else bind}:{port}"
    try:
        check_port(bind, port)
        check_folder(folder)
        password = prepare()
    except Refused as refusal:
        sys.exit(str(refusal))
    except KeyboardInterrupt:
        return 130
    address = os.environ.get("KIM_BASE_URL", "").strip() or f"http://localhost:{port}"
    multiprocessing.set_start_method("fork")
    processes = Processes(ask, greeting(address, password))
    for name, command in parse_procfile((ROOT / "Procfile").read_text()).processes.items():
        # exec: the signal reaches the program itself, not a shell in front of it
        processes.add_process(name, f"exec {command}", cwd=str(ROOT))
    # A closed terminal ends KIM like Ctrl-C does.
    signal.signal(signal.SIGHUP, lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    processes.loop()
    return 0 if processes.returncode in {130, 143} else processes.returncode or 0


if __name__ == "__main__":
    sys.exit(main())
