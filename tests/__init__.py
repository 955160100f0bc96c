"""The suite. It mirrors the code: tests/<app>/test_<module>.py."""
