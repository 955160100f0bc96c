"""The privacy table: complete, and nothing in it that is not there."""

from collections import Counter

import pytest
from django.apps import apps

from casework import models
from casework.privacy import TABLE, Category, Erasure, row_of, rows_of

MODELS = list(apps.get_app_config("casework").get_models())


def own_fields(model):
    return {field.name for field in [*model._meta.concrete_fields, *model._meta.many_to_many]}


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_field_has_exactly_one_row(model):
    named = Counter(name for row in rows_of(model) for name in row.fields)
    assert set(named) == own_fields(model)
    assert not [name for name, times in named.items() if times > 1]


def test_every_row_belongs_to_a_model_and_says_what_for():
    assert {row.model for row in TABLE} == {model.__name__ for model in MODELS}
    assert all(row.purpose for row in TABLE)


def test_nothing_special_stays():
    assert not [row for row in TABLE if row.category == Category.SPECIAL and row.erasure == Erasure.KEEP]


def test_no_identity_and_no_number_reaches_the_statistics():
    for name in ("given_name", "family_name", "phone", "email", "street", "folded"):
        assert row_of(models.Identity, name).erasure == Erasure.DELETE
    for name in ("number", "foreign_number", "client", "owner"):
        assert row_of(models.Case, name).erasure == Erasure.DELETE


def test_what_must_not_be_asked_has_no_field():
    asked = " ".join(f"{model.__name__}.{name}" for model in MODELS for name in own_fields(model)).lower()
    for word in ("religion", "ethnic", "passport", "azr", "asylum_reason"):
        assert word not in asked
