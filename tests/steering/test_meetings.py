"""Meetings up to the moment they begin: planned, invited to, and what they speak of."""

import pytest

from steering.models import RulesOfProcedure
from steering.models.rules import admits

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("admission", "votes", "expected"),
    [
        ("simple", (3, 2, 9), True), ("simple", (2, 2, 0), False), ("simple", (0, 0, 5), False),
        ("two_thirds", (4, 2, 1), True), ("two_thirds", (3, 2, 0), False), ("two_thirds", (0, 0, 3), False),
        ("unanimous", (5, 0, 2), True), ("unanimous", (5, 1, 0), False), ("unanimous", (0, 0, 2), False),
    ],
)  # fmt: skip
def test_what_the_rules_ask_for_to_change_an_agenda(admission, votes, expected):
    assert admits(RulesOfProcedure(admission=admission), *votes) is expected
