"""Modul 2: the single case. The only app that knows people; others see it through its figures alone."""
