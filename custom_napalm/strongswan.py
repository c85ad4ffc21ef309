"""NAPALM finds the driver of the platform `strongswan` here."""

from routebook.platforms.strongswan.driver import StrongSwanDriver

__all__ = ["StrongSwanDriver"]
