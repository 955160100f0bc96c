"""A county as a data file: read and checked with line numbers, then loaded. docs/data.md describes the format."""

from collections.abc import Callable, Mapping
from typing import Any

from steering.county import loading, reading
from steering.county.loading import Changes, Loader, OtherCounty, load, load_codes
from steering.county.reading import CountyFileError, Row, read

__all__ = ["Changes", "CountyFileError", "OtherCounty", "Row", "load", "load_codes", "read", "register"]


def register(
    name: str, *, read: Callable, load: Callable[[Loader, Any], None], called: Mapping[str, str] | None = None
) -> None:
    """A floor above keeps a section `name` in the file: how it is read (reading.entry, reading.many), how what was read
    is loaded after all else, and what people call its tables in the summary.
    """
    reading.SECTIONS[name] = reading.Field(read)
    loading.LOADERS[name] = load
    loading.CALLED.update(called or {})
