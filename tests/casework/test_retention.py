"""When the time is over: what is due goes, all of it, and leaves nothing behind that leads to anybody."""

import datetime as dt
from io import StringIO
from urllib.parse import urlencode

import pytest
from django.apps import apps
from django.core.exceptions import PermissionDenied
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from casework import retention, tasks
from casework.lifecycle import State
from casework.models import (
    Case,
    Client,
    Consent,
    Consultation,
    Erasure,
    FollowUp,
    HandOver,
    Hold,
    Household,
    Identity,
    Import,
    ImportRow,
    Procedure,
    StatisticalRecord,
)
from casework.privacy import IN_STATISTICS, TABLE, Kept, blanked, kept_with
from casework.privacy import Erasure as Fate
from kim import files, trail, workdays
from kim.dated import months_after
from kim.models import Absence, Draft, JobRun, Notice, Role, SavedFilter, TrailEntry
from kim.workflow import StepRefused
from tests.casework import factories
from tests.casework.factories import (
    actor,
    case,
    case_at,
    case_manager,
    client,
    consultation,
)
from tests.casework.full_case import MARK, TOLD, marked
from tests.factories import LONG_AGO, county, municipality, user
from tests.triggers import nobody_has_read

pytestmark = pytest.mark.django_db


def dump() -> str:
    """Every value of every table."""
    words = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            words += [f"{table}: {row}" for row in cursor.fetchall()]
    return "\n".join(words)


def after(days):
    return workdays.as_of(workdays.today() + dt.timedelta(days=days))


# All of it


def test_nothing_is_left_of_an_erased_case_anywhere(django_capture_on_commit_callbacks):
    made = marked()
    trail.record("case.look", made, by=made.owner, note=MARK)
    empty = {model.__name__ for model in apps.get_app_config("casework").get_models() if not model.objects.exists()}
    assert empty == {"Erasure", "StatisticalRecord"}, "a table was forgotten in `everything`"
    made.client.consents.in_force().for_purpose("CM").get().withdraw(by=made.owner)
    number = made.number
    SavedFilter.objects.create(user=made.owner, page="casework:case_list", name="andere", query="q=Haddad")
    Draft.keep(made.owner, f"goal:{made.goals.get().pk + 1}", {"text": "eines anderen Falls"})
    paper = files.path_of(made.documents.get().stored_as)
    assert paper.exists()
    assert MARK in dump()
    with after(30), django_capture_on_commit_callbacks(execute=True):
        result = retention.run()
    assert result.cases == {"withdrawal": 1}
    assert not paper.exists()
    left = dump()
    assert MARK.lower() not in left.lower()
    assert TOLD not in left
    assert number not in left
    for name in kept_with(Kept.CASE, Kept.CLIENT, Kept.ALONE):
        assert not apps.get_model("casework", name).objects.exists(), name
    assert TrailEntry.objects.filter(kind="casework.case", object_id=str(made.pk), act="case.look").exists()
    assert not Notice.objects.exists()
    assert Draft.objects.get().data == {"text": "eines anderen Falls"}
    assert not ImportRow.objects.exists()
    assert Erasure.objects.filter(files=1).exists()
    assert SavedFilter.objects.get().name == "andere"


def test_lines_of_an_import_about_somebody_else_of_that_name_stay():
    made = case_at(State.DECLINED, person=client("Nadia", "Rahimi", birth_date=dt.date(1990, 5, 4)))
    lines = [{"given_name": "Nadia", "family_name": "Rahimi", "born": born} for born in ("04.05.1990", "1985")]
    told = Import.start(by=made.owner, kind="cases", rows=list(enumerate([*lines, {"given_name": "Nadia"}], 2)))
    with workdays.as_of(made.erase_on):
        retention.run()
    assert list(told.rows.values_list("line", flat=True)) == [3, 4]


WRITTEN = ["Nadia Rahimi", "Rahimi, Nadia", "نادية رحيمي", "Mit Надія Рахімі.", "NADIA RAHIMY", "(nadia rahimi)"]
OF_OTHERS = ["Amir Rahimi", "Nadia Sahin", "Frau Rahimi", "und Rahm kaufen"]


@pytest.mark.parametrize("saved_as", ["Nadia Rahimi", "نادية رحيمي"])
def test_drafts_about_the_person_go_however_the_name_is_written(saved_as):
    given, family = saved_as.split()
    made = case_at(State.DECLINED, person=client(given, family, birth_date=dt.date(1990, 5, 4)))
    texts = WRITTEN + OF_OTHERS + ([] if saved_as == "نادية رحيمي" else ["Rahimi, Nadja"])
    for number, text in enumerate(texts):
        Draft.keep(made.owner, f"issue:{number}", {"situation": text})
    for year in ("1990", "1985"):
        who = {"family_name": "Rahimy", "given_name": "Nadia", "birth_date": f"04.05.{year}"}
        Draft.keep(made.owner, f"case:new:{year}", who)
    with workdays.as_of(made.erase_on):
        retention.run()
    left = {draft.data.get("situation", draft.data.get("birth_date")) for draft in Draft.objects.all()}
    assert left == {*OF_OTHERS, "04.05.1985"}


def test_kept_searches_for_the_person_go_however_the_name_is_written():
    made = case_at(State.DECLINED, person=client("Nadia", "Rahimi"))
    for query in ("Rahimi", "rahimy", "رحيمي", "Рахімі", "Nadia R.", "Haddad", "Ram", "Sahin"):
        filters = {"user": made.owner, "page": "casework:case_list", "name": query}
        SavedFilter.objects.create(**filters, query=urlencode({"q": query, "state": "open"}))
    with workdays.as_of(made.erase_on):
        retention.run()
    assert set(SavedFilter.objects.values_list("name", flat=True)) == {"Haddad", "Ram", "Sahin"}


def test_every_model_of_a_case_or_a_person_is_reached_by_the_erasure():
    with_case = {model.__name__ for model in retention.reached_from(Case)} | {"Case"}
    with_procedure = {model.__name__ for model in retention.reached_from(Procedure)} | {"Procedure"}
    with_people = {model.__name__ for model in retention.reached_from(Client)} | {"Client", "Household", "HandOver"}
    assert kept_with(Kept.CASE, Kept.CLIENT, Kept.ALONE) <= with_case | with_procedure | with_people


def test_what_the_table_keeps_for_the_statistics_has_a_field_there_and_nothing_else_has():
    said = {f"{row.model}.{name}" for row in TABLE if row.erasure == Fate.STATISTICS for name in row.fields}
    assert said == set(IN_STATISTICS)
    names = {name for names in IN_STATISTICS.values() for name in names.split()}
    assert {field.name for field in StatisticalRecord._meta.fields} - names == {"id", "kind", "consultations"}


def test_what_is_blanked_is_text_or_may_be_empty():
    assert blanked("HandOver") == ["note", "refusal", "unagreed_reason"]
    assert blanked("Actor") == ["phone", "email"]
    assert {row.model for row in TABLE if row.erasure == Fate.BLANK} == {
        "HandOver",
        "Actor",
        "ImportRow",
        "ClientRequest",
    }


# What is due


def test_a_withdrawal_is_erased_within_thirty_days_and_not_before():
    made = case_at(State.MONITORING)
    made.client.consents.get().withdraw(by=made.owner)
    with after(29):
        assert retention.run().cases == {}
    with after(30):
        assert retention.run().cases == {"withdrawal": 1}
    assert not Client.objects.exists()


def test_a_request_goes_after_six_months_and_an_ended_case_after_three_years():
    today = workdays.today()
    case_at(State.REQUEST), case_at(State.DECLINED), case_at(State.CLOSED), case_at(State.MONITORING)
    with workdays.as_of(months_after(today, 6) - dt.timedelta(days=1)):
        assert retention.run().cases == {}
    with workdays.as_of(months_after(today, 6)):
        assert retention.run().cases == {"not_admitted": 2}
    with workdays.as_of(months_after(today, 36)):
        assert retention.run().cases == {"ended": 1}
    assert Case.objects.get().state == State.MONITORING
    assert set(StatisticalRecord.objects.values_list("reached", flat=True)) == {"request", "clearing", "closed"}


def test_the_settings_of_the_county_decide_how_long():
    county(request_kept_months=2, case_kept_years=1)
    assert case(by=case_manager()).erase_on == months_after(workdays.today(), 2)
    assert case_at(State.CLOSED).erase_on == months_after(workdays.today(), 12)


def test_a_dry_run_changes_nothing_and_counts():
    made = case_at(State.DECLINED)
    with workdays.as_of(made.erase_on):
        out = StringIO()
        call_command("erase", "--dry-run", stdout=out)
        assert Case.objects.exists()
        assert "1 Fälle" in out.getvalue()
        assert made.number not in out.getvalue()
        call_command("erase", stdout=StringIO())
    assert not Case.objects.exists()
    assert JobRun.objects.get(job="erase").result.startswith("1 Fälle")


def test_a_second_run_finds_nothing_and_one_that_was_killed_goes_on(monkeypatch):
    for _ in range(3):
        case_at(State.DECLINED)
    with workdays.as_of(months_after(workdays.today(), 7)):
        done, erase = [], retention.erase

        def killed(pk, **given):
            if done:
                raise KeyboardInterrupt
            done.append(erase(pk, **given))

        monkeypatch.setattr(retention, "erase", killed)
        with pytest.raises(KeyboardInterrupt):
            retention.run()
        assert (Case.objects.count(), StatisticalRecord.objects.count()) == (2, 1)
        monkeypatch.undo()
        assert retention.run().cases.total() == 2
        assert retention.run().cases.total() == 0
        assert (Case.objects.count(), StatisticalRecord.objects.count()) == (0, 3)
        assert Erasure.objects.get(kind="Fall").rows == 3


def test_one_that_cannot_be_erased_stops_no_other_and_the_error_is_told(monkeypatch):
    first, second = case_at(State.DECLINED), case_at(State.DECLINED)
    erase = retention.erase

    def broken(pk, **given):
        if pk == first.pk:
            raise ValueError(MARK)
        return erase(pk, **given)

    monkeypatch.setattr(retention, "erase", broken)
    with workdays.as_of(first.erase_on):
        with pytest.raises(ValueError, match=MARK):
            tasks.erase()
        assert list(Case.objects.all()) == [first]
        assert MARK not in JobRun.objects.get(job="erase").error
    assert second.pk


def test_a_consent_that_begins_after_the_withdrawal_unlocks_in_time():
    made = case_at(State.MONITORING)
    first, today = made.client.consents.get(), workdays.today()
    factories.consent(made, valid_from=today + dt.timedelta(days=30))
    first.withdraw(by=made.owner)
    with after(29):
        retention.run()
        assert Case.objects.get().is_locked
    with after(30):
        assert retention.preview().cases == {}
        assert retention.erase(made.pk) is None
        assert retention.run().cases == {}
        retention.run()
        left = Case.objects.get()
    assert (left.is_locked, left.erase_on) == (False, None)
    told = trail.of(made).filter(act__in=["case.lock", "case.unlock"]).values_list("act", "by")
    assert list(told) == [("case.lock", made.owner_id), ("case.unlock", None)]  # once, by nobody, in the night


def test_a_consent_withdrawn_too_or_for_another_purpose_unlocks_nothing():
    made = case_at(State.MONITORING)
    first, later = made.client.consents.get(), workdays.today() + dt.timedelta(days=3)
    second = factories.consent(made, valid_from=later)
    factories.consent(made, "VERWEIS", factories.authority(), valid_from=later)
    first.withdraw(by=made.owner)
    second.withdraw(by=made.owner)
    with after(30):
        assert retention.run().cases == {"withdrawal": 1}


# Who else needs it


def test_people_stay_while_another_case_or_their_family_needs_them():
    household = Household.objects.create()
    parent, child, spouse = client(household=household), client("Sami", household=household), client("Kim")
    Client.objects.filter(pk=spouse.pk).update(household=household)
    first = case_at(State.DECLINED, person=parent)
    with after(10):
        other = case_at(State.DECLINED, person=Client.objects.get(pk=spouse.pk))
    with workdays.as_of(first.erase_on):
        retention.run()
    assert set(Client.objects.all()) == {child, spouse}
    with workdays.as_of(other.erase_on):
        retention.run()
    assert not Client.objects.exists()
    assert not Household.objects.exists()


def test_a_second_case_of_the_same_person_keeps_consents_and_name():
    made = case_at(State.CLOSED)
    with workdays.as_of(made.erase_on - dt.timedelta(days=20)):
        again = case(by=made.owner, person=made.client)
    with workdays.as_of(made.erase_on):
        retention.run()
    assert list(Case.objects.all()) == [again]
    assert Identity.objects.filter(client=again.client).exists()
    assert Consent.objects.filter(client=again.client).exists()


def test_a_hand_over_with_other_cases_loses_its_words_only():
    made = case_at(State.DECLINED)
    other = case(by=made.owner)
    taker = case_manager()
    handover = HandOver.offer(by=made.owner, giver=made.owner, taker=taker, cases=[made, other], note=MARK)
    handover.refuse(by=taker, reason=MARK)
    Draft.keep(taker, f"handover:{handover.pk}:refuse", {"reason": MARK})
    Draft.keep(taker, f"handover:{handover.pk + 1}:refuse", {"reason": "einer anderen"})
    assert Notice.objects.filter(text__contains=MARK).exists()
    retention.erase(made.pk)
    assert HandOver.objects.get().note == MARK, "not due, nothing happens"
    Case.objects.filter(pk=made.pk).update(erase_on=workdays.today())
    retention.erase(made.pk)
    left = HandOver.objects.get()
    assert list(left.cases.all()) == [other]
    assert MARK not in left.note + left.refusal
    assert Notice.objects.get(key=f"handover:{left.pk}:refuse").text == ""
    assert Draft.objects.get().data == {"reason": "einer anderen"}
    assert MARK not in dump()


# What stays


def test_the_statistics_say_how_much_and_never_who_or_when():
    made = marked(place=municipality("Siegburg", persons=42000))
    made.goals.update(achievement=3, status="done")
    made.client.consents.in_force().for_purpose("CM").get().withdraw(by=made.owner)
    Case.objects.filter(pk=made.pk).update(erase_on=workdays.today())
    retention.erase(made.pk)
    record = StatisticalRecord.objects.get()
    assert (record.consultations, record.persons, record.quarter_hours) == (2, 4, 6)
    assert (record.age, record.reached, record.goals_fully) == ("27-44", "monitoring", 1)
    assert record.legal_area.code == "SGB2"
    assert record.month == workdays.today().replace(day=1)
    kinds = {type(field).__name__ for field in StatisticalRecord._meta.fields}
    assert not kinds & {"DateTimeField", "AutoField", "BigAutoField"}
    assert record.pk.version == 4


@pytest.mark.parametrize(("number", "persons", "kept"), [(4, 42000, False), (5, 42000, True), (9, 10637, False)])
def test_a_place_is_named_only_where_enough_cases_ended_and_enough_people_live(number, persons, kept):
    place, by = municipality("Ort", persons=persons), case_manager()
    for _ in range(number):
        made = case_at(State.DECLINED, by=by, person=client(place=place))
    with workdays.as_of(made.erase_on):
        assert retention.run().cases.total() == number
    told = set(StatisticalRecord.objects.values_list("municipality__name", "bank"))
    assert told == {("Ort" if kept else None, "right")}


def test_the_register_counts_and_names_nothing():
    made = marked()
    Case.objects.filter(pk=made.pk).update(erase_on=workdays.today())
    retention.erase(made.pk)
    rows = {row.kind: row.rows for row in Erasure.objects.all()}
    assert rows["Fall"] == rows["Haushalt"] == 1
    assert rows["beratene Person"] == rows["Person"] == 2
    assert rows["Beratung"] == 2
    assert rows["Entwurf"] == 14
    fields = {field.name for field in Erasure._meta.fields}
    assert fields == {"id", "day", "why", "kind", "rows", "files", "by"}


def test_files_of_what_goes_are_counted_and_forgotten(monkeypatch):
    made, forgotten = marked(), []
    monkeypatch.setattr(retention, "_FILES", {})

    @retention.forgets_files(FollowUp)
    def forget(rows):
        forgotten.extend(rows.values_list("text", flat=True))
        return len(forgotten)

    Case.objects.filter(pk=made.pk).update(erase_on=workdays.today())
    retention.erase(made.pk)
    assert forgotten == [MARK]
    assert Erasure.objects.get(kind="Datei").files == 1


# Without a case


def test_consultations_without_a_case_go_by_whole_months_and_leave_their_sums():
    by, place, today = case_manager(), municipality("Siegburg", persons=42000), dt.date(2026, 3, 10)
    with workdays.as_of(today):
        for day in (1, 5, 9):
            consultation(by=by, municipality=place, note=MARK, persons=2, held_on=today.replace(day=day))
    with workdays.as_of(dt.date(2029, 2, 28)):
        assert retention.run().alone == 0
    with workdays.as_of(dt.date(2029, 3, 1)):
        assert retention.run().alone == 3
    record = StatisticalRecord.objects.get()
    assert (record.kind, record.month, record.consultations, record.persons) == ("alone", dt.date(2026, 3, 1), 3, 6)
    assert record.municipality is None
    assert not Consultation.objects.exists()
    assert Erasure.objects.get(kind="Beratung").why == "alone"


def test_who_helps_no_more_loses_phone_and_address():
    gone = actor(phone="02241 1", email="a@kim.example", gone_on=workdays.today())
    there = actor(phone="02241 2")
    retention.run()
    retention.run()
    gone.refresh_from_db()
    there.refresh_from_db()
    assert (gone.phone, gone.email, there.phone) == ("", "", "02241 2")
    assert Erasure.objects.get(why="gone").rows == 1


# Holds


def test_a_hold_puts_it_off_until_its_last_day_or_its_end():
    made = case_at(State.CLOSED)
    last = made.erase_on + dt.timedelta(days=30)
    with workdays.as_of(made.erase_on - dt.timedelta(days=1)):
        hold = Hold.place(made, by=made.owner, reason="audit", until=last)
        with pytest.raises(StepRefused, match="schon aufgeschoben"):
            Hold.place(made, by=made.owner, reason="audit", until=last)
    with workdays.as_of(last):
        assert retention.run().held == 1
        assert Case.objects.exists()
        hold.end(by=made.owner)
        with pytest.raises(StepRefused, match="schon aufgehoben"):
            hold.end(by=made.owner)
        assert retention.run().cases == {"ended": 1}


def test_a_hold_that_has_run_out_puts_off_nothing():
    made = case_at(State.CLOSED)
    with workdays.as_of(made.erase_on):
        Hold.place(made, by=made.owner, reason="audit", until=made.erase_on + dt.timedelta(days=1))
    with workdays.as_of(made.erase_on + dt.timedelta(days=2)):
        assert retention.run().cases == {"ended": 1}


def test_after_a_withdrawal_only_legal_claims_put_it_off():
    made = case_at(State.MONITORING)
    made.client.consents.get().withdraw(by=made.owner)
    until = workdays.today() + dt.timedelta(days=90)
    for reason in ("restriction", "audit"):
        with pytest.raises(StepRefused, match="Rechtsansprüche"):
            Hold.place(made, by=made.owner, reason=reason, until=until)
    assert Hold.place(made, by=made.owner, reason="claim", until=until)


@pytest.mark.parametrize("reason", ["restriction", "audit"])
def test_an_older_hold_does_not_outlast_a_withdrawal(client, reason):
    made = case_at(State.CLOSED)
    Case.objects.filter(pk=made.pk).update(erase_on=workdays.today() + dt.timedelta(days=20))
    until = workdays.today() + dt.timedelta(days=300)
    hold = Hold.place(made, by=made.owner, reason=reason, until=until)
    made.client.consents.get().withdraw(by=made.owner)
    client.force_login(made.owner)
    with after(20):
        assert not Hold.objects.get().is_in_force
        assert list(retention.due()) == [made]
        assert retention.preview().held == 0
        assert "aufgeschoben bis" not in client.get(made.get_absolute_url()).content.decode()
        assert made.number in client.get("/").content.decode()
    claim = Hold.place(made, by=made.owner, reason="claim", until=until)
    with after(20):
        assert retention.run().cases == {}
        claim.end(by=made.owner)
        Case.objects.get(pk=made.pk).unlock(by=None)
        assert list(Hold.objects.in_force()) == [hold]
        assert Hold.objects.get(pk=hold.pk).is_in_force
        Case.objects.filter(pk=made.pk).update(erase_on=workdays.today())
        assert not retention.due().exists()


@pytest.mark.parametrize("days", [-1, 0, 5, 400])
def test_a_hold_is_later_than_the_time_limit_and_a_year_at_most(days):
    made = case_at(State.MONITORING)
    made.client.consents.get().withdraw(by=made.owner)
    with pytest.raises(StepRefused):
        Hold.place(made, by=made.owner, reason="claim", until=workdays.today() + dt.timedelta(days=days))


def test_without_a_time_limit_there_is_nothing_to_put_off():
    made = case_at(State.MONITORING)
    with pytest.raises(StepRefused, match="keine Löschfrist"):
        Hold.place(made, by=made.owner, reason="claim", until=workdays.today() + dt.timedelta(days=9))


def test_only_who_leads_the_case_puts_it_off():
    made = case_at(State.DECLINED)
    until = made.erase_on + dt.timedelta(days=9)
    with workdays.as_of(made.erase_on):
        for stranger in [case_manager(), user(Role.COORDINATION), user(Role.ADMIN), user(Role.AUDIT)]:
            with pytest.raises(PermissionDenied):
                Hold.place(made, by=stranger, reason="audit", until=until)
        hold = Hold.place(made, by=made.owner, reason="audit", until=until)
        with pytest.raises(PermissionDenied):
            hold.end(by=case_manager())


# Pages


def soon(by=None, **fields) -> Case:
    """A case that goes in twenty days."""
    made = case_at(State.DECLINED, by=by, **fields)
    Case.objects.filter(pk=made.pk).update(erase_on=workdays.today() + dt.timedelta(days=20))
    return Case.objects.get(pk=made.pk)


@pytest.fixture
def people():
    owner = case_manager()
    deputy = case_manager()
    Absence.objects.create(user=owner, deputy=deputy, valid_from=workdays.today())
    named = {
        "owner": owner, "other": case_manager(employer="stadt-troisdorf"), "deputy": deputy,
        "coordination": user(Role.COORDINATION), "office": user(Role.STRATEGIC_OFFICE),
        "steering": user(Role.STEERING_GROUP), "project": user(Role.PROJECT_GROUP),
        "authority": user(Role.AUTHORITY), "admin": user(Role.ADMIN), "audit": user(Role.AUDIT),
    }  # fmt: skip
    return named


def test_the_list_names_people_to_their_case_manager_alone(client, people):
    soon(by=people["owner"], person=marked_person())
    number = Case.objects.get().number
    for name, (sees_number, sees_name) in {
        "owner": (True, True), "deputy": (True, True), "coordination": (True, False), "other": (False, False),
    }.items():  # fmt: skip
        client.force_login(people[name])
        shown = client.get(reverse("casework:retention_list")).content.decode()
        assert (number in shown) == sees_number, name
        assert (MARK in shown) == sees_name, name


def marked_person():
    return factories.client(f"Vor{MARK}", f"Nach{MARK}")


def test_a_case_manager_who_also_coordinates_reads_names_of_their_own_cases_alone(client):
    both = case_manager()
    both.role_grants.create(role=Role.COORDINATION, valid_from=LONG_AGO)
    person = marked_person()
    soon(by=case_manager(), person=person)
    client.force_login(both)
    shown = client.get(reverse("casework:retention_list")).content.decode()
    assert Case.objects.get().number in shown
    assert MARK not in shown


def test_the_list_narrows_pages_and_asks_the_same_number_of_times(client, people):
    client.force_login(people["owner"])
    soon(by=people["owner"])
    url = reverse("casework:retention_list")
    client.get(url)
    nobody_has_read()  # both times the names are read for the first time
    with CaptureQueriesContext(connection) as few:
        client.get(url)
    for _ in range(27):
        soon(by=people["owner"])
    with CaptureQueriesContext(connection) as many:
        shown = client.get(url).content.decode()
    assert len(many) == len(few) <= 12
    assert "28 Fälle" in shown
    assert "Nächste" in shown
    assert "Nichts gefunden" in client.get(url, {"why": "withdrawal"}).content.decode()
    assert "28 Fälle" in client.get(url, {"why": "not_admitted", "held": "no"}).content.decode()
    assert "28 Fälle" in client.get(url, {"why": "nonsense"}).content.decode()
    assert "Nichts gefunden" in client.get(url, {"held": "yes"}).content.decode()
    part = client.get(url, headers={"HX-Request": "true", "HX-Target": "results"}).content.decode()
    assert "<html" not in part


def test_an_empty_list_says_what_would_be_here(client, people):
    client.force_login(people["owner"])
    assert "Nichts wird demnächst gelöscht" in client.get(reverse("casework:retention_list")).content.decode()


def test_putting_off_and_letting_go_on_by_the_pages(client, people):
    made = soon(by=people["owner"])
    client.force_login(people["owner"])
    new = reverse("casework:hold_new", args=[made.pk])
    assert "Bitte wählen" in client.post(new, {"until": "31.02.2026"}).content.decode()
    early = client.post(new, {"reason": "audit", "until": f"{workdays.today():%d.%m.%Y}"})
    assert early.status_code == 422
    last = workdays.today() + dt.timedelta(days=50)
    good = client.post(new, {"reason": "audit", "until": f"{last:%d.%m.%Y}"})
    assert good.headers["Location"] == made.get_absolute_url()
    assert "aufgeschoben bis" in client.get(reverse("casework:retention_list")).content.decode()
    page = client.get(made.get_absolute_url()).content.decode()
    assert "Aufschub aufheben" in page
    end = reverse("casework:hold_end", args=[Hold.objects.get().pk])
    assert client.post(end).status_code == 302
    assert client.post(end).status_code == 409
    assert "Löschung aufschieben" in client.get(made.get_absolute_url()).content.decode()


def test_what_goes_this_week_stands_on_the_start_page_by_number(client, people):
    made = case_at(State.DECLINED, by=people["owner"], person=marked_person())
    Case.objects.filter(pk=made.pk).update(erase_on=workdays.today())
    client.force_login(people["owner"])
    shown = client.get(reverse("kim:today")).content.decode()
    assert "Wird diese Woche gelöscht" in shown
    assert made.number in shown
    assert MARK not in shown
    client.force_login(people["coordination"])
    assert "Wird diese Woche gelöscht" not in client.get(reverse("kim:today")).content.decode()


def test_a_case_that_was_taken_up_again_can_have_its_hold_ended(client):
    made = case_at(State.CLOSED)
    until = workdays.today() + dt.timedelta(days=40)
    hold = Hold.objects.create(case=made, by=made.owner, reason="audit", until=until)
    factories.take(made, "take_up_again")
    made.refresh_from_db()
    assert made.erase_on is None
    client.force_login(made.owner)
    assert "keine Löschfrist" in client.get(hold.get_absolute_url()).content.decode()
    assert client.post(hold.get_absolute_url()).status_code == 302


# The register


def test_the_register_is_paged_and_names_nothing(client, people, django_assert_max_num_queries):
    made = marked()
    Case.objects.filter(pk=made.pk).update(erase_on=workdays.today())
    retention.run(by=people["admin"])
    number, url = made.number, reverse("casework:erasure_list")
    Erasure.objects.filter(kind="Datei").delete()
    for days in range(60):
        with after(days + 1):
            Erasure.note("ended", {"Fall": 2})
    client.force_login(people["audit"])
    shown = client.get(url).content.decode()
    assert shown.count("nächtlicher Lauf") == 50
    with django_assert_max_num_queries(12):
        behind = client.get(url, {"after": client.get(url).context["page"].after}).content.decode()
    assert behind.count("nächtlicher Lauf") == 10
    assert str(people["admin"]) in behind
    assert "Widerruf" in behind or "Anfrage ohne Aufnahme" in behind or "beendeter Fall" in behind
    for secret in (MARK, TOLD, number):
        assert secret not in shown + behind
    part = client.get(url, {"why": "alone"}, headers={"HX-Request": "true", "HX-Target": "results"}).content.decode()
    assert "Nichts gefunden" in part
    assert "<html" not in part
    assert client.get(url, {"why": "nonsense"}).content.decode().count("nächtlicher Lauf") == 50


def test_the_register_is_found_by_those_who_may_read_it(client, people):
    url = reverse("casework:erasure_list")
    for name in ("audit", "admin", "coordination", "owner"):
        client.force_login(people[name])
        start = client.get(reverse("casework:retention_list" if name == "coordination" else "kim:today"))
        assert (url in start.content.decode()) == (name != "owner"), name
