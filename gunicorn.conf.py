"""The web server; gunicorn reads this file by itself from the folder it is started in."""

import contextlib
import ctypes
import os

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
    """Two heaps of memory for all threads together: glibc would keep one per thread, most of it empty."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(-8, 2)  # M_ARENA_MAX
