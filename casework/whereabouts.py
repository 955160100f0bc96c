"""Where a case stands on its way through the phases, and how much a residence title presses."""

import datetime as dt
from dataclasses import dataclass, field

from casework.lifecycle import ENDS, State
from kim import workdays

#: From so many days before its end on, a residence title is about to expire.
SOON = dt.timedelta(days=90)

#: The phases in their order, as the line shows them.
PHASES = (
    State.REQUEST, State.CLEARING, State.ADMITTED, State.ASSESSMENT, State.PLANNING, State.LINKING, State.MONITORING,
    State.EVALUATION, State.CLOSED,
)  # fmt: skip


@dataclass(frozen=True)
class Way:
    label: str
    marks: list[dict[str, str]]
    bundled: bool = field(default=False)


def way_of(case, came_from: str | None) -> Way:
    """`came_from` is the state before the last step: where a case rests, or was when it ended."""
    state = State(case.state)
    if state == State.CLOSED:
        return Way(f"Alle Phasen durchlaufen, {state.label}", [{"css": "is-passed"}] * len(PHASES))
    here = _position(state, came_from)
    if state in ENDS:
        marks = ["is-passed" if place <= here else "is-bypassed" for place in range(len(PHASES))]
        return Way(f"{state.label} in der Phase {PHASES[here].label}", [{"css": css} for css in marks])
    now = "is-now is-paused" if state == State.RESTING else "is-now"
    marks = ["is-passed" if place < here else now if place == here else "" for place in range(len(PHASES))]
    number = f"Phase {here + 1} von {len(PHASES)}"
    if state == State.TAKEN_UP_AGAIN:
        return Way(f"{number}: {state.label}", [{"css": css} for css in marks])
    label = f"{number}: {PHASES[here].label}"
    return Way(label if state == PHASES[here] else f"{label}, {state.label}", [{"css": css} for css in marks])


def _position(state: State, came_from: str | None) -> int:
    if state in PHASES:
        return PHASES.index(state)
    if state == State.TAKEN_UP_AGAIN or came_from not in PHASES:
        return PHASES.index(State.ADMITTED)
    return PHASES.index(State(came_from))


def title_tone(expires_on: dt.date | None) -> str:
    """late, soon, or nothing to say."""
    if expires_on is None:
        return ""
    left = expires_on - workdays.today()
    return "late" if left < dt.timedelta(0) else "soon" if left <= SOON else ""
