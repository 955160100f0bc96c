"""The ground floor's tables: people, places, code lists, and the records every act leaves. Imports no app."""

from kim.models.people import Absence, Assignment, Role, RoleGrant, User
from kim.models.places import Bank, County, Municipality, Organisation, PopulationCount
from kim.models.records import CalendarFeed, Code, Draft, JobRun, Mail, Notice, SavedFilter, TrailEntry
from kim.models.rights import AccountRequest, Breach, BreachEntry

__all__ = [
    "Absence",
    "AccountRequest",
    "Assignment",
    "Bank",
    "Breach",
    "BreachEntry",
    "CalendarFeed",
    "Code",
    "County",
    "Draft",
    "JobRun",
    "Mail",
    "Municipality",
    "Notice",
    "Organisation",
    "PopulationCount",
    "Role",
    "RoleGrant",
    "SavedFilter",
    "TrailEntry",
    "User",
]
