"""NAPALM driver `pfsense`: pfSense with IPsec, and BGP by the OpenBGPD or the FRR package."""

from custom_napalm.pfsense.driver import PfSenseDriver

__all__ = ["PfSenseDriver"]
