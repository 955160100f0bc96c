"""The house rule for htmx: one template per page, one named partial for what a swap replaces."""


def page(request, template: str, partial: str) -> str:
    """The whole page for a visit, the partial of that name for an htmx request."""
    return f"{template}#{partial}" if request.htmx else template
