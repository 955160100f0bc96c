"""Makers of what reports are about."""

import datetime as dt
import random
from itertools import count

from casework.lifecycle import State
from casework.models import (
    Assessment,
    Case,
    CaseStep,
    Client,
    Consultation,
    Goal,
    Household,
    Identity,
    LegalArea,
    ResidenceStatus,
    StatisticalRecord,
)
from kim import workdays
from kim.models import Code, Role, User
from reports.models import Export, SavedFigure, StatusReport
from tests.casework.factories import case_manager, code
from tests.factories import county, municipality, organisation, user


def export(by, **fields) -> Export:
    """Somebody's file that waits to be made."""
    given = {"what": "builder", "title": "Auswertung", "format": "xlsx"}
    return Export.objects.create(by=by, **given | fields)


D = dt.date


def office() -> User:
    """Who writes reports; always the same one."""
    return User.objects.filter(username="geschaeftsstelle-test").first() or user(
        Role.STRATEGIC_OFFICE, username="geschaeftsstelle-test", email=""
    )


def status_report(*, by=None, text="Die Umsetzung schreitet voran.", **fields) -> StatusReport:
    """A draft about 16.03.2022 with a preface, unless `fields` say else."""
    county()
    told = {"valid_on": D(2022, 3, 16), "committee": "Ausschuss für Soziales", "title": "Aktueller Sachstand"}
    made = StatusReport.draw_up(by=by or office(), **told | fields)
    if text:
        made.write("preface", text, by=by or office())
    return made


def released_report(*, by=None, **fields) -> StatusReport:
    """One that somebody of the coordination released."""
    return status_report(**fields).release(by=by or user(Role.COORDINATION))


def saved(by, roles=(), **fields) -> SavedFigure:
    """Somebody's kept evaluation, shared with `roles`."""
    name = f"Offene {SavedFigure.objects.count() + 1}"
    given = {"part": "chain", "figure": "chain.open", "rhythm": "month", "periods": 3, "name": name}
    made = SavedFigure.keep(by=by, **given | fields)
    if roles:
        made.share(by=by, roles=roles)
    return made


_case_number = count(1)
TOPICS = ("WOHN", "ARBEIT", "SPRACHE")
STATUSES = ("DULD", "AE_104c", "AE_25b", "NE_9", "FIKT", "GEST")
REASONS = ("ZIELE", "ABBRUCH")


def advised(seed: int = 1, people: int = 60, talks: int = 260) -> None:
    """A year of casework (2025) in five municipalities, made of whatever `seed` says; written straight into the tables,
    for no step could be taken in the past.
    """
    chance = random.Random(seed)
    county(small_cell_below=5)
    places = [municipality(f"Kommune {no}", bank="left" if no < 2 else "right") for no in range(5)]
    author = case_manager(place=places[0])
    held = {
        which: [code(which, one) for one in keys]
        for which, keys in (
            (Code.List.LIFE_DOMAIN, TOPICS), (Code.List.RESIDENCE_STATUS, STATUSES),
            (Code.List.CLOSING_REASON, REASONS),
            (Code.List.INTERPRETER, ("KEINE", "FEHLTE")), (Code.List.LANGUAGE, ("ar", "uk", "sq")),
            (Code.List.LEGAL_AREA, ("SGB2", "ASYLBLG")), (Code.List.TARGET_GROUP, ("FLUCHT_2015", "SONST")),
            (Code.List.GERMAN_LEVEL, ("A1", "B2")),
        )
    }  # fmt: skip
    cases = [_case(chance, author, places, held) for _ in range(people)]
    made = []
    for _ in range(talks):
        case = chance.choice([*cases, None])
        made.append(
            Consultation(
                author=author, case=case, municipality=chance.choices(places, (1, 5, 6, 6, 6))[0], held_on=_day(chance),
                quarter_hours=chance.randint(1, 8), form=code(Code.List.CONTACT_FORM), persons=chance.randint(1, 4),
                actions=chance.randint(1, 3), interpreter=chance.choice([*held[Code.List.INTERPRETER], None]),
                language=chance.choice([*held[Code.List.LANGUAGE], None]),
            )
        )  # fmt: skip
    ties = Consultation.topics.through
    topics = held[Code.List.LIFE_DOMAIN]
    ties.objects.bulk_create(
        ties(consultation=one, code=topic)
        for one in Consultation.objects.bulk_create(made)
        for topic in chance.sample(topics, chance.randint(0, 2))
    )
    for month in (2, 5):
        StatisticalRecord.objects.create(
            kind="alone", month=dt.date(2025, month, 1), municipality=None, bank="left", consultations=7, persons=9,
            actions=8, quarter_hours=20,
        )  # fmt: skip
    StatisticalRecord.objects.create(month=dt.date(2025, 6, 1), municipality=places[3], bank="right",
                                     reached="closed", goals_fully=2, goals_not=1)  # fmt: skip


def bare_talks(people: tuple[int, ...]) -> None:
    """So many people of one municipality in each quarter of 2025, others each time, with two consultations each, of
    which nothing is told that may be left out.
    """
    county(small_cell_below=5)
    place = municipality("Kommune", bank="left")
    municipality("Gegenüber", bank="right")
    author, form = case_manager(place=place), code(Code.List.CONTACT_FORM)
    made = []
    for quarter, number in enumerate(people):
        for _ in range(number):
            client = Client.objects.create(municipality=place)
            begin = dt.date(2025, 3 * quarter + 1, 10)
            case = Case.objects.create(
                client=client, number=f"RSK-2025-{next(_case_number):06d}", owner=author, municipality=place,
                opened_on=begin, agreed_on=begin, admitted_on=begin, state=State.MONITORING, employer=organisation(),
            )  # fmt: skip
            made += [
                Consultation(author=author, case=case, municipality=place, held_on=begin + dt.timedelta(days),
                             form=form, quarter_hours=4)
                for days in (0, 20)
            ]  # fmt: skip
    Consultation.objects.bulk_create(made)


def _day(chance: random.Random) -> dt.date:
    return dt.date(2025, 1, 1) + dt.timedelta(chance.randrange(365))


def _case(chance: random.Random, author, places, held) -> Case:
    home = Household.objects.create(adults=2, children=chance.randint(0, 3)) if chance.random() < 0.5 else None
    person = Client.objects.create(
        municipality=places[0], household=home, gender=chance.choice("fmd-"),
        target_group=chance.choice([*held[Code.List.TARGET_GROUP], None]),
        german_level=chance.choice([*held[Code.List.GERMAN_LEVEL], None]),
    )  # fmt: skip
    born = chance.choice([None, dt.date(chance.randint(1950, 2015), 7, 3)])
    Identity.objects.create(client=person, family_name="Geheim", birth_date=born)
    begin = dt.date(2024, 6, 1)
    for number in range(chance.randint(0, 2)):
        until = dt.date(2025, 3 + 6 * number, chance.randint(1, 28))
        ResidenceStatus.objects.create(client=person, valid_from=begin, valid_until=until,
                                       status=chance.choice(held[Code.List.RESIDENCE_STATUS]))  # fmt: skip
        LegalArea.objects.create(client=person, valid_from=begin, valid_until=until,
                                 area=held[Code.List.LEGAL_AREA][number])  # fmt: skip
        begin = until + dt.timedelta(chance.choice([0, 0, 10]))
    ResidenceStatus.objects.create(client=person, valid_from=begin,
                                   status=chance.choice(held[Code.List.RESIDENCE_STATUS]))  # fmt: skip
    admitted, ends = _day(chance), chance.random() < 0.5
    ended = admitted + dt.timedelta(chance.randrange(120))
    closing = {"state": State.CLOSED, "closing_reason": chance.choice(held[Code.List.CLOSING_REASON]),
               "ended_at": _at(ended), "erase_on": dt.date(2030, 1, 1)}  # fmt: skip
    case = Case.objects.create(
        number=f"RSK-2025-{next(_case_number):06}", client=person, owner=author, employer=organisation(),
        municipality=chance.choice(places), opened_on=admitted, agreed_on=admitted, admitted_on=admitted,
        **(closing if ends else {"state": State.MONITORING}),
    )  # fmt: skip
    steps = [("clear", "request", "clearing", admitted), ("admit", "clearing", "admitted", admitted)]
    steps += [("close", "evaluation", "closed", ended)] if ends else [("monitor", "linking", "monitoring", ended)]
    CaseStep.objects.bulk_create(
        CaseStep(case=case, no=no, name=name, source=source, target=target, by=author, owner=author, at=_at(day))
        for no, (name, source, target, day) in enumerate(steps, start=1)
    )
    for topic in chance.sample(held[Code.List.LIFE_DOMAIN], 2):
        achieved = chance.choice([0, 1, 2, 3, 9, None])
        status = {None: "open", 9: "dropped"}.get(achieved, "done")
        Goal.objects.create(case=case, life_domain=topic, text="Ziel", until=admitted, achievement=achieved,
                            status=status)  # fmt: skip
        Assessment.objects.create(case=case, life_domain=topic, start=chance.randint(1, 5),
                                  end=chance.choice([None, 2, 4]))  # fmt: skip
    return case


def _at(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(12), workdays.BERLIN)
