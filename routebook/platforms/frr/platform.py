"""A Linux host whose routing is FRR's."""

from pathlib import Path

from routebook.intent.capabilities import BOTH, Capabilities
from routebook.intent.platform import LabPart, Platform

PLATFORM = Platform(
    name="frr",
    called="a frr",
    can=Capabilities(
        families={"link": BOTH, "loopback": BOTH, "tunnel": BOTH},
        ipsec=False,
        bfd=True,
        rpki=True,
        roles=True,
        every_word=True,
        chooses_router_id=True,
    ),
    rules_in="routebook.platforms.frr.rules:RULES",
    words_in="routebook.platforms.frr.words:WORDS",
    templates=Path(__file__).with_name("templates"),
    importer="routebook.platforms.frr.importing:IMPORTER",
    reader="routebook.platforms.frr.reader:FRRReader",
    driver="routebook.platforms.frr.driver:FRRDriver",
    command_line="routebook.platforms.linux.commands:COMMAND_LINE",
    lab=LabPart(node="routebook.platforms.linux.lab:frr", programs=("/usr/lib/frr/bgpd",), releases=True),
)
