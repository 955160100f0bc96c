"""Every figure of casework, counted once more row by row in plain Python, is what the set-based counting says."""

import datetime as dt
from collections import defaultdict

import pytest

from casework.figures import counting
from casework.figures import definitions as d
from casework.figures.counting import Geography, Key
from casework.figures.groups import GERMAN, LANGUAGE, RANKS, STATUS
from casework.models import Case, Client, Consultation, StatisticalRecord
from kim import workdays
from kim.models import Municipality
from tests.reports.makers import advised

pytestmark = pytest.mark.django_db

QUARTER = (dt.date(2025, 4, 1), dt.date(2025, 7, 1))
YEAR = (dt.date(2025, 1, 1), dt.date(2026, 1, 1))
AGES = ((18, "0-17"), (27, "18-26"), (45, "27-44"), (65, "45-64"), (200, "65+"))


class Plain:
    """Row by row, in the words of the definitions."""

    def __init__(self, first, until, yearly):
        self.first, self.until, self.yearly = first, until, yearly
        self.banks = dict(Municipality.objects.values_list("ags", "bank"))
        self.numbers, self.people = defaultdict(int), defaultdict(set)
        self.talks = [one for one in Consultation.objects.order_by("held_on", "pk") if self.has(one.held_on)]
        self.last = {one.case.client: one for one in self.talks if one.case}
        self.count_talks()
        for person, last in self.last.items():
            self.count_person(person, last)
        self.count_households()
        for case in Case.objects.all():
            self.count_case(case)
        for record in StatisticalRecord.objects.all():
            self.count_record(record)

    def has(self, day):
        return self.first <= day < self.until

    def add(self, figure, by, place, value, number, *people):
        bank = self.banks[place] if place in self.banks else place[1:]
        for area in (place, bank, ""):
            if number:
                self.numbers[Key(figure, by, area, value)] += number
                self.people[Key(figure, by, area, value)] |= set(people)

    def count_talks(self):
        for one in self.talks:
            place = one.municipality.ags
            who = [one.case.client.pk] if one.case else [f"{one.pk}-{no}" for no in range(one.persons)]
            missing = one.interpreter is not None and one.interpreter.code == "FEHLTE"
            for figure, number in (
                (d.CONSULTATIONS, 1), (d.ACTIONS, one.actions), (d.HOURS, one.quarter_hours),
                (d.ANONYMOUS, one.case is None), (d.MISSING, missing),
            ):  # fmt: skip
                self.add(figure, "", place, "", number, *who)
            self.add(d.INTERPRETING, "interpreter", place, one.interpreter.code if one.interpreter else "-", 1, *who)
            for topic in one.topics.all():
                self.add(d.CONSULTATIONS, "topic", place, topic.code, 1, *who)
                self.add(d.ACTIONS, "topic", place, topic.code, one.actions, *who)

    def count_person(self, person, last):
        day, place = self.until - dt.timedelta(days=1), last.municipality.ags
        status = [one.status.code for one in person.residence_statuses.order_by("valid_from") if one.holds_on(day)]
        areas = {one.area.code for one in person.legal_areas.all() if one.holds_on(day)} or {"-"}
        topics = {
            topic.code for one in self.talks if one.case and one.case.client == person for topic in one.topics.all()
        }
        values = [
            ("", ""), ("age", self.age(person.identity.birth_date, day)), ("gender", person.gender),
            ("status", grouped(STATUS, status[-1] if status else None)),
            ("target_group", person.target_group.code if person.target_group else "-"),
            ("language", grouped(LANGUAGE, last.language.code if last.language else None)),
            ("german", grouped(GERMAN, person.german_level.code if person.german_level else None)),
            *(("topic", one) for one in topics), *(("legal_area", one) for one in areas),
        ]  # fmt: skip
        for by, value in values:
            self.add(d.PERSONS, by, place, value, 1, person.pk)
        if self.yearly:
            self.count_improvements(person, place)

    def age(self, born, day):
        if born is None:
            return "-"
        years = day.year - born.year - ((day.month, day.day) < (born.month, born.day))
        return next(group for below, group in AGES if years < below)

    def count_improvements(self, person, place):
        ranked = [
            (one.valid_from, RANKS.get(one.status.code)) for one in person.residence_statuses.order_by("valid_from")
        ]
        known = [(begins, rank) for begins, rank in ranked if rank and begins < self.until]
        if known:
            start = [rank for begins, rank in known if begins < self.first] or [known[0][1]]
            end = known[-1][1]
            if end > start[-1]:
                kind = {5: "chance", 6: "permit", 7: "settled", 8: "citizen"}.get(end, "toleration")
                for by, value in (("", ""), ("reached", kind)):
                    self.add(d.STATUS_IMPROVED, by, place, value, 1, person.pk)
        areas = list(person.legal_areas.all())
        for one in areas:
            before = [other for other in areas if other.valid_from < one.valid_from]
            if self.has(one.valid_from) and any(other.area != one.area for other in before):
                day_before = one.valid_from - dt.timedelta(days=1)
                gap = "seamless" if any(other.holds_on(day_before) for other in before) else "gap"
                for by, value in (("", ""), ("gap", gap)):
                    self.add(d.AREA_CHANGES, by, place, value, 1, person.pk)

    def count_households(self):
        homes = defaultdict(list)
        for person, last in self.last.items():
            homes[person.household or person].append((last.held_on, last.pk, last, person.pk))
        for home, members in homes.items():
            place = max(members)[2].municipality.ags
            size = 1 if isinstance(home, Client) else max(1, home.size)
            self.add(d.HOUSEHOLDS, "", place, "", size, *(one[3] for one in members))

    def count_case(self, case):
        place, who = case.municipality.ags, case.client_id
        self.add(d.NEW, "", place, "", self.has(case.admitted_on), who)
        steps = [
            one for one in case.steps_taken.order_by("no") if one.at.astimezone(workdays.BERLIN).date() < self.until
        ]
        if steps and steps[-1].target in counting.GOING:
            self.add(d.OPEN, "", place, "", 1, who)
            self.add(d.OPEN, "phase", place, steps[-1].target, 1, who)
        if not case.ended_at or not self.has(case.ended_at.astimezone(workdays.BERLIN).date()):
            return
        self.add(d.CLOSED, "", place, "", 1, who)
        self.add(d.CLOSED, "reason", place, case.closing_reason.code, 1, who)
        for goal in case.goals.all() if self.yearly else ():
            if goal.achievement is not None:
                for by, value in (("", ""), ("achievement", str(goal.achievement)), ("topic", goal.life_domain.code)):
                    self.add(d.GOALS, by, place, value, 1, who)
                for by, value in (("", ""), ("topic", goal.life_domain.code)):
                    self.add(d.GOALS_REACHED, by, place, value, goal.achievement in (2, 3), who)
        for one in case.assessments.all() if self.yearly else ():
            for by, value in (("", ""), ("topic", one.life_domain.code)):
                self.add(d.VALUED, by, place, value, one.change is not None, who)
                self.add(d.IMPROVED, by, place, value, one.change is not None and one.change > 0, who)

    def count_record(self, record):
        if not self.has(record.month):
            return
        place = record.municipality.ags if record.municipality else f"?{record.bank}"
        if record.kind == "alone":
            heads = [f"{record.pk}-{no}" for no in range(record.persons)]
            for figure, number in ((d.CONSULTATIONS, record.consultations), (d.ACTIONS, record.actions),
                                   (d.HOURS, record.quarter_hours), (d.ANONYMOUS, record.consultations)):  # fmt: skip
                self.add(figure, "", place, "", number, *heads)
            self.add(d.INTERPRETING, "interpreter", place, "-", record.consultations, *heads)
            return
        self.add(d.CLOSED, "", place, "", 1, record.pk)
        self.add(d.CLOSED, "reason", place, "-", 1, record.pk)
        if self.yearly:
            for value, number in (("3", record.goals_fully), ("0", record.goals_not)):
                self.add(d.GOALS, "", place, "", number, record.pk)
                self.add(d.GOALS, "achievement", place, value, number, record.pk)
            self.add(d.GOALS_REACHED, "", place, "", record.goals_fully, record.pk)


def grouped(groups, code):
    return next((value for value, (_, codes) in groups.items() if code in codes), "-")


@pytest.mark.parametrize("seed", [1, 2])
def test_every_number_is_what_plain_python_counts(seed):
    advised(seed)
    for (first, until), yearly in ((QUARTER, False), (YEAR, True)):
        tally, plain = counting.count(first, until, Geography.read(), yearly=yearly), Plain(first, until, yearly)
        told = {key: one for key, one in tally.cells.items() if one.number and not key.figure.startswith("-")}
        assert {key: one.number for key, one in told.items()} == dict(plain.numbers)
        # Of records of erased cases each counts once, whatever it is about.
        assert {key: one.people for key, one in told.items() if key.figure not in (d.GOALS, d.GOALS_REACHED)} == {
            key: len(people) for key, people in plain.people.items() if key.figure not in (d.GOALS, d.GOALS_REACHED)
        }


def test_the_queries_do_not_grow_with_the_rows(django_assert_max_num_queries):
    advised(people=12, talks=40)
    with django_assert_max_num_queries(18):
        counting.count(*YEAR, Geography.read(), yearly=True)


def test_every_code_has_a_value_in_its_table():
    advised()
    tally = counting.count(*YEAR, Geography.read(), yearly=True)
    for shape in d.SHAPES:
        known = {value for value, _ in counting.values_of(shape.by)}
        assert {key.value for key in tally.cells if key[:2] == (shape.figure, shape.by)} <= known, shape
