"""What the tests of casework's pages share: addresses, signing in, somebody who stands in."""

import datetime as dt

from django.urls import reverse

from kim import workdays
from kim.models import Absence

#: The family name of the person of the case `led` (conftest).
SECRET = "Zaubertrank"
#: Pages below one case or its person.
OF_CASE = [
    "case_detail", "case_edit", "case_step", "case_timeline", "client_detail", "client_edit", "client_status",
    "client_area", "client_household", "client_member",
]  # fmt: skip


def url(name, *args):
    return reverse(f"casework:{name}", args=args)


def as_(client, user):
    client.force_login(user)
    return client


def stand_in(away, deputy, days=7):
    today = workdays.today()
    return Absence.objects.create(user=away, deputy=deputy, valid_from=today, valid_until=today + dt.timedelta(days))


def address(name, led):
    if name.startswith("client_"):
        return url(name, led.client_id)
    if name == "case_step":
        return url(name, led.pk, "plan")
    if name == "case_export":
        return url(name, "csv")
    if name in ("case_detail", "case_edit", "case_timeline", "look_take"):
        return url(name, led.pk)
    return url(name)


def request_of(place, **fields):
    today = f"{workdays.today():%d.%m.%Y}"
    return {"family_name": "Rahimi", "given_name": "Nadia", "municipality": place.pk, "opened_on": today,
            "act": "open"} | fields  # fmt: skip
