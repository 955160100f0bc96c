"""What a body decides: who was there, how it voted, what it resolved, and what became of that.

Acts lock from the top: the meeting first, then the item, then its issue.
"""

import datetime as dt
from collections.abc import Iterable, Mapping

from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.db.models import F, Q

from kim import trail, workdays
from kim.addresses import address
from kim.models import Municipality, Organisation, User
from kim.rules import allows, demand
from kim.trigrams import fold
from kim.workflow import StepRefused
from steering import access
from steering.escalation import ESCALATION, State
from steering.models.bodies import Body, Membership
from steering.models.choices import only
from steering.models.gate import noted, pass_gate
from steering.models.meetings import AgendaItem, Meeting
from steering.models.numbers import ResolutionNumbers
from steering.models.rules import RulesOfProcedure
from steering.models.voices import Quorum, Voice, accepts, name_of, quorum, voices_of


class Attendance(models.Model):
    """Whether the holder of a seat was there, or a guest whose place is named and who has no vote."""

    class Presence(models.TextChoices):
        PRESENT = "present", "anwesend"
        EXCUSED = "excused", "entschuldigt"
        ABSENT = "absent", "abwesend"

    meeting = models.ForeignKey(Meeting, on_delete=models.PROTECT, related_name="attendances")
    seat = models.ForeignKey(Membership, on_delete=models.PROTECT, null=True, blank=True, related_name="attendances")
    guest = models.CharField("Gast", max_length=120, blank=True, help_text="Stelle oder Institution, kein Name")
    presence = models.CharField("Anwesenheit", max_length=7, choices=Presence)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=workdays.now)

    class Meta:
        ordering = ["pk"]
        verbose_name = "Anwesenheit"
        constraints = [
            models.UniqueConstraint(fields=["meeting", "seat"], name="steering_attends_once"),
            models.CheckConstraint(
                name="steering_attends_in_a_seat_or_as_guest",
                condition=(Q(seat__isnull=False) & Q(guest="")) | (Q(seat__isnull=True) & ~Q(guest="")),
            ),
            only("attendance", "presence", ["present", "excused", "absent"]),
        ]

    def __str__(self):
        return f"{self.seat or self.guest}: {self.get_presence_display()}"

    @classmethod
    @transaction.atomic
    def record(cls, meeting, *, by, seats: Mapping[Membership, str], guests: Iterable[str] = (), confirmed=()) -> None:
        """Who is there, as far as it is known; "" takes an entry back. Until the meeting is closed."""
        meeting = Meeting.objects.select_for_update(of=("self",)).select_related("body").get(pk=meeting.pk)
        demand(access.runs_meetings, by, meeting.body)
        _be_open_to_change(meeting)
        if meeting.is_written:
            raise StepRefused("Im Umlaufverfahren ist niemand anwesend; es zählt, wer abstimmt.")
        if meeting.day > workdays.today():
            raise StepRefused(f"Anwesend ist man erst am Tag der Sitzung, dem {meeting.day:%d.%m.%Y}.")
        for seat in seats:
            _be_of(seat, meeting)
        guests = list(dict.fromkeys(guest for guest in guests if guest))
        # Institutions are known to be none; whoever comes is named by the place they come from.
        vouched = pass_gate({"Gäste": "\n".join(guests)}, by=by, confirmed=confirmed)
        there = {row.seat_id: row for row in meeting.attendances.filter(seat__isnull=False)}
        for seat, presence in seats.items():
            row = there.get(seat.pk)
            if row and not presence:
                row.delete()
            elif presence and (row is None or row.presence != presence):
                said = {"presence": presence, "by": by, "at": workdays.now()}
                cls.objects.update_or_create(meeting=meeting, seat=seat, defaults=said)
        known = set(meeting.attendances.exclude(guest="").values_list("guest", flat=True))
        meeting.attendances.exclude(guest="").exclude(guest__in=guests).delete()
        Attendance.objects.bulk_create(
            Attendance(meeting=meeting, guest=guest, presence=Attendance.Presence.PRESENT, by=by)
            for guest in guests
            if guest not in known
        )
        trail.record("meeting.attendance", meeting, by=by, note=vouched)


class Vote(models.Model):
    """One voice on one item. `seat` is whose voice it is, `cast_by_seat` the deputy who gave it.

    `organisation` is set where the rules give one voice to each institution: the database then knows it gives one only.
    """

    class Value(models.TextChoices):
        YES = "yes", "Ja"
        NO = "no", "Nein"
        ABSTAIN = "abstain", "Enthaltung"

    item = models.ForeignKey(AgendaItem, on_delete=models.PROTECT, related_name="votes")
    seat = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="votes_given")
    cast_by_seat = models.ForeignKey(Membership, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    value = models.CharField("Stimme", max_length=7, choices=Value)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", help_text="wer sie eingetragen hat")
    at = models.DateTimeField(default=workdays.now)

    class Meta:
        ordering = ["pk"]
        verbose_name = "Stimme"
        constraints = [
            models.UniqueConstraint(fields=["item", "seat"], name="steering_one_vote_per_seat"),
            models.UniqueConstraint(fields=["item", "organisation"], name="steering_one_vote_per_institution"),
            only("vote", "value", ["yes", "no", "abstain"]),
        ]

    def __str__(self):
        return f"{self.seat}: {self.get_value_display()}"

    @classmethod
    @transaction.atomic
    def cast(cls, item, *, by, seat: Membership | None, value: str, cast_by_seat: Membership | None = None) -> "Vote":
        """One voice on an item; the seat of a deputy stands for the voice of its member.

        In writing, whoever has given a voice may change it until the last day.
        """
        ballot = Ballot.locked(item)
        if seat is None:
            raise StepRefused("Gäste haben keine Stimme.")
        giving = cast_by_seat or seat
        if cast_by_seat is not None and cast_by_seat.deputy_of_id != seat.pk:
            raise StepRefused(f"{name_of(cast_by_seat)} vertritt dieses Mitglied nicht.")
        ballot.be_open_for_votes()
        if not (access.casts_vote(by, giving) or allows(access.runs_meetings, by, ballot.meeting.body)):
            raise PermissionDenied(access.casts_vote.refusal)
        vote = ballot.take(giving, value, by=by)
        trail.record("agendaitem.vote", ballot.item, by=by)
        return vote


class Ballot:
    """What counts on one item: the voices of its meeting, who may give them, and what was given so far."""

    def __init__(self, item: AgendaItem):
        self.item, self.meeting = item, _meeting_of(item)
        self.rules = RulesOfProcedure.in_force(self.meeting.body, self.meeting.day)
        self.voices = voices_of(self.meeting, self.rules)
        self.given = list(item.votes.select_related("seat", "cast_by_seat"))
        present = self.meeting.attendances.filter(presence=Attendance.Presence.PRESENT, seat__isnull=False)
        self.present = set() if self.meeting.is_written else set(present.values_list("seat", flat=True))

    @classmethod
    def locked(cls, item: AgendaItem) -> "Ballot":
        """With the rows of meeting and item locked and read anew."""
        meeting = Meeting.objects.select_for_update(of=("self",)).select_related("body").get(pk=_meeting_of(item).pk)
        item = AgendaItem.objects.select_for_update(of=("self",)).get(pk=item.pk)
        item.meeting = meeting
        return cls(item)

    @property
    def there(self) -> set[int]:
        """The seats that count for the quorum: present ones, in writing those that have voted."""
        if not self.meeting.is_written:
            return self.present
        return {vote.cast_by_seat_id or vote.seat_id for vote in self.given}

    @property
    def quorum(self) -> Quorum:
        return quorum(self.voices, self.there, self.rules)

    @property
    def is_over(self) -> bool:
        """In writing: the last day has passed, or every voice was given."""
        return self.meeting.written_is_over or self.quorum.there == self.quorum.of

    def vote_of(self, voice: Voice) -> Vote | None:
        return next((vote for vote in self.given if voice.holds(vote.seat)), None)

    def be_open_for_votes(self) -> None:
        """Raise StepRefused unless the item can still be voted on."""
        _be_open_to_change(self.meeting)
        if Resolution.objects.filter(agenda_item=self.item).exists():
            raise StepRefused(_decided(self.item))
        if not self.meeting.is_written:
            if not self.meeting.is_running:
                raise StepRefused("Abgestimmt wird in der Sitzung. Bitte eröffnen Sie sie zuerst.")
        elif not (self.meeting.is_over or self.meeting.opened_at):
            raise StepRefused("Die Stimmabgabe hat noch nicht begonnen.")
        elif self.meeting.written_is_over:
            raise StepRefused(f"Die Stimmabgabe endete am {self.meeting.written_until:%d.%m.%Y}.")

    def take(self, giving: Membership, value: str, *, by) -> Vote:
        """Write one vote down, or raise StepRefused with what stands against it."""
        if value not in Vote.Value:
            raise StepRefused("Bitte wählen Sie Ja, Nein oder Enthaltung.")
        voice = self._voice_of(giving)
        deputy = giving if giving in voice.deputies else None
        seat: Membership = giving.deputy_of if deputy else giving  # type: ignore[assignment]  # deputies have one
        if not self.meeting.is_written and giving.pk not in self.present:
            raise StepRefused(
                f"{name_of(giving)} ist nicht als anwesend eingetragen. Bitte ergänzen Sie zuerst die Anwesenheit."
            )
        if deputy and any(one.pk in self.present for one in voice.seats):
            raise StepRefused(_DEPUTY)
        if before := self.vote_of(voice):
            return self._change(before, seat, deputy, value, by)
        made = Vote.objects.create(
            item=self.item, seat=seat, cast_by_seat=deputy, organisation=voice.organisation, value=value, by=by
        )
        self.given.append(made)
        if self.meeting.is_written and not self.meeting.opened_at:  # it begins with its first voice
            self.meeting.opened_at = workdays.now()
            self.meeting.save(update_fields=["opened_at"])
        return made

    def _voice_of(self, giving: Membership) -> Voice:
        _be_of(giving, self.meeting)
        if found := next((voice for voice in self.voices if voice.holds(giving)), None):
            return found
        raise StepRefused(f"{name_of(giving)} ist ohne Stimmrecht dabei.")

    def _change(self, before: Vote, seat, deputy, value, by) -> Vote:
        """In writing one's own vote may be changed; anything else is a second vote of the same voice."""
        if deputy and before.cast_by_seat_id is None:
            raise StepRefused(_DEPUTY)
        same = before.seat_id == seat.pk and before.cast_by_seat_id == (deputy.pk if deputy else None)
        if not same and before.organisation_id:
            raise StepRefused(f"{before.organisation} hat schon abgestimmt: eine Stimme je Institution.")
        if not (same and self.meeting.is_written):
            raise StepRefused("Diese Stimme ist schon abgegeben.")
        before.value, before.by, before.at = value, by, workdays.now()
        before.save(update_fields=["value", "by", "at"])
        next(vote for vote in self.given if vote.pk == before.pk).value = value
        return before

    def count(self) -> dict[str, int]:
        values = [vote.value for vote in self.given]
        return {"yes": values.count("yes"), "no": values.count("no"), "abstained": values.count("abstain")}

    @property
    def shows_consensus(self) -> bool:
        """Nobody voted against it, where the rules look for consensus first."""
        counted = self.count()
        wanted = self.rules.majority != RulesOfProcedure.Majority.SIMPLE
        return wanted and counted["yes"] > 0 and counted["no"] == 0

    # What a resolution asks of it

    def demand_quorum(self) -> None:
        if not self.quorum.reached and not self.rules.without_quorum:
            raise StepRefused(self.quorum.refusal)

    def vote_all(self, votes: Mapping[str, str], *, by) -> None:
        """Everybody who is there votes once. `votes`: key of the voice → value."""
        known = {voice.key: voice for voice in self.voices}
        for key, value in votes.items():
            voice = known.get(key)
            giving = voice.given_by(self.present) if voice else None
            if voice is None or giving is None:
                raise StepRefused(f"{voice.name if voice else 'Diese Stimme'} ist nicht da und stimmt nicht mit ab.")
            self.take(giving, value, by=by)
        missing = [v.name for v in self.voices if v.given_by(self.present) and not self.vote_of(v)]
        if missing:
            raise StepRefused(f"Es fehlt die Stimme von: {'; '.join(missing)}. Auch eine Enthaltung ist eine Stimme.")


_DEPUTY = "Die Vertretung stimmt nur, wenn das Mitglied nicht da ist."


class ResolutionQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(access.visible_resolutions(user))

    def open(self):
        """Something is still to be done, by a day."""
        return self.filter(due_on__isnull=False, done_on__isnull=True, dropped_on__isnull=True)

    def overdue(self, day=None):
        """Open with a day before `day` (which may be a slot; default: today)."""
        return self.open().filter(due_on__lt=day or workdays.today())

    def municipal(self):
        return self.filter(municipality__isnull=False)


class Resolution(models.Model):
    """What was resolved, by a body of KIM on an item of its agenda, or by the council of a municipality.

    Open until it is done (with what shows it) or dropped (with the reason). Without `due_on` there is nothing left to
    do: it is done with the decision itself.
    """

    class Verdict(models.TextChoices):
        ASSIGN = "assign", "zugewiesen"
        REFER_UP = "refer_up", "an Land oder Bund gemeldet"
        DEFER = "defer", "zurückgestellt"
        SOLVE = "solve", "gelöst"
        DECLINE = "decline", "nicht weiterverfolgt"
        ADOPT = "adopt", "verabschiedet"
        RESOLVE = "resolve", "beschlossen"
        REJECT = "reject", "abgelehnt"
        NOTE = "note", "zur Kenntnis genommen"

    number = models.CharField("Beschlussnummer", max_length=16, unique=True)
    body = models.ForeignKey(
        Body, on_delete=models.PROTECT, null=True, blank=True, related_name="resolutions", verbose_name="Gremium"
    )
    agenda_item = models.OneToOneField(
        AgendaItem, on_delete=models.PROTECT, null=True, blank=True, related_name="resolution"
    )
    municipality = models.ForeignKey(
        Municipality,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="resolutions",
        verbose_name="Kommune",
    )
    organ = models.CharField("Organ der Kommune", max_length=120, blank=True, help_text="etwa „Rat der Stadt …“")
    issue = models.ForeignKey(
        "steering.Issue", on_delete=models.PROTECT, null=True, blank=True, related_name="resolutions"
    )
    step = models.OneToOneField(
        "steering.IssueStep", on_delete=models.PROTECT, null=True, blank=True, related_name="resolution"
    )
    verdict = models.CharField("Ergebnis", max_length=8, choices=Verdict)
    text = models.TextField("Beschluss", max_length=4000)
    decided_on = models.DateField("beschlossen am")
    consensus = models.BooleanField("im Konsens", default=False)
    yes = models.PositiveSmallIntegerField("Ja", default=0)
    no = models.PositiveSmallIntegerField("Nein", default=0)
    abstained = models.PositiveSmallIntegerField("Enthaltungen", default=0)
    owner = models.CharField("verantwortlich", max_length=120, blank=True, help_text="Stelle, kein Name")
    owner_body = models.ForeignKey(
        Body, on_delete=models.PROTECT, null=True, blank=True, related_name="owned_resolutions"
    )
    owner_organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, null=True, blank=True, related_name="owned_resolutions"
    )
    due_on = models.DateField("umzusetzen bis", null=True, blank=True)
    done_on = models.DateField("umgesetzt am", null=True, blank=True)
    done_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    evidence = models.TextField("Nachweis", max_length=2000, blank=True)
    dropped_on = models.DateField("entfallen am", null=True, blank=True)
    dropped_because = models.TextField("Grund", max_length=2000, blank=True)
    recorded_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    recorded_at = models.DateTimeField(default=workdays.now)
    source = models.CharField("Beleg", max_length=200, blank=True)
    folded = models.TextField(editable=False, blank=True)

    objects = ResolutionQuerySet.as_manager()

    class Meta:
        ordering = ["-decided_on", "-pk"]
        verbose_name = "Beschluss"
        constraints = [
            models.CheckConstraint(
                name="steering_resolution_of_body_or_municipality",
                condition=Q(body__isnull=False, municipality__isnull=True, organ="")
                | (Q(body__isnull=True, municipality__isnull=False, agenda_item__isnull=True) & ~Q(organ="")),
            ),
            models.CheckConstraint(
                name="steering_resolution_with_date_has_owner",
                condition=Q(due_on__isnull=True) | ~Q(owner=""),
                violation_error_message="Bitte nennen Sie, wer es bis dahin umsetzt.",
            ),
            models.CheckConstraint(
                name="steering_resolution_ends_one_way",
                condition=Q(done_on__isnull=True) | Q(dropped_on__isnull=True),
            ),
            models.CheckConstraint(
                name="steering_resolution_dropped_with_reason",
                condition=Q(dropped_on__isnull=True) | ~Q(dropped_because=""),
            ),
            only(
                "resolution",
                "verdict",
                ["assign", "refer_up", "defer", "solve", "decline", "adopt", "resolve", "reject", "note"],
            ),
        ]
        indexes = [
            models.Index(fields=["decided_on", "id"]),
            models.Index(fields=["body", "decided_on", "id"]),
            models.Index(
                fields=["due_on", "id"],
                name="steering_resolution_open",
                condition=Q(due_on__isnull=False, done_on__isnull=True, dropped_on__isnull=True),
            ),
        ]

    def __str__(self):
        return self.number

    def get_absolute_url(self):
        return address("steering:resolution_detail", self.pk)

    def save(self, *args, **kwargs):
        if "update_fields" not in kwargs:
            self.folded = fold(f"{self.number} {self.organ} {self.owner} {self.text}")
        super().save(*args, **kwargs)

    @classmethod
    def next_number(cls) -> str:
        """„B-2026-0001“. Inside a transaction only."""
        return ResolutionNumbers.take(workdays.today().year)

    # Acts

    @classmethod
    @transaction.atomic
    def take(
        cls,
        item: AgendaItem,
        *,
        by: User,
        verdict: str,
        text: str,
        consensus: bool = False,
        votes: Mapping[str, str] | None = None,
        owner: str = "",
        owner_body: Body | None = None,
        owner_organisation: Organisation | None = None,
        due_on: dt.date | None = None,
        confirmed=frozenset(),
        **given,
    ) -> "Resolution":
        """The body decides on an item of its agenda, and what follows from it is done in the same transaction.

        `votes` are those of the voices present (key of the voice → value); in writing they were cast before. `given`
        is what the step of the issue needs beside its reason, `valid_from` for rules, and for a resolution that
        returned `becomes` (done, dropped, later or open) with `until`. Raises what steps of an issue raise.
        """
        ballot = Ballot.locked(item)
        item, meeting = ballot.item, ballot.meeting
        demand(access.runs_meetings, by, meeting.body)
        _be_ready(ballot, verdict, text)
        ballot.demand_quorum()
        counted = _vote(ballot, verdict, consensus, votes, by)
        verdict, carried = _outcome(ballot, verdict, consensus, counted)
        if not carried:
            owner, owner_body, owner_organisation, due_on = "", None, None, None
        step = None
        if carried and verdict in STEPS:
            issue = item.issue
            issue.resolved = True  # type: ignore[union-attr]  # these kinds have one
            step = getattr(issue, verdict)(by=by, confirmed=confirmed, **_needs(issue, verdict, text, given))
            if verdict == cls.Verdict.ASSIGN:
                owner_body = owner_body or given["body"]
                due_on = due_on or step.due_on
        said = {"Verantwortlich": owner} | ({} if step else {"Beschluss": text})
        vouched = pass_gate(said, by=by, confirmed=confirmed, issue=item.issue)
        owner = ", ".join(str(one) for one in (owner_body, owner_organisation, owner) if one)
        made = cls(
            number=cls.next_number(),
            body=meeting.body,
            agenda_item=item,
            issue=item.issue,
            step=step,
            verdict=verdict,
            text=text,
            decided_on=workdays.today() if meeting.is_written else meeting.day,
            consensus=consensus or (carried and ballot.shows_consensus),
            owner=owner[:120],
            owner_body=owner_body,
            owner_organisation=owner_organisation,
            due_on=due_on,
            recorded_by=by,
            **counted,
        )
        made._be_sound()
        made.save(force_insert=True)
        item.dealt_with_at = workdays.now()
        item.save(update_fields=["dealt_with_at"])
        trail.record("resolution.take", made, by=by, note=vouched)
        if carried:
            made._carry_out(given, by=by)
        return made

    def _be_sound(self):
        if self.due_on and not self.owner:
            raise StepRefused("Bitte nennen Sie, wer es bis dahin umsetzt.")
        if self.due_on and self.due_on < self.decided_on:
            raise StepRefused("Der Termin der Umsetzung liegt vor dem Beschluss.")

    def _carry_out(self, given, *, by):
        """What a resolution about rules, minutes or an earlier resolution does with them."""
        item = self.agenda_item
        if self.verdict == self.Verdict.ADOPT and item.rules:  # type: ignore[union-attr]  # taken on an item
            item.rules.adopt(resolution=self, valid_from=given.get("valid_from") or self.decided_on)  # type: ignore[union-attr]
        if self.verdict == self.Verdict.ADOPT and item.minutes:  # type: ignore[union-attr]
            item.minutes.approve(by=by)  # type: ignore[union-attr]
        if before := item.open_resolution:  # type: ignore[union-attr]
            match given.get("becomes", "open"):
                case "done":
                    before.finish(by=by, evidence=self.text)
                case "dropped":
                    before.drop(by=by, reason=self.text)
                case "later":
                    before.put_off(by=by, due_on=given.get("until"), reason=self.text)

    @classmethod
    def follow_issue(cls, sender, obj, act, record, given, **kwargs) -> None:
        """Receiver of `happened`: what an issue was assigned for is done with its result, or decided anew."""
        given_to = cls.objects.open().filter(issue=obj, verdict=cls.Verdict.ASSIGN)
        if act == "interim_report":  # the group is at work: its next report is what the resolution waits for
            given_to.filter(due_on__lt=obj.due_on or dt.date.min).update(due_on=obj.due_on)
            return
        if act not in ESCALATION.names or record.source not in (State.PROJECT, State.STEERING):
            return
        for one in given_to.select_for_update():
            if act == "solve":
                one.done_on, one.done_by, one.evidence = workdays.today(), record.by, "Ergebnis liegt vor"
                one.save(update_fields=["done_on", "done_by", "evidence"])
                trail.record("resolution.fulfilled", one, by=record.by)
            elif record.source == State.STEERING:
                one.dropped_on = workdays.today()
                one.dropped_because = "Die Lenkungsgruppe hat neu entschieden."
                one.save(update_fields=["dropped_on", "dropped_because"])
                trail.record("resolution.superseded", one, by=record.by)

    @property
    def is_open(self) -> bool:
        return self.due_on is not None and self.done_on is None and self.dropped_on is None

    @property
    def voted(self) -> str:
        """How it was voted, in words; nothing where nobody was asked."""
        counted = f"Ja {self.yes}, Nein {self.no}, Enthaltung {self.abstained}"
        if not self.yes + self.no + self.abstained:
            return "im Konsens" if self.consensus else ""
        return f"im Konsens ({counted})" if self.consensus else counted

    @property
    def is_overdue(self) -> bool:
        return self.is_open and self.due_on < workdays.today()  # type: ignore[operator]  # open ones have a day

    @property
    def standing(self) -> str:
        """In the words of the register."""
        if self.dropped_on:
            return f"entfallen am {self.dropped_on:%d.%m.%Y}"
        if self.done_on:
            return f"umgesetzt am {self.done_on:%d.%m.%Y}"
        if self.due_on is None:
            return "mit dem Beschluss erledigt"
        return "überfällig" if self.is_overdue else "offen"

    @property
    def line(self) -> str:
        """As lists say it. What is resolved on an issue is its step; the text is only why, and alone says nothing."""
        verdict = self.get_verdict_display()
        return f"{verdict[0].upper()}{verdict[1:]}: {self.text}" if self.is_step else self.text

    @property
    def is_step(self) -> bool:
        return self.body_id is not None and self.verdict in STEPS

    # What becomes of it

    @classmethod
    @transaction.atomic
    def enter(
        cls,
        *,
        by,
        municipality,
        organ,
        decided_on,
        text,
        verdict=Verdict.RESOLVE,
        owner="",
        due_on=None,
        issue=None,
        source="",
        confirmed=frozenset(),
    ) -> "Resolution":
        """What the council of a municipality resolved, entered by the office."""
        demand(access.records_municipal_resolutions, by)
        if decided_on > workdays.today():
            raise StepRefused("Der Tag des Beschlusses liegt in der Zukunft. Bitte tragen Sie ihn danach ein.")
        if due_on and not owner:
            raise StepRefused("Bitte nennen Sie, wer es bis dahin umsetzt.")
        if due_on and due_on < decided_on:
            raise StepRefused("Umzusetzen sein kann ein Beschluss nicht vor dem Tag, an dem er gefasst wurde.")
        # The place is part of what a reader learns: a rare nationality in a small municipality may name somebody.
        texts = {"Organ": organ, "Beschluss": text, "Verantwortlich": owner, "Beleg": source}
        texts["Kommune"] = municipality.name
        vouched = pass_gate(texts, by=by, confirmed=confirmed, issue=issue)
        made = cls.objects.create(
            number=cls.next_number(),
            municipality=municipality,
            organ=organ,
            decided_on=decided_on,
            text=text,
            verdict=verdict,
            owner=owner,
            due_on=due_on,
            issue=issue,
            source=source,
            recorded_by=by,
        )
        trail.record("resolution.enter", made, by=by, note=vouched)
        return made

    @transaction.atomic
    def finish(self, *, by, evidence, on: dt.date | None = None, confirmed=frozenset()) -> None:
        """Done on a day (default: today), with what shows it."""
        self._follow(by)
        on = on or workdays.today()
        if not evidence:
            raise StepRefused("Bitte sagen Sie, woran man sieht, dass der Beschluss umgesetzt ist.")
        if on > workdays.today():
            raise StepRefused("Umgesetzt ist ein Beschluss frühestens heute, nicht an einem Tag in der Zukunft.")
        if on < self.decided_on:
            raise StepRefused(f"Dieser Beschluss wurde erst am {self.decided_on:%d.%m.%Y} gefasst.")
        vouched = pass_gate({"Nachweis": evidence}, by=by, confirmed=confirmed, issue=self.issue)
        self.done_on, self.done_by, self.evidence = on, by, evidence
        self.save()
        trail.record("resolution.finish", self, by=by, note=vouched)

    @transaction.atomic
    def drop(self, *, by, reason, confirmed=frozenset()) -> None:
        """It will not be carried out any more, for a reason."""
        self._follow(by)
        if not reason:
            raise StepRefused("Bitte sagen Sie, warum der Beschluss nicht mehr umgesetzt wird.")
        vouched = pass_gate({"Grund": reason}, by=by, confirmed=confirmed, issue=self.issue)
        self.dropped_on, self.dropped_because = workdays.today(), reason
        self.save()
        trail.record("resolution.drop", self, by=by, note=vouched)

    @transaction.atomic
    def put_off(self, *, by, due_on: dt.date, reason, confirmed=frozenset()) -> "Postponement":
        """More time, for a reason; the day it had stays readable."""
        before = self._follow(by)
        if not reason:
            raise StepRefused("Bitte sagen Sie, warum der Beschluss mehr Zeit braucht.")
        if due_on is None or due_on <= workdays.today():
            raise StepRefused("Der neue Termin muss nach dem heutigen Tag liegen.")
        if due_on <= before:
            raise StepRefused(f"Der neue Termin muss nach dem bisherigen liegen, dem {before:%d.%m.%Y}.")
        vouched = pass_gate({"Grund": reason}, by=by, confirmed=confirmed, issue=self.issue)
        made = self.postponements.create(before=before, due_on=due_on, reason=reason, by=by)
        self.due_on = due_on
        self.save()
        note = f"von {before:%d.%m.%Y} auf {due_on:%d.%m.%Y}"
        trail.record("resolution.put_off", self, by=by, note=noted(note, vouched))
        return made

    def _follow(self, by) -> dt.date:
        """Lock and read anew; refuse to whoever may not, and what is not open any more. The day it is due."""
        self.refresh_from_db(from_queryset=Resolution.objects.select_for_update(of=("self",)))
        demand(access.follows_resolution, by, self)
        if self.due_on is None and not self.dropped_on and not self.done_on:
            raise StepRefused("Dieser Beschluss hat keinen Termin: Er war mit dem Beschluss selbst erledigt.")
        if self.due_on is None or not self.is_open:
            raise StepRefused(f"Dieser Beschluss ist schon {self.standing}.")
        return self.due_on


class Postponement(models.Model):
    """A resolution was given more time: the day it had, the day it has since, and why."""

    resolution = models.ForeignKey(Resolution, on_delete=models.CASCADE, related_name="postponements")
    before = models.DateField("bisher bis")
    due_on = models.DateField("jetzt bis")
    reason = models.TextField("Grund", max_length=2000)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=workdays.now)

    class Meta:
        ordering = ["pk"]
        verbose_name = "Terminverschiebung"
        constraints = [
            models.CheckConstraint(name="steering_postponed_to_a_later_day", condition=Q(due_on__gt=F("before"))),
            models.CheckConstraint(name="steering_postponed_for_a_reason", condition=~Q(reason="")),
        ]

    def __str__(self):
        return f"{self.resolution}: {self.before:%d.%m.%Y} auf {self.due_on:%d.%m.%Y}"


#: Verdicts that take the step of the same name.
STEPS = ("assign", "refer_up", "defer", "solve", "decline")
#: What may come of an item, by its kind.
VERDICTS = {
    "tabled": (*STEPS, "reject"),
    "proposal": ("solve", "assign", "refer_up", "defer", "decline", "reject"),
    "information": ("note", "resolve", "reject"),
    "interim": ("note", "resolve", "reject"),
    "resolution": ("resolve", "note", "reject"),
    "rules": ("adopt", "reject"),
    "minutes": ("adopt", "reject"),
    "topic": ("resolve", "note", "reject"),
}
#: Where the text of the resolution goes in the step it takes.
_TEXT_OF = {"assign": "reason", "refer_up": "reason", "defer": "reason", "solve": "result", "decline": "reason"}


def verdicts_of(item: AgendaItem) -> tuple[str, ...]:
    """What may come of it: an issue that waits for another decision, or for none any more, is only noted."""
    if item.kind in AgendaItem.DECIDED and not waits_here(item):
        return (Resolution.Verdict.NOTE.value,)
    return VERDICTS[item.kind]


def waits_here(item: AgendaItem) -> bool:
    issue = item.issue
    return issue is not None and issue.state == State.STEERING and issue.meeting_id == item.meeting_id


@transaction.atomic
def admit(item: AgendaItem, *, by: User, yes: int, no: int, abstained: int) -> bool:
    """The body votes whether to speak of what came after the invitation. Answers whether it will."""
    ballot = Ballot.locked(item)
    item, meeting = ballot.item, ballot.meeting
    demand(access.runs_meetings, by, meeting.body)
    _be_running(meeting)
    if item.admission or not item.waits_for_admission:
        raise StepRefused("Über die Aufnahme dieses Punkts ist nicht (mehr) abzustimmen.")
    ballot.demand_quorum()
    if not 0 < yes + no + abstained <= ballot.quorum.there:
        raise StepRefused(
            f"Abstimmen können die {ballot.quorum.there} Stimmen, die da sind. Bitte prüfen Sie die Zahlen."
        )
    admitted = ballot.rules.admits(yes, no, abstained)
    item.admission = f"{'zugelassen' if admitted else 'nicht zugelassen'}: Ja {yes}, Nein {no}, Enthaltung {abstained}"
    item.admitted_at = workdays.now() if admitted else None
    item.save(update_fields=["admission", "admitted_at"])
    trail.record("agendaitem.admit", item, by=by)
    return admitted


# Checks


def _meeting_of(item) -> Meeting:
    if item.meeting is None:
        raise StepRefused("Dieser Punkt steht noch auf keiner Tagesordnung.")
    return item.meeting


def _be_open_to_change(meeting):
    if meeting.cancelled_at:
        raise StepRefused("Diese Sitzung ist abgesagt.")
    if meeting.closed_at:
        raise StepRefused("Diese Sitzung ist geschlossen; daran ändert nur noch die Niederschrift etwas.")
    minutes = meeting._meta.get_field("minutes").related_model._default_manager  # they stand above the decisions
    minutes.model.demand_open(meeting)


def _be_running(meeting):
    _be_open_to_change(meeting)
    if not meeting.opened_at:
        raise StepRefused("Diese Sitzung ist noch nicht eröffnet. Bitte eröffnen Sie sie zuerst.")


def _be_of(seat, meeting):
    if seat.body_id != meeting.body_id:
        raise StepRefused(f"Dieser Sitz gehört zu einem anderen Gremium als {meeting.body}.")
    if not seat.holds_on(meeting.day):
        raise StepRefused(f"{name_of(seat)} hatte am {meeting.day:%d.%m.%Y} keinen Sitz in diesem Gremium.")


def _decided(item) -> str:
    return f"Zu diesem Punkt ist schon ein Beschluss festgehalten: {item.resolution}."


def _be_ready(ballot, verdict, text):
    item = ballot.item
    _be_running(ballot.meeting)
    if Resolution.objects.filter(agenda_item=item).exists():
        raise StepRefused(_decided(item))
    if item.withdrawn_at:
        raise StepRefused("Dieser Punkt ist abgesetzt.")
    if item.admission and item.waits_for_admission:
        raise StepRefused("Dieser Punkt ist nicht zugelassen; darüber wird heute nicht beschlossen.")
    if item.waits_for_admission:
        raise StepRefused(
            "Dieser Punkt kam nach der Einladung dazu. Bitte lassen Sie zuerst darüber abstimmen, ob er beraten wird."
        )
    if verdict not in verdicts_of(item):
        raise StepRefused("Dieses Ergebnis passt nicht zu diesem Punkt. Bitte wählen Sie ein anderes.")
    if not text:
        raise StepRefused("Bitte halten Sie den Beschluss in Worten fest.")
    if ballot.meeting.is_written and not ballot.is_over:
        left = ballot.quorum.of - ballot.quorum.there
        raise StepRefused(
            f"Die Stimmabgabe läuft noch bis {ballot.meeting.written_until:%d.%m.%Y}; es "
            + ("fehlt 1 Stimme." if left == 1 else f"fehlen {left} Stimmen.")
        )


def _vote(ballot, verdict, consensus, votes, by) -> dict[str, int]:
    """How it was voted; taking note needs no vote."""
    if ballot.meeting.is_written:
        if consensus or votes:
            raise StepRefused("Im Umlaufverfahren zählen die schriftlich abgegebenen Stimmen.")
        return ballot.count()
    if consensus and votes:
        raise StepRefused("Bitte halten Sie entweder den Konsens fest oder die einzelnen Stimmen.")
    if votes:
        ballot.vote_all(votes, by=by)
    elif not consensus and verdict != Resolution.Verdict.NOTE:
        raise StepRefused("Bitte geben Sie an, wie abgestimmt wurde: im Konsens oder mit einzelnen Stimmen.")
    return ballot.count()


def _outcome(ballot, verdict, consensus, counted) -> tuple[str, bool]:
    """The verdict that is recorded, and whether the motion was carried: a vote that fails changes nothing else."""
    if verdict == Resolution.Verdict.NOTE and not any(counted.values()):
        return verdict, True
    carried = accepts(ballot.rules, consensus=consensus, yes=counted["yes"], no=counted["no"])
    if verdict == Resolution.Verdict.REJECT:
        if carried and not consensus:
            raise StepRefused("Mit diesen Stimmen ist der Antrag angenommen. Bitte wählen Sie das Ergebnis, das gilt.")
        return verdict, False
    return (verdict, True) if carried else (Resolution.Verdict.REJECT, False)


def _needs(issue, verdict, text, given) -> dict:
    row = ESCALATION.find(verdict, State.STEERING)
    named = {name: given[name] for name in row.needs if given.get(name)}  # type: ignore[union-attr]  # STEPS leave it
    return {_TEXT_OF[verdict]: text} | named
