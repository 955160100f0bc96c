"""The privacy tables of all apps: complete, true to the timetable, and the papers that are written from them."""

import datetime as dt
import pathlib

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.urls import reverse

from kim import privacy, processing, retention, workdays
from kim.celery import TIMETABLE
from kim.models import Absence, CalendarFeed, Mail, Notice, Role, RoleGrant, TrailEntry, User
from kim.privacy import Category, Erasure
from kim.tasks import forget
from tests.factories import county, user
from tests.pdf_text import text_of

pytestmark = pytest.mark.django_db


def test_every_field_of_the_project_stands_in_exactly_one_row():
    assert privacy.gaps() == {}


def test_a_field_without_a_row_and_one_with_two_are_found(monkeypatch):
    rows = [row for row in privacy._TABLES["kim"] if not (row.model == "User" and "email" in row.fields)]
    twice = next(row for row in rows if row.model == "Notice")
    monkeypatch.setitem(privacy._TABLES, "kim", (*rows, twice))
    found = privacy.gaps()
    assert found["kim.User"] == "in no row: email"
    assert "in two rows" in found["kim.Notice"]


def test_every_class_of_deletion_names_a_task_of_the_timetable_or_people():
    assert {row.kept.job for _, row in privacy.every_row()} - {""} <= set(TIMETABLE)
    assert all(row.kept.label and row.kept.starts and row.kept.basis and row.purpose for _, row in privacy.every_row())


def test_what_the_nightly_run_is_said_to_erase_it_knows_how_to():
    """Whole accounts it knows by itself; every other table needs to say which rows are over."""
    said = {
        label for label, row in privacy.every_row() if row.kept.job == "retention" and row.erasure == Erasure.DELETE
    }
    reached = {"kim.BreachEntry", "account.EmailConfirmation", "socialaccount.SocialToken"}  # with what they hang on
    assert said - set(privacy.with_an_end()) == reached
    for child, parent in [("kim.BreachEntry", "kim.Breach"), ("account.EmailConfirmation", "account.EmailAddress"),
                          ("socialaccount.SocialToken", "socialaccount.SocialAccount")]:  # fmt: skip
        ways = [field for field in apps.get_model(child)._meta.concrete_fields if field.is_relation]
        assert any(way.related_model._meta.label == parent for way in ways)


def test_whatever_is_personal_serves_an_activity_of_the_register():
    named = {label for one in privacy.activities() for label in one.models}
    personal = {label for label, row in privacy.every_row() if row.category != Category.HARMLESS}
    assert personal <= named
    assert named <= set(privacy.labels())


# The papers


@pytest.mark.parametrize("key", processing.PAPERS)
def test_the_printed_paper_is_what_the_tables_say(key):
    written = pathlib.Path(settings.BASE_DIR, "docs/datenschutz", f"{key}.md").read_text()
    assert written == processing.markdown(processing.PAPERS[key]()), (
        "run: manage.py print_processing --all docs/datenschutz"
    )


def test_the_deletion_concept_says_what_nobody_but_people_deletes():
    by_hand = processing.deletion().tables[-1]
    assert any("Verwendungsnachweises" in row[0] and "funding.Leave" in row[1] for row in by_hand.rows)
    assert not any("beratene" in cell.lower() for row in by_hand.rows for cell in row)


def test_the_register_says_that_it_is_an_example_until_the_county_confirms_it(tmp_path, settings):
    assert any("MUSTER" in line for line in processing.register().lead)
    told = pathlib.Path(settings.BASE_DIR, "data/datenschutz.yaml").read_text()
    own = tmp_path / "own.yaml"
    own.write_text(
        told.replace("example: true", "example: false").replace("Rhein-Sieg-Kreis, Der", "Kreis Muster, Der")
    )
    settings.KIM_PRIVACY_FILE = str(own)
    processing.told_by_county.cache_clear()
    try:
        paper = processing.register()
    finally:
        processing.told_by_county.cache_clear()
    assert not any("MUSTER" in line for line in paper.lead)
    assert "Kreis Muster" in paper.tables[0].rows[0][1]


def test_papers_as_page_and_as_tagged_pdf(client, django_assert_max_num_queries):
    county()
    client.force_login(user(Role.AUDIT))
    with django_assert_max_num_queries(12):
        page = client.get(reverse("kim:processing_list")).content.decode()
    assert "Art. 30" in page
    assert "Case Management im Einzelfall" in page
    assert "Löschklassen" in client.get(reverse("kim:processing_list"), {"paper": "loeschkonzept"}).content.decode()
    pdf = client.get(reverse("kim:processing_print", args=["loeschkonzept"]))
    assert pdf["Content-Type"] == "application/pdf"
    assert "Löschkonzept" in text_of(pdf.content)
    assert client.get(reverse("kim:processing_print", args=["nichts"])).status_code == 404


# The nightly run


def left(months: int) -> User:
    """An account whose last role ended so many months ago, and that nobody used since."""
    today = workdays.today()
    made = user(Role.CASE_MANAGER)
    ended = today - dt.timedelta(days=31 * months)
    RoleGrant.objects.filter(user=made).update(valid_from=dt.date(1999, 1, 1), valid_until=ended)
    User.objects.filter(pk=made.pk).update(date_joined=workdays.now() - dt.timedelta(days=40 * months + 10))
    return made


def test_an_account_loses_its_access_months_after_its_last_role_and_keeps_its_name_for_years():
    stays, recently, gone = user(Role.CASE_MANAGER), left(5), left(7)
    CalendarFeed.objects.create(user=gone, digest="x")
    forget()
    for one in (stays, recently, gone):
        one.refresh_from_db()
    assert stays.email
    assert recently.email
    assert (gone.email, gone.is_active, gone.has_usable_password()) == ("", False, False)
    assert gone.display_name != retention.FORMER
    assert not CalendarFeed.objects.exists()
    assert TrailEntry.objects.filter(act="user.forget_access", object_id=str(gone.pk)).count() == 1
    forget()  # a second night does nothing twice
    assert TrailEntry.objects.filter(act="user.forget_access", object_id=str(gone.pk)).count() == 1


def test_after_ten_years_an_account_is_a_former_one_and_rows_that_name_it_stay():
    gone = left(125)
    other = Notice.objects.create(recipient=user(), key="k", headline="KP", url="/")
    forget()
    gone.refresh_from_db()
    assert gone.display_name == retention.FORMER
    assert not gone.username.startswith("u")
    assert not RoleGrant.objects.filter(user=gone).exists()
    assert Notice.objects.filter(pk=other.pk).exists()


def test_a_superuser_and_whoever_signed_in_lately_stay():
    root, used = left(20), left(20)
    User.objects.filter(pk=root.pk).update(is_superuser=True)
    User.objects.filter(pk=used.pk).update(last_login=workdays.now())
    retention.run()
    assert User.objects.filter(pk__in=[root.pk, used.pk]).exclude(email="").count() == 2


@pytest.mark.parametrize(("days", "stays"), [(360, True), (370, False)])
def test_notices_go_after_a_year(days, stays):
    made = Notice.objects.create(recipient=user(), key="k", headline="KP", url="/")
    Notice.objects.filter(pk=made.pk).update(created_at=workdays.now() - dt.timedelta(days=days))
    retention.run()
    assert Notice.objects.filter(pk=made.pk).exists() == stays


def test_absences_go_three_years_after_their_end():
    today = workdays.today()
    old = dt.date(today.year - 4, 1, 1)
    Absence.objects.create(user=user(), deputy=user(), valid_from=old, valid_until=old + dt.timedelta(days=3))
    kept = Absence.objects.create(user=user(), deputy=user(), valid_from=today)
    retention.run()
    assert list(Absence.objects.all()) == [kept]


def test_the_check_changes_nothing_and_says_what_would_go(capsys):
    left(7)
    Notice.objects.create(recipient=user(), key="k", headline="KP", url="/")
    Notice.objects.update(created_at=workdays.now() - dt.timedelta(days=400))
    call_command("forget", "--check")
    told = capsys.readouterr().out
    assert "Es würden gelöscht: 1 Zugänge" in told
    assert "1 × notice" in told
    assert Notice.objects.exists()
    assert not Mail.objects.exists()
