"""Forms of steering. A form checks input. It reads no tables: what can be chosen is handed in by the view, already read."""
