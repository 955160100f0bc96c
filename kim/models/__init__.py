"""The ground floor's tables: people, places, code lists, and the records every act leaves. Imports no app."""

from kim.models.accounts import Device, Invitation, ProviderSession, SignIn, Suspension
from kim.models.people import Absence, Assignment, Role, RoleGrant, User
from kim.models.places import Bank, County, Municipality, Organisation, PopulationCount
from kim.models.records import CalendarFeed, Code, Draft, JobRun, Mail, Notice, SavedFilter, TrailEntry

__all__ = [
    "Absence",
    "Assignment",
    "Bank",
    "CalendarFeed",
    "Code",
    "County",
    "Device",
    "Draft",
    "Invitation",
    "JobRun",
    "Mail",
    "Municipality",
    "Notice",
    "Organisation",
    "PopulationCount",
    "ProviderSession",
    "Role",
    "RoleGrant",
    "SavedFilter",
    "SignIn",
    "Suspension",
    "TrailEntry",
    "User",
]
