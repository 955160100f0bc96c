"""A county as a data file: read and checked with line numbers, then loaded. docs/data.md describes the format."""

from steering.county.loading import Changes, OtherCounty, load, load_codes
from steering.county.reading import CountyFileError, read

__all__ = ["Changes", "CountyFileError", "OtherCounty", "load", "load_codes", "read"]
