"""Erasure at the end of every time limit, after the privacy table (casework/privacy.py).

The night's run takes one case after the other, each in a transaction of its own: killed in the middle, it goes on the
next time. What is left of a case is one StatisticalRecord; the register of deletions (Erasure) counts and names
nothing.
"""

import datetime as dt
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.db import models, transaction
from django.db.models import CASCADE, Count, Q, Sum
from django.db.models.functions import TruncMonth
from django.urls import NoReverseMatch
from django.utils import timezone

from casework import spelling
from casework.lifecycle import NOT_ADMITTED, REQUESTED, State
from casework.models import (
    Actor,
    Case,
    CaseIssue,
    Client,
    ClientRequest,
    Conference,
    Consent,
    Consultation,
    Document,
    Erasure,
    FollowUp,
    Goal,
    GoalMeasure,
    HandOver,
    Hold,
    Household,
    Identity,
    Import,
    ImportRow,
    Procedure,
    Referral,
    StatisticalRecord,
)
from casework.models.consents import CASE_MANAGEMENT
from casework.models.retention import GOALS, age_group
from casework.privacy import blanked
from kim import trail, workdays
from kim.dated import months_after
from kim.models import County, Draft, Municipality, Notice, SavedFilter

#: So long before it goes a case stands in the list to look through.
AHEAD = dt.timedelta(days=60)
#: How far a case got, from the first phase to the last.
PHASES = (
    State.REQUEST, State.CLEARING, State.ADMITTED, State.ASSESSMENT, State.PLANNING, State.LINKING, State.MONITORING,
    State.EVALUATION, State.CLOSED,
)  # fmt: skip
Why = Erasure.Why
#: What stands where a constraint asks for a word.
ERASED = "gelöscht"

#: What points to a case from outside, as the register calls it.
HINTS: dict[type[models.Model], str] = {Notice: "Mitteilung", Draft: "Entwurf", SavedFilter: "gespeicherter Filter"}
#: The key of a begun form → what it is about, by its number.
KEYS: dict[str, type[models.Model]] = {
    r"case:(\d+):.*": Case,
    r"(?:consultation|conference|followup):new:(\d+)": Case,
    r"referral:(\d+):\d+": Case,
    r"referral:(\d+):answer": Referral,
    r"case-issue:(\d+)": CaseIssue,
    r"handover:(\d+):refuse": HandOver,
    r"client:(\d+):.*": Client,
    r"goal:(\d+)(?::.*)?": Goal,
    r"measure:(\d+)": GoalMeasure,
    r"consultation:(\d+)(?::.*)?": Consultation,
    r"conference:(\d+)(?::.*)?": Conference,
    r"followup:(\d+):.*": FollowUp,
    r"procedure:(\d+):.*": Procedure,
}

_FILES: dict[type[models.Model], Callable[[models.QuerySet], int]] = {}


def forgets_files(model: type[models.Model]):
    """Registers `f(rows) -> number` for the model: called before its rows are deleted; it deletes their files when the
    transaction is through (transaction.on_commit), and says how many there are.
    """

    def register(function):
        _FILES[model] = function
        return function

    return register


@forgets_files(Document)
def _papers(rows) -> int:
    """Each file follows its row by itself (models/documents.py); they are only counted here."""
    return rows.count()


@dataclass
class Result:
    """What a run did: cases by reason, and how many it could not erase."""

    cases: Counter = field(default_factory=Counter)
    alone: int = 0
    held: int = 0
    failed: int = 0

    def __str__(self):
        parts = [f"{self.cases.total()} Fälle"]
        parts += [f"davon {number} ({Why(why).label})" for why, number in sorted(self.cases.items())]
        parts += [f"{self.alone} Beratungen ohne Fall", f"{self.held} aufgeschoben"]
        return ", ".join(parts + ([f"{self.failed} nicht gelöscht"] if self.failed else []))


# Which ones


def due(on: dt.date | None = None) -> models.QuerySet[Case]:
    """The cases whose time is over and whose erasure nobody has put off; what is restricted is only kept."""
    held = Hold.objects.in_force(on).values("case")
    found = Case.objects.to_be_erased(on).filter(restricted_at__isnull=True)
    return found.exclude(pk__in=held).exclude(pk__in=_renewed(on).values("pk"))


def _renewed(on: dt.date | None = None) -> models.QuerySet[Case]:
    """Locked cases whose person agrees again: a consent given before the withdrawal has begun since."""
    agreed = Consent.objects.in_force(on).for_purpose(CASE_MANAGEMENT).filter(recipient__isnull=True)
    return Case.objects.locked().filter(client__in=agreed.values("client"))


def coming() -> models.QuerySet[Case]:
    """Those whose time is over soon, put off or not."""
    return Case.objects.to_be_erased(workdays.today() + AHEAD)


def why(case: Case) -> Why:
    if case.is_locked:
        return Why.WITHDRAWAL
    return Why.NOT_ADMITTED if case.state in (*REQUESTED, *NOT_ADMITTED) else Why.ENDED


def because(reason: str) -> Q:
    """Which cases go for that reason; nothing known: all."""
    requests = Q(state__in=(*REQUESTED, *NOT_ADMITTED))
    return {
        Why.WITHDRAWAL.value: Q(locked_at__isnull=False),
        Why.NOT_ADMITTED.value: requests & Q(locked_at__isnull=True),
        Why.ENDED.value: ~requests & Q(locked_at__isnull=True),
    }.get(reason, Q())


def reached_from(model: type[models.Model]) -> dict[type[models.Model], str]:
    """Everything that is deleted with a row of `model`, and the path of the relation that leads from it to there."""
    found: dict[type[models.Model], str] = {}
    waiting: list[tuple[type[models.Model], str]] = [(model, "")]
    while waiting:
        here, path = waiting.pop(0)
        relations: list[Any] = here._meta.get_fields(include_hidden=True)
        for relation in relations:
            there: Any = relation.related_model
            if getattr(relation, "on_delete", None) is not CASCADE or relation.concrete or there._meta.auto_created:
                continue
            if there not in found and there is not model:
                found[there] = "__".join(filter(None, [relation.field.name, path]))
                waiting.append((there, found[there]))
    return found


# The run


def preview() -> Result:
    """What the next run would do; nothing is changed."""
    found = Result(held=_held())
    for case in due().only("state", "locked_at"):
        found.cases[why(case)] += 1
    found.alone = _alone().count()
    return found


def run(by=None) -> Result:
    """Erase all that is due. One case that cannot be erased stops no other; its error is raised at the end."""
    unlock_renewed(by=by)
    result, failure = Result(held=_held()), None
    pks = list(due().values_list("pk", flat=True))
    # In no order: the statistics must not tell which case went first.
    random.SystemRandom().shuffle(pks)
    for pk in pks:
        try:
            reason = erase(pk, by=by)
        except Exception as error:  # the night goes on; the operation page shows the first one
            failure, result.failed = failure or error, result.failed + 1
        else:
            result.cases.update([reason] if reason else [])
    result.alone = erase_alone(by=by)
    blank_actors(by=by)
    if failure:
        raise failure
    return result


@transaction.atomic
def unlock_renewed(by=None) -> None:
    for case in _renewed().select_for_update(of=("self",)).order_by("pk"):
        case.unlock(by=by)


@transaction.atomic
def erase(pk: int, *, by=None) -> Why | None:
    """Erase one case and all that nobody else needs; None if it is not (or no longer) due."""
    case = due().select_for_update(of=("self",)).filter(pk=pk).first()
    return _erase(case, why(case), by=by) if case else None


@transaction.atomic
def erase_on_request(case: Case, *, by) -> None:
    """The same before its time, because the person asks for it (Art. 17 DSGVO). `case` is locked, and nothing the law
    knows keeps it: casework/rights.py has looked.
    """
    _erase(case, Why.REQUEST, by=by)


def _erase(case: Case, reason: Why, *, by) -> Why:
    pk = case.pk
    client = Client.objects.select_for_update(of=("self",)).get(pk=case.client_id)
    gone = _Gone()
    summary(case, client).save(force_insert=True)
    procedures = Procedure.objects.filter(pk__in=list(case.procedure_links.values_list("procedure", flat=True)))
    people, households = _left_alone(client, case)
    handovers = _leave_handovers(case)
    going = [Case.objects.filter(pk=pk), procedures, handovers, people, households]
    for rows in going:
        gone.add(rows)
    numbers, files = gone.numbers() + _forget_hints(case, gone), gone.forget_files()
    ClientRequest.objects.filter(client__in=gone.keys.get(Client, ())).update(
        **dict.fromkeys(blanked("ClientRequest"), "")
    )
    for rows in going:
        rows.delete()
    Erasure.note(reason, numbers, files=files, by=by)
    return reason


class _Gone:
    """What is about to be deleted: the keys of the rows of each model."""

    def __init__(self) -> None:
        self.keys: dict[type[models.Model], set] = {}

    def add(self, rows: models.QuerySet) -> None:
        """`rows` and everything that goes with them."""
        pks = list(rows.values_list("pk", flat=True))
        self.keys.setdefault(rows.model, set()).update(pks)
        for model, path in reached_from(rows.model).items() if pks else ():
            found = model._base_manager.filter(**{f"{path}__in": pks}).values_list("pk", flat=True)
            self.keys.setdefault(model, set()).update(found)

    def numbers(self) -> Counter:
        return Counter({str(model._meta.verbose_name): len(pks) for model, pks in self.keys.items() if pks})

    def forget_files(self) -> int:
        return sum(
            forget(model._base_manager.filter(pk__in=self.keys[model]))
            for model, forget in _FILES.items()
            if self.keys.get(model)
        )


def _left_alone(client: Client, case: Case) -> tuple[models.QuerySet[Client], models.QuerySet[Household]]:
    """The people no other case needs: the client, and their household once nobody in it has a case any more."""
    others = Case.objects.exclude(pk=case.pk)
    if others.filter(client=client).exists():
        return Client.objects.none(), Household.objects.none()
    household = Household.objects.select_for_update().filter(clients=client.pk).first()
    if household is None or others.filter(client__household=household).exists():
        return Client.objects.filter(pk=client.pk), Household.objects.none()
    everybody = [one.pk for one in household.clients.all()]
    return Client.objects.filter(pk__in=everybody), Household.objects.filter(pk=household.pk)


def _leave_handovers(case: Case) -> models.QuerySet[HandOver]:
    """The hand-overs of this case alone; from one with others the words go, for they may speak of it."""
    alone = []
    for handover in HandOver.objects.filter(pk__in=case.hand_overs.values("pk")).annotate(number=Count("cases")):
        if handover.number == 1:
            alone.append(handover.pk)
            continue
        for name in blanked("HandOver"):
            setattr(handover, name, ERASED if getattr(handover, name) else "")
        handover.cases.remove(case)
        handover.save()
        refusal = f"handover:{handover.pk}:refuse"
        Draft.objects.filter(key=refusal).delete()
        Notice.objects.filter(key=refusal).update(text="")
    return HandOver.objects.filter(pk__in=alone)


def _forget_hints(case: Case, gone: _Gone) -> Counter:
    """Drafts and notices that point to what goes, and the words of trail rows; who read it when stays on record."""
    addresses = tuple(filter(None, (_address(one) for model, pks in gone.keys.items() for one in _shown(model, pks))))
    told = [Q(url__in=addresses), Q(url__startswith=case.get_absolute_url())]
    told += [Q(text__contains=case.number), Q(headline__contains=case.number)]
    told += [Q(key__startswith=f"{model._meta.model_name}:{pk}:") for model, pks in gone.keys.items() for pk in pks]
    people = _people(gone.keys.get(Identity, set()))
    begun = [draft.pk for draft in Draft.objects.order_by() if _is_about(draft, case, gone, addresses, people)]
    trail.forget_notes(gone.keys.items())
    hints: list[models.QuerySet] = [Notice.objects.filter(Q(*some, _connector=Q.OR)) for some in _portions(told)]
    hints += [Draft.objects.filter(pk__in=begun), _searches_for(people)]
    numbers: Counter[str] = Counter({str(ImportRow._meta.verbose_name): _forget_lines(case, gone, people)})
    for hint in hints:
        numbers[HINTS[hint.model]] += hint.delete()[0]
    return +numbers


def _portions(rows: list, size: int = 200):
    """SQLite takes no condition of a thousand parts."""
    return (rows[start : start + size] for start in range(0, len(rows), size))


@dataclass(frozen=True)
class _Person:
    """Somebody who goes, as what somebody typed is compared with them."""

    words: set[str]  # of the name, in every spelling
    sounds: list[spelling.Sound]
    kept: str  # by which the name is found in a search
    born: str  # the year, "" where it is not known


def _people(pks: set) -> list[_Person]:
    found = []
    for who in Identity.objects.filter(pk__in=pks):
        name, born = str(who), str(who.birth_date.year) if who.birth_date else ""
        words = set(spelling.spellings(name).split())
        found.append(_Person(words, spelling.sounds_of(name), spelling.kept(name), born))
    return found


def _searches_for(people: list[_Person]) -> models.QuerySet[SavedFilter]:
    """Saved searches of casework's lists in which one of these people is named."""
    saved = SavedFilter.objects.filter(page__startswith="casework:")
    asked = {pk: parse_qs(query).get("q", [""])[0] for pk, query in saved.values_list("pk", "query")}
    return saved.filter(pk__in=[pk for pk, words in asked.items() if any(_looked_for(words, one) for one in people)])


def _looked_for(typed: str, person: _Person) -> bool:
    """Whether a word of the search is one of the name's, or has the consonants of one."""
    found = (spelling.searched(word) for word in typed.split())
    bones = [bones for word in found for plain, bones in word if bones != plain]
    return bool(person.words & _words(typed)) or any(one in person.kept for one in bones)


def _is_about(draft: Draft, case: Case, gone: "_Gone", addresses: tuple, people: list[_Person]) -> bool:
    """Whether somebody was typing about what goes: told by the page, by the form, by what was chosen or typed in it."""
    if draft.url.startswith(addresses):
        return True
    for pattern, model in KEYS.items():
        found = re.fullmatch(pattern, draft.key)
        if found and int(found[1]) in gone.keys.get(model, ()):
            return True
    chosen = draft.data.get("cases", [])
    numbers = {_asked(draft.url), draft.data.get("case"), *(chosen if isinstance(chosen, list) else [chosen])}
    return str(case.pk) in numbers or _tells_of(draft.data, case, people, born=str(draft.data.get("birth_date") or ""))


def _tells_of(data: Any, case: Case, people: list[_Person], *, born: str = "") -> bool:
    """Whether these texts carry a number of the case, or the whole name of one of these people, however it is written.
    A name of one word is no name here: too many share it. Somebody `born` in another year is somebody else.
    """
    text = " ".join(_texts(data))
    if any(mark in text for mark in (case.number, case.foreign_number) if mark):
        return True
    words, sounds = _words(text), spelling.sounds_of(text)
    maybe = (one for one in people if not born or one.born in born)
    return any((len(one.words) > 1 and one.words <= words) or spelling.names(sounds, one.sounds) for one in maybe)


def _texts(data: Any) -> Iterator[str]:
    if isinstance(data, dict | list):
        for one in data.values() if isinstance(data, dict) else data:
            yield from _texts(one)
    elif data is not None:
        yield str(data)


def _words(text: str) -> set[str]:
    """As names are folded, in both spellings, without what stands between words."""
    return {word.strip(",.;:()") for word in spelling.spellings(text).split()}


def _forget_lines(case: Case, gone: "_Gone", people: list[_Person]) -> int:
    """The lines of imports that made what goes, or still wait and tell of the case or the person."""
    made = Q(of__kind=Import.Kind.CASES, made__in=gone.keys.get(Case, set()))
    made |= Q(of__kind=Import.Kind.CONSULTATIONS, made__in=gone.keys.get(Consultation, set()))
    waiting = ImportRow.objects.exclude(values={}, faults=[]).only("values", "faults").order_by()
    telling = [
        row.pk
        for row in waiting.iterator()
        if _tells_of([row.values, row.faults], case, people, born=row.values.get("born", ""))
    ]
    going = list(ImportRow.objects.filter(made | Q(pk__in=telling)).select_related("of"))
    for found in Import.objects.select_for_update().filter(pk__in={row.of_id for row in going}).order_by("pk"):
        rows = [row for row in going if row.of_id == found.pk]
        found.rows_total -= len(rows)
        found.rows_faulty -= sum(bool(row.faults) for row in rows)
        found.rows_made -= sum(row.made is not None for row in rows)
        found.rows_handled = min(found.rows_handled, found.rows_total)
        found.save()
    ImportRow.objects.filter(pk__in=[row.pk for row in going]).delete()
    return len(going)


def _shown(model, pks):
    """Rows that have a page of their own."""
    return model._base_manager.filter(pk__in=pks) if hasattr(model, "get_absolute_url") else ()


def _address(row) -> str:
    try:
        return row.get_absolute_url()
    except NoReverseMatch:  # an installation without that page
        return ""


def _asked(url: str) -> str:
    """The case a form was opened for: „…/new/?case=7“."""
    return parse_qs(urlsplit(url).query).get("case", [""])[0]


# What stays


def summary(case: Case, client: Client) -> StatisticalRecord:
    """The coarse remainder of a case, not yet saved."""
    moment = case.ended_at or case.locked_at
    month = (timezone.localtime(moment).date() if moment else case.erase_on or workdays.today()).replace(day=1)
    passed = {case.state, *case.steps_taken.values_list("target", flat=True)}
    done = case.consultations.aggregate(
        number=Count("pk"), persons=Sum("persons"), actions=Sum("actions"), hours=Sum("quarter_hours")
    )
    area = client.legal_areas.order_by("-valid_from", "-pk").values_list("area", flat=True).first()
    born = client.identity.birth_date if hasattr(client, "identity") else None
    goals = Counter(GOALS[one] for one in case.goals.values_list("achievement", flat=True) if one is not None)
    return StatisticalRecord(
        month=month,
        age=age_group(born, month),
        target_group_id=client.target_group_id,
        legal_area_id=area,
        reached=[phase for phase in PHASES if phase in passed or phase == State.REQUEST][-1],
        closing_reason_id=case.closing_reason_id,
        consultations=done["number"],
        persons=done["persons"] or 0,
        actions=done["actions"] or 0,
        quarter_hours=done["hours"] or 0,
        **goals,
        **_place(case.municipality, month, _ended_there(case.municipality, month)),
    )


def _ended_there(place: Municipality, month: dt.date) -> int:
    """Cases that ended in that place and year, those still kept and those already in the statistics: the same number
    from the first erasure of a year to the last.
    """
    kept = Case.objects.filter(municipality=place, ended_at__year=month.year).count()
    return kept + StatisticalRecord.objects.filter(municipality=place, month__year=month.year).count()


def _place(place: Municipality, month: dt.date, number: int) -> dict:
    """The municipality where enough others are, else its bank of the Rhine alone."""
    county = County.current()
    small = (place.population or county.small_municipality_below) < county.small_municipality_below
    is_kept = not small and number >= county.small_cell_below
    return {"municipality": place if is_kept else None, "bank": place.bank}


# Consultations without a case, and the directory


def _alone() -> models.QuerySet[Consultation]:
    """Consultations without a case, by whole months: a day would say too much in the statistics."""
    first = months_after(workdays.today(), -12 * County.current().case_kept_years).replace(day=1)
    return Consultation.objects.anonymous().filter(held_on__lt=months_after(first, 1)).order_by()


def erase_alone(by=None) -> int:
    """One transaction per month; how many consultations went."""
    months = sorted(set(_alone().annotate(month=TruncMonth("held_on")).values_list("month", flat=True)))
    return sum(_erase_month(month, by) for month in months)


@transaction.atomic
def _erase_month(month: dt.date, by) -> int:
    rows = _alone().filter(held_on__gte=month, held_on__lt=months_after(month, 1))
    places = Municipality.objects.in_bulk(list(rows.values_list("municipality", flat=True).distinct()))
    sums: dict[tuple, Counter] = {}
    told = rows.values("municipality").annotate(
        consultations=Count("pk"), persons=Sum("persons"), actions=Sum("actions"), quarter_hours=Sum("quarter_hours")
    )
    for one in told:
        where = _place(places[one["municipality"]], month, one["consultations"])
        counted = {name: number for name, number in one.items() if name != "municipality"}
        sums.setdefault((where["municipality"], where["bank"]), Counter()).update(counted)
    for (municipality, bank), numbers in sums.items():
        StatisticalRecord(
            kind=StatisticalRecord.Kind.ALONE, month=month, municipality=municipality, bank=bank, **numbers
        ).save(force_insert=True)
    gone = _Gone()
    gone.add(rows)
    files = gone.forget_files()
    rows.delete()
    Erasure.note(Why.ALONE, gone.numbers(), files=files, by=by)
    return len(gone.keys[Consultation])


@transaction.atomic
def blank_actors(by=None) -> None:
    """Who helps no more is reached by nobody: the row stays, for referrals name it."""
    empty = dict.fromkeys(blanked("Actor"), "")
    number = Actor.objects.filter(gone_on__lte=workdays.today()).exclude(**empty).update(**empty)
    if number:
        Erasure.note(Why.GONE, {str(Actor._meta.verbose_name): number}, by=by)


def _held() -> int:
    return Case.objects.to_be_erased().filter(pk__in=Hold.objects.in_force().values("case")).count()
