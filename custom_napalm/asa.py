"""NAPALM finds the driver of the platform `asa` here."""

from custom_napalm import adapter
from routebook.platforms.asa import driver


class AsaDriver(adapter.Adapter):
    """NAPALM's driver of a Cisco ASA."""

    opens = driver.AsaDriver
