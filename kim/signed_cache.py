"""What the shared cache gives back is unpacked only if a process of ours put it there.

Values may be data classes, so they are pickled; unpickling runs what it is given. Whoever gets at Redis can therefore
spoil a cached value, but not have one run. (Named by CACHES in kim.settings.)
"""

import hashlib
import hmac
from typing import Any

from django.conf import settings
from django.core.cache.backends.redis import RedisSerializer
from django.core.signing import BadSignature

LENGTH = hashlib.sha256().digest_size


class SignedSerializer(RedisSerializer):
    """Whole numbers as they are, for counting; all else behind an HMAC-SHA256. BadSignature for what has none."""

    def dumps(self, obj: Any) -> Any:
        packed = super().dumps(obj)
        return packed if type(obj) is int else _mark(packed) + packed

    def loads(self, data: Any) -> Any:
        if data.lstrip(b"-").isdigit():
            return int(data)
        mark, packed = data[:LENGTH], data[LENGTH:]
        if not hmac.compare_digest(mark, _mark(packed)):
            raise BadSignature("a value in the cache is not ours")
        return super().loads(packed)


def _mark(packed: bytes) -> bytes:
    return hmac.digest(b"kim cache " + settings.SECRET_KEY.encode(), packed, "sha256")
