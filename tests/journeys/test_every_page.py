"""Every page, for every role: it is accessible and fits at one of two widths, in one of the lights, and fits the other
width, too, for every other role.

Which one goes by turns, and for each role the other way round: a page that two roles find is looked at in both.
"""

import pytest
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse

from kim.models import Role
from steering.escalation import ESCALATION
from tests.casework import one_of_each
from tests.world import world

#: What depends on the width is looked for at both widths, what depends on the light in both lights.
LOOKS = [(1280, "light"), (375, "dark")]


def plain_addresses() -> list[str]:
    """Every address of our apps that stands alone, without an object."""

    def walk(patterns, namespace=""):
        for pattern in patterns:
            if not isinstance(pattern, URLPattern):
                yield from walk(pattern.url_patterns, pattern.namespace or namespace)
            elif namespace and pattern.name and not pattern.pattern.converters:
                yield reverse(f"{namespace}:{pattern.name}")

    return sorted(walk(get_resolver().url_patterns))


def addresses_of_things(role, there) -> list[str]:
    """Pages of one thing each: an issue with its steps in every state this role acts in, a body, a meeting, a case and
    all that hangs on it.
    """
    user = there.people[role]
    found = [
        reverse("steering:body_detail", args=[there.group.pk]),
        reverse("steering:meeting_detail", args=[there.group.next_meeting().pk]),
        reverse("steering:meeting_move", args=[there.group.next_meeting().pk]),
        *(
            reverse(f"steering:{name}", args=[there.group.next_meeting().pk])
            for name in ("meeting_invite", "meeting_order", "meeting_topic", "paper_new")
        ),
        reverse("steering:limit_change", args=["coordination"]),
    ]
    agreed = there.agreed
    for name, thing in [
        ("agreement_detail", agreed.place), ("agreement_edit", agreed.version), ("agreement_send", agreed.version),
        ("agreement_sign", agreed.version), ("agreement_end", agreed.held), ("kickoff_detail", agreed.event),
        ("kickoff_edit", agreed.event), ("kickoff_participant", agreed.event), ("interface_detail", agreed.interface),
        ("interface_edit", agreed.interface), ("interface_way", agreed.interface),
        ("interface_retire", agreed.interface),
    ]:  # fmt: skip
        found.append(reverse(f"steering:{name}", args=[thing.pk]))
    for issue in there.issues.values():
        found.append(issue.get_absolute_url())
        if role == Role.COORDINATION:
            found.append(reverse("steering:inbox_issue", args=[issue.pk]))
        steps = [offer.step.name for offer in ESCALATION.offers(user, issue) if not offer.barred]
        found += [reverse("steering:issue_step", args=[issue.pk, step]) for step in steps[:1]]
    return found + [one_of_each.address(url, there.its) for url in one_of_each.ARGUMENTS]


def answered(role, there, addresses) -> list[str]:
    """Those that answer this role with a page."""
    client = Client()
    client.force_login(there.people[role])
    answers = {address: client.get(address) for address in addresses}
    return [
        address for address, answer in answers.items()
        if answer.status_code == 200 and answer["Content-Type"].startswith("text/html")
    ]  # fmt: skip


@pytest.mark.parametrize("role", list(Role), ids=str)
def test_every_page_is_accessible_and_quiet_and_fits(role, window):
    there = world()
    visitor = window(there.people[role])
    addresses = answered(role, there, plain_addresses())
    assert "/" in addresses
    addresses += answered(role, there, addresses_of_things(role, there))
    for turn, address in enumerate(addresses, start=list(Role).index(role)):
        look, other = LOOKS[turn % 2], LOOKS[(turn + 1) % 2]
        turned(visitor, *look).open(address)
        visitor.picture(f"{role}-{address.strip('/').replace('/', '_') or 'heute'}-{look[0]}-{look[1]}")
        if turn % 4 < 2:
            turned(visitor, *other).fits()


def turned(visitor, width, scheme):
    visitor.page.set_viewport_size({"width": width, "height": 900})
    visitor.page.emulate_media(color_scheme=scheme)
    return visitor
