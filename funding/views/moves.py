"""Acts on posts and people, each shown before it is done: new posts and accounts, hand-overs, moves, days, ends.

Facts about posts and people (what a post is, who holds it, who is away) have the pages of funding.views.facts.
"""

from functools import partial

from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from funding import access, foreseen
from funding.forms.moves import (
    DaysForm,
    HandOverForm,
    LeaveForm,
    MoveForm,
    OccupancyForm,
    PersonForm,
    PostEndForm,
    PostForm,
    PostTermForm,
)
from funding.models import Leave, Occupancy, Post, PostTerm, placing
from funding.views import facts
from funding.views.previews import previewed_page
from kim import workdays
from kim.addresses import address
from kim.models import Assignment, Municipality, User
from kim.rules import allows, demand
from steering.models.gate import noted, pass_gate
from steering.views.forming import gated

FORM = require_http_methods(["GET", "HEAD", "POST"])
SHOWN = "funding/act_preview.html"


# Posts


@FORM
def post_new(request):
    """A post with what it is at first."""
    demand(access.keeps_posts, request.user)

    def act(form):
        told = form.told
        texts = {label: told[name] for name, label in {"title": "Bezeichnung", **PostTerm.TEXTS}.items()}
        note = _gate(form, texts, request.user)
        post = Post.enter(by=request.user, note=note, **told)
        return post, f"Eingetragen: Stelle {post.number}."

    context = {"heading": "Neue Stelle", "back": reverse("funding:board"), "about": "Stellen"}
    return previewed_page(
        request, "funding/post_new.html", SHOWN, PostForm, gated(act), key="post:new",
        measures=lambda form: foreseen.of_modules([form.cleaned_data["module"]]), context=context,
    )  # fmt: skip


@FORM
def post_handover(request, pk):
    """One person ends on a post, another begins."""
    post = _post(request, pk)
    held = list(_not_over(post.occupancies).select_related("user", "post"))

    def act(form):
        given = dict(form.cleaned_data)
        note = _gate(form, {"Beleg": given["source"]}, request.user)
        post.hand_over(by=request.user, note=note, **given)
        follows = f", es folgt {given['taker']}" if given["taker"] else ""
        return post, f"{given['giver'].user} gibt zum {given['last_day']:%d.%m.%Y} ab{follows}."

    def measures(form):
        given = form.cleaned_data
        return foreseen.of_post(post, filter(None, [given["giver"].user, given["taker"]]))

    people = [row.user for row in held]
    initial = {"giver": held[0] if len(held) == 1 else None, "with_places": True, "gives_roles": True}
    return previewed_page(
        request, "funding/post_handover.html", SHOWN, partial(HandOverForm, held=held), gated(act),
        key=f"post:{pk}:handover", measures=measures, people=people,
        context=_about(post, "Stelle übergeben", held=held), initial=initial,
    )  # fmt: skip


@FORM
def post_end(request, pk):
    """A post falls away, and with it who holds it."""
    post = _post(request, pk)
    held = list(_not_over(post.occupancies).select_related("user"))

    def act(form):
        given = form.cleaned_data
        note = _gate(form, {"Begründung": given["because"]}, request.user)
        post.fall_away(by=request.user, note=note, **given)
        return post, f"Stelle {post.number} gibt es bis zum {given['last_day']:%d.%m.%Y}."

    people = [row.user for row in held]
    return previewed_page(
        request, "funding/post_end.html", SHOWN, PostEndForm, gated(act), key=f"post:{pk}:end", people=people,
        measures=lambda form: foreseen.of_post(post, people), context=_about(post, "Stelle fällt weg", held=held),
    )  # fmt: skip


# People


@FORM
def person_new(request):
    """An account for somebody new, with a role."""
    demand(access.keeps_posts, request.user)

    def act(form):
        given = form.cleaned_data
        note = _gate(form, {"Bezeichnung": given["display_name"]}, request.user)
        user = placing.account(by=request.user, note=note, **given)
        return person_address(user), f"Angelegt: {user}."

    context = {"heading": "Neues Konto", "back": reverse("funding:person_list"), "about": "Personen"}
    return previewed_page(
        request, "funding/person_new.html", SHOWN, PersonForm, gated(act), key="person:new",
        measures=lambda form: foreseen.of_account(form.cleaned_data["username"]), context=context,
    )  # fmt: skip


@FORM
def staffing_move(request, pk):
    """Somebody leaves a post on a day and takes another from the next."""
    person = _person(request, pk)
    held = list(_not_over(Occupancy.objects.filter(user=person)).select_related("post", "user"))

    def act(form):
        given = dict(form.cleaned_data)
        note = _gate(form, {"Beleg": given["source"]}, request.user)
        row = placing.move(person, by=request.user, note=note, **given)
        return person_address(person), f"{person}: ab dem {row.valid_from:%d.%m.%Y} auf Stelle {row.post.number}."

    only = held[0] if len(held) == 1 else None
    initial = {"leaves": only, "share": only.share if only else None, "keeps_places": True}
    return previewed_page(
        request, "funding/staffing_move.html", SHOWN, partial(MoveForm, held=held), gated(act),
        key=f"person:{pk}:move", measures=lambda form: foreseen.of_person(person, [form.cleaned_data["post"]]),
        people=[person],
        context=_of_person(person, "Auf eine andere Stelle", held=held), initial=initial,
    )  # fmt: skip


@FORM
def staffing_days(request, pk):
    """Municipalities, weekdays and shares of somebody from a day on."""
    person = _person(request, pk)
    places = list(Municipality.objects.all())

    def make(data, initial=None):
        return DaysForm(data, municipalities=places, initial=initial)

    def act(form):
        given = {name: form.cleaned_data[name] for name in ("day", "role", "employer", "title", "source")}
        texts = {"Bezeichnung der Aufgabe": given["title"], "Beleg": given["source"]}
        note = _gate(form, texts, request.user)
        placing.split_days(person, given.pop("day"), form.places, by=request.user, note=note, **given)
        return person_address(person), f"Die Tage von {person} sind neu verteilt."

    return previewed_page(
        request, "funding/staffing_days.html", SHOWN, make, gated(act), key=f"person:{pk}:days",
        measures=lambda form: foreseen.of_places(person), people=[person],
        context=_of_person(person, "Tage und Kommunen verteilen"),
        there=(person, lambda row: DaysForm.filled_from(_places(row))),
    )  # fmt: skip


# Facts


facts.register(
    facts.Kind(
        PostTerm, "Ausgestaltung der Stelle", access.keeps_posts, PostTermForm, "post", Post.objects.visible_to,
        lambda user: PostTerm.objects.filter(post__in=Post.objects.visible_to(user)),
        measures=lambda about: foreseen.of_post(_subject(about, "post")),
        people=lambda about: _holders(_subject(about, "post")),
        begins_with=lambda post: _next_term(post),
    )
)  # fmt: skip
facts.register(
    facts.Kind(
        Occupancy, "Besetzung", access.keeps_posts, OccupancyForm, "post", Post.objects.visible_to,
        lambda user: Occupancy.objects.filter(access.visible_occupancies(user), post__in=Post.objects.visible_to(user)),
        measures=lambda about: foreseen.of_post(_subject(about, "post")),
        people=lambda about: [about.user] if isinstance(about, Occupancy) else [],
    )
)  # fmt: skip
facts.register(
    facts.Kind(
        Leave, "Unterbrechung", access.keeps_posts, LeaveForm, "user",
        lambda user: User.objects.all() if allows(access.reads_leave_reasons, user) else User.objects.none(),
        lambda user: Leave.objects.all() if allows(access.reads_leave_reasons, user) else Leave.objects.none(),
        measures=lambda about: foreseen.of_person(_subject(about, "user")),
        people=lambda about: [_subject(about, "user")], address=lambda user: person_address(user),
    )
)  # fmt: skip


# What they have in common


def person_address(user: User) -> str:
    return address("funding:person_detail", user.pk)


def _post(request, pk) -> Post:
    post = get_object_or_404(Post.objects.visible_to(request.user), pk=pk)
    demand(access.keeps_posts, request.user)
    return post


def _person(request, pk) -> User:
    demand(access.keeps_posts, request.user)
    return get_object_or_404(User, pk=pk)


def _about(post: Post, heading: str, **more) -> dict:
    return {"heading": heading, "back": post.get_absolute_url(), "about": post, "post": post, **more}


def _of_person(person: User, heading: str, **more) -> dict:
    return {"heading": heading, "back": person_address(person), "about": person, "person": person, **more}


def _not_over(rows):
    """Believed occupancies that hold today or later."""
    return rows.believed().exclude(valid_until__lte=workdays.today()).order_by("valid_from", "pk")


def _places(person: User):
    rows = Assignment.objects.valid_on().filter(user=person, known_until__isnull=True, municipality__isnull=False)
    return rows.select_related("employer").order_by("municipality__name")


def _holders(post: Post) -> list[User]:
    return [row.user for row in _not_over(post.occupancies).select_related("user")]


def _subject(about, name: str):
    """Of a fact, or what one is to be entered about."""
    return getattr(about, name, about)


def _next_term(post: Post) -> dict:
    """The last term, to be changed where something differs."""
    last = post.terms.believed().select_related("employer", "recipient").order_by("-valid_from").first()
    if last is None:
        return {}
    return {**PostTermForm.filled_from(last), "valid_from": last.valid_until, "last_day": None, "source": ""}


def _gate(form, texts: dict[str, str], by) -> str:
    return noted(pass_gate(texts, by=by, confirmed=form.confirmed))
