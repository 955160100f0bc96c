"""The same form open twice: who saves second does not undo what the first has saved.

A form that changes a row carries a digest of what it was filled with. Saving takes the row's lock, fills the form anew
and compares. If they differ, nothing is saved: a page says what stands there now and what was typed
(kim.middleware.TwoWindows).

    edit = Filled(goal, lambda row: GoalForm(initial=there(row)), key="goal:7")
    edit.begin(form, typed_before)       # with the form that is shown
    edit.demand_same(form)               # within the transaction that saves; raises Edited
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Model
from django.utils.crypto import salted_hmac

from kim import errors
from kim.forms import SHOWN, Form
from kim.models import Draft

MEANWHILE = (
    "Diese Angaben wurden gespeichert, während Ihr Formular offen war. Damit nichts davon verloren geht, ist Ihre "
    "Fassung nicht gespeichert. Öffnen Sie den neuen Stand und tragen Sie nach, was noch fehlt."
)


class Edited(Exception):
    """Somebody saved since the form was filled."""

    def __init__(self, sent: Form, there: Form, key: str):
        super().__init__(MEANWHILE)
        self.sent, self.there, self.key = sent, there, key

    def answer(self, request):
        """409 with every field that differs: as it was typed, and as it stands now."""
        typed, now = _typed(self.sent), _filled(self.there)
        differing = [name for name in typed if name in now and typed[name] != now[name]]
        label = {name: str(self.there.fields[name].label) for name in differing}
        kept = [(label[name], typed[name] or "(leer)") for name in differing]
        there = [(label[name], now[name] or "(leer)") for name in differing]
        if self.key:
            Draft.drop(request.user, self.key)  # it holds the old state of everything else, too
        return errors.conflict(
            request, self, url=request.get_full_path(), kept=kept, there=there, heading="Nicht gespeichert"
        )


@dataclass(frozen=True)
class Filled:
    """`fill(row)` makes the form as the row fills it; `key` is that of its draft."""

    row: Model
    fill: Callable[[Any], Form]
    key: str = ""

    def begin(self, form: Form, typed: Mapping = {}) -> None:
        """What was typed before was typed over what stood there then."""
        form.filled_with = str(typed.get(SHOWN) or version(self.fill(self.row)))

    def demand_same(self, form: Form) -> None:
        row = type(self.row)._base_manager.select_for_update(of=("self",)).get(pk=self.row.pk)
        there = self.fill(row)
        if form.digest and form.digest != version(there):
            raise Edited(form, there, self.key)


def version(form: Form) -> str:
    """A digest of what an unbound form is filled with."""
    said = [(name, _key(field.prepare_value(form.get_initial_for_field(field, name)))) for name, field in _seen(form)]
    return salted_hmac("kim.editing", json.dumps(said)).hexdigest()[:24]


def _seen(form):
    return [(name, field) for name, field in form.fields.items() if not field.widget.is_hidden]


def _key(value) -> str | list[str]:
    if isinstance(value, list | tuple):
        return sorted(str(one) for one in value)
    return "" if value is None else str(value)


def _typed(form: Form) -> dict[str, str]:
    return {name: _words(field, form[name].data) for name, field in _seen(form)}


def _filled(form: Form) -> dict[str, str]:
    return {name: _words(field, form.get_initial_for_field(field, name)) for name, field in _seen(form)}


def _words(field, value) -> str:
    """As somebody reads it on the page."""
    value = field.prepare_value(value)
    if isinstance(value, bool):
        return "ja" if value else "nein"
    if hasattr(field, "choices"):
        labels = dict(_flat(field.choices))
        keys = _key(value)
        return ", ".join(labels.get(one, "") for one in ([keys] if isinstance(keys, str) else keys) if one)
    shown = field.widget.format_value(value)
    return "" if shown is None else str(shown).replace("\r\n", "\n").strip()


def _flat(choices):
    for key, label in choices:
        if isinstance(label, list | tuple):
            yield from _flat(label)
        else:
            yield str(key), str(label)
