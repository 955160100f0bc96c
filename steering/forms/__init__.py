"""Forms of steering. A form checks input and reads no tables: what can be chosen is handed in by the view."""
