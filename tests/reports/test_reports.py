"""Status reports: drawn up, written, counted anew, released by another, and then frozen; what differs from the last."""

import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.urls import reverse

from kim import files, workdays
from kim.models import Draft, Notice, Role, TrailEntry
from kim.privacy_gate import Held
from kim.workflow import OutOfTurn, StepRefused
from reports import gathering
from reports.models import ReportFile, ReportText, StatusReport
from tests.factories import steering_group, user
from tests.funding import makers as funding
from tests.reports.makers import office, released_report, status_report

pytestmark = pytest.mark.django_db

D = dt.date
STAND = D(2022, 3, 16)
BEFORE = D(2021, 11, 16)


@pytest.fixture
def second():
    return user(Role.COORDINATION)


@pytest.fixture
def windeck():
    """A post held since 15.10.2021."""
    post = funding.post(number="M2-07", title="Case Management Windeck")
    with workdays.as_of(D(2021, 10, 20)):
        return funding.held(post, D(2021, 10, 15))


def told(report, which):
    return [one.after or one.before for one in gathering.read(report.data["differences"][which])]


# Acts


def test_a_draft_is_filled_and_has_a_text_for_each_section():
    report = status_report(text="")
    keys = [one["key"] for one in report.sections]
    assert keys[0] == "preface"
    assert keys[-1] == "changes"
    assert set(keys) == {one.key for one in report.texts.all()}
    assert "erste mit KIM" in report.sections[-1]["blocks"][0]["text"]


def test_a_stand_in_the_future_is_refused():
    with pytest.raises(StepRefused, match="Zukunft"):
        status_report(valid_on=workdays.today() + dt.timedelta(days=1))


def test_the_next_one_compares_with_the_last_released_about_an_earlier_day(second):
    first = released_report(valid_on=BEFORE, by=second)
    released_report(valid_on=D(2022, 9, 1), by=second)
    status_report(valid_on=D(2022, 1, 1))
    assert status_report().previous == first


def test_texts_pass_the_privacy_gate(second):
    report = status_report(text="")
    with pytest.raises(Held):
        report.write("preface", "Frau Müller, Tel. 0171 2345678, ist neu.", by=office())
    assert not ReportText.objects.exclude(text="").exists()


def test_who_ever_wrote_in_it_does_not_release_it(second):
    report = status_report(text="")
    two = user(Role.STRATEGIC_OFFICE)
    report.write("preface", "Von einer.", by=two)
    report.write("preface", "Von der anderen.", by=office())
    for somebody in (office(), two, user(Role.STEERING_GROUP)):
        with pytest.raises(PermissionDenied):
            report.release(by=somebody)
    assert report.release(by=second).number == f"S-{workdays.today().year}-001"


def test_without_a_word_it_is_not_released(second):
    with pytest.raises(StepRefused, match="noch kein Text"):
        status_report(text="").release(by=second)


def test_facts_that_changed_since_refuse_the_release_until_counted_anew(second, windeck):
    report = status_report()
    windeck.correct(by=funding.admin(), valid_from=D(2021, 12, 1))
    with pytest.raises(StepRefused, match="neu zählen"):
        report.release(by=second)
    report.recount(by=office())
    assert report.release(by=second).written["preface"] == "Die Umsetzung schreitet voran."


def test_another_one_released_meanwhile_refuses_the_release(second):
    report = status_report()
    released_report(valid_on=BEFORE, by=second)
    with pytest.raises(StepRefused, match="neu zählen"):
        report.release(by=second)


def test_a_new_count_says_what_it_changes_even_where_no_figure_of_the_county_does(client, second):
    released_report(valid_on=BEFORE, by=second)
    report = status_report()
    client.force_login(office())
    there = reverse("reports:report_recount", args=[report.pk])
    assert "die im Entwurf stehen" in client.get(there).text
    released_report(valid_on=BEFORE, by=second)
    page = client.get(there).text
    assert "die im Entwurf stehen" not in page
    assert "Vergleich mit dem vorigen Bericht" in page


def test_what_was_known_on_a_day_stays_that_whatever_is_learned_later(second, windeck):
    known = dt.datetime(2022, 1, 1, tzinfo=workdays.BERLIN)
    report = status_report(known_at=known)
    windeck.correct(by=funding.admin(), valid_from=D(2021, 12, 1))
    assert report.recount(by=office()).known_at == known
    assert report.release(by=second).known_at == known


def test_those_who_read_reports_are_told_with_a_link_and_nobody_else(second):
    member, stranger = user(Role.STEERING_GROUP), user(Role.CASE_MANAGER)
    report = released_report(by=second)
    notices = {one.recipient: one for one in Notice.objects.all()}
    assert {member, office()} <= set(notices)
    assert not {second, stranger} & set(notices)
    assert notices[member].url == report.get_absolute_url()
    assert notices[member].headline == f"Sachstandsbericht {report.number} liegt vor"


def test_a_release_that_fails_leaves_neither_files_nor_a_number(second, monkeypatch):
    report = status_report()
    before = set(_kept())

    def fail(*args, **kwargs):
        raise RuntimeError

    monkeypatch.setattr("reports.models.status.tell", fail)
    with pytest.raises(RuntimeError):
        report.release(by=second)
    assert set(_kept()) == before
    report.refresh_from_db()
    assert report.is_draft
    monkeypatch.undo()
    assert report.release(by=second).number.endswith("-001")


def _kept():
    from pathlib import Path

    from django.conf import settings

    return [path.name for path in Path(settings.FILES_DIR).rglob("*") if path.is_file()]


# Frozen


def test_what_is_released_never_changes_whoever_writes(second):
    report = released_report(by=second)
    assert report.is_intact
    for act in (
        lambda: report.write("preface", "Anders.", by=office()),
        lambda: report.recount(by=office()),
        lambda: report.drop(by=office(), because="Doch nicht"),
        lambda: report.release(by=second),
    ):
        with pytest.raises(OutOfTurn):
            act()
    text, file = report.texts.first(), report.files.first()
    for write in (
        lambda: StatusReport.objects.filter(pk=report.pk).update(data={}),
        lambda: StatusReport.objects.filter(pk=report.pk)._raw_delete("default"),
        lambda: ReportText.objects.filter(pk=text.pk).update(text="Anders."),
        lambda: ReportText.objects.filter(pk=text.pk)._raw_delete("default"),
        lambda: ReportText.objects.create(report=report, key="more", changed_by=None),
        lambda: ReportFile.objects.filter(pk=file.pk).update(name="0" * 32),
        lambda: ReportFile.objects.filter(pk=file.pk)._raw_delete("default"),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            write()


def test_four_eyes_hold_in_the_database_too(second):
    report = status_report()
    with pytest.raises(IntegrityError), transaction.atomic():
        StatusReport.objects.filter(pk=report.pk).update(
            number="S-2026-009", released_at=workdays.now(), released_by=report.drawn_up_by
        )


def test_the_digest_covers_dates_data_and_texts(second):
    report = StatusReport.objects.get(pk=released_report(by=second).pk)
    assert report.is_intact
    report.title = "Ein anderer"
    assert not report.is_intact
    report.refresh_from_db()
    report.written["preface"] = "Anders."
    assert not report.is_intact


def test_the_files_stay_as_they_were_made_and_are_not_swept(client, second):
    report = released_report(by=second)
    client.force_login(user(Role.STEERING_GROUP))
    for kind, begin in (("pdf", b"%PDF-"), ("docx", b"PK")):
        answer = client.get(reverse("reports:report_file", args=[report.pk, kind]))
        content = b"".join(answer.streaming_content)
        assert content.startswith(begin)
        assert answer["Content-Disposition"] == f'attachment; filename="Sachstandsbericht-{report.number}.{kind}"'
    assert TrailEntry.objects.filter(act="statusreport.file").count() == 2
    names = set(report.files.values_list("name", flat=True))
    files.sweep_all(older_than=0)
    assert names <= set(_kept())


# What differs


def test_corrections_of_the_past_stand_apart_from_what_changed_since(second, windeck):
    first = released_report(valid_on=BEFORE, by=second)
    windeck.correct(by=funding.admin(), valid_from=D(2021, 12, 1))  # so nobody was there on 16.11.2021
    bornheim = funding.post(number="M2-09", title="Case Management Bornheim", first=D(2022, 1, 1))
    funding.held(bornheim, D(2022, 2, 1))
    report = status_report()
    assert report.previous == first
    corrected, since = told(report, "corrected"), told(report, "since")
    assert any("15.10.2021" in one for one in corrected)
    assert any("01.02.2022" in one for one in since)
    assert not any("01.02.2022" in one for one in corrected)
    titles = [block["title"].partition(": ")[0] for block in report.sections[-1]["blocks"]]
    assert list(dict.fromkeys(titles[1:])) == ["Seither geändert", "Erst nach dem 16.11.2021 über diesen Tag bekannt"]


def test_nothing_differs_where_nothing_happened(client, second):
    first = released_report(by=second)
    report = status_report()
    assert report.previous == first
    assert told(report, "corrected") == []
    client.force_login(office())
    page = client.get(reverse("reports:report_difference", args=[report.pk])).text
    assert "Was im vorigen Bericht steht, gilt weiter." in page


def test_a_released_one_is_compared_with_any_other_and_with_what_is_known_now(client, second, windeck):
    first = released_report(valid_on=BEFORE, by=second)
    report = released_report(by=second)
    windeck.correct(by=funding.admin(), valid_from=D(2021, 11, 1))
    client.force_login(user(Role.STEERING_GROUP))
    there = reverse("reports:report_difference", args=[report.pk])
    assert "01.11.2021" in client.get(there, {"with": "now"}).text
    assert f"Gegenüber {first}" in client.get(there, {"with": first.pk}).text
    for bad in ("x", "999999", "-1", "\x00"):
        assert "Diesen Bericht gibt es hier nicht" in client.get(there, {"with": bad}).text


# Pages


def test_from_an_empty_list_to_a_released_report(client, second):
    steering_group()
    me = office()
    client.force_login(me)
    assert "Ersten Bericht beginnen" in client.get(reverse("reports:report_list")).text
    new = reverse("reports:report_new")
    given = {"title": "Sachstand", "committee": "Ausschuss", "valid_on": "16.03.2022", "meeting_on": "16.03.2022"}
    for wrong, words in (
        ({"valid_on": "31.02.2022"}, "gibt es nicht"),
        ({"valid_on": "01.01.2199"}, "Zukunft"),
        ({"known_on": "01.01.1999"}, "ab dem 01.01.2020"),
        ({"title": "Bericht über Frau Müller, Tel. 0171 2345678"}, "Titel"),
    ):
        answer = client.post(new, given | wrong)
        assert answer.status_code == 422
        assert words in answer.text
    Draft.keep(me, "report:new", given)
    made = client.post(new, given)
    report = StatusReport.objects.get()
    assert made["Location"] == report.get_absolute_url()
    assert not Draft.objects.exists()

    write = reverse("reports:report_text", args=[report.pk, "preface"])
    assert client.post(write, {"text": "Ruf Frau Müller an: 0171 2345678"}).status_code == 422
    on = client.post(write, {"text": "Seit der letzten Sitzung …", "then": "next"})
    assert on["Location"] == reverse("reports:report_text", args=[report.pk, "overhead"])
    assert "Freigeben muss jemand" in client.get(reverse("reports:report_release", args=[report.pk])).text
    page = client.get(report.get_absolute_url()).text
    assert "Seit der letzten Sitzung …" in page
    assert "Abschnitten ohne Text" in page

    client.force_login(second)
    release = reverse("reports:report_release", args=[report.pk])
    assert "ändern sich danach nicht mehr" in client.get(release).text
    assert client.post(release).status_code == 302
    client.force_login(me)
    assert client.get(write).status_code == 409
    assert client.post(release).status_code == 403
    assert "S-" in client.get(reverse("reports:report_list"), {"year": "2022"}).text
    assert "Gezeigt werden alle" in client.get(reverse("reports:report_list"), {"year": "20x2"}).text


def test_the_second_window_undoes_nothing(client):
    report = status_report()
    client.force_login(office())
    write = reverse("reports:report_text", args=[report.pk, "preface"])
    shown = client.get(write).context["form"].digest
    assert client.post(write, {"text": "Aus dem ersten Fenster", "shown": shown}).status_code == 302
    answer = client.post(write, {"text": "Aus dem zweiten", "shown": shown})
    assert answer.status_code == 409
    assert "Aus dem zweiten" in answer.text
    assert report.texts.get(key="preface").text == "Aus dem ersten Fenster"


def test_what_is_dropped_leaves_the_list_and_says_why(client):
    report = status_report()
    client.force_login(office())
    drop = reverse("reports:report_drop", args=[report.pk])
    assert "1 geschriebener Text" in client.get(drop).text
    assert client.post(drop, {"because": "Die Sitzung fällt aus"}).status_code == 302
    assert "Noch kein Bericht" in client.get(reverse("reports:report_list")).text
    assert "Die Sitzung fällt aus" in client.get(report.get_absolute_url()).text
    assert client.post(drop, {"because": "Noch einmal"}).status_code == 409


def test_a_refused_release_says_so_in_the_form(client, second, windeck):
    report = status_report()
    windeck.correct(by=funding.admin(), valid_from=D(2021, 12, 1))
    client.force_login(second)
    release = reverse("reports:report_release", args=[report.pk])
    assert "neu zählen" in client.get(release).text
    answer = client.post(release)
    assert answer.status_code == 422
    assert "neu zählen" in answer.text
    client.force_login(office())
    recount = reverse("reports:report_recount", args=[report.pk])
    assert "01.12.2021" in client.get(recount).text
    assert client.post(recount).status_code == 302


def test_a_draft_as_a_file_is_made_when_asked_for(client):
    report = status_report()
    client.force_login(office())
    answer = client.get(reverse("reports:report_file", args=[report.pk, "docx"]))
    assert answer.content.startswith(b"PK")
    assert client.get(reverse("reports:report_file", args=[report.pk, "exe"])).status_code == 404
    client.force_login(user(Role.STEERING_GROUP))
    assert client.get(reverse("reports:report_file", args=[report.pk, "docx"])).status_code == 404


def test_pages_cost_the_same_with_many_reports(client, second, django_assert_max_num_queries):
    reports = [released_report(valid_on=BEFORE, by=second)]

    def costs():
        client.force_login(second)
        report = reports[-1]
        pages = [reverse("reports:report_list"), report.get_absolute_url(),
                 reverse("reports:report_difference", args=[report.pk])]  # fmt: skip
        found = []
        for page in pages:
            client.get(page)
            with django_assert_max_num_queries(12) as asked:
                assert client.get(page).status_code == 200
            found.append(len(asked))
        return found

    few = costs()
    reports += [released_report(by=second), released_report(valid_on=D(2022, 9, 1), by=second)]
    status_report()
    assert costs() == few
