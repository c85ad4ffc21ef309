"""A Linux host whose IPsec is strongSwan's."""

from pathlib import Path

from routebook.intent.capabilities import Capabilities
from routebook.intent.platform import LabPart, Platform

PLATFORM = Platform(
    name="strongswan",
    called="a strongswan",
    can=Capabilities(families={}, ipsec=True, bfd=False, rpki=False, certificates=True, several_children=True),
    rules_in="routebook.platforms.strongswan.rules:RULES",
    words_in="routebook.platforms.strongswan.words:WORDS",
    templates=Path(__file__).with_name("templates"),
    importer="routebook.platforms.strongswan.importing:IMPORTER",
    reader="routebook.platforms.strongswan.reader:StrongSwanReader",
    driver="routebook.platforms.strongswan.driver:StrongSwanDriver",
    command_line="routebook.platforms.linux.commands:COMMAND_LINE",
    lab=LabPart(
        node="routebook.platforms.linux.lab:strongswan",
        programs=("/usr/sbin/charon-systemd", "/usr/sbin/swanctl"),
        releases=True,
    ),
)
