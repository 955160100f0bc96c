"""References to code lists, each to the entries of one list."""

from django.db import models

from kim.models import Code


def code_field(which: Code.List, label: str, *, needed: bool = False) -> models.ForeignKey:
    return models.ForeignKey(
        Code,
        on_delete=models.PROTECT,
        null=not needed,
        blank=not needed,
        related_name="+",
        verbose_name=label,
        limit_choices_to={"list": which},
    )


def codes_field(which: Code.List, label: str) -> models.ManyToManyField:
    return models.ManyToManyField(
        Code, blank=True, related_name="+", verbose_name=label, limit_choices_to={"list": which}
    )
