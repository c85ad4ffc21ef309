"""NAPALM finds the driver of the platform `strongswan` here."""

from custom_napalm import adapter
from routebook.platforms.strongswan import driver


class StrongSwanDriver(adapter.Adapter):
    """NAPALM's driver of a Linux host with strongSwan."""

    opens = driver.StrongSwanDriver
