"""How often something may be asked for, where nobody signs in. Counted in the cache all processes share."""

import hashlib
import time

from allauth.account.adapter import get_adapter
from django.core.cache import cache
from django.http import HttpRequest


def is_too_often(what: str, who: str, *, most: int, seconds: int) -> bool:
    """Count one more, and say whether `who` has now asked for `what` more than `most` times in these `seconds`.

    Time is cut into windows of that length. What is asked for by whom stands in no key as it is.
    """
    marked = hashlib.sha256(who.encode()).hexdigest()
    key = f"throttle:{what}:{marked}:{int(time.time()) // seconds}"
    if cache.add(key, 1, seconds * 2):
        return most < 1
    try:
        return cache.incr(key) > most
    except ValueError:  # thrown out of the cache between the two
        return False


def address_of(request: HttpRequest) -> str:
    """Of whoever asks, behind as many proxies as KIM_PROXIES names: the same the login counts."""
    return get_adapter(request).get_client_ip(request)
