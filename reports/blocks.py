"""What a section of a status report is made of: plain JSON, the same in the database, on the page and in every file.

    {"kind": "facts", "key", "title", "rows": [[label, text], …]}
    {"kind": "table", "key", "title", "columns": [text, …], "right": [place of a column with numbers, …],
     "rows": [[text, …], …], "ids": [text, …], "note": text}
    {"kind": "list",  "key", "title", "items": [text, …], "numbered": bool}
    {"kind": "words", "key", "title", "text": text}

`key` names a block within its section and stays the same from report to report; `ids` name the rows of a table the
same way (the number of a post, of a notice, the key of a municipality). By both, two reports are compared. The first
cell of a row heads it. Texts are German and final: whoever draws them adds and rounds nothing.
"""

from collections.abc import Iterable, Sequence
from typing import Any

Block = dict[str, Any]


def facts(key: str, rows: Iterable[tuple[str, str]], title: str = "") -> Block:
    """Lines that say one thing each; those with nothing to say are left out."""
    return {"kind": "facts", "key": key, "title": title, "rows": [[label, text] for label, text in rows if text]}


def table(
    key: str, title: str, columns: Sequence[str], rows: Iterable[tuple[str, Sequence[str]]], *,
    right: Sequence[int] = (), note: str = "",
) -> Block:  # fmt: skip
    """`rows` are (id, cells); `right` are the places of columns that hold numbers."""
    rows = list(rows)
    return {
        "kind": "table", "key": key, "title": title, "columns": list(columns), "right": list(right),
        "rows": [list(cells) for _, cells in rows], "ids": [str(one) for one, _ in rows], "note": note,
    }  # fmt: skip


def listed(key: str, title: str, items: Iterable[str], *, numbered: bool = False) -> Block:
    return {"kind": "list", "key": key, "title": title, "items": list(items), "numbered": numbered}


def words(key: str, text: str, title: str = "") -> Block:
    return {"kind": "words", "key": key, "title": title, "text": text}
