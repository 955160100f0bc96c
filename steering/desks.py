"""The desks of steering: how much lies in an inbox, and the steps that can be taken with several issues at once."""

from dataclasses import dataclass

from django.core.exceptions import PermissionDenied

from kim import workdays
from kim.models import User
from kim.navigation import MANY, counter
from kim.paging import CappedNumber
from kim.privacy_gate import GateDown, Held
from kim.together import Slot, day, together
from kim.workflow import StepRefused
from steering import access
from steering.escalation import ESCALATION, HOLDER, State
from steering.models import Issue

#: Steps for several issues at once, in the order of their buttons.
TOGETHER = ("forward", "merge", "hand_back", "table")
#: The keys of the reading pane.
KEYS = {"forward": "w", "merge": "b", "hand_back": "z", "table": "t", "feed_back": "r"}
#: So many issues can be taken in hand at once.
MOST = 50


@dataclass(frozen=True)
class Figures:
    total: int
    late: int
    to_answer: int

    @property
    def to_sift(self) -> int:
        return self.total - self.to_answer


def figures(user) -> Figures:
    """How much lies on this user's desk, each counted no further than CAP; one query, asked once per request."""
    if not hasattr(user, "_desk_figures"):
        desk = access.Desk.of(user)
        (counted,) = _counted(desk.shape, in_full=True)(user=user.pk, today=workdays.today(), **desk.values)["desk"]
        user._desk_figures = Figures(counted.total, counted.late, counted.to_answer)
    return user._desk_figures


@counter("steering:inbox")
def in_the_inbox(user) -> int:
    """Up to 100, for the navigation."""
    if hasattr(user, "_desk_figures"):
        return user._desk_figures.total
    desk = access.Desk.of(user)
    (counted,) = _counted(desk.shape, in_full=False)(user=user.pk, **desk.values)["desk"]
    return counted.total


@together
def _counted(shape, in_full):
    """The figures as columns of the one row of whoever asks."""
    desk = Issue.objects.filter(access.Desk.in_slots(*shape).inbox())
    late = desk.going(day()).filter(due_rank__lt=day())
    asking = User.objects.filter(pk=Slot("user")).order_by().only("pk")
    if not in_full:
        return {"desk": asking.annotate(total=CappedNumber(desk, MANY))}
    to_answer = CappedNumber(desk.filter(state=State.FEEDBACK_DUE))
    return {"desk": asking.annotate(total=CappedNumber(desk), late=CappedNumber(late), to_answer=to_answer)}


@dataclass(frozen=True)
class Done:
    """What became of one issue when several were taken in hand; `gone`: it lies out of the user's sight now."""

    issue: Issue
    words: str
    went: bool
    gone: bool = False


def take_together(name: str, issues, *, by, seen: dict[int, int], confirmed=(), **given) -> list[Done]:
    """Take the step `name` with each of `issues`, every one a transaction of its own; says for each what became of it.

    `seen` holds the step number of each issue on the page acted on. Raises Held or GateDown for a text given for all.
    """
    done = []
    for issue in issues:
        row = ESCALATION.find(name, issue.state)
        kept = {key: value for key, value in given.items() if row and key in (*row.needs, *row.asks) and value}
        try:
            getattr(issue, name)(by=by, seen=seen.get(issue.pk), confirmed=confirmed, **kept)
        except (StepRefused, PermissionDenied) as refusal:
            done.append(Done(issue, str(refusal), went=False))
        except (Held, GateDown):
            if any(one.went for one in done):
                # The text passed for others, so it is this issue's own matter that is held.
                done.append(Done(issue, "Die Datenschutzprüfung hält ihn an. Bitte einzeln bearbeiten.", went=False))
            else:
                raise
        else:
            holder = HOLDER.get(State(issue.state))
            where = f"liegt jetzt bei: {holder.label}" if holder else f"jetzt: {issue.get_state_display()}"
            done.append(Done(issue, where, went=True))
    return done
