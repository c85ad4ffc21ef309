"""What plays the Linux platforms in the lab: a namespace with sshd and the real daemons of each."""

from lab.host import Access, linux_node
from lab.node import Node
from lab.topology import Host, Topology


def frr(host: Host, topology: Topology, access: Access, *, esp_in_kernel: bool) -> Node:
    """The node of a host with FRR."""
    return linux_node(host, topology, access, ("frr",), esp_in_kernel=esp_in_kernel)


def strongswan(host: Host, topology: Topology, access: Access, *, esp_in_kernel: bool) -> Node:
    """The node of a host with strongSwan."""
    return linux_node(host, topology, access, ("strongswan",), esp_in_kernel=esp_in_kernel)


def edge(host: Host, topology: Topology, access: Access, *, esp_in_kernel: bool) -> Node:
    """The node of a host with both."""
    return linux_node(host, topology, access, ("frr", "strongswan"), esp_in_kernel=esp_in_kernel)
