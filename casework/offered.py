"""What the forms about cases and people offer: code lists, places, organisations, and the draft begun. One query."""

from typing import Any

from django.db.models import Q

from casework.models import Case, Client
from kim import workdays
from kim.dated import valid_on
from kim.models import Assignment, Code, Draft, Municipality, Organisation, Role
from kim.together import Slot, day, text, through, together

LISTS = (
    Code.List.LANGUAGE, Code.List.GERMAN_LEVEL, Code.List.TARGET_GROUP, Code.List.ACCESS_ROUTE,
    Code.List.OTHER_SUPPORT, Code.List.CITIZENSHIP, Code.List.RESIDENCE_STATUS, Code.List.LEGAL_AREA,
)  # fmt: skip


def offered(user, key: str, *, case: Case | None = None, client: Client | None = None) -> dict[str, Any]:
    """`codes` by list (those valid today, and those the case and the client have), `municipalities`, `organisations`,
    `languages` and `citizenships` of the client, `place` (where the user works today), and the `draft` under `key`.
    """
    person = client.pk if client else case.client_id if case else None
    read: dict[str, Any] = _offered()(
        today=workdays.today(), user=user.pk, key=key, case=case.pk if case else None, client=person
    )
    by_list: dict[str, list[Code]] = {}
    for one in read.pop("all_codes"):
        by_list.setdefault(one.list, []).append(one)
    drafts = read.pop("drafts")
    return read | {"codes": by_list, "place": _place_of_today(read.pop("places")), "draft": drafts and drafts[0]}


@together
def _offered():
    user, today, case, client = Slot("user"), day(), Slot("case"), Slot("client")
    languages, citizenships = through(Client, "languages", client), through(Client, "citizenships", client)
    codes = valid_on(today) | Q(pk__in=languages) | Q(pk__in=citizenships)
    for rows, names in (
        (Client.objects.filter(pk=client), ("target_group", "german_level")),
        (Case.objects.filter(pk=case), ("access_route", "other_support")),
    ):
        for name in names:
            codes |= Q(pk__in=rows.values(name))
    duties = Assignment.objects.valid_on(today).filter(user=user, role=Role.CASE_MANAGER, known_until__isnull=True)
    return {
        "all_codes": Code.objects.filter(codes, list__in=LISTS).order_by("position", "label"),
        "municipalities": Municipality.objects.order_by("name"),
        "organisations": Organisation.objects.order_by("name"),
        "languages": Code.objects.filter(pk__in=languages),
        "citizenships": Code.objects.filter(pk__in=citizenships).order_by("position", "label"),
        "drafts": Draft.objects.filter(user=user, key=text("key")),
        "places": duties.filter(municipality__isnull=False).order_by("pk"),
    }


def typed_before(read: dict[str, Any]) -> dict[str, Any]:
    """What a draft holds, as initial values of its form."""
    draft = read["draft"]
    return {name: value for name, value in draft.data.items() if value} if draft else {}


def _place_of_today(places) -> int | None:
    """The municipality where the user works on this day of the week; the only one if there is no plan."""
    weekday = str(workdays.today().isoweekday())
    today = [place for place in places if weekday in place.weekdays]
    found = today or (places if len(places) == 1 else [])
    return found[0].municipality_id if found else None
