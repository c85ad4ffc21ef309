"""What a device answers to every command that Routebook reads it with, without secrets, and what is understood of it.

For an owner to see whether the parsers read a release that nobody here has, and to send in what they do not.
"""

import re
from collections.abc import Callable, Iterator

from routebook.device.errors import DriverError
from routebook.platforms.asa.config import fingerprint, parse, redact
from routebook.platforms.asa.reading import read_bgp, read_ike
from routebook.platforms.asa.session import AsaSession
from routebook.platforms.asa.show import addresses, bgp, failover, ikev1, ikev2, ipsec, paths, sessiondb, version

CONFIGURATION = "more system:running-config"
COMMANDS = (
    version.COMMAND, failover.COMMAND, "show names", CONFIGURATION, bgp.SUMMARY, bgp.SUMMARY_IPV6, bgp.NEIGHBORS,
    ikev2.COMMAND, ikev1.COMMAND, ipsec.COMMAND, sessiondb.COMMAND, paths.BFD, addresses.COMMAND,
    "show event manager", "show reload",
)  # fmt: skip
"""All of them, but for those that read flash and the log, whose names and lines are the owner's, and those that ask for
one prefix or one packet."""

# What is no secret and still nobody's business: certificates, serial numbers, licences, password hashes.
_CERTIFICATE = re.compile(r"^( certificate .*\n)(?:.*\n)*?( *quit)$", re.MULTILINE)
_SERIAL = re.compile(r"((?:Serial Number|serial number)\s*:?\s*(?:Ours )?|, Mate )[A-Z0-9]{8,}")
_LICENCE = re.compile(r"((?:Running|permanent) .*(?:Key|key)\s*:? ).*")
_HASH = re.compile(r"\$sha512\$\S+|(?<=password )\S{16,}")


def redacted(text: str) -> str:
    """The text without secrets, certificates, serial numbers and licences; addresses and names stay."""
    text = _CERTIFICATE.sub(r"\1  <certificate>\n\2", redact(text))
    text = _SERIAL.sub(r"\1<serial>", text)
    return _HASH.sub("<hash>", _LICENCE.sub(r"\1<licence>", text))


def record(session: AsaSession) -> dict[str, str]:
    """Each command with what the device answers, redacted. Changes nothing."""
    return {command: redacted(session.run(command, timeout=max(session.timeout, 120))) for command in COMMANDS}


def understood(session: AsaSession) -> Iterator[tuple[str, str]]:
    """What is read, and what is not known of it; empty where all of it is understood."""
    steps: tuple[tuple[str, Callable[[], object]], ...] = (
        ("the running configuration", lambda: _written_back(session.running_config())),
        ("the failover pair", session.failover),
        ("BGP sessions", lambda: read_bgp(session)),
        ("tunnels", lambda: read_ike(session)),
    )
    for what, step in steps:
        try:
            step()
        except DriverError as error:
            yield what, redacted(str(error))
        else:
            yield what, ""


def _written_back(text: str) -> None:
    config = parse(text)
    if str(config) != text or not fingerprint(config):
        raise DriverError("the running configuration is not written back as it was read")
