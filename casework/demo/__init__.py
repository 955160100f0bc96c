"""The demo's caseload: wholly invented people (data/demo-cases.yaml), led by real steps on plausible days."""

from casework.demo.playing import load

__all__ = ["load"]
