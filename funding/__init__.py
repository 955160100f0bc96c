"""Posts and money of the three modules."""
