"""What the tunnels of a project's running lab negotiate, where that is less than the intent says.

With ESP in user space a lab narrows what its firewalls' tunnel interfaces ask for (see `lab.carried`). It knows so, and
this is for whoever compares negotiated selectors with intended ones on this lab. Only a lab that runs, and is what is
reached from this network namespace, narrows anything.
"""

from lab import topology
from lab.carried import Selectors, selectors
from lab.control import Lab
from lab.topology import Host
from routebook.intent.network import Network
from routebook.intent.platform import platform


def narrowed(network: Network) -> dict[tuple[str, str], Selectors]:
    """The local and remote selectors that a host of the lab shows of a tunnel, by (host, tunnel).

    None of those that are as intended.
    """
    lab = Lab(network.project)
    if not lab.reached_here or lab.esp_in_kernel:
        return {}
    plan = topology.of_network(network)
    found: dict[tuple[str, str], Selectors] = {}
    for host in plan.hosts:
        for tunnel in host.tunnels:
            carried = selectors(host, tunnel, plan, esp_in_kernel=False)
            if carried != (tunnel.local_selectors, tunnel.remote_selectors):
                found[host.name, tunnel.name] = _shown(host, carried)
    return found


def _shown(host: Host, carried: Selectors) -> Selectors:
    """Some have one pair of identities a tunnel to show; the lab's show the first of charon's, which sorts them."""
    its = platform(host.platform)
    if its is None or its.lab is None or not its.lab.first_selectors:
        return carried
    local, remote = (tuple(sorted(networks, key=lambda each: (each.version, each))[:1]) for networks in carried)
    return local, remote
