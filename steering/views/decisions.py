"""The meeting while it sits: opened, who is there, each item with its decision, closed; and voting in writing."""

import datetime as dt
from dataclasses import dataclass
from functools import cached_property

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kim import errors, workdays
from kim.editing import Filled
from kim.models import Code, County, Draft, Municipality, Organisation, User
from kim.privacy_gate import GateDown, Held
from kim.rules import allows, demand
from kim.together import Slot, day, moment, text, through, together
from kim.workflow import StepRefused
from steering import access, whereabouts
from steering.agendas import address_of
from steering.escalation import ESCALATION, State
from steering.forms.decisions import (
    CHOICES,
    GATE_NAMES,
    AdmissionForm,
    AttendanceForm,
    CloseForm,
    VoteForm,
    decision_form,
)
from steering.models import (
    AgendaItem,
    Attendance,
    Body,
    Issue,
    Meeting,
    Membership,
    Paper,
    Resolution,
    RulesOfProcedure,
    TimeLimit,
    Vote,
)
from steering.models.decisions import STEPS, admit, verdicts_of
from steering.models.voices import in_order, name_of, quorum, voices_of
from steering.notices import foresee, preview
from steering.views.telling import lines_of


@dataclass
class Top:
    """One item as it stands on the page: `no` counts from 1, `issue` is None where it is not theirs to see."""

    no: int
    item: AgendaItem
    issue: Issue | None
    title: str
    resolution: Resolution | None
    opens: str = ""
    current: bool = False

    @property
    def is_done(self) -> bool:
        return self.resolution is not None or self.item.dealt_with_at is not None

    @property
    def is_gone(self) -> bool:
        """Its issue waits for nothing here any more, though this meeting said nothing about it."""
        issue = self.item.issue
        undecided = issue and issue.state == State.STEERING and issue.meeting_id == self.item.meeting_id
        return not self.is_done and self.item.kind in AgendaItem.DECIDED and not undecided

    @property
    def back(self) -> str:
        """To itself on the page where the meeting is run."""
        there = reverse("steering:meeting_conduct", args=[self.item.meeting_id])
        return f"{there}#top{self.no}" if self.is_done else f"{there}?item={self.item.pk}#jetzt"

    @property
    def draft_key(self) -> str:
        return f"item:{self.item.pk}:decide"


class Sitting:
    """Everything the page of a running meeting shows, read once."""

    def __init__(self, request, meeting: Meeting):
        self.request, self.user, self.meeting = request, request.user, meeting
        self.rules = RulesOfProcedure.in_force(meeting.body, meeting.day)

    @cached_property
    def tops(self) -> list[Top]:
        agenda = self.meeting.agenda.standing().in_order().select_related(
            "issue__municipality", "issue__topic", "issue__body", "open_resolution", "rules",
            "minutes__meeting__body", "resolution",
        )  # fmt: skip
        seen = Issue.objects.visible_to(self.user).filter(pk=OuterRef("issue"))
        found = list(agenda.annotate(seen=Exists(seen)))
        return [_top(no, item, self.meeting, self.user) for no, item in enumerate(found, start=1)]

    def read_beside(self, top: Top | None) -> None:
        """What stands beside the agenda and in the form of the open item, in one query."""
        issue = top.item.issue if top else None
        read = _beside()(
            body=self.meeting.body_id, meeting=self.meeting.pk, day=self.meeting.day, today=workdays.today(),
            after=max(self.meeting.starts_at, workdays.now()), issue=issue.pk if issue else None,
            place=issue.municipality_id if issue else None, user=self.user.pk, key=top.draft_key if top else "",
            item=top.item.pk if top else None,
        )  # fmt: skip
        people, places = ({row.pk: row for row in read[name]} for name in ("users", "organisations"))
        for seat in read["seats"]:
            seat.user, seat.organisation = people.get(seat.user_id), places.get(seat.organisation_id)
        for following in read["following"]:
            following.body = self.meeting.body
        for paper in read["papers"]:
            paper.meeting = self.meeting
        self.beside = read
        self.seats, self.attendances = read["seats"], read["attendances"]

    @cached_property
    def seats(self):
        seats = self.meeting.body.memberships.valid_on(self.meeting.day)
        return list(seats.select_related("user", "organisation"))

    @cached_property
    def attendances(self):
        return list(self.meeting.attendances.all())

    @cached_property
    def voices(self):
        return voices_of(self.meeting, self.rules, self.seats)

    @cached_property
    def present(self) -> set[int]:
        there = Attendance.Presence.PRESENT
        return {row.seat_id for row in self.attendances if row.seat_id and row.presence == there}

    @cached_property
    def votes(self) -> dict[int, list[Vote]]:
        """In writing: item id → what was given so far."""
        found: dict[int, list[Vote]] = {}
        for vote in Vote.objects.filter(item__meeting=self.meeting).select_related("seat"):
            found.setdefault(vote.item_id, []).append(vote)
        return found

    @cached_property
    def quorum(self):
        return quorum(self.voices, self.present, self.rules)

    @cached_property
    def voting(self):
        return [voice for voice in self.voices if voice.given_by(self.present)]

    def written_standing(self, item) -> dict:
        """How far a vote in writing has come."""
        given = self.votes.get(item.pk, [])
        missing = [voice.name for voice in self.voices if not any(voice.holds(vote.seat) for vote in given)]
        over = self.meeting.written_is_over or not missing
        return {"given": len(self.voices) - len(missing), "of": len(self.voices), "missing": missing, "over": over}

    @cached_property
    def institutions(self):
        """Those that sit here, for the question who does it."""
        found = {seat.organisation_id: seat.organisation for seat in self.seats if seat.organisation_id}
        return sorted(found.values(), key=str)

    @cached_property
    def places(self) -> list[dict]:
        """Each voice with how it is there, for the list beside the agenda."""
        said = {row.seat_id: row.get_presence_display() for row in self.attendances if row.seat_id}
        found = []
        for voice in self.voices:
            giving = voice.given_by(self.present)
            words = next((said[seat.pk] for seat in voice.seats if seat.pk in said), "noch offen")
            if giving:
                words = "vertreten" if giving in voice.deputies else "anwesend"
            found.append({"name": voice.name, "words": words, "there": giving is not None})
        return found

    @cached_property
    def without_voice(self) -> list[dict]:
        voting = {seat.pk for voice in self.voices for seat in (*voice.seats, *voice.deputies)}
        said = {row.seat_id: row.get_presence_display() for row in self.attendances if row.seat_id}
        others = [seat for seat in in_order(self.seats) if seat.pk not in voting and seat.pk in said]
        guests = [{"name": row.guest, "words": "Gast"} for row in self.attendances if row.guest]
        return [*({"name": name_of(seat), "words": f"{said[seat.pk]}, beratend"} for seat in others), *guests]

    @cached_property
    def after(self) -> dict:
        drafted = self.meeting.day + dt.timedelta(days=self.rules.minutes_days)
        return {
            "drafted": drafted,
            "objections": drafted + dt.timedelta(days=self.rules.objection_days),
            "next": next(iter(self.beside["following"]), None),
        }

    def current(self) -> Top | None:
        """The item asked for, else the first that is not done."""
        asked = self.request.GET.get("item", "")
        found = next((top for top in self.tops if asked == str(top.item.pk)), None)
        if found is None:
            found = next((top for top in self.tops if not top.is_done and not top.is_gone), None)
        return found


@together
def _beside():
    seats = Membership.objects.valid_on(day("day")).filter(body=Slot("body"))
    place = Municipality.objects.filter(bodies=OuterRef("pk"), pk=Slot("place"))
    groups = Body.objects.valid_on(day()).project_groups().with_led(day())
    coming = Meeting.objects.filter(body=Slot("body"), starts_at__gt=moment("after"), cancelled_at__isnull=True)
    return {
        "seats": seats,
        "users": User.objects.filter(pk__in=seats.order_by().values("user")).only("username", "display_name"),
        "organisations": Organisation.objects.filter(pk__in=seats.order_by().values("organisation")),
        "attendances": Attendance.objects.filter(meeting=Slot("meeting")),
        "legal_areas": Code.objects.filter(pk__in=through(Issue, "legal_areas", Slot("issue"))).order_by("position"),
        "groups": groups.order_by("name").annotate(here=Exists(place)),
        "following": coming.order_by("starts_at")[:1],
        "drafts": Draft.objects.filter(user=Slot("user"), key=text("key")),
        "papers": Paper.objects.standing().filter(item=Slot("item")).order_by("pk"),
        "county": County.objects.all()[:1],
        "limits": TimeLimit.objects.all(),
    }


def _top(no, item, meeting, user) -> Top:
    item.meeting = meeting
    if item.issue and item.issue.meeting_id == meeting.pk:
        item.issue.meeting = meeting
    issue = item.issue if item.seen else None
    resolution = getattr(item, "resolution", None)
    if item.issue_id:
        return Top(no, item, issue, issue.title if issue else "Knackpunkt", resolution)
    title = f"Offener Beschluss {item.open_resolution}" if item.open_resolution else item.heading
    return Top(no, item, None, title, resolution, address_of(item, user))


# The page


@require_safe
def meeting_conduct(request, pk):
    sitting = _sitting(request, pk)
    top, verdict = sitting.current(), request.GET.get("verdict", "")
    if top and verdict not in verdicts_of(top.item):
        verdict = verdicts_of(top.item)[0]
    return _show(sitting, top, verdict)


def _sitting(request, pk) -> Sitting:
    meeting = get_object_or_404(Meeting.objects.visible_to(request.user).select_related("body"), pk=pk)
    demand(access.runs_meetings, request.user, meeting.body)
    return Sitting(request, meeting)


def _show(sitting, top, verdict="", *, form=None, admission=None, status=200):
    """The whole page with one item open; for htmx the preview alone, when a choice changed who will be told."""
    request, meeting = sitting.request, sitting.meeting
    sitting.read_beside(top)
    if top:
        top.current = True
    ready = top and meeting.is_running and not top.is_done
    verdict = verdict or (verdicts_of(top.item)[0] if top else "")
    written = sitting.written_standing(top.item) if ready and meeting.is_written else None
    if ready and top.item.waits_for_admission:
        admission = admission or (None if top.item.admission else AdmissionForm())
        form = None
    elif ready and form is None and (written is None or written["over"]):
        form = _form(sitting, top, verdict, initial=_initial(sitting))
    context = {
        "sitting": sitting,
        "meeting": meeting,
        "top": top,
        "verdict": verdict,
        "choices": _choices(sitting, top, verdict) if form else (),
        "form": form,
        "admission": admission,
        "kept": form.typed() if form is not None and form.is_bound and not ready else (),
        "written": written,
        "ready": ready,
        "done_number": sum(one.is_done or one.is_gone for one in sitting.tops),
        "opens_today": meeting.day <= workdays.today() and not meeting.cancelled_at,
        "mini": whereabouts.mini(top.issue) if top and top.issue else None,
        "legal_areas": sitting.beside["legal_areas"],
        "takes_notes": meeting.is_running,
        "papers": sitting.beside["papers"],
        "ends_at": meeting.ends_at if meeting.day == workdays.today() else None,
        **_telling(sitting, top, verdict, form),
    }
    if request.htmx and request.htmx.target == "vorschau" and form is not None:
        return render(request, "steering/_meeting_decide.html#tell", context)
    return render(request, "steering/meeting_conduct.html", context, status=status)


def _choices(sitting, top, verdict):
    address = reverse("steering:meeting_conduct", args=[sitting.meeting.pk])
    for name in verdicts_of(top.item):
        label, hint = CHOICES[name]
        url = f"{address}?item={top.item.pk}&verdict={name}#jetzt"
        yield {"label": label, "hint": hint, "url": url, "current": name == verdict}


def _form(sitting, top, verdict, data=None, **kwargs):
    form = decision_form(
        top.item, verdict, data, groups=sitting.beside["groups"], voices=sitting.voting,
        written=sitting.meeting.is_written, organisations=sitting.institutions, **kwargs,
    )  # fmt: skip
    form.draft_key = top.draft_key
    return form


def _initial(sitting) -> dict:
    kept = {name: value for draft in sitting.beside["drafts"] for name, value in draft.data.items() if value}
    asked = {name: sitting.request.GET[name] for name in ("reach", "body") if name in sitting.request.GET}
    return kept | asked


def _telling(sitting, top, verdict, form) -> dict:
    """Who will learn what of the step, before the click."""
    if form is None or verdict not in STEPS:
        return {"tellings": None, "due_words": ""}
    read = sitting.beside
    county = next(iter(read["county"]), None) or County(pk=1)
    row = ESCALATION.find(verdict, State.STEERING)
    after = foresee(top.item.issue, row, form.choices_so_far(), limits=read["limits"], rules=county.workday_rules)
    told = preview(after, verdict, by=sitting.user)
    lines = lines_of(told, names_reporters=access.sees_reporters(sitting.user), county=county)
    return {"tellings": lines, "due_words": after.due_words}


def _back(meeting, anchor=""):
    return redirect(reverse("steering:meeting_conduct", args=[meeting.pk]) + anchor)


# Opening and closing


@require_POST
def meeting_open(request, pk):
    sitting = _sitting(request, pk)
    try:
        sitting.meeting.open(by=request.user)
    except StepRefused as refusal:
        messages.error(request, str(refusal))
    else:
        what = "Das Umlaufverfahren" if sitting.meeting.is_written else "Die Sitzung"
        messages.success(request, f"{what} ist eröffnet.")
    return _back(sitting.meeting)


@require_http_methods(["GET", "HEAD", "POST"])
def meeting_close(request, pk):
    """Over; what was not decided goes to another meeting."""
    sitting = _sitting(request, pk)
    meeting = sitting.meeting
    others = meeting.others_to_come()
    form = CloseForm(request.POST or None, others=others)
    if request.method == "POST" and form.is_valid():
        try:
            moved = meeting.close(by=request.user, **form.cleaned_data)
        except StepRefused as refusal:
            form.add_error(None, str(refusal))
        else:
            went = f" Vertagt: {moved} Knackpunkt{'' if moved == 1 else 'e'}." if moved else ""
            what = "Das Umlaufverfahren" if meeting.is_written else "Die Sitzung"
            messages.success(request, f"{what} ist geschlossen.{went}")
            return redirect(meeting)
    left = [top for top in sitting.tops if not top.is_done and not top.is_gone]
    context = {"meeting": meeting, "form": form, "left": left, "others": others}
    return render(request, "steering/meeting_close.html", context, status=_status(request))


@require_http_methods(["GET", "HEAD", "POST"])
def attendance_record(request, pk):
    sitting = _sitting(request, pk)
    meeting = sitting.meeting
    form = AttendanceForm(request.POST or None, seats=sitting.seats, attendances=sitting.attendances)
    edit = Filled(meeting, lambda row: AttendanceForm(seats=sitting.seats, attendances=list(row.attendances.all())))
    if request.method != "POST":
        edit.begin(form)
    elif form.is_valid():

        def act(by, confirmed):
            edit.demand_same(form)
            Attendance.record(meeting, by=by, confirmed=confirmed, **form.given)

        if _took(form, act, request.user):
            messages.success(request, "Die Anwesenheit ist eingetragen.")
            return _back(meeting)
    context = {"meeting": meeting, "form": form, "rules": sitting.rules}
    return render(request, "steering/attendance_record.html", context, status=_status(request))


# Items


def _item(request, pk) -> tuple[Sitting, Top]:
    """An item of a meeting this user runs, as it stands on its agenda."""
    row = get_object_or_404(AgendaItem.objects.filter(meeting__in=Meeting.objects.visible_to(request.user)), pk=pk)
    sitting = _sitting(request, row.meeting_id)
    top = next((top for top in sitting.tops if top.item.pk == pk), None)
    if top is None:
        raise Http404
    return sitting, top


@require_http_methods(["GET", "HEAD", "POST"])
def item_decide(request, pk):
    sitting, top = _item(request, pk)
    if request.method != "POST":
        return _back(sitting.meeting, f"?item={pk}#jetzt")
    sitting.read_beside(top)
    verdict = request.POST.get("verdict", "")
    if verdict not in verdicts_of(top.item):
        kept = [("Beschluss", typed)] if (typed := request.POST.get("text", "")) else []
        reason = "Zu diesem Punkt ist dieses Ergebnis nicht (mehr) möglich."
        url = reverse("steering:meeting_conduct", args=[sitting.meeting.pk]) + f"?item={pk}#jetzt"
        return errors.conflict(request, reason, url=url, kept=kept)
    if "preview" in request.POST:
        given = {name: values[-1] for name, values in request.POST.lists() if name != "preview"}
        return _show(sitting, top, verdict, form=_form(sitting, top, verdict, initial=given))
    form = _form(sitting, top, verdict, request.POST)
    if not form.is_valid():
        return _show(sitting, top, verdict, form=form, status=422)
    taken = []

    def act(by, confirmed):
        taken.append(Resolution.take(top.item, by=by, confirmed=confirmed, **form.given))

    if not _took(form, act, request.user):
        return _show(sitting, top, verdict, form=form, status=422)
    Draft.drop(request.user, top.draft_key)
    messages.success(request, _told(top, taken[0], verdict))
    return _back(sitting.meeting, "#jetzt")


def _told(top, made: Resolution, asked) -> str:
    if made.verdict == Resolution.Verdict.REJECT and asked != Resolution.Verdict.REJECT:
        return (
            f"TOP {top.no}: Der Antrag ist abgelehnt ({made.voted}). Festgehalten als {made}; sonst ändert sich nichts."
        )
    return f"TOP {top.no}: {made}, {made.get_verdict_display()}{f', {made.voted}' if made.voted else ''}."


@require_POST
def item_admit(request, pk):
    sitting, top = _item(request, pk)
    if top.item.admission or not top.item.waits_for_admission:
        messages.error(request, "Über die Aufnahme dieses Punkts ist nicht (mehr) abzustimmen.")
        return _back(sitting.meeting, f"?item={pk}#jetzt")
    form = AdmissionForm(request.POST)
    found = []

    def act(by, confirmed):
        found.append(admit(top.item, by=by, **form.cleaned_data))

    if not form.is_valid() or not _took(form, act, request.user):
        return _show(sitting, top, admission=form, status=422)
    words = "wird beraten" if found[0] else "wird heute nicht beraten"
    messages.success(request, f"TOP {top.no} {words}.")
    return _back(sitting.meeting, f"?item={pk}#jetzt" if found[0] else "#jetzt")


def _took(form, act, user) -> bool:
    """Run `act(by=…, confirmed=…)` in one transaction; what stands against it is said in the form."""
    try:
        with transaction.atomic():
            act(by=user, confirmed=form.confirmed)
    except (StepRefused, GateDown) as refusal:
        form.add_error(None, str(refusal))
    except Held as held:
        form.hold(held.findings, GATE_NAMES | {"Adressat bei Land oder Bund": "addressee", "Gäste": "guests"})
    else:
        return True
    return False


# In writing


@require_http_methods(["GET", "HEAD", "POST"])
def item_vote(request, pk):
    """What is voted on in writing, each item with the voice one gives; the office enters written answers."""
    meeting = get_object_or_404(Meeting.objects.visible_to(request.user).select_related("body"), pk=pk)
    if not meeting.is_written:
        raise Http404
    sitting = Sitting(request, meeting)
    seats = _seats_to_vote(sitting)
    if not seats:
        raise PermissionDenied(access.casts_vote.refusal)
    papers: dict[int, list[Paper]] = {}
    for paper in meeting.papers.standing().filter(item__isnull=False):
        paper.meeting = meeting
        papers.setdefault(paper.item_id, []).append(paper)
    sent = None
    if request.method == "POST":
        sent = VoteForm(request.POST, seats=seats)
        if sent.is_valid() and _vote(sitting, sent):
            return redirect(reverse("steering:item_vote", args=[pk]))
    context = {
        "meeting": meeting,
        "form": sent if sent is not None and sent.errors else None,
        "rows": [_row(sitting, top, seats, sent, papers) for top in sitting.tops],
        "not_begun": not (meeting.is_over or meeting.opened_at or meeting.cancelled_at),
        "may_vote": meeting.takes_written_votes,
        "runs": allows(access.runs_meetings, request.user, meeting.body),
    }
    return render(request, "steering/item_vote.html", context, status=_status(request))


def _seats_to_vote(sitting):
    """Those of the user; for whoever runs the meeting every seat that votes."""
    seats = [seat for voice in sitting.voices for seat in (*voice.seats, *voice.deputies)]
    if allows(access.runs_meetings, sitting.user, sitting.meeting.body):
        return seats
    return [seat for seat in seats if access.casts_vote(sitting.user, seat)]


def _vote(sitting, form) -> bool:
    given = form.cleaned_data
    top = next((top for top in sitting.tops if top.item.pk == given["item"]), None)
    if top is None:
        form.add_error(None, "Dieser Punkt steht nicht (mehr) auf der Tagesordnung.")
        return False

    def act(by, confirmed):
        Vote.cast(top.item, by=by, seat=given["seat"], value=given["value"])

    if not _took(form, act, sitting.user):
        return False
    messages.success(sitting.request, f"TOP {top.no}: Die Stimme ist festgehalten.")
    return True


def _row(sitting, top, seats, sent, papers) -> dict:
    own = {seat.pk for seat in seats}
    given = [vote for vote in sitting.votes.get(top.item.pk, []) if (vote.cast_by_seat_id or vote.seat_id) in own]
    mine = given[0] if len(seats) == 1 and given else None
    initial = {
        "item": top.item.pk,
        "seat": seats[0] if len(seats) == 1 else None,
        "value": mine.value if mine else None,
    }
    form = VoteForm(seats=seats, initial=initial, auto_id=f"top{top.item.pk}_%s")
    if sent is not None and sent.data.get("item") == str(top.item.pk):
        form = sent
    hidden = top.item.issue_id and not top.issue
    shown = [] if hidden else papers.get(top.item.pk, [])
    return {"top": top, "form": form, "mine": mine, "standing": sitting.written_standing(top.item), "papers": shown}


# Beside the agenda of meeting_detail


def decided(user, meeting: Meeting) -> dict:
    """For steering/_meeting_decisions.html: how one takes part in the meeting now."""
    runs = allows(access.runs_meetings, user, meeting.body)
    at_hand = meeting.day <= workdays.today() and not meeting.cancelled_at and not meeting.closed_at
    return {
        "conduct": runs and at_hand,
        "votes_in_writing": meeting.takes_written_votes,
    }


def _status(request):
    return 422 if request.method == "POST" else 200
