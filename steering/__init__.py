"""Modul 1, the strategic overhead: issues and the chain, bodies and meetings. Knows no client and no case."""
