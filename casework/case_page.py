"""The page of a case is made of sections (kim.sections), one module of `casework/views` for each subject.

Sections are `f(user, case, read)`; slots of their sets: `case`, `client`, `household`, `user`, `today`, `now`. All of
them are read in one query, so that the page asks the same number of times however much it shows. A section answers
for its own access rule: a look of the coordination shows the page, but lets nobody act.
"""

from casework.models import Case
from kim import sections, workdays
from kim.sections import ASIDE, MAIN

__all__ = ["ASIDE", "MAIN", "section", "sections_of"]

_PAGE = sections.Page()
section = _PAGE.section


def sections_of(case: Case, user) -> dict[str, list[sections.Shown]]:
    """What the page of `case` shows `user`, by column; `case` is read with its client."""
    return _PAGE.shown(
        user,
        case,
        case=case.pk,
        client=case.client_id,
        household=case.client.household_id,
        user=user.pk,
        today=workdays.today(),
        now=workdays.now(),
    )
