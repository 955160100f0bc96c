"""Apportioning a total among places in whole steps: exact fractions, no model, no rounding but to steps.

Sainte-Laguë: the next step goes to the place with the highest weight / (2 · what it has + 1). That equals rounding
every weight / divisor to the nearest whole number with the divisor for which the sum comes out (§ 6 BWahlG since 2008).
A minimum is given first and counts towards the share: a place ends with the larger of its minimum and its rounded
share, as the Länder do where § 4 BWahlG 2020 gave each its seats at least. The other usual way, a minimum for
everybody and only the rest by weight on top, would move everybody away from their share, also those far above it.

Largest remainder (Hare/Niemeyer): the whole steps of the quota, then one more to the largest remainders. Places whose
quota is below their minimum get the minimum; the rest is apportioned anew among the others, until no quota falls short.

Ties go to the larger weight, then to the smaller key (the official municipality key).
"""

import heapq
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor

SAINTE_LAGUE, HARE_NIEMEYER, POPULATION = "sainte-lague", "hare-niemeyer", "population"
#: More steps than this nobody apportions; it bounds the work a total and a step can ask for.
MOST_STEPS = 20_000


class ApportionmentRefused(Exception):
    """It cannot be apportioned so. The message is meant for the user."""


def apportion(
    weights: Mapping[str, Fraction],
    total: Fraction,
    step: Fraction,
    method: str,
    minimums: Mapping[str, Fraction] | Fraction = Fraction(0),
) -> dict[str, Fraction]:
    """What each key gets: multiples of `step` that add up to `total`, none below its minimum (rounded up to a step).

    „population“ is the largest remainder, with inhabitants as weights. Raises ApportionmentRefused with a sentence.
    """
    steps = _steps(weights, total, step)
    floors = {key: ceil(_minimum_of(key, minimums) / step) for key in weights}
    _demand_possible(weights, steps, floors, step)
    if method == SAINTE_LAGUE:
        found = _highest_averages(weights, steps, floors)
    elif method in (HARE_NIEMEYER, POPULATION):
        found = _largest_remainders(weights, steps, floors)
    else:
        raise ApportionmentRefused("Bitte wählen Sie Sainte-Laguë, Hare/Niemeyer oder die Verteilung nach Einwohnern.")
    return {key: found[key] * step for key in weights}


def quotas(weights: Mapping[str, Fraction], total: Fraction) -> dict[str, Fraction]:
    """The exact share of each key, before steps and minimums; 0 where all weights are 0."""
    whole = sum(weights.values(), Fraction(0))
    return {key: total * weight / whole if whole else Fraction(0) for key, weight in weights.items()}


def _steps(weights: Mapping[str, Fraction], total: Fraction, step: Fraction) -> int:
    if not weights:
        raise ApportionmentRefused("Es gibt keine Kommune, auf die verteilt werden kann.")
    if step <= 0 or total <= 0:
        raise ApportionmentRefused("Was verteilt wird und der Schritt müssen größer als 0 sein.")
    steps = total / step
    if steps.denominator != 1:
        raise ApportionmentRefused(
            f"{said(total)} VZÄ lassen sich nicht in Schritten von {said(step)} verteilen. Bitte nehmen Sie zum "
            f"Beispiel {said(floor(steps) * step or step)} VZÄ oder einen anderen Schritt."
        )
    if steps > MOST_STEPS:
        most = f"{MOST_STEPS:,}".replace(",", ".")
        raise ApportionmentRefused(f"Das sind mehr als {most} Schritte. Bitte nehmen Sie einen größeren Schritt.")
    if any(weight < 0 for weight in weights.values()):
        raise ApportionmentRefused("Ein Gewicht ist nicht negativ.")
    return int(steps)


def _minimum_of(key: str, minimums: Mapping[str, Fraction] | Fraction) -> Fraction:
    least = minimums.get(key, Fraction(0)) if isinstance(minimums, Mapping) else Fraction(minimums)
    if least < 0:
        raise ApportionmentRefused("Ein Minimum ist nicht negativ.")
    return least


def _demand_possible(weights: Mapping[str, Fraction], steps: int, floors: Mapping[str, int], step: Fraction) -> None:
    least = sum(floors.values())
    if least > steps:
        raise ApportionmentRefused(
            f"Die Minima ergeben zusammen {said(least * step)} VZÄ, verteilt werden nur {said(steps * step)}. "
            "Bitte senken Sie ein Minimum oder verteilen Sie mehr."
        )
    if least < steps and not any(weights.values()):
        raise ApportionmentRefused(
            "Alle Gewichte sind 0: Wer den Rest bekommt, lässt sich nicht sagen. Bitte nehmen Sie ein Kriterium dazu."
        )


def _highest_averages(weights: Mapping[str, Fraction], steps: int, has: Mapping[str, int]) -> dict[str, int]:
    found = dict(has)
    queue = [_in_line(key, weights[key], found[key]) for key in weights]
    heapq.heapify(queue)
    for _ in range(steps - sum(found.values())):
        key = queue[0][2]
        found[key] += 1
        heapq.heapreplace(queue, _in_line(key, weights[key], found[key]))
    return found


def _in_line(key: str, weight: Fraction, has: int) -> tuple[Fraction, Fraction, str]:
    """Where a key stands in line for the next step, the first one smallest."""
    return -weight / (2 * has + 1), -weight, key


def _largest_remainders(weights: Mapping[str, Fraction], steps: int, floors: Mapping[str, int]) -> dict[str, int]:
    found: dict[str, int] = {}
    open_to = dict(weights)
    while True:
        shares = quotas(open_to, Fraction(steps - sum(found.values())))
        below = [key for key in open_to if shares[key] < floors[key]]
        if not below:
            break
        for key in below:
            found[key] = floors[key]
            del open_to[key]
    left = steps - sum(found.values())
    found |= {key: floor(shares[key]) for key in open_to}
    left -= sum(floor(shares[key]) for key in open_to)
    first = sorted(open_to, key=lambda key: (floor(shares[key]) - shares[key], -weights[key], key))
    for key in first[:left]:
        found[key] += 1
    return found


def said(amount: Fraction | Decimal | int) -> str:
    """A number that is not negative as people write it: „17“, „0,25“; half up to three places."""
    whole, rest = divmod(floor(Fraction(amount) * 1000 + Fraction(1, 2)), 1000)
    return f"{whole},{rest:03d}".rstrip("0").rstrip(",")
