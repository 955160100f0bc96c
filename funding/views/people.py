"""Accounts, what they hold, where they work and when they are away, for those who keep posts."""

from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from funding import access, people
from funding.models import Leave, Occupancy
from funding.models.placing import days_words
from funding.pages import POST
from kim import trail, workdays
from kim.htmx import page as template_for
from kim.models import Assignment, RoleGrant, User
from kim.paging import capped, count_words, page
from kim.rules import allows, demand
from kim.sections import ASIDE
from kim.views.filters import searched
from steering.views.files import send

SIZE = 30


@require_safe
def person_list(request):
    demand(access.keeps_posts, request.user)
    found = people.PeopleFilter(request.GET)
    rows = found.narrowed(User.objects.all())
    given = {name: request.GET.get(name, "") for name in ("after", "before")}
    one = page(people.for_lines(rows), people.ORDER, size=SIZE, **given)
    context = {
        "filter": found,
        "page": one,
        "lines": [people.line(person) for person in one],
        "hits": count_words(capped(rows)),
        "search": searched(request.GET),
    }
    return render(request, template_for(request, "funding/person_list.html", "results"), context)


@require_safe
def person_export(request, kind):
    demand(access.keeps_posts, request.user)
    return send(request, kind, people.sheet(people.PeopleFilter(request.GET)))


@require_safe
def person_detail(request, pk):
    """What is believed of somebody, the latest first; what was believed before is behind each row."""
    demand(access.keeps_posts, request.user)
    person = get_object_or_404(User.objects.select_related("organisation"), pk=pk)
    today = workdays.today()
    trail.saw(person, by=request.user)
    held = list(Occupancy.objects.believed().filter(user=person).select_related("post", "substitute_for"))
    placed = Assignment.objects.filter(user=person, known_until__isnull=True).select_related("municipality", "employer")
    placed = placed.order_by("-valid_from", "municipality__name", "pk")
    context = {
        "person": person,
        "today": today,
        "held": sorted(held, key=lambda row: row.valid_from, reverse=True),
        "leaves": Leave.objects.believed().filter(user=person).order_by("-valid_from"),
        "grants": RoleGrant.objects.filter(user=person).order_by("-valid_from", "pk"),
        "placed": [(row, days_words(row.weekdays)) for row in placed],
        "share": sum(row.share for row in held if row.holds_on(today)),
        "holds": any(row.valid_until is None or row.valid_until > today for row in held),
    }
    return render(request, "funding/person_detail.html", context)


@POST.section("funding/_post_acts.html", column=ASIDE, order=5)
def post_acts(user, post):
    """What those who keep posts do with one."""
    if not allows(access.keeps_posts, user):
        return None
    today = workdays.today()
    rows = post.occupancies.believed().exclude(valid_until__lte=today).select_related("user").order_by("valid_from")
    return {"held": list(rows)}
