"""What must not be is refused twice: by the act in words, and by the database whoever writes, on both engines."""

import datetime as dt
from decimal import Decimal
from importlib import import_module

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, models, transaction

from funding.models import (
    Calculation,
    Cost,
    Criterion,
    CriterionValue,
    EligibilityRule,
    Forwarding,
    Grant,
    Leave,
    Occupancy,
    PostTerm,
    Programme,
    Rate,
    StaffingTarget,
    Terms,
)
from kim import workdays
from kim.facts import Fact
from kim.models import Role
from kim.workflow import StepRefused
from tests.factories import municipality, organisation, user
from tests.funding import makers
from tests.funding.makers import NEXT_YEAR, YEAR

pytestmark = pytest.mark.django_db

D = dt.date
SUMMER, AUTUMN = D(2021, 7, 1), D(2021, 10, 1)
TODAY = D(2021, 8, 1)
refusals = import_module("funding.migrations.0002_refusals")


def _rate():
    made = Programme.objects.create(key="p", name="KIM", module="overhead", award="application")
    return {"programme": made, "item": "post", "amount": 55_000}


def _terms():
    made = makers.notice(fte=None)
    Terms.objects.all().delete()
    return {"notice": made}


def _post():
    made = makers.post(YEAR, NEXT_YEAR)
    PostTerm.objects.all().delete()
    employer = organisation()
    return {"post": made, "fte": 1, "employer": employer, "recipient": employer}


#: Model → what one of it is about, besides its days; everything it needs is made.
FACTS = {
    Rate: _rate,
    Terms: _terms,
    Grant: lambda: {"notice": makers.notice(fte=None), "item": "post", "fte": 2},
    PostTerm: _post,
    Occupancy: lambda: {"post": makers.post(YEAR, NEXT_YEAR), "user": user(Role.CASE_MANAGER), "share": 1},
    Leave: lambda: {"user": user(Role.CASE_MANAGER), "kind": "parental"},
    EligibilityRule: lambda: {
        "programme": makers.programme(), "kind": "supervision", "eligibility": "unclear", "basis": "Erlass",
    },
    Cost: lambda: {"notice": makers.notice(), "kind": "training", "amount": 100},
    Forwarding: lambda: {"notice": makers.notice(), "recipient": organisation(), "fte": 1},
    CriterionValue: lambda: {
        "criterion": Criterion.objects.create(key="k", name="K", unit="Personen"),
        "municipality": municipality("Windeck"), "value": 5,
    },
    StaffingTarget: lambda: {"municipality": municipality("Windeck"), "fte": 1},
}  # fmt: skip
#: Columns that are not negative, and what the user reads.
NOT_NEGATIVE = [
    (Rate, "amount", "Ein Fördersatz ist größer als 0"),
    (Rate, "per_fte", "Ein Fördersatz ist größer als 0"),
    (Grant, "fte", "Bewilligte VZÄ und Beträge sind nicht negativ."),
    (Grant, "amount", "Bewilligte VZÄ und Beträge sind nicht negativ."),
    (PostTerm, "fte", "Eine Stelle hat mehr als 0 und höchstens 1 VZÄ."),
    (Occupancy, "share", "Der Anteil ist größer als 0 und höchstens 1 VZÄ."),
    (Cost, "amount", "Ein Betrag ist größer als 0."),
    (Forwarding, "fte", "Weitergeleitete VZÄ sind größer als 0."),
    (CriterionValue, "value", "Ein Wert ist nicht negativ."),
    (StaffingTarget, "fte", "Ein Stellenziel ist nicht negativ."),
]
#: What the user reads when two would hold on one day.
WORDS = {
    Occupancy: "Diese Person hat diese Stelle schon inne (01.07.2021 bis 30.09.2021)",
    Rate: "Für diese Zeit gilt schon ein Satz (01.07.2021 bis 30.09.2021)",
    EligibilityRule: "Für diese Kostenart gilt in dieser Zeit schon eine Regel (01.07.2021 bis 30.09.2021)",
    StaffingTarget: "Für diese Zeit gibt es schon ein Stellenziel (01.07.2021 bis 30.09.2021)",
    Leave: "Für diese Zeit ist schon eine Unterbrechung eingetragen (01.07.2021 bis 30.09.2021)",
}
OTHERWISE = "Für diese Zeit gibt es schon einen Eintrag (01.07.2021 bis 30.09.2021)"


def names(models_of):
    return [model.__name__ for model in models_of]


def said(refused) -> str:
    error = refused.value
    return " ".join(error.messages) if isinstance(error, ValidationError) else str(error)


def refused_by_both(model, about, words):
    """The act says `words`, the database says no to the same row written past the model."""
    with pytest.raises((StepRefused, ValidationError)) as refused:
        model.enter(by=makers.admin(), **about)
    assert words in said(refused)
    with pytest.raises(IntegrityError), transaction.atomic():
        model.objects.bulk_create([model(**about, known_from=workdays.now())])


def test_every_kind_of_fact_is_tried():
    assert set(FACTS) == {model for model in apps.get_app_config("funding").get_models() if issubclass(model, Fact)}
    assert {model._meta.model_name for model in FACTS if model.ALONE} == set(refusals.ALONE)


@pytest.mark.parametrize("model", FACTS, ids=lambda model: model.__name__)
def test_an_end_before_the_beginning_is_refused(model):
    about = FACTS[model]() | {"valid_from": AUTUMN, "valid_until": SUMMER}
    refused_by_both(model, about, "Das Ende muss nach dem Anfang liegen.")
    assert not model.objects.filter(valid_from=AUTUMN).exists()


@pytest.mark.parametrize("model", [model for model in FACTS if model.ALONE], ids=lambda model: model.__name__)
def test_two_at_once_are_refused_and_what_was_believed_stands_beside(model):
    about, days = FACTS[model](), {"valid_from": SUMMER, "valid_until": AUTUMN}
    first = model.enter(by=makers.admin(), **about, **days)
    for other in ({"valid_from": D(2021, 9, 30)}, {"valid_from": YEAR, "valid_until": D(2021, 7, 2)}, days):
        whole = about | {"valid_until": NEXT_YEAR} | other
        refused_by_both(model, whole, WORDS.get(model, OTHERWISE))
    # moved by hand, the days would meet as well
    later = model.enter(by=makers.admin(), **about, valid_from=AUTUMN, valid_until=NEXT_YEAR)
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE {model._meta.db_table} SET valid_from = %s WHERE id = %s", [TODAY, later.pk])
    corrected = first.correct(by=makers.admin(), source="Schreiben")
    assert list(model.objects.filter(valid_from=SUMMER).order_by("pk")) == [first, corrected]
    first.refresh_from_db()
    with pytest.raises(IntegrityError), transaction.atomic():
        model.objects.filter(pk=first.pk).update(known_until=None)


@pytest.mark.parametrize(
    ("model", "column", "words"), NOT_NEGATIVE, ids=[f"{a.__name__}-{b}" for a, b, _ in NOT_NEGATIVE]
)
def test_what_is_negative_is_refused(model, column, words):
    about = FACTS[model]() | {"valid_from": SUMMER, "valid_until": AUTUMN, column: Decimal("-0.5")}
    refused_by_both(model, about, words)


def test_more_than_one_is_refused():
    for model, column in ((PostTerm, "fte"), (Occupancy, "share")):
        about = FACTS[model]() | {"valid_from": SUMMER, "valid_until": AUTUMN, column: Decimal("1.001")}
        refused_by_both(model, about, "höchstens 1 VZÄ")


@pytest.mark.parametrize("name", refusals.IN_PERIOD)
@pytest.mark.parametrize(("first", "until"), [(D(2020, 12, 31), AUTUMN), (SUMMER, D(2022, 1, 2))])
def test_outside_the_period_of_the_notice_is_refused(name, first, until):
    model = apps.get_model("funding", name)
    about = FACTS[model]() | {"valid_from": first, "valid_until": until}
    refused_by_both(model, about, "Der Förderzeitraum dieses Bescheids ist 01.01.2021 bis 31.12.2021.")


@pytest.mark.parametrize("name", [name for name in refusals.IN_PERIOD if name != "cost"])
def test_without_an_end_is_outside_the_period(name):
    model = apps.get_model("funding", name)
    refused_by_both(model, FACTS[model]() | {"valid_from": SUMMER}, "Der Förderzeitraum dieses Bescheids ist")


def test_a_post_is_held_only_while_it_exists():
    about = FACTS[Occupancy]()
    for days in ({"valid_from": D(2020, 12, 1)}, {"valid_from": SUMMER}, {"valid_from": NEXT_YEAR}):
        with pytest.raises(StepRefused, match="Die Stelle gibt es: 01.01.2021 bis 31.12.2021"):
            Occupancy.enter(by=makers.admin(), **about, **days)
    with pytest.raises(ValidationError, match="Man kann sich nicht selbst vertreten"):
        Occupancy.enter(by=makers.admin(), **about, substitute_for=about["user"], valid_from=SUMMER, valid_until=AUTUMN)


# Released calculations


def calculation(**told) -> Calculation:
    return Calculation.objects.create(
        notice=makers.notice(), until=NEXT_YEAR, counting="by_day", bases="posts", granted=Decimal("302500.00"),
        entitlement=Decimal("110000.00"), repayment=Decimal("192500.00"), digest="0" * 64,
        drawn_up_by=makers.admin(), **told,
    )  # fmt: skip


def released() -> Calculation:
    return calculation(number="A-2022-001", released_by=user(Role.ADMIN), released_at=workdays.now())


@pytest.mark.parametrize(
    "change",
    [
        {"until": SUMMER}, {"data": {}, "digest": "1" * 64}, {"dropped_because": "doch nicht"},
        {"number": None, "released_by": None, "released_at": None},
    ],
    ids=lambda change: "-".join(change),
)  # fmt: skip
def test_a_released_calculation_is_never_changed(change):
    made = released()
    with pytest.raises(IntegrityError), transaction.atomic():
        Calculation.objects.filter(pk=made.pk).update(**change)
    for name, value in change.items():
        setattr(made, name, value)
    with pytest.raises(IntegrityError), transaction.atomic():
        made.save()


def test_a_released_calculation_stays_and_a_draft_may_go():
    made, draft = released(), calculation()
    with pytest.raises(IntegrityError), transaction.atomic():
        made.delete()
    Calculation.objects.filter(pk=draft.pk).update(until=SUMMER)
    draft.delete()
    assert list(Calculation.objects.all()) == [made]


@pytest.mark.parametrize(
    "told",
    [
        {"repayment": Decimal("192500.01")},
        {"entitlement": Decimal("302500.01"), "repayment": Decimal("-0.01")},
        {"released_at": dt.datetime(2022, 1, 1, tzinfo=dt.UTC)},
        {"number": "A-2022-001"},
    ],
    ids=["does not add up", "more than granted", "released by nobody", "numbered, not released"],
)
def test_a_calculation_that_cannot_be_is_refused(told):
    draft = calculation()
    with pytest.raises(IntegrityError), transaction.atomic():
        Calculation.objects.filter(pk=draft.pk).update(**told)


def test_nobody_releases_what_they_worked_out():
    with pytest.raises(IntegrityError), transaction.atomic():
        calculation(number="A-2022-001", released_by=makers.admin(), released_at=workdays.now())


# They are all there: SQLite drops the triggers of a table that a later migration makes anew


def _triggers() -> set[str]:
    on_change = ("insert", "update")
    alone = {f"funding_{model}_alone" for model in refusals.ALONE}
    within = {f"funding_{model}_within_period" for model in refusals.IN_PERIOD}
    kept = {"funding_calculation_is_frozen", "funding_scenario_is_kept", "funding_share_is_kept"}
    if connection.vendor == "postgresql":
        return alone | within | kept | {"funding_calculation_stays"}
    both = {f"{name}_{event}" for name in alone | within for event in on_change}
    return both | {f"{name}_update" for name in kept} | {"funding_calculation_stays_delete"}


def test_every_refusal_of_the_migration_is_there():
    found = (
        "SELECT tgname FROM pg_trigger UNION SELECT conname FROM pg_constraint WHERE contype = 'x'"
        if connection.vendor == "postgresql"
        else "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    )
    with connection.cursor() as cursor:
        cursor.execute(found)
        there = {name for (name,) in cursor.fetchall()}
    assert _triggers() <= there


def test_every_constraint_of_a_table_is_there():
    missing = {}
    with connection.cursor() as cursor:
        for model in apps.get_app_config("funding").get_models():
            told = connection.introspection.get_constraints(cursor, model._meta.db_table)
            wanted = {
                one.name
                for one in model._meta.constraints
                if isinstance(one, models.CheckConstraint | models.UniqueConstraint)
            }
            if lost := wanted - set(told):
                missing[model.__name__] = lost
    assert not missing
