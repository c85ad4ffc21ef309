"""NAPALM finds the driver of the platform `edge` here."""

from custom_napalm import adapter
from routebook.platforms.edge import driver


class EdgeDriver(adapter.Adapter):
    """NAPALM's driver of a Linux host with both daemons."""

    opens = driver.EdgeDriver
