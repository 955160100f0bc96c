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

    The same tables give the same answer. 22 areas × 19 values take half a second; four quarters and their year of it,
    all linked, under a minute (0060-small-numbers.md).
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
        raise Unprotectable(f"cells without a value: {sorted(map(str, missing))}", sorted(missing, key=str))
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
BRANCHES = 50
#: So many ways to hide a cell are compared.
WAYS = 3
#: What a step of a cell that is secret anyway costs: something, so that few cells move and few depend on it.
FREE = 0.01
INFINITE = float("inf")


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
        self.group, self.free = group, free
        self._highs = self._model(whole=False).pass_on()

    def least(self, cell: int) -> int:
        return self._end(cell, 1)

    def most(self, cell: int) -> int:
        return self._end(cell, -1)

    def endless(self) -> set[int]:
        """Cells without an upper limit. Directions in which tables go on for ever add up to such directions, so one
        model finds all of them."""
        model = _Model()
        numbers = {cell: model.column(0, 0, INFINITE) for cell in sorted(self.free)}
        shown = {cell: model.column(-1, 0, 1) for cell in sorted(self.free)}
        for cell in sorted(self.free):
            model.row(0, INFINITE, [(numbers[cell], 1), (shown[cell], -1)])
        for row in self.group.rows:
            if terms := [(numbers[one], float(factor)) for one, factor in row.terms if one in numbers]:
                model.row(0, INFINITE if row.least else 0, terms)
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
            model = self._model(whole=True)
            model.costs[cell] = sign
            highs = model.pass_on()
            for option, value in (("mip_rel_gap", 0.0), ("mip_abs_gap", 0.5), ("mip_max_nodes", 10**6)):
                highs.setOptionValue(option, value)
            found = _solve(highs)
        if found is None or not self.group.agrees({at: round(found[at]) for at in self.free}):
            raise Unprotectable("the solver contradicts itself", [self.group.keys[cell]])
        return round(found[cell])

    def _model(self, whole: bool) -> _Model:
        model = _Model()
        for cell, value in enumerate(self.group.values):
            free = cell in self.free
            model.column(0, 0 if free else value, INFINITE if free else value, whole and free)
        for row in self.group.rows:
            model.row(0, INFINITE if row.least else 0, [(one, float(factor)) for one, factor in row.terms])
        return model


class _Moves:
    """The least costly way from the true tables to others in which one cell is different, by a linear program."""

    def __init__(self, group: _Group, costs: Mapping[int, float]):
        """`costs` of moving a cell by one; cells without costs stay."""
        self.group = group
        model = _Model()
        for cell, value in enumerate(group.values):
            cost, moves = costs.get(cell, 0.0), cell in costs
            model.column(cost, 0, INFINITE if moves else 0)
            model.column(cost, 0, value if moves else 0)
        for row in group.rows:
            slack = sum(factor * group.values[one] for one, factor in row.terms)
            terms = [
                (2 * one + down, float(-factor if down else factor)) for one, factor in row.terms for down in (0, 1)
            ]
            model.row(-slack, INFINITE if row.least else -slack, terms)
        self.moving = set(costs)
        self._highs = model.pass_on()
        self._highs.setOptionValue("presolve", "off")  # the last answer is the better start

    def let(self, cell: int, cost: float) -> None:
        self.moving.add(cell)
        for column in (2 * cell, 2 * cell + 1):
            self._highs.changeColCost(column, cost)
        self._loosen(cell)

    def hold(self, cell: int) -> None:
        self.moving.discard(cell)
        self._loosen(cell)

    def _loosen(self, cell: int) -> None:
        moves = cell in self.moving
        self._highs.changeColBounds(2 * cell, 0, INFINITE if moves else 0)
        self._highs.changeColBounds(2 * cell + 1, 0, self.group.values[cell] if moves else 0)

    def to(self, goal: "_Goal") -> dict[int, float] | None:
        """By how much which cells move; None where there are no such tables. Between its value and any other that a
        cell can have it can, in parts of one, have every other: none here is none in whole numbers."""
        up, down = 2 * goal.cell, 2 * goal.cell + 1
        self._highs.changeColBounds(up, max(goal.by, 0), max(goal.by, 0))
        self._highs.changeColBounds(down, max(-goal.by, 0), max(-goal.by, 0))
        try:
            found = _solve(self._highs)
        finally:
            self._loosen(goal.cell)
        if found is None:
            return None
        moves = {cell: found[2 * cell] - found[2 * cell + 1] for cell in self.moving}
        return {cell: by for cell, by in moves.items() if abs(by) > NEARLY}


@dataclass(frozen=True)
class _Goal:
    """Tables have to be found in which the cell is greater (less) by so much, or more."""

    cell: int
    by: int

    def met(self, moves: Mapping[int, int]) -> bool:
        by = moves.get(self.cell, 0)
        return by >= self.by if self.by > 0 else by <= self.by


class _Protection:
    """Of one group: goals, one list for each thing that must stay possible, of which one is to be met; and the tables
    found so far (by how much which cells move), which meet them."""

    def __init__(self, group: _Group, tables: Tables, threshold: int):
        self.group = group
        cells = [tables.cells[key] for key in group.keys]
        kept = [tables.settled.get(key) for key in group.keys]
        hidden = {at for at, key in enumerate(group.keys) if key in tables.hidden}
        self.shown = {at for at, published in enumerate(kept) if published}
        small = [at for at, cell in enumerate(cells) if is_small(cell, threshold) and at not in self.shown]
        before = {at for at, published in enumerate(kept) if published is False} - hidden
        self.held = ({*small} | before) - hidden
        self.free = self.held | hidden
        self.extra: set[int] = set()
        self.found: list[dict[int, int]] = []
        totals = {one for row in group.rows if not row.least for one, factor in row.terms if factor > 0}
        #: That there is nobody is worth telling, and often known: it is not the first to be hidden.
        self.costs = [
            (1 + isqrt(100 * (cell.behind or 2 * threshold)) / 10) * (2 if at in totals else 1)
            for at, cell in enumerate(cells)
        ]
        # a small cell may be as large as what is published; it may also be less
        self.goals = [[_Goal(at, threshold - cells[at].behind)] for at in small]
        self.goals.sort(key=lambda goals: -goals[0].by)
        self.goals += [[_Goal(at, -1), _Goal(at, 1)] for at in small if cells[at].value]
        self.goals += [self._differs(at) for at in sorted(before.difference(small))]

    def secret(self) -> set[Key]:
        """Raises Unprotectable."""
        if not self.goals:
            return set()
        self.choice = _Moves(
            self.group,
            {at: FREE if at in self.free else cost for at, cost in enumerate(self.costs) if at not in self.shown},
        )
        for goals in self.goals:
            if not self._is_met(goals):
                self._add_for(goals)
        self.proof = _Moves(self.group, dict.fromkeys(sorted(self.free), 1.0))
        self._take_away()
        self._audit()
        return {self.group.keys[at] for at in self.held | self.extra}

    def _differs(self, at: int) -> list[_Goal]:
        return [_Goal(at, 1)] + ([_Goal(at, -1)] if self.group.values[at] else [])

    def _is_met(self, goals: list[_Goal]) -> bool:
        return any(goal.met(moves) for moves in self.found for goal in goals)

    def _proves(self, goals: list[_Goal], at_any_cost: bool = False) -> bool:
        """Whether one of them can be met with the cells that are secret; the tables in which it is are kept. Where the
        linear program answers in fractions, only tables near by are looked for in whole numbers, or all."""
        for goal in goals:
            moves = self.proof.to(goal)
            if moves is None:
                continue
            exact = self._exact(goal, moves)
            if exact is None:
                cells = self.free if at_any_cost else moves.keys() | (self.free & set(self.group.near(goal.cell, 2)))
                exact = self._program(goal, cells)
            if exact:
                self.found.append(exact)
                return True
        return False

    def _add_for(self, goals: list[_Goal]) -> None:
        for goal in goals:
            if moves := self._cheapest(goal):
                for at in sorted(moves.keys() - self.free):
                    self._release(at)
                    self.choice.let(at, FREE)
                self.found.append(moves)
                return
        key = self.group.keys[goals[0].cell]
        raise Unprotectable(f"what was published before gives {key} away", [key])

    def _release(self, at: int) -> None:
        self.extra.add(at)
        self.free.add(at)

    def _withdraw(self, at: int) -> None:
        self.extra.discard(at)
        self.free.discard(at)
        self.proof.hold(at)

    def _cheapest(self, goal: _Goal) -> dict[int, int] | None:
        """Moves that meet the goal and need few further cells that are not dear: some ways that cost little for each
        step of a cell, and out of their cells the ones that cost least altogether."""
        first = self.choice.to(goal)
        if first is None:
            return None
        if first.keys() <= self.free and (exact := self._exact(goal, first)):
            return exact
        moves = first
        ways: dict[int, None] = {}
        for turn in range(WAYS):
            added = sorted(moves.keys() - self.free)
            ways |= dict.fromkeys(moves)
            if not added or turn == WAYS - 1:
                break
            for at in added:  # another way round them
                self.choice.let(at, self.costs[at] * 5)
            moves = self.choice.to(goal) or {}
        for at in sorted(ways.keys() - self.free):
            self.choice.let(at, self.costs[at])
        cells = ways.keys() | (self.free & set(self.group.near(goal.cell, 2)))
        return (
            self._program(goal, cells, abs(goal.by))
            or self._exact(goal, first)
            or self._program(goal, set(range(len(self.group.keys))) - self.shown)
        )

    def _exact(self, goal: _Goal, moves: Mapping[int, float]) -> dict[int, int] | None:
        exact = {at: round(by) for at, by in moves.items() if round(by)}
        changed = {at: self.group.values[at] + by for at, by in exact.items()}
        return exact if goal.met(exact) and self.group.agrees(changed) else None

    def _program(self, goal: _Goal, cells: Iterable[int], most: int | None = None) -> dict[int, int] | None:
        """Moves of these cells that meet the goal, in whole numbers. With `most` each goes up or down by no more, and
        that it moves at all costs if it is not secret yet; without, every step costs."""
        model, value = _Model(), self.group.values
        columns: dict[int, int] = {}
        for at in sorted(cells):
            cost = 0.0 if most else FREE if at in self.free else self.costs[at]
            upper = most or INFINITE
            columns[at] = model.column(cost, 0, upper, whole=True)
            model.column(cost, 0, min(upper, value[at]), whole=True)
            if most and at not in self.free:
                whether = model.column(self.costs[at], 0, 1, whole=True)
                terms = [(columns[at], 1 / most), (whether, -1.0)]
                if value[at]:
                    terms.append((columns[at] + 1, 1 / min(most, value[at])))
                model.row(-INFINITE, 0, terms)
        for number in sorted({row for at in columns for row in self.group.at[at]}):
            row = self.group.rows[number]
            slack = sum(factor * value[one] for one, factor in row.terms)
            terms = [
                (columns[one] + down, float(-factor if down else factor))
                for one, factor in row.terms
                if one in columns
                for down in (0, 1)
            ]
            model.row(-slack, INFINITE if row.least else -slack, terms)
        up, sign = columns[goal.cell], 1.0 if goal.by > 0 else -1.0
        model.row(abs(goal.by), INFINITE, [(up, sign), (up + 1, -sign)])
        found = _solve(model.pass_on())
        if found is None:
            return None
        return self._exact(goal, {at: found[up] - found[up + 1] for at, up in columns.items()})

    def _take_away(self) -> None:
        """Cells that were added and are not needed any more, the dearest first; then those that can be computed
        anyway, which gives nobody anything to see."""
        for at in sorted(self.extra, key=lambda one: (-self.costs[one], one)):
            before, self.found = self.found, [moves for moves in self.found if at not in moves]
            kept = len(self.found)
            self._withdraw(at)
            if not all(self._is_met(goals) or self._proves(goals) for goals in self.goals):
                self.found = before + self.found[kept:]
                self._release(at)
                self.proof.let(at, 1.0)
        for at in sorted(self.extra):
            differs = self._differs(at)
            if not self._is_met(differs) and not self._proves(differs, at_any_cost=True):
                self._withdraw(at)

    def _audit(self) -> None:
        """Every cell kept secret is shown unknown by tables that are checked in whole numbers. Raises Unprotectable."""
        checked = []
        for moves in self.found:
            changed = {at: self.group.values[at] + by for at, by in moves.items()}
            if changed.keys() <= self.free and self.group.agrees(changed):
                checked.append(moves)
        self.found = checked
        for goals in self.goals + [self._differs(at) for at in sorted(self.extra)]:
            if not self._is_met(goals):
                key = self.group.keys[goals[0].cell]
                raise Unprotectable(f"{key} could be computed", [key])
