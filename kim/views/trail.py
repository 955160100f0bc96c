"""The trail, for data protection and audit: who did or saw what and when, never the content of it."""

import datetime as dt

from django import forms
from django.apps import apps
from django.shortcuts import render
from django.utils.datastructures import MultiValueDict
from django.views.decorators.http import require_safe

from kim import paging, workdays
from kim.access import reads_trail
from kim.forms import Day, Form, OneOf
from kim.htmx import page as swap
from kim.models import TrailEntry, User
from kim.rules import demand
from kim.trail import ACTS, about

#: What rows are about, where it is called otherwise than its model.
KINDS = {
    "steering.issue": "Knackpunkt",
    "kim.absence": "Abwesenheit",
    "kim.mail": "Mail",
    "kim.user": "Konto",
    "steering.body": "Gremium",
    "steering.meeting": "Sitzung",
    "steering.timelimit": "Frist",
}


#: So many numbers of a list stand in its line.
LISTED = 12


class TrailForm(Form):
    """Filters: all optional; what cannot be read is said and left out."""

    def __init__(self, data=None, **kwargs):
        super().__init__(data, **kwargs)
        people = list(User.objects.order_by("display_name"))
        acts = sorted(ACTS.items(), key=lambda act: act[1])
        self.fields["by"] = OneOf(people, label="Wer", empty="alle", required=False)
        self.fields["act"] = forms.ChoiceField(label="Vorgang", choices=[("", "alle"), *acts], required=False)
        self.fields["number"] = forms.IntegerField(label="Nr. des Gegenstands", min_value=1, required=False)
        self.fields["first"] = Day(label="von", past=True, required=False)
        self.fields["last"] = Day(label="bis", past=True, required=False)
        for name, field in self.fields.items():
            kind = "form-select" if name in ("by", "act") else "form-control"
            field.widget.attrs["class"] = f"{kind} {kind}-sm"


@require_safe
def trail(request):
    demand(reads_trail, request.user)
    form = TrailForm(request.GET if request.GET else MultiValueDict())
    form.is_valid()
    wanted = getattr(form, "cleaned_data", {})
    rows = TrailEntry.objects.select_related("by", "on_behalf_of")
    if wanted.get("by"):
        rows = rows.filter(by=wanted["by"])
    if wanted.get("act"):
        rows = rows.filter(act=wanted["act"])
    if wanted.get("number"):
        rows = rows.filter(about(wanted["number"]))
    if wanted.get("first"):
        rows = rows.filter(at__gte=_midnight(wanted["first"]))
    if wanted.get("last"):
        rows = rows.filter(at__lt=_midnight(wanted["last"] + dt.timedelta(days=1)))
    found = paging.page(rows, "-id", after=request.GET.get("after", ""), before=request.GET.get("before", ""))
    for entry in found:
        entry.words, entry.about = ACTS.get(entry.act, entry.act), _subject(entry)
    return render(request, swap(request, "kim/trail.html", "results"), {"form": form, "page": found})


def _subject(entry: TrailEntry) -> str:
    """What it is about and its number; of a list, which numbers."""
    kind = KINDS.get(entry.kind)
    if kind is None:
        try:
            kind = str(apps.get_model(entry.kind)._meta.verbose_name)
        except (LookupError, ValueError):  # of a table there is no more
            kind = entry.kind
    numbers = entry.shown.split() or [entry.object_id]
    return f"{kind} {', '.join(numbers[:LISTED])}{' …' if len(numbers) > LISTED else ''}"


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), workdays.BERLIN)
