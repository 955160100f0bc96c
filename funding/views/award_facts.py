"""Facts about programmes and notices as kinds of the pages for facts: rates, grants, terms."""

from funding import access
from funding.forecast import repayment_measure
from funding.forms.awards import GrantForm, RateForm, TermsForm
from funding.models import AwardNotice, Grant, Programme, Rate, Terms
from funding.views.facts import Kind, register


def _programmes(user):
    return Programme.objects.visible_to(user)


def _notices(user):
    return AwardNotice.objects.visible_to(user).select_related("period__programme", "recipient")


def _repayments_of_programme(about):
    """What is to be paid back of every notice of the programme a rate is about."""
    programme = about if isinstance(about, Programme) else about.programme
    return [repayment_measure(AwardNotice.objects.filter(period__programme=programme).order_by("number"))]


def _repayment_of_notice(about):
    return [repayment_measure([about if isinstance(about, AwardNotice) else about.notice])]


def _whole_period(notice):
    return {"valid_from": notice.period.valid_from, "last_day": notice.period.last_day}


register(
    Kind(
        model=Rate,
        title="Fördersatz",
        keeps=access.keeps_money,
        form=RateForm,
        hangs_on="programme",
        subjects=_programmes,
        visible=lambda user: Rate.objects.filter(access.visible_of_programmes(user)),
        measures=_repayments_of_programme,
    )
)
register(
    Kind(
        model=Grant,
        title="Bewilligung",
        keeps=access.keeps_money,
        form=GrantForm,
        hangs_on="notice",
        subjects=_notices,
        visible=lambda user: Grant.objects.filter(access.visible_of_notices(user)),
        begins_with=_whole_period,
        measures=_repayment_of_notice,
    )
)
register(
    Kind(
        model=Terms,
        title="Bestimmungen des Bescheids",
        keeps=access.keeps_money,
        form=TermsForm,
        hangs_on="notice",
        subjects=_notices,
        visible=lambda user: Terms.objects.filter(access.visible_of_notices(user)),
        begins_with=_whole_period,
        measures=_repayment_of_notice,
    )
)
