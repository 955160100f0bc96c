"""Who may look at figures and reports. Every rule of this app stands here; nothing is decided elsewhere.

The roof owns no facts: pages that lead on to rows lead to pages of the other apps, which ask their own rules.
"""

from django.db.models import Q

from kim.figures import Part
from kim.models import Role
from kim.rules import rule

#: Which parts of the county's figures a role sees; with small-cell protection throughout.
PARTS = {
    Role.COORDINATION: frozenset(Part),
    Role.STRATEGIC_OFFICE: frozenset(Part),
    Role.STEERING_GROUP: frozenset(Part),
    Role.ADMIN: frozenset({Part.STAFFING, Part.MONEY}),
}
WRITES = (Role.STRATEGIC_OFFICE,)
RELEASES = (Role.STRATEGIC_OFFICE, Role.COORDINATION)
#: Who reads what was released.
READS = (Role.COORDINATION, Role.STRATEGIC_OFFICE, Role.STEERING_GROUP)
NOTHING = Q(pk__in=[])


def parts_of(user) -> frozenset[Part]:
    """Parts this user sees the county's figures of, under any hat; none for everybody else."""
    hats = list(user.hats())
    return frozenset(part for role, parts in PARTS.items() for part in parts if any(hat.holds(role) for hat in hats))


# Which ones


def visible_reports(user) -> Q:
    """Released ones; drafts as well for those who write or release them."""
    if user.acts_as(*RELEASES):
        return Q()
    return Q(released_at__isnull=False) if user.acts_as(*READS) else NOTHING


def visible_saved(user) -> Q:
    """Own ones, and those shared with a role one has, of the parts one sees."""
    parts = parts_of(user)
    if not parts:
        return NOTHING
    shared = Q(pk=None)
    for hat in user.hats():
        for role in hat.roles:
            shared |= Q(shared_with__contains=f" {role} ")
    return (Q(by=user) | shared) & Q(part__in=sorted(parts))


def visible_exports(user) -> Q:
    """Nobody's but one's own: what is in it was seen by this account when it was asked for."""
    return Q(by=user)


# Figures


@rule(
    "Die Lage sehen Koordinierung, Geschäftsstelle und Lenkungsgruppe; die Verwaltung sieht darin Stellen und Mittel."
)
def reads_figures(user, _=None):
    return any(user.holds(role) for role in PARTS)


@rule("Diese Zahlen gehören nicht zu Ihren Aufgaben.")
def reads_part(user, part):
    return any(part in parts and user.holds(role) for role, parts in PARTS.items())


@rule("Neu zählen lassen die Koordinierung und die Geschäftsstelle.")
def has_it_counted(user, _=None):
    return user.holds(*RELEASES)


@rule("Ändern kann eine Auswertung nur, wer sie gespeichert hat. Sie können eine Kopie davon speichern.")
def changes_saved(user, saved):
    return saved.by_id == user.pk


@rule("Den Bericht an das Land sehen Koordinierung und Geschäftsstelle.")
def reads_indicators(user, _=None):
    return user.holds(*RELEASES)


# Status reports


@rule("Sachstandsberichte lesen Koordinierung, Geschäftsstelle und Lenkungsgruppe.")
def reads_reports(user, _=None):
    return user.holds(*READS)


@rule("Sachstandsberichte schreibt die Geschäftsstelle.")
def writes_reports(user, _=None):
    return user.holds(*WRITES)


@rule("Freigeben muss jemand aus Geschäftsstelle oder Koordinierung, der an diesem Bericht nicht geschrieben hat.")
def releases_report(user, report):
    """Four eyes: neither who drew it up nor who wrote a text in it."""
    return user.holds(*RELEASES) and user.pk not in report.author_ids
