"""NAPALM finds the driver of the platform `edge` here."""

from routebook.platforms.edge.driver import EdgeDriver

__all__ = ["EdgeDriver"]
