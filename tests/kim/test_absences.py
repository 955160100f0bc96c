"""Being away: from–to, one deputy at a time, on record, and over by itself."""

import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from kim import absences, workdays
from kim.models import Absence, Notice, Role, TrailEntry, User
from kim.workflow import StepRefused
from tests.factories import user

TODAY = workdays.today()


def user_again(one):
    return User.objects.get(pk=one.pk)


def day(n):
    return TODAY + dt.timedelta(days=n)


@pytest.fixture
def me(db):
    return user(Role.COORDINATION, name="Koordinierung")


@pytest.fixture
def deputy(db):
    return user(Role.COORDINATION, name="Zweite Koordinierung")


def arrange(me, deputy, first=0, last=4, by=None):
    return absences.arrange(by=by or me, user=me, deputy=deputy, first=day(first), last=day(last))


def test_it_holds_from_the_first_to_the_last_day(me, deputy):
    made = arrange(me, deputy)
    assert (made.valid_from, made.valid_until) == (TODAY, day(5))
    assert [str(hat) for hat in deputy.hats()] == [str(deputy), str(me)]
    with workdays.as_of(day(5)):
        assert len(deputy.hats()) == 1


def test_it_is_on_record_and_the_deputy_is_told_once(me, deputy):
    made = arrange(me, deputy)
    assert TrailEntry.objects.get(act="absence.arrange").by == me
    (notice,) = Notice.objects.filter(recipient=deputy)
    assert made.user.display_name in notice.text


@pytest.mark.parametrize(("first", "last"), [(4, 9), (-3, 0), (1, 2), (-1, 20)])
def test_overlapping_days_are_refused(me, deputy, first, last):
    arrange(me, deputy)
    with pytest.raises(StepRefused, match="schon eine Abwesenheit"):
        arrange(me, deputy, first, last)
    assert Absence.objects.count() == 1


def test_the_day_after_is_free(me, deputy):
    arrange(me, deputy)
    arrange(me, deputy, 5, 6)
    assert Absence.objects.count() == 2


def test_a_deputy_who_is_away_is_refused(me, deputy):
    arrange(deputy, me, 2, 2)
    with pytest.raises(StepRefused, match="selbst abwesend"):
        arrange(me, deputy)


def test_who_is_stood_in_for_goes_along_when_the_deputy_is_away_too(me, deputy):
    third = user(Role.COORDINATION, name="Dritte Koordinierung")
    arrange(me, deputy, 0, 9)
    arrange(deputy, third, 3, 5)
    spans = [(row.deputy, row.valid_from, row.valid_until) for row in Absence.objects.filter(user=me).order_by("pk")]
    assert sorted(spans, key=lambda row: row[1]) == [
        (deputy, TODAY, day(3)), (third, day(3), day(6)), (deputy, day(6), day(10)),
    ]  # fmt: skip
    with workdays.as_of(day(4)):
        assert {str(hat) for hat in user_again(third).hats()} == {str(third), str(me), str(deputy)}
    assert TrailEntry.objects.filter(act="absence.pass_on").count() == 1
    assert Notice.objects.filter(recipient=third, text__contains=f"auch {me}").count() == 1


def test_an_absence_still_to_come_goes_along_as_a_whole(me, deputy):
    third = user(Role.COORDINATION, name="Dritte Koordinierung")
    arrange(me, deputy, 4, 5)
    arrange(deputy, third, 3, 9)
    (row,) = Absence.objects.filter(user=me)
    assert (row.deputy, row.valid_from, row.valid_until) == (third, day(4), day(6))


def test_a_deputy_who_cannot_take_over_the_others_too_is_refused(me, deputy):
    authority = user(Role.AUTHORITY, name="Ausländerbehörde")
    arrange(me, deputy)
    with pytest.raises(StepRefused, match="kann das nicht übernehmen"):
        arrange(deputy, authority, 1, 2)
    assert Absence.objects.count() == 1


def test_nobody_but_oneself_and_administration_arranges_it(me, deputy):
    with pytest.raises(PermissionDenied):
        arrange(me, deputy, by=deputy)
    arrange(me, deputy, by=user(Role.ADMIN))
    assert Absence.objects.count() == 1


def test_back_early_ends_it_with_yesterday(me, deputy):
    made = arrange(me, deputy)
    with workdays.as_of(day(2)):
        absences.end(made, by=me)
        assert len(deputy.hats()) == 1
    made.refresh_from_db()
    assert made.last_day == day(1)


def test_what_has_not_begun_is_taken_back_and_stays_on_record(me, deputy):
    made = arrange(me, deputy, 3, 5)
    absences.end(made, by=me)
    assert not Absence.objects.exists()
    assert list(TrailEntry.objects.order_by("pk").values_list("act", flat=True)) == ["absence.arrange", "absence.end"]


@pytest.mark.parametrize(
    ("absent", "other", "fits"),
    [
        (Role.CASE_MANAGER, Role.CASE_MANAGER, True),
        (Role.CASE_MANAGER, Role.COORDINATION, True),
        (Role.CASE_MANAGER, Role.AUTHORITY, False),  # the counselling wall
        (Role.AUTHORITY, Role.AUTHORITY, True),
        (Role.STEERING_GROUP, Role.STRATEGIC_OFFICE, True),
        (Role.COORDINATION, Role.ADMIN, False),
        (Role.COORDINATION, Role.AUDIT, False),
        (Role.ADMIN, Role.ADMIN, True),
        (Role.ADMIN, Role.COORDINATION, False),
    ],
)
def test_a_deputy_is_somebody_whose_work_is_of_the_same_kind(db, absent, other, fits):
    someone, deputy = user(absent), user(other)
    assert (deputy in absences.deputies_for(someone)) == fits
    assert someone not in absences.deputies_for(someone)


def typed(deputy, first="{:%d.%m.%Y}", last="{:%d.%m.%Y}", **more):
    return {"deputy": deputy.pk, "first": first.format(TODAY), "last": last.format(day(4))} | more


def test_the_form_names_it(client, me, deputy):
    client.force_login(me)
    answer = client.post(reverse("kim:absence_list"), typed(deputy))
    assert answer.status_code == 302
    assert Absence.objects.get().deputy == deputy
    page = client.get(reverse("kim:absence_list")).content.decode()
    assert "vertreten durch Zweite Koordinierung" in page


@pytest.mark.parametrize(
    "wrong",
    [
        {"first": "gestern"},
        {"last": ""},
        {"last": "01.01.2020"},
        {"first": "31.02.2026"},
        {"deputy": "999999"},
        {"deputy": "x"},
        {"deputy": "\0"},
        {"first": "9" * 5000},
    ],
)
def test_a_wrong_form_says_so_and_writes_nothing(client, me, deputy, wrong):
    client.force_login(me)
    answer = client.post(reverse("kim:absence_list"), typed(deputy) | wrong)
    assert answer.status_code == 422
    assert "Fehler: " in answer.content.decode()
    assert not Absence.objects.exists()


def test_the_form_of_others_cannot_name_somebody_absent(client, me, deputy):
    client.force_login(deputy)
    third = user(Role.COORDINATION)
    client.post(reverse("kim:absence_list"), typed(third, user=me.pk))
    assert Absence.objects.get().user == deputy


def test_administration_arranges_it_for_anybody(client, me, deputy):
    client.force_login(user(Role.ADMIN))
    client.post(reverse("kim:absence_list"), typed(deputy, user=me.pk))
    assert Absence.objects.get().user == me


def test_somebody_elses_absence_cannot_be_ended(client, me, deputy):
    made = arrange(me, deputy)
    client.force_login(user(Role.COORDINATION))
    assert client.post(reverse("kim:absence_end", args=[made.pk])).status_code == 404
    client.force_login(deputy)
    assert client.post(reverse("kim:absence_end", args=[made.pk])).status_code == 403
    client.force_login(me)
    client.post(reverse("kim:absence_end", args=[made.pk]))
    assert not Absence.objects.exists()


@pytest.mark.django_db
def test_many_cost_what_few_cost(client, django_assert_max_num_queries):
    admin = user(Role.ADMIN)
    client.force_login(admin)
    client.get(reverse("kim:absence_list"))  # the first page of a session also saves it
    counted = []
    for number in (2, 15):
        for _ in range(number):
            arrange(user(Role.COORDINATION), user(Role.COORDINATION))
        with django_assert_max_num_queries(12) as count:
            client.get(reverse("kim:absence_list"))
        counted.append(len(count.captured_queries))
    assert counted[0] == counted[1]


test_many_cost_what_few_cost = pytest.mark.django_db(test_many_cost_what_few_cost)
