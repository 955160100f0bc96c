"""Who may see and do what about posts and money. Every rule of this app stands here; nothing is decided elsewhere.

Costs of single people tell what somebody earns: only those who enter and those who audit them see the rows, everybody
else sums of a notice.
"""

from django.apps import apps
from django.db.models import Q

from kim.models import Role
from kim.rules import rule

#: Who reads posts, occupancies and money of all three modules.
READS_ALL = (Role.ADMIN, Role.COORDINATION, Role.STEERING_GROUP, Role.AUDIT)
#: Who reads those of one module.
READS_MODULE = {Role.STRATEGIC_OFFICE: "overhead"}
#: Who works on a post and sees its own.
ON_POSTS = (Role.CASE_MANAGER, Role.AUTHORITY)
#: Who sees single costs, and who keeps them.
READS_COSTS = (Role.ADMIN, Role.AUDIT)
KEEPS_COSTS = (Role.ADMIN,)
PLANNING = (Role.ADMIN, Role.STRATEGIC_OFFICE)

NOTHING = Q(pk__in=[])


# Which ones


def visible_posts(user) -> Q:
    """All, those of a module, and always those one holds or held oneself."""
    if user.acts_as(*READS_ALL):
        return Q()
    held = apps.get_model("funding", "Occupancy").objects.filter(user=user, known_until__isnull=True)
    found = Q(pk__in=held.values("post")) if user.holds(*ON_POSTS, *READS_MODULE) else NOTHING
    return found | Q(module__in=modules_read(user))


def visible_occupancies(user) -> Q:
    """All on the posts of modules one reads; of one's own post only what one holds or held oneself."""
    return Q() if user.acts_as(*READS_ALL) else Q(user=user) | Q(post__module__in=modules_read(user))


def visible_notices(user) -> Q:
    return Q() if user.acts_as(*READS_ALL) else Q(period__programme__module__in=modules_read(user))


def visible_programmes(user) -> Q:
    return Q() if user.acts_as(*READS_ALL) else Q(module__in=modules_read(user))


def visible_of_notices(user) -> Q:
    """The same for rows that hang on a notice."""
    return Q() if user.acts_as(*READS_ALL) else Q(notice__period__programme__module__in=modules_read(user))


def visible_of_programmes(user) -> Q:
    """The same for rows that hang on a programme."""
    return Q() if user.acts_as(*READS_ALL) else Q(programme__module__in=modules_read(user))


def visible_reported(user) -> Q:
    """What papers say about posts."""
    return Q() if user.acts_as(*READS_ALL) else Q(module__in=modules_read(user))


def reads_module(user, module: str) -> bool:
    """All of a module: every post with whoever held it."""
    return user.acts_as(*READS_ALL) or module in modules_read(user)


def modules_read(user) -> list[str]:
    return [module for role, module in READS_MODULE.items() if user.acts_as(role)]


# Posts and people


@rule("Stellen und Besetzungen sehen Verwaltung, Koordinierung, Geschäftsstelle, Lenkungsgruppe und Revision.")
def reads_board(user, _=None):
    return user.holds(*READS_ALL, *READS_MODULE)


@rule("Eine eigene Stelle haben Case Management und Ausländer- und Einbürgerungsbehörden.")
def has_own_post(user, _=None):
    return user.holds(*ON_POSTS)


@rule("Stellen, Besetzungen und Einsätze pflegt die Verwaltung.")
def keeps_posts(user, _=None):
    return user.holds(Role.ADMIN)


@rule("Weshalb jemand fehlt, sieht nur die Verwaltung.")
def reads_leave_reasons(user, _=None):
    return user.holds(Role.ADMIN)


@rule("Wer welche Kommune versorgt, sehen Verwaltung, Koordinierung, Geschäftsstelle, Lenkungsgruppe und Revision.")
def reads_coverage(user, _=None):
    return user.holds(*READS_ALL, Role.STRATEGIC_OFFICE)


# Money


@rule("Bescheide und Mittel sehen Verwaltung, Koordinierung, Geschäftsstelle, Lenkungsgruppe und Revision.")
def reads_money(user, _=None):
    return user.holds(*READS_ALL, *READS_MODULE)


@rule("Förderprogramme, Bescheide, Sätze und Zahlungen pflegt die Verwaltung.")
def keeps_money(user, _=None):
    return user.holds(Role.ADMIN)


@rule("Einzelne Ausgaben sehen die Verwaltung und die Revision: Personalkosten verraten, was jemand verdient.")
def reads_costs(user, _=None):
    return user.holds(*READS_COSTS)


@rule("Ausgaben und Regeln zur Förderfähigkeit pflegt die Verwaltung.")
def keeps_costs(user, _=None):
    return user.holds(*KEEPS_COSTS)


@rule("Abrechnungen erstellt die Verwaltung.")
def draws_up_calculations(user, _=None):
    return user.holds(Role.ADMIN)


@rule("Freigeben muss jemand anderes aus der Verwaltung als die Person, die gerechnet hat.")
def releases_calculation(user, calculation):
    return user.holds(Role.ADMIN) and calculation.drawn_up_by_id != user.pk


# Needs


@rule("Bedarf und Verteilung sehen Verwaltung, Geschäftsstelle, Koordinierung, Lenkungsgruppe und Revision.")
def reads_needs(user, _=None):
    return user.holds(*READS_ALL, Role.STRATEGIC_OFFICE)


@rule("Kriterien und Szenarien pflegen Verwaltung und Geschäftsstelle.")
def plans_needs(user, _=None):
    return user.holds(*PLANNING)
