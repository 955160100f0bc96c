"""The web server; gunicorn reads this file by itself from the folder it is started in."""

import contextlib
import ctypes
import os
import shutil
import tempfile

bind = f"{os.environ.get('KIM_BIND') or '127.0.0.1'}:{os.environ.get('PORT') or '8000'}"
workers = int(os.environ.get("KIM_WEB_WORKERS") or 2)
worker_class = "gthread"
threads = int(os.environ.get("KIM_WEB_THREADS") or 8)
timeout = 60
graceful_timeout = 5
keepalive = 5
# The control socket would lie in the user's home and be shared by everything that runs there.
control_socket_disable = True
proc_name = "kim"
loglevel = (os.environ.get("KIM_LOG_LEVEL") or "info").lower()
# No access log: the application logs each request itself, without addresses and query strings.
accesslog = None
# A worker beats on a file in memory, never on a slow disk.
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108


def post_fork(server, worker):
    """One heap of memory for all threads together, which take turns in Python anyway: glibc would keep one per thread,
    most of it empty. And what is free again is given back instead of kept for the next big answer.
    """
    with contextlib.suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(-8, 1)  # M_ARENA_MAX
        mallopt(-3, 128 * 1024)  # M_MMAP_THRESHOLD; naming it keeps glibc from raising it
        mallopt(-1, 256 * 1024)  # M_TRIM_THRESHOLD


# Figures of all processes of this server for /metrics (kim.metrics): files in memory, shared by the workers. The folder
# belongs to this master: a second one started beside it for an update (USR2) makes its own.
counts = any(os.environ.get(f"KIM_METRICS_{name}") for name in ("TOKEN", "TOKEN_FILE", "FROM"))
SHARED, OWNER = "PROMETHEUS_MULTIPROC_DIR", "KIM_METRICS_MASTER"
if counts and os.environ.get(OWNER) != str(os.getpid()):
    os.environ[SHARED] = tempfile.mkdtemp(prefix="kim-metrics-", dir=worker_tmp_dir)
    os.environ[OWNER] = str(os.getpid())


def child_exit(server, worker):
    if SHARED in os.environ:
        from prometheus_client import multiprocess

        multiprocess.mark_process_dead(worker.pid)


def on_exit(server):
    """Also called in a master that ends while another goes on: each removes its own folder."""
    if os.environ.get(OWNER) == str(os.getpid()):
        shutil.rmtree(os.environ[SHARED], ignore_errors=True)
