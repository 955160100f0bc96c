"""The settings of a real installation, with one more page (the bare one) and the number of queries in a header."""

from kim.settings import *  # noqa: F403
from kim.settings import MIDDLEWARE

ROOT_URLCONF = "benchmarks.urls"
MIDDLEWARE = ["benchmarks.counting.count_queries", *MIDDLEWARE]
