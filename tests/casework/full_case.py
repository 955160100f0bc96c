"""One case with a row in every table that belongs to a case or a person, and a mark in every text of it."""

import datetime as dt
import io

from casework import rights
from casework.lifecycle import State
from casework.models import (
    Agreement,
    Assessment,
    Case,
    CaseIssue,
    CaseStep,
    Client,
    Conference,
    Document,
    FollowUp,
    GoalMeasure,
    HandOver,
    Hold,
    Household,
    Import,
    LegalArea,
    Look,
    Participant,
    PlanVersion,
    Procedure,
    ProcedureItem,
    Referral,
    ResidenceStatus,
)
from kim import trail, uploads, workdays
from kim.models import Code, Draft, Role, SavedFilter
from kim.notices import Telling, tell
from tests.casework.factories import (
    actor,
    authority,
    case_at,
    case_manager,
    checklist,
    client,
    code,
    consent,
    consultation,
    goal,
    structural_issue,
)
from tests.factories import LONG_AGO, organisation, user

#: Stands in every text of the full case. Nothing else in the database spells like it.
MARK = "Qzwxnarbe"
#: Stands in what the authority was handed, and may be read there.
TOLD = "Pqjxvorgang"


def everything(made: Case) -> Case:
    """A case with a row in every table that belongs to a case or a person, marked wherever one can write."""
    owner, person = made.owner, made.client
    household = Household.objects.create(adults=2, children=1)
    Client.objects.filter(pk=person.pk).update(household=household)
    child = client(f"Kind{MARK}", MARK, household=household)
    ResidenceStatus.objects.create(
        client=person, status=code(Code.List.RESIDENCE_STATUS), valid_from=LONG_AGO, expires_on=workdays.today()
    )
    LegalArea.objects.create(client=person, area=code(Code.List.LEGAL_AREA), valid_from=LONG_AGO)
    person.languages.add(code(Code.List.LANGUAGE))
    agreed = consent(made, "MODUL3", authority(), papers=TOLD)
    procedure = Procedure.hand_over(
        made, by=owner, checklist=checklist(), authority=authority(), consent=agreed, person=TOLD, text=TOLD,
        papers=TOLD,
    )  # fmt: skip
    clerk = user(Role.AUTHORITY, organisation=authority())
    ProcedureItem.objects.filter(procedure=procedure).get().mark(by=clerk, status="requested")
    procedure.tell(by=clerk, text=TOLD)
    Document.put(
        made, by=owner, kind="consent", title=MARK, file=io.BytesIO(f"%PDF-1.7 {MARK}\n%%EOF\n".encode()),
        file_type=uploads.PDF, consent=agreed,
    )  # fmt: skip
    Case.objects.filter(pk=made.pk).update(occasion=MARK, foreign_number=MARK)
    CaseStep.objects.filter(case=made).update(note=MARK)
    Assessment.objects.filter(case=made).update(note=MARK)
    aim = goal(made, text=MARK)
    GoalMeasure.objects.create(goal=aim, text=MARK, who="actor", actor_name=MARK)
    PlanVersion.agree(made, by=owner)
    talk = consultation(case=made, note=MARK, place=MARK, referred_to=MARK, next_step=MARK, persons=3, quarter_hours=4)
    consultation(case=made)
    FollowUp.plan(made, by=owner, on_day=workdays.today(), text=MARK)
    helped = actor(organisation=organisation())
    Referral.send(made, by=owner, actor=helped, occasion=MARK)
    meeting = Conference.objects.create(case=made, held_on=workdays.today(), summary=MARK, place=MARK)
    Participant.objects.create(conference=meeting, institution=organisation(), name=MARK)
    Agreement.objects.create(conference=meeting, who=MARK, what=MARK)
    link = CaseIssue.link(by=owner, issue=structural_issue(), case=made)
    link.keep_interim(by=owner, interim=MARK)
    CaseIssue.link(by=owner, issue=structural_issue(), consultation=talk)
    HandOver.offer(by=owner, giver=owner, taker=case_manager(), cases=[made], note=MARK)
    Look.take(made, by=user(Role.COORDINATION), reason="Beschwerde")
    Look.objects.filter(case=made).update(reason=MARK)
    Hold.objects.create(
        case=made, reason="claim", until=workdays.today(), by=owner, ended_at=workdays.now(), ended_by=owner
    )
    rights.receive(made, by=owner, kind="rectification", received_on=workdays.today(), came_by="letter", corrected=MARK)
    trail.record("case.read", made, by=owner)
    sheets_about(made)
    drafts_about(made, {"goal": aim, "consultation": talk, "conference": meeting, "procedure": procedure,
                        "case-issue": link})  # fmt: skip
    SavedFilter.objects.create(user=owner, page="casework:case_list", name="Person", query=f"q=vor{MARK}&state=open")
    told = Telling(audience="case_manager", who="x", people=(owner,), headline="Neues im Fall", text=made.number)
    tell([told], key=f"consent:{agreed.pk}:give", url=made.get_absolute_url())
    assert child
    return Case.objects.get(pk=made.pk)


def sheets_about(made: Case) -> None:
    """One import that made the case, one with a line about the person that waits, and lines with faults that quote."""
    by, person = made.owner, made.client.identity
    came = Import.start(by=by, kind="cases", rows=[(2, {})])
    came.rows.update(made=made.pk, checked=True, handled=True)
    Import.objects.filter(pk=came.pk).update(state=Import.State.DONE, rows_made=1)
    named = {"family_name": person.family_name, "given_name": person.given_name, "born": "04.05.1990", "occasion": MARK}
    waits = Import.start(by=by, kind="cases", rows=[(2, named), (3, named)])
    waits.rows.filter(line=3).update(faults=[{"column": "Kommune", "text": f"„{MARK}“ kennen wir nicht"}])
    waits.rows.update(checked=True)
    Import.objects.filter(pk=waits.pk).update(state=Import.State.READY, rows_faulty=1)
    counted = Import.start(by=user(Role.CASE_MANAGER), kind="consultations", rows=[(2, {"case": made.number})])
    counted.rows.update(checked=True)


def drafts_about(made: Case, things: dict) -> None:
    """Begun forms, each found by one mark alone: its page, its key, what was chosen or typed in it."""
    by, person = made.owner, made.client.identity
    given = {"note": MARK}
    Draft.keep(by, "x.1", given, url=f"/casework/cases/{made.pk}/holds/new/", title="Aufschub")
    Draft.keep(by, "x.2", given, url=f"/casework/consultations/new/?case={made.pk}", title="Beratung")
    Draft.keep(by, "x.3", given | {"case": str(made.pk)}, url="/casework/consultations/new/")
    Draft.keep(by, "consultation:new", given | {"case": made.number}, url="/casework/consultations/new/")
    Draft.keep(by, "case:new", {"given_name": person.given_name, "family_name": person.family_name})
    Draft.keep(by, f"handover:{by.pk}", given | {"cases": [str(made.pk), "0"]})
    for key in (f"case:{made.pk}:goal", f"client:{made.client_id}:edit", f"followup:new:{made.pk}"):
        Draft.keep(by, key, given)
    keys = {"goal": "goal:{}:measure", "consultation": "consultation:{}:issue", "conference": "conference:{}:agree",
            "procedure": "procedure:{}:note", "case-issue": "case-issue:{}"}  # fmt: skip
    for name, thing in things.items():
        Draft.keep(by, keys[name].format(thing.pk), given)


def marked(**fields) -> Case:
    person = client(
        f"Vor{MARK}", f"Nach{MARK}", phone=MARK, email=f"{MARK}@kim.example", street=MARK, town=MARK,
        birth_date=dt.date(1990, 5, 4), place=fields.pop("place", None),
    )  # fmt: skip
    return everything(case_at(State.MONITORING, person=person, **fields))
