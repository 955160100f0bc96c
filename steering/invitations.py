"""Who is invited to a meeting, and what reaches them: a mail with a calendar entry, and a notice in KIM.

Receives the acts of a meeting within their transaction. A key says which state of the meeting somebody got: nobody gets
the same twice, and a second invitation reaches those who have come since. No issue and no topic stands in a mail.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from django.conf import settings
from django.db.models import F
from django.utils import timezone

from kim import mail, workdays
from kim.models import Notice, Role, User
from kim.models.people import deputies_of, with_role
from kim.notices import Telling, tell
from kim.together import day, moment
from steering import duties
from steering.calendar_entries import CANCEL, REQUEST, entry, place_of
from steering.models import Body, Meeting, Membership, RulesOfProcedure
from steering.models.voices import in_order

#: What a notice says of an act, and the subject of the mail.
SAID = {"invite": "Einladung", "move": "Geändert", "cancel": "Abgesagt"}


@dataclass(frozen=True)
class Invited:
    """Everybody who sits in the body on the day of the meeting."""

    meeting: Meeting

    @cached_property
    def seats(self) -> list[Membership]:
        seats = self.meeting.body.memberships.valid_on(self.meeting.day)
        return in_order(list(seats.select_related("user", "organisation")))

    @cached_property
    def people(self) -> list[User]:
        """With an account that may sign in; each once, whatever seats they hold."""
        found = {seat.user.pk: seat.user for seat in self.seats if seat.user and seat.user.is_active}
        return list(found.values())

    @cached_property
    def otherwise(self) -> list[Membership]:
        """Seats nobody can be written to for: an institution without an account, an account that is locked."""
        return [seat for seat in self.seats if seat.user is None or not seat.user.is_active]

    @cached_property
    def told(self) -> set[int]:
        """Ids of those who got the invitation to the meeting as it stands now."""
        return set(_told(key_of(self.meeting))) if self.meeting.invited_at else set()

    @property
    def to_tell(self) -> list[User]:
        return [person for person in self.people if person.pk not in self.told]

    @cached_property
    def to_uninvite(self) -> list[User]:
        """Those who were invited and do not sit there any more."""
        if not self.meeting.invited_at:
            return []
        rows = self._ever_told().filter(recipient__is_active=True)
        out = _told(f"uninvited:{self.meeting.pk}:{self.meeting.sequence}")
        # Deputies of an absent member are told the same in KIM, and have no seat to lose.
        sat = self.meeting.body.memberships.filter(user__in=rows.values("recipient")).values("user")
        known = User.objects.filter(pk__in=sat).exclude(pk__in=out)
        return [person for person in known.order_by("pk") if person not in self.people]

    @property
    def to_call_off(self) -> list[User]:
        """Everybody who has the meeting in the calendar, whether they still sit there or not."""
        ever = set(self._ever_told().values_list("recipient", flat=True))
        return [*(person for person in self.people if person.pk in ever), *self.to_uninvite]

    def _ever_told(self):
        return Notice.objects.filter(key__startswith=f"invitation:{self.meeting.pk}:", audience="member")


def _told(key: str):
    return Notice.objects.filter(key=key, audience="member").values_list("recipient", flat=True)


def key_of(meeting: Meeting) -> str:
    return f"invitation:{meeting.pk}:{meeting.sequence}"


def tell_of(sender, obj, act, record, given, **kwargs) -> int:
    """Receiver of `happened`: mails and notices in the transaction of the act. How many people were written to."""
    if act not in SAID:
        return 0
    invited = Invited(obj)
    if act == "cancel":
        people, leaving, method = invited.to_call_off, [], CANCEL
    else:
        people, leaving, method = invited.to_tell, invited.to_uninvite, REQUEST
    _write(obj, act, method, people, key_of(obj))
    _write(obj, "cancel", CANCEL, leaving, f"uninvited:{obj.pk}:{obj.sequence}", left=True)
    return len(people) + len(leaving)


def _write(meeting: Meeting, act: str, method: str, people: list[User], key: str, *, left: bool = False) -> None:
    if not people:
        return
    headline = f"{SAID[act]}: {meeting.body}, {timezone.localtime(meeting.starts_at):%d.%m.%Y}"
    text = "Sie gehören dem Gremium nicht mehr an." if left else words_of(meeting)
    url = meeting.get_absolute_url()
    members = {person.pk for person in people}
    stand_ins = {one.pk: one for those in deputies_of(people).values() for one in those if one.pk not in members}
    tellings = [Telling("member", "Mitglieder", tuple(people), headline, text)]
    if stand_ins and not left:
        tellings.append(Telling("stand_in", "Vertretungen", tuple(stand_ins.values()), headline, text))
    tell(tellings, key=key, url=url)
    for person in people:
        if person.email:
            mail.queue(
                key=f"{key}:{person.pk}",
                to=person.email,
                recipient=person,
                subject=headline,
                body=_body(meeting, act, left),
                calendar=entry(meeting, method, person),
            )


def words_of(meeting: Meeting) -> str:
    """When, where and how: „Dienstag … 14:00 Uhr, hybrid, Kreishaus und Videokonferenz“."""
    local = timezone.localtime(meeting.starts_at)
    when = f"{local:%d.%m.%Y}, {local:%H:%M} Uhr" if meeting.has_hour else f"{local:%d.%m.%Y}"
    if meeting.written_until:
        when = f"Stimmabgabe vom {local:%d.%m.%Y} bis einschließlich {meeting.written_until:%d.%m.%Y}"
    return ", ".join(part for part in (when, meeting.get_mode_display(), place_of(meeting)) if part)


def _body(meeting: Meeting, act: str, left: bool) -> str:
    opening = {
        "invite": f"Sie sind eingeladen: {meeting.body}",
        "move": f"Diese Sitzung hat sich geändert: {meeting.body}",
        "cancel": f"Diese Sitzung ist abgesagt: {meeting.body}",
    }[act]
    if left:
        opening = f"Sie gehören diesem Gremium nicht mehr an; die Einladung ist hinfällig: {meeting.body}"
    lines = [opening, words_of(meeting), ""]
    if act != "cancel":
        if meeting.video_url:
            lines.append(f"Zugang zur Videokonferenz: {meeting.video_url}")
        lines.append(f"Tagesordnung und Unterlagen: {settings.BASE_URL}{meeting.get_absolute_url()}")
        lines.append("Der Termin liegt dieser Mail für Ihren Kalender bei.")
    else:
        lines.append("Die beiliegende Absage nimmt den Termin aus Ihrem Kalender.")
    return "\n".join(lines) + "\n"


# What is due


def _sets():
    coming = Meeting.objects.filter(cancelled_at__isnull=True, invited_at__isnull=True, opened_at__isnull=True)
    coming = coming.filter(starts_at__gt=moment(), starts_at__lt=moment("far"))
    leads = Membership.of_leads(day()).exclude(body__kind=Body.Kind.STEERING)
    return {
        "uninvited": coming.order_by("starts_at", "pk").only("starts_at", "body").annotate(body_name=F("body__name")),
        "inviting_rules": RulesOfProcedure.of_bodies(),
        "inviting_office": with_role(Role.STRATEGIC_OFFICE, day()).order_by("pk").only("pk"),
        "inviting_leads": leads.filter(body__in=coming.order_by().values("body")).order_by("pk").only("body", "user"),
    }


@duties.source("invitations", sets=_sets)
def due(until: dt.date, read: dict) -> Iterator[duties.Duty]:
    """Invitations the rules want by `until`: with the leads of a group, else with the office."""
    today = workdays.today()
    office = frozenset(one.pk for one in read["inviting_office"])
    for meeting in read["uninvited"]:
        meeting.rules = RulesOfProcedure.held_by(read["inviting_rules"], meeting.body_id, today)
        if meeting.invite_by <= until:
            leads = frozenset(seat.user_id for seat in read["inviting_leads"] if seat.body_id == meeting.body_id)
            yield duties.Duty(
                f"invitation:{meeting.pk}", meeting.invite_by, f"{meeting.body_name}, {meeting.day:%d.%m.%Y}",
                "Einladung", meeting.get_absolute_url(), leads or office,
            )  # fmt: skip
