"""The tables of steering. Nothing here may name a person from a case, or a case."""

from steering.models.bodies import AgendaItem, Body, Meeting, Membership
from steering.models.clock import Pause, Reminder, TimeLimit
from steering.models.issues import (
    Confirmation,
    Issue,
    IssueStep,
    Outcome,
    Reach,
    Reporter,
)
from steering.models.progress import Comment, InterimReport, Measure

__all__ = [
    "AgendaItem",
    "Body",
    "Comment",
    "Confirmation",
    "InterimReport",
    "Issue",
    "IssueStep",
    "Measure",
    "Meeting",
    "Membership",
    "Outcome",
    "Pause",
    "Reach",
    "Reminder",
    "Reporter",
    "TimeLimit",
]
