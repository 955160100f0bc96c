"""The case („Fall“): one person's way through case management, under a number that says nothing about them."""

import datetime as dt
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.urls import reverse
from django.utils import timezone

from casework import access
from casework.lifecycle import ADMITTED_ONCE, CRITERIA, ENDS, LIFECYCLE, NOT_ADMITTED, OPEN, REQUESTED, State
from casework.models.codes import code_field
from casework.models.consents import CASE_MANAGEMENT, CHANGE, Consent
from casework.models.numbers import CaseNumberRange
from casework.models.people import TWICE, Client
from kim import trail, workdays
from kim.dated import months_after
from kim.models import Assignment, Code, County, Municipality, Organisation, Role, User
from kim.workflow import StepRefused, happened
from steering.models import Issue

#: The closing reason that names an issue.
STRUCTURALLY_BLOCKED = "STRUKTUR"
#: Withdrawn data goes within a month.
AFTER_WITHDRAWAL = dt.timedelta(days=30)
#: Everything the coordination learns about a case it does not lead.
OVERVIEW = (
    "pk", "number", "municipality", "municipality__name", "state", "opened_on", "owner", "owner__display_name",
    "employer__name",
)  # fmt: skip


class CaseQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(access.visible_cases(user))

    def kept_by(self, user):
        """The caseload: own ones and those of an absent colleague, without what is only looked at."""
        return self.filter(access.kept_cases(user))

    def overview(self, user):
        """Rows without a person: number, place, phase, age and who leads it. Values, so that no page reaches on."""
        return self.filter(access.overviewed_cases(user)).values(*OVERVIEW)

    def open(self):
        return self.filter(state__in=OPEN)

    def ended(self):
        return self.filter(state__in=ENDS)

    def without_agreement(self, today=None):
        """Those that went to another employer, and nobody agreed: as Case.lacks_agreement. `today` may be a slot."""
        given = Consent.objects.valid_on(today).filter(client=OuterRef("client"), withdrawn_at__isnull=True).order_by()
        named = given.filter(purpose__code=CHANGE, recipient=OuterRef("employer"))
        anew = given.filter(purpose__code=CASE_MANAGEMENT, recipient__isnull=True,
                            recorded_at__gte=OuterRef("changed_employer_at"))  # fmt: skip
        return self.filter(~Exists(named), ~Exists(anew), changed_employer_at__isnull=False)

    def of_former_employer(self, today=None):
        """Those whose owner is a case manager of another employer by now, as access.employers_of says. `today` may be
        a slot.
        """
        duties = Assignment.objects.valid_on(today).filter(
            user=OuterRef("owner"), role=Role.CASE_MANAGER, known_until__isnull=True
        )
        elsewhere = Q(owner__organisation__isnull=False) & ~Q(owner__organisation=F("employer"))
        return self.filter(~Exists(duties.filter(employer=OuterRef("employer"))), Exists(duties) | elsewhere)

    def locked(self):
        return self.filter(locked_at__isnull=False)

    def to_be_erased(self, on=None):
        """Those whose time is over on `on`, be they open or not."""
        return self.filter(erase_on__lte=on or workdays.today())

    def for_lines(self):
        """With what a line of a list shows."""
        return self.select_related("municipality", "client__identity", "owner")


class Case(models.Model):
    """One case on its way.

    Request, clearing — is case management the right thing? Kept for months only.
    Admitted to evaluation — agreed, with a consent in force, and somebody who leads it.
    Resting, taken up again — beside the way, with a reason.
    Referred, declined, closed, broken off, handed over — the ends; each has the day on which it is erased.
    """

    number = models.CharField("Fallnummer", max_length=20, unique=True)
    foreign_number = models.CharField(
        "Nummer in der landesweiten Datenbank KIM", max_length=40, blank=True, db_index=True
    )
    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="cases", verbose_name="beratene Person")
    owner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", verbose_name="Fallführung")
    employer = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="+", verbose_name="Anstellungsträger der Fallführung"
    )
    municipality = models.ForeignKey(Municipality, on_delete=models.PROTECT, related_name="+", verbose_name="Kommune")

    state = models.CharField("Stand", max_length=20, choices=State, default=State.REQUEST)
    step_no = models.PositiveIntegerField("Schritt", default=0)
    state_since = models.DateTimeField("seit", default=workdays.now)

    access_route = code_field(Code.List.ACCESS_ROUTE, "Zugangsweg")
    referring_organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name="vermittelnde Stelle",
    )  # fmt: skip
    occasion = models.TextField("Anlass", max_length=2000, blank=True)
    domain_count = models.PositiveSmallIntegerField("betroffene Handlungsfelder", null=True, blank=True)
    actor_count = models.PositiveSmallIntegerField("beteiligte Stellen", null=True, blank=True)
    system_barrier = models.BooleanField("Hürde im System selbst", null=True, blank=True)
    voluntary = models.BooleanField("nimmt freiwillig teil", null=True, blank=True)
    other_support = code_field(Code.List.OTHER_SUPPORT, "anderes Fallmanagement")

    referred_to = models.CharField("verwiesen an", max_length=160, blank=True)
    handed_to = models.CharField("übergeben an", max_length=160, blank=True)
    closing_reason = code_field(Code.List.CLOSING_REASON, "Abschlussgrund")
    blocked_by = models.ForeignKey(
        Issue, on_delete=models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name="Knackpunkt, der den Fall blockiert",
    )  # fmt: skip
    resting_until = models.DateField("ruht bis", null=True, blank=True)

    opened_on = models.DateField("angefragt am", default=workdays.today)
    agreed_on = models.DateField("Beratungsvereinbarung vom", null=True, blank=True)
    admitted_on = models.DateField("aufgenommen am", null=True, blank=True)
    changed_employer_at = models.DateTimeField("an einen anderen Träger übergeben", null=True, blank=True)
    ended_at = models.DateTimeField("beendet", null=True, blank=True)
    locked_at = models.DateTimeField("gesperrt", null=True, blank=True)
    erase_on = models.DateField("löschen ab", null=True, blank=True)
    #: Art. 18 DSGVO: kept and read on, nothing else, until somebody lifts it (casework/rights.py).
    restricted_at = models.DateTimeField("eingeschränkt", null=True, blank=True)

    objects = CaseQuerySet.as_manager()

    class Meta:
        verbose_name = "Fall"
        constraints = [
            models.CheckConstraint(
                name="casework_case_admitted_by_agreement",
                condition=~Q(state__in=ADMITTED_ONCE) | Q(agreed_on__isnull=False, admitted_on__isnull=False),
            ),
            models.CheckConstraint(
                name="casework_case_ended_has_moment_and_erasure",
                condition=(Q(state__in=ENDS) & Q(ended_at__isnull=False, erase_on__isnull=False))
                | (~Q(state__in=ENDS) & Q(ended_at__isnull=True)),
            ),
            models.CheckConstraint(
                name="casework_case_closed_has_reason",
                condition=Q(state__in=["closed", "broken_off"], closing_reason__isnull=False)
                | (~Q(state__in=["closed", "broken_off"]) & Q(closing_reason__isnull=True, blocked_by__isnull=True)),
            ),
            models.CheckConstraint(
                name="casework_case_resting_has_end",
                condition=(Q(state="resting") & Q(resting_until__isnull=False))
                | (~Q(state="resting") & Q(resting_until__isnull=True)),
            ),
            models.CheckConstraint(
                name="casework_case_referred_somewhere",
                condition=(Q(state="referred") & ~Q(referred_to="")) | (~Q(state="referred") & Q(referred_to="")),
            ),
            models.CheckConstraint(
                name="casework_case_handed_to_somebody",
                condition=(Q(state="handed_over") & ~Q(handed_to="")) | (~Q(state="handed_over") & Q(handed_to="")),
            ),
            models.CheckConstraint(
                name="casework_case_request_does_not_stay",
                condition=~Q(state__in=REQUESTED) | Q(erase_on__isnull=False),
            ),
            models.CheckConstraint(
                name="casework_case_locked_goes",
                condition=Q(locked_at__isnull=True) | Q(erase_on__isnull=False),
            ),
            models.CheckConstraint(
                name="casework_case_dates_in_order",
                condition=Q(admitted_on__isnull=True)
                | Q(agreed_on__lte=F("admitted_on"), admitted_on__gte=F("opened_on")),
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(fields=["owner", "state", "-opened_on"]),
            models.Index(fields=["municipality", "state", "opened_on"]),
            models.Index(fields=["state", "opened_on", "id"]),
            models.Index(fields=["opened_on", "id"]),
            models.Index(fields=["erase_on"], name="casework_case_to_be_erased", condition=Q(erase_on__isnull=False)),
            models.Index(
                fields=["resting_until"], name="casework_case_resting", condition=Q(resting_until__isnull=False)
            ),
        ]

    def __str__(self):
        return self.number

    def get_absolute_url(self):
        return reverse("casework:case_detail", args=[self.pk])

    #: What the gates ask, on a copy that only a page shows (casework.case_page); who acts asks anew.
    at_gates: dict[str, Any] | None = None

    # Questions

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @property
    def is_locked(self) -> bool:
        return self.locked_at is not None

    @property
    def is_restricted(self) -> bool:
        return self.restricted_at is not None

    @property
    def is_shut(self) -> bool:
        """Nothing is added or changed: the consent is withdrawn, or processing is restricted."""
        return self.is_locked or self.is_restricted

    @property
    def since(self) -> dt.date:
        return timezone.localtime(self.state_since).date()

    @property
    def days_open(self) -> int:
        last = timezone.localtime(self.ended_at).date() if self.ended_at else workdays.today()
        return (last - self.opened_on).days

    @property
    def for_advice(self) -> list[Consent]:
        """The consents that hold now and let somebody advise the person; latest first."""
        rows = self.at_gates["for_advice"] if self.at_gates is not None else self.client.consents.for_advice()
        return [one for one in rows if one.is_in_force]

    @property
    def consent_in_force(self) -> Consent | None:
        """The latest consent into case management itself that holds now and reaches who leads the case. After a change
        of employer that is one given since, or any together with one into that change.
        """
        given, since = self.for_advice, self.changed_employer_at
        itself = (one for one in given if one.about == CASE_MANAGEMENT)
        if since and not any(self._is_into_change(one) for one in given):
            itself = (one for one in itself if one.recorded_at >= since)
        return next(itself, None)

    @property
    def lacks_agreement(self) -> bool:
        """Whether the case went to another employer and the person has not agreed to that, neither before nor since."""
        since = self.changed_employer_at
        return since is not None and not any(
            self._is_into_change(one) or (one.about == CASE_MANAGEMENT and one.recorded_at >= since)
            for one in self.for_advice
        )

    def _is_into_change(self, consent: Consent) -> bool:
        return consent.about == CHANGE and consent.recipient_id == self.employer_id

    def demand_agreement(self) -> None:
        """Before anybody else learns something of the person. Raises StepRefused while the case lacks an agreement."""
        if self.lacks_agreement:
            raise StepRefused(
                "Die Person hat dem Wechsel zu Ihrem Träger noch nicht zugestimmt. Bis die Einwilligung eingetragen "
                "ist, geht nichts weiter an andere Stellen."
            )

    @property
    def left_to_clear(self) -> list[str]:
        """The criteria for an admission nobody has answered yet, as the page calls them."""
        columns = {"other_support": "other_support_id"}  # asked without reading the entry itself
        return [self.name_of(name) for name in CRITERIA if getattr(self, columns.get(name, name)) is None]

    @property
    def starts(self) -> list[int | None]:
        """Where each assessed life domain began."""
        if self.at_gates is not None:
            return self.at_gates["starts"]
        return list(self.assessments.values_list("start", flat=True))

    @property
    def achievements(self) -> list[int | None]:
        """What came of each goal, so far."""
        if self.at_gates is not None:
            return self.at_gates["achievements"]
        return list(self.goals.values_list("achievement", flat=True))

    def who_was_first(self) -> str:
        """Why a step is out of turn: what was done just before."""
        last = self.steps_taken.order_by("-no").first()
        if last is None:
            return f"Im Stand „{self.get_state_display()}“ ist dieser Schritt nicht möglich."
        at = timezone.localtime(last.at)
        return (
            f"„{last.label}“ wurde am {at:%d.%m.%Y} um {at:%H:%M} Uhr bereits ausgeführt. "
            f"Der Fall steht jetzt auf „{self.get_state_display()}“."
        )

    @staticmethod
    def name_of(need: str) -> str:
        """What a need of a step is called on the page."""
        if need in ASKED:
            return ASKED[need]
        return str(Case._meta.get_field(need).verbose_name)  # type: ignore[union-attr]

    # What the workflow asks of its object

    def texts_of(self, row, given) -> dict[str, str]:
        """Nothing leaves the case level with a step of a case."""
        return {}

    def pass_gate(self, texts, *, by, confirmed=frozenset()) -> None:
        """No text, no gate. What leaves a case does so by acts of its own: CaseIssue.link, Procedure.hand_over."""

    def arrive(self, row, given) -> None:
        now = workdays.now()
        self.state_since = now
        if row.source == State.RESTING:
            self.resting_until = None
        self.ended_at = now if row.target in ENDS else None
        if not self.is_locked:
            self.erase_on = self._erased_on()

    def stay(self) -> dict:
        return {"owner": self.owner}

    # Steps. The table in lifecycle.py says when and by whom; here stands what each one changes.

    @LIFECYCLE.step
    def clear(self, *, by):
        """Is case management the right thing, and does the person want it?"""

    @LIFECYCLE.step
    def refer(self, *, by, referred_to, note=""):
        self.referred_to = referred_to

    @LIFECYCLE.step
    def decline(self, *, by, reason):
        """No case management; the reason stands with the step."""

    @LIFECYCLE.step
    def admit(self, *, by, agreed_on):
        if agreed_on > workdays.today():
            raise StepRefused("Die Beratungsvereinbarung kann nicht in der Zukunft liegen.")
        self.agreed_on, self.admitted_on = agreed_on, max(workdays.today(), self.opened_on)

    @LIFECYCLE.step
    def assess(self, *, by):
        """Choose life domains and value where each one starts."""

    @LIFECYCLE.step
    def plan(self, *, by):
        """Goals and measures; also back from monitoring, when the plan must change."""

    @LIFECYCLE.step
    def link(self, *, by):
        """Bring together with those who help."""

    @LIFECYCLE.step
    def monitor(self, *, by):
        """The help is running; watch whether it does."""

    @LIFECYCLE.step
    def evaluate(self, *, by):
        """What came of every goal."""

    @LIFECYCLE.step
    def close(self, *, by, closing_reason, blocked_by=None, note=""):
        self._end_for(closing_reason, blocked_by)

    @LIFECYCLE.step
    def break_off(self, *, by, closing_reason, blocked_by=None, note=""):
        self._end_for(closing_reason, blocked_by)

    @LIFECYCLE.step
    def rest(self, *, by, reason, resting_until):
        if not workdays.today() < resting_until <= workdays.today() + dt.timedelta(days=366):
            raise StepRefused("Bitte nennen Sie einen Tag zwischen morgen und einem Jahr.")
        self.resting_until = resting_until

    @LIFECYCLE.step
    def hand_on(self, *, by, handed_to, note=""):
        """Out of the county; somebody else leads it from there."""
        self.handed_to = handed_to

    @LIFECYCLE.step
    def take_up_again(self, *, by, reason):
        self.closing_reason = self.blocked_by = None

    def _end_for(self, reason, issue):
        if reason.code == STRUCTURALLY_BLOCKED and issue is None:
            raise StepRefused("Bitte wählen Sie den Knackpunkt, der den Fall strukturell blockiert.")
        if reason.code != STRUCTURALLY_BLOCKED and issue is not None:
            raise StepRefused("Einen Knackpunkt nennt nur der Abschlussgrund „strukturell blockiert“.")
        self.closing_reason, self.blocked_by = reason, issue

    def _erased_on(self) -> dt.date | None:
        """The day from which a case in this state is erased; an admitted case stays while it is open."""
        county, last = County.current(), timezone.localtime(self.ended_at).date() if self.ended_at else None
        if self.state in REQUESTED:
            return months_after(self.opened_on, county.request_kept_months)
        if last and self.state in NOT_ADMITTED:
            return months_after(last, county.request_kept_months)
        return months_after(last, 12 * county.case_kept_years) if last else None

    # Other acts

    @classmethod
    @transaction.atomic
    def open(cls, *, by, client, municipality, **fields: Any) -> "Case":
        """A new request of `by`, who leads it; `client` is saved already. Raises StepRefused without an employer."""
        if not by.holds(Role.CASE_MANAGER):
            raise PermissionDenied(access.manages_cases.refusal)
        if client.cases.exists():
            access.demand_client(by, client)
        opened_on = fields.pop("opened_on", None) or workdays.today()
        if opened_on > workdays.today():
            raise StepRefused("Eine Anfrage kann nicht in der Zukunft liegen.")
        case = cls(client=client, owner=by, municipality=municipality, opened_on=opened_on, **fields)
        case.employer = employer_of(by, municipality)
        case.number = CaseNumberRange.take(opened_on.year)
        case.erase_on = case._erased_on()
        case.save()
        trail.record("case.open", case, by=by)
        happened.send(cls, obj=case, act="open", record=case, given={})
        return case

    @classmethod
    def just_opened(cls, *, by, client, **fields: Any) -> "Case | None":
        """What `by` opened for `client` with the very same words a moment ago. Asked on a locked row."""
        opened = trail.lately("case.open", cls, by=by, since=workdays.now() - TWICE)
        return cls.objects.filter(owner=by, client=client, step_no=0, **fields, pk__in=opened).order_by("pk").first()

    @transaction.atomic
    def edit(self, *, by, **fields: Any) -> None:
        """Change what is written about a case; state, owner and dates have acts of their own."""
        if wrong := set(fields) - set(EDITABLE):
            raise ValueError(f"not edited: {', '.join(sorted(wrong))}")
        self.held_by(by)
        for name, value in fields.items():
            setattr(self, name, value)
        self.save()
        trail.record("case.edit", self, by=by)

    def held_by(self, by) -> None:
        """Lock the row, read it anew, and demand that `by` may work on the case."""
        self.refresh_from_db(from_queryset=Case.objects.select_for_update(of=("self",)))
        access.demand_work(by, self)

    @transaction.atomic
    def lock(self, moment: dt.datetime, *, by) -> None:
        """The consent is withdrawn: the case can only be ended, and is erased within 30 days."""
        last = timezone.localtime(moment).date() + AFTER_WITHDRAWAL
        self.locked_at, self.erase_on = moment, min(self.erase_on or last, last)
        self.save(update_fields=["locked_at", "erase_on"])
        trail.record("case.lock", self, by=by)

    @transaction.atomic
    def unlock(self, *, by) -> None:
        """A new consent came in time; `by` is None in the night on which it begins."""
        self.locked_at, self.erase_on = None, self._erased_on()
        self.save(update_fields=["locked_at", "erase_on"])
        trail.record("case.unlock", self, by=by)


#: What `edit` may change.
EDITABLE = (
    "foreign_number", "municipality", "access_route", "referring_organisation", "occasion", "domain_count",
    "actor_count", "system_barrier", "voluntary", "other_support",
)  # fmt: skip
ASKED = {"reason": "Begründung", "note": "Notiz"}


def earliest_request(day: dt.date | None = None) -> dt.date:
    """A request of an earlier day would have to be erased on `day` (default: today) already."""
    today, kept = day or workdays.today(), County.current().request_kept_months
    found = months_after(today, -kept)
    while months_after(found, kept) <= today:
        found += dt.timedelta(days=1)
    return found


def employer_of(user: User, municipality: Municipality) -> Organisation:
    """Who employs `user` as a case manager today, first of all in `municipality`; raises StepRefused."""
    duties = Assignment.objects.valid_on().filter(user=user, role=Role.CASE_MANAGER, known_until__isnull=True)
    there = sorted(duties.select_related("employer"), key=lambda duty: duty.municipality_id != municipality.pk)
    employer = there[0].employer if there else user.organisation
    if employer is None:
        raise StepRefused("Dem Konto ist kein Anstellungsträger zugeordnet. Bitte wenden Sie sich an die Verwaltung.")
    return employer
