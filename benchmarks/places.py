"""Where it runs: a private PostgreSQL or SQLite in a folder of its own, and the web server with one worker."""

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
#: Who runs PostgreSQL when we are root: it refuses to be root itself.
UNPRIVILEGED = ("postgres", "nobody")
POSTGRES = {
    "shared_buffers": "512MB",
    "max_wal_size": "4GB",
    "random_page_cost": "1.1",
    "unix_socket_directories": "",
    "listen_addresses": "127.0.0.1",
}


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def postgres_programs() -> Path:
    """The folder of the newest PostgreSQL on this machine. Raises SystemExit when there is none."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if not versions:
        raise SystemExit("PostgreSQL is not installed; --engine sqlite measures without it.")
    return versions[-1].parent


@dataclass(frozen=True)
class Server:
    programs: Path
    port: int

    @property
    def address(self) -> str:
        """The beginning of a DATABASE_URL."""
        return f"postgres://kim@127.0.0.1:{self.port}"

    def create(self, name: str) -> None:
        command = [self.programs / "createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "kim", name]
        subprocess.run(command, check=True)


@contextmanager
def postgres(folder: Path):
    """A PostgreSQL of our own, gone afterwards."""
    programs, data, port = postgres_programs(), folder / "postgres", free_port()
    data.mkdir()
    become = _become(data)
    subprocess.run(
        [*become, programs / "initdb", "-D", data, "-U", "kim", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"],
        check=True, stdout=subprocess.DEVNULL, cwd="/",
    )  # fmt: skip
    options = [part for name, value in POSTGRES.items() for part in ("-c", f"{name}={value}")]
    with open(folder / "postgres.log", "wb") as log:
        server = subprocess.Popen(
            [*become, programs / "postgres", "-D", data, "-p", str(port), *options], stdout=log, stderr=log, cwd="/"
        )
        try:
            _wait(lambda: subprocess.run([programs / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)]).returncode
                  == 0, server)  # fmt: skip
            yield Server(programs, port)
        finally:
            server.terminate()
            server.wait(60)


def _become(data: Path) -> list[str]:
    """How to run something as an account that is not root, who then owns `data`."""
    if os.geteuid() != 0:
        return []
    name = next(name for name in UNPRIVILEGED if any(entry.pw_name == name for entry in pwd.getpwall()))
    shutil.chown(data, name)
    for above in (data.parent, data.parent.parent):
        above.chmod(above.stat().st_mode | 0o011)
    return ["setpriv", f"--reuid={name}", f"--regid={pwd.getpwnam(name).pw_gid}", "--clear-groups"]


def environment(folder: Path, database: str = "") -> dict[str, str]:
    """The variables of an installation in production, on a port of its own."""
    port = free_port()
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("KIM_", "EMAIL_", "DATABASE_"))}
    return kept | {
        "DJANGO_SETTINGS_MODULE": "benchmarks.settings",
        "PYTHONPATH": str(ROOT),
        "KIM_ENV": "production",
        "KIM_DATA_DIR": str(folder),
        "KIM_SECRET_KEY": secrets.token_urlsafe(50),
        "KIM_FILES_KEY": secrets.token_urlsafe(50),
        "KIM_TRAIL_KEY": secrets.token_urlsafe(50),
        "KIM_BASE_URL": f"http://localhost:{port}",
        "KIM_LOG_LEVEL": "WARNING",
        "KIM_WEB_WORKERS": "1",
        "PORT": str(port),
        **({"DATABASE_URL": database} if database else {}),
    }


def run(command: list[str], env: dict[str, str]) -> str:
    """Python with `command`; what it wrote. Its own errors go to ours."""
    done = subprocess.run([sys.executable, *command], env=env, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}")
    return done.stdout


@contextmanager
def web(env: dict[str, str]):
    """gunicorn with one worker, as the Procfile starts it; yields the process id of the worker."""
    command = [sys.executable, "-m", "gunicorn", "kim.wsgi"]
    with (Path(env["KIM_DATA_DIR"]) / "web.log").open("wb") as log:
        master = subprocess.Popen(command, env=env, cwd=ROOT, stdout=log, stderr=log)
    address = f"http://localhost:{env['PORT']}/healthz"
    try:
        _wait(lambda: urllib.request.urlopen(address, timeout=5).status == 200, master)
        workers = Path(f"/proc/{master.pid}/task/{master.pid}/children").read_text().split()
        yield int(workers[0])
    finally:
        master.terminate()
        master.wait(30)


def memory_mb(pid: int) -> float:
    """Resident memory of a process."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise LookupError(pid)


def _wait(is_there, process, seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if process.poll() is not None:
            raise SystemExit(f"{process.args[0]} ended with {process.returncode}")
        try:
            if is_there():
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise SystemExit(f"{process.args} did not answer within {seconds} seconds")
