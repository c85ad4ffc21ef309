"""A Linux host with FRR and strongSwan, which are changed together or not at all."""

from pathlib import Path

from routebook.intent.capabilities import BOTH, Capabilities
from routebook.intent.platform import LabPart, Platform

PLATFORM = Platform(
    name="edge",
    called="a edge",
    can=Capabilities(
        families={"link": BOTH, "loopback": BOTH, "tunnel": BOTH},
        ipsec=True,
        bfd=True,
        rpki=True,
        roles=True,
        every_word=True,
        chooses_router_id=True,
        certificates=True,
        several_children=True,
    ),
    rules_in="routebook.platforms.edge.rules:RULES",
    words_in="routebook.platforms.edge.words:WORDS",
    templates=Path(__file__).with_name("templates"),
    importer="routebook.platforms.edge.importing:IMPORTER",
    reader="routebook.platforms.edge.reader:EdgeReader",
    driver="routebook.platforms.edge.driver:EdgeDriver",
    command_line="routebook.platforms.linux.commands:COMMAND_LINE",
    lab=LabPart(
        node="routebook.platforms.linux.lab:edge",
        programs=("/usr/lib/frr/bgpd", "/usr/sbin/charon-systemd", "/usr/sbin/swanctl"),
        releases=True,
    ),
)
