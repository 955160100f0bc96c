"""What pages of figures have in common: day, period and area from the query, and what their form offers."""

from kim.figures import Part
from kim.models import Bank
from kim.rules import allows
from reports import access, chain
from reports.asked import Area, Asked, Span, asked
from reports.lage import day_in_words, is_current


def asked_by(request) -> Asked:
    """The last day that can be asked for is the last one that was counted."""
    last = chain.latest()
    wanted = asked(request.GET, last.until if last else None)
    wanted.once("counting", lambda: last)
    return wanted


def shown_with(request, wanted: Asked) -> dict:
    """The context of templates/reports/_lage_head.html."""
    return {
        "asked": wanted,
        "counting": wanted.once("counting", chain.latest),
        "day_words": day_in_words(wanted.day),
        "spans": [(one.value, one.words) for one in Span],
        "areas": grouped(wanted.areas.values()),
        "reads_chain": allows(access.reads_part, request.user, Part.CHAIN),
        "is_current": is_current(wanted),
        "may_recount": allows(access.has_it_counted, request.user),
    }


def grouped(areas) -> list[tuple[str, list[Area]]]:
    """For the select: the county and its banks, then municipalities by bank."""
    areas = list(areas)
    groups = [("", [one for one in areas if not one.is_place])]
    for bank in [*Bank, None]:
        there = [one for one in areas if one.place and (one.place.bank or None) == bank]
        if there:
            groups.append((bank.label if bank else "Kommunen", there))
    return groups
