"""Pages that parts of this app hang their sections into (kim.sections)."""

from kim import sections

#: The dashboard: sections are `f(user, asked) -> dict | None` (reports.asked.Asked), None for whom it is not meant.
LAGE = sections.Page()
