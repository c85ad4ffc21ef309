"""NAPALM finds the driver of the platform `pfsense` here."""

from custom_napalm import adapter
from routebook.platforms.pfsense import driver


class PfSenseDriver(adapter.Adapter):
    """NAPALM's driver of a pfSense."""

    opens = driver.PfSenseDriver
