"""Whatever is declared, the two ends of a session and of a tunnel see the same thing from opposite sides."""

import itertools
import tempfile
from pathlib import Path

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from routebook.intent.load import load
from routebook.intent.network import Network
from routebook.intent.problem import IntentError

SUITES = [
    {"encryption": "aes256gcm16", "prf": "prfsha256", "dh_group": "modp2048"},
    {"encryption": "aes256", "integrity": "sha256", "dh_group": "modp3072"},
    {"encryption": "aes128", "integrity": "sha512", "dh_group": "ecp256"},
]


def esp(suite: dict[str, str]) -> dict[str, str]:
    return {key: value for key, value in suite.items() if key != "prf"}


@st.composite
def inventories(draw: st.DrawFn) -> dict[str, object]:
    """Up to six hosts at up to three sites, meshed by sessions and tunnels with drawn options."""
    count = draw(st.integers(2, 6))
    sites = draw(st.lists(st.integers(1, 3), min_size=count, max_size=count))
    hosts: dict[str, object] = {}
    for number, site in enumerate(sites, 1):
        data: dict[str, object] = {
            "site": f"s{site}",
            "interfaces": {
                "lo": {"addresses": [f"10.255.{site}.{number}/32", f"2001:db8:0:{site}::{number}/128"]},
                "wan0": {"link": "internet", "addresses": [f"198.51.100.{number}/24"]},
            },
        }
        if draw(st.booleans()):
            data["asn"] = 64512 + number
        if draw(st.booleans()):
            able = draw(st.lists(st.sampled_from(SUITES), min_size=1, unique_by=str))
            data["ipsec"] = {"ike": able, "esp": [esp(suite) for suite in able]}
        groups = ["reflector"] if draw(st.booleans()) else []
        hosts[f"h{number}"] = {"hostname": f"192.0.2.{number}", "platform": "edge", "groups": groups, "data": data}
    mesh: dict[str, object] = {
        "mesh": draw(st.sampled_from(["all x all", "all x reflector", "s1 x all"])),
        "families": draw(st.sampled_from([["ipv4-unicast"], ["ipv6-unicast"], ["ipv6-unicast", "ipv4-unicast"]])),
        "password": {"file": "secrets/{name}"},
        "import": "RB-ANY",
        "export": "RB-ANY",
        "max_prefix": 10,
        "reflect": draw(st.booleans()),
    }
    if draw(st.booleans()):
        mesh["via"] = "loopback"
        mesh["multihop"] = 3
    if draw(st.booleans()):
        mesh["hold_time"] = draw(st.integers(3, 300))
    tunnels: dict[str, object] = {
        "mesh": draw(st.sampled_from(["all x all", "s1 x s2", "s2 x all"])),
        "link": "internet",
        "mode": draw(st.sampled_from(["policy", "route"])),
        "ike": draw(st.permutations(SUITES)),
        "esp": [esp(suite) for suite in draw(st.permutations(SUITES))],
        "psk": {"env": "PSK_{name}"},
    }
    pairs = itertools.combinations(hosts, 2)
    inner = {f"{a}--{b}": f"10.254.0.{2 * number}/31" for number, (a, b) in enumerate(pairs)}
    return {
        "hosts": hosts,
        "groups": {"reflector": {}},
        "network": {
            "network": {
                "asn": 65550,
                "sites": {f"s{site}": {"prefixes": [f"10.{site}.0.0/16"]} for site in (1, 2, 3)},
                "links": {"internet": {}},
            },
            "policy": {"route_maps": {"RB-ANY": [{"permit": "all"}]}},
        },
        "bgp": {"bgp": {"meshes": [mesh]}},
        "tunnels": {"tunnels": {"meshes": [tunnels]}},
        "inner": inner,
    }


def network_of(inventory: dict[str, object]) -> tuple[Network | None, str]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        (path / "inventory").mkdir()
        for name, content in inventory.items():
            if name != "inner":
                (path / f"inventory/{name}.yaml").write_text(yaml.safe_dump(content))
        try:
            return load(path), ""
        except IntentError as error:
            return None, str(error)


@settings(max_examples=60)
@given(inventories())
def test_both_ends_see_the_same_session_and_the_same_tunnel(inventory: dict[str, object]) -> None:
    inner = inventory["inner"]
    tunnels = inventory["tunnels"]
    assert isinstance(inner, dict)
    assert isinstance(tunnels, dict)
    mesh = tunnels["tunnels"]["meshes"][0]
    first, _ = network_of(inventory)  # without inner addresses, which a mesh must name by its tunnels' names
    if first is not None:
        mesh["inner"] = {tunnel.name: inner["--".join(sorted(tunnel.name.split("--")))] for tunnel in first.tunnels}
    elif mesh["mode"] == "route":
        mesh["key"] = 7
    network, told = network_of(inventory)
    if network is None:
        # What cannot be brought together is refused, and for these reasons only.
        allowed = (
            "proposal in common",
            "has no pair",
            "key 7",
            "eBGP",
            "only iBGP",
            "needs no multihop",
            "protect the same",
        )
        assert all(any(reason in line for reason in allowed) for line in told.splitlines()), told
        return
    for session in network.sessions:
        a, b = (end.neighbor for end in session.ends)
        assert (a.local_as, a.remote_as, a.local_address, a.address) == (
            b.remote_as,
            b.local_as,
            b.address,
            b.local_address,
        )
        assert (a.peer, b.peer) == (session.ends[1].name, session.ends[0].name)
        assert [f.family for f in a.families] == [f.family for f in b.families]
        assert a.password == b.password == session.password
        assert (a.hold_time, a.keepalive, a.bfd) == (b.hold_time, b.keepalive, b.bfd)
        assert not any(
            x.route_reflector_client and y.route_reflector_client for x, y in zip(a.families, b.families, strict=True)
        )
        for end in session.ends:
            bgp = network.hosts[end.name].bgp
            assert bgp is not None
            assert end.neighbor in bgp.neighbors
    for tunnel in network.tunnels:
        x, y = (end.tunnel for end in tunnel.ends)
        assert (x.local_address, x.local_id, x.local_selectors, x.local_inner) == (
            y.remote_address,
            y.remote_id,
            y.remote_selectors,
            y.remote_inner,
        )
        assert (y.local_address, y.local_id, y.local_selectors, y.local_inner) == (
            x.remote_address,
            x.remote_id,
            x.remote_selectors,
            x.remote_inner,
        )
        assert (x.psk, x.ike_proposals, x.esp_proposals, x.mode, x.mark, x.if_id) == (
            y.psk,
            y.ike_proposals,
            y.esp_proposals,
            y.mode,
            y.mark,
            y.if_id,
        )
        assert x.initiator != y.initiator
        assert all(end.tunnel in network.hosts[end.name].tunnels for end in tunnel.ends)
    pairs = [frozenset(end.name for end in session.ends) for session in network.sessions]
    assert len(pairs) == len(set(pairs))
    assert all(len(pair) == 2 for pair in pairs)
