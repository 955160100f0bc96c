"""Posts of the three modules, what they are from when until when, who holds them, and who is away."""

import datetime as dt
from typing import ClassVar, Self

from django.db import models, transaction
from django.db.models import F, Q

from funding import access
from funding.models.programmes import STAFF, Module
from kim import trail, workdays
from kim.addresses import address
from kim.dated import known_choice
from kim.facts import FOREVER, Fact
from kim.models import Organisation, User
from kim.workflow import OutOfTurn, StepRefused


class PostQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(access.visible_posts(user))


class Post(models.Model):
    """A post („Stelle“): its number and what it is for never change; all else is a term or an occupancy."""

    number = models.SlugField("Nummer", max_length=40, unique=True, help_text="kurz und eindeutig, etwa M2-05")
    title = models.CharField("Bezeichnung", max_length=160)
    module = models.CharField("Modul", max_length=16, choices=Module)
    item = models.CharField("Art der Stelle", max_length=10, choices=[(one.value, one.label) for one in STAFF])
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    at = models.DateTimeField(default=workdays.now)

    objects: ClassVar = PostQuerySet.as_manager()

    class Meta:
        ordering = ["module", "number"]
        verbose_name = "Stelle"
        constraints = [
            known_choice("funding_post", "module", Module),
            known_choice("funding_post", "item", STAFF),
        ]
        indexes = [models.Index(fields=["module", "number"])]

    def __str__(self):
        return self.title

    def get_absolute_url(self):
        return address("funding:post_detail", self.pk)


class PostTerm(Fact):
    """What a post is from a day to a day. Outside its terms a post does not exist.

    The notices of `recipient` for the module of the post are what pays for it.
    """

    ALONE: ClassVar = ("post",)
    TEXTS: ClassVar = {"function": "Aufgabe", "source": "Beleg"}

    post = models.ForeignKey(Post, on_delete=models.PROTECT, related_name="terms", verbose_name="Stelle")
    fte = models.DecimalField("Umfang (VZÄ)", max_digits=4, decimal_places=3)
    employer = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="+", verbose_name="Anstellungsträger"
    )
    recipient = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="+", verbose_name="gefördert über"
    )
    function = models.CharField("Aufgabe", max_length=160, blank=True)
    pay_grade = models.CharField("Entgelt- oder Besoldungsgruppe", max_length=20, blank=True)
    plan_number = models.CharField("Nummer im Stellenplan", max_length=40, blank=True)
    kw = models.BooleanField("kw-Vermerk (künftig wegfallend)", default=False)
    kw_on = models.DateField("kw zum", null=True, blank=True)

    class Meta(Fact.Meta):
        ordering = ["post", "valid_from"]
        verbose_name = "Ausgestaltung einer Stelle"
        constraints = [
            *Fact.Meta.constraints,
            models.CheckConstraint(
                name="funding_postterm_fte_within_bounds",
                condition=Q(fte__gt=0, fte__lte=1),
                violation_error_message="Eine Stelle hat mehr als 0 und höchstens 1 VZÄ.",
            ),
            models.CheckConstraint(
                name="funding_postterm_kw_day_needs_kw",
                condition=Q(kw_on__isnull=True) | Q(kw=True),
                violation_error_message="Ein Tag zum kw-Vermerk setzt den kw-Vermerk voraus.",
            ),
        ]
        indexes = [
            models.Index(fields=["post", "valid_from"]),
            models.Index(fields=["recipient", "valid_from"]),
        ]

    def __str__(self):
        return f"{self.post}, {self.span}"


class Occupancy(Fact):
    """Somebody holds `share` FTE of a post. Two people may share a post; one holds it once at a time."""

    ALONE: ClassVar = ("post", "user")
    OVERLAPS: ClassVar = (
        "Diese Person hat diese Stelle schon inne ({other}). Bitte ändern Sie die bestehende Besetzung."
    )

    post = models.ForeignKey(Post, on_delete=models.PROTECT, related_name="occupancies", verbose_name="Stelle")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="occupancies", verbose_name="Person")
    share = models.DecimalField("Anteil (VZÄ)", max_digits=4, decimal_places=3)
    substitute_for = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="vertritt"
    )

    class Meta(Fact.Meta):
        ordering = ["post", "valid_from", "pk"]
        verbose_name = "Besetzung"
        constraints = [
            *Fact.Meta.constraints,
            models.CheckConstraint(
                name="funding_occupancy_share_within_bounds",
                condition=Q(share__gt=0, share__lte=1),
                violation_error_message="Der Anteil ist größer als 0 und höchstens 1 VZÄ.",
            ),
            models.CheckConstraint(
                name="funding_occupancy_substitutes_somebody_else",
                condition=Q(substitute_for__isnull=True) | ~Q(substitute_for=F("user")),
                violation_error_message="Man kann sich nicht selbst vertreten.",
            ),
        ]
        indexes = [
            models.Index(fields=["post", "valid_from"]),
            models.Index(fields=["user", "valid_from"]),
        ]

    def __str__(self):
        return f"{self.user}: {self.post}, {self.span}"

    def why_not(self) -> str:
        """A post is held only while it exists; the sentence names its times."""
        terms = self.post.terms.believed().within(self.valid_from, self.valid_until or FOREVER).order_by("valid_from")
        reached = self.valid_from
        for term in terms:
            if term.valid_from > reached:
                break
            reached = term.valid_until or FOREVER
        if reached < (self.valid_until or FOREVER):
            spans = "; ".join(term.span for term in self.post.terms.believed()) or "noch nie"
            return f"Die Stelle gibt es: {spans}. Bitte besetzen Sie sie nur in dieser Zeit."
        return super().why_not()


class Leave(Fact):
    """Somebody is away for long. Whether the post counts as filled meanwhile is said, not guessed."""

    class Kind(models.TextChoices):
        PARENTAL = "parental", "Elternzeit"
        MATERNITY = "maternity", "Mutterschutz"
        ILLNESS = "illness", "lange Erkrankung"
        UNPAID = "unpaid", "Beurlaubung ohne Entgelt"
        SECONDED = "seconded", "Abordnung"

    ALONE: ClassVar = ("user",)
    OVERLAPS: ClassVar = "Für diese Zeit ist schon eine Unterbrechung eingetragen ({other}). Bitte ändern Sie diese."

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="leaves", verbose_name="Person")
    kind = models.CharField("Grund", max_length=10, choices=Kind)
    counts = models.BooleanField("Stelle zählt weiter als besetzt", default=False)

    class Meta(Fact.Meta):
        ordering = ["user", "valid_from"]
        verbose_name = "Unterbrechung"
        constraints = [
            *Fact.Meta.constraints,
            known_choice("funding_leave", "kind", ["parental", "maternity", "illness", "unpaid", "seconded"]),
        ]
        indexes = [models.Index(fields=["user", "valid_from"])]

    def __str__(self):
        return f"{self.user}: Unterbrechung, {self.span}"


class ReportedFigureQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(access.visible_reported(user))


class ReportedFigure(models.Model):
    """What a paper says about posts as of a day. It is kept beside what KIM counts, also where the two contradict."""

    class Measure(models.TextChoices):
        GRANTED = "granted", "vorgesehene VZÄ"
        FILLED = "filled", "besetzte VZÄ"
        PERSONS = "persons", "besetzte Stellen (Köpfe)"

    document = models.CharField("Unterlage", max_length=160)
    reported_on = models.DateField("Datum der Unterlage")
    as_of = models.DateField("Stand der Angabe")
    module = models.CharField("Modul", max_length=16, choices=Module)
    measure = models.CharField("was", max_length=8, choices=Measure)
    value = models.DecimalField("Wert", max_digits=7, decimal_places=3)
    words = models.CharField("wie es dort steht", max_length=300, blank=True)
    clarified_on = models.DateField("geklärt am", null=True, blank=True)
    clarification = models.TextField("Klärung", max_length=1000, blank=True)
    clarified_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    at = models.DateTimeField(default=workdays.now)

    objects: ClassVar = ReportedFigureQuerySet.as_manager()

    class Meta:
        ordering = ["as_of", "module", "measure", "pk"]
        verbose_name = "Angabe einer Unterlage"
        constraints = [
            known_choice("funding_reportedfigure", "module", Module),
            known_choice("funding_reportedfigure", "measure", ["granted", "filled", "persons"]),
            models.UniqueConstraint(
                fields=["document", "as_of", "module", "measure", "words"], name="funding_reported_once"
            ),
            models.CheckConstraint(
                name="funding_reported_is_not_negative",
                condition=Q(value__gte=0),
                violation_error_message="Eine Angabe ist nicht negativ.",
            ),
            models.CheckConstraint(
                name="funding_reported_clarified_in_words",
                condition=Q(clarified_on__isnull=True, clarification="")
                | (Q(clarified_on__isnull=False) & ~Q(clarification="")),
                violation_error_message="Bitte schreiben Sie, wie der Widerspruch geklärt wurde.",
            ),
        ]

    def __str__(self):
        return f"{self.document}: {self.get_measure_display()}"

    def get_absolute_url(self):
        return address("funding:reported_detail", self.pk)

    # Acts

    @classmethod
    @transaction.atomic
    def enter(cls, *, by, note: str = "", **told) -> Self:
        """What a paper says; the same of the same paper only once. Raises StepRefused, or ValidationError."""
        row = cls(**told, by=by)
        if row.reported_on > workdays.today():
            raise StepRefused("Das Datum der Unterlage liegt in der Zukunft. Bitte prüfen Sie es.")
        same = ("document", "as_of", "module", "measure", "words")
        if cls.objects.filter(**{name: getattr(row, name) for name in same}).exists():
            raise StepRefused("Diese Angabe der Unterlage ist schon eingetragen. Bitte öffnen Sie sie in der Liste.")
        row.clean_fields(exclude=["by", "clarified_by"])
        row.validate_constraints()
        row.save(force_insert=True)
        trail.record("reportedfigure.enter", row, by=by, note=note)
        return row

    @transaction.atomic
    def clarify(self, *, by, on: dt.date, words: str, note: str = "") -> Self:
        """How it was found out what is true; from then on the figure contradicts no more. What it says stays."""
        row = type(self).objects.select_for_update().get(pk=self.pk)
        if row.clarified_on is not None:
            raise OutOfTurn("Diese Angabe ist inzwischen geklärt. Bitte lesen Sie, was dazu eingetragen ist.")
        if not row.reported_on <= on <= workdays.today():
            raise StepRefused(
                f"Geklärt wird zwischen dem Datum der Unterlage ({row.reported_on:%d.%m.%Y}) und heute. "
                "Bitte wählen Sie einen Tag dazwischen."
            )
        row.clarified_on, row.clarification, row.clarified_by = on, words, by
        row.clean_fields(exclude=["by", "clarified_by"])
        row.validate_constraints()
        row.save(update_fields=["clarified_on", "clarification", "clarified_by"])
        trail.record("reportedfigure.clarify", row, by=by, note=note)
        return row
