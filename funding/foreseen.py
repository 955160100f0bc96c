"""What acts on posts and people change, read before and after (kim.rehearsal): who holds what, works where and as what.

Names of functions, days, places and FTE; what it does to money is told by the forecast of the notices concerned.
"""

from collections.abc import Iterable, Iterator
from functools import partial

from funding import forecast, staffing
from funding.models import AwardNotice, Module, Occupancy, Post
from funding.models.placing import days_words, fte
from kim.models import Assignment, RoleGrant, User
from kim.rehearsal import Measure

NOTHING = "nichts"


def of_modules(modules: Iterable[str] = tuple(Module)) -> Iterator[Measure]:
    """FTE filled, who covers which municipality, and what the notices of these modules ask to be paid back."""
    modules = list(dict.fromkeys(modules))
    for module in modules:
        yield staffing.filled_measure(module)
    yield staffing.coverage_measure()
    yield forecast.repayment_measure(AwardNotice.objects.filter(period__programme__module__in=modules))


def of_post(post: Post, people: Iterable[User] = ()) -> Iterator[Measure]:
    """For acts on one post; with `people`, also what these hold, where they work and as what."""
    yield partial(_terms, post)
    yield partial(_holders, post)
    yield from of_people(people)
    yield from of_modules([post.module])


def of_person(user: User, posts: Iterable[Post] = ()) -> Iterator[Measure]:
    """For acts on one person, on the posts they hold and `posts` they are to hold."""
    held = Post.objects.filter(occupancies__user=user, occupancies__known_until__isnull=True)
    yield partial(_leaves, user)
    yield from of_people([user])
    yield from of_modules([*held.values_list("module", flat=True), *(post.module for post in posts)])


def of_places(user: User) -> Iterator[Measure]:
    yield partial(_places, user)
    yield staffing.coverage_measure()


def of_account(username: str) -> Iterator[Measure]:
    """What there is by that name; nothing before."""

    def measure() -> dict[str, str]:
        user = User.objects.filter(username=username).first()
        return {"Konto": f"{user}, Benutzername {username}", **_roles(user)} if user else {}

    yield measure


def of_people(users: Iterable[User]) -> Iterator[Measure]:
    """Where these people work, what they hold and as what, each in a line of their own."""
    for user in {user.pk: user for user in users}.values():
        yield partial(_posts, user)
        yield partial(_places, user)
        yield partial(_roles, user)


def _terms(post: Post) -> dict[str, str]:
    rows = post.terms.believed().order_by("valid_from")
    return {f"Umfang der Stelle {post.number}": _line(f"{fte(row.fte)} VZÄ {row.span}" for row in rows)}


def _holders(post: Post) -> dict[str, str]:
    rows = post.occupancies.believed().select_related("user", "substitute_for").order_by("valid_from", "pk")
    told = (
        f"{row.user} {fte(row.share)} VZÄ {row.span}"
        + (f", vertritt {row.substitute_for}" if row.substitute_for else "")
        for row in rows
    )
    return {f"Besetzung der Stelle {post.number}": _line(told)}


def _leaves(user: User) -> dict[str, str]:
    """Without the reasons: they are on the person's page."""
    rows = user.leaves.believed().order_by("valid_from")
    told = (f"{row.span}{' (zählt weiter als besetzt)' if row.counts else ''}" for row in rows)
    return {f"Unterbrechungen von {user}": _line(told)}


def _posts(user: User) -> dict[str, str]:
    rows = Occupancy.objects.believed().filter(user=user).select_related("post").order_by("valid_from", "pk")
    return {f"Stellen von {user}": _line(f"{row.post.number} {fte(row.share)} VZÄ {row.span}" for row in rows)}


def _places(user: User) -> dict[str, str]:
    rows = Assignment.objects.filter(user=user, known_until__isnull=True).select_related("municipality", "employer")
    rows = rows.order_by("valid_from", "municipality__name", "pk")
    return {f"Einsätze von {user}": _line(place_words(row) for row in rows)}


def place_words(row: Assignment) -> str:
    """„Windeck Mo, Mi 0,5 VZÄ ab 01.07.2026, beschäftigt bei Kreisverwaltung“."""
    where = str(row.municipality or row.get_bank_display() or "im ganzen Kreis")
    share = f"{fte(row.share)} VZÄ" if row.share is not None else ""
    told = " ".join(filter(None, (where, days_words(row.weekdays), share, row.span)))
    return f"{told}, beschäftigt bei {row.employer}"


def _roles(user: User) -> dict[str, str]:
    rows = RoleGrant.objects.filter(user=user).order_by("valid_from", "pk")
    return {f"Rollen von {user}": _line(f"{row.get_role_display()} {row.span}" for row in rows)}


def _line(told) -> str:
    return "; ".join(told) or NOTHING
