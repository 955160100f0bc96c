"""The demo's posts and money from 2023 on: what the papers do not tell is wholly invented, and says so as its source.

Real acts on the days on which they would have been done. The county's papers end in 2022; known since is only that the
posts of case management lie with the municipalities from 2025 on, 17 FTE (docs/funding.md).
"""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Sum

from funding import needs
from funding.models import (
    AwardNotice,
    Calculation,
    Cost,
    Criterion,
    CriterionValue,
    Deadline,
    Forwarding,
    Grant,
    Leave,
    Occupancy,
    Payment,
    Post,
    PostTerm,
    Programme,
    Proof,
    Terms,
)
from funding.models.placing import Place, account, split_days
from kim import workdays
from kim.dated import months_after
from kim.models import Municipality, Organisation, Role, User
from steering.models import Resolution

SOURCE = "Demo, künstliches Beispiel"
ADDRESS = "@kim.example"
D = dt.date
YEARS = (2023, 2024, 2025, 2026)
MOVED = D(2025, 1, 1)
#: FTE of the notices for case management; from 2025 on 17 at the municipalities and 3 at the county.
GRANTED = {2023: 13, 2024: 13, 2025: 20, 2026: 20}
#: Post of the papers → the municipality that employs from 2025 on.
EMPLOYERS = {
    "M2-05": "koenigswinter", "M2-06": "meckenheim", "M2-07": "windeck", "M2-08": "sankt-augustin", "M2-09": "bornheim",
    "M2-10": "alfter", "M2-11": "niederkassel", "M2-12": "lohmar", "M2-13": "neunkirchen-seelscheid",
}  # fmt: skip
#: Post of 2025 → where, its FTE, who holds it since when (nobody: vacant), and their days there.
NEW = {
    "M2-14": ("siegburg", "1", "cm-siegburg", D(2025, 1, 1), "12345"),
    "M2-15": ("siegburg", "0.5", "cm-siegburg-2", D(2025, 7, 1), "345"),
    "M2-16": ("eitorf", "0.75", "cm-eitorf", D(2025, 2, 1), "1234"),
    "M2-17": ("ruppichteroth", "0.5", "cm-ruppichteroth", D(2025, 4, 1), "235"),
    "M2-18": ("troisdorf", "1", "cm-troisdorf-2", D(2025, 1, 1), "12345"),
    "M2-19": ("sankt-augustin", "1", "cm-sankt-augustin-2", D(2025, 3, 1), "12345"),
    "M2-20": ("hennef", "1", "cm-hennef", D(2025, 1, 1), "12345"),
    "M2-21": ("bornheim", "0.75", "cm-bornheim-2", D(2025, 5, 1), "1345"),
    "M2-22": ("koenigswinter", "0.5", "", None, ""),
}
#: Nobody held the post of Lohmar in these months of 2024.
GAP = (D(2024, 2, 29), D(2024, 7, 1))
#: What somebody costs in a quarter, by the post's place in the list: between 16.200 and 18.800 €.
PAY = (Decimal("16240.50"), Decimal("17180.00"), Decimal("18015.75"), Decimal("18790.20"))
SUPERVISION = (Decimal("1450.00"), Decimal("1620.00"))
#: Invented: how many of a thousand inhabitants, in the order of official keys.
SEEKERS = (9, 11, 12, 14, 10, 11, 8, 13, 9, 10, 12, 9, 13, 15, 17, 10, 16, 7, 12)


def load() -> str:
    """Posts and money since 2023, once; what was done, in words. All of it or nothing."""
    if AwardNotice.objects.filter(number="M2-2023").exists() or not Post.objects.filter(number="M2-13").exists():
        return ""
    with transaction.atomic():
        _Demo().play()
    return f"Stellen und Mittel der Jahre {YEARS[0]} bis {YEARS[-1]}, künstlich"


class _Demo:
    def __init__(self) -> None:
        self.today = workdays.today()
        self.admin = User.objects.get(username="admin")
        self.second = self.admin
        self.bodies = {one.key: one for one in Organisation.objects.all()}
        self.county = self.bodies["rhein-sieg-kreis"]
        self.posts = {one.number: one for one in Post.objects.all()}
        self.notices: dict[str, AwardNotice] = {}

    def play(self) -> None:
        with workdays.as_of(D(2022, 12, 1)):
            self.second = self._account("admin2", "Förderung und Haushalt", self.county, Role.ADMIN, D(2022, 12, 1))
        for year in YEARS:
            with self._on(D(year, 1, 16)):
                self._award(year)
            if year == 2024:
                self._interrupt_lohmar()
                self._spend_2024()
            if year == 2025:
                self._move_to_the_municipalities()
                self._forward(year)
                self._spend_2025()
            if year == 2026:
                self._forward(year)
        self._away_with_a_substitute()
        self._settle()
        self._apportion()

    @contextmanager
    def _on(self, day: dt.date) -> Iterator[None]:
        """As of a day, today at the latest: what lies ahead is done today."""
        with workdays.as_of(min(day, self.today)):
            yield

    # Money that is granted

    def _award(self, year: int) -> None:
        for module, recipient, fte in (
            (1, self.county, Decimal("3.5")),
            (2, self.county, Decimal(GRANTED[year])),
            (3, self.county, Decimal("2.25")),
            (3, self.bodies["troisdorf"], Decimal("1.5")),
        ):
            programme = Programme.objects.get(key=f"kim-{module}")
            first, last = D(year, 1, 1), D(year, 12, 31)
            period = programme.periods.filter(valid_from=first).first() or programme.add_period(
                first, last, by=self.second, name=str(year), source=SOURCE
            )
            number = f"M{module}-{year}" + ("" if recipient == self.county else "-Troisdorf")
            self.notices[number] = notice = AwardNotice.enter(
                by=self.second, number=number, period=period, recipient=recipient, source=SOURCE,
                granted_on=D(year, 1, 15), applied_on=D(year - 1, 10, 4) if module == 1 else None,
            )  # fmt: skip
            whole: dict[str, Any] = {
                "by": self.second, "notice": notice, "valid_from": first, "valid_until": D(year + 1, 1, 1),
            }  # fmt: skip
            # costs are on record for case management in 2024 and 2025 only
            bases = Terms.Bases.SMALLER if module == 2 and year in (2024, 2025) else Terms.Bases.POSTS
            Terms.enter(**whole, bases=bases, source=SOURCE)
            Grant.enter(**whole, item="post", fte=fte, source=SOURCE)
            if module == 2:
                self._dates_of(notice, year)

    def _dates_of(self, notice: AwardNotice, year: int) -> None:
        kinds = Deadline.Kind
        called = Deadline.agree(notice, by=self.second, kind=kinds.CALL_OFF, due_on=D(year, 11, 30), source=SOURCE)
        if D(year, 9, 1) < self.today and year < YEARS[-1]:
            with self._on(D(year, 9, 1)):
                amount = 57_000 * Decimal(GRANTED[year])
                Payment.enter(
                    notice, by=self.second, kind="called_off", amount=amount, on_day=D(year, 9, 1), source=SOURCE
                )
                called.finish(D(year, 9, 1), by=self.second)
        due = D(year + 1, 6, 30)
        if year == 2025:  # what it is due for is still to be done
            due = workdays.add_workdays(self.today, 15)
        proof = Deadline.agree(notice, by=self.second, kind=kinds.PROOF, due_on=due, source=SOURCE)
        if year == YEARS[0]:
            with self._on(D(2024, 6, 17)):
                proof.finish(D(2024, 6, 17), by=self.second)

    # Posts and people

    def _interrupt_lohmar(self) -> None:
        post = self.posts["M2-12"]
        held = post.occupancies.believed().get()
        with self._on(D(2024, 2, 5)):
            held.end(GAP[0], by=self.admin)
        with self._on(D(2024, 6, 17)):
            Occupancy.enter(
                by=self.admin, post=post, user=held.user, share=1, valid_from=GAP[1], source=f"{SOURCE}: wieder besetzt"
            )

    def _move_to_the_municipalities(self) -> None:
        with self._on(D(2024, 12, 9)):
            for number, key in EMPLOYERS.items():
                term = self.posts[number].terms.believed().get()
                term.change_from(
                    MOVED, by=self.admin, employer=self.bodies[key], source=f"{SOURCE}: Wechsel zur Kommune"
                )
                self._move_who_holds(self.posts[number], self.bodies[key])
            for number, told in NEW.items():
                self._new_post(number, *told)

    def _move_who_holds(self, post, employer) -> None:
        """Whoever holds the post goes on in the same places, employed by the municipality."""
        for held in post.occupancies.believed().valid_on(MOVED):
            rows = list(held.user.assignments.filter(known_until=None, valid_until=None, municipality__isnull=False))
            if rows:
                split_days(
                    held.user, MOVED, [Place(row.municipality, row.weekdays, row.share) for row in rows], by=self.admin,
                    role=rows[0].role, employer=employer, title=rows[0].title, source=f"{SOURCE}: Wechsel zur Kommune",
                )  # fmt: skip

    def _new_post(self, number, key, fte, username, first_day, weekdays) -> None:
        employer = self.bodies[key]
        place = employer.municipality
        assert place is not None  # noqa: S101 - the demo's new employers are municipalities
        name = f"Case Management {place}{' 2' if username.endswith('-2') else ''}"
        self.posts[number] = post = Post.objects.create(
            number=number, title=name, module="case_management", item="post", by=self.admin
        )
        PostTerm.enter(
            by=self.admin, post=post, fte=Decimal(fte), employer=employer, recipient=self.county, valid_from=MOVED,
            pay_grade="S 12", source=SOURCE,
        )  # fmt: skip
        if not username:
            return
        with self._on(first_day - dt.timedelta(days=21)):
            person = self._account(username, name, employer, Role.CASE_MANAGER, first_day)
            Occupancy.enter(
                by=self.admin, post=post, user=person, share=Decimal(fte), valid_from=first_day, source=SOURCE
            )
            split_days(
                person, first_day, [Place(place, weekdays)], by=self.admin, role=Role.CASE_MANAGER, employer=employer,
                title="Case Management", source=SOURCE,
            )  # fmt: skip

    def _away_with_a_substitute(self) -> None:
        """Somebody is on parental leave for a year; after a month somebody else stands in."""
        away, post = User.objects.get(username="cm-alfter"), self.posts["M2-10"]
        first = months_after(self.today, -4).replace(day=1)
        follows, until = months_after(first, 1), months_after(first, 12)
        employer = self.bodies["alfter"]
        with self._on(first - dt.timedelta(days=40)):
            Leave.enter(
                by=self.admin, user=away, kind=Leave.Kind.PARENTAL, valid_from=first, valid_until=until, source=SOURCE
            )
        with self._on(follows - dt.timedelta(days=10)):
            name = "Case Management Alfter und Swisttal, Vertretung"
            taker = self._account("cm-alfter-vertretung", name, employer, Role.CASE_MANAGER, follows)
            Occupancy.enter(
                by=self.admin, post=post, user=taker, share=1, substitute_for=away, valid_from=follows,
                valid_until=until, source=SOURCE,
            )  # fmt: skip
            places = [
                Place(Municipality.objects.get(name=name), days)
                for name, days in (("Alfter", "12"), ("Swisttal", "345"))
            ]
            split_days(
                taker, follows, places, by=self.admin, role=Role.CASE_MANAGER, employer=employer,
                title="Case Management", source=SOURCE,
            )  # fmt: skip

    def _account(self, username, name, organisation, role, first_day) -> User:
        """Like every account of the demo: an address that reaches nobody, and the password of all."""
        made = account(
            by=self.admin, display_name=name, username=username, organisation=organisation, role=role,
            first_day=first_day, email=f"{username}{ADDRESS}",
        )  # fmt: skip
        made.password = self.admin.password
        made.save(update_fields=["password"])
        return made

    # Costs

    def _spend_2024(self) -> None:
        notice = self.notices["M2-2024"]
        for number, post in self._of_module_2(13):
            held = post.occupancies.believed().order_by("valid_from").last()
            for quarter in range(4):
                first = D(2024, 3 * quarter + 1, 1)
                if post.number == "M2-12" and quarter == 1:
                    continue
                self._cost(
                    notice, "personnel", PAY[(number + quarter) % len(PAY)], first, months=3, post=post, user=held.user
                )
        self._supervision(notice, 2024)

    def _spend_2025(self) -> None:
        """The county pays its own three; what municipalities spent is forwarded by half-years."""
        notice = self.notices["M2-2025"]
        for number, post in self._of_module_2(3):
            held = post.occupancies.believed().get()
            for quarter in range(4):
                first = D(2025, 3 * quarter + 1, 1)
                self._cost(
                    notice, "personnel", PAY[(number + quarter) % len(PAY)], first, months=3, post=post, user=held.user
                )
        for place, (recipient, fte) in enumerate(self._shares()):
            for half in (1, 7):
                self._cost(
                    notice, "forwarded", (2 * fte * PAY[place % len(PAY)]).quantize(Decimal("0.01")), D(2025, half, 1),
                    months=6, recipient=recipient,
                )  # fmt: skip
        self._supervision(notice, 2025)

    def _of_module_2(self, count: int) -> list[tuple[int, Post]]:
        return [(number, self.posts[f"M2-{number:02}"]) for number in range(1, count + 1)]

    def _supervision(self, notice: AwardNotice, year: int) -> None:
        for half, amount in zip((3, 10), SUPERVISION, strict=True):
            self._cost(notice, "supervision", amount, D(year, half, 1), text="Gruppensupervision Case Management")

    def _cost(self, notice, kind, amount, first, *, months=1, **fields) -> None:
        until = months_after(first, months)
        with self._on(until + dt.timedelta(days=9)):
            Cost.enter(
                by=self.second, notice=notice, kind=kind, amount=amount, valid_from=first, valid_until=until,
                paid_on=until - dt.timedelta(days=1), source=SOURCE, **fields,
            )  # fmt: skip

    def _shares(self) -> list[tuple[Organisation, Decimal]]:
        """Who employs how many FTE from 2025 on, by the terms of that day."""
        rows = PostTerm.objects.believed().valid_on(MOVED).filter(post__module="case_management")
        found = (
            rows.exclude(employer=self.county)
            .values("employer__key")
            .annotate(fte=Sum("fte"))
            .order_by("employer__key")
        )
        return [(self.bodies[row["employer__key"]], row["fte"]) for row in found]

    def _forward(self, year: int) -> None:
        with self._on(D(year, 1, 20)):
            for recipient, fte in self._shares():
                Forwarding.enter(
                    by=self.second, notice=self.notices[f"M2-{year}"], recipient=recipient, fte=fte,
                    valid_from=D(year, 1, 1), valid_until=D(year + 1, 1, 1), source=SOURCE,
                )  # fmt: skip

    # What comes of it

    def _settle(self) -> None:
        """2024 is worked out by one, released by another and proven; 2025 is a draft."""
        notice = self.notices["M2-2024"]
        with self._on(D(2025, 2, 10)):
            drawn = Calculation.draw_up(notice, D(2024, 12, 31), by=self.second)
        with self._on(D(2025, 2, 17)):
            released = drawn.release(by=self.admin)
            Payment.enter(
                notice, by=self.second, kind="repaid", amount=released.repayment, on_day=D(2025, 2, 17), source=SOURCE
            )
        with self._on(D(2025, 3, 3)):
            Proof.submit(released, by=self.second, submitted_on=D(2025, 3, 3), submitted_to="Bezirksregierung Arnsberg")
        if D(2025, 12, 31) < self.today:
            with self._on(D(2026, 2, 9)):
                Calculation.draw_up(self.notices["M2-2025"], D(2025, 12, 31), by=self.second)

    # Who needs how much

    def _apportion(self) -> None:
        office = User.objects.get(username="office")
        day = D(2024, 7, 1)
        with self._on(D(2024, 9, 2)):
            seekers = Criterion.objects.get(key="schutzsuchende")
            counts = needs.values_on(day)[Criterion.POPULATION]
            for number, place in enumerate(Municipality.objects.order_by("ags")):
                value = counts[place.ags].value * SEEKERS[number % len(SEEKERS)] / 1000
                CriterionValue.learn(
                    by=office, criterion=seekers, municipality=place, value=value.quantize(Decimal(1)), day=day,
                    source=SOURCE,
                )  # fmt: skip
            total: dict[str, Any] = {"total": Decimal(17), "step": Decimal("0.25"), "on_day": day}
            by_both = {Criterion.POPULATION: Decimal(1), seekers.key: Decimal(1)}
            chosen = self._scenario(
                office, "17 VZÄ nach Einwohnern und Schutzsuchenden",
                needs.Plan(method="sainte-lague", weights=by_both, minimum=Decimal("0.5"), **total),
            )  # fmt: skip
            self._scenario(
                office, "17 VZÄ allein nach Einwohnern",
                needs.Plan(method="population", weights={}, minimum=Decimal("0.25"), **total),
            )  # fmt: skip
        decided = Resolution.objects.filter(verdict="resolve", municipality=None, issue=None).order_by(
            "decided_on", "pk"
        )
        if resolution := decided.first():
            with self._on(max(D(2024, 11, 25), resolution.decided_on)):
                chosen.adopt(by=office, resolution=resolution, first_day=MOVED)

    def _scenario(self, office: User, name: str, plan: needs.Plan):
        criteria = list(Criterion.objects.all())
        worked = needs.work_out(plan, {one.key: one.name for one in criteria})
        return needs.keep(worked, criteria, by=office, name=name, note=SOURCE)
