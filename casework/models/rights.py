"""What a client asks of us by right (kim.models.rights): recorded and answered by who advises them.

The row outlives the client as the proof that it was answered: without them it names a municipality and days.
"""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.urls import reverse

from casework import access
from casework.models.people import Client
from kim.models import Municipality, Organisation
from kim.models.rights import OPEN, Asked, AskedQuerySet, Ground


class ClientRequestQuerySet(AskedQuerySet):
    def visible_to(self, user):
        """Those of the clients one advises, for the cases of one's own employer."""
        return self.filter(access.requests_kept_by(user))

    def counted_for(self, user):
        """Without a person: for who watches over the deadlines of everybody."""
        return self.all() if access.watches_requests(user, None) else self.none()


class ClientRequest(Asked):
    client = models.ForeignKey(
        Client, on_delete=models.SET_NULL, null=True, blank=True, related_name="requests", verbose_name="Person"
    )
    municipality = models.ForeignKey(Municipality, on_delete=models.PROTECT, related_name="+", verbose_name="Kommune")
    employer = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="+", verbose_name="Anstellungsträger"
    )
    ground = models.CharField("Grund der Einschränkung", max_length=9, choices=Ground, blank=True)
    restricted_on = models.DateField("eingeschränkt am", null=True, blank=True)
    lifted_on = models.DateField("Einschränkung aufgehoben am", null=True, blank=True)
    lift_told_on = models.DateField("Aufhebung angekündigt am", null=True, blank=True)

    objects: ClassVar = ClientRequestQuerySet.as_manager()

    class Meta(Asked.Meta):
        verbose_name = "Anliegen einer beratenen Person"
        constraints = [
            *Asked.Meta.constraints,
            models.CheckConstraint(
                name="casework_clientrequest_restricted_on_a_ground",
                condition=Q(ground="", restricted_on__isnull=True) | (~Q(ground="") & Q(restricted_on__isnull=False)),
            ),
            models.CheckConstraint(
                name="casework_clientrequest_lifted_after_telling",
                condition=Q(lifted_on__isnull=True)
                | Q(lifted_on__isnull=False, lift_told_on__isnull=False, restricted_on__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["due_on"], name="casework_clientrequest_open", condition=Q(state__in=OPEN)),
            models.Index(fields=["client"], name="casework_clientrequest_holds",
                         condition=Q(restricted_on__isnull=False, lifted_on__isnull=True)),
        ]  # fmt: skip

    def get_absolute_url(self):
        return reverse("casework:request_detail", args=[self.pk])

    @property
    def restricts(self) -> bool:
        """Whether it keeps the client's cases from being used today."""
        return self.restricted_on is not None and self.lifted_on is None
