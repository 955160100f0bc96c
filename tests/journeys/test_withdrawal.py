"""A consent is withdrawn in the browser: what ends is said first, then the case is locked until there is a new one."""

from casework.lifecycle import State
from kim import workdays
from kim.models import Code
from tests.casework.factories import case_at, client, code


def test_a_withdrawal_locks_the_case_until_a_new_consent_comes(people, window):
    person = client("Nadia", "Rahimi", place=people.place)
    made = case_at(State.MONITORING, by=people.anna, person=person)
    code(Code.List.CONSENT_PURPOSE, "CM")
    visitor = window(people.anna)

    # What ends is read before anything is pressed.
    visitor.open(made.get_absolute_url()).press("Widerrufen", then="Was mit dem Widerruf endet")
    visitor.reads(f"Fall {made.number} wird gesperrt", "es sei denn, vorher kommt eine neue Einwilligung")
    visitor.picture("widerruf")
    made.refresh_from_db()
    assert not made.is_locked

    # Pressed: from now on there is neither a consultation nor a plan, and the page says why.
    visitor.press("Jetzt widerrufen", said="Die Einwilligung ist widerrufen. Der Fall ist gesperrt.")
    made.refresh_from_db()
    assert made.is_locked
    refused = "Der Fall ist gesperrt, weil die Einwilligung widerrufen wurde. Er kann nur noch beendet werden."
    works = [f"/casework/consultations/new/?case={made.pk}"]
    works += [f"{made.get_absolute_url()}{rest}" for rest in ("goals/new/", "plan/agree/")]
    for there in works:
        visitor.open(there).reads(refused)
    visitor.picture("widerruf-gesperrt")

    # A new consent unlocks it.
    visitor.open(f"{made.get_absolute_url()}consents/new/")
    visitor.fill(purpose="CM", valid_from=f"{workdays.today():%d.%m.%Y}")
    visitor.press("Eintragen", said="Die Einwilligung ist eingetragen.")
    made.refresh_from_db()
    assert not made.is_locked
    for there, words in zip(works, ("Für wen", "Ziel", "Festhalten"), strict=True):
        visitor.open(there).reads(words).does_not_read(refused)
