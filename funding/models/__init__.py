"""Posts, people and money of the three modules."""

from funding.models.awards import AwardNotice, Deadline, Grant, Payment, Terms
from funding.models.calculations import Calculation, CalculationNumbers, Proof
from funding.models.costs import (
    Cost,
    CostImport,
    CostImportRow,
    CostKind,
    Eligibility,
    EligibilityRule,
    Forwarding,
)
from funding.models.needs import (
    Criterion,
    CriterionValue,
    Method,
    Scenario,
    ScenarioShare,
    ScenarioWeight,
    StaffingTarget,
)
from funding.models.posts import Leave, Occupancy, Post, PostTerm, ReportedFigure
from funding.models.programmes import Award, FundingPeriod, Item, Module, Programme, Rate

__all__ = [
    "Award",
    "AwardNotice",
    "Calculation",
    "CalculationNumbers",
    "Cost",
    "CostImport",
    "CostImportRow",
    "CostKind",
    "Criterion",
    "CriterionValue",
    "Deadline",
    "Eligibility",
    "EligibilityRule",
    "Forwarding",
    "FundingPeriod",
    "Grant",
    "Item",
    "Leave",
    "Method",
    "Module",
    "Occupancy",
    "Payment",
    "Post",
    "PostTerm",
    "Programme",
    "Proof",
    "Rate",
    "ReportedFigure",
    "Scenario",
    "ScenarioShare",
    "ScenarioWeight",
    "StaffingTarget",
    "Terms",
]
