"""Kinds of facts about needs: values of criteria, and targets."""

from django.urls import reverse

from funding import access
from funding.forms.needs import CriterionValueForm, StaffingTargetForm
from funding.models import Criterion, CriterionValue, StaffingTarget
from funding.views.facts import Kind, register
from kim.models import Municipality
from kim.rules import allows


def _read_by(rows, user):
    return rows if allows(access.reads_needs, user) else rows.none()


register(
    Kind(
        model=CriterionValue,
        title="Wert eines Kriteriums",
        keeps=access.plans_needs,
        form=CriterionValueForm,
        hangs_on="criterion",
        subjects=lambda user: Criterion.objects.visible_to(user).told_by_hand(),
        visible=lambda user: _read_by(CriterionValue.objects.select_related("criterion", "municipality"), user),
    )
)
register(
    Kind(
        model=StaffingTarget,
        title="Stellenziel",
        keeps=access.plans_needs,
        form=StaffingTargetForm,
        hangs_on="municipality",
        subjects=lambda user: _read_by(Municipality.objects.all(), user),
        visible=lambda user: _read_by(StaffingTarget.objects.select_related("municipality"), user),
        address=lambda place: reverse("funding:target_list"),
    )
)
