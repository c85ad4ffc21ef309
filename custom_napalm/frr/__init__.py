"""NAPALM driver `frr`: a Linux host with FRRouting."""

from custom_napalm.frr.driver import FRRDriver

__all__ = ["FRRDriver"]
