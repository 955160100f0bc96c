"""Which institutions should sit in a body, whether or not anybody does."""

import datetime as dt

from django.db import models, transaction
from django.db.models import Q

from kim import trail, workdays
from kim.dated import Dated
from kim.models import Organisation
from kim.rules import demand
from kim.workflow import StepRefused
from steering import access
from steering.models.bodies import Body
from steering.models.gate import noted, pass_gate


class ExpectedSeat(Dated):
    """Who should sit in a body, whether or not anybody does: by the recommendation of the Land, or by its rules."""

    body = models.ForeignKey(Body, on_delete=models.CASCADE, related_name="expected", verbose_name="Gremium")
    name = models.CharField("Stelle", max_length=120)
    organisation = models.ForeignKey(
        Organisation,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="Institution",
        help_text="leer: in diesem Kreis noch nicht benannt",
    )
    occasional = models.BooleanField("nur anlassbezogen", default=False)
    source = models.CharField("Beleg", max_length=200, blank=True)

    class Meta(Dated.Meta):
        ordering = ["occasional", "name"]
        verbose_name = "vorgesehener Sitz"
        constraints = [
            *Dated.Meta.constraints,
            models.UniqueConstraint(fields=["body", "name", "valid_from"], name="steering_expected_once"),
        ]

    def __str__(self):
        return f"{self.name} in {self.body}"

    @classmethod
    @transaction.atomic
    def add(
        cls, body: Body, *, by, name, valid_from, organisation=None, occasional=False, source="", confirmed=frozenset()
    ) -> "ExpectedSeat":
        """From `valid_from` on somebody of this kind should sit in `body`."""
        demand(access.keeps_bodies, by)
        body.hold_still()
        if not body.holds_on(valid_from):
            raise StepRefused(f"Am {valid_from:%d.%m.%Y} gibt es dieses Gremium nicht; es besteht {body.span}.")
        later = Q(valid_until__isnull=True) | Q(valid_until__gt=valid_from)
        if body.expected.filter(later, name__iexact=name).exists():
            raise StepRefused(f"„{name}“ ist für diese Zeit schon vorgesehen.")
        vouched = pass_gate({"Stelle": name, "Beleg": source}, by=by, confirmed=confirmed)
        made = cls.objects.create(
            body=body, name=name, organisation=organisation, occasional=occasional, source=source, valid_from=valid_from
        )
        trail.record("body.expect", body, by=by, note=noted(f"vorgesehener Sitz {made.pk}", vouched))
        return made

    @transaction.atomic
    def end(self, *, by, last_day: dt.date) -> None:
        """After `last_day` nobody misses them any more."""
        demand(access.keeps_bodies, by)
        self.body.hold_still()
        self.refresh_from_db(fields=["valid_until"])
        if last_day < self.valid_from:
            raise StepRefused(f"Vorgesehen ist dieser Sitz erst ab dem {self.valid_from:%d.%m.%Y}.")
        if self.last_day and self.last_day < workdays.today():
            raise StepRefused(f"Dieser Sitz ist schon seit dem {self.valid_until:%d.%m.%Y} nicht mehr vorgesehen.")
        self.valid_until = last_day + dt.timedelta(days=1)
        self.save()
        trail.record("body.expect_ends", self.body, by=by, note=f"vorgesehener Sitz {self.pk}")
