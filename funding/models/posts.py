"""Posts of the three modules, what they are from when until when, who holds them, and who is away."""

import datetime as dt
from collections.abc import Iterable
from typing import ClassVar, Self

from django.db import IntegrityError, models, transaction
from django.db.models import F, Q

from funding import access
from funding.models import placing
from funding.models.programmes import STAFF, Module
from kim import trail, workdays
from kim.addresses import address
from kim.dated import known_choice, valid_on
from kim.facts import FOREVER, Fact
from kim.models import Organisation, User
from kim.rules import demand
from kim.workdays import ONE_DAY
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

    # Questions

    def there_until(self, day: dt.date) -> dt.date | None:
        """The first day after `day` on which the post does not exist; None: no end is set.

        Raises StepRefused when it does not exist on `day`.
        """
        reached = day
        for term in self.terms.believed().within(day, FOREVER).order_by("valid_from"):
            if term.valid_from > reached:
                break
            reached = term.valid_until or FOREVER
        if reached == day:
            raise StepRefused(f"Die Stelle gibt es am {day:%d.%m.%Y} nicht. Bitte wählen Sie einen anderen Tag.")
        return None if reached == FOREVER else reached

    # Acts

    @classmethod
    @transaction.atomic
    def enter(cls, *, by, number, title, module, item, note="", **term) -> "Post":
        """A new post with its first term."""
        demand(access.keeps_posts, by)
        if cls.objects.filter(number__iexact=number).exists():
            raise StepRefused(f"Die Nummer {number} hat schon eine andere Stelle. Bitte wählen Sie eine neue.")
        try:
            with transaction.atomic():
                post = cls.objects.create(number=number, title=title, module=module, item=item, by=by)
        except IntegrityError as error:  # somebody took the number meanwhile
            raise StepRefused(f"Die Nummer {number} ist vergeben. Bitte wählen Sie eine neue.") from error
        trail.record("post.enter", post, by=by, note=note)
        PostTerm.enter(by=by, post=post, **term)
        return post

    @transaction.atomic
    def hand_over(
        self,
        *,
        by,
        giver: "Occupancy",
        last_day: dt.date,
        taker=None,
        first_day=None,
        share=None,
        with_places=False,
        ends_roles=False,
        gives_roles=False,
        source="",
        note="",
    ) -> "Occupancy | None":
        """`giver` ends with `last_day`; `taker` holds `share` (that of the giver unless said) from `first_day` on.

        The giver's places end too when they are passed on or nothing else is held afterwards; roles end only then.
        Answers with what the taker holds.
        """
        demand(access.keeps_posts, by)
        post = self.lock()
        if giver.post_id != self.pk:
            raise StepRefused("Diese Besetzung gehört zu einer anderen Stelle. Bitte wählen Sie eine dieser Stelle.")
        leaver = giver.user
        held = leaver.assignments.filter(known_until__isnull=True).filter(valid_on(last_day))
        passed = list(held.select_related("employer", "municipality")) if with_places else []
        giver.end(last_day, by=by, note=note)
        if with_places:
            placing.end_places(leaver, last_day, by=by)
        roles = placing.leave_behind(leaver, last_day, by=by, ends_roles=ends_roles, module=self.module)
        made = None
        if taker is not None:
            first_day = first_day or last_day + ONE_DAY
            made = Occupancy.enter(
                by=by, post=post, user=taker, share=share or giver.share, valid_from=first_day,
                valid_until=post.there_until(first_day), source=source,
            )  # fmt: skip
            if gives_roles:
                placing.give_roles(taker, roles, first_day, by=by)
            placing.pass_on(passed, taker, first_day, by=by, source=source)
        who = f"Konto {leaver.pk}" + (f", Nachfolge Konto {taker.pk}" if taker else "")
        trail.record("post.hand_over", post, by=by, note=f"{who}, zum {last_day:%d.%m.%Y}")
        return made

    @transaction.atomic
    def fall_away(self, *, by, last_day: dt.date, because: str, ends_roles=False, note="") -> None:
        """There is no such post after `last_day`: its terms and who holds it end, what was planned is withdrawn."""
        demand(access.keeps_posts, by)
        post = self.lock()
        until = last_day + ONE_DAY
        terms = list(post.terms.believed().within(until, FOREVER))
        if not terms:
            raise StepRefused("An diesem Tag gibt es die Stelle schon nicht mehr. Bitte prüfen Sie den letzten Tag.")
        if not post.terms.believed().filter(valid_from__lte=last_day).exists():
            raise StepRefused("Die Stelle gab es an diesem Tag noch nicht. Bitte nehmen Sie ihre Ausgestaltung zurück.")
        for row in [*post.occupancies.believed().within(until, FOREVER).select_related("user"), *terms]:
            if row.valid_from > last_day:
                row.withdraw(by=by, because=because)
            else:
                row.end(last_day, by=by)
            if isinstance(row, Occupancy):
                placing.leave_behind(row.user, last_day, by=by, ends_roles=ends_roles, module=self.module)
        trail.record("post.fall_away", post, by=by, note=", ".join(filter(None, (f"zum {last_day:%d.%m.%Y}", note))))

    def hold_within_terms(self) -> None:
        """Raises StepRefused where somebody holds the post on a day on which it does not exist."""
        for row in self.lock().occupancies.believed().select_related("user", "post"):
            if row.outside_terms():
                raise StepRefused(
                    f"{row.user} hat die Stelle inne ({row.span}). Bitte beenden Sie zuerst diese Besetzung, oder "
                    "wählen Sie „Stelle fällt weg“."
                )

    def lock(self) -> "Post":
        """The post as it stands; who else changes who holds it waits."""
        return Post.lock_all([self])[0]

    @classmethod
    def lock_all(cls, posts: Iterable["Post"]) -> list["Post"]:
        """Several at once, always in the same order, so that two who need the same posts do not block each other."""
        locked = cls._base_manager.select_for_update(of=("self",)).filter(pk__in={post.pk for post in posts})
        return list(locked.order_by("pk"))


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

    # A post that is held cannot have been somewhere else all along: whoever holds it is moved first.

    @transaction.atomic
    def correct(self, *, by, note: str = "", **told) -> Self:
        row = super().correct(by=by, note=note, **told)
        self.post.hold_within_terms()
        return row

    @transaction.atomic
    def end(self, last_day: dt.date, *, by, note: str = "") -> Self:
        row = super().end(last_day, by=by, note=note)
        self.post.hold_within_terms()
        return row

    @transaction.atomic
    def withdraw(self, *, by, because: str, note: str = "") -> Self:
        row = super().withdraw(by=by, because=because, note=note)
        self.post.hold_within_terms()
        return row


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

    # Questions

    def why_not(self) -> str:
        """A post is held only while it exists, and on no day by more than it is; the sentence names its times."""
        return self.outside_terms() or super().why_not() or self._beyond_the_post()

    def outside_terms(self) -> str:
        terms = self.post.terms.believed().within(self.valid_from, self.valid_until or FOREVER).order_by("valid_from")
        reached = self.valid_from
        for term in terms:
            if term.valid_from > reached:
                break
            reached = term.valid_until or FOREVER
        if reached < (self.valid_until or FOREVER):
            spans = "; ".join(term.span for term in self.post.terms.believed()) or "noch nie"
            return f"Die Stelle gibt es: {spans}. Bitte besetzen Sie sie nur in dieser Zeit."
        return ""

    def _beyond_the_post(self) -> str:
        """Who is on a leave, or is substituted, leaves room for somebody else. The order of entering never matters."""
        first, until = self.valid_from, self.valid_until or FOREVER
        others = Occupancy.objects.believed().filter(post=self.post_id).exclude(pk=self.pk).within(first, until)
        rows = [self, *others.select_related("user")]
        if len(rows) == 1 and self.share <= min(
            (term.fte for term in self.post.terms.believed().within(first, until)), default=self.share
        ):
            return ""
        leaves = list(Leave.objects.believed().filter(user__in={row.user_id for row in rows}).within(first, until))
        terms = list(self.post.terms.believed().within(first, until))
        bounds = {first} | {
            day
            for row in [*rows, *leaves, *terms]
            for day in (row.valid_from, row.valid_until)
            if day and first < day < until
        }
        for day in sorted(bounds):
            here = [row for row in rows if row.holds_on(day)]
            room = {leave.user_id for leave in leaves if leave.holds_on(day)}
            room |= {row.substitute_for_id for row in here if row.user_id not in room}
            counted = [row for row in here if row.user_id not in room]
            fte = next((term.fte for term in terms if term.holds_on(day)), None)
            if fte is not None and self in counted and sum(row.share for row in counted) > fte:
                return self._too_much(day, fte, [row for row in counted if row is not self])
        return ""

    def _too_much(self, day: dt.date, fte, others: list["Occupancy"]) -> str:
        if not others:
            return (
                f"Die Stelle hat am {day:%d.%m.%Y} nur {placing.fte(fte)} VZÄ. Bitte wählen Sie einen kleineren Anteil."
            )
        held = ", ".join(f"{row.user} mit {placing.fte(row.share)} VZÄ ({row.span})" for row in others)
        return (
            f"Am {day:%d.%m.%Y} wäre die Stelle mit {placing.fte(fte)} VZÄ mehr als ganz besetzt: {held}. Bitte "
            "beenden Sie diese Besetzung vorher, verkleinern Sie den Anteil oder geben Sie an, wer vertreten wird."
        )

    # Inside

    def _believe(self, act: str, by, note: str) -> Self:
        self.post.lock()
        return super()._believe(act, by, note)


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
    def clarify(self, *, by, on: dt.date, words: str, note: str = "") -> "ReportedFigure":
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
