"""„Betrieb“: what apps have to say there beside jobs and mails. The ground floor imports none of them."""

import tomllib
from functools import cache

from django.conf import settings

from kim import sections, workdays

_PAGE = sections.Page()
section = _PAGE.section


def sections_for(user) -> list[sections.Shown]:
    """What „Betrieb“ shows above its tasks; slots of the sets: `today`."""
    return _PAGE.shown(user, today=workdays.today())[sections.MAIN]


@cache
def version() -> str:
    """The release, as in pyproject.toml."""
    with (settings.BASE_DIR / "pyproject.toml").open("rb") as file:
        return tomllib.load(file)["project"]["version"]
