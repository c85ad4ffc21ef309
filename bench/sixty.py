"""A network of sixty Linux hosts: ten sites in a ring, each with two reflectors and four edges.

An edge has a tunnel to one of each site beside its own, and a session with both reflectors.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

SITES = 10
EDGES = 4


def write_inventory(folder: Path) -> None:
    """Put the network in the place of a project's own."""
    lans = {f"s{site}-lan": {"site": f"s{site}"} for site in range(SITES)}
    sites = {f"s{site}": {"prefixes": [f"10.{site}.0.0/16"]} for site in range(SITES)}
    suite = {"encryption": "aes256gcm16", "dh_group": "modp2048"}
    files: dict[str, Any] = {
        "network": {"network": {"asn": 65550, "sites": sites, "links": {**lans, "internet": {}}}},
        "groups": {
            **{name: {"data": {"site": name}} for name in sites},
            "reflector": {"platform": "frr"},
            "edge": {"platform": "edge"},
        },
        "hosts": dict(host for site in range(SITES) for host in _hosts(site)),
        "bgp": {"bgp": {"defaults": {"connect_retry": 10}, "sessions": list(_sessions())}},
        "policy": {"policy": {}},
        "tunnels": {
            "tunnels": {
                "defaults": {
                    "link": "internet",
                    "ike": [{**suite, "prf": "prfsha256"}],
                    "esp": [suite],
                    "psk": {"file": "secrets/{name}.psk"},
                },
                "list": [
                    {
                        "ends": [f"s{site}-edge{edge}", f"s{(site + 1) % SITES}-edge{edge}"],
                        "inner": f"10.255.{site}.{2 * edge}/31",
                    }
                    for site in range(SITES)
                    for edge in range(EDGES)
                ],
            }
        },
    }
    for name, content in files.items():
        (folder / "inventory" / f"{name}.yaml").write_text(yaml.safe_dump(content, sort_keys=False))


def _hosts(site: int) -> Iterator[tuple[str, dict[str, Any]]]:
    kinds = [f"rr{number}" for number in range(2)] + [f"edge{number}" for number in range(EDGES)]
    for number, kind in enumerate(kinds):
        at = site * len(kinds) + number + 10
        interfaces = {
            "lo": {"addresses": [f"10.{site}.255.{number + 1}/32"]},
            "lan0": {"link": f"s{site}-lan", "addresses": [f"10.{site}.0.{number + 1}/24"]},
        }
        if kind.startswith("edge"):
            interfaces["wan0"] = {"link": "internet", "addresses": [f"198.51.100.{at}/24"]}
        group = "edge" if kind.startswith("edge") else "reflector"
        yield (
            f"s{site}-{kind}",
            {"hostname": f"192.0.2.{at}", "groups": [f"s{site}", group], "data": {"interfaces": interfaces}},
        )


def _sessions() -> Iterator[dict[str, Any]]:
    for site in range(SITES):
        yield {"ends": [f"s{site}-rr0", f"s{site}-rr1"], "families": ["ipv4-unicast"]}
        for edge in range(EDGES):
            for reflector in range(2):
                rr = f"s{site}-rr{reflector}"
                yield {
                    "ends": [f"s{site}-edge{edge}", rr],
                    "families": ["ipv4-unicast"],
                    rr: {"route_reflector_client": True},
                }
