"""NAPALM finds the driver of the platform `asa` here."""

from routebook.platforms.asa.driver import AsaDriver

__all__ = ["AsaDriver"]
