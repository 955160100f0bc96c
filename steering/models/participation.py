"""Asked early: statements of welfare organisations and others on an issue or a draft, before it is implemented."""

import datetime as dt
from collections.abc import Iterable

from django.db import models, transaction
from django.db.models import Case, Exists, F, OuterRef, Q, When
from django.utils import timezone

from kim import trail, workdays
from kim.addresses import address
from kim.models import Organisation, RoleGrant, User
from kim.rules import demand
from kim.trigrams import fold
from kim.workflow import StepRefused, happened
from steering import access
from steering.models.gate import pass_gate
from steering.models.issues import Issue
from steering.models.rules import RulesOfProcedure


def accounts_of_institutions(day=None):
    """Accounts that may sign in, work for an institution and hold a role with content on `day`."""
    working = RoleGrant.objects.valid_on(day or workdays.today()).filter(role__in=access.CONTENT_ROLES)
    return User.objects.filter(is_active=True, organisation__isnull=False, pk__in=working.values("user"))


def institutions():
    """Everybody who can be asked, welfare first, with `reachable`: whether an account there will read it."""
    there = accounts_of_institutions().filter(organisation=OuterRef("pk"))
    welfare_first = Case(When(kind=Organisation.Kind.WELFARE, then=0), default=1)
    return Organisation.objects.annotate(reachable=Exists(there)).order_by(welfare_first, "name")


class StatementQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(access.visible_statements(user))

    def named(self):
        """With `organisation_name`, as a section of a page lists them, and no text."""
        told = self.annotate(organisation_name=F("organisation__name")).order_by("due_on", "pk")
        return told.only("organisation", "issue", "rules", "due_on", "received_on", "withdrawn_on")

    def outstanding(self):
        """Asked for, and neither received nor taken back."""
        return self.filter(received_on__isnull=True, withdrawn_on__isnull=True)


class Statement(models.Model):
    """Asked, due, received („Stellungnahme“). About an issue, a version of the rules, or a draft told in words."""

    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="statements", verbose_name="Institution"
    )
    issue = models.ForeignKey(
        "steering.Issue", on_delete=models.PROTECT, null=True, blank=True, related_name="statements"
    )
    rules = models.ForeignKey(
        RulesOfProcedure, on_delete=models.PROTECT, null=True, blank=True, related_name="statements"
    )
    subject = models.CharField("Entwurf", max_length=160, blank=True)
    question = models.TextField("Frage", max_length=4000)
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(default=workdays.now)
    due_on = models.DateField("erbeten bis")
    text = models.TextField("Stellungnahme", max_length=8000, blank=True)
    received_on = models.DateField("eingegangen am", null=True, blank=True)
    received_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    withdrawn_on = models.DateField("zurückgezogen am", null=True, blank=True)
    folded = models.TextField(editable=False, blank=True)

    objects = StatementQuerySet.as_manager()

    class Meta:
        ordering = ["due_on", "pk"]
        verbose_name = "Stellungnahme"
        constraints = [
            models.CheckConstraint(
                name="steering_statement_is_about_one_thing",
                condition=Q(issue__isnull=False, rules__isnull=True, subject="")
                | Q(issue__isnull=True, rules__isnull=False, subject="")
                | (Q(issue__isnull=True, rules__isnull=True) & ~Q(subject="")),
            ),
            models.CheckConstraint(
                name="steering_statement_received_whole",
                condition=Q(received_on__isnull=True, text="", received_by__isnull=True)
                | (Q(received_on__isnull=False, received_by__isnull=False) & ~Q(text="")),
            ),
            models.CheckConstraint(
                name="steering_statement_received_or_withdrawn",
                condition=Q(received_on__isnull=True) | Q(withdrawn_on__isnull=True),
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_on", "id"],
                name="steering_statement_open",
                condition=Q(received_on__isnull=True, withdrawn_on__isnull=True),
            ),
        ]

    def __str__(self):
        return f"Stellungnahme {self.organisation} zu {self.about}"

    def get_absolute_url(self):
        return address("steering:statement_detail", self.pk)

    def save(self, *args, **kwargs):
        if "update_fields" not in kwargs:
            self.folded = fold(f"{self.subject} {self.question} {self.text}")
        super().save(*args, **kwargs)

    @property
    def about(self):
        """The issue, the rules, or the words of the draft."""
        return self.issue or self.rules or self.subject

    @property
    def about_words(self) -> str:
        """What it is about, in words that may stand anywhere: the number of an issue, never its text."""
        if self.issue_id:
            return str(self.issue)
        return f"{self.rules}, {self.rules.body}" if self.rules else "Entwurf"

    @property
    def is_outstanding(self) -> bool:
        return self.received_on is None and self.withdrawn_on is None

    @property
    def is_overdue(self) -> bool:
        return self.is_outstanding and self.due_on < workdays.today()

    @property
    def standing(self) -> str:
        """In the words of the list."""
        if self.withdrawn_on:
            return f"zurückgezogen am {self.withdrawn_on:%d.%m.%Y}"
        if self.received_on:
            return f"eingegangen am {self.received_on:%d.%m.%Y}"
        return "überfällig" if self.is_overdue else "erbeten"

    # Acts

    @classmethod
    def ask(cls, *, by, organisation, question, due_on: dt.date, **about) -> "Statement":
        """Ask one institution; see ask_several."""
        (made,) = cls.ask_several(by=by, organisations=[organisation], question=question, due_on=due_on, **about)
        return made

    @classmethod
    @transaction.atomic
    def ask_several(
        cls,
        *,
        by,
        organisations: Iterable[Organisation],
        question,
        due_on: dt.date,
        issue: Issue | None = None,
        rules: RulesOfProcedure | None = None,
        subject: str = "",
        confirmed=frozenset(),
    ) -> list["Statement"]:
        """Ask institutions the same about an issue, a version of rules or a draft in words: all of them or none."""
        demand(access.asks_for_statements, by, issue)
        pks = {organisation.pk for organisation in organisations}
        asked = list(Organisation.objects.select_for_update().filter(pk__in=pks).order_by("pk"))
        if not asked:
            raise StepRefused("Bitte wählen Sie wenigstens eine Institution.")
        if [bool(issue), bool(rules), bool(subject)].count(True) != 1:
            raise StepRefused("Bitte sagen Sie, worum es geht: ein Knackpunkt, eine Geschäftsordnung oder ein Entwurf.")
        if not question:
            raise StepRefused("Bitte sagen Sie, wozu die Institutionen Stellung nehmen sollen.")
        if due_on <= workdays.today():
            raise StepRefused("Erbeten sein kann eine Stellungnahme frühestens bis morgen.")
        if issue is not None and not (issue.is_open and issue.released_at):
            raise StepRefused("Gefragt werden kann zu einem Knackpunkt, der freigegeben und noch offen ist.")
        vouched = pass_gate({"Entwurf": subject, "Frage": question}, by=by, confirmed=confirmed, issue=issue)
        waiting = cls.objects.outstanding().filter(organisation__in=asked, issue=issue, rules=rules, subject=subject)
        for there in waiting.select_related("organisation").order_by("pk")[:1]:
            raise StepRefused(
                f"{there.organisation} ist dazu schon gefragt, bis zum {there.due_on:%d.%m.%Y}. Bitte nehmen Sie diese "
                "Bitte zuerst zurück oder wählen Sie die Institution ab."
            )
        about = {"issue": issue, "rules": rules, "subject": subject, "question": question, "due_on": due_on}
        return [cls._asked(by, vouched, organisation=organisation, **about) for organisation in asked]

    @classmethod
    def _asked(cls, by, vouched, **fields) -> "Statement":
        made = cls.objects.create(asked_by=by, **fields)
        made._happened("ask", by, vouched)
        return made

    @transaction.atomic
    def receive(self, *, by, text, on: dt.date | None = None, confirmed=frozenset()) -> None:
        """It came in: written by the institution itself, or entered by the office with the day it came."""
        self._lock()
        demand(access.answers_statement, by, self)
        self._be_outstanding()
        on = on or workdays.today()
        if not text:
            raise StepRefused("Bitte schreiben Sie die Stellungnahme in das Feld.")
        asked_on = timezone.localtime(self.asked_at).date()
        if not asked_on <= on <= workdays.today():
            raise StepRefused(f"Der Tag des Eingangs liegt zwischen dem {asked_on:%d.%m.%Y} und heute.")
        vouched = pass_gate({"Stellungnahme": text}, by=by, confirmed=confirmed, issue=self.issue)
        self.text, self.received_on, self.received_by = text, on, by
        self.save()
        self._happened("receive", by, vouched)

    @transaction.atomic
    def withdraw(self, *, by) -> None:
        """Nobody waits for it any more."""
        self._lock()
        demand(access.takes_back_statement, by, self)
        self._be_outstanding()
        self.withdrawn_on = workdays.today()
        self.save()
        self._happened("withdraw", by)

    def _lock(self) -> None:
        self.refresh_from_db(from_queryset=Statement.objects.select_for_update(of=("self",)))

    def _be_outstanding(self) -> None:
        if self.received_on:
            raise StepRefused(f"Diese Stellungnahme ist schon {self.standing}. Sie lässt sich nicht mehr ändern.")
        if self.withdrawn_on:
            raise StepRefused(f"Diese Bitte um Stellungnahme wurde {self.standing}. Es wird nichts mehr erwartet.")

    def _happened(self, act: str, by, note: str = "") -> None:
        left = trail.record(f"statement.{act}", self, by=by, note=note)
        happened.send(Statement, obj=self, act=act, record=left, given={})
