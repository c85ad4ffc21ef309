"""NAPALM driver `asa`: Cisco ASA."""

from custom_napalm.asa.driver import AsaDriver

__all__ = ["AsaDriver"]
