"""The meetings of the demo, lived through in order: invited, attended, decided in, closed, and written down.

Invented, but for the two meetings the documents name; of those only their day is known, so nothing is added to them.
"""

import datetime as dt
from collections.abc import Callable
from functools import partial
from typing import Any
from zlib import crc32

from kim import workdays
from kim.models import Organisation, User
from steering.demo.plan import Act
from steering.escalation import State
from steering.models import (
    AgendaItem,
    Attendance,
    Body,
    Issue,
    Meeting,
    Membership,
    Minutes,
    Resolution,
)
from steering.models.decisions import STEPS, admit
from steering.models.voices import voices_of

#: Days before the meeting on which the invitation goes out, and after it on which the minutes do.
INVITED, WRITTEN = 17, 9
CLOSED_AT = dt.time(16, 20)
#: Institutions whose voice somebody else may give, and those who listen and advise.
DEPUTISED = ("jobcenter", "kreisjugendamt")
ADVISERS = ("kfi",)
TOPIC = ("Sprechzeiten der Verwaltungen im Sommer", "Können die Kommunen ihre Sprechzeiten in den Ferien abstimmen?")
DONE = "Liegt im Ordner der Geschäftsstelle, den Mitgliedern vorgestellt."


class Sessions:
    """Knows what happens in which meeting, and when; asked before every other act of the demo what is due by then."""

    def __init__(self, people: dict[str, User], stories: dict[str, dict[str, Any]]):
        self.people, self.stories = people, stories
        self.office = people["office"]
        self.group = Body.objects.get(key="lenkungsgruppe")
        self.today = workdays.today()
        self.ahead: list[tuple[dt.datetime, int, Callable[[], object]]] = []
        for meeting in self.group.meetings.filter(source="Demo").order_by("starts_at"):
            self._foresee(meeting.pk, meeting.day)
        self.ahead.sort(key=lambda entry: entry[:2])
        self._fill_seats()

    def _foresee(self, pk: int, day: dt.date) -> None:
        invited = workdays.add_workdays(day - dt.timedelta(days=INVITED), 0)
        for number, (on, hour, act) in enumerate(
            [
                (invited, dt.time(9, 30), self._invite),
                (day, dt.time(14, 2), self._open),
                (day, CLOSED_AT, self._close),
                (workdays.next_workday(day + dt.timedelta(days=WRITTEN)), dt.time(11), self._send_minutes),
            ]
        ):
            self.ahead.append((_at(on, hour), number, partial(self._do, act, pk)))

    def _do(self, act: Callable[[Meeting], None], pk: int) -> None:
        act(Meeting.objects.select_related("body").get(pk=pk))

    def live_until(self, moment: dt.datetime) -> None:
        """Everything that was due before `moment`, each at its own."""
        while self.ahead and self.ahead[0][0] < moment:
            due, _, act = self.ahead.pop(0)
            with workdays.as_of(due):
                Minutes.approve_silent()
                act()

    def decides(self, act: Act, issue: Issue) -> bool:
        """Whether this step is taken by the steering group in its meeting."""
        if act.state != State.STEERING or act.name not in STEPS or issue.meeting_id is None:
            return False
        return Meeting.objects.filter(pk=issue.meeting_id, opened_at__isnull=False, closed_at__isnull=True).exists()

    def decide(self, act: Act, issue: Issue, given: dict[str, Any]) -> None:
        meeting = Meeting.objects.select_related("body").get(issues=issue)
        item = meeting.agenda.filter(issue=issue, kind__in=AgendaItem.DECIDED).latest("pk")
        item.meeting = meeting
        if item.waits_for_admission:
            admit(item, by=self.office, yes=self._voices(meeting), no=0, abstained=0)
        text = given.pop("result" if act.name == "solve" else "reason")
        idea = self.stories[act.story].get("discussed", "")
        if idea:
            Minutes.note(item, by=self.office, notes=idea)
        contested = crc32(act.story.encode()) % 3 == 0
        made = Resolution.take(
            item,
            by=self.office,
            verdict=act.name,
            text=text,
            consensus=not contested,
            votes=self._votes(meeting, act.story) if contested else None,
            **given,
        )
        if made.step is None:
            raise LookupError(f"{act.story}: {made} took no step")
        issue.refresh_from_db()

    # Who sits there

    def _fill_seats(self) -> None:
        since = self.group.valid_from
        for key in DEPUTISED:
            seat = self.group.memberships.filter(organisation__key=key).first()
            if seat:
                self.group.seat(
                    by=self.office, function=Membership.Function.DEPUTY, deputy_of=seat, valid_from=seat.valid_from
                )
        for key in ADVISERS:
            institution = Organisation.objects.get(key=key)
            self.group.seat(
                by=self.office, function=Membership.Function.ADVISORY, organisation=institution, valid_from=since
            )

    def _voices(self, meeting: Meeting) -> int:
        there = self._present(meeting)
        return sum(voice.given_by(there) is not None for voice in voices_of(meeting))

    def _present(self, meeting: Meeting) -> set[int]:
        rows = meeting.attendances.filter(presence=Attendance.Presence.PRESENT, seat__isnull=False)
        return set(rows.values_list("seat", flat=True))

    def _votes(self, meeting: Meeting, seed: str) -> dict[str, str]:
        """Nearly all for it, one or two with doubts."""
        there = self._present(meeting)
        keys = [voice.key for voice in voices_of(meeting) if voice.given_by(there)]
        doubts = crc32(f"{seed}/doubts".encode()) % len(keys)
        return {key: "abstain" if number == doubts else "yes" for number, key in enumerate(keys)}

    # What is due

    def _invite(self, meeting: Meeting) -> None:
        rules = self.group.rules.filter(submitted_on__isnull=False, valid_from=None).first()
        if rules and rules.submitted_on:
            rules.submit(by=self.office, on=rules.submitted_on, to=rules.submitted_to, meeting=meeting)
        if not meeting.agenda.exists():
            meeting.agenda.create(kind=AgendaItem.Kind.TOPIC, title=TOPIC[0], text=TOPIC[1], added_by=self.office)
        meeting.invite(by=self.office, late=True)

    def _open(self, meeting: Meeting) -> None:
        meeting.open(by=self.office)
        seats = list(meeting.body.memberships.valid_on(meeting.day).order_by("pk"))
        away = crc32(meeting.title.encode()) % len(seats)
        present = {seat: "present" for seat in seats if seat.function != Membership.Function.DEPUTY}
        for number, seat in enumerate(list(present)):
            if number == away and seat.function != Membership.Function.LEAD:
                present[seat] = "excused"
        Attendance.record(meeting, by=self.office, seats=present)

    def _close(self, meeting: Meeting) -> None:
        """What is not a decision about an issue is dealt with; a meeting that leaves one undecided stays open."""
        for item in meeting.agenda.left_over().in_order():
            item.meeting = meeting
            if item.waits_for_admission and item.kind not in AgendaItem.DECIDED:
                admit(item, by=self.office, yes=self._voices(meeting), no=0, abstained=0)
            self._deal_with(item)
        if not meeting.agenda.left_over().undecided().exists():
            meeting.refresh_from_db()
            meeting.close(by=self.office)

    def _deal_with(self, item: AgendaItem) -> None:
        take: dict[str, Any] = {"by": self.office, "consensus": True}
        match item.kind:
            case "information":
                Resolution.take(item, verdict="note", text="Die Vergabe auf kurzem Dienstweg ist bekannt.", **take)
            case "interim":
                Resolution.take(item, verdict="note", text="Der Zwischenbericht ist zur Kenntnis genommen.", **take)
            case "topic":
                due = workdays.add_workdays(workdays.today(), 40)
                made = Resolution.take(
                    item, verdict="resolve", text="Die Geschäftsstelle fragt die Verwaltungen und berichtet.",
                    owner="Geschäftsstelle", due_on=due, **take,
                )  # fmt: skip
                self._finish_later(made, due)
            case "rules":
                day = workdays.today() + dt.timedelta(days=1)
                text = "Die Geschäftsordnung wird in der vorgelegten Fassung verabschiedet."
                Resolution.take(item, verdict="adopt", text=text, valid_from=day, **take)
            case "resolution" if not (item.open_resolution and item.open_resolution.is_open):
                Resolution.take(item, verdict="note", text="Inzwischen umgesetzt.", **take)
            case "resolution":
                until = workdays.add_workdays(workdays.today(), 60)
                text = "Der Stand ist berichtet; die Umsetzung braucht mehr Zeit."
                Resolution.take(item, verdict="resolve", text=text, becomes="later", until=until, **take)

    def _finish_later(self, made: Resolution, due: dt.date) -> None:
        """Most of what was resolved is done in time."""
        moment = _at(workdays.add_workdays(due, -3), dt.time(10))
        self.ahead.append((moment, 9, partial(self._finish, made.pk)))
        self.ahead.sort(key=lambda entry: entry[:2])

    def _finish(self, pk: int) -> None:
        Resolution.objects.get(pk=pk).finish(by=self.office, evidence=DONE)

    def _send_minutes(self, meeting: Meeting) -> None:
        if meeting.closed_at is None:
            return
        minutes = Minutes.start(meeting, self.office)
        minutes.edit(
            by=self.office,
            opening="Der Vorsitz eröffnet die Sitzung, stellt Einladung und Beschlussfähigkeit fest.",
            closing=f"Der Vorsitz dankt und schließt die Sitzung um {CLOSED_AT:%H:%M} Uhr.",
        )
        minutes.send(by=self.office)


def _at(day: dt.date, hour: dt.time) -> dt.datetime:
    return dt.datetime.combine(day, hour, workdays.BERLIN)
