"""The tables of steering. Nothing here may name a person from a case, or a case."""

from steering.models.bodies import AgendaItem, Body, Meeting, Membership
from steering.models.choices import Frequency, Outcome, Reach, Urgency
from steering.models.clock import Pause, Reminder, TimeLimit
from steering.models.issues import Issue
from steering.models.numbers import NumberRange
from steering.models.progress import Comment, InterimReport, Measure
from steering.models.traces import Confirmation, IssueStep, Reporter

__all__ = [
    "AgendaItem",
    "Body",
    "Comment",
    "Confirmation",
    "Frequency",
    "InterimReport",
    "Issue",
    "IssueStep",
    "Measure",
    "Meeting",
    "Membership",
    "NumberRange",
    "Outcome",
    "Pause",
    "Reach",
    "Reminder",
    "Reporter",
    "TimeLimit",
    "Urgency",
]
