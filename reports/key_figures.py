"""A number as a page leads with it: its name, what has changed, and where its definition stands."""

from dataclasses import dataclass
from functools import lru_cache

from django.urls import get_script_prefix, get_urlconf, reverse

from kim.figures import figure


@dataclass(frozen=True)
class KeyFigure:
    """Shown by `reports/_figure.html`. `key` is that of the definition (kim.figures); `url` leads to what it counts."""

    value: str
    name: str
    small: str = ""  # behind the value: „Tage“, „von 31“
    more: tuple[str, ...] = ()
    change: str = ""
    key: str = ""
    url: str = ""
    alarm: bool = False

    @property
    def definition(self) -> str:
        return definition(self.key)


def definition(key: str) -> str:
    """The address of „So wird gezählt“; empty for a figure nobody has registered."""
    try:
        figure(key)
    except KeyError:
        return ""
    return _address(key, get_script_prefix(), get_urlconf())


@lru_cache(maxsize=500)
def _address(key: str, prefix: str, urlconf: str | None) -> str:
    return reverse("reports:figure_detail", args=[key])


def changed(now: int | None, before: int | None, when: str) -> str:
    """„3 mehr als am 31.12.“; empty where one of them is not known."""
    if now is None or before is None:
        return ""
    if now == before:
        return f"wie {when}"
    return f"{abs(now - before)} {'mehr' if now > before else 'weniger'} als {when}"
