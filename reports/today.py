"""What the roof shows on „Heute“: how it stands, in three numbers. Imported by the app's configuration (kim.today)."""

from kim import workdays
from kim.addresses import page
from kim.models import Role
from kim.today import ASIDE, section
from reports import chain
from reports.asked import COUNTY, Area, Asked, Span
from reports.charts import cell_words

#: Who looks at the whole before a meeting; others open the dashboard where they need it.
LOOK_FIRST = (Role.STEERING_GROUP, Role.STRATEGIC_OFFICE)


@section("reports/_today_standing.html", column=ASIDE, order=40)
def standing(user):
    """Open, overdue and answered issues of the county as last counted; one query."""
    if not user.acts_as(*LOOK_FIRST):
        return None
    county = Area(COUNTY, "alle Kommunen", frozenset())
    now = chain.on(Asked(workdays.today(), Span.YEAR, county, {COUNTY: county}))
    had, of = now.feedback_of
    if not of and not now.open:
        return None
    return {
        "day": now.day,
        "open": cell_words(now.open),
        "overdue": cell_words(now.overdue),
        "fed_back": cell_words(had),
        "of": cell_words(of),
        "url": page("reports:lage"),
    }
