"""The agenda of a meeting as one reader sees it: every item under its number, but those about issues out of sight."""

from dataclasses import dataclass

from kim.rules import allows
from steering import access
from steering.models import AgendaItem, Issue, Meeting, Paper


@dataclass(frozen=True)
class Agenda:
    """`items` carry `number` (of the whole agenda), `shown` (may this reader read it?), `enclosed` papers, `taken`
    (what was resolved on it, or None) and `opens` (where what it is about can be read, or empty).
    """

    every: list[AgendaItem]
    papers: list[Paper]
    withdrawn: list[AgendaItem]

    @property
    def items(self) -> list[AgendaItem]:
        return [item for item in self.every if item.shown]

    @property
    def hidden(self) -> int:
        return len(self.every) - len(self.items)


def read(meeting: Meeting, user) -> Agenda:
    """In three queries, however long it is."""
    items = list(meeting.agenda.with_subjects().select_related("resolution").in_order())
    issues = {item.issue_id for item in items if item.issue_id}
    seen = set(Issue.objects.visible_to(user).filter(pk__in=issues).values_list("pk", flat=True)) if issues else set()
    enclosed: dict[int | None, list[Paper]] = {}
    for paper in meeting.papers.standing().select_related("by"):
        paper.meeting = meeting
        enclosed.setdefault(paper.item_id, []).append(paper)
    for item in items:
        item.meeting = meeting
        item.shown = item.issue_id is None or item.issue_id in seen
        item.taken = getattr(item, "resolution", None)
        item.opens = address_of(item, user) if item.shown else ""
        item.enclosed = enclosed.get(item.pk, []) if item.shown else []
    standing = [item for item in items if item.withdrawn_at is None]
    for number, item in enumerate(standing, 1):
        item.number = number
    withdrawn = [item for item in items if item.withdrawn_at and item.shown]
    return Agenda(standing, enclosed.get(None, []), withdrawn)


def address_of(item: AgendaItem, user) -> str:
    """Where what it is about can be read; empty where this reader of the meeting may not, or it is words only.

    Without a query of its own. That the issue is visible has been asked before.
    """
    if item.issue:
        return item.issue.get_absolute_url()
    if item.open_resolution:
        reads = access.Reading.of(user).reads(item.open_resolution, frozenset())
        return item.open_resolution.get_absolute_url() if reads else ""
    if item.rules:
        return item.rules.get_absolute_url()
    if item.minutes and item.meeting:
        sent = item.minutes.sent_at is not None
        takes = allows(access.runs_meetings, user, item.meeting.body)
        return item.minutes.get_absolute_url() if sent or takes else ""
    return ""
