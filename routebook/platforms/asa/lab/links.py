"""The namespace's interfaces: the addresses that the configuration gives them, and the devices of tunnels.

In user space a tunnel's device is one end of a cable whose other end is plugged in while the tunnel is up, so that
its line protocol follows the SA. On the kernel's data plane it is a VTI device whose key is the tunnel's mark.
"""

from dataclasses import dataclass, field
from ipaddress import IPv4Interface, ip_interface

from msgspec import Struct

from routebook.platforms.asa.lab import swan
from routebook.platforms.asa.lab.configuration import Line

HOLD = 221  # the priority of the rules that hold traffic back: after that of charon's table, 220


class Device(Struct, frozen=True):
    """A device with its addresses; `ends` are the outer addresses of a tunnel on the kernel's data plane."""

    addresses: frozenset[str]
    ends: tuple[str, str] = ("", "")


@dataclass(slots=True)
class Links:
    """What was made so far."""

    kernel: bool = False
    devices: dict[str, Device] = field(default_factory=dict)
    carriers: dict[str, bool] = field(default_factory=dict)
    held: set[tuple[str, str]] = field(default_factory=set)

    def change(self, wanted: dict[str, Device]) -> tuple[list[str], list[str]]:
        """The lines for `ip -batch` that lead to the devices that are wanted, and those that then give them their
        addresses.
        """
        lines: list[str] = []
        given: list[str] = []
        for name, device in self.devices.items():
            if name.startswith("tunnel") and (name not in wanted or wanted[name].ends != device.ends):
                lines.append(f"link delete {name}")
                self.carriers.pop(name, None)
            elif name not in wanted:
                lines += [f"address delete {address} dev {name}" for address in sorted(device.addresses)]
                lines.append(f"link set {name} down")
        for name, device in wanted.items():
            old = self.devices.get(name)
            if name.startswith("tunnel") and (old is None or old.ends != device.ends):
                lines += self._make(name, device)
                old = None
            if old is None:
                lines.append(f"link set {name} up")
            before = old.addresses if old is not None else frozenset()
            lines += [f"address delete {address} dev {name}" for address in sorted(before - device.addresses)]
            for address in sorted(device.addresses - before):
                nodad = " nodad" if ip_interface(address).version == 6 else ""
                given.append(f"address replace {address} dev {name}{nodad}")
        self.devices = wanted
        return lines, given

    def _make(self, name: str, device: Device) -> list[str]:
        if not self.kernel:
            return [f"link add {name} type veth peer name {name}x"]
        local, remote = device.ends
        key = int(name.removeprefix("tunnel")) + 1
        return [f"link add {name} type vti local {local} remote {remote} key {key}", f"link set {name} mtu 1400"]

    def hold_back(self, flows: set[tuple[str, str]]) -> list[str]:
        """The lines that let what these flows (from, to) send go nowhere but through charon's own table."""
        changes = [("delete", *flow) for flow in sorted(self.held - flows)]
        changes += [("add", *flow) for flow in sorted(flows - self.held)]
        self.held = flows
        return [f"rule {verb} from {one} to {two} priority {HOLD} blackhole" for verb, one, two in changes]

    def carry(self, up: set[str]) -> list[str]:
        """The lines that plug the cables of these tunnels in and pull all others."""
        lines = []
        for name in self.devices:
            if name.startswith("tunnel") and not self.kernel and self.carriers.get(name) != (name in up):
                self.carriers[name] = name in up
                lines.append(f"link set {name}x {'up' if name in up else 'down'}")
        return lines


def wanted(root: Line, names: dict[str, str], kernel: bool) -> dict[str, Device]:
    """The devices that are configured. `names` maps physical interfaces to the namespace's devices."""
    found = {}
    for interface in root.find("interface"):
        tunnel = interface.words[1].startswith("Tunnel")
        name = interface.words[1].lower() if tunnel else names.get(interface.words[1], "")
        if not name or interface.first("shutdown") is not None:
            continue
        addresses = {each.values[0] for each in interface.find("ipv6", "address") if "/" in each.values[0]}
        address = interface.first("ip", "address")
        if address is not None and len(address.values) > 1:
            addresses.add(IPv4Interface(f"{address.values[0]}/{address.values[1]}").with_prefixlen)
        ends = ("", "")
        if tunnel and kernel:
            source, destination = interface.first("tunnel", "source"), interface.first("tunnel", "destination")
            local = swan.outer_address(root, source.words[-1]) if source is not None else ""
            if not local or destination is None:
                continue
            ends = (local, destination.words[-1])
        found[name] = Device(frozenset(addresses), ends)
    return found
