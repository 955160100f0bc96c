"""The day a page is asked for; what is no day counts as none."""

import datetime as dt

from django.core.exceptions import ValidationError

from kim import workdays
from kim.forms import Day


def asked_day(request, name: str = "on") -> dt.date:
    """The day of the address, today where there is none."""
    try:
        return Day(required=False, past=True).clean(request.GET.get(name, "")) or workdays.today()
    except ValidationError:
        return workdays.today()
