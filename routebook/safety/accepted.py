"""What an operator may accept with `--accept` that otherwise is refused, or fails a run."""

NO_REDUNDANCY, OWN_PATH, ONE_END, OLD_SECRET = "no-redundancy", "own-path", "one-end", "old-secret"
HA_SYNC = "ha-sync"
"""Refused otherwise."""
UNFORECAST_RESET, COLLAPSE = "unforecast-reset", "collapse"
"""Fail a run otherwise: a session or tunnel is reset that the plan did not name, or a session's prefixes are gone."""
