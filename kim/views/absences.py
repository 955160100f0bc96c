"""Absences: one's own, the people one stands in for, and for administrators everybody's."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from kim import absences, workdays
from kim.access import arranges_absence
from kim.forms import Day, Form, OneOf
from kim.models import Absence, Role
from kim.workflow import StepRefused

#: Past absences shown on the page.
PAST = 20


class AbsenceForm(Form):
    """Who is away (administrators only), who stands in, and the first and last day."""

    def __init__(self, data=None, *, by, **kwargs):
        super().__init__(data, **kwargs)
        self.by = by
        everybody = absences.with_roles()
        if by.holds(Role.ADMIN):
            self.fields["user"] = OneOf(everybody, label="Wer ist abwesend?", initial=by.pk)
            deputies = everybody
        else:
            deputies = absences.deputies_for(by)
        self.fields["deputy"] = OneOf(deputies, label="Wer vertritt?")
        self.fields["first"] = Day(label="Erster Tag")
        self.fields["last"] = Day(label="Letzter Tag", not_before=workdays.today)

    def clean(self):
        cleaned = super().clean()
        first, last = cleaned.get("first"), cleaned.get("last")
        user, deputy = cleaned.get("user") or self.by, cleaned.get("deputy")
        if first and last and last < first:
            self.add_error("last", "Der letzte Tag liegt vor dem ersten.")
        if deputy and deputy.pk not in {allowed.pk for allowed in absences.deputies_for(user)}:
            self.add_error("deputy", f"{deputy} kann {user} nicht vertreten: Die Aufgaben passen nicht zueinander.")
        return cleaned | {"user": user}


@require_http_methods(["GET", "HEAD", "POST"])
def absence_list(request):
    form = AbsenceForm(request.POST or None, by=request.user)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                made = absences.arrange(by=request.user, **form.cleaned_data)
            except StepRefused as refusal:
                form.add_error(None, str(refusal))
            else:
                messages.success(request, f"Eingetragen: {made.user} {made.span}, Vertretung {made.deputy}.")
                return redirect("kim:absence_list")
    rows = Absence.objects.select_related("user", "deputy")
    if not request.user.holds(Role.ADMIN):
        rows = rows.filter(Q(user=request.user) | Q(deputy=request.user))
    today = workdays.today()
    present = list(rows.valid_on(today).order_by("valid_until", "pk"))
    coming = list(rows.filter(valid_from__gt=today).order_by("valid_from", "pk"))
    context = {
        "form": form,
        "present": present,
        "coming": coming,
        "past": list(rows.filter(valid_until__lte=today).order_by("-valid_until", "-pk")[:PAST]),
    }
    for absence in [*present, *coming]:
        absence.may_end = arranges_absence(request.user, absence.user)
    return render(request, "kim/absence_list.html", context, status=status)


@require_POST
def absence_end(request, pk):
    mine = Absence.objects.select_related("user", "deputy")
    if not request.user.holds(Role.ADMIN):
        mine = mine.filter(Q(user=request.user) | Q(deputy=request.user))
    absence = get_object_or_404(mine, pk=pk)
    if not arranges_absence(request.user, absence.user):
        raise PermissionDenied(arranges_absence.refusal)
    try:
        absences.end(absence, by=request.user)
    except StepRefused as refusal:
        messages.warning(request, str(refusal))
    else:
        messages.success(request, f"Die Abwesenheit von {absence.user} ist beendet.")
    return redirect("kim:absence_list")
