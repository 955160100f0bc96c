"""Modul 2: the single case. The only app that will know people; others see it through its figures alone."""
