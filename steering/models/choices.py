"""What an issue may be said to be: how far it reaches, how often it occurs, how it ended."""

from django.db import models
from django.db.models import Count, Subquery, Value
from django.db.models.functions import Coalesce

from kim.dated import known_choice


class Reach(models.TextChoices):
    LOCAL = "local", "örtlich"
    BANK = "bank", "links- oder rechtsrheinisch"
    COUNTY = "county", "kreisweit"
    SUPRA = "supra", "überregional (Land/Bund)"


class Outcome(models.TextChoices):
    SOLVED = "solved", "gelöst"
    SINGLE_CASE = "single_case", "im Einzelfall gelöst"
    DECLINED = "declined", "nicht weiterverfolgt"


class Urgency(models.IntegerChoices):
    LOW = 1, "kann warten"
    NORMAL = 2, "normal"
    HIGH = 3, "hoch"


class Frequency(models.TextChoices):
    SINGLE = "single", "ein Fall"
    FEW = "few", "2 bis 4 Fälle"
    SEVERAL = "several", "5 bis 10 Fälle"
    MANY = "many", "mehr als 10 Fälle"


def only(model: str, field: str, choices, *, empty=False) -> models.CheckConstraint:
    return known_choice(f"steering_{model}", field, choices, empty=empty)


def number_of(rows):
    """How many rows, as a column of another query."""
    counted = rows.order_by().annotate(same=Value(1)).values("same").annotate(number=Count("pk")).values("number")
    return Coalesce(Subquery(counted), 0)
