"""The settings of a real installation, with one more page (the bare one) and the number of queries in a header."""

import sys

sys.modules.setdefault("rich", None)  # type: ignore[arg-type]  # a linter's package; no installation has it

from kim.settings import *  # noqa: E402, F403
from kim.settings import MIDDLEWARE  # noqa: E402

ROOT_URLCONF = "benchmarks.urls"
MIDDLEWARE = ["benchmarks.counting.count_queries", *MIDDLEWARE]
# A few accounts ask for what a whole county asks for.
KIM_RATE_FACTOR = 10_000
