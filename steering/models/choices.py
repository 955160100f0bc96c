"""What an issue may be said to be: how far it reaches, how often it occurs, how it ended."""

from django.db import models
from django.db.models import Count, Q, Subquery, Value
from django.db.models.functions import Coalesce


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
    """The database holds nothing but these choices or values in a column (and "" where it may be `empty`)."""
    values = [*getattr(choices, "values", choices), *([""] if empty else [])]
    return models.CheckConstraint(name=f"steering_{model}_{field}_known", condition=Q(**{f"{field}__in": values}))


def number_of(rows):
    """How many rows, as a column of another query."""
    counted = rows.order_by().annotate(same=Value(1)).values("same").annotate(number=Count("pk")).values("number")
    return Coalesce(Subquery(counted), 0)
