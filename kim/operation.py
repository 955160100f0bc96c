"""„Betrieb“: what apps have to say there beside jobs and mails. The ground floor imports none of them."""

from kim import sections, workdays

_PAGE = sections.Page()
section = _PAGE.section


def sections_for(user) -> list[sections.Shown]:
    """What „Betrieb“ shows above its tasks; slots of the sets: `today`."""
    return _PAGE.shown(user, today=workdays.today())[sections.MAIN]
