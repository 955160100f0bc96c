"""The ground floor's tables: people, places, code lists, and the records every act leaves. Imports no app."""

from kim.models.accounts import Device, Invitation, ProviderSession, SignIn, Suspension
from kim.models.backups import BackupKind, BackupRun, BackupState
from kim.models.barriers import BarrierReport
from kim.models.people import Absence, Assignment, Role, RoleGrant, User
from kim.models.places import Bank, County, Municipality, Organisation, PopulationCount
from kim.models.records import CalendarFeed, Code, Draft, JobRun, Mail, Notice, SavedFilter
from kim.models.rights import AccountRequest, Breach, BreachEntry
from kim.models.trail import TrailAnchor, TrailCheck, TrailCut, TrailEntry, TrailLink

__all__ = [
    "Absence",
    "AccountRequest",
    "Assignment",
    "BackupKind",
    "BackupRun",
    "BackupState",
    "Bank",
    "BarrierReport",
    "Breach",
    "BreachEntry",
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
    "TrailAnchor",
    "TrailCheck",
    "TrailCut",
    "SignIn",
    "Suspension",
    "TrailEntry",
    "TrailLink",
    "User",
]
