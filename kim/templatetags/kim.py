"""What templates need beyond Django: icons, the small line, German dates and numbers, a bound field."""

import datetime as dt
import re
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

from django import template
from django.conf import settings
from django.utils import timezone
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import mark_safe

from kim import workdays
from kim.paging import count_words

register = template.Library()

ICONS = Path(__file__).parents[2] / "static" / "vendor" / "bootstrap-icons"
WEEKDAYS = ("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag")
MONTHS = (
    "Januar", "Februar", "März", "April", "Mai", "Juni",
    "Juli", "August", "September", "Oktober", "November", "Dezember",
)  # fmt: skip


# Pictures


@register.simple_tag
@lru_cache(maxsize=200)
def icon(name: str) -> str:
    """An icon of static/vendor/bootstrap-icons as inline SVG; silent, for words stand beside it.

    Raises FileNotFoundError for a name we do not ship.
    """
    if not re.fullmatch(r"[a-z0-9-]+", name):
        raise FileNotFoundError(name)
    paths = "".join(re.findall(r"<path[^>]*/>", (ICONS / f"{name}.svg").read_text(encoding="utf-8")))
    svg = f'<svg class="kim-icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">{paths}</svg>'
    return mark_safe(svg)  # noqa: S308 - from a file we ship


@register.simple_tag
def mini(way) -> str:
    """The small line of an object with label, marks (each {css}) and bundled; see steering/_mini.html."""
    return _mini(way.label, tuple(mark["css"] for mark in way.marks), way.bundled)


@lru_cache(maxsize=2000)
def _mini(label, marks, bundled):
    return format_html(
        '<span class="kim-mini{}" role="img" aria-label="{}">{}</span>',
        " kim-mini--bundled" if bundled else "",
        label,
        format_html_join("", '<i class="{}"></i>', ((css,) for css in marks)),
    )


@register.simple_tag
@lru_cache(maxsize=2000)
def due(tone: str, countdown: str) -> str:
    """How much time is left, loud only when it presses."""
    if tone:
        return format_html('<span class="kim-chip kim-chip--{}">{}</span>', tone, countdown)
    return format_html('<span class="kim-quiet">{}</span>', countdown) if countdown else ""


# Dates


def _local(value) -> dt.date | dt.datetime:
    return timezone.localtime(value) if isinstance(value, dt.datetime) else value


@register.filter
def day(value) -> str:
    """„Mi 15.04.2026“."""
    return f"{WEEKDAYS[(value := _local(value)).weekday()][:2]} {value:%d.%m.%Y}" if value else ""


@register.filter
def short_day(value) -> str:
    """„Mi 15.04.“, for days near today; with the year when it is another."""
    return f"{WEEKDAYS[(value := _local(value)).weekday()][:2]} {workdays.near(value)}" if value else ""


_SECTION = re.compile(r"(§§?|Abs\.|Nr\.|Satz) (?=\d)")


@register.filter
def law(text) -> str:
    """A name of the law whose signs stay with their numbers: „§ 25 Abs. 2“ never breaks behind „§“ or „Abs.“."""
    return _SECTION.sub("\\1\N{NO-BREAK SPACE}", str(text))


@register.filter
def day_and_month(value) -> str:
    """„15.04.“; with the year when it is another than this one."""
    return workdays.near(_local(value)) if value else ""


@register.filter
def iso_day(value) -> str:
    """„2026-04-15“, for machines."""
    return f"{_local(value):%Y-%m-%d}" if value else ""


@register.filter
def plain_day(value) -> str:
    """„15.04.2026“."""
    return f"{_local(value):%d.%m.%Y}" if value else ""


@register.filter
def long_day(value) -> str:
    """„Mittwoch, 15.04.2026“."""
    return f"{WEEKDAYS[(value := _local(value)).weekday()]}, {value:%d.%m.%Y}" if value else ""


@register.filter
def spoken_day(value) -> str:
    """„Mittwoch, 15. April 2026“."""
    if not value:
        return ""
    value = _local(value)
    return f"{WEEKDAYS[value.weekday()]}, {value.day}. {MONTHS[value.month - 1]} {value.year}"


@register.filter
def weekday(value) -> str:
    """„Mittwoch“."""
    return WEEKDAYS[_local(value).weekday()] if value else ""


@register.filter
def clock_time(value) -> str:
    """„09:12 Uhr“, in Berlin."""
    return f"{_local(value):%H:%M} Uhr" if value else ""


@register.filter
def moment(value) -> str:
    """„13.04.2026, 09:12 Uhr“, in Berlin."""
    return f"{_local(value):%d.%m.%Y, %H:%M} Uhr" if value else ""


@register.filter
def known(value) -> str:
    """„13.04.2026, 09:12 Uhr“; of what a paper says only its day, which begins at midnight."""
    if not value:
        return ""
    local = _local(value)
    of_a_day = isinstance(local, dt.datetime) and local.time() == dt.time.min
    return plain_day(value) if of_a_day else moment(value)


@register.filter
def moment_short(value) -> str:
    """„13.04.2026, 09:12“, in Berlin, for columns of moments."""
    return f"{_local(value):%d.%m.%Y, %H:%M}" if value else ""


@register.filter
def iso(value) -> str:
    """„2026-04-13T09:12:00+02:00“, for machines."""
    return timezone.localtime(value).isoformat(timespec="seconds") if value else ""


@register.filter
def inclusive(value) -> str:
    """The last day of a half-open interval: an end on 01.01.2027 (exclusive) is shown as 31.12.2026."""
    return f"{value - dt.timedelta(days=1):%d.%m.%Y}" if value else ""


@register.simple_tag
def single_sign_on():
    """The provider people sign in with, or None (kim.oidc)."""
    return settings.KIM_OIDC


@register.simple_tag
def this_moment() -> dt.datetime:
    """Now, by KIM's own clock."""
    return workdays.now()


# Numbers


def _german(text: str) -> str:
    return text.translate(str.maketrans(",.", ".,"))


@register.filter
def number(value) -> str:
    """A whole number with thousands points: „1.234“."""
    return "" if value is None or value == "" else _german(f"{int(value):,}")


@register.filter
def capped(value) -> str:
    """A number that was counted no further than CAP: „37“, „mehr als 500“."""
    return count_words(value)


@register.filter
def decimal(value, places=2) -> str:
    """„0,75“; rounds half to even at `places`."""
    return "" if value is None or value == "" else _german(f"{Decimal(str(value)):,.{int(places)}f}")


@register.filter
def euros(value) -> str:
    """„55.000,00 €“ with a no-break space."""
    return f"{text}\N{NO-BREAK SPACE}€" if (text := decimal(value)) else ""


@register.filter
def fte(value) -> str:
    """A share of a full post: „0,75 VZÄ“, at least two places, no more than three."""
    if value is None or value == "":
        return ""
    text = decimal(value, 3)
    return f"{text.removesuffix('0') if text.endswith('0') else text}\N{NO-BREAK SPACE}VZÄ"


@register.filter
def plain_number(value) -> str:
    """A number with as many places as it needs, at most three: „23.904“, „12,5“."""
    return decimal(value, 3).rstrip("0").rstrip(",")


# Forms


@register.inclusion_tag("kim/_field.html")
def field(bound, label="", hint="", **attrs):
    """One field outside crispy: label, control, hint and error bound to each other.

    Further arguments become attributes of the control; underscores in their names become hyphens.
    """
    bound.help_text = hint  # Django binds aria-describedby to it
    attributes = {
        "class": f"form-control{' is-invalid' if bound.errors else ''}",
        "placeholder": False,
        **{name.replace("_", "-"): value for name, value in attrs.items()},
    }
    return {
        "bound": bound,
        "label": label or bound.label,
        "hint": hint,
        "control": bound.as_widget(attrs=attributes),
    }


@register.filter
def error_list(form) -> list[dict]:
    """Every error of a form as {id, text} for the summary; id is empty where no field is at fault."""
    found = [{"id": "", "text": text} for text in form.non_field_errors()]
    for bound in form:
        label = conditional_escape(bound.label)
        named = not label.endswith(".")  # a label that is a sentence is not said twice
        found += [
            {"id": bound.id_for_label or bound.auto_id, "text": format_html("{}: {}", label, text) if named else text}
            for text in bound.errors
        ]
    return found
