"""Casework with very many cases: people, cases in every phase, ten consultations each; and what is measured there.

The same seed gives the same data. One case manager leads CASES_EACH cases however many there are; what grows is
everybody else's. The rare name belongs to RARE people, and is asked for as three people would spell it.
"""

import datetime as dt
import random
from collections.abc import Callable
from dataclasses import dataclass
from io import StringIO
from itertools import count

from django.conf import settings
from django.core.management import call_command
from django.db import transaction
from django.urls import reverse

from benchmarks import data
from benchmarks.bulk import blank, columns_of, follow_ids, insert
from benchmarks.data import LONG_AGO, account
from casework import timeline
from casework.lifecycle import ADMITTED_ONCE, ENDS, REQUESTED, State
from casework.models import (
    Case,
    CaseNumberRange,
    CaseStep,
    Client,
    Consent,
    Consultation,
    FollowUp,
    Goal,
    Identity,
    LegalArea,
    ResidenceStatus,
)
from casework.spelling import kept
from kim import workdays
from kim.models import Code, Municipality, Organisation, Role

CM, CO = Role.CASE_MANAGER, Role.COORDINATION
LIST, ONE, STEP = 8, 8, 8
CASES_EACH, CONSULTATIONS_EACH = 60, 10
#: Cases were opened in the last so many days.
DAYS = 900
#: The first case of the measured account has so long a timeline.
LONG_TIMELINE = 200
RARE, RARE_NAME = 12, "Müllerschön"
SPELLINGS = ("Müllerschön", "Muellerschoen", "MÜLLERSCHÖN")
#: A name in other letters, and how somebody types it who cannot write them.
CYRILLIC, TYPED = "Шевченковська", "Shevchenkovska"
#: The same in Arabic letters: found by its consonants.
ARABIC, TYPED_ARABIC = "الدرويشي", "Darwishi"

GIVEN = ("Amal", "Олена", "خالد", "Nadia", "Ayşe", "Tesfay", "Mihaela", "Mamadou", "Arta", "Jawad", "Іван", "مریم")
FAMILY = ("Haddad", "Коваль", "درویش", "Rahimi", "Şahin", "Habte", "Popescu", "Diallo", "Hoxha", "Nazari", "Бондар")
ENDINGS = ("", "-Amin", "i", "zadeh", "enko", "ov", "son", "oğlu", "ov-Lang", "mann")
#: State → (share, the steps that lead there).
WORK = "clear admit assess plan link monitor"
WAYS = {
    State.REQUEST: (0.04, ""),
    State.CLEARING: (0.04, "clear"),
    State.ADMITTED: (0.05, "clear admit"),
    State.ASSESSMENT: (0.07, "clear admit assess"),
    State.PLANNING: (0.10, "clear admit assess plan"),
    State.LINKING: (0.12, "clear admit assess plan link"),
    State.MONITORING: (0.20, WORK),
    State.CLOSED: (0.30, f"{WORK} evaluate close"),
    State.DECLINED: (0.08, "clear decline"),
}
TARGETS = {
    "clear": State.CLEARING, "admit": State.ADMITTED, "assess": State.ASSESSMENT, "plan": State.PLANNING,
    "link": State.LINKING, "monitor": State.MONITORING, "evaluate": State.EVALUATION, "close": State.CLOSED,
    "decline": State.DECLINED,
}  # fmt: skip


@dataclass(frozen=True)
class Sizes:
    cases: int
    consultations: int


def build(cases: int, *, seed: int = 3) -> Sizes:
    """Fill an empty, migrated database with so many cases and ten times as many consultations."""
    with transaction.atomic():
        call_command("load_county", settings.BASE_DIR / data.COUNTY, stdout=StringIO())
        people = data._accounts(max(cases * data.ISSUES_EACH // CASES_EACH, 1))
    sizes = fill(cases, people[CM], seed=seed)
    data.tidy()
    return sizes


@transaction.atomic
def fill(cases: int, managers: list, *, seed: int = 3, days: int = DAYS) -> Sizes:
    """The same beside what is there, led by accounts that are there; opened in the last `days`."""
    return _Builder(cases, random.Random(seed), managers, days).write()


class _Builder:
    def __init__(self, cases, chance, managers, days):
        self.number, self.chance, self.managers, self.span = cases, chance, managers, days
        self.today = workdays.today()
        self.places = list(Municipality.objects.order_by("pk"))
        self.employer = Organisation.objects.order_by("pk").first().pk
        self.codes = {which: list(Code.objects.filter(list=which).order_by("pk")) for which in Code.List.values}
        self.agreed = Code.objects.get(list=Code.List.CONSENT_PURPOSE, code="CM").pk
        self.done = Code.objects.get(list=Code.List.CLOSING_REASON, code="ZIELE").pk
        self.ids = count(1)

    def write(self) -> Sizes:
        rows = [self._case(pk) for pk in range(1, self.number + 1)]
        self._number(rows)
        _write(Client, (self._client(row) for row in rows))
        _write(Identity, (self._identity(row) for row in rows))
        _write(LegalArea, (self._dated(LegalArea, row, area_id=self._any("legal_area")) for row in rows))
        _write(ResidenceStatus, (self._status(row) for row in rows))
        _write(Consent, (self._consent(row) for row in rows if row["state"] in ADMITTED_ONCE))
        _write(Case, rows)
        _write(CaseStep, (step for row in rows for step in self._steps(row)))
        consultations = _write(Consultation, (talk for row in rows for talk in self._talks(row)))
        _write(Goal, (self._goal(row) for row in rows if row["state"] in ADMITTED_ONCE))
        _write(FollowUp, (self._follow_up(row) for row in rows if row["state"] not in ENDS))
        follow_ids(Client, LegalArea, ResidenceStatus, Consent, Case, CaseStep, Consultation, Goal, FollowUp)
        return Sizes(len(rows), consultations)

    def _any(self, which):
        return self.chance.choice(self.codes[which]).pk

    def _case(self, pk) -> dict:
        state = self.chance.choices(list(WAYS), [share for share, _ in WAYS.values()])[0]
        if pk % len(self.managers) == 1 % len(self.managers):
            state = State.MONITORING  # the measured account has much to do
        opened = self.today - dt.timedelta(days=self.chance.randint(20, self.span))
        ended = state in ENDS
        last = self._moment(self.today - dt.timedelta(days=self.chance.randint(1, 15)))
        admitted = opened + dt.timedelta(days=2) if state in ADMITTED_ONCE else None
        erase = self.today + dt.timedelta(days=self.chance.randint(5, 900)) if ended or state in REQUESTED else None
        return blank(Case) | {
            "id": pk, "client_id": pk, "owner_id": self.managers[(pk - 1) % len(self.managers)].pk,
            "employer_id": self.employer, "municipality_id": self.chance.choice(self.places).pk, "state": state.value,
            "step_no": len(WAYS[state][1].split()), "state_since": last, "opened_on": opened, "agreed_on": admitted,
            "admitted_on": admitted, "ended_at": last if ended else None, "erase_on": erase,
            "closing_reason_id": self.done if state == State.CLOSED else None,
            "occasion": "Wohnung und Arbeit, Briefe mehrerer Behörden.", "access_route_id": self._any("access_route"),
        }  # fmt: skip

    def _number(self, rows) -> None:
        years: dict[int, int] = {}
        for row in sorted(rows, key=lambda row: (row["opened_on"], row["id"])):
            year = row["opened_on"].year
            years[year] = years.get(year, 0) + 1
            row["number"] = f"RSK-{year}-{years[year]:06d}"
        CaseNumberRange.objects.bulk_create(CaseNumberRange(year=year, last=last) for year, last in years.items())

    def _client(self, row) -> dict:
        return blank(Client) | {
            "id": row["id"], "municipality_id": row["municipality_id"], "gender": self.chance.choice("fm-"),
            "arrival_year": 2016, "target_group_id": self._any("target_group"),
        }  # fmt: skip

    def _identity(self, row) -> dict:
        given = self.chance.choice(GIVEN)
        family = self.chance.choice(FAMILY) + self.chance.choice(ENDINGS)
        portion = max(self.number // RARE, 1)
        if row["owner_id"] == self.managers[0].pk and row["id"] <= 3 * len(self.managers):
            family = (RARE_NAME, CYRILLIC, ARABIC)[(row["id"] - 1) // len(self.managers)]
        elif row["id"] % portion == 0:
            family = RARE_NAME
        born = dt.date(self.chance.randint(1950, 2008), self.chance.randint(1, 12), self.chance.randint(1, 28))
        return blank(Identity) | {
            "client_id": row["id"], "given_name": given, "family_name": family, "birth_date": born,
            "folded": kept(f"{given} {family}"),
        }  # fmt: skip

    def _dated(self, model, row, **fields) -> dict:
        return blank(model) | {"id": row["id"], "client_id": row["id"], "valid_from": LONG_AGO} | fields

    def _status(self, row) -> dict:
        expires = self.today + dt.timedelta(days=self.chance.randint(-30, 900))
        return self._dated(ResidenceStatus, row, status_id=self._any("residence_status"), expires_on=expires)

    def _consent(self, row) -> dict:
        moment = self._moment(row["admitted_on"])
        return self._dated(
            Consent, row, purpose_id=self.agreed, text_version="2026-1", recorded_by_id=row["owner_id"],
            recorded_at=moment, valid_from=row["admitted_on"],
        )  # fmt: skip

    def _steps(self, row):
        where = State.REQUEST
        for no, name in enumerate(WAYS[State(row["state"])][1].split(), 1):
            yield blank(CaseStep) | {
                "id": next(self.ids), "case_id": row["id"], "no": no, "name": name, "source": where.value,
                "target": TARGETS[name].value, "by_id": row["owner_id"], "owner_id": row["owner_id"],
                "at": row["state_since"], "note": "Eine Auskunft genügt." if name == "decline" else "",
            }  # fmt: skip
            where = TARGETS[name]

    def _talks(self, row):
        number = LONG_TIMELINE if row["id"] == 1 and self.number > LONG_TIMELINE else CONSULTATIONS_EACH
        days = (self.today - row["opened_on"]).days
        for _ in range(number):
            held = self.today - dt.timedelta(days=self.chance.randint(0, days))
            yield blank(Consultation) | {
                "id": next(self.ids), "author_id": row["owner_id"], "case_id": row["id"], "held_on": held,
                "municipality_id": row["municipality_id"], "quarter_hours": self.chance.randint(1, 8),
                "form_id": self._any("contact_form"), "result_id": self._any("consultation_result"),
                "note": "Bescheid erklärt und den nächsten Schritt besprochen.", "recorded_on": held,
            }  # fmt: skip

    def _goal(self, row) -> dict:
        ended = row["state"] in ENDS
        return blank(Goal) | {
            "id": row["id"], "case_id": row["id"], "life_domain_id": self._any("life_domain"),
            "text": "Eine eigene Wohnung finden", "until": self.today + dt.timedelta(days=self.chance.randint(-9, 90)),
            "status": "done" if ended else "running", "achievement": 2 if ended else None,
        }  # fmt: skip

    def _follow_up(self, row) -> dict:
        day = self.today + dt.timedelta(days=self.chance.randint(-3, 60))
        return blank(FollowUp) | {"id": row["id"], "case_id": row["id"], "on_day": day, "text": "Bescheid abwarten"}

    def _moment(self, day) -> dt.datetime:
        return dt.datetime.combine(day, dt.time(9, self.chance.randint(0, 59)), workdays.BERLIN)


def _write(model, rows) -> int:
    names = columns_of(model)
    return insert(model, names, (tuple(row[name] for name in names) for row in rows))


# What is measured

#: (name, role, how many bare pages it may cost, address, words to look for)
MEASURED: list[tuple[str, str, float, Callable[[], str], str]] = [
    ("Heute", CM, LIST, lambda: reverse("kim:today"), ""),
    ("Fälle", CM, LIST, lambda: reverse("casework:case_list"), ""),
    *(
        (f"Fälle, Suche „{words}“", CM, LIST, lambda: reverse("casework:case_list"), words)
        for words in (*SPELLINGS, TYPED, TYPED_ARABIC)
    ),
    ("Fall", CM, ONE, lambda: reverse("casework:case_detail", args=[_own().pk]), ""),
    ("Fall mit langem Verlauf", CM, ONE, lambda: reverse("casework:case_detail", args=[1]), ""),
    ("Verlauf, nächste Seite", CM, LIST, lambda: _further(), ""),
    ("Beratungen", CM, LIST, lambda: reverse("casework:consultation_list"), ""),
    ("Beratung erfassen, Formular", CM, LIST, lambda: reverse("casework:consultation_new"), ""),
    ("Wiedervorlagen", CM, LIST, lambda: reverse("casework:followup_list"), ""),
    ("Fallübersicht", CO, LIST, lambda: reverse("casework:case_overview"), ""),
    ("Löschfristen", CM, LIST, lambda: reverse("casework:retention_list"), ""),
    ("Löschfristen", CO, LIST, lambda: reverse("casework:retention_list"), ""),
]


def pages(match: str = "") -> list:
    """The pages with addresses that hold in the present data; only those whose name holds `match`."""
    from benchmarks.pages import Page

    return [
        Page(name, role, address(), times, words=words)
        for name, role, times, address, words in MEASURED
        if match in name
    ]


SAVING = "Beratung speichern"


def saving() -> dict[str, str]:
    """Where a consultation is written, and the number of the case it is written for."""
    return {"url": reverse("casework:consultation_new"), "case": _own().number}


def _own() -> Case:
    return Case.objects.kept_by(account(CM)).order_by("pk")[1]


def _further() -> str:
    """What happened in the case with the long timeline before some day of the last weeks."""
    at = dt.datetime.combine(workdays.today() - dt.timedelta(days=15), dt.time(12), workdays.BERLIN)
    return f"{reverse('casework:case_timeline', args=[1])}?after={timeline.Place(at, 0, 0)}"
