"""Knocks of the timetable for reports. Each is a few lines: rows say what is due, and a second knock does no harm."""
