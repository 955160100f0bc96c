"""What an act would change, shown before it is done, with everything that was typed to be sent again."""

from django.core.exceptions import ValidationError
from django.shortcuts import render

from kim.models import User
from kim.rehearsal import dependents, rehearse
from kim.views.acting import form_page

#: What the two buttons of a preview send.
SEEN, AGAIN = "seen", "again"


def previewed_page(
    request, template: str, shown: str, make, act, *, key, measures, people=(), context, initial=None, there=None
):
    """kim.views.acting.form_page, but what is typed is first shown on the page `shown`; done it is from there.

    `measures(form)` are read before and after, with None nothing is shown. `people` and those chosen in the form are
    asked for what depends on them. What cannot be done is said by the form.
    """
    if request.method == "POST" and AGAIN in request.POST:
        form = make(request.POST, initial=None)
        form.draft_key = key
        return render(request, template, {"form": form, "saved_at": None, **context})
    if request.method == "POST" and measures is not None and SEEN not in request.POST:
        form = make(request.POST, initial=None)
        if form.is_valid() and (found := _foreseen(form, act, measures(form))) is not None:
            chosen = [value for value in form.cleaned_data.values() if isinstance(value, User)]
            everybody = {person.pk: person for person in [*people, *chosen]}.values()
            context |= {
                "changes": found, "dependents": dependents(everybody, to=request.user), "words": words(form),
                "sent": _sent(request.POST),
            }  # fmt: skip
            return render(request, shown, context)
    return form_page(request, template, make, act, key=key, context=context, initial=initial, there=there)


def _foreseen(form, act, measures):
    try:
        return rehearse(lambda: act(form), measures)
    except ValidationError:
        return None


def _sent(data) -> list[tuple[str, str]]:
    left_out = ("csrfmiddlewaretoken", SEEN, AGAIN)
    return [(name, value) for name, values in data.lists() for value in values if name not in left_out]


def words(form) -> list[tuple[str, str]]:
    """What was typed, as it will be entered; forms with many fields put it in words themselves."""
    if (said := getattr(form, "said", None)) is not None:
        return said
    found = []
    for name, field in form.fields.items():
        value, choices = form.cleaned_data.get(name), _flat(getattr(field, "choices", ()))
        if isinstance(value, bool):
            said = "ja" if value else "nein"
        elif isinstance(value, list):
            said = ", ".join(str(choices.get(str(one), one)) for one in value)
        elif hasattr(value, "strftime"):
            said = f"{value:%d.%m.%Y}"
        elif value is None or hasattr(value, "pk") or choices:
            said = choices.get(str(getattr(value, "pk", value)), value)
        else:
            said = field.prepare_value(value)
        if said not in (None, ""):
            found.append((str(field.label), str(said)))
    return found


def _flat(choices) -> dict[str, str]:
    """Every choice by its key, also those that stand under a heading."""
    found: dict[str, str] = {}
    for key, label in choices:
        found |= _flat(label) if isinstance(label, list | tuple) else {str(key): str(label)} if key != "" else {}
    return found
