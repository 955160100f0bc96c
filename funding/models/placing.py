"""Where people work and as what, as it follows from the posts they hold: places (kim.models.Assignment) and roles.

A place is never overwritten: what holds differently is a new row, the one before is believed until that moment.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.db.models import Q

from funding import access
from funding.models.programmes import ROLES
from kim import trail, workdays
from kim.facts import FOREVER
from kim.models import Assignment, Municipality, Organisation, Role, RoleGrant, User
from kim.rules import demand
from kim.workdays import ONE_DAY
from kim.workflow import StepRefused

WEEKDAYS = {"1": "Montag", "2": "Dienstag", "3": "Mittwoch", "4": "Donnerstag", "5": "Freitag"}


@dataclass(frozen=True)
class Place:
    """Somebody's days („135“) and share of FTE at one municipality; either may be left open."""

    municipality: Municipality
    weekdays: str = ""
    share: Decimal | None = None


# Places


@transaction.atomic
def split_days(
    user: User,
    day: dt.date,
    places: Sequence[Place],
    *,
    by: User,
    role: str,
    employer: Organisation,
    title: str = "",
    source: str = "",
    note: str = "",
) -> None:
    """From `day` on `user` works in `role` at these municipalities and no others. Rows that say so already go on.

    Raises StepRefused when a weekday is given to two places without their shares, or the shares are more than what
    the person holds on `day`.
    """
    demand(access.keeps_posts, by)
    user = _locked(user)
    _demand_possible(places)
    rows = [row for row in _rows(user, day) if row.role == role and row.municipality_id]
    wanted = {place.municipality.pk: place for place in places}
    for row in rows:
        place = wanted.get(row.municipality_id or 0)
        if place and row.valid_from <= day and row.valid_until is None and _says(row, place, employer, title):
            del wanted[place.municipality.pk]
        else:
            _end(row, day, by=by)
    for place in wanted.values():
        _begin(
            by=by, user=user, role=role, employer=employer, municipality=place.municipality, share=place.share,
            weekdays=place.weekdays, title=title, source=source, valid_from=day,
        )  # fmt: skip
    _demand_shares(user, day)
    trail.record("user.split_days", user, by=by, note=", ".join(filter(None, (f"ab {day:%d.%m.%Y}", note))))


def end_places(user: User, last_day: dt.date, *, by: User) -> list[Assignment]:
    """Nothing of where `user` works holds after `last_day`. Answers with the rows that ended."""
    rows = _rows(user, last_day + ONE_DAY)
    for row in rows:
        _end(row, last_day + ONE_DAY, by=by)
    return rows


def pass_on(rows: Iterable[Assignment], taker: User, first_day: dt.date, *, by: User, source: str = "") -> None:
    """`taker` works from `first_day` on where these rows say. Raises StepRefused where that is more than they hold."""
    there = {(row.role, row.municipality_id, row.bank) for row in _rows(taker, first_day)}
    for row in rows:
        if (row.role, row.municipality_id, row.bank) not in there:
            _begin(
                by=by, user=taker, role=row.role, employer=row.employer, municipality=row.municipality, bank=row.bank,
                share=row.share, weekdays=row.weekdays, title=row.title, source=source, valid_from=first_day,
            )  # fmt: skip
    _demand_shares(taker, first_day)


def _rows(user: User, first: dt.date) -> list[Assignment]:
    """Believed rows that hold on some day from `first` on, locked."""
    rows = Assignment.objects.select_for_update(of=("self",)).filter(user=user, known_until__isnull=True)
    return list(rows.exclude(valid_until__lte=first).select_related("employer").order_by("valid_from", "pk"))


def _end(row: Assignment, day: dt.date, *, by: User) -> None:
    """The row holds until `day` (exclusive); one that begins later was never to be."""
    moment = max(workdays.now(), row.known_from + dt.timedelta(microseconds=1))
    row.known_until = moment
    row.save(update_fields=["known_until"])
    if row.valid_from < day:
        kept = {
            field.attname: getattr(row, field.attname)
            for field in row._meta.concrete_fields
            if field.name not in ("id", "known_from", "known_until", "valid_until")
        }
        row = Assignment.objects.create(**kept, valid_until=day, known_from=moment)
    trail.record("assignment.end", row, by=by, note=f"Konto {row.user_id}, ab {day:%d.%m.%Y}")


def _begin(*, by: User, **told) -> Assignment:
    row = Assignment(**told, known_from=workdays.now())
    row.clean_fields(exclude=["user", "employer", "municipality"])
    row.validate_constraints()
    row.save()
    trail.record("assignment.begin", row, by=by, note=f"Konto {row.user_id}, ab {row.valid_from:%d.%m.%Y}")
    return row


def _says(row: Assignment, place: Place, employer: Organisation, title: str) -> bool:
    said = (row.weekdays, row.share, row.employer_id, row.title)
    return said == (place.weekdays, place.share, employer.pk, title)


def _demand_possible(places: Sequence[Place]) -> None:
    """Whoever is at two places on one weekday halves the day: both say their share."""
    for key, name in WEEKDAYS.items():
        here = [place for place in places if key in place.weekdays]
        if len(here) > 1 and any(place.share is None for place in here):
            names = " und ".join(str(place.municipality) for place in here)
            raise StepRefused(
                f"Am {name} wäre die Person in {names} zugleich. Bitte geben Sie für diese Kommunen die Anteile an, "
                "oder wählen Sie verschiedene Tage."
            )


def _demand_shares(user: User, day: dt.date) -> None:
    rows = [row for row in _rows(user, day) if row.holds_on(day) and row.share is not None]
    given = sum((row.share or Decimal(0) for row in rows), Decimal(0))
    held = held_on(user, day)
    if rows and given > held:
        raise StepRefused(
            f"Die Einsätze von {user} umfassen am {day:%d.%m.%Y} zusammen {fte(given)} VZÄ, besetzt sind mit dieser "
            f"Person {fte(held)} VZÄ. Bitte verkleinern Sie die Anteile oder ändern Sie zuerst die Besetzung."
        )


def held_on(user: User, day: dt.date) -> Decimal:
    """How many FTE somebody holds over all posts together on a day."""
    shares = user.occupancies.believed().valid_on(day).values_list("share", flat=True)
    return sum(shares, Decimal(0))


# Roles


def leave_behind(user: User, last_day: dt.date, *, by: User, ends_roles: bool, module: str) -> list[str]:
    """What ends when somebody holds no post after `last_day`: all places, and if wished the roles of the module.

    Answers with the roles of the module that were held on `last_day`, ended or not.
    """
    grants = RoleGrant.objects.select_for_update(of=("self",)).filter(user=user, role__in=ROLES[module])  # type: ignore[index]
    held = [grant for grant in grants.order_by("pk") if grant.holds_on(last_day)]
    later = user.occupancies.believed().within(last_day + ONE_DAY, FOREVER)
    if not later.exists():
        end_places(user, last_day, by=by)
    if ends_roles and not later.filter(post__module=module).exists():
        for grant in held:
            end_role(grant, last_day, by=by)
    return [grant.role for grant in held]


def end_role(grant: RoleGrant, last_day: dt.date, *, by: User) -> None:
    grant.valid_until = last_day + ONE_DAY
    grant.save(update_fields=["valid_until"])
    grant.user.forget_standing()
    words = f"Konto {grant.user_id}, {grant.get_role_display()}, zum {last_day:%d.%m.%Y}"
    trail.record("rolegrant.end", grant, by=by, note=words)


def give_roles(user: User, roles: Iterable[str], first_day: dt.date, *, by: User) -> None:
    """From `first_day` on `user` holds these roles; what is held already, and does not end, goes on."""
    for role in roles:
        grants = RoleGrant.objects.filter(user=user, role=role)
        if grants.filter(Q(valid_from__lte=first_day), valid_until__isnull=True).exists():
            continue
        ahead = grants.filter(valid_from__gt=first_day).order_by("valid_from").first()
        if (here := grants.filter(valid_from__lte=first_day, valid_until__gt=first_day).first()) is not None:
            here.valid_until = ahead.valid_from if ahead else None
            here.save(update_fields=["valid_until"])
        else:
            here = RoleGrant.objects.create(
                user=user, role=role, valid_from=first_day, valid_until=ahead.valid_from if ahead else None
            )
        user.forget_standing()
        words = f"Konto {user.pk}, {Role(role).label}, ab {first_day:%d.%m.%Y}"
        trail.record("rolegrant.give", here, by=by, note=words)


# People


@transaction.atomic
def account(
    *,
    by: User,
    display_name: str,
    username: str,
    organisation: Organisation,
    role: str,
    first_day: dt.date,
    email: str = "",
    note: str = "",
) -> User:
    """An account for somebody new, with a first role and no password yet. Raises StepRefused for a name in use."""
    demand(access.keeps_posts, by)
    if User.objects.filter(username__iexact=username).exists():
        raise StepRefused(f"Der Benutzername „{username}“ ist vergeben. Bitte wählen Sie einen anderen.")
    user = User(username=username, display_name=display_name, organisation=organisation, email=email)
    user.set_unusable_password()
    user.validate_constraints()
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError as error:  # somebody took the name meanwhile
        raise StepRefused(f"Der Benutzername „{username}“ ist vergeben. Bitte wählen Sie einen anderen.") from error
    trail.record("user.enter", user, by=by, note=note)
    give_roles(user, [role], first_day, by=by)
    return user


@transaction.atomic
def move(
    user: User,
    *,
    by: User,
    leaves,
    last_day: dt.date,
    post,
    share: Decimal,
    keeps_places: bool,
    ends_roles=False,
    role: str = "",
    source: str = "",
    note: str = "",
):
    """`user` leaves the post of the occupancy `leaves` with `last_day` and holds `share` of `post` from the next day.

    Places go on or end. With `role` it is held from then on; `ends_roles` ends those of the module that is left.
    Answers with the new occupancy.
    """
    demand(access.keeps_posts, by)
    user = _locked(user)
    left, first_day = leaves.post, last_day + ONE_DAY
    if left.pk == post.pk:
        raise StepRefused("Das ist dieselbe Stelle. Um den Anteil zu ändern, öffnen Sie die Besetzung.")
    type(post).lock_all([left, post])
    leaves.end(last_day, by=by, note=note)
    held = type(leaves).enter(
        by=by, post=post, user=user, share=share, valid_from=first_day, valid_until=post.there_until(first_day),
        source=source,
    )  # fmt: skip
    if not keeps_places:
        end_places(user, last_day, by=by)
    leave_behind(user, last_day, by=by, ends_roles=ends_roles, module=left.module)
    if role:
        give_roles(user, [role], first_day, by=by)
    _demand_shares(user, first_day)
    trail.record("user.move", user, by=by, note=f"von {left.number} auf {post.number}, ab {first_day:%d.%m.%Y}")
    return held


def _locked(user: User) -> User:
    """The account as it stands; who else changes where this person works waits."""
    return User._base_manager.select_for_update(of=("self",)).get(pk=user.pk)


def fte(share: Decimal | int) -> str:
    """„0,75“, „1“."""
    return f"{Decimal(share).normalize():f}".replace(".", ",")


def days_words(weekdays: str) -> str:
    """„Mo, Mi“."""
    return ", ".join(WEEKDAYS[key][:2] for key in weekdays if key in WEEKDAYS)
