"""Consultations: what was done when, for how many, how long. With a case, or anonymous."""

import datetime as dt
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, transaction
from django.db.models import F, Q
from django.urls import reverse

from casework import access
from casework.models.cases import Case
from casework.models.codes import code_field, codes_field
from casework.models.followups import FollowUp
from casework.models.network import Actor
from kim import trail, workdays
from kim.models import Code, Municipality, Role, User
from kim.workflow import StepRefused, happened

#: The entry of the list of interpreting that tells of a gap in the structure.
INTERPRETER_MISSING = "FEHLTE"
MANY = ("topics", "legal_areas")


class ConsultationQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(access.visible_consultations(user))

    def sent_before(self, user, sent_as):
        """What came with the same form by the same person already: a double click, or a page gone back to."""
        return self.filter(author=user, sent_as=sent_as).first() if sent_as else None

    def written_by(self, user):
        """What `user` wrote and still sees: anonymous ones, and those of cases they work on today."""
        kept = Case.objects.filter(access.kept_cases(user)).values("pk")
        return self.filter(Q(case__isnull=True) | Q(case__in=kept), author=user)

    def anonymous(self):
        return self.filter(case__isnull=True)

    def for_lines(self):
        return self.select_related("case__client__identity", "municipality", "form", "result")


class Consultation(models.Model):
    """One contact or piece of work. Persons and actions are counted apart: one family, three applications."""

    author = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", verbose_name="beraten von")
    case = models.ForeignKey(
        Case, on_delete=models.CASCADE, null=True, blank=True, related_name="consultations", verbose_name="Fall"
    )
    municipality = models.ForeignKey(Municipality, on_delete=models.PROTECT, related_name="+", verbose_name="Kommune")
    held_on = models.DateField("am", default=workdays.today)
    quarter_hours = models.PositiveSmallIntegerField(
        "Dauer in Viertelstunden", default=2, validators=[MinValueValidator(1), MaxValueValidator(32)]
    )
    form = code_field(Code.List.CONTACT_FORM, "Beratungsform", needed=True)
    place = models.CharField("Ort", max_length=120, blank=True)
    topics = codes_field(Code.List.LIFE_DOMAIN, "Themen")
    legal_areas = codes_field(Code.List.LEGAL_AREA, "Rechtskreise")
    language = code_field(Code.List.LANGUAGE, "Sprache")
    interpreter = code_field(Code.List.INTERPRETER, "Sprachmittlung")
    persons = models.PositiveSmallIntegerField("Personen", default=1)
    actions = models.PositiveSmallIntegerField("Aktionen", default=1)
    result = code_field(Code.List.CONSULTATION_RESULT, "Ergebnis")
    referred_actor = models.ForeignKey(
        Actor,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="verwiesen an (Verzeichnis)",
    )
    referred_to = models.CharField("verwiesen an", max_length=160, blank=True)
    next_step = models.CharField("nächster Schritt", max_length=300, blank=True)
    next_on = models.DateField("bis", null=True, blank=True)
    note = models.TextField("Notiz", max_length=6000, blank=True)
    recorded_on = models.DateField("erfasst am", default=workdays.today)
    sent_as = models.UUIDField("Kennung des Formulars, mit dem sie kam", null=True, editable=False)

    objects = ConsultationQuerySet.as_manager()

    class Meta:
        verbose_name = "Beratung"
        ordering = ["-held_on", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="casework_consultation_up_to_eight_hours",
                condition=Q(quarter_hours__range=(1, 32)),
                violation_error_message="Eine Beratung dauert 1 bis 32 Viertelstunden.",
            ),
            models.CheckConstraint(
                name="casework_consultation_counts_somebody",
                condition=Q(persons__gte=1, actions__gte=1),
                violation_error_message="Personen und Aktionen sind mindestens 1.",
            ),
            models.CheckConstraint(
                name="casework_consultation_not_in_the_future",
                condition=Q(held_on__lte=F("recorded_on")),
                violation_error_message="Eine Beratung kann nicht in der Zukunft liegen.",
            ),
            models.UniqueConstraint(fields=["author", "sent_as"], name="casework_consultation_sent_once"),
        ]
        indexes = [
            models.Index(fields=["author", "-held_on", "-id"]),
            models.Index(fields=["case", "-held_on", "-id"]),
            models.Index(fields=["municipality", "held_on"]),
            models.Index(fields=["held_on", "id"]),
            models.Index(
                fields=["author", "-held_on", "-id"], name="casework_consultation_alone", condition=Q(case__isnull=True)
            ),
        ]  # fmt: skip

    def __str__(self):
        return f"Beratung am {self.held_on:%d.%m.%Y}"

    def get_absolute_url(self):
        return reverse("casework:consultation_detail", args=[self.pk])

    # Questions

    @property
    def is_anonymous(self) -> bool:
        return self.case_id is None

    @property
    def minutes(self) -> int:
        return 15 * self.quarter_hours

    @property
    def duration(self) -> dt.timedelta:
        return dt.timedelta(minutes=15 * self.quarter_hours)

    # Acts

    @classmethod
    def record(cls, *, by, case=None, **fields: Any) -> "Consultation":
        """Write down a consultation of `by`; `topics` and `legal_areas` are given as lists.

        With a case, its legal areas hold where none are given, and a next step on a day is a follow-up of it. The
        same `sent_as` twice raises IntegrityError.
        """
        if not by.holds(Role.CASE_MANAGER):
            raise PermissionDenied(access.manages_cases.refusal)
        if case:
            access.demand_work(by, case)
            if "municipality" not in fields:
                fields["municipality_id"] = case.municipality_id
        many: dict[str, list[Code]] = {name: fields.pop(name) for name in MANY if name in fields}
        if case and not many.get("legal_areas"):
            many["legal_areas"] = case.client.legal_areas_in_force()
        made = cls(author=by, case=case, recorded_on=workdays.today(), **fields)
        made._be_past()
        with transaction.atomic(savepoint=False):  # nothing is refused any more; what fails ends the whole
            made.save()
            for name, rows in many.items():
                tie = getattr(cls, name).through
                tie.objects.bulk_create(tie(consultation=made, code=code) for code in rows)
            acts = [("consultation.record", made)]
            if case and made.next_on and made.next_step:
                FollowUp.objects.create(case=case, on_day=made.next_on, text=made.next_step[:200])
                acts.append(("case.follow_up", case))
            trail.record_all(acts, by=by)
            happened.send(cls, obj=made, act="record", record=made, given={})
        return made

    @transaction.atomic
    def edit(self, *, by, **fields: Any) -> None:
        """Correct it. The case it belongs to is chosen once, when it is recorded."""
        if not Consultation.objects.visible_to(by).filter(pk=self.pk).exists() or not by.holds(Role.CASE_MANAGER):
            raise PermissionDenied(access.manages_cases.refusal)
        if self.case:
            access.demand_work(by, self.case)
        for name, value in fields.items():
            if name in MANY:
                getattr(self, name).set(value)
            elif name in ("author", "case", "recorded_on", "sent_as"):
                raise ValueError(f"not edited: {name}")
            else:
                setattr(self, name, value)
        self._be_past()
        self.save()
        trail.record("consultation.edit", self, by=by)

    def _be_past(self):
        if self.held_on > workdays.today():
            raise StepRefused("Eine Beratung kann nicht in der Zukunft liegen.")
