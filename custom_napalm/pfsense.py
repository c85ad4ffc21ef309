"""NAPALM finds the driver of the platform `pfsense` here."""

from routebook.platforms.pfsense.driver import PfSenseDriver

__all__ = ["PfSenseDriver"]
