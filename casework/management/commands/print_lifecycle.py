"""Prints the lifecycle of a case as Markdown: diagram, states, steps, privacy. docs/lifecycle.md is this printout."""

from django.core.management.base import BaseCommand

from casework.lifecycle import ENDS, LIFECYCLE, NOT_ADMITTED, REQUESTED, WORKING, State
from casework.models.cases import AFTER_WITHDRAWAL
from casework.privacy import TABLE, Category


class Command(BaseCommand):
    help = __doc__

    def handle(self, *args, **options):
        self.stdout.write(printout(), ending="")


def printout() -> str:
    return "\n".join([*_head(), *_states(), *_steps(), *_gates(), *_privacy()]) + "\n"


def _head():
    return [
        "# The lifecycle of a case",
        "",
        "Printed by `manage.py print_lifecycle > docs/lifecycle.md`; edit `casework/lifecycle.py` and",
        "`casework/privacy.py`, not this file.",
        "",
        "```mermaid",
        LIFECYCLE.diagram().strip(),
        "```",
        "",
    ]


def _states():
    yield "## States"
    yield ""
    yield "| state | label | | erased |"
    yield "|---|---|---|---|"
    for state in State:
        yield f"| `{state.value}` | {state.label} | {_kind(state)} | {_kept(state)} |"
    yield ""
    yield "After a withdrawal of the consent a case in any state is locked at once and erased within"
    yield f"{AFTER_WITHDRAWAL.days} days, unless legal claims put that off."
    yield "Months and years are settings of the county (defaults: 6 months, 3 years)."
    yield ""


def _kind(state):
    if state in ENDS:
        return "end"
    return "needs a consent in force" if state in WORKING else "open"


def _kept(state):
    if state in REQUESTED:
        return "months after it was opened"
    if state in NOT_ADMITTED:
        return "months after it ended"
    return "years after it ended" if state in ENDS else "–"


def _steps():
    yield "## Steps"
    yield ""
    yield "| step | from | to | who may | needs | may add | gates | button |"
    yield "|---|---|---|---|---|---|---|---|"
    for row in LIFECYCLE.rows:
        needs, asks = ", ".join(row.needs) or "–", ", ".join(row.asks) or "–"
        gates = ", ".join(gate.name for gate in row.gates) or "–"
        yield (
            f"| {row.name} | {State(row.source).label} | {State(row.target).label} | {row.may.name} | {needs} | {asks} "
            f"| {gates} | {row.label} |"
        )
    yield ""


def _gates():
    yield "## Gates"
    yield ""
    yield "| gate | what the user reads while it is shut |"
    yield "|---|---|"
    for gate in {gate.name: gate for row in LIFECYCLE.rows for gate in row.gates}.values():
        yield f"| {gate.name} | {gate.refusal} |"
    yield ""


def _privacy():
    yield "## Privacy table"
    yield ""
    yield "| model | fields | category | what for | kept | at the end |"
    yield "|---|---|---|---|---|---|"
    for row in TABLE:
        yield (
            f"| {row.model} | {row.names.replace(' ', ', ')} | {Category(row.category).label} | {row.purpose} "
            f"| {row.kept.label} | {row.erasure.label} |"
        )
