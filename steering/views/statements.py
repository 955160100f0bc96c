"""Statements: who was asked for one, what is still out, and what came in."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_safe

from kim.htmx import page as template_for
from kim.paging import page
from kim.rules import allows, demand
from kim.views.filters import searched
from steering import access
from steering.filters import StatementFilter
from steering.forms.register import AnswerForm, AskForm, TakeBackForm
from steering.models import Issue, RulesOfProcedure, Statement
from steering.models.participation import institutions
from steering.views.resolutions import begun, find_issue, status, went

BESIDE = ("organisation", "issue", "rules__body")


@require_safe
def statement_list(request):
    demand(access.works_with_issues, request.user)
    seen = Statement.objects.visible_to(request.user)
    found = StatementFilter(request.GET, seen=seen)
    given = {name: request.GET.get(name, "") for name in ("after", "before")}
    rows = found.narrowed(seen).select_related(*BESIDE)
    context = {
        "filter": found,
        "page": page(rows, found.order, size=30, **given),
        "institutions": access.institutions_of(request.user),
        "may_ask": allows(access.asks_for_statements, request.user, None),
        "search": searched(request.GET),
    }
    return render(request, template_for(request, "steering/statement_list.html", "results"), context)


@require_safe
def statement_detail(request, pk):
    statement, user = _visible(request, pk), request.user
    issue = Issue.objects.visible_to(user).filter(pk=statement.issue_id).first() if statement.issue_id else None
    waiting = statement.is_outstanding
    context = {
        "statement": statement,
        "issue": issue,
        "may_answer": waiting and allows(access.answers_statement, user, statement),
        "may_take_back": waiting and allows(access.takes_back_statement, user, statement),
        "is_asked": statement.organisation_id in access.institutions_of(user),
    }
    return render(request, "steering/statement_detail.html", context)


def _visible(request, pk) -> Statement:
    seen = Statement.objects.visible_to(request.user).select_related(*BESIDE, "asked_by", "received_by")
    return get_object_or_404(seen, pk=pk)


def statement_new(request):
    """Ask institutions about an issue (`?issue=`), a version of the rules (`?rules=`), or what the form names."""
    about = _about(request)
    demand(access.asks_for_statements, request.user, about.get("issue"))
    asked = list(institutions())
    key = "statement:new" + "".join(f":{name}:{row.pk}" for name, row in about.items())
    form = begun(request, lambda data=None, **kw: AskForm(data, organisations=asked, settled=bool(about), **kw), key)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data | about
        made: list[Statement] = []
        if (about or find_issue(request.user, form, given)) and went(
            form, lambda **who: made.extend(Statement.ask_several(**given, **who)), request
        ):
            messages.success(request, _asked(made))
            return redirect(about.get("issue") or (made[0] if len(made) == 1 else "steering:statement_list"))
    context = {"form": form, "about": next(iter(about.values()), None)}
    return render(request, "steering/statement_new.html", context, status=status(request))


def _about(request) -> dict:
    """The issue or the rules of the address; Http404 for what is not there for this user."""
    for name, seen in (
        ("issue", Issue.objects.visible_to(request.user)),
        ("rules", RulesOfProcedure.objects.filter(access.rules_seen(request.user)).select_related("body")),
    ):
        if name in request.GET:
            pk = request.GET[name]
            if not pk.isascii() or not pk.isdecimal() or len(pk) > 18:
                raise Http404
            return {name: get_object_or_404(seen, pk=pk)}
    return {}


def _asked(made: list[Statement]) -> str:
    if len(made) == 1:
        return f"{made[0].organisation} ist gefragt, bis zum {made[0].due_on:%d.%m.%Y}."
    return f"{len(made)} Institutionen sind gefragt, bis zum {made[0].due_on:%d.%m.%Y}."


def statement_receive(request, pk):
    statement = _visible(request, pk)
    demand(access.answers_statement, request.user, statement)
    for_others = statement.organisation_id not in access.institutions_of(request.user)
    form = begun(request, lambda data=None, **kw: AnswerForm(data, for_others=for_others, **kw), f"statement:{pk}")
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        if went(form, lambda **who: statement.receive(**given, **who), request):
            messages.success(request, "Die Stellungnahme ist eingegangen. Wer darum gebeten hat, erfährt es.")
            return redirect(statement)
    context = {"statement": statement, "form": form, "for_others": for_others}
    return render(request, "steering/statement_receive.html", context, status=status(request))


def statement_withdraw(request, pk):
    statement = _visible(request, pk)
    demand(access.takes_back_statement, request.user, statement)
    form = begun(request, TakeBackForm, "")
    if (
        request.method == "POST"
        and form.is_valid()
        and went(form, lambda by, confirmed: statement.withdraw(by=by), request)
    ):
        messages.success(request, f"Die Bitte an {statement.organisation} ist zurückgenommen.")
        return redirect(statement)
    return render(request, "steering/statement_withdraw.html", {"statement": statement, "form": form},
                  status=status(request))  # fmt: skip
