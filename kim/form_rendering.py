"""Selects and inputs written out directly: through Django's templates each option is two includes, which costs a list
of issues with its dozen selects more than its rows.
"""

from functools import lru_cache

from django.forms import Select
from django.forms.renderers import DjangoTemplates
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

SELECT = "django/forms/widgets/select.html"
TEXTAREA = "django/forms/widgets/textarea.html"
#: The templates Django has for them all say the same.
INPUTS = frozenset(
    f"django/forms/widgets/{kind}.html" for kind in ("input", "text", "date", "number", "hidden", "email")
)


class Renderer(DjangoTemplates):
    """Django's renderer of forms, with the same HTML for selects, inputs and textareas in a tenth of the time."""

    def render(self, template_name, context, request=None):
        if template_name == SELECT:
            return select(context["widget"])
        if template_name in INPUTS:
            return text_input(context["widget"])
        if template_name == TEXTAREA:
            return textarea(context["widget"])
        return super().render(template_name, context, request)


class QuickSelect(Select):
    """A select without groups whose options, being the same for everybody, are written once and kept."""

    def render(self, name, value, attrs=None, renderer=None):
        chosen = set(self.format_value(value))
        options = _options(tuple((str(key), str(label)) for key, label in self.choices))
        return format_html(
            '<select name="{}"{}>{}</select>',
            name,
            _attributes(self.build_attrs(self.attrs, attrs)),
            mark_safe("".join(selected if key in chosen else plain for key, plain, selected in options)),  # noqa: S308
        )


@lru_cache(maxsize=200)
def _options(choices: tuple[tuple[str, str], ...]) -> list[tuple[str, str, str]]:
    """Each choice as (key, option, the same selected)."""
    written = [(key, conditional_escape(key), conditional_escape(label)) for key, label in choices]
    return [
        (key, f'<option value="{value}">{label}</option>', f'<option value="{value}" selected>{label}</option>')
        for key, value, label in written
    ]


def select(widget: dict) -> SafeString:
    groups = format_html_join("", "{}", ((_group(name, options),) for name, options, _ in widget["optgroups"]))
    return format_html('<select name="{}"{}>{}</select>', widget["name"], _attributes(widget["attrs"]), groups)


def textarea(widget: dict) -> SafeString:
    name, attributes = widget["name"], _attributes(widget["attrs"])
    return format_html('<textarea name="{}"{}>\n{}</textarea>', name, attributes, widget["value"] or "")


def text_input(widget: dict) -> SafeString:
    value = widget["value"]
    written = "" if value is None else format_html(' value="{}"', str(value))
    return format_html(
        '<input type="{}" name="{}"{}{}>', widget["type"], widget["name"], written, _attributes(widget["attrs"])
    )


def _group(name, options) -> SafeString:
    written = mark_safe(  # noqa: S308 - each part is escaped
        "".join(
            f'<option value="{conditional_escape(str(option["value"]))}"{_attributes(option["attrs"])}>'
            f"{conditional_escape(option['label'])}</option>"
            for option in options
        )
    )
    return format_html('<optgroup label="{}">{}</optgroup>', name, written) if name else written


def _attributes(given: dict) -> SafeString:
    """As Django's attrs.html: True is a bare name, False leaves it out."""
    return mark_safe(  # noqa: S308 - each part is escaped
        "".join(
            f" {conditional_escape(name)}" + ("" if value is True else f'="{conditional_escape(str(value))}"')
            for name, value in given.items()
            if value is not False
        )
    )
