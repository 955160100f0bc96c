"""The staffing board, the coverage of municipalities, and somebody's own post."""

from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from funding import access, reported, staffing
from funding.board import Asked, Line, asof, leave_words
from funding.forms.board import BoardFilter, DayFilter
from funding.models import Leave, Module, Occupancy, Post, ReportedFigure
from funding.pages import POST
from kim import workdays
from kim.dated import valid_on
from kim.models import Assignment
from kim.rules import allows, demand
from kim.views.filters import searched
from steering.export import Column, Sheet
from steering.views.files import send

#: Figures of papers the board compares, the latest; the list has them all.
PAPERS = 20


@require_safe
def board(request):
    """Posts by months as of a day, with what stands out and what papers say else."""
    demand(access.reads_board, request.user)
    found, asked = _asked(request)
    papers = list(_papers(request.user, asked))
    seen = asked.read({one.as_of for one in papers})
    page = seen.page(**{name: request.GET.get(name, "") for name in ("after", "before")})
    with_reason = allows(access.reads_leave_reasons, request.user)
    compared = [one for one in reported.compared(papers, seen.rows) if one.contradicts]
    reads_coverage = allows(access.reads_coverage, request.user)
    context = {
        "filter": found, "asked": asked, "board": seen, "page": page, "search": searched(request.GET),
        "groups": [(group, [_shown(line, with_reason) for line in group.lines]) for group in seen.groups(page)],
        "unused": [(module, *seen.unused(module)) for module in asked.modules],
        "to_clarify": compared,
        "reads_coverage": reads_coverage,
        "covers": reads_coverage and Module.CASE_MANAGEMENT in asked.modules,
        "may_keep": allows(access.keeps_posts, request.user),
        "columns": len(asked.months) + 2,
    }  # fmt: skip
    return render(request, "funding/board.html", context)


@require_safe
def board_export(request, kind):
    """All posts of the board, not only those of a page."""
    demand(access.reads_board, request.user)
    found, asked = _asked(request)
    return send(request, kind, asked.read().sheet(found.narrowed_by))


@require_safe
def coverage(request):
    """Every municipality with who covers it, those nobody covers first."""
    demand(access.reads_coverage, request.user)
    found, day, known = _day(request)
    rows = staffing.coverage(day, staffing.end_of(known) if known else None)
    context = {
        "filter": found, "day": day, "known": known, "rows": rows, "search": searched(request.GET),
        "uncovered": [one for one in rows if one.is_uncovered],
        "divided": any(one.is_divided for one in rows),
        "targets": any(one.target is not None for one in rows),
    }  # fmt: skip
    return render(request, "funding/coverage.html", context)


@require_safe
def coverage_export(request, kind):
    demand(access.reads_coverage, request.user)
    found, day, known = _day(request)
    rows = staffing.coverage(day, staffing.end_of(known) if known else None)
    columns = [(f"{name}{asof(day, known)}" if name == COVERS else name, width, of) for name, width, of in COVERAGE]
    return send(request, kind, Sheet("Versorgung", "post.coverage", columns, rows, found.narrowed_by))


@require_safe
def post_detail(request, pk):
    """What a post is and who holds it; whoever only held it sees themselves."""
    post = get_object_or_404(Post.objects.visible_to(request.user), pk=pk)
    today = workdays.today()
    terms = list(post.terms.believed().select_related("employer", "recipient").order_by("-valid_from"))
    seen = post.occupancies.believed().filter(access.visible_occupancies(request.user))
    occupancies = seen.select_related("user", "substitute_for").order_by("-valid_from", "pk")
    reads_all = access.reads_module(request.user, post.module)
    rows = staffing.read(today, today + staffing.ONE_DAY, post=post.pk)
    filling = rows.filling(post.pk, today)
    holders = [one for one in filling.holders if reads_all or one.user == request.user.pk] if filling else []
    with_reason = allows(access.reads_leave_reasons, request.user)
    context = {
        "post": post, "terms": terms, "occupancies": occupancies, "filling": filling if reads_all else None,
        "term": next((one for one in terms if one.holds_on(today)), None), "today": today,
        "holders": [(one, leave_words(one, with_reason=with_reason)) for one in holders],
        "reads_all": reads_all, "may_keep": allows(access.keeps_posts, request.user),
        "sections": POST.shown(request.user, post, post=post.pk),
    }  # fmt: skip
    return render(request, "funding/post_detail.html", context)


@require_safe
def own_post(request):
    """Which post I hold, where I work on which days; nothing about anybody else."""
    demand(access.has_own_post, request.user)
    me, today = request.user, workdays.today()
    held = Occupancy.objects.believed().filter(user=me).select_related("post", "substitute_for")
    now: list[Occupancy] = []
    others: list[Occupancy] = []
    for one in held.order_by("-valid_from", "pk"):
        (now if one.holds_on(today) else others).append(one)
    at_work = Assignment.objects.filter(valid_on(today), user=me, known_until=None)
    context = {
        "now": now, "others": others, "today": today,
        "places": at_work.select_related("municipality", "employer").order_by("municipality__name", "pk"),
        "leaves": Leave.objects.believed().filter(user=me).exclude(valid_until__lte=today).order_by("valid_from"),
    }  # fmt: skip
    return render(request, "funding/own_post.html", context)


def modules_seen(user) -> list[Module]:
    return [module for module in Module if access.reads_module(user, module)]


def _asked(request):
    seen = modules_seen(request.user)
    found = BoardFilter(request.GET, modules=seen)
    given = found.given
    modules = [Module(given["module"])] if given.get("module") else seen
    asked = Asked.of(
        given.get("on") or workdays.today(), modules=modules, known_on=given.get("known"), first=given.get("from"),
        until=given.get("until"),
    )  # fmt: skip
    return found, asked


def _day(request):
    found = DayFilter(request.GET)
    return found, found.given.get("on") or workdays.today(), found.given.get("known")


def _papers(user, asked: Asked):
    """What papers say of the modules shown, as of the day or before, and nobody has clarified."""
    known = {"reported_on__lte": asked.known_on} if asked.known_on else {}
    figures = ReportedFigure.objects.visible_to(user).filter(
        module__in=asked.modules, as_of__lte=asked.day, clarified_on__isnull=True, **known
    )  # fmt: skip
    return figures.order_by("-as_of", "pk")[:PAPERS]


def _shown(line: Line, with_reason: bool):
    return line, [(one, place, leave_words(one, with_reason=with_reason)) for one, place in line.people]


def _people(one: staffing.Covered) -> str:
    return ", ".join(f"{each.name}{' (unterbrochen)' if each.is_interrupted else ''}" for each in one.people)


def _number(value) -> str:
    return "" if value is None else staffing.german(value)


COVERS = "Case Management"
COVERAGE: list[Column] = [
    ("Gemeindeschlüssel", 16, lambda one: one.place.ags),
    ("Kommune", 26, lambda one: one.place.name),
    (COVERS, 60, _people),
    ("VZÄ", 8, lambda one: _number(one.fte)),
    ("gleich verteilt", 14, lambda one: "ja" if one.is_divided else ""),
    ("Präsenztage je Woche", 18, lambda one: one.days),
    ("Ziel (VZÄ)", 10, lambda one: _number(one.target)),
    ("fehlt zum Ziel (VZÄ)", 18, lambda one: _number(one.gap)),
]
