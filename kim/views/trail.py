"""The trail, for data protection and audit: who did or saw what and when, never the content of it."""

import datetime as dt

from django import forms
from django.shortcuts import render
from django.utils.datastructures import MultiValueDict
from django.views.decorators.http import require_safe

from kim import paging, workdays
from kim.access import reads_trail
from kim.forms import Day, Form, OneOf
from kim.htmx import page as swap
from kim.models import TrailEntry, User
from kim.rules import demand
from kim.trail import ACTS, about, put_in_words


class TrailForm(Form):
    """Filters: all optional; what cannot be read is said and left out."""

    def __init__(self, data=None, **kwargs):
        super().__init__(data, **kwargs)
        people = list(User.objects.order_by("display_name"))
        acts = sorted(ACTS.items(), key=lambda act: act[1])
        self.fields["by"] = OneOf(people, label="Wer", empty="alle", required=False)
        self.fields["act"] = forms.ChoiceField(label="Vorgang", choices=[("", "alle"), *acts], required=False)
        self.fields["number"] = forms.IntegerField(label="Nr. des Gegenstands", min_value=1, required=False)
        self.fields["first"] = Day(label="Von", past=True, required=False)
        self.fields["last"] = Day(label="Bis", past=True, required=False)
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
    found = paging.page(rows, "-at", after=request.GET.get("after", ""), before=request.GET.get("before", ""))
    put_in_words(found)
    return render(request, swap(request, "kim/trail.html", "results"), {"form": form, "page": found})


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), workdays.BERLIN)
