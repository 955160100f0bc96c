"""Breaches of personal data: reported by anybody, kept by the audit alone."""

import datetime as dt
from functools import partial
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kim import breaches, paging, processing, throttle, trail, workdays
from kim.access import keeps_breaches
from kim.forms import Day, Form, Line, Pick, Text
from kim.htmx import page as swap
from kim.models import Breach
from kim.models.rights import EntryKind, NotTold, Risk
from kim.privacy_gate import GateDown, Held
from kim.rights_forms import Offered
from kim.rules import demand
from kim.workflow import OutOfTurn, StepRefused

NAMELESS = "Ohne Namen und ohne Angaben, an denen man jemanden erkennt."
NOT_AN_HOUR = "Bitte eine Uhrzeit angeben wie 14:30."
#: So many suspicions one account may report in an hour.
MOST = 10


class MomentForm(Form):
    """A day and an hour of Berlin, together one moment. Of an hour that comes twice in autumn the first is meant."""

    moment = ""

    def ask_moment(self, label: str) -> None:
        self.fields["day"] = Day(label=label, past=True, initial=workdays.today())
        self.fields["hour"] = forms.TimeField(
            label="Uhrzeit", input_formats=["%H:%M", "%H.%M", "%H"],
            widget=forms.TimeInput(format="%H:%M", attrs={"placeholder": "HH:MM", "autocomplete": "off"}),
            error_messages={"required": "Bitte ausfüllen.", "invalid": NOT_AN_HOUR},
        )  # fmt: skip

    def clean(self):
        cleaned = super().clean()
        day, hour = cleaned.pop("day", None), cleaned.pop("hour", None)
        if day and hour:
            cleaned[self.moment] = dt.datetime.combine(day, hour, workdays.BERLIN)
        return cleaned


class SuspectForm(MomentForm):
    moment = "discovered_at"
    field_order = ("day", "hour", "text")

    def __init__(self, data=None, **kwargs):
        super().__init__(data, **kwargs)
        self.ask_moment("Bekannt geworden am")
        self.fields["text"] = Text(label="Was ist geschehen?", max_length=2000, rows=6, help_text=NAMELESS)


class EnterForm(Form):
    kind = Pick(label="Art", choices=[one for one in EntryKind.choices if one[0] not in ("judged", "told", "closed")])
    text = Text(label="Text", max_length=2000, help_text=NAMELESS)


class JudgeForm(Form):
    kinds = Line(label="Arten von Daten", max_length=200, help_text="Zum Beispiel: Namen und Anschriften, Hilfepläne.")
    about = forms.IntegerField(
        label="Betroffene Personen, ungefähr", min_value=0, max_value=1_000_000,
        error_messages={"required": "Bitte ausfüllen.", "invalid": "Bitte eine ganze Zahl angeben.",
                        "min_value": "Bitte eine Zahl ab 0 angeben.", "max_value": "Bitte eine kleinere Zahl angeben."},
    )  # fmt: skip
    special = Pick(label="Besonders geschützte Daten (Art. 9 DSGVO)?", choices=[("yes", "ja"), ("no", "nein")])
    risk = Pick(label="Risiko für die Personen", choices=Risk.choices)
    text = Text(label="Warum schätzen Sie es so ein?", max_length=1800, help_text=NAMELESS)

    def clean(self):
        cleaned = super().clean()
        if "special" in cleaned:
            cleaned["special"] = cleaned["special"] == "yes"
        return cleaned


class TellAuthorityForm(MomentForm):
    moment = "told_authority_at"

    def __init__(self, data=None, **kwargs):
        super().__init__(data, **kwargs)
        self.ask_moment("Der LDI NRW gemeldet am")
        self.fields["late_reason"] = Line(
            label="Grund der Verspätung", max_length=300, required=False, help_text="Nur nach mehr als 72 Stunden."
        )


class TellPeopleForm(Form):
    told_people_on = Day(label="Benachrichtigt am", past=True, required=False)
    not_told_why = forms.ChoiceField(
        label="Oder: unterbleibt, weil", required=False, choices=[("", "–"), *NotTold.choices],
        widget=forms.Select(attrs={"class": "form-select"}),
        error_messages={"invalid_choice": "Diese Auswahl gibt es nicht. Bitte neu wählen."},
    )  # fmt: skip


class CloseForm(Form):
    text = Text(label="Ergebnis", max_length=2000, help_text=NAMELESS)


#: Step → (what it is called, when it is offered, its form, the act); in the order of the page.
STEPS: dict[str, tuple[str, Any, type[Form], Any]] = {
    "judge": ("Einschätzen", lambda breach: breach.is_open, JudgeForm, breaches.judge),
    "tell-authority": ("Meldung an die LDI NRW festhalten",
                       lambda breach: breach.is_open and breach.state == "confirmed" and not breach.told_authority_at,
                       TellAuthorityForm, breaches.tell_authority),
    "tell-people": ("Benachrichtigung der Personen festhalten",
                    lambda breach: breach.is_open and breach.state == "confirmed", TellPeopleForm,
                    breaches.tell_people),
    "enter": ("Eintrag hinzufügen", lambda breach: True, EnterForm, breaches.enter),
    "close": ("Abschließen", lambda breach: breach.is_open and breach.state == "confirmed", CloseForm,
              breaches.close),
    "unfounded": ("Kein Vorfall", lambda breach: breach.is_open and not breach.told_authority_at, CloseForm,
                  partial(breaches.close, unfounded=True)),
}  # fmt: skip
#: Acts with no text to check.
WITHOUT_TEXT = {"tell-people"}


@require_safe
def breach_list(request):
    demand(keeps_breaches, request.user)
    tokens = {name: request.GET.get(name, "") for name in ("after", "before")}
    found = paging.page(Breach.objects.all(), "-discovered_at", **tokens)
    for breach in found.rows:
        breach.hours = breaches.hours_left(breach) if breach.counts_down else None
    return render(request, swap(request, "kim/breach_list.html", "results"), {"page": found})


@require_http_methods(["GET", "HEAD", "POST"])
def breach_new(request):
    """For everybody; what becomes of it, only the audit reads."""
    form, status = SuspectForm(request.POST or None), 200
    if request.method == "POST":
        status = 422
        if throttle.is_too_often("breach", str(request.user.pk), most=MOST, seconds=3600):
            form.add_error(None, "Sie haben gerade mehrere Meldungen abgegeben. Bitte rufen Sie den Datenschutz an.")
        elif form.is_valid() and _done(form, lambda **given: breaches.suspect(by=request.user, **given)):
            messages.success(request, "Danke. Datenschutz und Revision wissen jetzt davon und melden sich bei Fragen.")
            return redirect("kim:today")
    return render(request, "kim/breach_new.html", {"form": form}, status=status)


@require_safe
def breach_detail(request, pk):
    return _show(request, _breach(request, pk))


@require_POST
def breach_step(request, pk, step):
    breach = _breach(request, pk)
    if step not in STEPS:
        raise Http404
    _, _, make, act = STEPS[step]
    form = make(request.POST, auto_id=f"id_{step}_%s")
    if form.is_valid() and _done(form, partial(act, breach, by=request.user), gated=step not in WITHOUT_TEXT):
        messages.success(request, "Gespeichert.")
        return redirect(breach)
    breach.refresh_from_db()
    return _show(request, breach, sent=(step, form), status=422)


@require_safe
def breach_print(request, pk):
    """What goes to the authority, as PDF; on record each time."""
    breach = _breach(request, pk)
    trail.record("breach.print", breach, by=request.user)
    answer = HttpResponse(breaches.as_pdf(breach, controller=processing.controller()), content_type="application/pdf")
    answer["Content-Disposition"] = f'attachment; filename="vorfall-{breach.pk}.pdf"'
    answer["Cache-Control"] = "no-store, private"
    return answer


def _done(form, act, *, gated=True) -> bool:
    """Whether the act went through; what it said no to stands with the form."""
    given = form.cleaned_data | ({"confirmed": frozenset(form.confirmed)} if gated else {})
    try:
        act(**given)
    except Held as held:
        form.hold(held.findings)
    except (StepRefused, OutOfTurn, GateDown) as refusal:
        form.add_error(None, str(refusal))
    else:
        return True
    return False


def _breach(request, pk) -> Breach:
    return get_object_or_404(breaches.visible_to(request.user).select_related("recorded_by"), pk=pk)


def _show(request, breach, *, sent=None, status=200):
    tried, failed = sent or ("", None)
    steps = [
        Offered(name, label, "", reverse("kim:breach_step", args=[breach.pk, name]),
                failed if failed and tried == name else make(auto_id=f"id_{name}_%s"), tried == name)
        for name, (label, offered, make, _) in STEPS.items()
        if offered(breach) or tried == name
    ]  # fmt: skip
    context = {
        "breach": breach,
        "entries": list(breach.entries.select_related("by")),
        "steps": steps,
        "failed": failed,
        "missing": breaches.left_to_do(breach) if breach.is_open else [],
        "hours": breaches.hours_left(breach) if breach.counts_down else None,
    }
    return render(request, "kim/breach_detail.html", context, status=status)
