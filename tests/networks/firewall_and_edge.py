"""A lab of a firewall and an edge with a tunnel between them: the edge is configured, the firewall is the test's."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address, ip_interface, ip_network
from pathlib import Path

import pytest

from lab import topology
from lab.control import Lab
from lab.topology import Host, Topology
from routebook.intent.model import Interface, IpsecProposal, SecretRef, Tunnel

FIREWALL, EDGE = "fw1", "edge1"
SITES = {FIREWALL: ip_network("10.1.0.0/16"), EDGE: ip_network("10.3.0.0/16")}
INNER = ("10.255.200.0", "10.255.200.1")
ADDRESS = "192.0.2.1"  # the firewall's, for management

SWANCTL = """
connections {
  fw {
    version = 2
    local_addrs = 198.51.100.2
    remote_addrs = 198.51.100.1
    proposals = aes256gcm16-prfsha256-ecp256
    local { auth = psk
 id = 198.51.100.2 }
    remote { auth = psk
 id = 198.51.100.1 }
    children { fw { local_ts = 10.255.200.1/32, 10.3.0.0/16
 remote_ts = 10.255.200.0/32, 10.1.0.0/16
 esp_proposals = aes256gcm16 } }
  }
}
secrets { ike-fw { id = 198.51.100.1
 secret = "both-ends-agree" } }
"""
FRR = """
router bgp 65551
 no bgp ebgp-requires-policy
 neighbor 10.255.200.0 remote-as 65550
 neighbor 10.255.200.0 disable-connected-check
 neighbor 10.255.200.0 update-source 10.255.200.1
 neighbor 10.255.200.0 timers connect 5
 address-family ipv4 unicast
  network 10.3.0.0/24
"""


def make_host(name: str, platform: str, *, mark: int | None = None) -> Host:
    """One of the two, with its tunnel to the other; with a mark it is a tunnel interface of its own."""
    number = list(SITES).index(name) + 1
    peer = next(each for each in SITES if each != name)
    site, other = SITES[name], SITES[peer]
    proposal = IpsecProposal(encryption="aes256gcm16", dh_group="ecp256", prf="prfsha256")
    tunnel = Tunnel(
        name="fw--edge", mode="policy" if mark is None else "route", mark=mark, peer=peer, peer_host=peer,
        local_address=ip_address(f"198.51.100.{number}"), remote_address=ip_address(f"198.51.100.{3 - number}"),
        local_id="a", remote_id="b", initiator=number == 1, local_selectors=(site,), remote_selectors=(other,),
        local_inner=ip_address(INNER[number - 1]), remote_inner=ip_address(INNER[2 - number]),
        ike_proposals=(proposal,), esp_proposals=(proposal,), psk=SecretRef(file="secrets/none"),
    )  # fmt: skip
    interfaces = (
        Interface(name="wan", link="internet", addresses=(ip_interface(f"198.51.100.{number}/24"),)),
        Interface(name="lan", link=f"lan{number}", addresses=(ip_interface(f"{site[1]}/24"),)),
    )
    return Host(name, name, platform, ip_address(f"192.0.2.{number}"), interfaces, (tunnel,))


@contextmanager
def firewall_and_edge(folder: Path, firewall: Host, edge: Host) -> Iterator[Lab]:
    """The lab, up, with the edge's end of the tunnel and of the session."""
    plan = Topology(
        sites={name: (prefix,) for name, prefix in SITES.items()},
        links={"internet": None, "lan1": FIREWALL, "lan2": EDGE},
        hosts=(firewall, edge),
        peers=(),
        caches=(),
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(topology, "read", lambda _: plan)
        patch.setattr(topology, "secret_files", lambda _: [])
        lab = Lab(folder)
        lab.up(print)
        try:
            for script, configuration in (
                ("cat >/etc/swanctl/conf.d/test.conf && swanctl --load-all --noprompt", SWANCTL),
                ("cat >/run/by-hand.conf && vtysh -f /run/by-hand.conf", FRR),
            ):
                command = lab.command(EDGE, ["sh", "-c", script])
                subprocess.run(command, input=configuration, capture_output=True, text=True, check=True)
            yield lab
        finally:
            lab.down()
