"""The pages of every kind of fact: enter, correct, change from a day on, end, withdraw, and how it came to be.

A row of the register says what a kind is called, what it hangs on, who sees and who keeps it, and what its form asks.
Kinds with measures are shown before they are done: what would change, then „Jetzt so eintragen“.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_http_methods, require_safe

from funding.forms.facts import EndForm, FactForm, WithdrawForm
from funding.models import Leave
from funding.views.previews import previewed_page
from kim import errors, trail
from kim.dated import inclusive
from kim.facts import Fact
from kim.forms import Day
from kim.models import User
from kim.rehearsal import Measure
from kim.rules import Rule, allows, demand
from kim.workflow import StepRefused
from steering.models.gate import noted, pass_gate
from steering.views.forming import gated


@dataclass(frozen=True)
class Kind:
    model: type[Fact]
    #: As users call one of them, and where it belongs in a sentence: „Besetzung“.
    title: str
    keeps: Rule
    form: type[FactForm]
    #: The field of the fact that holds what it hangs on; pages lead back there.
    hangs_on: str
    #: `f(user)` answers which of what it hangs on, and which facts, somebody sees.
    subjects: Callable[[User], QuerySet]
    visible: Callable[[User], QuerySet]
    #: `f(fact or subject)` says what is to be compared before and after.
    measures: Callable[[Any], Iterable[Measure]] | None = None
    #: `f(fact or subject)` says whose cases and issues are to be looked at first.
    people: Callable[[Any], Collection[User]] = lambda about: ()
    #: What a new one begins with: `f(subject) -> initial`.
    begins_with: Callable[[Any], dict[str, Any]] = lambda subject: {}
    #: The page of what it hangs on, where that is not its own.
    address: Callable[[Any], str] = lambda subject: subject.get_absolute_url()
    #: `f(row, subject)` says where to go once it is done, where that is not the page of the subject.
    leads_to: Callable[[Any, Any], Any] | None = None

    def then(self, row, subject):
        return self.leads_to(row, subject) if self.leads_to else self.address(subject)


_KINDS: dict[str, Kind] = {}


def register(kind: Kind) -> Kind:
    """By the name of its model, as it stands in addresses."""
    _KINDS[kind.model._meta.model_name or ""] = kind
    return kind


@require_http_methods(["GET", "HEAD", "POST"])
def fact_new(request, kind, pk):
    """A new fact about the subject `pk`."""
    is_a = _kind(kind)
    subject = get_object_or_404(is_a.subjects(request.user), pk=pk)
    demand(is_a.keeps, request.user)

    def make(data, initial=None):
        return is_a.form(data, subject=subject, initial=initial)

    def act(form):
        note = _gate(is_a, form, request.user)
        row = is_a.model.enter(by=request.user, note=note, **{is_a.hangs_on: subject}, **form.told)
        return is_a.then(row, subject), f"Eingetragen: {is_a.title}, {row.span}."

    return _page(
        request, is_a, subject, make, act, key=f"fact:{kind}:{pk}:new", heading=f"{is_a.title} eintragen",
        initial=is_a.begins_with(subject), subject=subject,
    )  # fmt: skip


@require_safe
def fact_detail(request, kind, pk):
    """What it says now, and what was believed before."""
    is_a = _kind(kind)
    row = get_object_or_404(is_a.visible(request.user), pk=pk)
    latest = row
    while (later := getattr(latest, "replaced_by", None)) is not None:
        latest = later
    versions = [(one, _told(is_a, one)) for one in latest.history()]
    if isinstance(latest, Leave):  # why somebody is away
        trail.saw(latest, by=request.user)
    context = {
        "kind": kind, "is_a": is_a, "row": latest, "versions": versions, "subject": getattr(latest, is_a.hangs_on),
        "back": is_a.address(getattr(latest, is_a.hangs_on)),
        "may_keep": latest.is_believed and allows(is_a.keeps, request.user),
    }  # fmt: skip
    return render(request, "funding/fact_detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def fact_correct(request, kind, pk):
    """It should have said something else all along."""
    is_a, row, subject = _kept(request, kind, pk)

    def act(form):
        note = _gate(is_a, form, request.user)
        later = row.correct(by=request.user, note=note, **form.told)
        return is_a.then(later, subject), f"Berichtigt: {is_a.title}, {later.span}."

    def make(data, initial=None):
        return is_a.form(data, subject=subject, initial=initial)

    return _change(request, is_a, row, make, act, "correct", "berichtigen", is_a.form.filled_from(row))


@require_http_methods(["GET", "HEAD", "POST"])
def fact_change(request, kind, pk):
    """From a day on something else holds."""
    is_a, row, subject = _kept(request, kind, pk)

    def make(data, initial=None):
        form = is_a.form(data, subject=subject, initial=initial)
        for name in ("valid_from", "last_day"):
            del form.fields[name]
        form.fields["day"] = Day(label="Ab welchem Tag?")
        form.order_fields(["day"])
        return form

    def act(form):
        note = _gate(is_a, form, request.user)
        later = row.change_from(form.cleaned_data["day"], by=request.user, note=note, **form.told)
        return is_a.then(later, subject), f"Geändert: {is_a.title}, {later.span}."

    initial = {**is_a.form.filled_from(row), "source": ""}  # what changes it is another paper
    return _change(request, is_a, row, make, act, "change", "ab einem Tag ändern", initial)


@require_http_methods(["GET", "HEAD", "POST"])
def fact_end(request, kind, pk):
    is_a, row, subject = _kept(request, kind, pk)

    def act(form):
        ended = row.end(form.cleaned_data["last_day"], by=request.user)
        return is_a.then(ended, subject), f"Beendet: {is_a.title}, {ended.span}."

    return _change(request, is_a, row, EndForm, act, "end", "beenden", {"last_day": row.last_day})


@require_http_methods(["GET", "HEAD", "POST"])
def fact_withdraw(request, kind, pk):
    """It was never so; what it says stays readable in its history."""
    is_a, row, subject = _kept(request, kind, pk)

    def act(form):
        because = form.cleaned_data["because"]
        texts = {str(form.fields["because"].label): because}
        note = noted(pass_gate(texts, by=request.user, confirmed=form.confirmed))
        row.withdraw(by=request.user, because=because, note=note)
        return is_a.then(row, subject), f"Zurückgenommen: {is_a.title}, {row.span}."

    return _change(request, is_a, row, WithdrawForm, act, "withdraw", "zurücknehmen", {})


# What they have in common


def _kind(name: str) -> Kind:
    if name not in _KINDS:
        raise Http404
    return _KINDS[name]


def _kept(request, kind: str, pk: int):
    is_a = _kind(kind)
    row = get_object_or_404(is_a.visible(request.user).select_related(is_a.hangs_on), pk=pk)
    demand(is_a.keeps, request.user)
    return is_a, row, getattr(row, is_a.hangs_on)


def _change(request, is_a: Kind, row: Fact, make, act, name: str, verb: str, initial):
    subject = getattr(row, is_a.hangs_on)
    if not row.is_believed:
        kept = [(label, text) for label, text in make(request.POST or None).typed()] if request.method == "POST" else []
        words = "Dieser Eintrag wurde inzwischen geändert oder zurückgenommen. Es gilt der neue Stand."
        return errors.conflict(request, StepRefused(words), url=is_a.address(subject), kept=kept)
    key = f"fact:{row._meta.model_name}:{row.pk}:{name}"
    heading = f"{is_a.title} {verb}"
    return _page(
        request, is_a, row, make, act, key=key, heading=heading, initial=initial, subject=subject, row=row,
    )  # fmt: skip


def _page(request, is_a: Kind, about, make, act, *, key, heading, initial, subject, row=None):
    context = {
        "heading": heading, "subject": subject, "row": row, "told": _told(is_a, row) if row else (), "is_a": is_a,
        "previewed": is_a.measures is not None, "back": is_a.address(subject),
    }  # fmt: skip
    measures = is_a.measures
    return previewed_page(
        request, "funding/fact_form.html", "funding/fact_preview.html", make, gated(act), key=key, context=context,
        measures=(lambda form: measures(about)) if measures else None, people=is_a.people(about), initial=initial,
    )  # fmt: skip


def _gate(is_a: Kind, form: FactForm, by) -> str:
    texts = {label: form.told.get(name) or "" for name, label in is_a.model.TEXTS.items()}
    return noted(pass_gate(texts, by=by, confirmed=form.confirmed))


def _told(is_a: Kind, row: Fact) -> list[tuple[str, str]]:
    """Label and words of what a row says, in the order of the form."""
    form = is_a.form(subject=getattr(row, is_a.hangs_on), initial=is_a.form.filled_from(row))
    told = [(str(form.fields[name].label), _said(form, name)) for name in form.fields if name not in FactForm.LAST]
    return [*told, ("Zeit", inclusive(row.valid_from, row.valid_until)), ("Beleg", row.source)]


def _said(form, name: str) -> str:
    field = form.fields[name]
    value = form.get_initial_for_field(field, name)
    if isinstance(value, bool):
        return "ja" if value else "nein"
    if hasattr(value, "pk"):  # what else there was to choose need not be read
        return str(value)
    choices = dict(getattr(field, "choices", ()))
    if value in choices:
        return str(choices[value])
    shown = field.prepare_value(value)
    if hasattr(shown, "strftime"):
        return f"{shown:%d.%m.%Y}"
    return "" if shown is None else str(shown)
