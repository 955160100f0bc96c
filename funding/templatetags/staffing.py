"""Exact shares of posts and weekdays in templates."""

from fractions import Fraction

from django import template

from funding.staffing import german, rounded
from kim.templatetags.kim import WEEKDAYS

register = template.Library()


@register.filter
def vze(value, places=None) -> str:
    """„0,75“, „11“, „71,82“: half up to two places (three where a share has three), or to `places`; "" for None."""
    if value is None or value == "":
        return ""
    exact = Fraction(value)
    return german(exact) if places is None else rounded(exact, int(places)).replace(".", ",")


@register.filter
def weekday_names(numbers: str) -> str:
    """„Montag, Mittwoch“ of „13“."""
    return ", ".join(WEEKDAYS[int(one) - 1] for one in sorted(set(numbers)) if one in "1234567")
