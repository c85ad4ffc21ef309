"""NAPALM finds the driver of the platform `frr` here."""

from routebook.platforms.frr.driver import FRRDriver

__all__ = ["FRRDriver"]
