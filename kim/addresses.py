"""Addresses of single objects, for lists that write hundreds of them."""

from functools import lru_cache

from django.urls import get_script_prefix, reverse

_ANY = 9_081_726_354


def address(name: str, pk: int) -> str:
    """The address of the page `name` of one object: what `reverse(name, args=[pk])` says, in a tenth of the time."""
    before, after = _around(name, get_script_prefix())
    return f"{before}{pk}{after}"


@lru_cache(maxsize=200)
def _around(name: str, prefix: str) -> tuple[str, str]:
    before, after = reverse(name, args=[_ANY]).split(str(_ANY))
    return before, after
