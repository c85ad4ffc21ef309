"""The one thing that bgpd does not do by itself after a change of policy."""

from custom_napalm.linux.component import ComponentChange


def refresh_script(change: ComponentChange) -> str:
    """The script that lets live sessions use the change; empty when they do already."""
    del change
    return ""
