"""Addresses that are written again and again: of single objects in lists, of the pages in the navigation."""

from functools import lru_cache

from django.urls import NoReverseMatch, get_script_prefix, get_urlconf, reverse

_ANY = 9_081_726_354


def address(name: str, pk: int) -> str:
    """The address of the page `name` of one object: what `reverse(name, args=[pk])` says, in a tenth of the time."""
    before, after = _around(name, get_script_prefix())
    return f"{before}{pk}{after}"


@lru_cache(maxsize=200)
def _around(name: str, prefix: str) -> tuple[str, str]:
    before, after = reverse(name, args=[_ANY]).split(str(_ANY))
    return before, after


def page(name: str) -> str:
    """The address of the page `name`; empty where this installation has none."""
    return _page(name, get_script_prefix(), get_urlconf())


@lru_cache(maxsize=200)
def _page(name: str, prefix: str, urlconf: str | None) -> str:
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""
