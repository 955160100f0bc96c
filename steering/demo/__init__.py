"""The demo: example issues that took real steps on plausible days, and accounts to look at them with."""
