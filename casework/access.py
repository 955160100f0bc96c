"""Who may see and do what in casework. Every rule of this app stands here; nothing is decided elsewhere.

`visible_…(user) -> Q` answers "which ones", rules answer "may this user do this to this one". A case is seen by its
owner, by a colleague of the same employer while they stand in, and by the coordination for the hour of a look. Nobody
else sees anything: not the office, not Modul 3, not the administration, no superuser. Rows are reached by name: access
stands below the models.
"""

import datetime as dt
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any

from django.apps import apps
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, Q

from kim import workdays
from kim.dated import valid_on
from kim.models import Assignment, Role, User
from kim.models.people import read_along
from kim.rules import Rule, rule
from kim.together import Slot, moment
from kim.workflow import StepRefused

# Under whose names


def employers_of(user) -> frozenset[int]:
    """Ids of the organisations that employ `user` as a case manager today; without an assignment, their own."""
    duties = user.standing.along.get("employed", ())
    found = frozenset(duty.employer_id for duty in duties if duty.user_id == user.pk)
    return found or frozenset([user.organisation_id] if user.organisation_id else [])


@read_along("employed")
def _employed_read(me, away, today):
    duties = Assignment.objects.filter(valid_on(today), role=Role.CASE_MANAGER, known_until__isnull=True)
    return duties.filter(Q(user=me) | Q(user__in=away)).order_by().only("user", "employer")


def colleagues(user) -> list[User]:
    """The case managers `user` stands in for today. Only a case manager stands in for one: a wall without side door."""
    if not user.holds(Role.CASE_MANAGER):
        return []
    return [hat for hat in user.hats() if hat.pk != user.pk and hat.holds(Role.CASE_MANAGER)]


def hats_on(user, case) -> list[User]:
    """Under whose names `user` may act on `case`: their own, and that of an absent owner of the same employer."""
    owner = [hat for hat in colleagues(user) if hat.pk == case.owner_id]
    return [user, *owner] if owner and case.employer_id in employers_of(user) else [user]


def allows(check: Rule, user, case) -> bool:
    return any(check(hat, case) for hat in hats_on(user, case))


def demand(check: Rule, user, case) -> None:
    """Raise PermissionDenied with the rule's sentence unless `user` passes under some name they may act in."""
    if not allows(check, user, case):
        raise PermissionDenied(check.refusal)


def demand_work(user, case) -> None:
    """Raise PermissionDenied unless `user` leads the case, or stands in for who does, and it is not shut."""
    demand(owns, user, case)
    demand(is_unlocked, user, case)
    demand(is_unrestricted, user, case)


def demand_client(user, client) -> None:
    """Raise PermissionDenied unless `user` works on a case of `client`, or of somebody in their household."""
    if not _rows("Client").filter(clients_kept_by(user), pk=client.pk).exists():
        raise PermissionDenied(owns.refusal)


def works_on_client(user, client) -> bool:
    """Whether one of the cases through which `user` advises the client is neither locked nor restricted."""
    return ways_to_client(user, client)[1]


def ways_to_client(user, client) -> tuple[bool, bool]:
    """Whether `user` advises the client at all, and through a case that is not shut; one query."""
    here, unlocked = _rows("Client").filter(pk=OuterRef("pk")), Q(locked_at__isnull=True, restricted_at__isnull=True)
    rows = _rows("Client").filter(pk=client.pk)
    return rows.values_list(
        Exists(here.filter(clients_kept_by(user))), Exists(here.filter(clients_kept_by(user, unlocked)))
    )[0]


NOTHING_ADDED = (
    "Der Fall ist gesperrt, weil die Einwilligung widerrufen wurde oder die Verarbeitung eingeschränkt ist. Zur Person "
    "wird nichts mehr ergänzt; berichtigen lassen sich nur Name und Geburtsdatum."
)


def demand_client_work(user, client) -> None:
    """The same as `demand_client`; StepRefused where every case is shut: nothing is added or changed any more."""
    demand_client(user, client)
    if not works_on_client(user, client):
        raise StepRefused(NOTHING_ADDED)


# Which ones


@dataclass(frozen=True)
class Caseload:
    """What decides which cases somebody sees: whether they lead or look, and who is away whose cases they keep.

    Everything but `manages` and `looks` is an id or a moment, or a slot for it in a statement that is made once for
    all of the same `shape`.
    """

    me: Any
    now: Any
    manages: bool
    looks: bool
    colleagues: tuple = ()
    employers: tuple = ()

    @classmethod
    def of(cls, user) -> "Caseload":
        away = tuple(hat.pk for hat in colleagues(user))
        employers = tuple(sorted(employers_of(user))) if away else ()
        looks = user.holds(Role.COORDINATION)
        return cls(user.pk, workdays.now(), user.holds(Role.CASE_MANAGER), looks, away, employers)

    @property
    def shape(self) -> tuple[bool, bool, int, int]:
        return self.manages, self.looks, len(self.colleagues), len(self.employers)

    @classmethod
    def in_slots(cls, manages: bool, looks: bool, colleagues: int, employers: int) -> "Caseload":
        away = tuple(Slot(f"colleague_{no}") for no in range(colleagues))
        return cls(Slot("me"), moment(), manages, looks, away, tuple(Slot(f"employer_{no}") for no in range(employers)))

    @property
    def values(self) -> dict[str, Any]:
        """For the slots."""
        away = {f"colleague_{no}": pk for no, pk in enumerate(self.colleagues)}
        return away | {f"employer_{no}": pk for no, pk in enumerate(self.employers)} | {"me": self.me, "now": self.now}

    def kept(self, prefix: str = "") -> Q:
        """Those worked on, as owner or deputy; `prefix` reaches through a relation."""
        if not self.manages:
            return Q(pk__in=[])
        found = Q(**{f"{prefix}owner": self.me})
        if self.colleagues and self.employers:
            found |= _one_of(f"{prefix}owner", self.colleagues) & _one_of(f"{prefix}employer", self.employers)
        return found

    def seen(self) -> Q:
        """And those under a look that has not run out."""
        looks = self.looks_now().values("case")
        return self.kept() | Q(pk__in=looks) if self.looks else self.kept()

    def looks_now(self):
        return _rows("Look").filter(by=self.me, until__gt=self.now)


def _one_of(field: str, values: tuple) -> Q:
    """As `field__in`, which takes no slots for ids of other tables."""
    return reduce(or_, (Q(**{field: value}) for value in values))


def visible_cases(user) -> Q:
    """Own ones, those of an absent colleague of the same employer, and those under a look that has not run out."""
    return Caseload.of(user).seen()


def kept_cases(user) -> Q:
    """The cases `user` works on, as owner or deputy: the caseload without what one only looks at."""
    return Caseload.of(user).kept()


def overviewed_cases(user) -> Q:
    """The cases of which `user` sees number, municipality, phase and age; never more than that."""
    return Q() if user.holds(Role.COORDINATION) else Q(pk__in=[])


def clients_seen_by(user) -> Q:
    """Those with a case one may see, and members of their household who have no case of their own with anybody."""
    return _clients_of(visible_cases(user))


def clients_kept_by(user, among: Q | None = None) -> Q:
    """The same of the cases one works on (or of those `among` them), without what is only looked at."""
    cases = kept_cases(user)
    return _clients_of(cases & among if among else cases)


def identities_seen_by(user) -> Q:
    """Names, birth dates and contacts: exactly of the clients one may see."""
    return Q(client__in=_rows("Client").filter(clients_seen_by(user)).values("pk"))


def visible_consultations(user) -> Q:
    """With a case: whoever sees the case. Without one: its author, and a colleague who stands in for them."""
    authors = [user, *(hat for hat in colleagues(user) if employers_of(user) & employers_of(hat))]
    if not user.holds(Role.CASE_MANAGER):
        authors = []
    rows = _rows("Consultation")
    alone = rows.filter(case__isnull=True, author__in=authors).values_list("pk", flat=True)
    of_cases = rows.filter(case__in=_cases(user)).values_list("pk", flat=True)
    # Each part from its own index, here as below: an OR across both would read a million rows.
    return Q(pk__in=alone.union(of_cases, all=True))


def visible_procedures(user) -> Q:
    """Modul 3: those handed over to one's own authority, while the consent that names it holds. Case management: the
    ones that were handed over from a case one may see.
    """
    found = received_procedures(user)
    if user.holds(Role.CASE_MANAGER, Role.COORDINATION):
        found |= Q(pk__in=_rows("CaseProcedure").filter(case__in=_cases(user)).values("procedure"))
    return found


def received_procedures(user) -> Q:
    """What Modul 3 works on: only while the consent that names its authority holds, and no restriction stands."""
    if not user.holds(Role.AUTHORITY):
        return Q(pk__in=[])
    authorities = [hat.organisation_id for hat in user.hats() if hat.holds(Role.AUTHORITY) and hat.organisation_id]
    restricted = _rows("CaseProcedure").filter(case__restricted_at__isnull=False).values("procedure")
    return Q(authority__in=authorities, consent__in=consents_in_force()) & ~Q(pk__in=restricted)


def visible_handovers(user) -> Q:
    """Both sides of it, who offered it for an absent colleague, and the coordination: how many cases, not whose."""
    return Q() if user.holds(Role.COORDINATION) else Q(giver=user) | Q(taker=user) | Q(offered_by=user)


def consents_in_force(day: dt.date | None = None):
    """Ids of consents that hold on `day`. A withdrawal acts at once: its day no longer counts."""
    return _rows("Consent").filter(in_force(day)).values("pk")


def in_force(day: dt.date | None = None, prefix: str = "") -> Q:
    """Which consents hold on `day` (default: now); `prefix` reaches through a relation."""
    day = day or workdays.today()
    withdrawn_later = dt.datetime.combine(day + dt.timedelta(days=1), dt.time(0), workdays.BERLIN)
    return valid_on(day, prefix) & (
        Q(**{f"{prefix}withdrawn_at__isnull": True}) | Q(**{f"{prefix}withdrawn_at__gte": withdrawn_later})
    )


def _rows(name):
    return apps.get_model("casework", name)._base_manager.order_by()


def _clients_of(cases: Q) -> Q:
    own = _rows("Case").filter(cases).values_list("client", flat=True)
    households = _rows("Client").filter(pk__in=own, household__isnull=False).values("household")
    family = _rows("Client").filter(household__in=households, cases__isnull=True).values_list("pk", flat=True)
    return Q(pk__in=own.union(family, all=True))


def _cases(user):
    return _rows("Case").filter(visible_cases(user)).values("pk")


# Rules about one case, asked name by name


@rule("Das kann nur, wer den Fall führt oder die Fallführung gerade vertritt.")
def owns(user, case):
    return case.owner_id == user.pk and user.holds(Role.CASE_MANAGER)


@rule("Der Fall ist gesperrt, weil die Einwilligung widerrufen wurde. Er kann nur noch beendet werden.")
def is_unlocked(user, case):
    return case.locked_at is None


@rule(
    "Die Verarbeitung ist eingeschränkt (Art. 18 DSGVO). Der Fall wird nur aufbewahrt, bis die Einschränkung beim "
    "Anliegen der Person aufgehoben ist."
)
def is_unrestricted(user, case):
    return case.restricted_at is None


@rule("Einen Fall geben die Fallführung, ihre Vertretung oder die Koordinierung Case Management weiter.")
def gives_away(user, case):
    return owns(user, case) or user.holds(Role.COORDINATION)


@rule("Einen Fall übernimmt nur die Person, der er angeboten wurde.")
def takes_over(user, handover):
    return user.pk == handover.taker_id and user.holds(Role.CASE_MANAGER)


@rule("Einblick in einen Fall nimmt nur die Koordinierung Case Management, mit Anlass und für eine Stunde.")
def looks_inside(user, case):
    return user.holds(Role.COORDINATION)


@rule("Prüflisten zu diesem Vorgang führt die Behörde, an die er übergeben wurde.")
def works_on_procedure(user, procedure):
    return user.holds(Role.AUTHORITY) and user.organisation_id == procedure.authority_id


# Rules about the person alone


@rule("Fälle und Beratungen gehören dem Case Management.")
def manages_cases(user, _=None):
    return user.holds(Role.CASE_MANAGER)


@rule("Die Fallübersicht ohne Namen sieht die Koordinierung Case Management.")
def overviews_cases(user, _=None):
    return user.holds(Role.COORDINATION)


@rule("Das Verzeichnis der Stellen lesen Case Management und Koordinierung.")
def reads_directory(user, _=None):
    return user.holds(Role.CASE_MANAGER, Role.COORDINATION)


@rule("Formulare für beratene Menschen drucken Case Management und Koordinierung.")
def prints_forms(user, _=None):
    return user.holds(Role.CASE_MANAGER, Role.COORDINATION)


@rule("Übergebene Vorgänge sehen Ausländer- und Einbürgerungsbehörden.")
def receives_procedures(user, _=None):
    return user.holds(Role.AUTHORITY)


@rule("Eigene Zahlen sehen Case Management und Modul 3.")
def has_own_figures(user, _=None):
    return user.holds(Role.CASE_MANAGER, Role.AUTHORITY)


@rule("Codelisten pflegt die Verwaltung.")
def keeps_codes(user, _=None):
    return user.holds(Role.ADMIN)


@rule("Prüflisten lesen Case Management, Koordinierung und Modul 3.")
def reads_checklists(user, _=None):
    return user.holds(Role.CASE_MANAGER, Role.COORDINATION, Role.AUTHORITY)


# The network and the caseload


@rule("Das Verzeichnis der Stellen pflegen Case Management und Koordinierung.")
def keeps_directory(user, _=None):
    return reads_directory(user, None)


@rule("Fälle übergeben Case Management und Koordinierung.")
def hands_over(user, _=None):
    return user.holds(Role.CASE_MANAGER, Role.COORDINATION)


@rule("Ein Angebot nimmt nur zurück, von wem es kommt, oder die Koordinierung Case Management.")
def takes_back(user, handover):
    return user.pk in (handover.giver_id, handover.offered_by_id) or user.holds(Role.COORDINATION)


def demand_taker(user, handover) -> None:
    """Raise PermissionDenied unless the cases were offered to `user` themself: nobody accepts for somebody else."""
    if not takes_over(user, handover):
        raise PermissionDenied(takes_over.refusal)


def demand_oneself(check: Rule, user) -> None:
    """Raise PermissionDenied unless the account itself passes: standing in for somebody opens no side door here."""
    if not check(user, None):
        raise PermissionDenied(check.refusal)


@rule("Was demnächst gelöscht wird, sehen Case Management und Koordinierung.")
def reads_retention(user, _=None):
    return user.holds(Role.CASE_MANAGER, Role.COORDINATION)


@rule("Das Löschregister lesen Datenschutz und Revision, Koordinierung und Verwaltung.")
def reads_erasures(user, _=None):
    return user.holds(Role.AUDIT, Role.COORDINATION, Role.ADMIN)


# What people ask by right


def requests_kept_by(user) -> Q:
    """Those of the clients `user` advises; each employer answers for its own."""
    if not user.holds(Role.CASE_MANAGER):
        return Q(pk__in=[])
    cases = kept_cases(user)
    here = _rows("Case").filter(cases, client=OuterRef("client"), employer=OuterRef("employer"))
    return Q(Exists(here))


@rule("Anliegen beratener Personen bearbeitet, wer die Person berät.")
def keeps_requests(user, _=None):
    return user.holds(Role.CASE_MANAGER)


@rule("Die Fristen aller Anliegen sehen Datenschutz und Revision und die Koordinierung Case Management, ohne Namen.")
def watches_requests(user, _=None):
    return user.holds(Role.AUDIT, Role.COORDINATION)
