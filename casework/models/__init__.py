"""The tables of casework. The only ones that know people; steering and the figures never read them."""

from casework.models.assessment import Assessment
from casework.models.caseload import HandOver, Look
from casework.models.cases import Case
from casework.models.consents import Consent
from casework.models.consultations import Consultation
from casework.models.documents import Document
from casework.models.followups import FollowUp
from casework.models.imports import Import, ImportRow
from casework.models.links import CaseIssue
from casework.models.network import Actor, Agreement, Conference, Participant, Referral
from casework.models.numbers import CaseNumberRange
from casework.models.people import Client, Household, Identity, LegalArea, ResidenceStatus
from casework.models.plan import Goal, GoalMeasure, PlanVersion
from casework.models.procedures import (
    CaseProcedure,
    Checklist,
    ChecklistItem,
    Procedure,
    ProcedureItem,
    ProcedureNote,
)
from casework.models.retention import Erasure, Hold, StatisticalRecord
from casework.models.rights import ClientRequest
from casework.models.traces import CaseStep

__all__ = [
    "Actor",
    "Agreement",
    "Assessment",
    "Case",
    "CaseIssue",
    "CaseNumberRange",
    "CaseProcedure",
    "CaseStep",
    "Checklist",
    "ChecklistItem",
    "Client",
    "ClientRequest",
    "Conference",
    "Consent",
    "Consultation",
    "Document",
    "FollowUp",
    "Goal",
    "GoalMeasure",
    "HandOver",
    "Household",
    "Identity",
    "Import",
    "ImportRow",
    "LegalArea",
    "Look",
    "Participant",
    "PlanVersion",
    "Procedure",
    "ProcedureItem",
    "ProcedureNote",
    "Referral",
    "ResidenceStatus",
    "Erasure",
    "Hold",
    "StatisticalRecord",
]
