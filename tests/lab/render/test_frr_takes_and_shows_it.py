"""What is rendered for FRR is what FRR accepts, and what it then shows: so a second run has nothing to send."""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_network
from pathlib import Path

import pytest

from routebook.intent.load import load
from routebook.intent.model import (
    BfdProfile,
    BgpHost,
    CommunityList,
    HostIntent,
    Neighbor,
    NeighborFamily,
    PrefixList,
    PrefixRule,
    RouteMap,
    RouteMapRule,
    RpkiCache,
    SecretRef,
)
from routebook.platforms.frr.spelling import spelled_for
from routebook.platforms.frr.tree import lines_of, parse
from routebook.project.render import render_host
from routebook.project.secrets import Secrets
from tests.lab.drivers.hosts import LinuxHost

PROJECT = Path(__file__).resolve().parents[3]
NETWORK = load(PROJECT)

EVERYTHING = HostIntent(
    name="everything",
    site="no",
    platform="frr",
    bgp=BgpHost(
        asn=65550,
        router_id=IPv4Address("10.255.3.1"),
        networks=(ip_network("10.3.0.0/16"), ip_network("2001:db8:8e20::/48")),
        graceful_shutdown=True,
        neighbors=(
            Neighbor(
                session="a",
                peer="a",
                peer_host=None,
                address=IPv4Address("192.0.2.1"),
                local_address=IPv4Address("192.0.2.2"),
                update_source=True,
                local_as=64499,
                remote_as=64496,
                description='A peer, "with" words! # $x \\ ü ?',
                families=(
                    NeighborFamily(
                        family="ipv4-unicast",
                        route_map_in="RB-ALL",
                        route_map_out="RB-ALL",
                        prefix_list_in="RB-V4",
                        prefix_list_out="RB-V4",
                        max_prefix=10,
                        next_hop_self=True,
                        addpath_tx_all=True,
                        soft_reconfiguration=True,
                    ),
                ),
                password=SecretRef(file="secrets/ch-edge2--ixp-rs2.password"),
                ebgp_multihop=3,
                keepalive=5,
                hold_time=15,
                connect_retry=10,
                bfd="RB-FAST",
                passive=True,
                shutdown=True,
            ),
            Neighbor(
                session="b",
                peer="b",
                peer_host=None,
                address=IPv6Address("2001:db8::1"),
                local_address=IPv6Address("2001:db8::2"),
                update_source=False,
                local_as=65550,
                remote_as=64497,
                description="b",
                families=(NeighborFamily(family="ipv6-unicast", prefix_list_in="RB-V6"),),
                ttl_security_hops=1,
                keepalive=60,
                hold_time=180,
                connect_retry=120,
                bfd="RB-DEFAULTS",
            ),
            Neighbor(
                session="c",
                peer="c",
                peer_host="c",
                address=IPv4Address("10.255.3.3"),
                local_address=IPv4Address("10.255.3.1"),
                update_source=True,
                local_as=65550,
                remote_as=65550,
                description="c",
                families=(
                    NeighborFamily(family="ipv4-unicast", route_reflector_client=True),
                    NeighborFamily(family="ipv6-unicast", route_reflector_client=True, next_hop_self=True),
                ),
                ebgp_multihop=None,
                bfd="",
            ),
            Neighbor(
                session="d",
                peer="d",
                peer_host=None,
                address=IPv4Address("192.0.2.9"),
                local_address=IPv4Address("192.0.2.8"),
                update_source=False,
                local_as=65550,
                remote_as=4200000000,
                description="d",
                families=(NeighborFamily(family="ipv4-unicast"),),
                ebgp_multihop=1,
            ),
        ),
    ),
    prefix_lists=(
        PrefixList(
            name="RB-V4",
            family="ipv4",
            rules=(
                PrefixRule(seq=5, action="permit", prefix=ip_network("0.0.0.0/0"), le=32),
                PrefixRule(seq=7, action="deny", prefix=ip_network("10.0.0.0/8"), ge=8, le=24),
                PrefixRule(seq=8, action="deny", prefix=ip_network("10.0.0.0/8"), ge=24, le=24),
                PrefixRule(seq=9, action="deny", prefix=ip_network("10.0.0.0/8"), ge=9),
                PrefixRule(seq=10, action="permit", prefix=ip_network("0.0.0.0/0")),
            ),
        ),
        PrefixList(
            name="RB-V6",
            family="ipv6",
            rules=(
                PrefixRule(seq=5, action="permit", prefix=ip_network("::/0"), le=128),
                PrefixRule(seq=10, action="permit", prefix=ip_network("2001:db8::/32"), ge=48, le=64),
            ),
        ),
    ),
    community_lists=(
        CommunityList(
            name="RB-STANDARD",
            permit=("graceful-shutdown", "no-export", "65000:1", "local-AS", "blackhole", "no-peer"),
        ),
        CommunityList(name="RB-LARGE", permit=("65550:1:2", "4294967295:0:4294967295"), large=True),
    ),
    route_maps=(
        RouteMap(
            name="RB-ALL",
            rules=(
                RouteMapRule(seq=10, action="deny", match_rpki="invalid"),
                RouteMapRule(
                    seq=20,
                    action="permit",
                    match_prefix_list="RB-V4",
                    match_community="RB-STANDARD",
                    match_rpki="valid",
                    set_local_preference=0,
                    set_med=0,
                    set_communities=("65000:1", "no-export", "graceful-shutdown"),
                    set_large_communities=("65550:2:1", "65550:1:2"),
                    set_communities_additive=True,
                    set_prepend=(65550, 65550),
                ),
                RouteMapRule(seq=30, action="permit", match_community="RB-LARGE", set_communities=("65000:2",)),
                RouteMapRule(seq=40, action="permit", match_prefix_list="RB-V6", match_rpki="notfound"),
            ),
        ),
    ),
    bfd_profiles=(
        BfdProfile(name="RB-FAST", detect_multiplier=5, receive_interval=500, transmit_interval=400),
        BfdProfile(name="RB-DEFAULTS", detect_multiplier=3, receive_interval=300, transmit_interval=300),
    ),
    rpki_caches=(
        RpkiCache(host=IPv4Address("198.51.100.250"), port=3323, preference=1),
        RpkiCache(host=IPv6Address("2001:db8::250"), port=323, preference=2),
    ),
)


def frr_text(intent: HostIntent, secrets: Secrets) -> str:
    sections = render_host(intent, PROJECT / "templates", secrets).sections
    return "".join(section.text for section in sections if section.part == "frr")


def load_into(host: LinuxHost, text: str) -> None:
    host.sh(f"vtysh -C -f /dev/stdin <<'EOF'\n{text}\nEOF")
    host.sh(f"cat >/run/by-hand.conf <<'EOF'\n{text}\nEOF\nvtysh -f /run/by-hand.conf")


def shown(host: LinuxHost) -> str:
    return host.vtysh("show running-config")


def indented(paths: Iterable[tuple[tuple[str, ...], str]]) -> list[str]:
    return sorted(" / ".join((*path, line)) for path, line in paths)


ROUTERS = [host for host in NETWORK.hosts.values() if host.platform in ("edge", "frr")]


@pytest.mark.parametrize("intent", [*ROUTERS, EVERYTHING], ids=lambda intent: intent.name)
def test_every_rendered_line_is_shown_as_rendered_and_no_other_appears(
    intent: HostIntent, secrets: Secrets, tmp_path: Path
) -> None:
    host = LinuxHost("router", tmp_path / "host")
    try:
        host.start_frr()
        before = lines_of(parse(shown(host)))
        text = spelled_for(shown(host), frr_text(intent, secrets))
        load_into(host, text)
        after = lines_of(parse(shown(host)))
        assert indented(after - before) == indented(lines_of(parse(text)) - before)
        load_into(host, text)
        assert indented(lines_of(parse(shown(host)))) == indented(after)
    finally:
        host.stop()
