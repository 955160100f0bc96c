"""A short storm with a fixed beginning, as script/faults makes long ones: every kind of weather once, no findings."""

import os
import subprocess
import sys
from urllib.parse import urlsplit, urlunsplit

import pytest

from tests.faults.installation import ROOT


@pytest.mark.long
@pytest.mark.needs("postgresql", "redis")
def test_a_short_storm_finds_nothing(tmp_path):
    """Where there is a migrated database it is copied; PostgreSQL and Redis are its own all the same."""
    told = tmp_path / "report.md"
    command = ["-m", "tests.faults.storm", "--rounds", "9", "--minutes", "0.3", "--seed", "7", "--settle-every", "0",
               "--report", str(told)]  # fmt: skip
    if name := os.environ.get("KIM_TEST_MIGRATED"):
        server = urlsplit(os.environ["DATABASE_URL"])
        command += ["--migrated", urlunsplit(server._replace(path=f"/{name}"))]
    done = subprocess.run([sys.executable, *command], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
    words = told.read_text(encoding="utf-8")
    assert "Befunde: keine" in words
    assert " 0 Runden" not in words
