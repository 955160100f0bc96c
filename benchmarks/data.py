"""The county with very many issues: accounts, bodies, and issues in every state that went there by steps of the table.

The same seed gives the same data. What lies with an office grows with the whole; what one case manager reported grows
up to some hundreds, as more issues mean more people; the rare word stands in RARE issues however many there are.
"""

import datetime as dt
import io
import random
from bisect import bisect_left
from dataclasses import dataclass
from itertools import count

from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction

from benchmarks.bulk import blank, columns_of, follow_ids, insert
from kim import workdays
from kim.models import Assignment, Code, County, Municipality, Notice, Organisation, Role, RoleGrant, User
from kim.trigrams import fold
from steering.escalation import ESCALATION, HOLDER, State
from steering.models import (
    AgendaItem,
    Body,
    Comment,
    Issue,
    IssueStep,
    Meeting,
    Membership,
    NumberRange,
    Pause,
    Reporter,
)

COUNTY = "data/rhein-sieg-kreis.yaml"
LONG_AGO = dt.date(2020, 7, 1)
YEARS = 4
STEPS_EACH = 5
#: Share of issues due on the swept morning, and ended ones on top of the open ones.
DUE, ENDED = 0.15, 0.25
RARE, RARE_WORD, COMMON_WORD = 12, "Apostillenkette", "Bescheinigung"
#: Case managers: at least so many, and one for so many open issues. With 200,000 of them that makes 1,000, about as
#: many as the fifty-four counties and cities of the Land employ.
CASE_MANAGERS, ISSUES_EACH = 20, 200
THEMES = ("Aufenthalt", "Arbeit", "Schule", "Wohnen", "Gesundheit")

#: State → (share among the open or the ended ones, ways that lead there by steps of the table).
OPEN_WAYS = {
    State.COORDINATION: (0.14, ["report", "report forward hand_back"]),
    State.STRATEGY: (0.20, ["report forward", "report forward table defer"]),
    State.STEERING: (0.12, ["report forward table", "report forward table assign propose"]),
    State.PROJECT: (0.33, ["report forward table assign", "report forward fast_track",
                           "report forward table defer table assign"]),
    State.STATE_LEVEL: (0.05, ["report forward table refer_up"]),
    State.FEEDBACK_DUE: (0.07, ["report forward table assign solve", "report decline"]),
    State.FED_BACK: (0.09, ["report forward table assign solve feed_back", "report decline feed_back"]),
}  # fmt: skip
ENDED_WAYS = {
    State.CLOSED: (0.76, ["report forward table assign solve feed_back confirm", "report solve feed_back confirm"]),
    State.MERGED: (0.14, ["report merge"]),
    State.WITHDRAWN: (0.04, ["withdraw"]),
    State.DRAFT: (0.06, [""]),
}
#: A detour that makes a way two steps longer.
DETOUR = "report hand_back "

SUBJECTS = (
    "Fiktionsbescheinigung", "Wohngeldbescheid", "Kursplatz", "Krankenversicherungskarte", "Meldebestätigung",
    "Anerkennungsverfahren", "Kitaplatz", "Bankkonto", "Arbeitserlaubnis", "Kindergeldantrag", "Schulanmeldung",
    "Einbürgerungstermin", "Sprachmittlung", "Führerscheinumschreibung", "Geburtsurkunde", "Leistungsbescheid",
)  # fmt: skip
TROUBLES = (
    "wird nicht anerkannt", "kommt zu spät", "liegt zwischen zwei Zuständigkeiten", "fehlt im ländlichen Raum",
    "braucht Monate", "scheitert am Formular", "wird doppelt verlangt", "ist nur persönlich möglich",
)  # fmt: skip
WHEN = (
    "nach Umzug", "vor Kursbeginn", "bei Familiennachzug", "nach der Geburt", "im laufenden Verfahren",
    "für Selbstständige",
    "für Studierende", "ohne festen Wohnsitz", "mit Duldung", "nach Jobverlust", "in Elternzeit", "bei Volljährigkeit",
    "nach Anerkennung", "vor der Ausbildung", "mit Fachkräftetitel", "im Frauenhaus", "nach Trennung", "bei Erkrankung",
)  # fmt: skip
WHERE = (
    "im Jobcenter", "beim Ausländeramt", "an der Volkshochschule", "bei der Krankenkasse", "im Standesamt",
    "bei der Familienkasse", "in der Grundschule", "beim Wohnungsamt", "im Gesundheitsamt", "bei der Bank",
    "beim Rententräger", "im Integrationskurs", "in der Kita", "beim Vermieter", "bei der Handwerkskammer",
    "im Bürgerbüro",
)  # fmt: skip
SENTENCES = (
    "Die vorläufige Bescheinigung reicht der Stelle nicht aus, obwohl sie nach dem Gesetz genügt.",
    "Bis der neue Titel ausgestellt ist, werden Leistungen eingestellt und später nachgezahlt.",
    "Termine gibt es nur online, und die Anmeldung ist allein auf Deutsch beschrieben.",
    "Beide Behörden verweisen aufeinander; eine gemeinsame Absprache gibt es bisher nicht.",
    "Der Kurs beginnt erst, wenn genug Anmeldungen vorliegen, was in kleinen Orten selten gelingt.",
    "Unterlagen aus dem Herkunftsland lassen sich nicht beschaffen, ein Ersatz ist nicht vorgesehen.",
    "Ohne Konto keine Miete, ohne Meldeadresse kein Konto: der Kreis schließt sich nicht.",
    "Die Bearbeitung dauert länger, als die Frist der nächsten Stelle es zulässt.",
    "Ehrenamtliche springen ein, können die Beratung aber nicht ersetzen.",
    "Der Bus fährt abends nicht, sodass Schichtarbeit und Abendkurs ausfallen.",
)


@dataclass(frozen=True)
class Sizes:
    open: int
    due: int
    issues: int
    steps: int


@dataclass
class Plan:
    """One issue to be: where it ends and by which steps."""

    state: State
    way: str


def build(open_issues: int, *, seed: int = 2, years: int = YEARS, ended: float = ENDED) -> Sizes:
    """Fill an empty, migrated database with `open_issues` open issues and a quarter more (`ended`) that ended in the
    last `years`.
    """
    with transaction.atomic():
        call_command("load_county", settings.BASE_DIR / COUNTY, stdout=io.StringIO())
        people = _accounts(open_issues)
        groups = _bodies(people)
        meetings = _meetings(Body.steering_group(), years)
    with _without_trigrams(), transaction.atomic():
        builder = _Builder(open_issues, random.Random(seed), people, groups, meetings, years, ended)
        sizes = builder.write()
    tidy()
    return sizes


def tidy() -> None:
    """What autovacuum does in the days after: dead rows away, statistics fresh."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")


def morning() -> dt.datetime:
    """Seven o'clock of the first working day from today on: the swept morning."""
    day = workdays.next_workday(workdays.today(), County.current().workday_rules)
    return dt.datetime.combine(day, dt.time(7), workdays.BERLIN)


def account(role: str) -> User:
    """The account that is measured for a role; for the office the contact of the right bank."""
    return User.objects.get(username=f"bench-{role}-1")


# People and bodies


def _accounts(open_issues) -> dict[str, list[User]]:
    """Accounts beside those of the county's file; `people[role][0]` is the one measured."""
    managers = max(CASE_MANAGERS, open_issues // ISSUES_EACH)
    numbers = {Role.CASE_MANAGER: managers, Role.COORDINATION: 2, Role.STRATEGIC_OFFICE: 2,
               Role.PROJECT_GROUP: len(THEMES) + Municipality.objects.count()}  # fmt: skip
    made = User.objects.bulk_create(
        User(
            username=f"bench-{role}-{no}",
            display_name=f"{role.label} {no}",
            email=f"bench-{role}-{no}@kim.example",
            password="!",
        )
        for role in Role
        for no in range(1, numbers.get(role, 1) + 1)
    )
    people: dict[str, list[User]] = {}
    for user in made:
        people.setdefault(user.username.split("-")[1], []).append(user)
    RoleGrant.objects.bulk_create(
        RoleGrant(user=user, role=role, valid_from=LONG_AGO) for role, users in people.items() for user in users
    )
    known = dt.datetime.combine(LONG_AGO, dt.time(), workdays.BERLIN)
    employer = Organisation.objects.order_by("pk").first()
    Assignment.objects.bulk_create(
        Assignment(user=user, role=user.username.split("-")[1], bank=bank, employer=employer, valid_from=LONG_AGO,
                   known_from=known)
        for user, bank in zip(people[Role.STRATEGIC_OFFICE], ("right", "left"), strict=True)
    )  # fmt: skip
    return people


def _bodies(people) -> dict[int | None, list[Body]]:
    """A project group per municipality, and the thematic ones under None, each with its lead."""
    places = list(Municipality.objects.order_by("pk"))
    thematic = Body.objects.bulk_create(
        Body(key=f"bench-{no}", name=f"Projektgruppe {theme}", kind="thematic", valid_from=LONG_AGO)
        for no, theme in enumerate(THEMES)
    )
    local = Body.objects.bulk_create(
        Body(key=f"bench-{place.ags}", name=f"Projektgruppe {place}", kind="local", valid_from=LONG_AGO)
        for place in places
    )
    for group, place in zip(local, places, strict=True):
        group.municipalities.add(place)
    seats = list(zip(people[Role.PROJECT_GROUP], thematic + local, strict=True))
    seats.append((people[Role.STEERING_GROUP][0], Body.steering_group()))
    Membership.objects.bulk_create(
        Membership(user=user, body=body, function="lead", valid_from=LONG_AGO) for user, body in seats
    )
    return {None: thematic} | {place.pk: [group] for place, group in zip(places, local, strict=True)}


def _meetings(group: Body, years: int) -> list[Meeting]:
    """One a month, from so many years ago until three months ahead."""
    first = workdays.today() - dt.timedelta(days=years * 365)
    days = [first + dt.timedelta(days=28 * no) for no in range((years * 365 + 100) // 28)]
    return Meeting.objects.bulk_create(
        Meeting(body=group, starts_at=dt.datetime.combine(workdays.next_workday(day), dt.time(10), workdays.BERLIN))
        for day in days
    )


class _without_trigrams:
    """Inverted indexes are filled in one go afterwards: much quicker than row by row."""

    NAMES = ("steering_issue_folded_trigrams", "steering_issue_title_trigrams")

    def __enter__(self):
        self.made = []
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                for name in self.NAMES:
                    cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = %s", [name])
                    self.made.append(cursor.fetchone()[0])
                    cursor.execute(f"DROP INDEX {name}")

    def __exit__(self, *failure):
        if not any(failure):
            with connection.cursor() as cursor:
                if self.made:
                    cursor.execute("SET maintenance_work_mem = '256MB'")
                for definition in self.made:
                    cursor.execute(definition)


# Issues


class _Builder:
    def __init__(self, open_issues, chance, people, groups, meetings, years, ended):
        self.open, self.chance, self.people, self.groups, self.meetings = open_issues, chance, people, groups, meetings
        self.years, self.ended = years, ended
        self.starts = [meeting.starts_at for meeting in meetings]
        self.morning = morning()
        self.today = self.morning.date()
        self.due_dates, self.other_dates = self._dates()
        self.places = list(Municipality.objects.order_by("pk"))
        weights = [place.population or 10_000 for place in self.places]
        self.place_weights = [sum(weights[: no + 1]) for no in range(len(weights))]
        of_issues = (Code.List.TOPIC, Code.List.LIFE_DOMAIN, Code.List.LEGAL_AREA)
        self.topics, self.domains, self.areas = (list(Code.objects.filter(list=name)) for name in of_issues)
        self.reporters = people[Role.CASE_MANAGER] + people[Role.AUTHORITY]
        self.folded = {text: fold(text) for text in (*SENTENCES, RARE_WORD)}

    def write(self) -> Sizes:
        plans = self._plans()
        ended = [plan for plan in plans if plan.state in ENDED_WAYS]
        going = [plan for plan in plans if plan.state not in ENDED_WAYS]
        due = round(self.open * DUE)
        # Open ones first, so that ended ones can be merged into them.
        self._measured = {role: users[0].pk for role, users in self.people.items()}
        rows = [self._issue(pk, plan, pk <= due) for pk, plan in enumerate(going + ended, start=1)]
        self._number(rows)
        self._write_issues(rows)
        steps = self._write_steps(rows)
        self._write_people_and_words(rows)
        self._write_notices(rows)
        follow_ids(Issue, IssueStep, Reporter, Comment, AgendaItem, Pause, Notice)
        return Sizes(open=len(going), due=due, issues=len(rows), steps=steps)

    def _plans(self) -> list[Plan]:
        """Exactly so many open ones, exactly STEPS_EACH steps for each on average over them; the rest is chance."""
        plans = []
        for ways, total in ((OPEN_WAYS, self.open), (ENDED_WAYS, round(self.open * self.ended))):
            for place, (state, (share, paths)) in enumerate(ways.items()):
                last = place == len(ways) - 1
                number = total - sum(round(total * other) for other, _ in list(ways.values())[:-1]) if last else 0
                number = number if last else round(total * share)
                plans += [Plan(state, self.chance.choice(paths)) for _ in range(number)]
        self.chance.shuffle(plans)
        missing = self.open * STEPS_EACH - sum(len(plan.way.split()) for plan in plans)
        roaming = [plan for plan in plans if plan.way.startswith("report")]
        for plan in self.chance.choices(roaming, k=max(missing + 1, 0) // 2):
            plan.way = DETOUR + plan.way
        return plans

    def _dates(self) -> tuple[list[dt.date], list[dt.date]]:
        """Due dates for which something is owed on the swept morning, and dates for which nothing is."""
        rules, one = County.current().workday_rules, dt.timedelta(days=1)
        days = [self.today + dt.timedelta(days=ahead) for ahead in range(-90, 150)]
        days = [day for day in days if workdays.is_workday(day, rules)]
        owed = [day for day in days if workdays.reminder_days(day, self.today - one, self.today, rules)]
        return owed, [day for day in days if day not in owed]

    def _issue(self, pk, plan, is_due) -> dict:
        """The columns of one issue as a dict, with its steps under `_steps`."""
        chance, state = self.chance, plan.state
        place = self.places[bisect_left(self.place_weights, chance.uniform(0, self.place_weights[-1]))]
        reporter = chance.choice(self.reporters)
        title = " ".join(chance.choice(part) for part in (SUBJECTS, WHEN, TROUBLES, WHERE)) + f" ({place})"
        self.folded.setdefault(title, fold(title))
        sentences = chance.sample(SENTENCES, 5)
        words = [RARE_WORD] if pk % max(self.open // RARE, 1) == 1 and pk <= self.open else []
        due = None
        if state in OPEN_WAYS:
            due = chance.choice(self.due_dates if is_due else self.other_dates)
            settled = min(due, self.today) - dt.timedelta(days=chance.randint(3, 40))
        else:
            settled = self.today - dt.timedelta(days=chance.randint(1, self.years * 365 - 200))
        moment = dt.datetime.combine(settled, dt.time(chance.randint(7, 16), chance.randint(0, 59)), workdays.BERLIN)
        names = plan.way.split()
        moments = [moment - dt.timedelta(days=2 * back) for back in range(len(names) - 1, -1, -1)]
        row = {
            "id": pk, "title": title, "situation": " ".join([*sentences, *words]), "state": state.value,
            "topic_id": chance.choice(self.topics).pk, "life_domain_id": chance.choice(self.domains).pk,
            "municipality_id": place.pk, "presumed_reach": "county", "frequency": "several",
            "urgency": chance.randint(1, 3), "impact": sentences[0], "tried": sentences[1], "idea": sentences[2],
            "step_no": len(names), "state_since": moment, "due_on": due,
            "due_words": f"10 Arbeitstage ab {settled:%d.%m.%Y} → {due:%d.%m.%Y}" if due else "",
            "created_at": (moments[0] if moments else moment) - dt.timedelta(days=1),
            "folded_title": self.folded[title][:200], "_reporter": reporter, "_steps": [],
            "_folded": " ".join(self.folded[text] for text in (title, *sentences, *words)),
        }  # fmt: skip
        self._walk(row, names, moments, place)
        if state == State.PROJECT and not is_due and chance.random() < 0.03:
            row["paused_until"] = self.today + dt.timedelta(days=chance.randint(5, 30))
        return row

    def _walk(self, row, names, moments, place) -> None:
        """Take the steps one after the other, as the table has them, and set what each one leaves on the issue."""
        where = State.DRAFT
        for name, at in zip(names, moments, strict=True):
            step = ESCALATION.find(name, where)
            by = self._holder(where, row)
            row["_steps"].append((step, at, by))
            where = State(step.target)
            match name:
                case "report":
                    row.setdefault("reported_at", at)
                case "forward":
                    row |= {"released_at": at, "released_by_id": by}
                    row.setdefault("to_office_at", at)
                case "table" | "propose":
                    row["meeting_id"] = self.meetings[self._next_meeting(at)].pk
                    row["_tabled"] = at
                    row.setdefault("on_agenda_at", at)
                case "assign" | "fast_track":
                    local = self.chance.random() < 0.5
                    group = self.chance.choice(self.groups[place.pk if local else None])
                    row |= {"body_id": group.pk, "reach": "local" if local else "county", "assigned_at": at,
                            "reach_reason": SENTENCES[3]}  # fmt: skip
                    row.setdefault("on_agenda_at", at)
                case "refer_up":
                    row |= {"reach": "supra", "addressee": "Integrationsministerium NRW", "assigned_at": at}
                case "solve" | "decline":
                    row |= {"outcome": "solved" if name == "solve" else "declined", "result": SENTENCES[3],
                            "answered_at": at}  # fmt: skip
                case "feed_back":
                    row |= {"feedback": SENTENCES[0], "fed_back_at": at}
                case "confirm":
                    row |= {"closed_at": at, "closed_by_id": by, "informed": "Beratungsstellen im Ort"}
                case "merge":
                    row["lead_id"] = self.chance.randint(1, self.open)
                case "hand_back" if where == State.DRAFT:
                    row |= {"released_at": None, "released_by_id": None}

    def _holder(self, state, row) -> int:
        """Who takes a step from `state`; the office's left contact stands for all its places."""
        match state:
            case State.DRAFT | State.FED_BACK:
                return row["_reporter"].pk
            case State.COORDINATION | State.FEEDBACK_DUE | State.MERGED:
                return self.people[Role.COORDINATION][1].pk
            case State.STEERING:
                return self.people[Role.STEERING_GROUP][0].pk
            case State.PROJECT:
                return self.people[Role.PROJECT_GROUP][0].pk
        return self.people[Role.STRATEGIC_OFFICE][1].pk

    def _next_meeting(self, at) -> int:
        return min(bisect_left(self.starts, at), len(self.starts) - 1)

    def _number(self, rows) -> None:
        """Numbers per year in the order of reporting, without a gap; then what is searched."""
        ranges: dict[int, count] = {}
        last: dict[int, int] = {}
        for row in sorted((row for row in rows if "reported_at" in row), key=lambda row: row["reported_at"]):
            year = row["reported_at"].year
            last[year] = next(ranges.setdefault(year, count(1)))
            row["number"] = f"KP-{year}-{last[year]:04d}"
        NumberRange.objects.bulk_create(NumberRange(year=year, last=number) for year, number in last.items())
        for row in rows:
            row["folded"] = f"{fold(row.get('number', ''))} {row['_folded']}".strip()

    def _write_issues(self, rows) -> None:
        names, empty = columns_of(Issue), blank(Issue)
        empty |= {"number": None}
        insert(Issue, names, (tuple((empty | row)[name] for name in names) for row in rows))
        through = Issue.legal_areas.through
        insert(through, ("issue_id", "code_id"), ((row["id"], self.chance.choice(self.areas).pk) for row in rows))

    def _write_steps(self, rows) -> int:
        names = columns_of(IssueStep)[1:]
        return insert(
            IssueStep,
            names,
            (
                tuple(
                    {
                        "issue_id": row["id"], "no": no, "name": step.name, "source": step.source,
                        "target": step.target, "by_id": by, "on_behalf_of_id": None, "at": at,
                        "note": SENTENCES[3] if "reason" in step.needs else "",
                        "due_on": row["due_on"] if no == row["step_no"] else at.date() + dt.timedelta(days=14),
                        "due_words": row["due_words"] if no == row["step_no"] else "",
                    }[name]
                    for name in names
                )
                for row in rows
                for no, (step, at, by) in enumerate(row["_steps"], start=1)
            ),
        )  # fmt: skip

    def _write_people_and_words(self, rows) -> None:
        managers = [user.pk for user in self.reporters]
        reporters = []
        for row in rows:
            first = row["_reporter"].pk
            reporters.append((row["id"], first, True, row["created_at"], None))
            if row["id"] % 4 == 0 and row["state"] not in (State.DRAFT, State.WITHDRAWN):
                other = managers[(managers.index(first) + 1 + row["id"] % 7) % len(managers)]
                reporters.append((row["id"], other, False, row["created_at"] + dt.timedelta(days=1), None))
        insert(Reporter, ("issue_id", "user_id", "first", "joined_at", "helps"), reporters)
        reported = [row for row in rows if "reported_at" in row]
        insert(
            Comment,
            ("issue_id", "public", "office", "text", "by_id", "at"),
            (
                (row["id"], bool(row["id"] % 2), "coordination", SENTENCES[row["id"] % len(SENTENCES)],
                 self.people[Role.COORDINATION][1].pk, row["state_since"])
                for row in reported
                if row["id"] % 3 != 0
            ),
        )  # fmt: skip
        empty = blank(AgendaItem)
        insert(
            AgendaItem,
            [name for name in empty if name != "id"],
            (
                [
                    value
                    for name, value in {
                        **empty,
                        "meeting_id": row["meeting_id"],
                        "issue_id": row["id"],
                        "kind": "tabled",
                        "added_at": row["_tabled"],
                    }.items()
                    if name != "id"
                ]
                for row in rows
                if "_tabled" in row
            ),
        )
        insert(
            Pause,
            ("issue_id", "stay", "first_day", "last_day", "reason", "by_id", "ended_by_id"),
            (
                (row["id"], row["step_no"], row["state_since"].date(), row["paused_until"], "Antwort steht aus",
                 self.people[Role.PROJECT_GROUP][0].pk, None)
                for row in rows
                if "paused_until" in row
            ),
        )  # fmt: skip

    def _write_notices(self, rows) -> None:
        """Every reporter was told of each second step's end; the latest few dozen per person are unread."""
        names = columns_of(Notice)[1:]
        empty = blank(Notice)
        unread: dict[int, int] = {}
        told = []
        for row in reversed(rows):
            for no in {1, row["step_no"]} if "reported_at" in row else ():
                who = row["_reporter"].pk if no == 1 else self._desk(row)
                is_new = unread.get(who, 0) < 40
                unread[who] = unread.get(who, 0) + is_new
                told.append(
                    empty
                    | {
                        "recipient_id": who, "key": f"issuestep:{row['id']}-{no}", "audience": "reporters",
                        "headline": f"{row['number']}: Schritt", "text": row["title"], "created_at": row["state_since"],
                        "url": f"/steering/issues/{row['id']}/", "digested_at": row["state_since"],
                        "read_at": None if is_new else row["state_since"],
                    }
                )  # fmt: skip
        insert(Notice, names, (tuple(one[name] for name in names) for one in reversed(told)))

    def _desk(self, row) -> int:
        office = HOLDER.get(State(row["state"]))
        role = {"coordination": Role.COORDINATION, "strategy": Role.STRATEGIC_OFFICE, "steering": Role.STEERING_GROUP,
                "project": Role.PROJECT_GROUP}.get(office or "", Role.COORDINATION)  # fmt: skip
        return self.people[role][0].pk
