"""NAPALM driver `edge`: a Linux host with FRRouting and strongSwan."""

from custom_napalm.edge.driver import EdgeDriver

__all__ = ["EdgeDriver"]
