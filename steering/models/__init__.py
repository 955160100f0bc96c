"""The tables of steering. Nothing here may name a person from a case, or a case."""

from steering.models.bodies import Body, Membership
from steering.models.choices import Frequency, Outcome, Reach, Urgency
from steering.models.clock import DutyReminder, Pause, Reminder, TimeLimit
from steering.models.cooperation import Agreement, Interface, InterfaceWay, KickOff, KickOffParticipant
from steering.models.decisions import Attendance, Postponement, Resolution, Vote
from steering.models.expected import ExpectedSeat
from steering.models.issues import Issue
from steering.models.meetings import AgendaItem, Meeting, Paper
from steering.models.milestones import Milestone
from steering.models.minutes import Minutes, Objection
from steering.models.numbers import NumberRange, ResolutionNumbers
from steering.models.participation import Statement
from steering.models.progress import Comment, InterimReport, Measure
from steering.models.rules import RulesOfProcedure
from steering.models.traces import Confirmation, IssueStep, Reporter

__all__ = [
    "AgendaItem",
    "Agreement",
    "Attendance",
    "Body",
    "Comment",
    "Confirmation",
    "DutyReminder",
    "ExpectedSeat",
    "Frequency",
    "Interface",
    "InterfaceWay",
    "InterimReport",
    "Issue",
    "IssueStep",
    "KickOff",
    "KickOffParticipant",
    "Measure",
    "Meeting",
    "Membership",
    "Milestone",
    "Minutes",
    "NumberRange",
    "Objection",
    "Outcome",
    "Paper",
    "Pause",
    "Postponement",
    "Reach",
    "Reminder",
    "Reporter",
    "Resolution",
    "ResolutionNumbers",
    "RulesOfProcedure",
    "Statement",
    "TimeLimit",
    "Urgency",
    "Vote",
]
