"""A status report as files: plain text, JSON, a whole HTML page, DOCX on the county's letter head, PDF/UA.

All are made from one `Paper`; none reads the database. Texts are put in as text: no template language reads them.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Paper:
    """What is printed: `data` as reports.status.collect answers, the office's texts by key of their section.

    Without a `number` it is a draft and says so on every page.
    """

    data: Mapping[str, Any]
    title: str
    committee: str
    number: str = ""
    texts: Mapping[str, str] = field(default_factory=dict)
    released_on: dt.date | None = None

    @classmethod
    def of(cls, report) -> "Paper":
        """Of a reports.models.StatusReport; reads its texts."""
        released = report.released_at.astimezone(dt.UTC).date() if report.released_at else None
        texts = {one.key: one.text for one in report.texts.all() if one.text}
        return cls(report.data, report.title, report.committee, report.number or "", texts, released)


def text(paper: Paper) -> str:
    raise NotImplementedError


def docx(paper: Paper) -> bytes:
    raise NotImplementedError


def pdf(paper: Paper) -> bytes:
    raise NotImplementedError


def as_json(paper: Paper) -> str:
    raise NotImplementedError


def page(paper: Paper) -> str:
    raise NotImplementedError
