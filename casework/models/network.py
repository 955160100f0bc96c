"""The network: a directory of those who help, whom a case was referred to, and conferences about it."""

import datetime as dt
from typing import Any

from django.db import models, transaction
from django.db.models import F, Q
from django.urls import reverse

from casework import access
from casework.models.cases import Case
from casework.models.codes import codes_field
from casework.models.consents import Consent
from casework.models.followups import FollowUp
from kim import trail, workdays
from kim.models import Code, Municipality, Organisation, User
from kim.trigrams import fold
from kim.workflow import StepRefused

#: An entry of the directory that nobody has checked for so long is marked.
STALE_AFTER = dt.timedelta(days=365)
#: The purposes under which an actor may be told something about somebody who is sent there.
PASSES_ON = ("VERWEIS", "AUSTAUSCH")
#: A referral that is neither refused nor done.
GOING = ("sent", "accepted")
WITHDRAWN = "Einwilligung widerrufen"
FORMER = "nicht mehr Träger"


class ActorQuerySet(models.QuerySet):
    def active(self):
        return self.filter(gone_on__isnull=True)

    def gone(self):
        return self.filter(gone_on__isnull=False)

    def stale(self, on=None):
        """Active ones that nobody has confirmed for a year."""
        since = (on or workdays.today()) - STALE_AFTER
        return self.active().filter(Q(confirmed_on__isnull=True) | Q(confirmed_on__lt=since))

    def for_place(self, municipality):
        """Those who help in `municipality`; without a place, they help in the whole county."""
        return self.filter(Q(municipalities__isnull=True) | Q(municipalities=municipality)).distinct()

    def matching(self, words: str):
        found = self
        for word in fold(words).split():
            found = found.filter(folded__contains=word)
        return found


class Actor(models.Model):
    """Somewhere people are sent. Contacts are those of the institution, not of a person."""

    class Kind(models.TextChoices):
        AUTHORITY = "authority", "Behörde"
        WELFARE = "welfare", "Wohlfahrtsverband, Beratungsstelle"
        COURSES = "courses", "Kursträger"
        EDUCATION = "education", "Schule, Kita"
        HEALTH = "health", "Gesundheit"
        WORK = "work", "Arbeit, Ausbildung"
        HOUSING = "housing", "Wohnen"
        VOLUNTEERS = "volunteers", "Ehrenamt"
        OTHER = "other", "Sonstige"

    name = models.CharField("Name", max_length=160)
    kind = models.CharField("Art", max_length=12, choices=Kind)
    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name="Institution, an die eine Einwilligung gehen kann",
    )  # fmt: skip
    responsibility = models.TextField("zuständig für", max_length=2000, blank=True)
    phone = models.CharField("Telefon", max_length=60, blank=True)
    email = models.EmailField("E-Mail", blank=True)
    website = models.URLField("Internet", blank=True)
    address = models.CharField("Adresse", max_length=200, blank=True)
    hours = models.CharField("Zeiten", max_length=200, blank=True)
    municipalities = models.ManyToManyField(Municipality, blank=True, related_name="+", verbose_name="Kommunen")
    confirmed_on = models.DateField("zuletzt bestätigt", null=True, blank=True)
    confirmed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    gone_on = models.DateField("besteht nicht mehr seit", null=True, blank=True)

    folded = models.TextField(editable=False, blank=True)

    objects = ActorQuerySet.as_manager()

    class Meta:
        verbose_name = "Stelle"
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                name="casework_actor_confirmed_by_somebody",
                condition=Q(confirmed_on__isnull=True, confirmed_by__isnull=True)
                | Q(confirmed_on__isnull=False, confirmed_by__isnull=False),
            )
        ]

    def __str__(self):
        return self.name

    def save(self, *args, **kwargs):
        self.folded = fold(f"{self.name} {self.responsibility}")
        super().save(*args, **kwargs)

    def get_absolute_url(self):
        return reverse("casework:actor_detail", args=[self.pk])

    # Questions

    @property
    def is_stale(self) -> bool:
        """Nobody has confirmed it for a year."""
        since = workdays.today() - STALE_AFTER
        return self.gone_on is None and (self.confirmed_on is None or self.confirmed_on < since)

    # Acts

    @classmethod
    @transaction.atomic
    def enter(cls, *, by, municipalities=(), **fields: Any) -> "Actor":
        """A new entry, confirmed by who makes it."""
        access.demand_oneself(access.keeps_directory, by)
        if cls.objects.active().filter(name__iexact=fields["name"], kind=fields["kind"]).exists():
            raise StepRefused("Unter diesem Namen steht schon eine Stelle dieser Art im Verzeichnis.")
        made = cls.objects.create(**fields, confirmed_on=workdays.today(), confirmed_by=by)
        made.municipalities.set(municipalities)
        trail.record("actor.enter", made, by=by)
        return made

    @transaction.atomic
    def edit(self, *, by, municipalities=(), **fields: Any) -> None:
        """Change what is written; who changes it has checked it."""
        self._kept_by(by)
        for name, value in fields.items():
            setattr(self, name, value)
        self.confirmed_on, self.confirmed_by = workdays.today(), by
        self.save()
        self.municipalities.set(municipalities)
        trail.record("actor.edit", self, by=by)

    @transaction.atomic
    def confirm(self, *, by) -> None:
        """Somebody has checked today that all of it is still true."""
        self._kept_by(by)
        self.confirmed_on, self.confirmed_by = workdays.today(), by
        self.save()
        trail.record("actor.confirm", self, by=by)

    @transaction.atomic
    def end(self, *, by, gone_on) -> None:
        """It is no more: what was referred there stays readable, nobody is sent there again."""
        self._kept_by(by)
        if gone_on > workdays.today():
            raise StepRefused("Der Tag kann nicht in der Zukunft liegen.")
        self.gone_on = gone_on
        self.save()
        trail.record("actor.end", self, by=by)

    @transaction.atomic
    def reopen(self, *, by) -> None:
        """Ended by mistake, or there again; confirmed by who says so."""
        self.refresh_from_db(from_queryset=Actor.objects.select_for_update(of=("self",)))
        access.demand_oneself(access.keeps_directory, by)
        if self.gone_on is None:
            raise StepRefused("Diese Stelle besteht.")
        self.gone_on, self.confirmed_on, self.confirmed_by = None, workdays.today(), by
        self.save()
        trail.record("actor.reopen", self, by=by)

    def _kept_by(self, by) -> None:
        self.refresh_from_db(from_queryset=Actor.objects.select_for_update(of=("self",)))
        access.demand_oneself(access.keeps_directory, by)
        if self.gone_on:
            raise StepRefused(f"Diese Stelle besteht seit dem {self.gone_on:%d.%m.%Y} nicht mehr.")


class OfCasesQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(case__in=Case.objects.visible_to(user).values("pk"))


class Referral(models.Model):
    """A case manager brought somebody together with an actor, and watches what becomes of it."""

    class Status(models.TextChoices):
        SENT = "sent", "angefragt"
        ACCEPTED = "accepted", "angenommen"
        REFUSED = "refused", "abgelehnt"
        DONE = "done", "erledigt"

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="referrals")
    actor = models.ForeignKey(Actor, on_delete=models.PROTECT, related_name="+", verbose_name="Stelle")
    consent = models.ForeignKey(
        Consent, on_delete=models.PROTECT, null=True, blank=True, related_name="+",
        help_text="leer: die Person geht selbst hin, es wird nichts übermittelt",
    )  # fmt: skip
    occasion = models.CharField("worum es geht", max_length=300)
    status = models.CharField("Stand", max_length=8, choices=Status, default=Status.SENT)
    sent_on = models.DateField("angefragt am", default=workdays.today)
    answered_on = models.DateField("beantwortet am", null=True, blank=True)
    follow_up_on = models.DateField("nachfragen am", null=True, blank=True)
    note = models.TextField("Notiz", max_length=2000, blank=True)

    objects = OfCasesQuerySet.as_manager()

    class Meta:
        verbose_name = "Weitervermittlung"
        ordering = ["-sent_on", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="casework_referral_answered_when_no_longer_sent",
                condition=Q(status="sent", answered_on__isnull=True)
                | (~Q(status="sent") & Q(answered_on__gte=F("sent_on"))),
            )
        ]
        indexes = [
            models.Index(
                fields=["follow_up_on"],
                name="casework_referral_to_ask",
                condition=Q(follow_up_on__isnull=False, status__in=["sent", "accepted"]),
            )
        ]

    def __str__(self):
        return f"{self.case} an {self.actor}: {self.get_status_display()}"

    @property
    def is_answered(self) -> bool:
        """Refused or done; an accepted one goes on."""
        return self.status in (self.Status.REFUSED, self.Status.DONE)

    @staticmethod
    def consents_for(case, actor):
        """The consents in force by which `actor` may be told something about the person of `case`."""
        if actor.organisation_id is None:
            return Consent.objects.none()
        of_person = Consent.objects.filter(client=case.client_id, recipient=actor.organisation_id)
        return of_person.in_force().filter(purpose__code__in=PASSES_ON).select_related("purpose", "recipient")

    @classmethod
    @transaction.atomic
    def send(cls, case, *, by, actor, occasion, consent=None, sent_on=None, follow_up_on=None, note="") -> "Referral":
        """`consent` is needed as soon as the actor is told anything; it must name the actor's institution. The day
        to ask again comes back as a follow-up of the case.
        """
        access.demand_work(by, case)
        sent_on = sent_on or workdays.today()
        if sent_on > workdays.today():
            raise StepRefused("Eine Weitervermittlung kann nicht in der Zukunft liegen.")
        if actor.gone_on:
            raise StepRefused(f"{actor} besteht seit dem {actor.gone_on:%d.%m.%Y} nicht mehr.")
        if consent and not (
            consent.is_in_force
            and consent.purpose.code in PASSES_ON
            and consent.client_id == case.client_id
            and consent.recipient_id == actor.organisation_id
        ):
            raise StepRefused(f"Die Einwilligung gilt nicht oder nicht für {actor}. Bitte holen Sie eine passende ein.")
        if consent:
            case.demand_agreement()
        made = cls.objects.create(
            case=case, actor=actor, occasion=occasion, consent=consent, sent_on=sent_on, note=note
        )
        trail.record("case.refer_to_actor", case, by=by)
        made._ask_again(follow_up_on, by=by)
        return made

    @transaction.atomic
    def answer(self, *, by, status, answered_on=None, note="", follow_up_on=None) -> None:
        """What came of it. An accepted one may be asked after again; the follow-up planned before is done with that."""
        self.refresh_from_db(from_queryset=Referral.objects.select_for_update(of=("self",)))
        access.demand_work(by, self.case)
        if status == self.Status.SENT:
            raise StepRefused("Bitte wählen Sie, wie die Anfrage ausging.")
        if self.is_answered:
            raise StepRefused(f"Diese Weitervermittlung ist schon beantwortet: {self.get_status_display()}.")
        day = answered_on or workdays.today()
        if not self.sent_on <= day <= workdays.today():
            raise StepRefused(f"Bitte nennen Sie einen Tag vom {self.sent_on:%d.%m.%Y} bis heute.")
        self.status, self.answered_on, self.follow_up_on = status, day, None
        self.note = note or self.note
        self.save()
        trail.record("case.referral_answered", self.case, by=by)
        for waiting in self.follow_ups.open():
            waiting.finish(by=by)
        if status == self.Status.ACCEPTED:
            self._ask_again(follow_up_on, by=by)

    def _ask_again(self, on_day, *, by) -> None:
        if on_day is None:
            return
        if on_day < workdays.today():
            raise StepRefused("Nachgefragt wird frühestens heute.")
        if self.consent and not self.consent.is_in_force:
            raise StepRefused(f"Die Einwilligung gilt nicht mehr. Bei {self.actor} wird nicht mehr nachgefragt.")
        self.follow_up_on = on_day
        self.save(update_fields=["follow_up_on"])
        FollowUp.plan(self.case, by=by, on_day=on_day, text=f"Nachfragen: {self.actor}", referral=self)


class Conference(models.Model):
    """People from several institutions talk about one case, each only with a consent that names them."""

    class Mode(models.TextChoices):
        PRESENCE = "presence", "Präsenz"
        VIDEO = "video", "Video"
        HYBRID = "hybrid", "hybrid"
        CIRCULAR = "circular", "Umlauf"

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="conferences")
    held_on = models.DateField("am")
    mode = models.CharField("Art", max_length=8, choices=Mode, default=Mode.PRESENCE)
    place = models.CharField("Ort", max_length=120, blank=True)
    summary = models.TextField("Ergebnis", max_length=4000, blank=True)
    structural_topics = codes_field(Code.List.TOPIC, "erkannte Strukturthemen")

    objects = OfCasesQuerySet.as_manager()

    class Meta:
        verbose_name = "Fallkonferenz"
        ordering = ["-held_on", "-pk"]

    def __str__(self):
        return f"{self.case}: Fallkonferenz am {self.held_on:%d.%m.%Y}"

    def get_absolute_url(self):
        return reverse("casework:conference_detail", args=[self.pk])

    @classmethod
    @transaction.atomic
    def plan(cls, case, *, by, structural_topics=(), **fields: Any) -> "Conference":
        """A conference about `case`, to come or already held."""
        access.demand_work(by, case)
        made = cls.objects.create(case=case, **fields)
        made.structural_topics.set(structural_topics)
        trail.record("case.conference", case, by=by)
        return made

    @transaction.atomic
    def edit(self, *, by, structural_topics=(), **fields: Any) -> None:
        access.demand_work(by, self.case)
        for name, value in fields.items():
            setattr(self, name, value)
        self.save()
        self.structural_topics.set(structural_topics)
        trail.record("case.conference_edit", self.case, by=by)


class Participant(models.Model):
    """Somebody at a conference. Without a consent for their institution they do not sit there."""

    conference = models.ForeignKey(Conference, on_delete=models.CASCADE, related_name="participants")
    institution = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="+", verbose_name="Institution"
    )
    name = models.CharField("Name oder Funktion", max_length=120, blank=True)
    consent = models.ForeignKey(
        Consent, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="Einwilligung",
        help_text="leer nur beim eigenen Träger",
    )  # fmt: skip
    consent_checked_on = models.DateField("Einwilligung geprüft am", null=True, blank=True)

    class Meta:
        verbose_name = "teilnehmende Stelle"
        constraints = [
            models.CheckConstraint(
                name="casework_participant_consent_is_checked",
                condition=Q(consent__isnull=True) | Q(consent_checked_on__isnull=False),
            )
        ]

    def __str__(self):
        return f"{self.institution}: {self.name}" if self.name else str(self.institution)

    @classmethod
    @transaction.atomic
    def seat(cls, conference, *, by, institution, name="") -> "Participant":
        """Let an institution take part; raises StepRefused unless a consent for conferences names it."""
        case = conference.case
        access.demand_work(by, case)
        if conference.participants.filter(institution=institution, name=name).exists():
            raise StepRefused(f"{institution} nimmt schon teil.")
        consent = Consent.objects.filter(client=case.client_id).covering("KONFERENZ", institution).first()
        if consent is None and institution.pk != case.employer_id:
            raise StepRefused(f"Keine gültige Einwilligung lässt {institution} an einer Fallkonferenz teilnehmen.")
        if consent:
            case.demand_agreement()
        checked = workdays.today() if consent else None
        made = cls.objects.create(
            conference=conference, institution=institution, name=name, consent=consent, consent_checked_on=checked
        )
        trail.record("case.conference_seat", case, by=by)
        return made

    @transaction.atomic
    def remove(self, *, by) -> None:
        """Entered by mistake, or not coming after all."""
        case = self.conference.case
        access.demand_work(by, case)
        self.delete()
        trail.record("case.conference_unseat", case, by=by)


class Agreement(models.Model):
    """What a conference agreed: who does what until when."""

    conference = models.ForeignKey(Conference, on_delete=models.CASCADE, related_name="agreements")
    who = models.CharField("Wer", max_length=120)
    what = models.CharField("Was", max_length=300)
    until = models.DateField("bis", null=True, blank=True)
    done_on = models.DateField("erledigt am", null=True, blank=True)

    class Meta:
        verbose_name = "Vereinbarung"
        ordering = ["until", "pk"]

    def __str__(self):
        return f"{self.who}: {self.what}"

    @classmethod
    @transaction.atomic
    def note(cls, conference, *, by, who, what, until=None) -> "Agreement":
        access.demand_work(by, conference.case)
        made = cls.objects.create(conference=conference, who=who, what=what, until=until)
        trail.record("case.agreement", conference.case, by=by)
        return made

    @transaction.atomic
    def finish(self, *, by) -> None:
        self.refresh_from_db(from_queryset=Agreement.objects.select_for_update(of=("self",)))
        case = self.conference.case
        access.demand_work(by, case)
        if self.done_on:
            raise StepRefused(f"Diese Vereinbarung ist schon seit dem {self.done_on:%d.%m.%Y} erledigt.")
        self.done_on = workdays.today()
        self.save()
        trail.record("case.agreement_done", case, by=by)


def end_with(consent: Consent, *, by) -> None:
    """What a withdrawal ends at once, also of locked cases: nobody is asked any more, and nobody comes to a conference
    after today. Seats until today stay: they say who was there.
    """
    for referral in Referral.objects.select_for_update(of=("self",)).filter(consent=consent, status__in=GOING):
        for waiting in referral.follow_ups.open().select_for_update(of=("self",)):
            waiting.done_on = workdays.today()
            waiting.text = f"{waiting.text[: 198 - len(WITHDRAWN)]}: {WITHDRAWN}"
            waiting.save(update_fields=["done_on", "text"])
            trail.record("case.follow_up_done", referral.case, by=by, note=WITHDRAWN)
        referral.follow_up_on = None
        referral.save(update_fields=["follow_up_on"])
    seats = Participant.objects.filter(consent=consent, conference__held_on__gt=workdays.today())
    for seat in seats.select_related("conference__case"):
        seat.delete()
        trail.record("case.conference_unseat", seat.conference.case, by=by, note=WITHDRAWN)


def end_former(cases, *, by) -> None:
    """After a change of employer: whoever sat at a conference to come as the employer, and needed no consent for that,
    comes to it no more. Seats until today stay: they say who was there.
    """
    seats = Participant.objects.filter(
        consent=None, conference__case__in=[case.pk for case in cases], conference__held_on__gt=workdays.today()
    )
    for seat in seats.exclude(institution=F("conference__case__employer")).select_related("conference__case"):
        seat.delete()
        trail.record("case.conference_unseat", seat.conference.case, by=by, note=FORMER)
