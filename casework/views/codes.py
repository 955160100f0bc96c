"""Code lists for the administration: what holds, what held, what will hold."""

from django.contrib import messages
from django.db import transaction
from django.db.models import Max, Q
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from casework import code_lists
from casework.access import keeps_codes
from casework.forms.codes import CodeFilter, CodeForm, EndCodeForm, NewCodeForm
from kim import workdays
from kim.editing import Filled
from kim.htmx import page as template_for
from kim.models import Code
from kim.paging import capped, count_words, page
from kim.rules import demand
from kim.workflow import StepRefused

SIZE = 50


@require_safe
def code_list(request):
    demand(keeps_codes, request.user)
    which = request.GET.get("list", "")
    which = which if which in Code.List.values else Code.List.TOPIC.value
    given = CodeFilter(request.GET)
    chosen = given.cleaned_data if given.is_valid() else {}
    rows, today = Code.objects.filter(list=which), workdays.today()
    if words := chosen.get("q", "").strip().replace("\0", ""):
        rows = rows.filter(Q(label__icontains=words) | Q(short__icontains=words) | Q(code__icontains=words))
    if chosen.get("ended") != "all":
        rows = rows.filter(Q(valid_until__isnull=True) | Q(valid_until__gt=today))
    tokens = {name: request.GET.get(name, "") for name in ("after", "before")}
    found = page(rows, "position", size=SIZE, **tokens)
    number = capped(rows)
    context = {
        "which": Code.List(which),
        "lists": Code.List.choices,
        "filter": given,
        "is_narrowed": bool(words),
        "page": found,
        "lines": [(row, _standing(row, today), code_lists.is_needed(row)) for row in found],
        "hits": count_words(number),
        "number": number,
    }
    return render(request, template_for(request, "casework/code_list.html", "results"), context)


def code_new(request, which):
    demand(keeps_codes, request.user)
    if which not in Code.List.values:
        raise Http404
    last = Code.objects.filter(list=which).aggregate(last=Max("position"))["last"] or 0
    form = NewCodeForm(request.POST or None, initial={"position": last + 1, "valid_from": workdays.today()})
    context = {"which": Code.List(which), "form": form}
    return _answer(request, "casework/code_new.html", context, lambda **given: code_lists.add(which=which, **given))


def code_edit(request, pk):
    """Another label from a day on. What already names the entry keeps the old one."""
    demand(keeps_codes, request.user)
    row = get_object_or_404(Code, pk=pk)
    form = CodeForm(request.POST or None, initial=_told(row) | {"valid_from": max(workdays.today(), row.valid_from)})
    edit = Filled(row, lambda row: CodeForm(initial=_told(row)))
    context = {"which": Code.List(row.list), "form": form, "row": row}
    if request.method != "POST":
        edit.begin(form)

    @transaction.atomic
    def act(**given):
        edit.demand_same(form)
        code_lists.change(row, **given)

    return _answer(request, "casework/code_edit.html", context, act)


def _told(row) -> dict:
    return {"label": row.label, "short": row.short, "position": row.position}


def code_end(request, pk):
    """No longer offered after a day; nothing is deleted."""
    demand(keeps_codes, request.user)
    row = get_object_or_404(Code, pk=pk)
    form = EndCodeForm(request.POST or None, initial={"last_day": max(workdays.today(), row.valid_from)})
    context = {"which": Code.List(row.list), "form": form, "row": row}
    return _answer(request, "casework/code_end.html", context, lambda **given: code_lists.end(row, **given))


def _answer(request, template, context, act):
    """The form, or on a good POST the act and back to the list."""
    form = context["form"]
    if request.method == "POST" and form.is_valid():
        try:
            act(by=request.user, **form.cleaned_data)
        except StepRefused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, f"Codeliste „{context['which'].label}“ ist geändert.")
            return redirect(f"{reverse('casework:code_list')}?list={context['which'].value}")
    status = 422 if request.method == "POST" else 200
    return render(request, template, context, status=status)


def _standing(row, today) -> str:
    if row.valid_from > today:
        return "künftig"
    return "beendet" if row.valid_until and row.valid_until <= today else ""
