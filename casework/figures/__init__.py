"""Numbers of casework: the coordination's overview (overview), one's own (own), and what is counted once a quarter and
year for publication (definitions, counting). Counts and sums only, never rows about people.
"""

from casework.figures.overview import figures, loads, places

__all__ = ["figures", "loads", "places"]
