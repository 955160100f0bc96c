"""What papers say about posts, beside what KIM counts on the day they speak of."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from funding.models import Module, ReportedFigure
from funding.staffing import Rows, german

Measure = ReportedFigure.Measure


@dataclass(frozen=True)
class Compared:
    figure: ReportedFigure
    #: None where KIM has nothing on record to count.
    counted: Fraction | None
    #: Other papers about the same that say something else.
    others: Sequence[ReportedFigure] = ()

    @property
    def value(self) -> Fraction:
        return Fraction(self.figure.value)

    @property
    def module(self) -> Module:
        return Module(self.figure.module)

    @property
    def differs(self) -> bool:
        return self.counted != self.value

    @property
    def contradicts(self) -> bool:
        """What somebody has clarified contradicts no more."""
        return self.figure.clarified_on is None and (self.differs or bool(self.others))

    @property
    def said(self) -> str:
        return _words(self.figure.measure, self.value)

    @property
    def counted_said(self) -> str:
        return "nichts erfasst" if self.counted is None else _words(self.figure.measure, self.counted)

    @property
    def others_said(self) -> str:
        return "; ".join(f"{one.document}: {_words(one.measure, Fraction(one.value))}" for one in self.others)

    @property
    def heading(self) -> str:
        """„Modul 2: 11 oder 13?“; what contradicts nothing is no question."""
        if not self.contradicts:
            return f"{self.module.short}, {self.figure.get_measure_display()}: {german(self.value)}"
        numbers = {self.value, *(Fraction(one.value) for one in self.others)}
        numbers |= {self.counted} if self.counted is not None else set()
        said = " oder ".join(german(one) for one in sorted(numbers))
        return f"{self.module.short}, {self.figure.get_measure_display()}: {said}?"


def compared(figures: Iterable[ReportedFigure], rows: Rows, beside: Iterable[ReportedFigure] = ()) -> list[Compared]:
    """`rows` have been read for the days of all `figures`; `beside` are further ones that may contradict them."""
    figures = list(figures)
    alike: dict[tuple, dict[int, ReportedFigure]] = defaultdict(dict)
    for one in [*figures, *beside]:
        if one.clarified_on is None:
            alike[one.as_of, one.module, one.measure][one.pk] = one
    on = {day: rows.on(day) for day in {one.as_of for one in figures}}
    return [
        Compared(
            one, _counted(on[one.as_of].modules[one.module], one.measure),
            [other for other in alike[one.as_of, one.module, one.measure].values() if other.value != one.value]
            if one.clarified_on is None else (),
        )
        for one in figures
    ]  # fmt: skip


def _counted(module, measure: str) -> Fraction | None:
    if measure == Measure.GRANTED:
        return module.granted
    if not module.posts:
        return None
    return module.filled if measure == Measure.FILLED else Fraction(module.heads)


def _words(measure: str, value: Fraction) -> str:
    if measure == Measure.PERSONS:
        return f"{german(value)} {'Person' if value == 1 else 'Personen'}"
    return f"{german(value)} VZÄ"
