"""`python -m benchmarks`: build, measure, judge. Ends with 1 when something is slower or bigger than demanded."""

import argparse
import json
import os
import re
import shutil
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from benchmarks import measuring, places, table

RESULTS = Path(__file__).with_name("results.md")
FILES = {
    "casework": Path(__file__).with_name("results-casework.md"),
    "reports": Path(__file__).with_name("results-reports.md"),
}
INTRO = """# Messergebnisse

Geschrieben von `python -m benchmarks`; was gemessen wird und wie, steht in `benchmarks/README.md`.
"""
NAMES = {"postgres": "PostgreSQL", "sqlite": "SQLite"}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--issues", type=int, help="open issues (default 200000; 20000 on SQLite)")
    parser.add_argument("--small", type=int, default=2000, help="open issues growth is measured against; 0: none")
    parser.add_argument("--engine", choices=["postgres", "sqlite"], default="postgres")
    parts = "a part of it; casework: 100,000 cases; reports: issues, casework and money together"
    parser.add_argument("--only", choices=["pages", "sweep", "casework", "reports"], help=parts)
    parser.add_argument("--cases", type=int, default=100_000, help="cases with --only casework; growth from 1,000")
    parser.add_argument("--match", default="", help="only pages whose name holds this")
    parser.add_argument("--no-file", action="store_true", help="print alone, leave results.md as it is")
    asked = parser.parse_args()
    asked.issues = asked.issues or (200_000 if asked.engine == "postgres" else 20_000)
    if asked.only == "casework":
        asked.issues, asked.small = asked.cases, min(1000, asked.small)
    folder = Path(tempfile.mkdtemp(prefix="kim-benchmark-"))
    try:
        results = measure(asked, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    lines, bad = table.lines(results)
    text = "\n".join([*table.heading(results), *lines, ""])
    print(text)
    if not asked.no_file:
        keep(NAMES[asked.engine], text, FILES.get(asked.only, RESULTS))
    sys.exit(1 if bad else 0)


def measure(asked, folder: Path) -> dict:
    """Both sizes side by side, each in a database and a web server of its own."""
    results: dict[str, dict] = {}
    with ExitStack() as stack:
        server = stack.enter_context(places.postgres(folder)) if asked.engine == "postgres" else None
        surroundings = {}
        for size, number in (("small", asked.small), ("large", asked.issues)):
            if not number or (size == "small" and asked.only == "sweep"):
                continue
            here = folder / size
            here.mkdir()
            if server:
                server.create(size)
            surroundings[size] = places.environment(here, f"{server.address}/{size}" if server else "")
            command = ["--number", str(number), *([f"--{asked.only}"] if asked.only in FILES else [])]
            results[size] = _prepared([*command, "--match", asked.match], surroundings[size])
        if asked.only != "sweep":
            _pages(results, surroundings)
        if asked.only in (None, "sweep") and not asked.match:
            results["large"]["sweep"] = _prepared(["--number", str(asked.issues), "--sweep"], surroundings["large"])
    results["large"]["load"] = os.getloadavg()[1]
    return results


def _prepared(command: list[str], env: dict[str, str]) -> dict:
    return json.loads(places.run(["-m", "benchmarks.prepare", *command], env).splitlines()[-1])


def _pages(results: dict[str, dict], surroundings: dict[str, dict[str, str]]) -> None:
    with ExitStack() as stack:
        workers = {size: stack.enter_context(places.web(env)) for size, env in surroundings.items()}
        asked = {size: measuring.Place(int(surroundings[size]["PORT"]), results[size]) for size in workers}
        for size, rows in measuring.measure(asked).items():
            results[size] |= {"pages": rows, "memory": places.memory_mb(workers[size])}


def keep(engine: str, text: str, file: Path = RESULTS) -> None:
    """Replace the section of this engine in `file`, and leave the other one."""
    old = file.read_text() if file.exists() else ""
    sections = dict(re.findall(r"^(## (\w+).*?)(?=^## |\Z)", old, re.M | re.S) and [
        (name, whole) for whole, name in re.findall(r"^(## (\w+).*?)(?=^## |\Z)", old, re.M | re.S)
    ])  # fmt: skip
    sections[engine] = text
    file.write_text("\n".join([INTRO, *(sections[name].strip() + "\n" for name in NAMES.values() if name in sections)]))


if __name__ == "__main__":
    main()
