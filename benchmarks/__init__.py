"""How quick KIM is with many issues: builds the data, asks every page over HTTP, and writes a table."""
