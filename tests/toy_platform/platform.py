"""An abacus: a device in memory with a syntax of its own. One line is one object; a tunnel is a wire."""

from pathlib import Path

from routebook.intent.capabilities import IPV4, Capabilities
from routebook.intent.platform import Platform

PLATFORM = Platform(
    name="abacus",
    called="an abacus",
    can=Capabilities(families={"link": IPV4, "tunnel": IPV4}, ipsec=True, bfd=False, rpki=False, drains=False),
    rules_in="tests.toy_platform.rules:RULES",
    words_in="tests.toy_platform.rules:WORDS",
    templates=Path(__file__).with_name("templates"),
    driver="tests.toy_platform.driver:AbacusDriver",
)
