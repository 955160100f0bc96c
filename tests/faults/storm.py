"""A storm over an installation: people work, things die at random moments, and after each round the rows are counted.

    python -m tests.faults.storm --rounds 200 --seed 1 --report docs/faults-report.md

Real processes only: PostgreSQL that writes through, Redis, gunicorn with two processes, two workers, beat, a mail
server. What is checked, and what it found, stands in docs/faults.md.
"""

import argparse
import datetime as dt
import os
import platform
import random
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from aiosmtpd.controller import Controller

from tests.faults.installation import (
    ROOT,
    Disk,
    Installation,
    Postgres,
    Redis,
    find_program,
    free_port,
    give,
)
from tests.faults.load import PASSWORD, Act, Ledger, Person

#: As the Procfile starts them.
PROCFILE = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text().strip().splitlines())
BEGUN = time.monotonic()
#: So many rounds are a long storm, after which the next heartbeat is waited for too.
LONG = 20
#: Background work that is owed has to be done within so many seconds after everything is up again.
CAUGHT_UP = 150.0

PREPARE = f"""
import json
from kim.models import Code, Municipality, Role, User
from steering.escalation import State
from tests.casework.factories import case, case_manager
from tests.factories import codes, issue_at, limits, municipality, user
limits()
place = municipality("Windeck")
managers = [case_manager(place=place) for _ in range(2)]
coordination, office, reader = user(Role.COORDINATION), user(Role.STRATEGIC_OFFICE), user(Role.COORDINATION)
issues = [issue_at(State.COORDINATION, municipality=place) for _ in range(16)]
cases = [[case(by=manager).pk for _ in range(3)] for manager in managers]
known = codes()
for one in User.objects.all():
    one.set_password({PASSWORD!r})
    one.email = f"{{one.username}}@kim.example"
    one.save()
def some(kind):
    return Code.objects.get_or_create(list=kind, code="x", valid_from="2020-07-01", defaults={{"label": kind}})[0].pk
print(json.dumps({{
    "managers": [one.username for one in managers], "coordination": coordination.username,
    "office": office.username, "reader": reader.username, "cases": cases,
    "issues": [[one.pk, one.step_no] for one in issues],
    "report": {{
        "topic": known.topic.pk, "legal_areas": known.legal_area.pk, "municipality": place.pk,
    }},
    "consultation": {{
        "form": some("contact_form"), "topics": some("life_domain"), "result": some("consultation_result"),
        "municipality": place.pk, "language": some("language"), "interpreter": some("interpreter"),
    }},
}}))
"""


class Postbox:
    """A mail server that can be away; `taken` holds the Message-ID of everything it promised to deliver."""

    def __init__(self) -> None:
        self.port, self.taken = free_port(), []
        self.controller: Controller | None = None
        self.open()

    async def handle_DATA(self, server, session, envelope):
        found = re.search(rb"^Message-ID: *(\S+)", envelope.content, re.MULTILINE | re.IGNORECASE)
        self.taken.append(found[1].decode() if found else "none")
        return "250 OK"

    def open(self) -> None:
        self.controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self.controller.start()

    def close(self) -> None:
        if self.controller:
            self.controller.stop()
            self.controller = None


@dataclass
class Tried:
    """What one kind of fault came to."""

    times: int = 0
    requests: int = 0
    said_later: int = 0
    unanswered: int = 0
    recovery: list[float] = field(default_factory=list)


class Storm:
    """One installation and everything that happens to it."""

    def __init__(self, folder: Path, *, seed: int, embedded: bool, migrated: str):
        self.folder, self.seed, self.chance = folder, seed, random.Random(seed)
        self.ledger, self.box = Ledger(), Postbox()
        self.embedded = embedded
        self.tried: dict[str, Tried] = defaultdict(Tried)
        self.counted: Counter = Counter()
        self.checked = 0
        self.caught_up: list[float] = []
        data = folder / "data"
        data.mkdir()
        if embedded:
            self.disks = {"data": Disk(data, megabytes=160, in_memory=True)}
            self.postgres = self.redis = None
        else:
            self.disks = {
                "files": Disk(data / "files", megabytes=12, in_memory=True),
                "database": Disk(folder / "pg", megabytes=400, in_memory=False),
            }
            give(folder)
            self.postgres, self.redis = Postgres(folder / "pg"), Redis(folder)
        self.home = Installation(data, self.postgres.url if self.postgres else "")
        self.port = free_port()
        self.clock = folder / "clock"
        self.home.env |= {
            "DJANGO_SETTINGS_MODULE": "tests.faults.settings", "REDIS_URL": self.redis.url if self.redis else "",
            "PORT": str(self.port), "KIM_BASE_URL": f"http://127.0.0.1:{self.port}", "KIM_LOG_LEVEL": "ERROR",
            "KIM_SECRET_KEY": "s" * 60, "KIM_FILES_KEY": "f" * 60, "EMAIL_HOST": "127.0.0.1",
            "EMAIL_PORT": str(self.box.port), "HOME": str(folder), "PYTHONDONTWRITEBYTECODE": "1",
        }  # fmt: skip
        os.environ.update({name: self.home.env[name] for name in self.home.env if name.startswith(("KIM_", "EMAIL_"))})
        os.environ.update(
            {name: self.home.env[name] for name in ("DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE")}
        )
        self.step_clock(0)
        self.home.env["KIM_TEST_CLOCK"] = str(self.clock)
        self._prepare(migrated)
        _say("prepared")

    def _prepare(self, migrated: str) -> None:
        if migrated and self.postgres:
            dump = subprocess.run(
                [find_program("pg_dump"), "-d", migrated, "--no-owner"], capture_output=True, check=True
            )
            done = subprocess.run(
                [find_program("psql"), "-q", "-d", self.postgres.url], input=dump.stdout, capture_output=True
            )
            assert done.returncode == 0, done.stderr[-500:]
        elif migrated:
            shutil.copy(migrated, self.home.folder / "kim.sqlite3")
        call = "from django.core.management import call_command\ncall_command({!r}, verbosity=0)\n"
        self.home.python(call.format("migrate"), timeout=900)
        self.home.python(call.format("createcachetable"))
        self.there = self.home.python(PREPARE)
        import django

        django.setup()

    # Processes

    def start(self, which: str):
        command = PROCFILE[which].split()
        process = subprocess.Popen(
            [sys.executable, "-m", *command], cwd=ROOT, env=self.home.env, start_new_session=True,
            stdout=subprocess.DEVNULL, stderr=(self.folder / f"{which}.log").open("ab"),
        )  # fmt: skip
        return process

    def start_all(self) -> None:
        self.web = self.start("web")
        self.workers = [self.start("worker") for _ in range(1 if self.embedded else 2)]
        self.beat = self.start("beat")
        if self.until_it_answers() >= 90:
            raise RuntimeError(f"KIM did not start: {(self.folder / 'web.log').read_text()[-3000:]}")

    @staticmethod
    def kill(process) -> None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(20)

    def end(self) -> None:
        for process in [self.web, *self.workers, self.beat]:
            self.kill(process)
        self.box.close()
        for service in (self.redis, self.postgres):
            if service:
                service.end()
        for disk in reversed(list(self.disks.values())):
            disk.end()

    def until_it_answers(self, seconds: float = 90) -> float:
        """Seconds until a page that reads the database is there."""
        probe, begun = Person("nobody", [self.port], Ledger(), 0), time.monotonic()
        probe.ledger.web_is_down = True
        while time.monotonic() - begun < seconds:
            if probe.ask("GET", "/konto/login/").status == 200 and self._reads():
                return time.monotonic() - begun
            time.sleep(0.1)
        self.ledger.finding(f"nach {seconds:.0f} s noch keine Seite")
        return seconds

    def _reads(self) -> bool:
        answer = self.people["reader"].ask("GET", "/steering/issues/") if hasattr(self, "people") else None
        return answer is None or answer.status == 200

    # People

    def bring_people(self) -> None:
        names = {f"manager{no}": name for no, name in enumerate(self.there["managers"])}
        names |= {name: self.there[name] for name in ("coordination", "office", "reader")}
        self.people = {}
        for no, (role, name) in enumerate(names.items()):
            person = Person(name, [self.port], self.ledger, self.seed * 100 + no)
            if not person.sign_in():
                raise RuntimeError(f"{role} could not sign in: {(self.folder / 'web.log').read_text()[-3000:]}")
            self.people[role] = person
        self.coming = Person(self.there["reader"], [self.port], self.ledger, self.seed * 100 + 99)
        #: issue → (who has it, step_no)
        self.pool = {pk: ["coordination", seen] for pk, seen in self.there["issues"]}

    def work_of(self, role: str) -> Callable[[], None]:
        person = self.people[role]
        if role.startswith("manager"):
            return lambda: self._manage(person, int(role[-1]))
        if role == "reader":
            return person.read
        return lambda: self._move(person, role)

    def _manage(self, person: Person, no: int) -> None:
        mark, chosen = self.ledger.mark(), person.chance.random()
        if chosen < 0.3:
            form = {
                "title": mark,
                "situation": "Die Bescheinigung wird nicht anerkannt.",
                "act": "report",
                "urgency": "2",
            }
            person.do(Act("issue", mark, {"form": form | self.there["report"]}))
        elif chosen < 0.65:
            key = str(uuid.UUID(int=person.chance.getrandbits(128), version=4))
            today = dt.datetime.now(dt.UTC).astimezone().date()
            form = {"sent_as": key, "kind": "alone", "held_on": f"{today:%d.%m.%Y}", "quarter_hours": "2",
                    "persons": "1", "actions": "1", "note": mark}  # fmt: skip
            person.do(Act("consultation", key, {"form": form | self.there["consultation"]}))
        elif chosen < 0.8:
            form = {"kind": "other", "title": mark}
            person.do(Act("document", mark, {"form": form, "case": person.chance.choice(self.there["cases"][no])}))
        else:
            person.read()

    def _move(self, person: Person, role: str) -> None:
        if role == "office" and person.chance.random() < 0.15:
            person.do(Act("export", self.ledger.mark(), {"what": "chain_days"}))
            return
        mine = [pk for pk, (holder, _) in self.pool.items() if holder == role]
        if not mine:
            person.read()
            return
        pk = person.chance.choice(mine)
        seen = self.pool[pk][1]
        step = "forward" if role == "coordination" else "hand_back"
        form = {"seen": seen, "released": "on", "reason": "Das braucht noch eine Absprache der Stellen."}
        act = Act("step", f"{pk}:{seen + 1}", {"pk": pk, "step": step, "form": form, "no": seen + 1})
        self.pool[pk][0] = "nobody"
        act.about["next"] = "office" if role == "coordination" else "coordination"
        person.do(act)
        self._moved(act)

    def _moved(self, act: Act) -> None:
        if act.told == "done":
            self.pool[act.about["pk"]] = [act.about["next"], act.about["no"]]

    def _come_and_go(self) -> None:
        self.coming.sign_in()
        if "kim_session" in self.coming.cookies:
            self.coming.ask("POST", "/konto/logout/", {})

    @contextmanager
    def everybody_works(self):
        """Until the block ends; then everybody sends again what nobody knows the outcome of, and goes home."""
        stop = threading.Event()
        jobs = [(person, self.work_of(role)) for role, person in self.people.items()]
        jobs.append((self.coming, self._come_and_go))
        broke: list[BaseException] = []

        def work(person, job):
            while not stop.is_set():
                try:
                    job()
                except BaseException as error:  # a mistake of the storm itself must not pass as calm weather
                    broke.append(error)
                    return
                stop.wait(random.uniform(0.02, 0.25) + person.waits)

        threads = [threading.Thread(target=work, args=job, daemon=True) for job in jobs]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            stop.set()
            for thread in threads:
                thread.join(60)
        if broke:
            raise broke[0]
        self._send_again()

    def _send_again(self) -> None:
        """As people do: issues, steps and consultations once more; an upload is looked for instead."""
        sender = {"issue": "manager", "consultation": "manager", "step": "coordination"}
        for act in self.ledger.acts[self.checked :]:
            until = time.monotonic() + 60
            while act.told == "gone" and act.kind in sender and time.monotonic() < until:
                self._sender_of(act).send(act)
                if act.kind == "step":
                    self._moved(act)
                if act.told == "gone":
                    time.sleep(0.5)

    def _sender_of(self, act: Act) -> Person:
        if act.kind == "step":
            return self.people["coordination" if act.about["step"] == "forward" else "office"]
        return act.about["by"]

    # Faults: what happens, for how long, and how it ends

    def faults(self) -> dict[str, Callable]:
        found = {
            "Web-Prozess kill -9": self.web_worker,
            "gunicorn (Hauptprozess) kill -9": self.web_master,
            "Worker kill -9": self.worker,
            "beat kill -9": self.beat_dies,
            "zwei beats": self.two_beats,
            "Mailserver weg": self.mail_away,
            "Uhr vor und zurück (NTP)": self.clock_steps,
        }
        if not self.embedded:
            found |= {
                "Redis kill -9": self.redis_dies,
                "Redis antwortet nicht": self.redis_hangs,
                "PostgreSQL „immediate“": self.postgres_dies,
                "PostgreSQL-Verbindung kill -9": self.postgres_backend,
                "Datenbank nur lesbar": self.postgres_reads,
            }
        for name, disk in self.disks.items():
            if disk.there:
                words = {
                    "files": "Platte der Dateien voll",
                    "database": "Platte der Datenbank voll",
                    "data": "Platte voll",
                }
                found[words[name]] = lambda disk=disk, name=name: self.disk_full(name, disk)
        return found

    def hold(self, least: float = 0.4, most: float = 2.0) -> None:
        time.sleep(self.chance.uniform(least, most))

    def web_worker(self) -> None:
        children = _children_of(self.web.pid)
        self.ledger.web_is_down = True  # whoever was with that process gets no answer
        if children:
            with suppress(ProcessLookupError):
                os.kill(self.chance.choice(children), signal.SIGKILL)
        self.hold()

    def web_master(self) -> None:
        self.ledger.web_is_down = True
        os.kill(self.web.pid, signal.SIGKILL)
        self.hold(0.1, 1.0)
        self.kill(self.web)
        self.web = self.start("web")

    def worker(self) -> None:
        no = self.chance.randrange(len(self.workers))
        self.kill(self.workers[no])
        self.hold()
        self.workers[no] = self.start("worker")

    def beat_dies(self) -> None:
        self.kill(self.beat)
        self.hold()
        self.beat = self.start("beat")

    def two_beats(self) -> None:
        second = self.start("beat")
        self.hold(4.0, 7.0)
        self.kill(second)

    def mail_away(self) -> None:
        self.box.close()
        self._mail()
        self.hold()
        self.box.open()

    def redis_dies(self) -> None:
        self.redis.kill()
        self.hold()
        self.redis.start()

    def redis_hangs(self) -> None:
        self.redis.stand_still(True)
        self.hold()
        self.redis.stand_still(False)

    def postgres_dies(self) -> None:
        self.postgres.stop_at_once()
        self.hold()
        self.postgres.start()

    def postgres_backend(self) -> None:
        self.postgres.kill_one_connection(self.chance)
        self.hold()

    def postgres_reads(self) -> None:
        self.postgres.only_reads(True)
        self.hold()
        self.postgres.only_reads(False)

    def disk_full(self, name: str, disk: Disk) -> None:
        disk.fill()
        self.hold()
        disk.free()
        if name == "database" and not self.postgres.is_running():
            self.counted["PostgreSQL hielt an, weil nichts mehr zu schreiben war"] += 1
            self.postgres.start()

    def clock_steps(self) -> None:
        for seconds in (90, -90, 0):
            self.step_clock(seconds)
            self.hold(1.1, 1.6)

    def step_clock(self, seconds: int) -> None:
        fresh = self.clock.with_suffix(".fresh")
        fresh.write_text(f"{seconds:+d}\n")
        fresh.chmod(0o644)
        fresh.replace(self.clock)

    # Rounds

    def round(self, name: str) -> None:
        self.ledger.fault = name
        tried, before = self.tried[name], self.ledger.answers.copy()
        with self.everybody_works():
            self.hold(0.2, 1.2)
            if self.chance.random() < 0.5:
                self._mail()
            self.faults()[name]()
            tried.recovery.append(self.until_it_answers())
            self.ledger.web_is_down = False
            self.hold(0.1, 0.5)
        now = self.ledger.answers - before
        tried.times += 1
        tried.requests += now.total()
        tried.said_later += now["503"]
        tried.unanswered += now["none"]
        self.check()

    def _mail(self) -> None:
        """A mail that is owed from now on, as an act leaves it."""
        from django.db import close_old_connections

        from kim import mail

        close_old_connections()
        mark = self.ledger.mark()
        with suppress(Exception):  # the database may be away: then nobody was promised anything
            mail.queue(key=f"storm:{mark}", to="amt@kim.example", subject=mark, body="Text")
            self.counted["Mails eingereiht"] += 1

    # What must hold

    def check(self) -> None:
        from django.db import connections

        connections.close_all()
        acts, self.checked = self.ledger.acts[self.checked :], len(self.ledger.acts)
        for act in acts:
            self.counted[f"{act.kind} {act.told}"] += 1
            getattr(self, f"_check_{act.kind}")(act)
        self._check_chain()
        self._check_whole()

    def _once(self, act: Act, found: int, trail: dict[str, int]) -> None:
        if act.told == "done" and found != 1:
            self.ledger.finding(f"{act.kind}: bestätigt und {found}-mal da")
        elif act.told == "refused" and found:
            self.ledger.finding(f"{act.kind}: abgelehnt und doch da")
        elif found > 1:
            self.ledger.finding(f"{act.kind}: {found}-mal da")
        for name, number in trail.items():
            if number != found:
                self.ledger.finding(f"{act.kind}: {found}-mal da, {number} Zeilen „{name}“ im Protokoll")

    def _trail(self, kind: str, ids, *names: str) -> dict[str, int]:
        from kim.models import TrailEntry

        rows = TrailEntry.objects.filter(kind=kind, object_id__in=[str(pk) for pk in ids])
        return {name: rows.filter(act=name).count() for name in names}

    def _check_issue(self, act: Act) -> None:
        from steering.models import Issue

        ids = list(Issue.objects.filter(title=act.key).values_list("pk", flat=True))
        self._once(act, len(ids), self._trail("steering.issue", ids, "issue.start", "issue.report"))

    def _check_step(self, act: Act) -> None:
        from steering.models import IssueStep

        there = IssueStep.objects.filter(issue=act.about["pk"], no=act.about["no"])
        self._once(act, there.filter(name=act.about["step"]).count(), {})
        if act.told != "done":
            last = IssueStep.objects.filter(issue=act.about["pk"]).order_by("no").last()
            holder = {"coordination": "coordination", "strategy": "office"}[last.target]
            self.pool[act.about["pk"]] = [holder, last.no]

    def _check_consultation(self, act: Act) -> None:
        from casework.models import Consultation

        ids = list(Consultation.objects.filter(sent_as=act.key).values_list("pk", flat=True))
        self._once(act, len(ids), self._trail("casework.consultation", ids, "consultation.record"))

    def _check_document(self, act: Act) -> None:
        from casework.models import Document
        from kim import files

        rows = list(Document.objects.filter(title=act.key))
        self._once(act, len(rows), self._trail("casework.document", [one.pk for one in rows], "document.put"))
        for one in rows:
            try:
                if act.key.encode() not in b"".join(files.read(one.stored_as)):
                    self.ledger.finding("document: ein anderer Inhalt als hochgeladen")
            except files.FileDamaged:
                self.ledger.finding("document: Zeile ohne lesbare Datei")

    def _check_export(self, act: Act) -> None:
        from reports.models import Export

        found = re.search(r"/exports/(\d+)/", act.about.get("place", ""))
        ids = list(Export.objects.filter(pk=found[1]).values_list("pk", flat=True)) if found else []
        if act.told == "done":
            self._once(act, len(ids), self._trail("reports.export", ids, "export.ask"))

    def _check_chain(self) -> None:
        """Every issue: as many steps as it says, joined, its state that of the last, each in the trail and told."""
        from kim.models import Notice, TrailEntry
        from steering.models import Issue, IssueStep

        steps, trail = (
            defaultdict(list),
            Counter(TrailEntry.objects.filter(kind="steering.issue").values_list("object_id", "act")),
        )
        for step in IssueStep.objects.order_by("no").values_list("issue", "no", "name", "source", "target", "pk"):
            steps[step[0]].append(step)
        told = Counter(Notice.objects.filter(key__startswith="issuestep:").values_list("key", "recipient"))
        told_steps = {key for key, _ in told}
        for pk, state, number in Issue.objects.values_list("pk", "state", "step_no"):
            rows = steps[pk]
            if not (len(rows) == number and (not rows or rows[-1][4] == state)):
                self.ledger.finding("Kette: Zahl der Schritte oder Stand stimmt nicht")
            if any(one[4] != other[3] or other[1] != one[1] + 1 for one, other in zip(rows, rows[1:], strict=False)):
                self.ledger.finding("Kette: Schritte schließen nicht aneinander an")
            for name, count in Counter(row[2] for row in rows).items():
                if trail[str(pk), f"issue.{name}"] != count:
                    self.ledger.finding(f"Kette: {count}-mal {name}, {trail[str(pk), f'issue.{name}']} im Protokoll")
            if any(f"issuestep:{row[5]}" not in told_steps for row in rows if row[2] in ("forward", "hand_back")):
                self.ledger.finding("Kette: ein Schritt ohne Mitteilung")
        if any(count > 1 for count in told.values()):
            self.ledger.finding("Mitteilung doppelt")

    def _check_whole(self) -> None:
        """Files and rows agree: no row without its file; what no row names is left to the nightly sweep and counted."""
        from casework.models import Document
        from kim import files
        from reports.models import Export

        named = {*Document.objects.values_list("stored_as", flat=True)}
        named |= {*Export.objects.exclude(file="").values_list("file", flat=True)}
        there = {path.name for name in files.folders() for path in files.path_of(name + "0" * 30).parent.iterdir()}
        if missing := len(named - there):
            self.ledger.finding(f"{missing} Zeilen ohne Datei")
        self.orphans = len(there - named)

    def settle(self, *, with_beat: bool = True) -> None:
        """Everything is up: what is owed is done, and nothing of it twice. The heart beats every 30 seconds only."""
        from django.db import connections

        from kim import mail, workdays
        from kim.models import JobRun, Mail
        from reports.models import Export

        self.ledger.fault = "danach"
        connections.close_all()
        begun = time.monotonic()
        canary = self.ledger.mark()
        mail.queue(key=f"storm:{canary}", to="amt@kim.example", subject=canary, body="Text")
        beat = JobRun.objects.filter(job="heartbeat").order_by("-day").first()
        beaten = beat.finished_at if beat else None

        def owed() -> list[str]:
            waits = []
            if Mail.objects.filter(key=f"storm:{canary}").exclude(state="sent").exists():
                waits.append("Mail")
            if Export.objects.filter(state__in=("waiting", "running")).exists():
                waits.append("Export")
            now = JobRun.objects.filter(job="heartbeat").order_by("-day").first()
            if with_beat and (now is None or now.finished_at == beaten):
                waits.append("Herzschlag")
            return waits

        while (waits := owed()) and time.monotonic() - begun < CAUGHT_UP:
            time.sleep(0.5)
        if waits:
            self.ledger.finding(f"nach {CAUGHT_UP:.0f} s noch offen: {', '.join(waits)}")
        self.caught_up.append(time.monotonic() - begun)
        # What a killed sender held comes free after its lease; nobody waits ten minutes for that here.
        later = workdays.now() + mail.LEASE + dt.timedelta(minutes=2)
        with workdays.as_of(later):
            mail.send_due()
        self._check_mail()

    def _check_mail(self) -> None:
        from kim import mail
        from kim.models import Mail

        rows = list(Mail.objects.filter(key__startswith="storm:"))
        taken = Counter(self.box.taken)
        unsent = [row for row in rows if row.state != "sent"]
        lost = [row for row in rows if row.state == "sent" and not taken[mail.message_id(row)]]
        if unsent:
            self.ledger.finding(f"{len(unsent)} Mails nicht versandt ({unsent[0].state})")
        if lost:
            self.ledger.finding(f"{len(lost)} Mails gelten als versandt und kamen nie an")
        self.counted["Mails angekommen"] = len(taken)
        self.counted["davon ein zweites Mal mit derselben Message-ID"] = sum(number - 1 for number in taken.values())


def _children_of(pid: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            if int(fields[1]) == pid:
                found.append(int(stat.parent.name))
    return found


# The report


def report(storm: Storm, *, rounds: int, seconds: float) -> str:
    """What was tried, how many times, and what was found: in Markdown."""
    engine = "SQLite und eingebettete Warteschlange" if storm.embedded else "PostgreSQL (fsync an) und Redis"
    lines = [
        f"## {engine}, {rounds} Runden, Startwert {storm.seed}",
        "",
        f"{dt.datetime.now(dt.UTC):%d.%m.%Y}, {os.cpu_count()} Kerne, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}; {seconds / 60:.0f} Minuten.",
        "",
        "| Fehler | Runden | Anfragen dabei | 503 mit Hinweis | ohne Antwort | bis zur Seite (Mitte / längste) |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for name, tried in sorted(storm.tried.items()):
        middle, most = statistics.median(tried.recovery), max(tried.recovery)
        lines.append(
            f"| {name} | {tried.times} | {tried.requests} | {tried.said_later} | {tried.unanswered} "
            f"| {middle:.1f} s / {most:.1f} s |"
        )
    total = storm.ledger.answers
    lines += [
        "",
        f"Anfragen insgesamt: {total.total()}, davon beantwortet {total['answered']}, „später“ (503) {total['503']}, "
        f"ohne Antwort {total['none']} (nur während der Webserver selbst tot war). Langsamste Antwort: "
        f"{storm.ledger.slowest:.1f} s.",
        "",
        "| Handlung | bestätigt | abgelehnt | Ausgang blieb offen |",
        "|---|---:|---:|---:|",
    ]
    words = {"issue": "Knackpunkt melden", "step": "Schritt der Kette", "consultation": "Beratung",
             "document": "Dokument", "export": "Export"}  # fmt: skip
    for kind, label in words.items():
        told = [storm.counted[f"{kind} {how}"] for how in ("done", "refused", "gone")]
        lines.append(f"| {label} | {told[0]} | {told[1]} | {told[2]} |")
    lines.append("")
    for name in ("Mails eingereiht", "Mails angekommen", "davon ein zweites Mal mit derselben Message-ID",
                 "PostgreSQL hielt an, weil nichts mehr zu schreiben war"):  # fmt: skip
        lines.append(f"* {name}: {storm.counted[name]}")
    lines.append(f"* Dateien ohne Zeile am Ende (die Nacht räumt sie weg): {storm.orphans}")
    if storm.caught_up:
        lines.append(
            f"* Bis Mail und Exporte (nach langen Stürmen auch der Herzschlag) wieder liefen: "
            f"{', '.join(f'{one:.0f} s' for one in storm.caught_up)}"
        )
    untried = [name for name, disk in storm.disks.items() if not disk.there]
    if untried:
        lines.append(f"* Nicht versucht, weil hier nichts eingehängt werden darf: volle Platte ({', '.join(untried)})")
    lines += ["", f"**Befunde: {len(storm.ledger.findings) or 'keine'}**", ""]
    lines += [f"* {words} ({number}-mal)" for words, number in Counter(storm.ledger.findings).most_common()]
    return "\n".join(lines).rstrip() + "\n"


def _say(words: str) -> None:
    sys.stderr.write(f"{time.monotonic() - BEGUN:6.1f} s  {words}\n")
    sys.stderr.flush()


def run(
    *,
    rounds: int,
    seed: int,
    embedded: bool,
    migrated: str,
    only: str,
    settle_every: int,
    minutes: float,
    logs: Path | None,
) -> tuple[str, int]:
    begun = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="kim-storm-"))
    folder.chmod(0o755)
    storm = Storm(folder, seed=seed, embedded=embedded, migrated=migrated)
    done, told = 0, 0
    try:
        storm.start_all()
        _say("started")
        storm.bring_people()
        _say("people are there")
        until = time.monotonic() + minutes * 60
        names = [name for name in storm.faults() if only in name]
        order: list[str] = []
        while done < rounds and time.monotonic() < until:
            if not order:
                order = storm.chance.sample(names, len(names))
            name = order.pop()
            storm.round(name)
            done += 1
            new = storm.ledger.findings[told:]
            told += len(new)
            _say(f"{done}/{rounds} {name}: {'; '.join(new) or 'nichts zu finden'}")
            if settle_every and done % settle_every == 0:
                storm.settle()
        storm.settle(with_beat=done >= LONG)
        storm.check()
    finally:
        storm.end()
        if logs:
            logs.mkdir(parents=True, exist_ok=True)
            for log in folder.glob("*.log"):
                shutil.copy(log, logs)
        shutil.rmtree(folder, ignore_errors=True)
    return report(storm, rounds=done, seconds=time.monotonic() - begun), len(storm.ledger.findings)


def main() -> int:
    about = argparse.ArgumentParser(prog="script/faults", description=__doc__.partition("\n")[0])
    about.add_argument("--rounds", type=int, default=30)
    about.add_argument("--seed", type=int, default=1)
    about.add_argument("--report", type=Path, help="append the report to this file")
    about.add_argument(
        "--embedded", action="store_true", help="SQLite and the queue in a file instead of PostgreSQL and Redis"
    )
    about.add_argument("--minutes", type=float, default=600, help="begin no further round after so long")
    about.add_argument("--logs", type=Path, help="keep what the processes logged in this folder")
    about.add_argument("--only", default="", help="faults whose name holds this")
    about.add_argument("--migrated", default="", help="a migrated database (address or file) to copy")
    about.add_argument(
        "--settle-every", type=int, default=25, help="rounds after which all background work has to be done"
    )
    given = about.parse_args()
    words, found = run(
        rounds=given.rounds, seed=given.seed, embedded=given.embedded, migrated=given.migrated,
        only=given.only, settle_every=given.settle_every, minutes=given.minutes, logs=given.logs,
    )  # fmt: skip
    sys.stdout.write(words)
    if given.report:
        with given.report.open("a", encoding="utf-8") as file:
            file.write("\n" + words)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
