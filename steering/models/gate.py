"""Free text above the single case: the one way through the privacy gate, and what the trail notes of it."""

from collections.abc import Collection, Iterable

from kim import privacy_gate
from steering.models.traces import Confirmation


def pass_gate(
    texts: dict[str, str], *, by, confirmed: Collection[str] = frozenset(), places: Iterable = (), issue=None
) -> str:
    """Send texts, by what the page calls their fields, through the gate; in words how many findings were vouched for.

    Places are part of what a reader learns: a rare nationality in a small municipality may name somebody. With `issue`
    the people of its cases are looked for, too, and what was vouched for is kept with it for the coordination to see.
    Raises privacy_gate.Held with the findings, or privacy_gate.GateDown when the check cannot run.
    """
    written = {str(name): text for name, text in texts.items() if text}
    if not written:
        return ""
    about = [*places, *([issue.municipality] if issue and issue.municipality else [])]
    if about:
        written["Kommune"] = ", ".join(str(place) for place in about)
    findings = privacy_gate.require(written, author=by, confirmed=set(confirmed), context=issue)
    if issue and findings:
        Confirmation.objects.bulk_create(
            [
                Confirmation(issue=issue, key=found.key, field=found.field, kind=found.kind,
                             excerpt=found.excerpt[:120], by=by)
                for found in findings
            ],
            ignore_conflicts=True,
        )  # fmt: skip
    number = len({found.key for found in findings})
    if number == 0:
        return ""
    return f"{number} Hinweis{'e' if number > 1 else ''} der Datenschutzprüfung bestätigt"


def noted(*parts) -> str:
    """Parts of a trail note, the empty ones left out."""
    return ", ".join(str(part) for part in parts if part)
