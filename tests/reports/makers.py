"""Makers of what reports are about."""
