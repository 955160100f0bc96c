"""The roof: what the steering group, the committee and the Land read. Composes, owns no facts."""
