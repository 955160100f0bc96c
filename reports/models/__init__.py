"""What the roof keeps: counts ready for reading, tables as they were published, reports as they were released."""

from reports.models.counting import Counting, DayCount, KeptPart
from reports.models.exports import Export
from reports.models.papers import EarlierPaper
from reports.models.published import PublishedTable
from reports.models.saved import SavedFigure, Subscription
from reports.models.status import FileKind, ReportFile, ReportText, StatusReport

__all__ = [
    "Counting",
    "DayCount",
    "EarlierPaper",
    "Export",
    "FileKind",
    "KeptPart",
    "PublishedTable",
    "ReportFile",
    "ReportText",
    "SavedFigure",
    "StatusReport",
    "Subscription",
]
