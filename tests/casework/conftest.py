"""The case most tests of pages are about; a module that needs another one makes its own."""

import pytest

from casework.lifecycle import State
from tests.casework.factories import case_at, case_manager, client
from tests.casework.pages import SECRET
from tests.factories import municipality


@pytest.fixture
def led():
    """A case in the assessment, led by a case manager of Windeck, of a person with a telling name."""
    place = municipality("Windeck")
    owner = case_manager("windeck", place=place, name="Case Management Windeck")
    return case_at(State.ASSESSMENT, by=owner, person=client("Nadia", SECRET, place=place))
