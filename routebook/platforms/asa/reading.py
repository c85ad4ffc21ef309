"""An ASA's state, read over a session: BGP sessions and tunnels."""

import re
from collections.abc import Sequence
from ipaddress import ip_address

from routebook.device.errors import DriverError, LostContactError
from routebook.device.state import BfdPeer, BgpSession, BgpState, IkeSa, IPNetwork, Route
from routebook.platforms.asa.session import AsaSession
from routebook.platforms.asa.show import bgp, ikev1, ikev2, ipsec, paths, sessiondb
from routebook.platforms.asa.state import ike_sas

_MOST_PATHS = 16
_WAITING = (BgpState.ACTIVE, BgpState.CONNECT, BgpState.IDLE)
_INVALID = re.compile(r"^ERROR: % ?Invalid input|^% ?Invalid input", re.MULTILINE)


def read_bgp(session: AsaSession) -> tuple[BgpSession, ...]:
    """Every BGP session. Raises UnknownOutputError where the device's words are not known."""
    four = session.read(bgp.SUMMARY, bgp.parse_summary)
    if not four.local_as:
        return ()
    summaries = [("ipv4-unicast", four)]
    # IPv6 BGP is there from 9.3(2) on; an older release refuses the command, and where the family is not configured
    # nothing is printed. It adds counters only: `show bgp neighbors` has every session of both families.
    said = session.run(bgp.SUMMARY_IPV6)
    if said.strip() and not _INVALID.search(said):
        six = bgp.parse_summary(said, command=bgp.SUMMARY_IPV6)
        summaries += [("ipv6-unicast", six)] if six.local_as else []
    return bgp.sessions(summaries, session.read(bgp.NEIGHBORS, bgp.parse_neighbors))


def read_routes(session: AsaSession, prefixes: Sequence[IPNetwork]) -> tuple[Route, ...]:
    """The best paths to prefixes of IPv4, asked for one after another.

    A session has one command line, so no more than some are asked for. What is answered in a form that is not known is
    left out: nothing is claimed of it. Of IPv6 the command's form is not known for an ASA.
    """
    four = [prefix for prefix in prefixes if prefix.version == 4][:_MOST_PATHS]
    found = [paths.parse_route(session.run(paths.question(prefix)), prefix) for prefix in four]
    return tuple(route for route in found if route is not None)


def read_bfd(session: AsaSession) -> tuple[BfdPeer, ...] | None:
    """The BFD sessions; None where the release has no BFD, or the answer's form is not known."""
    said = session.run(paths.BFD)
    return None if _INVALID.search(said) else paths.parse_bfd(said)


def read_advertised(session: AsaSession, peer: str, family: str) -> tuple[IPNetwork, ...] | None:
    """The prefixes that a session sends; None where it does not show them. That for IPv6 is not known for an ASA."""
    if family != "ipv4-unicast":
        return None
    try:
        return session.read(f"show bgp neighbors {ip_address(peer)} advertised-routes", bgp.parse_routes)
    except LostContactError:
        raise
    except DriverError:
        return None


def read_ike(session: AsaSession) -> tuple[IkeSa, ...]:
    """Every LAN-to-LAN tunnel. Raises UnknownOutputError where the device's words are not known."""
    twos = session.read(ikev2.COMMAND, ikev2.parse_ikev2_sas)
    ones = session.read(ikev1.COMMAND, ikev1.parse_ikev1_sas)
    flows = session.read(ipsec.COMMAND, ipsec.parse_ipsec_sas)
    details = session.read(sessiondb.COMMAND, sessiondb.read_sessions) if flows else ()
    return ike_sas(twos, ones, flows, details)


def retry_sessions(session: AsaSession, peers: Sequence[str]) -> None:
    """Let sessions that wait try again now; Established ones are never touched."""
    wanted = set(peers)
    for found in read_bgp(session):
        if str(found.peer) in wanted and found.state in _WAITING:
            clear_session(session, str(found.peer))


def clear_session(session: AsaSession, peer: str) -> None:
    """Reset a session, whatever its state. Raises DriverError with what the device says against it."""
    address = ip_address(peer)
    said = session.run(f"clear bgp {'ipv6 unicast ' if address.version == 6 else ''}{address}").strip()
    if said:
        raise DriverError(f"{session.host} does not clear {address}: {said.splitlines()[-1]}")


def end_sas(session: AsaSession, peer: str) -> None:
    """End the IKE and IPsec SAs with a peer. Raises DriverError with what the device says against it.

    `clear crypto ikev2 sa` and `clear crypto ipsec sa peer` are in the command reference of ASA 9.16; they say nothing.
    """
    address = ip_address(peer)
    versions = {sa.version for sa in read_ike(session) if sa.remote_address == address}
    commands = [f"clear crypto ikev{version} sa {address}" for version in sorted(versions)]
    for command in (*commands, f"clear crypto ipsec sa peer {address}"):
        if said := session.run(command).strip():
            raise DriverError(f"{session.host} keeps the SAs with {address}: {said.splitlines()[-1]}", changed=True)
