"""What happened in a case, newest first and so many at a time: steps, talks, referrals, hand-overs, looks, answers.

One row per kind of thing: which rows, what orders them, how they are said. All kinds are read in one query, each no
further than a page; the next page starts behind the last line seen.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import F, Q, QuerySet

from casework.linked_issues import ANSWERED
from casework.models import (
    CaseIssue,
    CaseStep,
    Conference,
    Consent,
    Consultation,
    HandOver,
    Look,
    PlanVersion,
    Referral,
)
from kim import workdays
from kim.together import Slot, day, moment, together
from steering.models import Issue

SIZE = 30


@dataclass(frozen=True)
class Line:
    at: dt.datetime | dt.date
    title: str
    by: str = ""
    note: str = ""
    url: str = ""
    strong: bool = False

    @property
    def is_exact(self) -> bool:
        return isinstance(self.at, dt.datetime)


@dataclass(frozen=True)
class Kind:
    """`rows(case, client)` take slots; `key` is the field that says when, a day unless `exact`."""

    key: str
    rows: Callable[..., QuerySet]
    line: Callable[..., Line]
    exact: bool = False


def _step(step) -> Line:
    by = f"{step.by_name} in Vertretung" if step.on_behalf_of_id else step.by_name
    return Line(step.at, step.label, by, step.note, strong=True)


def _consultation(one) -> Line:
    hours = f"{one.quarter_hours * 15} Min."
    return Line(one.held_on, f"Beratung: {one.form_label}, {hours}", one.author_name, one.note[:200])


def _referral(one) -> Line:
    return Line(one.sent_on, f"Weitervermittlung an {one.actor_name}: {one.get_status_display()}", note=one.occasion)


def _answers(case, step: str, state: str) -> QuerySet:
    """Links of the case with every answer that was given to their issue; the issue itself forgets it when it is taken
    up again, its steps do not.
    """
    links = CaseIssue.objects.filter(case=case, **{f"{step}__name": "feed_back"})
    return links.annotate(told_at=F(f"{step}__at"), state_now=F(state), issue_number=F("issue__number"))


def _feedback(link) -> Line:
    title, url = f"Rückmeldung zum Knackpunkt {link.issue_number}", Issue(pk=link.issue_id).get_absolute_url()
    note = "" if link.state_now in ANSWERED else "Der Knackpunkt wird wieder bearbeitet."
    return Line(link.told_at, title, note=note, url=url, strong=True)


def _link(link) -> Line:
    return Line(link.at, f"Mit Knackpunkt {link.issue_number} verknüpft", link.by_name)


KINDS = (
    Kind("at", lambda case, client: CaseStep.objects.filter(case=case).annotate(by_name=F("by__display_name")),
         _step, exact=True),
    Kind("held_on", lambda case, client: Consultation.objects.filter(case=case).annotate(
        form_label=F("form__label"), author_name=F("author__display_name")), _consultation),
    Kind("sent_on", lambda case, client: Referral.objects.filter(case=case).annotate(actor_name=F("actor__name")),
         _referral),
    Kind("held_on", lambda case, client: Conference.objects.filter(case=case),
         lambda one: Line(one.held_on, f"Fallkonferenz ({one.get_mode_display()})", note=one.summary[:200])),
    Kind("agreed_on", lambda case, client: PlanVersion.objects.filter(case=case).defer("snapshot").annotate(
        by_name=F("recorded_by__display_name")),
         lambda one: Line(one.agreed_on, f"Hilfeplan vereinbart, Fassung {one.no}", one.by_name)),
    Kind("accepted_at", lambda case, client: HandOver.objects.filter(cases=case, accepted_at__isnull=False).annotate(
        giver_name=F("giver__display_name"), taker_name=F("taker__display_name")),
         lambda one: Line(one.accepted_at, f"Fall übergeben an {one.taker_name}", one.giver_name, strong=True),
         exact=True),
    Kind("at", lambda case, client: Look.objects.filter(case=case).annotate(by_name=F("by__display_name")),
         lambda look: Line(look.at, "Einblick der Koordinierung", look.by_name, look.reason), exact=True),
    Kind("at", lambda case, client: CaseIssue.objects.filter(case=case).annotate(
        by_name=F("by__display_name"), issue_number=F("issue__number")), _link, exact=True),
    Kind("recorded_at", lambda case, client: Consent.objects.filter(client=client).annotate(
        purpose_label=F("purpose__label")),
         lambda one: Line(one.recorded_at, f"Einwilligung eingetragen: {one.purpose_label}"), exact=True),
    Kind("withdrawn_at", lambda case, client: Consent.objects.filter(
        client=client, withdrawn_at__isnull=False).annotate(purpose_label=F("purpose__label")),
         lambda one: Line(one.withdrawn_at, f"Einwilligung widerrufen: {one.purpose_label}", strong=True), exact=True),
    Kind("told_at", lambda case, client: _answers(case, "issue__steps_taken", "issue__state"), _feedback, exact=True),
    # One bundled is answered with its lead.
    Kind("told_at", lambda case, client: _answers(case, "issue__lead__steps_taken", "issue__lead__state"),
         _feedback, exact=True),
)  # fmt: skip


@dataclass(frozen=True)
class Place:
    """Where a page begins: behind the line of this kind and id at this moment."""

    at: dt.datetime
    kind: int
    pk: int

    @classmethod
    def read(cls, token: str) -> "Place | None":
        """None for anything that is no place."""
        try:
            stamp, kind, pk = token.split("_")
            at = dt.datetime.fromtimestamp(int(stamp) / 1_000_000, dt.UTC)
            place = cls(at, int(kind), int(pk))
        except (ValueError, OverflowError, OSError):
            return None
        return place if 0 <= place.kind < len(KINDS) and abs(place.pk) < 2**63 and at.year > 1900 else None

    def __str__(self):
        return f"{round(self.at.timestamp() * 1_000_000)}_{self.kind}_{self.pk}"

    def last_day(self, kind: int) -> dt.date:
        """The last day whose rows of `kind`, a day each, may stand behind this place."""
        here = self.at.astimezone(workdays.BERLIN)
        is_midnight = here.time() == dt.time(0)
        return here.date() - dt.timedelta(days=1) if is_midnight and kind > self.kind else here.date()


def sets(behind: int | None = None) -> dict[str, QuerySet]:
    """The newest lines of every kind, as sets for kim.together; with `behind` those after a place of that kind.

    Slots: `case`, `client`; with `behind` also `at`, `pk`, and `day_0` … for the kinds that are a day each.
    """
    found = {}
    for number, kind in enumerate(KINDS):
        rows = kind.rows(Slot("case"), Slot("client")).order_by(f"-{kind.key}", "-pk")
        if behind is not None:
            rows = rows.filter(_behind(number, kind, behind))
        found[f"line_{number}"] = rows[: SIZE + 1]
    return found


def _behind(number: int, kind: Kind, behind: int) -> Q:
    here = moment("at") if kind.exact else day(f"day_{number}")
    if number == behind:
        return Q(**{f"{kind.key}__lt": here}) | Q(**{kind.key: here, "pk__lt": Slot("pk")})
    upto = "lte" if not kind.exact or number < behind else "lt"
    return Q(**{f"{kind.key}__{upto}": here})


_further = together(sets)


@dataclass(frozen=True)
class Lines:
    lines: list[Line]
    after: str  # where the next page begins, "" at the end


def newest(read: dict[str, list]) -> Lines:
    """The first page, from what `sets()` read."""
    found = []
    for number, kind in enumerate(KINDS):
        for row in read[f"line_{number}"]:
            found.append((Place(_moment(getattr(row, kind.key)), number, row.pk), kind.line(row)))
    found.sort(key=lambda one: (one[0].at, one[0].kind, one[0].pk), reverse=True)
    after = str(found[SIZE - 1][0]) if len(found) > SIZE else ""
    return Lines([line for _, line in found[:SIZE]], after)


def further(case, place: Place) -> Lines:
    """The page behind `place`; one query."""
    days = {f"day_{number}": place.last_day(number) for number, kind in enumerate(KINDS) if not kind.exact}
    return newest(_further(place.kind)(case=case.pk, client=case.client_id, at=place.at, pk=place.pk, **days))


def _moment(value: dt.datetime | dt.date) -> dt.datetime:
    return value if isinstance(value, dt.datetime) else dt.datetime.combine(value, dt.time(), workdays.BERLIN)
