"""Pages that parts of this app hang their sections into."""

from kim import sections

#: f(user, notice)
NOTICE = sections.Page()
#: f(user, post)
POST = sections.Page()
