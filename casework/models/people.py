"""People: households, clients, and apart from them who they are. Nothing is asked that the advice does not need:
no religion, no ethnicity, no reasons for asylum, no copies of passports, no number of the central register.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, transaction
from django.db.models import Q
from django.urls import reverse

from casework import access, spelling
from casework.lifecycle import OPEN
from casework.models.codes import code_field, codes_field
from kim import trail, workdays
from kim.dated import Dated, inclusive
from kim.models import Code, Municipality
from kim.rules import demand
from kim.workflow import StepRefused

#: Within this time the same words sent again are one form sent twice.
TWICE = dt.timedelta(minutes=1)
#: What of somebody may be put right although nothing else is changed any more.
RECTIFIED = frozenset({"given_name", "family_name", "birth_date", "birth_precision"})


class Household(models.Model):
    """People who are advised together. It has no name of its own."""

    adults = models.PositiveSmallIntegerField("Erwachsene", default=1)
    children = models.PositiveSmallIntegerField("Kinder", default=0)

    class Meta:
        verbose_name = "Haushalt"

    def __str__(self):
        return f"Haushalt {self.pk}: {self.adults} Erwachsene, {self.children} Kinder"

    @property
    def size(self) -> int:
        return self.adults + self.children


class ClientQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(access.clients_seen_by(user))

    def kept_by(self, user):
        """Those `user` advises, and their families."""
        return self.filter(access.clients_kept_by(user))

    def advised_by(self, user):
        """Those among them with an open case, and their families."""
        return self.filter(access.clients_kept_by(user, Q(state__in=OPEN)))


class Client(models.Model):
    """Somebody who is advised, without who that is: the name stands in `Identity`, under a rule of its own."""

    class Gender(models.TextChoices):
        FEMALE = "f", "weiblich"
        MALE = "m", "männlich"
        DIVERSE = "d", "divers"
        NOT_SAID = "-", "k. A."

    household = models.ForeignKey(
        Household, on_delete=models.SET_NULL, null=True, blank=True, related_name="clients", verbose_name="Haushalt"
    )
    municipality = models.ForeignKey(
        Municipality, on_delete=models.PROTECT, related_name="+", verbose_name="Kommune des Wohnorts"
    )
    target_group = code_field(Code.List.TARGET_GROUP, "Zielgruppe")
    gender = models.CharField("Geschlecht", max_length=1, choices=Gender, default=Gender.NOT_SAID)
    citizenships = codes_field(Code.List.CITIZENSHIP, "Staatsangehörigkeiten")
    citizenship_text = models.CharField("Staatsangehörigkeit, frühere Angabe", max_length=40, blank=True)
    arrival_year = models.PositiveSmallIntegerField("Einreise, Jahr", null=True, blank=True)
    arrival_month = models.PositiveSmallIntegerField(
        "Einreise, Monat", null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(12)]
    )
    languages = codes_field(Code.List.LANGUAGE, "Sprachen")
    interpreter_needed = models.BooleanField("Sprachmittlung nötig", default=False)
    german_level = code_field(Code.List.GERMAN_LEVEL, "Deutsch (GER)")

    objects = ClientQuerySet.as_manager()

    class Meta:
        verbose_name = "beratene Person"
        constraints = [
            models.CheckConstraint(
                name="casework_client_arrival_month_has_year",
                condition=Q(arrival_month__isnull=True) | Q(arrival_month__range=(1, 12), arrival_year__isnull=False),
                violation_error_message="Zum Monat der Einreise fehlt das Jahr.",
            ),
            models.CheckConstraint(
                name="casework_client_arrived_in_living_memory",
                condition=Q(arrival_year__isnull=True) | Q(arrival_year__range=(1930, 2100)),
                violation_error_message="Bitte prüfen Sie das Jahr der Einreise.",
            ),
        ]

    def __str__(self):
        return f"beratene Person {self.pk}"

    def get_absolute_url(self):
        return reverse("casework:client_detail", args=[self.pk])

    # Questions

    def current_residence_status(self, day: dt.date | None = None) -> "ResidenceStatus | None":
        return self.residence_statuses.valid_on(day).order_by("-valid_from").first()

    def legal_areas_in_force(self, day: dt.date | None = None) -> list[Code]:
        ids = self.legal_areas.valid_on(day).order_by().values("area")
        return list(Code.objects.filter(pk__in=ids).order_by("position", "label"))

    def legal_area_gaps(self) -> "list[Gap]":
        """The days between two legal areas on which none held, oldest first. Areas may overlap."""
        return gaps_between(self.legal_areas.order_by("valid_from", "pk"))

    # Acts

    @classmethod
    @transaction.atomic
    def enter(cls, *, by, identity, languages=(), citizenships=(), **fields) -> "Client":
        """Somebody new, with who they are (`identity`: fields of Identity). Raises PermissionDenied."""
        demand(access.manages_cases, by)
        made = cls.objects.create(**fields)
        made.languages.set(languages)
        made.citizenships.set(citizenships)
        made.identity = Identity.objects.create(client=made, **identity)
        trail.record("client.enter", made, by=by)
        return made

    @classmethod
    def just_entered(cls, *, by, identity, **fields) -> "Client | None":
        """Whom `by` entered with the very same words a moment ago: a form sent twice. Asked on a locked row."""
        same = {f"identity__{name}": value for name, value in identity.items()} | fields
        entered = trail.lately("client.enter", cls, by=by, since=workdays.now() - TWICE)
        return cls.objects.filter(**same, pk__in=entered).order_by("pk").first()

    @transaction.atomic
    def edit(self, *, by, identity, languages, citizenships=None, **fields) -> None:
        """Of somebody whose cases are locked only what stands in RECTIFIED: that right stays (Art. 16 DSGVO).

        `citizenships` stay as they are where none are given.
        """
        access.demand_client(by, self)
        changed = any(getattr(self, name) != value for name, value in fields.items())
        changed |= any(getattr(self.identity, name) != identity[name] for name in set(identity) - RECTIFIED)
        several = {"languages": languages} | ({} if citizenships is None else {"citizenships": citizenships})
        for name, codes in several.items():
            changed |= {one.pk for one in getattr(self, name).all()} != {one.pk for one in codes}
        if changed:
            access.demand_client_work(by, self)
        for name, value in fields.items():
            setattr(self, name, value)
        self.save()
        for name, codes in several.items():
            getattr(self, name).set(codes)
        for name, value in identity.items():
            setattr(self.identity, name, value)
        self.identity.save()
        trail.record("client.edit", self, by=by)

    @transaction.atomic
    def keep_household(self, *, by, adults, children) -> "Household":
        """How many live together; a household is made where there was none."""
        access.demand_client_work(by, self)
        household = self._household()
        household.adults, household.children = adults, children
        household.save()
        trail.record("client.household", self, by=by)
        return household

    @transaction.atomic
    def add_member(self, *, by, identity, languages=(), citizenships=(), **fields) -> "Client":
        """Somebody of the family, without a case of their own."""
        access.demand_client_work(by, self)
        household = self._household()
        if twin := Client.just_entered(by=by, identity=identity, household=household, **fields):
            return twin
        trail.record("client.household", self, by=by)
        several = {"languages": languages, "citizenships": citizenships}
        return Client.enter(by=by, identity=identity, household=household, **several, **fields)

    @transaction.atomic
    def live_with(self, other: "Client", *, by) -> None:
        """`other`, whom `by` advises too, belongs to this household from now on."""
        access.demand_client_work(by, self)
        access.demand_client_work(by, other)
        if other.pk == self.pk:
            raise StepRefused("Bitte wählen Sie eine andere Person.")
        if other.household_id and other.household_id != self.household_id:
            raise StepRefused("Diese Person gehört schon zu einem anderen Haushalt. Bitte lösen Sie sie dort zuerst.")
        other.household = self._household()
        other.save(update_fields=["household"])
        for one in (self, other):
            trail.record("client.household", one, by=by)

    @transaction.atomic
    def leave_household(self, *, by) -> None:
        """Raises StepRefused where somebody would be out of sight: without a case it is the household that leads to
        them. What others lead there plays no part, so that the answer tells nothing of it.
        """
        access.demand_client_work(by, self)
        if not self.cases.exists():
            raise StepRefused("Ohne eigenen Fall bleibt eine Person im Haushalt, über den sie beraten wird.")
        left, home = Client.objects.exclude(pk=self.pk).filter(household=self.household_id), self.household
        kept = left.filter(cases__in=self.cases.model._default_manager.kept_by(by).values("pk"))
        if home and left.filter(cases__isnull=True).exists() and not kept.exists():
            raise StepRefused("Wer ohne eigenen Fall hier lebt, wäre für Sie nicht mehr zu sehen.")
        self.household = None
        self.save(update_fields=["household"])
        if home and not home.clients.exists():
            home.delete()
        trail.record("client.household", self, by=by)

    def be_held(self) -> None:
        """Lock the row until the end of the transaction, and read the household anew; rows may still refer to it."""
        locked = Client.objects.select_for_update(of=("self",), no_key=True)
        self.refresh_from_db(fields=["household"], from_queryset=locked)

    def _household(self) -> "Household":
        self.be_held()
        if self.household is None:
            self.household = Household.objects.create()
            self.save(update_fields=["household"])
        return self.household

    @transaction.atomic
    def change_legal_area(self, *, by, area=None, begins=None, ends=None, last_day=None) -> None:
        """`area` provides from the day `begins`; the period `ends` (a LegalArea) held until `last_day`, or without one
        until the day before `begins`. Either half may be left out. Raises StepRefused for days that cannot be.
        """
        access.demand_client_work(by, self)
        if ends is not None:
            until = last_day + dt.timedelta(days=1) if last_day else begins
            if until is None:
                raise StepRefused("Bitte nennen Sie den letzten Tag des bisherigen Rechtskreises.")
            if until <= ends.valid_from:
                raise StepRefused("Der bisherige Rechtskreis kann nicht enden, bevor er begonnen hat.")
            self.legal_areas.filter(pk=ends.pk).update(valid_until=until)
        if area is not None:
            if begins is None:
                raise StepRefused("Bitte nennen Sie den ersten Tag des neuen Rechtskreises.")
            if self.legal_areas.filter(area=area, valid_until__isnull=True).exists():
                raise StepRefused(f"Der Rechtskreis {area} läuft schon.")
            if self.legal_areas.filter(area=area, valid_from=begins).exists():
                raise StepRefused(f"Der Rechtskreis {area} ist für diesen Tag schon eingetragen.")
            self.legal_areas.create(area=area, valid_from=begins)
        trail.record("client.legal_area", self, by=by)

    @transaction.atomic
    def change_residence_status(self, *, by, status, valid_from=None, expires_on=None) -> "ResidenceStatus":
        """A new status from a day on; the one before ends with it. The same day corrects it. Raises StepRefused where
        a later one is written down: what holds between the two cannot be told from here.
        """
        self.be_held()
        access.demand_client_work(by, self)
        day = valid_from or workdays.today()
        later = self.residence_statuses.filter(valid_from__gt=day).order_by("valid_from").first()
        if later:
            raise StepRefused(
                f"Ab einem späteren Tag ist schon ein Status eingetragen: {later.status} ab "
                f"{later.valid_from:%d.%m.%Y}. Bitte geben Sie diesen Tag oder einen späteren an; "
                "derselbe Tag berichtigt den Eintrag."
            )
        self.residence_statuses.filter(valid_from=day).delete()
        self.residence_statuses.valid_on(day).update(valid_until=day)
        made = self.residence_statuses.create(status=status, valid_from=day, expires_on=expires_on)
        trail.record("client.residence_status", self, by=by)
        return made


@dataclass(frozen=True)
class Gap:
    """Days without any legal area, half-open: `first` belongs to it, `until` no longer."""

    first: dt.date
    until: dt.date

    @property
    def days(self) -> int:
        return (self.until - self.first).days

    @property
    def span(self) -> str:
        return inclusive(self.first, self.until)

    def __str__(self):
        days = "1 Tag" if self.days == 1 else f"{self.days} Tage"
        return f"{self.span}: {days} ohne Rechtskreis"


def gaps_between(areas: "Iterable[LegalArea]") -> list[Gap]:
    """The days on which none of `areas` held, which come by their first day."""
    gaps: list[Gap] = []
    covered: dt.date | None = None
    for period in areas:
        if covered and period.valid_from > covered:
            gaps.append(Gap(covered, period.valid_from))
        if period.valid_until is None:
            break
        covered = max(covered or period.valid_until, period.valid_until)
    return gaps


def called(names) -> Q:
    """Whose name has every one of `names`, as `spelling.searched` gives them; the texts may be slots."""
    return Q(*(Q(folded__contains=plain) | Q(folded__contains=bones) for plain, bones in names))


class IdentityQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(access.identities_seen_by(user))

    def named(self, words: str):
        """Every word of `words` somewhere in the name, in whatever script or spelling it is typed."""
        return self.filter(called(spelling.searched(words)))


class Identity(models.Model):
    """Who a client is. Apart from the case, so that whoever reads cases need not read names."""

    class Precision(models.TextChoices):
        DAY = "day", "Tag genau"
        MONTH = "month", "nur Monat und Jahr"
        YEAR = "year", "nur Jahr"

    client = models.OneToOneField(Client, on_delete=models.CASCADE, primary_key=True, related_name="identity")
    given_name = models.CharField("Vorname", max_length=120, blank=True)
    family_name = models.CharField("Nachname", max_length=120)
    birth_date = models.DateField("Geburtsdatum", null=True, blank=True)
    birth_precision = models.CharField(
        "Geburtsdatum bekannt", max_length=5, choices=Precision, default=Precision.DAY,
        help_text="Ist der Tag nicht bekannt, steht der erste des Monats oder Jahres.",
    )  # fmt: skip
    phone = models.CharField("Telefon, Messenger", max_length=60, blank=True)
    email = models.EmailField("E-Mail", blank=True)
    street = models.CharField("Straße und Hausnummer", max_length=160, blank=True)
    postal_code = models.CharField("Postleitzahl", max_length=10, blank=True)
    town = models.CharField("Ort", max_length=80, blank=True)

    folded = models.CharField(max_length=spelling.ROOM, editable=False, blank=True)

    objects = IdentityQuerySet.as_manager()

    class Meta:
        verbose_name = "Person"
        constraints = [
            models.CheckConstraint(
                name="casework_identity_rough_birth_date_is_a_first",
                condition=Q(birth_precision="day")
                | Q(birth_precision="month", birth_date__day=1)
                | Q(birth_precision="year", birth_date__day=1, birth_date__month=1),
                violation_error_message="Ist der Tag der Geburt nicht bekannt, steht der erste des Monats oder Jahres.",
            )
        ]
        indexes = [models.Index(fields=["birth_date"])]

    def __str__(self):
        return f"{self.given_name} {self.family_name}".strip()

    def save(self, *args, **kwargs):
        self.folded = spelling.kept(str(self))
        super().save(*args, **kwargs)

    @property
    def listed(self) -> str:
        """As in an alphabetical list."""
        return ", ".join(part for part in (self.family_name, self.given_name) if part)

    @property
    def birth_words(self) -> str:
        if self.birth_date is None:
            return "unbekannt"
        written = {self.Precision.DAY: "%d.%m.%Y", self.Precision.MONTH: "%m/%Y", self.Precision.YEAR: "%Y"}
        return self.birth_date.strftime(written[self.Precision(self.birth_precision)])


class ResidenceStatus(Dated):
    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="residence_statuses")
    status = code_field(Code.List.RESIDENCE_STATUS, "Aufenthaltsstatus", needed=True)
    expires_on = models.DateField("Titel gültig bis", null=True, blank=True)

    class Meta(Dated.Meta):
        verbose_name = "Aufenthaltsstatus"
        ordering = ["-valid_from"]
        constraints = [
            *Dated.Meta.constraints,
            models.UniqueConstraint(fields=["client", "valid_from"], name="casework_one_status_begins_a_day"),
        ]
        indexes = [
            models.Index(
                fields=["expires_on"],
                name="casework_status_expiring",
                condition=Q(expires_on__isnull=False, valid_until__isnull=True),
            )
        ]

    def __str__(self):
        return f"{self.status} {self.span}"


class LegalArea(Dated):
    """Which law provides for somebody, from when until when. A seamless change is what the Land aims at."""

    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="legal_areas")
    area = code_field(Code.List.LEGAL_AREA, "Rechtskreis", needed=True)

    class Meta(Dated.Meta):
        verbose_name = "Rechtskreis"
        ordering = ["valid_from", "pk"]
        constraints = [
            *Dated.Meta.constraints,
            models.UniqueConstraint(fields=["client", "area", "valid_from"], name="casework_area_begins_once"),
        ]

    def __str__(self):
        return f"{self.area} {self.span}"
