"""What municipalities need: the values of criteria on a day, and a total apportioned by them, with all it rests on."""

import datetime as dt
import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

from django.db import transaction

from funding.apportionment import POPULATION, ApportionmentRefused, apportion, quotas
from funding.models import Criterion, CriterionValue, Scenario, ScenarioShare
from funding.staffing import rounded
from kim.models import Municipality
from kim.models.places import PopulationCount
from kim.workflow import StepRefused

#: What every county begins with: key, name, unit, what is counted. Values come from sources, never from here.
CRITERIA = (
    (Criterion.POPULATION, "Einwohnerinnen und Einwohner", "Personen", "Letzte Zählung bis zum gewählten Stand."),
    ("schutzsuchende", "Schutzsuchende", "Personen", "Schutzsuchende mit Wohnsitz in der Kommune."),
    ("auslaendische", "Ausländerinnen und Ausländer", "Personen", "Einwohner ohne deutsche Staatsangehörigkeit."),
    ("faelle-je-vze", "Fälle je VZÄ", "Fälle", "Offene Fälle im Case Management je besetztem VZÄ."),
    ("wege", "Wege", "Minuten", "Mittlere Fahrzeit von der Dienststelle zu den Orten der Kommune."),
)  # fmt: skip


@transaction.atomic
def ensure_criteria() -> list[Criterion]:
    """The criteria every county begins with; those that are there stay as they are. Answers with the new ones."""
    there = set(Criterion.objects.values_list("key", flat=True))
    return Criterion.objects.bulk_create(
        Criterion(key=key, name=name, unit=unit, definition=definition, position=position)
        for position, (key, name, unit, definition) in enumerate(CRITERIA, start=1)
        if key not in there
    )


@dataclass(frozen=True)
class Told:
    """A value as a source told it: valid from (or counted on) a day."""

    value: Decimal
    since: dt.date
    source: str
    pk: int | None = None


def values_on(day: dt.date) -> dict[str, dict[str, Told]]:
    """Key of the criterion → official municipality key → what holds on `day`; two queries.

    Of inhabitants it is the last count up to that day.
    """
    found: dict[str, dict[str, Told]] = {}
    for row in CriterionValue.objects.believed().valid_on(day).select_related("criterion", "municipality"):
        told = Told(row.value, row.valid_from, row.source, row.pk)
        found.setdefault(row.criterion.key, {})[row.municipality.ags] = told
    counts = PopulationCount.objects.filter(counted_on__lte=day).select_related("municipality").order_by("counted_on")
    found[POPULATION] = {one.municipality.ags: Told(Decimal(one.persons), one.counted_on, one.source) for one in counts}
    return found


@dataclass(frozen=True)
class Plan:
    """What is to be apportioned and how; weights by the key of the criterion, places by their official key."""

    total: Decimal
    step: Decimal
    method: str
    on_day: dt.date
    weights: Mapping[str, Decimal]
    minimum: Decimal = Decimal(0)
    minimums: Mapping[str, Decimal] = field(default_factory=dict)
    without: Collection[str] = ()

    @property
    def counted(self) -> dict[str, Decimal]:
        """The weights that count: by population, inhabitants alone."""
        if self.method == POPULATION:
            return {Criterion.POPULATION: Decimal(1)}
        return {key: weight for key, weight in self.weights.items() if weight}

    def minimum_of(self, ags: str) -> Decimal:
        return self.minimums.get(ags, self.minimum)


@dataclass(frozen=True)
class Line:
    """What one municipality gets. `weight` is its share of all weights (together 1), `quota` the exact FTE."""

    place: Municipality
    weight: Fraction
    quota: Fraction
    minimum: Decimal
    fte: Fraction


@dataclass(frozen=True)
class Worked:
    plan: Plan
    lines: tuple[Line, ...]
    inputs: dict


def work_out(plan: Plan, names: Mapping[str, str] | None = None) -> Worked:
    """`plan` with the values of its day; raises ApportionmentRefused with a sentence. Three queries.

    The weight of a municipality is the sum of weight · value / sum of values over the criteria, divided by the sum of
    the weights. Sums go over the municipalities that take part. `names` are those of criteria, for the sentences.
    """
    names = names or {}
    places = list(Municipality.objects.exclude(ags__in=plan.without).order_by("ags"))
    counted, told = plan.counted, values_on(plan.on_day)
    if not counted:
        raise ApportionmentRefused("Bitte geben Sie mindestens einem Kriterium ein Gewicht.")
    if any(weight < 0 for weight in counted.values()):
        raise ApportionmentRefused("Ein Gewicht ist nicht negativ.")
    weights = dict.fromkeys((place.ags for place in places), Fraction(0))
    together = Fraction(sum(counted.values()))
    for key, weight in counted.items():
        of_all = _values(names.get(key, key), told.get(key, {}), places, plan.on_day)
        for ags, share in of_all.items():
            weights[ags] += Fraction(weight) / together * share
    minimums = {place.ags: Fraction(plan.minimum_of(place.ags)) for place in places}
    total, step = Fraction(plan.total), Fraction(plan.step)
    found = apportion(weights, total, step, plan.method, minimums)
    exact = quotas(weights, total)
    lines = tuple(
        Line(place, weights[place.ags], exact[place.ags], plan.minimum_of(place.ags), found[place.ags])
        for place in places
    )
    return Worked(plan, lines, _inputs(plan, places, told, names))


def _values(name: str, told: Mapping[str, Told], places: Iterable[Municipality], day: dt.date) -> dict[str, Fraction]:
    """The share of each place in the sum of a criterion."""
    missing = [place.name for place in places if place.ags not in told]
    if missing:
        raise ApportionmentRefused(
            f"Zu „{name}“ fehlt am {day:%d.%m.%Y} ein Wert für: {', '.join(sorted(missing))}. Bitte tragen Sie ihn "
            "nach, lassen Sie diese Kommunen weg oder geben Sie dem Kriterium kein Gewicht."
        )
    values = {place.ags: Fraction(told[place.ags].value) for place in places}
    whole = sum(values.values(), Fraction(0))
    if values and not whole:
        raise ApportionmentRefused(
            f"Alle Werte zu „{name}“ sind am {day:%d.%m.%Y} 0. Danach lässt sich nicht verteilen."
        )
    return {ags: value / whole for ags, value in values.items()}


def _inputs(plan: Plan, places, told: Mapping[str, Mapping[str, Told]], names: Mapping[str, str]) -> dict:
    """Everything a result rests on, to be kept with it; `checksum` is SHA-256 over the rest as sorted JSON."""
    found = {
        "criteria": [
            {
                "key": key, "name": names.get(key, key), "weight": f"{weight:f}",
                "values": {
                    place.ags: {
                        "value": f"{told[key][place.ags].value.normalize():f}",
                        "since": told[key][place.ags].since.isoformat(), "source": told[key][place.ags].source,
                    }
                    for place in places
                },
            }
            for key, weight in plan.counted.items()
        ],
        "minimums": {ags: f"{least:f}" for ags, least in sorted(plan.minimums.items())},
        "without": sorted(plan.without),
    }  # fmt: skip
    return found | {"checksum": checksum(found)}


def checksum(inputs: Mapping) -> str:
    """SHA-256 of the inputs without their checksum."""
    rest = {name: value for name, value in inputs.items() if name != "checksum"}
    written = json.dumps(rest, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(written.encode()).hexdigest()


def keep(worked: Worked, criteria: Iterable[Criterion], *, by, name: str, note: str = "", trail_note="") -> Scenario:
    """The scenario of what was worked out; weights to ten, quotas to six places, half up."""
    plan, by_key = worked.plan, {one.key: one for one in criteria}
    if lacking := [key for key in plan.counted if key not in by_key]:
        raise StepRefused(f"Das Kriterium „{lacking[0]}“ gibt es nicht. Bitte laden Sie die Daten des Kreises neu.")
    shares = [
        ScenarioShare(
            municipality=line.place, weight=Decimal(rounded(line.weight, 10)), minimum=line.minimum,
            quota=Decimal(rounded(line.quota, 6)), fte=Decimal(rounded(line.fte, 3)),
        )
        for line in worked.lines
    ]  # fmt: skip
    return Scenario.keep(
        by=by, name=name, note=note, total=plan.total, step=plan.step, minimum=plan.minimum, method=plan.method,
        on_day=plan.on_day, inputs=worked.inputs, shares=shares, trail_note=trail_note,
        weights={by_key[key]: weight for key, weight in plan.counted.items()},
    )  # fmt: skip
