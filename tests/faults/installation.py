"""Real processes on an installation of their own: started, killed with -9, started again. Nothing is simulated."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
SETUP = "import django; django.setup()\n"


class Installation:
    """A data folder (and with DATABASE_URL a database) of its own, and the processes that run on it."""

    def __init__(self, folder: Path, database: str):
        self.folder, self.running = folder, []
        self.env = {name: value for name, value in os.environ.items() if not name.startswith(("KIM_", "EMAIL_"))}
        self.env |= {
            "KIM_DATA_DIR": str(folder),
            "DJANGO_SETTINGS_MODULE": "kim.settings",
            "DATABASE_URL": database,
            "REDIS_URL": "",  # the embedded broker is the one that forgets
            "KIM_LOG_LEVEL": "ERROR",
            "KIM_RATE_FACTOR": "10000",
            "PYTHONPATH": str(ROOT),
        }

    def python(self, code: str, timeout: float = 120, **env):
        """Run `code` to its end; what it prints last is read as JSON."""
        done = subprocess.run(
            [sys.executable, "-c", SETUP + code],
            cwd=ROOT,
            env=self.env | env,
            capture_output=True,
            text=True,
            timeout=timeout,
        )
        assert done.returncode == 0, done.stderr
        lines = done.stdout.strip().splitlines()
        return json.loads(lines[-1]) if lines else None

    def start(self, *command: str, **env) -> subprocess.Popen:
        """Start a process in a group of its own; it is ended with the test."""
        process = subprocess.Popen(
            [sys.executable, *command], cwd=ROOT, env=self.env | env, text=True, start_new_session=True,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self.running.append(process)
        return process

    def start_code(self, code: str, **env) -> subprocess.Popen:
        return self.start("-c", SETUP + code, **env)

    @staticmethod
    def kill(process: subprocess.Popen) -> None:
        """kill -9 for the process and its children."""
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)
        process.stdout.close()

    def end(self):
        for process in self.running:
            if not process.stdout.closed:
                self.kill(process)

    def wait_for(self, code: str, seconds: float = 60, **env):
        """Run `code` (an expression) again and again until it is true; its value."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if found := self.python(
                f"import json\nfrom kim.models import *\nprint(json.dumps({' '.join(code.split())}))", **env
            ):
                return found
            time.sleep(0.5)
        raise AssertionError(f"not within {seconds} s: {code}")


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def find_program(name: str) -> str | None:
    """Where `name` lies: on the path, or among Debian's programs of PostgreSQL."""
    if found := shutil.which(name):
        return found
    there = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(there[-1]) if there else None


#: As root, services run as somebody without rights: PostgreSQL insists on it, and a full disk is full for them.
IS_ROOT = os.geteuid() == 0
UNPRIVILEGED = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if IS_ROOT else []


def give(path: Path) -> None:
    """Make `path` theirs who run without rights."""
    if IS_ROOT:
        shutil.chown(path, "postgres", "postgres")


class Disk:
    """A small file system of its own that can be filled; `there` is False where this machine mounts nothing."""

    def __init__(self, at: Path, *, megabytes: int, in_memory: bool):
        self.at, self.ballast, self.image = at, at / "ballast", at.with_suffix(".image")
        at.mkdir(parents=True, exist_ok=True)
        self.there = self._mount(megabytes, in_memory)
        give(at)

    def _mount(self, megabytes: int, in_memory: bool) -> bool:
        if not IS_ROOT:
            return False
        if in_memory:
            return _runs("mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=700", "tmpfs", str(self.at))
        with self.image.open("wb") as image:
            image.truncate(megabytes * 1024 * 1024)
        return _runs("mkfs.ext4", "-q", "-m", "0", str(self.image)) and _runs(
            "mount", "-o", "loop", str(self.image), str(self.at)
        )

    def fill(self) -> None:
        with self.ballast.open("ab", buffering=0) as ballast:
            for size in (1024 * 1024, 4096, 1):
                with contextlib.suppress(OSError):
                    while True:
                        ballast.write(bytes(size))
                        if size == 1 and ballast.tell() % 4096 == 0:
                            break

    def free(self) -> None:
        self.ballast.unlink(missing_ok=True)

    def end(self) -> None:
        if self.there:
            _runs("umount", "--lazy", str(self.at))


def _runs(*command: str) -> bool:
    return subprocess.run(command, capture_output=True).returncode == 0


class Postgres:
    """A server of its own that writes through to the disk (fsync), and can be killed."""

    def __init__(self, folder: Path):
        self.folder, self.data, self.port = folder, folder / "data", free_port()
        self.url = f"postgres://kim@127.0.0.1:{self.port}/kim"
        self._run("initdb", "-D", str(self.data), "-U", "kim", "--auth=trust", "-E", "UTF8", "--locale=C.UTF-8",
                  "--locale-provider=icu", "--icu-locale=de-DE", "--wal-segsize=1")  # fmt: skip
        settings = self.data / "postgresql.auto.conf"
        settings.write_text(
            f"port = {self.port}\nunix_socket_directories = '{folder}'\nlisten_addresses = '127.0.0.1'\nfsync = on\n"
            "max_connections = 100\nshared_buffers = 64MB\nmax_wal_size = 32MB\nmin_wal_size = 4MB\n"
        )
        self.start()
        self._run("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "kim", "kim")

    def start(self) -> None:
        """Until it answers; starting after a crash takes a moment, and it may still be cleaning up."""
        until = time.monotonic() + 60
        while time.monotonic() < until:
            done = self._pg_ctl("-w", "-t", "30", "-l", str(self.folder / "log"), "start")
            if done.returncode == 0 or self.is_running():
                return
            time.sleep(0.3)
        raise AssertionError("PostgreSQL did not start: " + (self.folder / "log").read_text()[-2000:])

    def stop_at_once(self) -> None:
        """„immediate“: no checkpoint, no good-byes; the next start recovers from the log."""
        self._pg_ctl("-m", "immediate", "-w", "-t", "20", "stop")

    def kill_one_connection(self, chance) -> None:
        """kill -9 for one process that serves a client: the server drops all others and recovers."""
        pids = [int(line) for line in self.query("SELECT pid FROM pg_stat_activity WHERE datname = 'kim' "
                                                 "AND pid <> pg_backend_pid()").split()]  # fmt: skip
        if pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(chance.choice(pids), signal.SIGKILL)

    def only_reads(self, yes: bool) -> None:
        self.query(f"ALTER DATABASE kim SET default_transaction_read_only = {'on' if yes else 'off'}")
        self.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'kim' "
                   "AND pid <> pg_backend_pid()")  # fmt: skip

    def query(self, statement: str) -> str:
        done = self._run(
            "psql", "-h", "127.0.0.1", "-p", str(self.port), "-U", "kim", "-d", "postgres", "-Atc", statement
        )
        return done.stdout

    def is_running(self) -> bool:
        return self._pg_ctl("status").returncode == 0

    def end(self) -> None:
        self.stop_at_once()

    def _pg_ctl(self, *arguments: str):
        command = [*UNPRIVILEGED, find_program("pg_ctl"), "-D", str(self.data), *arguments]
        return subprocess.run(
            command, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=90
        )

    def _run(self, name: str, *arguments: str):
        command = [*UNPRIVILEGED, find_program(name), *arguments]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=120)
        if done.returncode:
            raise AssertionError(f"{name}: {done.stderr[-1000:]}")
        return done


class Redis:
    """A server of its own that keeps nothing on the disk: what it knew is gone when it is killed."""

    def __init__(self, folder: Path):
        self.folder, self.port = folder, free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.start()

    def start(self) -> None:
        command = [*UNPRIVILEGED, "redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "",
                   "--appendonly", "no", "--dir", str(self.folder)]  # fmt: skip
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + 20
        while time.monotonic() < until:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            time.sleep(0.05)
        raise AssertionError("Redis did not start")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)

    def stand_still(self, yes: bool) -> None:
        self.process.send_signal(signal.SIGSTOP if yes else signal.SIGCONT)

    def end(self) -> None:
        self.process.kill()
        self.process.wait(10)
