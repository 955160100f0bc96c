"""Small numbers of people are kept secret, with as many others as it takes that none can be computed back.

Pure: no models, no database. Whoever publishes tables about people puts everything that hangs together into one
`Tables` – the new tables, what was published before, and what could be computed from both – and publishes every cell
that is not in `protect`. docs/decisions/0060-small-numbers.md says what is guarded against and what is not.
"""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from math import isqrt

#: Stands for a number that is kept secret: in tables, charts, tooltips and files.
SECRET = "•"  # noqa: S105

Key = Hashable


class Unprotectable(Exception):
    """Nothing of these tables may be published. `keys`: the cells that cannot be kept unknown (none where the tables
    contradict themselves or the solver gave no answer)."""

    def __init__(self, message: str, keys: Iterable[Key] = ()):
        super().__init__(message)
        self.keys = tuple(keys)


@dataclass(frozen=True)
class Cell:
    """A whole number ≥ 0, and how many people are behind it (None: the number counts people)."""

    value: int
    people: int | None = None

    @property
    def behind(self) -> int:
        return self.value if self.people is None else self.people


@dataclass(frozen=True)
class Tables:
    """Cells that hang together.

    `sums`: (total, its parts), equalities that everybody knows; `bounds`: (first, second), first ≤ second, known to
    everybody. `hidden` cells are never published, but others can be subtracted to get at them. `settled`: published
    (True) or kept secret (False) earlier, with the value they have here; they stay so.
    """

    cells: dict[Key, Cell]
    sums: list[tuple[Key, tuple[Key, ...]]] = field(default_factory=list)
    hidden: frozenset[Key] = frozenset()
    settled: Mapping[Key, bool] = field(default_factory=dict)
    bounds: list[tuple[Key, Key]] = field(default_factory=list)


def few(number: int, threshold: int) -> str:
    """A count of people in words: „weniger als 5“ for 1 to 4, else the number; none is none."""
    return f"weniger als {threshold}" if 0 < number < threshold else str(number)


def is_small(cell: Cell, threshold: int) -> bool:
    """None is not small: that there is nobody tells of nobody."""
    return 0 < cell.behind < threshold


def protect(tables: Tables, threshold: int) -> frozenset[Key]:
    """The cells to keep secret: the small ones, and those without which they could be computed. Raises Unprotectable.

    For each cell that must stay unknown this looks for other tables of whole numbers that agree with everything
    published and everything known, in which the cell is something else; cells are added, the cheapest first, until
    there are such tables, and taken away again where there are some without. The tables found are the proof: nothing
    is returned that was not checked against them in whole numbers, whatever the solver says.

    The same tables give the same answer. 22 areas × 18 values with margins, a third of them small, take about a second
    and a half; four quarters and their year of it about ten (0060-small-numbers.md).
    """
    _complain(tables)
    secret: set[Key] = set()
    for group in _groups(tables):
        secret |= _Protection(group, tables, threshold).secret()
    return frozenset(secret)


def intervals(tables: Tables, secret: Iterable[Key]) -> dict[Key, tuple[int, int | None]]:
    """What somebody with a solver finds out of each cell that is secret or hidden: (least, most); most is None where
    there is no limit. Everything else counts as published. Raises Unprotectable.
    """
    _complain(tables)
    unknown = set(secret) | tables.hidden
    found: dict[Key, tuple[int, int | None]] = {}
    for group in _groups(tables):
        free = {at for at, key in enumerate(group.keys) if key in unknown}
        if not free:
            continue
        reach = _Reach(group, free)
        endless = reach.endless()
        for at in sorted(free):
            found[group.keys[at]] = (reach.least(at), None if at in endless else reach.most(at))
    return found


def _complain(tables: Tables) -> None:
    """Raises Unprotectable where the tables contradict themselves: they cannot be checked, so nothing is published."""
    known = tables.cells
    named = {key for total, parts in tables.sums for key in (total, *parts)}
    named |= {key for pair in tables.bounds for key in pair} | tables.hidden | tables.settled.keys()
    if missing := [key for key in named if key not in known]:
        raise Unprotectable(f"cells without a value: {sorted(map(str, missing))}", missing)
    if wrong := [key for key, cell in known.items() if cell.value < 0 or cell.behind < 0]:
        raise Unprotectable(f"cells below nothing: {wrong}", wrong)
    if wrong := [total for total, parts in tables.sums if known[total].value != sum(known[key].value for key in parts)]:
        raise Unprotectable(f"parts do not add up to their total: {wrong}", wrong)
    if wrong := [first for first, second in tables.bounds if known[first].value > known[second].value]:
        raise Unprotectable(f"more than what bounds them: {wrong}", wrong)
    if wrong := [key for key in tables.hidden if tables.settled.get(key)]:
        raise Unprotectable(f"hidden and published: {wrong}", wrong)


@dataclass(frozen=True)
class _Row:
    """An equality (Σ coefficient·cell = 0), or with `least` only: Σ ≥ 0."""

    terms: tuple[tuple[int, int], ...]
    least: bool = False


@dataclass
class _Group:
    """Cells that hang together by sums and bounds, numbered in the order of the tables."""

    keys: list[Key]
    values: list[int]
    rows: list[_Row]
    #: Of each cell the rows it stands in.
    at: list[list[int]]

    def near(self, cell: int, steps: int) -> list[int]:
        """Cells not further than so many rows away."""
        found, edge, seen = {cell}, [cell], set()
        for _ in range(steps):
            rows = [row for one in edge for row in self.at[one] if row not in seen]
            seen.update(rows)
            edge = list({one: None for row in rows for one, _ in self.rows[row].terms if one not in found})
            found.update(edge)
        return sorted(found)

    def agrees(self, changed: Mapping[int, int]) -> bool:
        """Whether the tables with these cells changed still agree with all sums and bounds; in whole numbers."""
        if any(value < 0 for value in changed.values()):
            return False
        for row in {row for cell in changed for row in self.at[cell]}:
            total = sum(factor * changed.get(one, self.values[one]) for one, factor in self.rows[row].terms)
            if total < 0 or (total and not self.rows[row].least):
                return False
        return True


def _groups(tables: Tables) -> list[_Group]:
    raw: list[tuple[dict[Key, int], bool]] = []
    for total, parts in tables.sums:
        terms: dict[Key, int] = {total: 1}
        for key in parts:
            terms[key] = terms.get(key, 0) - 1
        raw.append((terms, False))
    raw += [({second: 1, first: -1}, True) for first, second in tables.bounds if first != second]
    above: dict[Key, Key] = {key: key for key in tables.cells}

    def top(key: Key) -> Key:
        while above[key] != key:
            above[key] = above[above[key]]
            key = above[key]
        return key

    for terms, _ in raw:
        first, *others = terms
        for key in others:
            above[top(key)] = top(first)
    members: dict[Key, list[Key]] = {}
    for key in tables.cells:
        members.setdefault(top(key), []).append(key)
    groups = {
        name: _Group(keys, [tables.cells[key].value for key in keys], [], [[] for _ in keys])
        for name, keys in members.items()
    }
    numbers = {key: number for keys in members.values() for number, key in enumerate(keys)}
    for terms, least in raw:
        group = groups[top(next(iter(terms)))]
        row = _Row(tuple((numbers[key], factor) for key, factor in terms.items() if factor), least)
        for cell, _ in row.terms:
            group.at[cell].append(len(group.rows))
        group.rows.append(row)
    return list(groups.values())


# The solver

#: What the solver takes for zero.
NEARLY = 1e-6
#: Branches it tries before it gives the best it has.
BRANCHES = 200


class _Model:
    """Columns and rows, handed to HiGHS at once; then solved again with other bounds and costs."""

    def __init__(self) -> None:
        self.costs: list[float] = []
        self.lower: list[float] = []
        self.upper: list[float] = []
        self.whole: list[bool] = []
        self.rows: list[tuple[float, float, list[tuple[int, float]]]] = []

    def column(self, cost: float, lower: float, upper: float, whole: bool = False) -> int:
        self.costs.append(cost)
        self.lower.append(lower)
        self.upper.append(upper)
        self.whole.append(whole)
        return len(self.costs) - 1

    def row(self, lower: float, upper: float, terms: list[tuple[int, float]]) -> None:
        self.rows.append((lower, upper, terms))

    def pass_on(self):
        import highspy
        import numpy as np

        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = len(self.costs), len(self.rows)
        lp.col_cost_, lp.col_lower_, lp.col_upper_ = map(np.array, (self.costs, self.lower, self.upper))
        lp.row_lower_ = np.array([row[0] for row in self.rows], dtype=float)
        lp.row_upper_ = np.array([row[1] for row in self.rows], dtype=float)
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        starts = [0]
        for _, _, terms in self.rows:
            starts.append(starts[-1] + len(terms))
        lp.a_matrix_.start_ = np.array(starts, dtype=np.int32)
        lp.a_matrix_.index_ = np.array([one for row in self.rows for one, _ in row[2]], dtype=np.int32)
        lp.a_matrix_.value_ = np.array([factor for row in self.rows for _, factor in row[2]], dtype=float)
        if any(self.whole):
            kinds = highspy.HighsVarType
            lp.integrality_ = [kinds.kInteger if one else kinds.kContinuous for one in self.whole]
        highs = highspy.Highs()
        for option, value in (
            ("output_flag", False),
            ("threads", 1),
            ("random_seed", 1),
            ("mip_rel_gap", 0.02),
            ("mip_max_nodes", BRANCHES),
        ):
            highs.setOptionValue(option, value)
        if highs.passModel(lp) == highspy.HighsStatus.kError:
            raise Unprotectable("the solver does not take the tables")
        return highs


def _solve(highs) -> list[float] | None:
    """Columns of a solution; None where there is none. Raises Unprotectable where that stays open."""
    import highspy

    highs.run()
    status, kinds = highs.getModelStatus(), highspy.HighsModelStatus
    if status == kinds.kOptimal:
        return list(highs.getSolution().col_value)
    if status == kinds.kInfeasible:
        return None
    if status == kinds.kSolutionLimit and highs.getInfo().primal_solution_status == 2:
        return list(highs.getSolution().col_value)
    raise Unprotectable(f"the solver gave no answer: {highs.modelStatusToString(status)}")


def _is_whole(values: Iterable[float]) -> bool:
    return all(abs(value - round(value)) <= NEARLY for value in values)


class _Reach:
    """How far cells can go while everything published stays as it is: what an attacker computes."""

    def __init__(self, group: _Group, free: set[int]):
        self.group, self.free = group, set(free)
        self._highs = self._model(whole=False).pass_on()

    def fix(self, cell: int) -> None:
        """As if it was published."""
        self.free.discard(cell)
        self._highs.changeColBounds(cell, self.group.values[cell], self.group.values[cell])

    def release(self, cell: int) -> None:
        self.free.add(cell)
        self._highs.changeColBounds(cell, 0, float("inf"))

    def table(self, cell: int, least: int | None = None, most: int | None = None) -> dict[int, int] | None:
        """Other tables in which the cell is at least, or at most, so much: the cells that differ; None if there are
        none. Exact: between its value and any other the cell can have it can, in parts of one, have every other."""
        goal = least if least is not None else most or 0
        self._highs.changeColBounds(cell, goal, goal)
        try:
            found = _solve(self._highs)
        finally:
            self._highs.changeColBounds(cell, 0, float("inf"))
        if found is not None and not _is_whole(found):
            found = self._whole(cell, 0, (goal, float("inf")) if least is not None else (0, goal))
        return None if found is None else self._changes(found)

    def least(self, cell: int) -> int:
        return self._end(cell, 1)

    def most(self, cell: int) -> int:
        return self._end(cell, -1)

    def endless(self) -> set[int]:
        """Cells without an upper limit. Directions in which tables go on for ever add up to such directions, so one
        model finds all of them."""
        model = _Model()
        numbers = {cell: model.column(0, 0, float("inf")) for cell in sorted(self.free)}
        shown = {cell: model.column(-1, 0, 1) for cell in sorted(self.free)}
        for cell in sorted(self.free):
            model.row(0, float("inf"), [(numbers[cell], 1), (shown[cell], -1)])
        for row in self.group.rows:
            if terms := [(numbers[one], float(factor)) for one, factor in row.terms if one in numbers]:
                model.row(0, float("inf") if row.least else 0, terms)
        found = _solve(model.pass_on())
        if found is None:
            raise Unprotectable("the solver contradicts itself")
        return {cell for cell in self.free if found[shown[cell]] > 0.5}

    def _end(self, cell: int, sign: int) -> int:
        self._highs.changeColCost(cell, sign)
        try:
            found = _solve(self._highs)
        finally:
            self._highs.changeColCost(cell, 0)
        if found is not None and not _is_whole(found):
            found = self._whole(cell, sign, (0, float("inf")))
        if found is None or self._changes(found) is None:
            raise Unprotectable("the solver contradicts itself", [self.group.keys[cell]])
        return round(found[cell])

    def _changes(self, found: list[float]) -> dict[int, int] | None:
        changes = {one: round(found[one]) for one in self.free if round(found[one]) != self.group.values[one]}
        return changes if self.group.agrees(changes) else None

    def _model(self, whole: bool) -> _Model:
        model = _Model()
        for cell, value in enumerate(self.group.values):
            free = cell in self.free
            model.column(0, 0 if free else value, float("inf") if free else value, whole and free)
        for row in self.group.rows:
            model.row(0, float("inf") if row.least else 0, [(one, float(factor)) for one, factor in row.terms])
        return model

    def _whole(self, cell: int, sign: int, bounds: tuple[float, float]) -> list[float] | None:
        model = self._model(whole=True)
        model.costs[cell] = sign
        model.lower[cell], model.upper[cell] = bounds
        highs = model.pass_on()
        for option, value in (("mip_rel_gap", 0.0), ("mip_abs_gap", 0.5), ("mip_max_nodes", 10**6)):
            highs.setOptionValue(option, value)
        return _solve(highs)


# What to add


@dataclass(frozen=True)
class _Goal:
    """Tables have to be found in which the cell is at least, or at most, so much. `must`: else nothing is published;
    where it is the second of two, the first may do."""

    cell: int
    least: int | None = None
    most: int | None = None

    def met(self, changed: Mapping[int, int]) -> bool:
        value = changed.get(self.cell)
        if value is None:
            return False
        return value >= self.least if self.least is not None else value <= (self.most or 0)


class _Protection:
    """Of one group. `secret` and `hidden` are numbers of cells."""

    def __init__(self, group: _Group, tables: Tables, threshold: int):
        self.group = group
        cells = [tables.cells[key] for key in group.keys]
        kept = [tables.settled.get(key) for key in group.keys]
        self.hidden = {at for at, key in enumerate(group.keys) if key in tables.hidden}
        self.shown = {at for at, published in enumerate(kept) if published}
        self.small = [at for at, cell in enumerate(cells) if is_small(cell, threshold) and at not in self.shown]
        self.before = {at for at, published in enumerate(kept) if published is False} - self.hidden
        self.held = ({*self.small} | self.before) - self.hidden
        self.extra: set[int] = set()
        self.found: list[dict[int, int]] = []
        totals = {one for row in group.rows if not row.least for one, factor in row.terms if factor > 0}
        self.costs = [
            (10 + isqrt(100 * (cell.behind or 2 * threshold))) * (2 if at in totals else 1)
            for at, cell in enumerate(cells)
        ]
        self.missing = [threshold - cell.behind for cell in cells]

    def secret(self) -> set[Key]:
        """Raises Unprotectable."""
        if not self.small and not self.before:
            return set()
        self.reach = _Reach(self.group, self.held | self.hidden)
        for goals in self._goals():
            self._reach_one_of(goals)
        self._take_away()
        self._audit()
        return {self.group.keys[at] for at in self.held | self.extra}

    def _goals(self) -> list[list[_Goal]]:
        """Of each list one has to be met. A small cell may be as large as is published; it may also be less."""
        value, rest = self.group.values, [at for at in sorted(self.before) if at not in self.small]
        up = [[_Goal(at, least=value[at] + self.missing[at])] for at in self.small]
        up.sort(key=lambda goals: -self.missing[goals[0].cell])
        down = [[_Goal(at, most=value[at] - 1), _Goal(at, least=value[at] + 1)] for at in self.small if value[at]]
        return up + down + [self._differs(at) for at in rest]

    def _differs(self, at: int) -> list[_Goal]:
        value = self.group.values[at]
        return [_Goal(at, least=value + 1)] + ([_Goal(at, most=value - 1)] if value else [])

    def _is_met(self, goals: list[_Goal]) -> bool:
        return any(goal.met(changed) for changed in self.found for goal in goals)

    def _reach_one_of(self, goals: list[_Goal]) -> None:
        if self._is_met(goals) or self._proves(goals[:1]):
            return
        for goal in goals:
            if changed := self._cheapest(goal):
                for at in sorted(changed.keys() - self.reach.free):
                    self.extra.add(at)
                    self.reach.release(at)
                self.found.append(changed)
                return
        key = self.group.keys[goals[0].cell]
        raise Unprotectable(f"what was published before gives {key} away", [key])

    def _proves(self, goals: list[_Goal]) -> bool:
        """Whether one of them can be met as it is; the tables in which it is are kept."""
        for goal in goals:
            if changed := self.reach.table(goal.cell, goal.least, goal.most):
                self.found.append(changed)
                return True
        return False

    def _cheapest(self, goal: _Goal) -> dict[int, int] | None:
        """Other tables that meet the goal and change cells that cost little, near by before far away."""
        move = abs((goal.least if goal.least is not None else goal.most or 0) - self.group.values[goal.cell])
        everything, steps, size = len(self.group.keys), 2, 0
        while size < everything:
            near = self.group.near(goal.cell, steps)
            if size == len(near):  # the rest does not hang together with it
                break
            size = len(near)
            for most in (move, 4 * move):
                if changed := self._choice(goal, near, most):
                    return changed
            steps += 1
        return self._choice(goal, self.group.near(goal.cell, everything), None)

    def _choice(self, goal: _Goal, near: list[int], most: int | None) -> dict[int, int] | None:
        """By a mixed-integer program: each cell may go up or down by no more than `most`; whether it moves at all
        costs. Without `most` it may move any way, and each one costs: for what is found no other way."""
        model, value = _Model(), self.group.values
        ups: dict[int, int] = {}
        downs: dict[int, int] = {}
        for at in near:
            if at in self.shown:
                continue
            free = at in self.reach.free
            cost = 0.0 if free or most is not None else float(self.costs[at])
            upper = float("inf") if most is None else most
            ups[at] = model.column(cost, 0, upper, whole=True)
            downs[at] = model.column(cost, 0, min(upper, value[at]), whole=True)
            if not free and most is not None:
                moves = model.column(self.costs[at], 0, 1, whole=True)
                terms = [(ups[at], 1 / most), (moves, -1.0)]
                if value[at]:
                    terms.append((downs[at], 1 / min(most, value[at])))
                model.row(-float("inf"), 0, terms)
        inside = set(near)
        for number in sorted({row for at in near for row in self.group.at[at]}):
            row = self.group.rows[number]
            slack = sum(factor * value[one] for one, factor in row.terms)
            terms = []
            for one, factor in row.terms:
                if one in inside and one in ups:
                    terms += [(ups[one], float(factor)), (downs[one], -float(factor))]
            if terms:
                model.row(-slack, float("inf") if row.least else -slack, terms)
        if goal.least is not None:
            model.row(goal.least - value[goal.cell], float("inf"), [(ups[goal.cell], 1.0), (downs[goal.cell], -1.0)])
        else:
            model.row(
                value[goal.cell] - (goal.most or 0), float("inf"), [(downs[goal.cell], 1.0), (ups[goal.cell], -1.0)]
            )
        found = _solve(model.pass_on())
        if found is None:
            return None
        moved = {at: round(found[ups[at]]) - round(found[downs[at]]) for at in ups}
        changed = {at: value[at] + by for at, by in moved.items() if by}
        return changed if self.group.agrees(changed) and goal.met(changed) else None

    def _take_away(self) -> None:
        """Cells that were added and are not needed any more, the dearest first; then those that can be computed
        anyway, which gives nobody anything to see."""
        goals = self._goals()
        for at in sorted(self.extra, key=lambda one: (-self.costs[one], one)):
            before = self.found
            self.found = [changed for changed in before if at not in changed]
            self.extra.discard(at)
            self.reach.fix(at)
            if not all(self._is_met(goal) or self._proves(goal) for goal in goals):
                self.found += before
                self.extra.add(at)
                self.reach.release(at)
        for at in sorted(self.extra):
            differs = self._differs(at)
            if not self._is_met(differs) and not self._proves(differs):
                self.extra.discard(at)
                self.reach.fix(at)

    def _audit(self) -> None:
        """Every cell kept secret is shown unknown by tables that are checked in whole numbers. Raises Unprotectable."""
        unknown = self.held | self.extra | self.hidden
        self.found = [changed for changed in self.found if changed.keys() <= unknown and self.group.agrees(changed)]
        for goals in self._goals() + [self._differs(at) for at in sorted(self.extra)]:
            if not self._is_met(goals):
                key = self.group.keys[goals[0].cell]
                raise Unprotectable(f"{key} could be computed", [key])
