"""A pfSense as Routebook knows it, with either of its BGP packages."""

from pathlib import Path

from routebook.intent.capabilities import BOTH, IPV4, Capabilities
from routebook.intent.platform import LabPart, Platform

PLATFORM = Platform(
    name="pfsense",
    called="a pfSense",
    # Its tunnel interfaces negotiate 0.0.0.0/0 and nothing of IPv6 (ipsec_setup_vtireq() in src/etc/inc/ipsec.inc).
    can=Capabilities(
        families={"link": BOTH, "loopback": BOTH, "tunnel": IPV4},
        ipsec=True,
        bfd=False,
        rpki=False,
        drains=False,
        route_version="ipv4",
        filters=True,
        bgp_packages=("openbgpd", "frr"),
        unfiltered=frozenset({"openbgpd"}),
        # Both packages write one where a field has it (frr_bgp_generate_router(), openbgpd_install_conf()).
        chooses_router_id=True,
    ),
    rules_in="routebook.platforms.pfsense.rules:RULES",
    words_in="routebook.platforms.pfsense.words:WORDS",
    xml=True,
    templates=Path(__file__).with_name("templates"),
    importer="routebook.platforms.pfsense.importing:IMPORTER",
    reader="routebook.platforms.pfsense.reader:PfSenseReader",
    driver="routebook.platforms.pfsense.driver:PfSenseDriver",
    netmiko="generic",  # its prompt ends in `:`, not in `$` or `#` (src/etc/skel/dot.tcshrc)
    command_line="routebook.platforms.pfsense.commands:COMMAND_LINE",
    lab=LabPart(
        node="routebook.platforms.pfsense.lab.node:node",
        programs=("/usr/sbin/charon-systemd", "/usr/sbin/swanctl", "/usr/bin/php", "/usr/sbin/bgpd"),
    ),
)
