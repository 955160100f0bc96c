"""The cache all processes share, in Redis, and what becomes of it while Redis is away.

Nothing lives there that rows do not know better: counts of throttles, and figures kept for some minutes. So an outage
must not stop a page, nor open a door: every process counts for itself until Redis is back. Throttles are then as many
times looser as there are web processes, and never off (docs/decisions/0076-when-something-is-away.md).
"""

import time
from dataclasses import dataclass
from typing import Any

import structlog
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache

from kim import outages

#: After a failure nobody asks Redis again for so many seconds, else every page would wait for it.
REST = 5.0

log = structlog.get_logger("kim.caches")


@dataclass
class _Redis:
    """How this process found it last; `again_at` is on the monotonic clock."""

    is_away: bool = False
    again_at: float = 0.0


# One for all threads: Django makes a cache object for each of them.
_redis = _Redis()


def _passing(name: str):
    def ask(self, *args: Any, **kwargs: Any):
        if time.monotonic() >= _redis.again_at:
            try:
                answer = getattr(super(SharedCache, self), name)(*args, **kwargs)
            except Exception as error:
                if outages.of(error) is not outages.STORE_AWAY:
                    raise
                self._fell_out(error)
            else:
                _redis.is_away = False
                return answer
        return getattr(self.own, name)(*args, **kwargs)

    ask.__name__ = name
    return ask


class SharedCache(RedisCache):
    """Redis; while it is away, a memory of this process, which starts empty with each outage."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self.own = LocMemCache("while-redis-is-away", {})

    def _fell_out(self, error: Exception) -> None:
        if not _redis.is_away:
            self.own.clear()
            log.warning("redis is away, counting in this process", error=type(error).__name__)
        _redis.is_away, _redis.again_at = True, time.monotonic() + REST

    add = _passing("add")
    get = _passing("get")
    set = _passing("set")
    touch = _passing("touch")
    delete = _passing("delete")
    get_many = _passing("get_many")
    has_key = _passing("has_key")
    incr = _passing("incr")
    set_many = _passing("set_many")
    delete_many = _passing("delete_many")
    clear = _passing("clear")
