"""What the API server of a cluster takes of Cilium's BGP resources, by release: the facts of their definitions.

Read in cilium/cilium, `pkg/k8s/apis/cilium.io/client/crds/{v2alpha1,v2}/ciliumbgp*.yaml`: v2alpha1 of 1.15 to 1.17 at
06459b56e6 and 026740195c, v2 of 1.18 to 1.20 at 22ca075b2c, 1caf37d44b and 0d505231bc. Which release has which: pull
requests 32426 (1.16), 37765 (v2, with 1.18) and 42278 (CiliumBGPPeeringPolicy removed, with 1.19).

A number's fact is its least and greatest value, a word's a regular expression, a list's its item, an object's its
fields; a name with `!` must be there. What is optional and never rendered is left out, and so counts as unknown.
"""

import re
from ipaddress import ip_address, ip_network
from itertools import chain
from typing import Any

_NAME = re.compile(r".{1,255}")
_ANY = re.compile(r".*")
_LABEL = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?")
_INT32 = 2147483647
_SELECTOR = {
    "matchLabels": {"*": _LABEL},
    "matchExpressions": [{"key!": _ANY, "operator!": re.compile("In|NotIn|Exists|DoesNotExist"), "values": [_ANY]}],
}
_FAMILY = {
    "afi!": re.compile("ipv4|ipv6|l2vpn|ls|opaque"),
    "safi!": re.compile("unicast|multicast|mpls_label|encapsulation|vpls|evpn|ls|sr_policy|mup|mpls_vpn"),
}
_TIMERS = {
    "connectRetryTimeSeconds": (1, _INT32),
    "holdTimeSeconds": (3, 65535),
    "keepAliveTimeSeconds": (1, 65535),
}
_RESTART = {"enabled!": bool, "restartTimeSeconds": (1, 4095)}
_PEERING_POLICY = {
    "nodeSelector": _SELECTOR,
    "virtualRouters": [
        {
            "localASN!": (0, 2**32 - 1),
            "exportPodCIDR": bool,
            "serviceSelector": _SELECTOR,
            "podIPPoolSelector": _SELECTOR,
            "neighbors!": [
                {
                    "peerAddress!": ip_network,
                    "peerASN!": (0, 2**32 - 1),
                    "peerPort": (1, 65535),
                    "authSecretRef": _ANY,
                    "eBGPMultihopTTL": (1, 255),
                    **_TIMERS,
                    "gracefulRestart": _RESTART,
                    "families": [_FAMILY],
                }
            ],
        }
    ],
}


def _resources(*, stable: bool) -> dict[str, Any]:
    reference = {"name!": _ANY} if stable else {"name!": _ANY, "group": _ANY, "kind": _ANY}
    transport = {"peerPort": (1, 65535)} if stable else {"peerPort": (1, 65535), "localPort": (1, 65535)}
    peer = {
        "name!": _NAME,
        "peerASN": (0, 2**32 - 1),
        "peerAddress!": ip_address,
        "peerConfigRef": reference,
    }
    return {
        "CiliumBGPClusterConfig": {
            "nodeSelector": _SELECTOR,
            "bgpInstances!": [{"name!": _NAME, "localASN": (1, 2**32 - 1), "peers": [peer]}],
        },
        "CiliumBGPPeerConfig": {
            "authSecretRef": _ANY,
            "ebgpMultihop": (1, 255),
            "timers": _TIMERS,
            "transport": transport,
            "gracefulRestart": _RESTART,
            "families": [{**_FAMILY, "advertisements": _SELECTOR}],
        },
        "CiliumBGPAdvertisement": {
            "advertisements!": [
                {
                    "advertisementType!": re.compile(
                        "PodCIDR|CiliumPodIPPool|Service" + ("|Interface" if stable else "")
                    ),
                    "selector": _SELECTOR,
                    "service": {"addresses!": [re.compile("LoadBalancerIP|ClusterIP|ExternalIP")]},
                }
            ]
        },
    }


_POLICY = {("cilium.io/v2alpha1", "CiliumBGPPeeringPolicy"): _PEERING_POLICY}
_ALPHA = {("cilium.io/v2alpha1", kind): facts for kind, facts in _resources(stable=False).items()}
_STABLE = {("cilium.io/v2", kind): facts for kind, facts in _resources(stable=True).items()}
# What a release's API server knows. Its v2alpha1 of the later ones is as that of v2 (pull request 37765).
SERVED: dict[str, dict[tuple[str, str], Any]] = {
    "1.15": _POLICY,
    "1.16": _POLICY | _ALPHA,
    "1.17": _POLICY | _ALPHA,
    "1.18": _POLICY | _ALPHA | _STABLE,
    "1.19": _ALPHA | _STABLE,
    "1.20": _ALPHA | _STABLE,
}


# CiliumBGPNodeConfig, which Cilium itself makes and fills in: crds/v2/ciliumbgpnodeconfigs.yaml, and v2alpha1 the same
# in this; pkg/k8s/apis/cilium.io/v2/bgp_node_types.go at 0d505231bc.
_NODE_CONFIG = {
    "spec!": {
        "bgpInstances!": [
            {
                "name!": _NAME,
                "localASN": (1, 2**32 - 1),
                "routerID": ip_address,
                "localPort": (1, 65535),
                "peers": [
                    {
                        "name!": _ANY,
                        "peerAddress": ip_address,
                        "peerASN": (0, 2**32 - 1),
                        "localAddress": ip_address,
                        "peerConfigRef": {"name!": _ANY, "group": _ANY, "kind": _ANY},
                    }
                ],
            }
        ]
    },
    "status": {
        "bgpInstances": [
            {
                "name!": _ANY,
                "localASN": (-(2**63), 2**63 - 1),
                "peers": [
                    {
                        "name!": _ANY,
                        "peerAddress!": _ANY,
                        "peerASN": (-(2**63), 2**63 - 1),
                        "peeringState": _ANY,
                        "establishedTime": _ANY,
                        "timers": {
                            "appliedHoldTimeSeconds": (-_INT32 - 1, _INT32),
                            "appliedKeepaliveSeconds": (-_INT32 - 1, _INT32),
                        },
                        "routeCount": [
                            {**_FAMILY, "received": (-_INT32 - 1, _INT32), "advertised": (-_INT32 - 1, _INT32)}
                        ],
                    }
                ],
            }
        ],
        "conditions": [{"*": _ANY}],
    },
}


def node_config_refusals(document: dict[str, Any]) -> list[str]:
    """What of a node's configuration and status an API server would not keep."""
    parts = {name: part for name, part in document.items() if name in ("spec", "status")}
    return _misfits(parts, _NODE_CONFIG, document["kind"])


def refusals(document: dict[str, Any], release: str) -> list[str]:
    """Why a release's API server would not take a manifest as it is, or drop a part of it. Empty where it takes it."""
    kind = (document["apiVersion"], document["kind"])
    if kind not in SERVED[release]:
        return [f"{release} has no {kind[1]} in {kind[0]}"]
    found = _misfits(document["spec"], SERVED[release][kind], kind[1])
    return found + [text for rule in (_keepalive, _services_only) for text in rule(document)]


def _misfits(value: Any, fact: Any, path: str) -> list[str]:
    if isinstance(fact, dict):
        if not isinstance(value, dict):
            return [f"{path} is {value!r}"]
        known = {name.removesuffix("!"): inner for name, inner in fact.items()}
        missing = [f"{path}.{name[:-1]} is missing" for name in fact if name.endswith("!") and name[:-1] not in value]
        found = [
            _misfits(inner, known[key] if key in known else known["*"], f"{path}.{key}")
            if key in known or "*" in known
            else [f"{path}.{key} is unknown"]
            for key, inner in value.items()
        ]
        return missing + list(chain.from_iterable(found))
    if isinstance(fact, list):
        if not isinstance(value, list) or not value:
            return [f"{path} is {value!r}"]
        return [why for index, item in enumerate(value) for why in _misfits(item, fact[0], f"{path}[{index}]")]
    return [] if _fits(value, fact) else [f"{path} is {value!r}"]


def _fits(value: Any, fact: Any) -> bool:
    if isinstance(fact, tuple):
        return type(value) is int and fact[0] <= value <= fact[1]
    if isinstance(fact, type):
        return type(value) is fact
    if isinstance(fact, re.Pattern):
        return isinstance(value, str) and fact.fullmatch(value) is not None
    try:
        return isinstance(value, str) and bool(fact(value))
    except ValueError:
        return False


def _keepalive(document: dict[str, Any]) -> list[str]:
    """`x-kubernetes-validations` of CiliumBGPPeerConfig in v2, and what BGP itself asks for."""
    timers = document["spec"].get("timers", {})
    keepalive, hold = timers.get("keepAliveTimeSeconds", 30), timers.get("holdTimeSeconds", 90)
    return [f"a keepalive of {keepalive} s is longer than the hold time, {hold} s"] if keepalive > hold else []


def _services_only(document: dict[str, Any]) -> list[str]:
    """`x-kubernetes-validations` of CiliumBGPAdvertisement in v2: where `service` and selectors may be."""
    found = []
    for each in document["spec"].get("advertisements", []):
        if (each["advertisementType"] == "Service") != ("service" in each):
            found.append(f"{each['advertisementType']} with or without `service`")
        if each["advertisementType"] == "PodCIDR" and "selector" in each:
            found.append("PodCIDR with a selector")
        if each["advertisementType"] == "Service" and not each.get("selector"):
            found.append("Service without a selector selects nothing")
    return found
