"""What the proof of the trail costs: `python -m benchmarks.trail`.

A page that writes a row, with marks and indexes as they are and with the table as release 0.1.0 had it, in turns; then
how fast rows are linked, checked and found. It is the quickest page there is that writes a row, so that the share of
the row is as large as it gets.
"""

import argparse
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import places

RESULTS = Path(__file__).with_name("results-trail.md")
#: How much longer a page may take for what proves its row.
RATIO = 1.1
BLOCKS, BLOCK = 20, 15
#: Rows per second that a year of a large installation can be linked and checked with in a night.
LINKED, CHECKED = 1_000, 2_000
TABLE, OLD = "kim_trailentry", "kim_trailentry_before"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.trail", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--no-file", action="store_true", help="print alone")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.inside:
        _inside(asked.rows)
        return
    folder = Path(tempfile.mkdtemp(prefix="kim-benchmark-"))
    try:
        with places.postgres(folder) as server:
            server.create("trail")
            here = folder / "data"
            here.mkdir()
            env = places.environment(here, f"{server.address}/trail")
            text = places.run(["-m", "benchmarks.trail", "--inside", "--rows", str(asked.rows)], env)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(text)
    if not asked.no_file:
        RESULTS.write_text(text)
    sys.exit(1 if "zu langsam" in text else 0)


def _inside(rows: int) -> None:
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command
    from django.test import override_settings

    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    override_settings(STORAGES=settings.STORAGES | {"staticfiles": plain}).enable()  # no files are asked for here
    who = _people()
    _fill(rows, who)
    number = f"{rows:,}".replace(",", ".")
    print(f"# Was der Nachweis des Protokolls kostet\n\nPostgreSQL, {number} Zeilen.\n")
    print("| was | Ergebnis | verlangt | Urteil |\n|---|---:|---:|---|")
    with_marks, without = _pages(who)
    ratio = with_marks / without
    _line(f"Seite, die eine Zeile schreibt: {without:.1f} ms ohne, {with_marks:.1f} ms mit Nachweis", ratio, RATIO, "×")
    linked, checked = _chain()
    _line("verketten, Zeilen je Sekunde", linked, LINKED, "")
    _line("prüfen, Zeilen je Sekunde", checked, CHECKED, "")
    for name, ms in _found(who):
        _line(f"Protokoll, {name}: ms", ms, 250, "≤")


def _line(what: str, found: float, demanded: float, sign: str) -> None:
    is_good = found <= demanded if sign else found >= demanded
    shown = f"{found:.2f}" if found < 10 else f"{found:.0f}"
    verdict = "gut" if is_good else "zu langsam"
    print(f"| {what} | {shown} | {'≤' if sign else '≥'} {demanded} | {verdict} |", flush=True)


def _people():
    from kim.models import Role, RoleGrant, User

    who = User.objects.create(username="bench", display_name="Revision")
    User.objects.bulk_create(User(username=f"bench-{no}", email=f"b{no}@kim.example") for no in range(200))
    RoleGrant.objects.create(user=who, role=Role.AUDIT, valid_from="2020-01-01")
    return who


def _fill(rows: int, who) -> None:
    """Rows of three years: read alone and in lists, exported, released and changed, as often as in life."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            f"""INSERT INTO {TABLE} (at, by_id, act, kind, object_id, shown, note, note_mark)
            SELECT now() - ({rows} - i) * interval '90 seconds', %s + i %% 200,
              CASE WHEN i %% 10 < 5 THEN 'case.read' WHEN i %% 10 < 7 THEN 'case.listed' WHEN i %% 1000 = 9
                THEN 'case.export' WHEN i %% 10000 = 8 THEN 'statusreport.release' ELSE 'case.edit' END,
              'casework.case', CASE WHEN i %% 10 IN (5, 6) THEN 'list:' || md5(i::text) ELSE (i %% 20011)::text END,
              CASE WHEN i %% 10 IN (5, 6) THEN ' ' || (SELECT string_agg((x * 7 + i %% 20000)::text, ' ')
                FROM generate_series(1, 25) x) || ' ' ELSE '' END, '', ''
            FROM generate_series(1, {rows}) i""",
            [who.pk],
        )
        cursor.execute(f"CREATE TABLE {OLD} (LIKE {TABLE} INCLUDING DEFAULTS INCLUDING IDENTITY)")
        cursor.execute(f"INSERT INTO {OLD} OVERRIDING SYSTEM VALUE SELECT * FROM {TABLE}")
        cursor.execute(f"SELECT setval(pg_get_serial_sequence('{OLD}', 'id'), {rows} + 1)")
        cursor.execute(f"ALTER TABLE {OLD} ADD PRIMARY KEY (id)")
        for columns in ("kind, object_id, id", "at, id", "by_id, at, id", "by_id", "on_behalf_of_id"):
            cursor.execute(f"CREATE INDEX ON {OLD} ({columns})")
        for column in ("by_id", "on_behalf_of_id"):
            cursor.execute(
                f"ALTER TABLE {OLD} ADD FOREIGN KEY ({column}) REFERENCES kim_user DEFERRABLE INITIALLY DEFERRED"
            )
        cursor.execute("ANALYZE")


def _pages(who) -> tuple[float, float]:
    """Medians in milliseconds with and without what proves a row, in turns."""
    from django.test import Client
    from django.urls import reverse

    client = Client(headers={"host": "localhost"})
    client.force_login(who)
    address = reverse("kim:trail_export", args=["csv"])
    times: dict[bool, list[float]] = {True: [], False: []}
    for number in range(2 * BLOCKS):
        is_old = number % 2 == 0
        with _as_before() if is_old else _as_it_is():
            for turn in range(BLOCK):
                begun = time.perf_counter()
                answer = client.get(address, {"number": "none"})
                b"".join(answer)
                if turn:
                    times[is_old].append(time.perf_counter() - begun)
            if answer.status_code != 200:
                raise SystemExit(f"the page answered {answer.status_code}")
    return statistics.median(times[False]) * 1000, statistics.median(times[True]) * 1000


class _as_it_is:
    def __enter__(self):
        return self

    def __exit__(self, *error):
        return None


class _as_before(_as_it_is):
    """The table of release 0.1.0 stands in for the one of today, and no mark is worked out."""

    def __enter__(self):
        from kim.models.trail import Mark

        self.kept, Mark.pre_save = Mark.pre_save, lambda field, row, add: None
        self._swap(TABLE, OLD)

    def __exit__(self, *error):
        from kim.models.trail import Mark

        Mark.pre_save = self.kept
        self._swap(TABLE, OLD)

    def _swap(self, one: str, other: str) -> None:
        from django.db import connection, transaction

        with transaction.atomic(), connection.cursor() as cursor:
            for before, after in ((one, "swapping"), (other, one), ("swapping", other)):
                cursor.execute(f"ALTER TABLE {before} RENAME TO {after}")


def _chain() -> tuple[float, float]:
    from kim import trail_chain

    begun = time.perf_counter()
    linked = trail_chain.link(everything=True)
    linking = time.perf_counter() - begun
    begun = time.perf_counter()
    verdict = trail_chain.verify()
    if not verdict.holds:
        raise SystemExit(f"the chain does not hold: {verdict.findings[:3]}")
    return linked / linking, verdict.rows / (time.perf_counter() - begun)


def _found(who):
    """Milliseconds of the first page of what filters find; the median of five."""
    from django.test import Client
    from django.urls import reverse

    client = Client(headers={"host": "localhost"})
    client.force_login(who)
    for name, asked in {
        "alles": {},
        "wer hat gesehen": {"group": "seen"},
        "ausgegeben": {"group": "exported"},
        "freigegeben": {"group": "released"},
        "geändert": {"group": "changed"},
        "eine Person": {"by": who.pk + 7},
        "eine Person, freigegeben": {"by": who.pk + 8, "group": "released"},
        "ein Fall": {"number": "77"},
        "ein Fall, gesehen": {"number": "77", "kind": "casework.case", "group": "seen"},
        "nichts": {"number": "9999999"},
    }.items():
        times = []
        for _ in range(5):
            begun = time.perf_counter()
            if client.get(reverse("kim:trail"), asked).status_code != 200:
                raise SystemExit(f"the trail does not answer {asked}")
            times.append(time.perf_counter() - begun)
        yield name, statistics.median(times) * 1000


if __name__ == "__main__":
    main()
