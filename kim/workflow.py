"""Workflows written as tables: one row per arrow, saying what, from where, to where, by whom, needing what.

Guard, permission, four eyes, privacy gate, trail, buttons, diagram and tests are all read from the one table.
This is the only place where a state is assigned.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps

from django.core.exceptions import PermissionDenied
from django.db import OperationalError, connection, transaction
from django.dispatch import Signal

from kim import outages, trail
from kim.rules import Rule, nobody

#: The one signal in the house, sent inside the transaction of an act with `obj`, `act` (its name), `record` (the
#: row it left) and `given`. Receivers only write rows: what is done and what is told become true together.
happened = Signal()


class StepRefused(Exception):
    """The step cannot be taken as things stand. The message is meant for the user."""


class OutOfTurn(StepRefused):
    """Somebody was faster, or the page was old: there is no such arrow from where the object is now."""


@dataclass(frozen=True)
class Step:
    name: str
    source: str
    target: str
    may: Rule
    never: Rule = nobody
    needs: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()
    #: What must be true of the object before it may leave; the refusal says what to do.
    gates: tuple[Rule, ...] = ()
    label: str = ""
    hint: str = ""

    def __str__(self):
        return f"{self.name} ({self.source} → {self.target})"


@dataclass(frozen=True)
class Offer:
    """A step as shown to one person: open, or barred with the reason why."""

    step: Step
    barred: str = ""


class Workflow:
    """The table.

    A model that follows it has `state`, `step_no`, `steps_taken`, and answers `arrive(row, given)`, `stay()` (what the
    row of a step keeps of the stay that begins), `texts_of(row, given)`, `pass_gate(texts, by, confirmed)`,
    `who_was_first()` and `name_of(need)`. `hats` says under whose names a user may act on an object at all.
    """

    def __init__(self, *rows: Step, hats: Callable = lambda user, obj: user.hats()):
        self.rows = rows
        self.hats = hats
        self.names = list(dict.fromkeys(row.name for row in rows))

    def find(self, name: str, state: str) -> Step | None:
        return next((row for row in self.rows if (row.name, row.source) == (name, state)), None)

    def label(self, name: str) -> str:
        return next(row.label for row in self.rows if row.name == name)

    def offers(self, user, obj) -> list[Offer]:
        """The steps that lie in this user's hands now. One barred by four eyes stays and says why."""
        found = []
        for row in self.rows:
            if row.source == obj.state and any(row.may(hat, obj) for hat in self.hats(user, obj)):
                try:
                    self.hat(row, user, obj)
                except PermissionDenied as refusal:
                    found.append(Offer(row, barred=str(refusal)))
                else:
                    found.append(Offer(row))
        return found

    def hat(self, row: Step, user, obj):
        """Under whose name `user` may take `row`: their own, or that of somebody they stand in for.

        Raises PermissionDenied with the sentence the user reads.
        """
        hats = [hat for hat in self.hats(user, obj) if row.may(hat, obj)]
        if not hats:
            raise PermissionDenied(row.may.refusal)
        free = [hat for hat in hats if not row.never(hat, obj)]
        if row.never(user, obj) or not free:
            raise PermissionDenied(row.never.refusal)
        return free[0]

    def step(self, method: Callable):
        """Make a model method the step of its name: lock, check, act, move and record, or change nothing.

        The method is then called with `by` (who acts), optionally `seen` (the `step_no` of the page acted on),
        `confirmed` (keys of findings of the privacy gate the actor vouches for), and what the row needs.
        Raises StepRefused, OutOfTurn, PermissionDenied, privacy_gate.Held or privacy_gate.GateDown.
        """
        name = method.__name__
        if name not in self.names:
            raise LookupError(f"{name} has no row in the table")

        @wraps(method)
        def take(obj, **given):
            nested = connection.in_atomic_block
            try:
                return attempt(obj, **given)
            except OperationalError as error:
                # Two acts locked each other out and the database let go of this one: nothing was changed.
                if nested or outages.of(error) is not outages.BUSY:
                    raise
                raise StepRefused(
                    f"Gerade wurde derselbe {obj._meta.verbose_name} an anderer Stelle bearbeitet. "
                    "Bitte versuchen Sie es noch einmal."
                ) from error

        def attempt(obj, *, by, seen=None, confirmed=frozenset(), **given):
            with transaction.atomic():
                # A step starts from what the database says, not from what this page showed.
                locked = type(obj)._base_manager.select_for_update(of=("self",))
                obj.refresh_from_db(from_queryset=locked)
                row = self.find(name, obj.state)
                if row is None or (seen is not None and int(seen) != obj.step_no):
                    raise OutOfTurn(obj.who_was_first())
                hat = self.hat(row, by, obj)
                if missing := [need for need in row.needs if not given.get(need)]:
                    raise StepRefused(f"Es fehlt: {', '.join(obj.name_of(need) for need in missing)}.")
                for gate in row.gates:
                    if not gate(hat, obj):
                        raise StepRefused(gate.refusal)
                obj.pass_gate(obj.texts_of(row, given), by=by, confirmed=confirmed)
                method(obj, by=by, **given)
                obj.state = row.target
                obj.step_no += 1
                obj.arrive(row, given)
                obj.save()
                taken = obj.steps_taken.create(
                    no=obj.step_no,
                    name=name,
                    source=row.source,
                    target=row.target,
                    by=by,
                    on_behalf_of=None if hat == by else hat,
                    note=next((given[key] for key in ("reason", "note") if given.get(key)), ""),
                    **obj.stay(),
                )
                trail.record(
                    f"{obj._meta.model_name}.{name}",
                    obj,
                    by=by,
                    on_behalf_of=taken.on_behalf_of,
                )
                happened.send(type(obj), obj=obj, act=name, record=taken, given=given)
            return taken

        return take

    def diagram(self) -> str:
        """The table as a Mermaid diagram; a test compares it with docs/escalation.md."""
        arrows = [f"    {row.source} --> {row.target}: {row.name}" for row in self.rows]
        return "\n".join(["stateDiagram-v2", *arrows]) + "\n"
