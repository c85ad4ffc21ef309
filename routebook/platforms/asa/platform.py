"""An ASA as Routebook knows it."""

from pathlib import Path

from routebook.intent.capabilities import BOTH, IPV4, Capabilities, Feature
from routebook.intent.platform import LabPart, Platform
from routebook.platforms.asa import names

# Cisco's release notes and configuration guides: "BGP over VTI … IPv6 is not supported" (9.16, 9.18).
_SINCE: dict[Feature, str] = {
    "bgp": "9.2(1)",
    "ipv6 bgp": "9.3(2)",
    "bfd": "9.6(2)",
    "route tunnel": "9.8(1)",  # VTI is of 9.7(1), with IKEv2 of 9.8(1)
    "modp3072": "9.13(1)",
    "ipv6 tunnel": "9.16(1)",
    "curve25519": "9.16(1)",
    "loopback": "9.18(2)",
}

PLATFORM = Platform(
    name="asa",
    called="an ASA",
    can=Capabilities(
        families={"link": BOTH, "loopback": BOTH, "tunnel": IPV4},
        ipsec=True,
        bfd=True,
        rpki=False,
        drains=False,
        addressed=True,
        route_version="outer",
        filters=True,
        chooses_router_id=True,
        words=frozenset(
            {
                *("description", "as_path_list_in", "as_path_list_out", "max_prefix_threshold"),
                *("max_prefix_warning_only", "max_prefix_restart", "default_originate", "remove_private_as"),
                *("send_community", "weight", "local_as", "local_as_no_prepend", "local_as_replace_as"),
                *("disable_connected_check", "advertisement_interval"),
                *("rules", "match_as_path", "match_next_hop", "match_exact", "match_med", "match_tag"),
                *("set_weight", "set_origin"),
            }
        ),
        since={feature: names.read_release(release) for feature, release in _SINCE.items()},
        product="ASA",
    ),
    rules_in="routebook.platforms.asa.rules:RULES",
    words_in="routebook.platforms.asa.words:WORDS",
    templates=Path(__file__).with_name("templates"),
    importer="routebook.platforms.asa.importing:IMPORTER",
    reader="routebook.platforms.asa.reader:AsaReader",
    driver="routebook.platforms.asa.driver:AsaDriver",
    command_line="routebook.platforms.asa.typed:COMMAND_LINE",
    lab=LabPart(
        node="routebook.platforms.asa.lab.node:node",
        programs=("/usr/lib/frr/bgpd", "/usr/sbin/charon-systemd", "/usr/sbin/swanctl"),
        modules=("asyncssh",),
        routes_itself=True,
        first_selectors=True,
    ),
    netmiko="cisco_asa",
    scrapli="cisco_asa",
    # Without an enable password netmiko types `login`, also where the session has its level already.
    netmiko_extras={"secret": " "},
)
