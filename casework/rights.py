"""What a client asks of us by right, and what each answer does: told, put right, erased, restricted, withdrawn.

Each employer answers for its own cases. What an answer claims must be so: an access was given when the data was put
out, an erasure when the cases are gone. A restriction (Art. 18 DSGVO) shuts the cases: they are kept and read, nothing
is added, changed, exported, handed on or erased until it is lifted, which the person is told before.
"""

import datetime as dt
from collections.abc import Callable
from functools import partial
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q

from casework import access, retention
from casework.models import Case, Client, ClientRequest, Consent, Hold, Look
from casework.models.consents import hold_client
from casework.privacy import Kept
from kim import privacy, rights, trail, workdays
from kim.models import Organisation, TrailEntry
from kim.models.rights import Ground, Kind, Outcome
from kim.workflow import StepRefused

#: Kind → the grounds on which its cases may be restricted: while it is checked, or for good.
GROUNDS: dict[str, tuple[Ground, ...]] = {
    Kind.RECTIFICATION: (Ground.DOUBTED,),
    Kind.OBJECTION: (Ground.OBJECTED,),
    Kind.ERASURE: (Ground.UNLAWFUL, Ground.CLAIMS),
    Kind.RESTRICTION: tuple(Ground),
}


def cases_of(asked: ClientRequest):
    """The cases it is about: those of the client, at the employer that was asked."""
    return Case.objects.filter(client=asked.client_id, employer=asked.employer_id).order_by("pk")


def demand_keeper(user, asked: ClientRequest) -> None:
    """Raise PermissionDenied unless `user` advises the client for the employer that was asked."""
    if not ClientRequest.objects.visible_to(user).filter(pk=asked.pk).exists():
        raise PermissionDenied(access.keeps_requests.refusal)


@transaction.atomic
def receive(case: Case, *, by, **given: Any) -> ClientRequest:
    """Recorded at a case, for its client and its employer. Also at one that is locked: rights do not end with it."""
    access.demand(access.owns, by, case)
    asked = ClientRequest(client_id=case.client_id, municipality_id=case.municipality_id, employer_id=case.employer_id,
                          **given)  # fmt: skip
    return rights.receive(asked, by=by)


@transaction.atomic
def take(asked: ClientRequest, name: str, *, by, **given: Any) -> None:
    """A step of kim.rights, with what it does to the cases. Raises StepRefused, OutOfTurn, PermissionDenied."""
    demand_keeper(by, asked)
    along = partial(_ANSWERS[asked.kind], by=by) if name == "answer" and asked.kind in _ANSWERS else None
    rights.take(asked, name, by=by, along=along, **given)


# What an answer does


def _told(asked: ClientRequest, given: dict, *, by) -> None:
    if given["outcome"] != Outcome.NOTHING and not was_exported(asked):
        raise StepRefused(
            "Bitte geben Sie zuerst die gespeicherten Daten aus (PDF oder JSON) und händigen Sie sie der Person aus."
        )


def was_exported(asked: ClientRequest) -> bool:
    """Whether the data was put out since the request came; for a transfer in a form a machine reads."""
    since = dt.datetime.combine(asked.received_on, dt.time(), workdays.BERLIN)
    rows = TrailEntry.objects.filter(kind="casework.client", object_id=str(asked.client_id), act="client.export")
    rows = rows.filter(at__gte=since)
    return (rows.filter(note__startswith="JSON") if asked.kind == Kind.PORTABILITY else rows).exists()


def _erased(asked: ClientRequest, given: dict, *, by) -> None:
    """All its cases go at once. Raises StepRefused with the reason and the day where the law keeps one of them."""
    if asked.client_id is None:
        return
    hold_client(Client.objects.get(pk=asked.client_id))
    cases = list(cases_of(asked).select_for_update(of=("self",)))
    for case in cases:
        if why := why_kept(case):
            raise StepRefused(why)
    for case in cases:
        retention.erase_on_request(case, by=by)
    if Client.objects.filter(pk=asked.client_id).exists():
        given["outcome"] = Outcome.PARTLY  # another employer advises the person, too, and answers for itself
    asked.refresh_from_db()
    if asked.client_id is None:
        given["corrected"] = ""


def why_kept(case: Case) -> str:
    """Why a case cannot be erased now, as a sentence with the day; "" where nothing stands against it."""
    if case.is_restricted:
        return (
            f"Die Verarbeitung von {case} ist eingeschränkt (Art. 18 DSGVO). Bitte heben Sie zuerst die Einschränkung "
            "auf, und kündigen Sie es der Person vorher an."
        )
    held = case.holds.filter(ended_at__isnull=True, until__gte=workdays.today()).exclude(reason=Hold.Reason.RESTRICTION)
    if hold := held.order_by("-until").first():
        return (
            f"{case} wird bis zum {hold.until:%d.%m.%Y} aufbewahrt: {hold.get_reason_display()}. Bitte lehnen Sie die "
            "Löschung mit diesem Grund und diesem Tag ab, oder heben Sie den Aufschub auf."
        )
    return ""


def _restricted(asked: ClientRequest, given: dict, *, by) -> None:
    if given["outcome"] != Outcome.NOTHING and asked.restricted_on is None:
        raise StepRefused("Bitte schränken Sie zuerst die Verarbeitung ein; erst dann ist das Anliegen erfüllt.")


def _objected(asked: ClientRequest, given: dict, *, by) -> None:
    """Upheld means that nothing more is done with the data: the cases are ended, erased, or stay restricted."""
    running = cases_of(asked).open().filter(locked_at__isnull=True, restricted_at__isnull=True)
    if given["outcome"] == Outcome.DONE and running.exists():
        raise StepRefused(
            "Der Widerspruch ist erst erfüllt, wenn die Verarbeitung endet: Bitte schränken Sie die Verarbeitung ein, "
            "oder beenden Sie den Fall. Sonst lehnen Sie ihn mit den Gründen ab."
        )


def _withdrawn(asked: ClientRequest, given: dict, *, by) -> None:
    since = dt.datetime.combine(asked.received_on, dt.time(), workdays.BERLIN)
    gone = Consent.objects.filter(client=asked.client_id, withdrawn_at__gte=since)
    if given["outcome"] != Outcome.NOTHING and not gone.exists():
        raise StepRefused("Bitte tragen Sie zuerst bei der Einwilligung ein, dass sie widerrufen ist.")


_ANSWERS: dict[str, Callable[..., None]] = {
    Kind.ACCESS: _told,
    Kind.PORTABILITY: _told,
    Kind.ERASURE: _erased,
    Kind.RESTRICTION: _restricted,
    Kind.OBJECTION: _objected,
    Kind.WITHDRAWAL: _withdrawn,
}


# Restriction


@transaction.atomic
def restrict(asked: ClientRequest, *, by, ground) -> None:
    """From now on the cases are only kept. What the law leaves to ask for stays: access, consent, withdrawal."""
    demand_keeper(by, asked)
    asked.refresh_from_db(from_queryset=ClientRequest.objects.select_for_update(of=("self",)))
    if ground not in GROUNDS.get(asked.kind, ()):
        raise StepRefused("Dieser Grund passt nicht zu diesem Anliegen. Bitte wählen Sie einen anderen.")
    if asked.restricted_on is not None:
        raise StepRefused("Die Verarbeitung ist für dieses Anliegen schon eingeschränkt worden.")
    if not asked.is_open or not asked.identified:
        raise StepRefused("Eingeschränkt wird, solange das Anliegen offen und die Identität geklärt ist.")
    now = workdays.now()
    asked.ground, asked.restricted_on = ground, workdays.today()
    asked.save()
    for case in cases_of(asked).select_for_update(of=("self",)).filter(restricted_at__isnull=True):
        case.restricted_at = now
        case.save(update_fields=["restricted_at"])
        Look.objects.filter(case=case, until__gt=now).update(until=now)
        trail.record("case.restrict", case, by=by, note=str(Ground(ground).label))
    trail.record("clientrequest.restrict", asked, by=by, note=asked.short)


@transaction.atomic
def lift(asked: ClientRequest, *, by, lift_told_on: dt.date) -> None:
    """The person was told before (Art. 18 (3) DSGVO). A case that another request still restricts stays so."""
    demand_keeper(by, asked)
    asked.refresh_from_db(from_queryset=ClientRequest.objects.select_for_update(of=("self",)))
    if asked.restricted_on is None or asked.lifted_on is not None:
        raise StepRefused("Hier ist keine Einschränkung aufzuheben.")
    if not asked.restricted_on <= lift_told_on <= workdays.today():
        raise StepRefused(
            "Bitte nennen Sie den Tag, an dem Sie der Person die Aufhebung angekündigt haben: zwischen der "
            "Einschränkung und heute (Art. 18 Abs. 3 DSGVO)."
        )
    asked.lift_told_on, asked.lifted_on = lift_told_on, workdays.today()
    asked.save()
    others = ClientRequest.objects.filter(
        client=asked.client_id, employer=asked.employer_id, restricted_on__isnull=False, lifted_on__isnull=True
    )
    if not others.exists():
        for case in cases_of(asked).select_for_update(of=("self",)).filter(restricted_at__isnull=False):
            case.restricted_at = None
            case.save(update_fields=["restricted_at"])
            trail.record("case.unrestrict", case, by=by)
    trail.record("clientrequest.lift", asked, by=by, note=asked.short)


def recipients(client: Client) -> list[Organisation]:
    """Who learnt something of the person by a consent, and is told of its correction or erasure (Art. 19 DSGVO)."""
    given = Consent.objects.filter(client=client, recipient__isnull=False)
    return list(Organisation.objects.filter(pk__in=given.values("recipient")).order_by("name"))


# The end of the proof


@privacy.due("casework.ClientRequest")
def over(day: dt.date):
    """Requests answered so long ago that nobody has to show the answer any more."""
    done = ClientRequest.objects.filter(answered_on__lt=Kept.REQUEST.ended_before(day))
    return done.filter(Q(restricted_on__isnull=True) | Q(lifted_on__isnull=False))
