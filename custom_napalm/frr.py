"""NAPALM finds the driver of the platform `frr` here."""

from custom_napalm import adapter
from routebook.platforms.frr import driver


class FRRDriver(adapter.Adapter):
    """NAPALM's driver of a Linux host with FRR."""

    opens = driver.FRRDriver
