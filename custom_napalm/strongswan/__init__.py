"""NAPALM driver `strongswan`: a Linux host with strongSwan, configured by swanctl files."""

from custom_napalm.strongswan.driver import StrongSwanDriver

__all__ = ["StrongSwanDriver"]
