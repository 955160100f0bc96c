"""What county and municipalities agree on: agreements, kick-off events, and the interfaces between authorities."""

import datetime as dt
from collections.abc import Collection
from typing import ClassVar

from django.db import models, transaction
from django.db.models import F, Q

from kim import trail, workdays
from kim.addresses import address
from kim.dated import inclusive, months_after
from kim.models import Code, Municipality, Organisation, User
from kim.rules import demand
from kim.trigrams import fold
from kim.workflow import StepRefused
from steering import access
from steering.models.choices import only
from steering.models.gate import noted, pass_gate

#: An interface nobody has confirmed for so many months is asked about.
STALE_AFTER = 12


class CooperationQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(access.visible_cooperation(user))


def _places(row) -> list[Municipality]:
    return [row.municipality] if row.municipality else []


class Agreement(models.Model):
    """A co-operation agreement with a municipality („Kooperationsvereinbarung“), one row per version.

    In preparation, sent, signed; in force from `valid_from` until `valid_until` (exclusive; None: without end). What
    the sources prove is in force has `valid_from` and `source`, and no day of signing.
    """

    #: The free texts, as the page and the privacy gate call them.
    TEXTS: ClassVar = {
        "subject": "Gegenstand",
        "contact": "Ansprechstelle der Kommune",
        "signatories": "Unterzeichnet durch",
        "ended_because": "Begründung",
    }

    class Standing(models.TextChoices):
        """What the dates of a version say of it on a day; no column."""

        ENDING = "ending", "läuft aus"
        OVER = "over", "ausgelaufen"
        ENDED = "ended", "beendet"
        PREPARED = "prepared", "in Vorbereitung"
        SENT = "sent", "versandt"
        COMING = "coming", "unterzeichnet, noch nicht in Kraft"
        IN_FORCE = "in_force", "in Kraft"

    municipality = models.ForeignKey(
        Municipality, on_delete=models.PROTECT, related_name="agreements", verbose_name="Kommune"
    )
    version = models.PositiveSmallIntegerField("Fassung")
    subject = models.TextField("Gegenstand", max_length=4000, blank=True)
    sent_on = models.DateField("an die Kommune versandt am", null=True, blank=True)
    signed_on = models.DateField("unterzeichnet am", null=True, blank=True)
    signatories = models.TextField(
        "unterzeichnet durch", max_length=500, blank=True, help_text="Funktionen, keine Namen: eine je Zeile"
    )
    contact = models.CharField(
        "Ansprechstelle der Kommune", max_length=160, blank=True, help_text="Funktion oder Amt, kein Name"
    )
    valid_from = models.DateField("gilt ab", null=True, blank=True)
    valid_until = models.DateField("gilt bis (ausschließlich)", null=True, blank=True)
    renew_months = models.PositiveSmallIntegerField("Verlängerung klären, Monate vor dem Ende", default=6)
    ended_because = models.TextField("vorzeitig beendet, weil", max_length=1000, blank=True)
    source = models.CharField("Beleg", max_length=200, blank=True)
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    at = models.DateTimeField(default=workdays.now)

    objects: ClassVar = CooperationQuerySet.as_manager()

    class Meta:
        ordering = ["municipality", "-version"]
        verbose_name = "Kooperationsvereinbarung"
        constraints = [
            models.UniqueConstraint(fields=["municipality", "version"], name="steering_one_version_of_an_agreement"),
            models.CheckConstraint(
                name="steering_agreement_in_force_is_signed_or_proven",
                condition=Q(valid_from__isnull=True) | Q(signed_on__isnull=False) | ~Q(source=""),
                violation_error_message="Eine Vereinbarung gilt erst, wenn sie unterzeichnet ist.",
            ),
            models.CheckConstraint(
                name="steering_agreement_ends_after_it_starts",
                condition=Q(valid_until__isnull=True) | Q(valid_from__isnull=False, valid_until__gt=F("valid_from")),
                violation_error_message="Das Ende muss nach dem Anfang liegen.",
            ),
            models.CheckConstraint(
                name="steering_agreement_renewed_in_time",
                condition=Q(renew_months__range=(1, 36)),
                violation_error_message="Bitte nennen Sie 1 bis 36 Monate.",
            ),
        ]

    def __str__(self):
        return f"Kooperationsvereinbarung {self.municipality}, Fassung {self.version}"

    def get_absolute_url(self):
        """All versions of a municipality stand on one page."""
        return address("steering:agreement_detail", self.municipality_id)

    # Questions

    @property
    def is_settled(self) -> bool:
        """Signed, or proven to be in force by the sources: it does not change any more, except that it ends."""
        return self.valid_from is not None

    @property
    def last_day(self) -> dt.date | None:
        return self.valid_until - dt.timedelta(days=1) if self.valid_until else None

    @property
    def span(self) -> str:
        return inclusive(self.valid_from, self.valid_until) if self.valid_from else ""

    @property
    def renew_on(self) -> dt.date | None:
        """The day by which it should be clear whether and how it goes on."""
        return months_after(self.valid_until, -self.renew_months) if self.valid_until else None

    def standing_on(self, day: dt.date) -> Standing:
        if self.valid_from is None:
            return self.Standing.SENT if self.sent_on else self.Standing.PREPARED
        if self.valid_until and self.valid_until <= day:
            return self.Standing.ENDED if self.ended_because else self.Standing.OVER
        if self.valid_from > day:
            return self.Standing.COMING
        if self.ended_because or (self.renew_on and self.renew_on <= day):
            return self.Standing.ENDING
        return self.Standing.IN_FORCE

    def words_on(self, day: dt.date) -> str:
        """Its standing with the date that matters: „läuft in 4 Monaten aus“."""
        match self.standing_on(day):
            case self.Standing.SENT:
                return f"versandt am {self.sent_on:%d.%m.%Y}"
            case self.Standing.OVER:
                return f"ausgelaufen am {self.last_day:%d.%m.%Y}"
            case self.Standing.ENDED:
                return f"beendet am {self.last_day:%d.%m.%Y}"
            case self.Standing.COMING:
                return f"unterzeichnet, gilt ab {self.valid_from:%d.%m.%Y}"
            case self.Standing.ENDING:
                return self._ending(day)
            case self.Standing.IN_FORCE:
                return f"in Kraft bis {self.last_day:%d.%m.%Y}" if self.last_day else "in Kraft, ohne festes Ende"
            case standing:
                return str(standing.label)

    def _ending(self, day: dt.date) -> str:
        until = self.valid_until
        if until is None or self.ended_because:
            return f"endet vorzeitig am {self.last_day:%d.%m.%Y}"
        months = (until.year - day.year) * 12 + until.month - day.month - (until.day < day.day)
        if months < 1:
            return f"läuft am {self.last_day:%d.%m.%Y} aus"
        return "läuft in 1 Monat aus" if months == 1 else f"läuft in {months} Monaten aus"

    # Acts

    @classmethod
    @transaction.atomic
    def prepare(cls, municipality, *, by, subject="", contact="", renew_months=6, confirmed=frozenset()) -> "Agreement":
        """The next version; one that is not signed yet is worked on first."""
        demand(access.keeps_cooperation, by)
        Municipality.objects.select_for_update().get(pk=municipality.pk)
        last = cls.objects.filter(municipality=municipality).order_by("-version").first()
        if last and not last.is_settled:
            raise StepRefused(
                f"Fassung {last.version} ist noch nicht unterzeichnet. Bitte bearbeiten Sie diese Fassung weiter."
            )
        made = cls(municipality=municipality, version=last.version + 1 if last else 1, by=by)
        made._write(by, "prepare", confirmed, subject=subject, contact=contact, renew_months=renew_months)
        return made

    @transaction.atomic
    def edit(self, *, by, subject, contact, renew_months, confirmed=frozenset()) -> None:
        self._lock(by)
        self._be_unsigned()
        self._write(by, "edit", confirmed, subject=subject, contact=contact, renew_months=renew_months)

    @transaction.atomic
    def send(self, *, by, sent_on: dt.date) -> None:
        """It goes to the municipality, to be signed."""
        self._lock(by)
        self._be_unsigned()
        if self.sent_on:
            raise StepRefused(f"Diese Fassung ist schon am {self.sent_on:%d.%m.%Y} versandt.")
        if sent_on > workdays.today():
            raise StepRefused("Versandt ist sie erst, wenn sie unterwegs ist: bitte höchstens das heutige Datum.")
        self._write(by, "send", sent_on=sent_on)

    @transaction.atomic
    def sign(self, *, by, signed_on, signatories, valid_from, valid_until=None, confirmed=frozenset()) -> None:
        """Signed by all. The version that holds before it ends on the day this one begins."""
        self._lock(by)
        self._be_unsigned()
        if signed_on > workdays.today():
            raise StepRefused(
                "Unterzeichnet ist sie erst, wenn alle unterschrieben haben: höchstens das heutige Datum."
            )
        if valid_until and valid_until <= valid_from:
            raise StepRefused("Das Ende muss nach dem Anfang liegen.")
        holding = Q(valid_until__isnull=True) | Q(valid_until__gt=valid_from)
        before = Agreement.objects.filter(holding, municipality=self.municipality_id, valid_from__isnull=False)
        for one in before:
            if one.valid_from >= valid_from:
                raise StepRefused(
                    f"Fassung {one.version} gilt ab {one.valid_from:%d.%m.%Y}. Die neue muss danach beginnen."
                )
            one.valid_until = valid_from
            one.save(update_fields=["valid_until"])
        self._write(by, "sign", confirmed, signed_on=signed_on, signatories=signatories, valid_from=valid_from,
                    valid_until=valid_until)  # fmt: skip

    @transaction.atomic
    def end(self, *, by, last_day: dt.date, reason: str, confirmed=frozenset()) -> None:
        """It ends before its time, or it is settled that it will not be renewed."""
        self._lock(by)
        if self.valid_from is None:
            raise StepRefused("Diese Fassung ist nicht in Kraft; sie kann nicht beendet werden.")
        if self.ended_because:
            raise StepRefused(f"Diese Fassung ist schon beendet, zum {self.last_day:%d.%m.%Y}.")
        if last_day < self.valid_from or (self.last_day and last_day > self.last_day):
            raise StepRefused(f"Der letzte Tag muss in der Laufzeit liegen: {self.span}.")
        later = Agreement.objects.filter(municipality=self.municipality_id, valid_from__gt=self.valid_from)
        if self.valid_until and self.valid_until <= workdays.today() and later.exists():
            raise StepRefused("Diese Fassung ist schon von einer neueren abgelöst.")
        self._write(by, "end", confirmed, valid_until=last_day + dt.timedelta(days=1), ended_because=reason)

    def _lock(self, by):
        demand(access.keeps_cooperation, by)
        Municipality.objects.select_for_update().get(pk=self.municipality_id)
        self.refresh_from_db(from_queryset=Agreement.objects.select_for_update(of=("self",)))

    def _be_unsigned(self):
        if self.is_settled:
            raise StepRefused(
                "Eine unterzeichnete Vereinbarung ändert sich nicht mehr. Bitte beginnen Sie eine neue Fassung."
            )

    def _write(self, by, act, confirmed: Collection[str] = frozenset(), **fields):
        named = {label: fields[name] for name, label in self.TEXTS.items() if name in fields}
        vouched = pass_gate(named, by=by, confirmed=confirmed, places=_places(self))
        for name, value in fields.items():
            setattr(self, name, value)
        self.save()
        trail.record(f"agreement.{act}", self, by=by, note=noted(self.municipality, f"Fassung {self.version}", vouched))


class KickOff(models.Model):
    """A kick-off event in a municipality („Auftaktveranstaltung“): who works where, and how authorities meet."""

    municipality = models.ForeignKey(
        Municipality, on_delete=models.PROTECT, related_name="kick_offs", verbose_name="Kommune"
    )
    on_day = models.DateField("Tag")
    day_is_known = models.BooleanField("Tag ist belegt", default=True)
    place = models.CharField("Ort", max_length=160, blank=True)
    held = models.BooleanField("hat stattgefunden", default=False)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    outcome = models.TextField("Ergebnis", max_length=4000, blank=True)
    source = models.CharField("Beleg", max_length=200, blank=True)
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    objects: ClassVar = CooperationQuerySet.as_manager()

    class Meta:
        ordering = ["on_day", "pk"]
        verbose_name = "Auftaktveranstaltung"
        constraints = [
            models.UniqueConstraint(fields=["municipality", "on_day"], name="steering_one_kick_off_per_day"),
            models.CheckConstraint(
                name="steering_kick_off_held_or_cancelled", condition=Q(held=False) | Q(cancelled_at__isnull=True)
            ),
        ]
        indexes = [models.Index(fields=["on_day", "id"])]

    def __str__(self):
        return f"Auftaktveranstaltung {self.municipality}, {self.on_day:%d.%m.%Y}"

    def get_absolute_url(self):
        return address("steering:kickoff_detail", self.pk)

    # Questions

    @property
    def is_planned(self) -> bool:
        return not self.held and self.cancelled_at is None

    @property
    def standing(self) -> str:
        if self.cancelled_at:
            return "abgesagt"
        if self.held:
            return "hat stattgefunden"
        return "geplant" if self.on_day >= workdays.today() else "Ergebnis fehlt noch"

    @property
    def day_words(self) -> str:
        return f"{self.on_day:%d.%m.%Y}" if self.day_is_known else f"spätestens {self.on_day:%d.%m.%Y}"

    # Acts

    @classmethod
    @transaction.atomic
    def plan(cls, *, by, municipality, on_day, place="", confirmed=frozenset()) -> "KickOff":
        demand(access.keeps_cooperation, by)
        made = cls(municipality=municipality, on_day=on_day, place=place, by=by)
        made._be_alone_on(on_day)
        made._write(by, "plan", confirmed, {"Ort": place})
        return made

    @transaction.atomic
    def edit(self, *, by, on_day, place, outcome=None, confirmed=frozenset()) -> None:
        """Another day or place; once it was held, also what came of it."""
        self._lock(by)
        self._be_on()
        self._be_alone_on(on_day)
        if self.held and on_day > workdays.today():
            raise StepRefused("Die Veranstaltung hat schon stattgefunden; ihr Tag kann nicht in der Zukunft liegen.")
        if on_day != self.on_day:
            self.day_is_known = True
        self.on_day, self.place = on_day, place
        if self.held and outcome is not None:
            self.outcome = outcome
        self._write(by, "edit", confirmed, {"Ort": place, "Ergebnis": outcome or ""})

    @transaction.atomic
    def hold(self, *, by, outcome: str, confirmed=frozenset()) -> None:
        """It took place, and this came of it."""
        self._lock(by)
        self._be_on()
        if self.held:
            raise StepRefused("Das Ergebnis steht schon da; bitte ändern Sie es über „Ändern“.")
        if self.on_day > workdays.today():
            raise StepRefused(f"Die Veranstaltung ist erst am {self.on_day:%d.%m.%Y}.")
        self.held, self.outcome = True, outcome
        self._write(by, "hold", confirmed, {"Ergebnis": outcome})

    @transaction.atomic
    def cancel(self, *, by) -> None:
        self._lock(by)
        self._be_on()
        if self.held:
            raise StepRefused("Was stattgefunden hat, kann nicht mehr abgesagt werden.")
        self.cancelled_at = workdays.now()
        self._write(by, "cancel")

    @transaction.atomic
    def admit(self, *, by, sector, organisation=None, name="", legal_area=None, persons=None, confirmed=frozenset()):
        """Somebody takes part: an institution of the list, or a place that `name` says. Nobody by name."""
        self._lock(by)
        self._be_on()
        if organisation is None and not name:
            raise StepRefused("Bitte nennen Sie eine Institution oder Stelle.")
        if sector == KickOffParticipant.Sector.LEGAL and legal_area is None:
            raise StepRefused("Bitte wählen Sie den Rechtskreis, für den die Stelle dabei ist.")
        given = {"sector": sector, "organisation": organisation, "name": name}
        given["legal_area"] = legal_area if sector == KickOffParticipant.Sector.LEGAL else None
        if self.participants.filter(**{key: value for key, value in given.items() if value}).exists():
            raise StepRefused("Diese Stelle steht schon in der Liste. Entfernen Sie sie erst, um sie zu ändern.")
        vouched = pass_gate({"Stelle": name}, by=by, confirmed=confirmed, places=_places(self))
        made = self.participants.create(**given, persons=persons)
        trail.record("kickoff.admit", self, by=by, note=noted(self.municipality, vouched))
        return made

    @transaction.atomic
    def strike(self, participant, *, by) -> None:
        """A line of the list of participants was wrong."""
        self._lock(by)
        self._be_on()
        self.participants.filter(pk=participant.pk).delete()
        trail.record("kickoff.strike", self, by=by, note=str(self.municipality))

    def _lock(self, by):
        demand(access.keeps_cooperation, by)
        self.refresh_from_db(from_queryset=KickOff.objects.select_for_update(of=("self",)))

    def _be_on(self):
        if self.cancelled_at:
            raise StepRefused("Diese Veranstaltung ist abgesagt. Bitte planen Sie eine neue.")

    def _be_alone_on(self, day):
        Municipality.objects.select_for_update().get(pk=self.municipality_id)
        if KickOff.objects.filter(municipality=self.municipality_id, on_day=day).exclude(pk=self.pk).exists():
            raise StepRefused(
                f"Für {self.municipality} ist am {day:%d.%m.%Y} schon eine Auftaktveranstaltung eingetragen."
            )

    def _write(self, by, act, confirmed: Collection[str] = frozenset(), texts=None):
        vouched = pass_gate(texts or {}, by=by, confirmed=confirmed, places=_places(self))
        self.save()
        note = noted(self.municipality, f"{self.on_day:%d.%m.%Y}", vouched)
        trail.record(f"kickoff.{act}", self, by=by, note=note)


class KickOffParticipant(models.Model):
    """An institution at a kick-off event, its sector and how many people came; nobody by name."""

    class Sector(models.TextChoices):
        ADMINISTRATION = "administration", "Kommunalverwaltung"
        WELFARE = "welfare", "Wohlfahrt"
        LEGAL = "legal", "Rechtskreis"
        OTHER = "other", "Sonstige"

    event = models.ForeignKey(KickOff, on_delete=models.CASCADE, related_name="participants")
    sector = models.CharField("Bereich", max_length=14, choices=Sector)
    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="Institution"
    )
    name = models.CharField("Stelle", max_length=120, blank=True, help_text="wenn sie nicht in der Liste steht")
    legal_area = models.ForeignKey(
        Code, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="Rechtskreis",
        limit_choices_to={"list": Code.List.LEGAL_AREA},
    )  # fmt: skip
    persons = models.PositiveSmallIntegerField("Personen", null=True, blank=True)

    class Meta:
        ordering = ["sector", "pk"]
        constraints = [
            models.CheckConstraint(
                name="steering_participant_is_somewhere",
                condition=Q(organisation__isnull=False) | ~Q(name=""),
                violation_error_message="Bitte nennen Sie eine Institution oder Stelle.",
            ),
            only("participant", "sector", ["administration", "welfare", "legal", "other"]),
        ]

    def __str__(self):
        return str(self.organisation or self.name)


class InterfaceQuerySet(CooperationQuerySet):
    def in_use(self):
        return self.filter(retired_on__isnull=True)

    def retired(self):
        return self.filter(retired_on__isnull=False)

    def stale(self):
        """In use, and neither confirmed nor written down within STALE_AFTER months."""
        day = months_after(workdays.today(), -STALE_AFTER)
        never = Q(confirmed_on__isnull=True, at__lt=dt.datetime.combine(day, dt.time(0), workdays.BERLIN))
        return self.in_use().filter(never | Q(confirmed_on__lt=day))


class Interface(models.Model):
    """Where two authorities meet in one person's matter („Schnittstelle“): what is handed over, and how.

    The way of working in force is the latest InterfaceWay.
    """

    title = models.CharField("Schnittstelle", max_length=140)
    between = models.ManyToManyField(Organisation, related_name="interfaces", verbose_name="zwischen")
    municipality = models.ForeignKey(
        Municipality,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="interfaces",
        verbose_name="Kommune",
        help_text="leer: im ganzen Kreis",
    )
    legal_areas = models.ManyToManyField(
        Code, blank=True, related_name="+", verbose_name="Rechtskreise", limit_choices_to={"list": Code.List.LEGAL_AREA}
    )
    description = models.TextField("Worum geht es?", max_length=2000, blank=True)
    identified_at = models.ForeignKey(
        KickOff, on_delete=models.PROTECT, null=True, blank=True, related_name="interfaces", verbose_name="erkannt bei"
    )
    confirmed_on = models.DateField("zuletzt bestätigt am", null=True, blank=True)
    confirmed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    retired_on = models.DateField("entfallen am", null=True, blank=True)
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    at = models.DateTimeField(default=workdays.now)
    folded = models.TextField(editable=False, blank=True)

    objects: ClassVar = InterfaceQuerySet.as_manager()

    class Meta:
        ordering = ["title"]
        verbose_name = "Schnittstelle"

    def __str__(self):
        return self.title

    def get_absolute_url(self):
        return address("steering:interface_detail", self.pk)

    def save(self, *args, **kwargs):
        self.folded = fold(f"{self.title} {self.description}")
        super().save(*args, **kwargs)

    # Questions

    @property
    def is_stale(self) -> bool:
        """The same as InterfaceQuerySet.stale."""
        known = self.confirmed_on or self.at.astimezone(workdays.BERLIN).date()
        return self.retired_on is None and known < months_after(workdays.today(), -STALE_AFTER)

    # Acts

    @classmethod
    @transaction.atomic
    def identify(
        cls, *, by, title, between, municipality=None, legal_areas=(), description="", identified_at=None, way="",
        agreed_on=None, confirmed=frozenset(),
    ) -> "Interface":  # fmt: skip
        """A new entry of the register; with `way`, also how the authorities agreed to work there."""
        demand(access.keeps_cooperation, by)
        made = cls(title=title, municipality=municipality, description=description, identified_at=identified_at, by=by)
        made._write(by, "identify", confirmed, between, legal_areas)
        if way:
            made.agree(by=by, text=way, agreed_on=agreed_on or workdays.today(), event=identified_at,
                       confirmed=confirmed)  # fmt: skip
        return made

    @transaction.atomic
    def edit(
        self, *, by, title, between, municipality=None, legal_areas=(), description="", identified_at=None,
        confirmed=frozenset(),
    ) -> None:  # fmt: skip
        self._lock(access.keeps_cooperation, by)
        self._be_in_use()
        self.title, self.municipality, self.description = title, municipality, description
        self.identified_at = identified_at
        self._write(by, "edit", confirmed, between, legal_areas)

    @transaction.atomic
    def agree(self, *, by, text, agreed_on, event=None, confirmed=frozenset()) -> "InterfaceWay":
        """A new way of working. It is what was just agreed, so it counts as confirmed."""
        self._lock(access.keeps_cooperation, by)
        self._be_in_use()
        if agreed_on > workdays.today():
            raise StepRefused("Vereinbart ist es erst, wenn alle zugestimmt haben: bitte höchstens das heutige Datum.")
        latest = self.ways.first()
        if latest and agreed_on < latest.agreed_on:
            raise StepRefused(
                f"Die jetzige Arbeitsweise ist vom {latest.agreed_on:%d.%m.%Y}; die neue muss jünger sein."
            )
        vouched = pass_gate({"vereinbarte Arbeitsweise": text}, by=by, confirmed=confirmed, places=_places(self))
        made = self.ways.create(text=text, agreed_on=agreed_on, event=event, by=by)
        self.confirmed_on, self.confirmed_by = max(agreed_on, self.confirmed_on or agreed_on), by
        self.save(update_fields=["confirmed_on", "confirmed_by"])
        trail.record("interface.agree", self, by=by, note=noted(self._where, vouched))
        return made

    @transaction.atomic
    def confirm(self, *, by) -> None:
        """The authorities still work there as agreed."""
        self._lock(access.confirms_interfaces, by)
        self._be_in_use()
        self.confirmed_on, self.confirmed_by = workdays.today(), by
        self.save(update_fields=["confirmed_on", "confirmed_by"])
        trail.record("interface.confirm", self, by=by, note=self._where)

    @transaction.atomic
    def retire(self, *, by) -> None:
        """There is no such interface any more; issues that refer to it still say so."""
        self._lock(access.keeps_cooperation, by)
        self._be_in_use()
        self.retired_on = workdays.today()
        self.save(update_fields=["retired_on"])
        trail.record("interface.retire", self, by=by, note=self._where)

    @transaction.atomic
    def reopen(self, *, by) -> None:
        self._lock(access.keeps_cooperation, by)
        if self.retired_on is None:
            raise StepRefused("Diese Schnittstelle ist in Gebrauch.")
        self.retired_on = None
        self.save(update_fields=["retired_on"])
        trail.record("interface.reopen", self, by=by, note=self._where)

    @property
    def _where(self) -> str:
        return str(self.municipality or "ganzer Kreis")

    def _lock(self, check, by):
        demand(check, by)
        self.refresh_from_db(from_queryset=Interface.objects.select_for_update(of=("self",)))

    def _be_in_use(self):
        if self.retired_on:
            raise StepRefused(f"Diese Schnittstelle ist seit dem {self.retired_on:%d.%m.%Y} entfallen.")

    def _write(self, by, act, confirmed, between, legal_areas):
        if len(set(between)) < 2:
            raise StepRefused("Eine Schnittstelle liegt zwischen mindestens zwei Stellen.")
        texts = {"Schnittstelle": self.title, "Worum geht es?": self.description}
        vouched = pass_gate(texts, by=by, confirmed=confirmed, places=_places(self))
        self.save()
        self.between.set(between)
        self.legal_areas.set(legal_areas)
        trail.record(f"interface.{act}", self, by=by, note=noted(self._where, vouched))


class InterfaceWay(models.Model):
    """How the authorities agreed to work at an interface, from a day on. An earlier way stays to be read."""

    interface = models.ForeignKey(Interface, on_delete=models.CASCADE, related_name="ways")
    text = models.TextField("vereinbarte Arbeitsweise", max_length=4000)
    agreed_on = models.DateField("vereinbart am")
    event = models.ForeignKey(KickOff, on_delete=models.PROTECT, null=True, blank=True, related_name="ways")
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=workdays.now)

    class Meta:
        ordering = ["-agreed_on", "-pk"]
        verbose_name = "Arbeitsweise"

    def __str__(self):
        return f"{self.interface}, {self.agreed_on:%d.%m.%Y}"
