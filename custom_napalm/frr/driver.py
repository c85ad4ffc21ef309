"""The NAPALM driver of a Linux host with FRR."""

from custom_napalm.frr.component import FrrComponent
from custom_napalm.linux.driver import LinuxDriver


class FRRDriver(LinuxDriver):
    """A host whose routing is FRR's."""

    platform = "frr"
    components = (FrrComponent,)
    default_part = "frr"
