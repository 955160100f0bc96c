"""Prints the chain as Markdown: diagram, steps, holders. docs/escalation.md is this printout; a test compares."""

from django.core.management.base import BaseCommand

from steering.escalation import ENDS, ESCALATION, HOLDER, NEXT_UP, State
from steering.notices import HEADLINE, TOLD


class Command(BaseCommand):
    help = __doc__

    def handle(self, *args, **options):
        self.stdout.write(printout(), ending="")


def printout() -> str:
    return "\n".join([*_head(), *_states(), *_steps(), *_told()]) + "\n"


def _head():
    return [
        "# The escalation chain",
        "",
        "Printed by `manage.py print_escalation > docs/escalation.md`; edit `steering/escalation.py`, not this file.",
        "",
        "```mermaid",
        ESCALATION.diagram().strip(),
        "```",
        "",
    ]


def _states():
    yield "## States"
    yield ""
    yield "| state | label | held by | told too when ten working days late |"
    yield "|---|---|---|---|"
    for state in State:
        holder = HOLDER.get(state)
        late = NEXT_UP[holder].label if holder and state != State.DRAFT else "–"
        held = holder.label if holder else ("(end)" if state in ENDS else "–")
        yield f"| `{state.value}` | {state.label} | {held} | {late} |"
    yield ""


def _steps():
    yield "## Steps"
    yield ""
    yield "| step | from | to | who may | who never | needs | may add | button |"
    yield "|---|---|---|---|---|---|---|---|"
    for row in ESCALATION.rows:
        needs, asks = ", ".join(row.needs) or "–", ", ".join(row.asks) or "–"
        never = "–" if row.never.name == "nobody" else row.never.name
        yield (
            f"| {row.name} | {State(row.source).label} | {State(row.target).label} "
            f"| {row.may.name} | {never} | {needs} | {asks} | {row.label} |"
        )
    yield ""


def _told():
    yield "## Who is told"
    yield ""
    yield "| act | who | what |"
    yield "|---|---|---|"
    for act, rows in TOLD.items():
        label = HEADLINE[act]
        for office, text in rows or [(None, "–")]:
            yield f"| {label} (`{act}`) | {office.label if office else 'nobody'} | {text} |"
