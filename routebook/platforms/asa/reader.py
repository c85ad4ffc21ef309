"""What reads the sessions and tunnels of a Cisco ASA."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from routebook.device.packet_filter import Flow, Verdict
from routebook.device.reader import Outbound, PlatformReader
from routebook.device.state import BgpSession, IkeSa, IPNetwork, Route
from routebook.device.values import Answer, DeviceIdentity, Echo, Reply, State
from routebook.platforms.asa import getters, identity, reading, vitals
from routebook.platforms.asa.let_in import let_in
from routebook.platforms.asa.options import read_asa_options
from routebook.platforms.asa.session import AsaSession


class AsaReader(PlatformReader):
    """An ASA in routed mode: a single unit, the active unit of a pair, or one context."""

    router_id = ""
    paths_one_by_one = True

    def __init__(
        self,
        hostname: str,
        username: str,
        password: str,
        timeout: int = 60,
        optional_args: Mapping[str, Any] | None = None,
    ) -> None:
        options = read_asa_options(hostname, username, password, timeout, dict(optional_args or {}))
        self.name = hostname
        self._connection = self.session = AsaSession(options)

    def state(self, prefixes: Sequence[IPNetwork] = ()) -> State:
        """What the device says of sessions and SAs, and of itself."""
        session = self.session
        self.identity()  # in what that reads stands who has changed the configuration
        sessions = self.bgp_sessions()
        return State(
            bgp=sessions,
            ike=self.sas(),
            bfd=reading.read_bfd(session) if sessions else None,
            routes=reading.read_routes(session, prefixes) if sessions else None,
            volumes=vitals.volumes(session),
            clock=vitals.clock(session),
            written=session.written,
            connections=vitals.connections(session),
        )

    def best_paths(self, prefixes: Sequence[IPNetwork]) -> tuple[Route, ...]:
        """What the device says of its best paths to prefixes of IPv4."""
        return reading.read_routes(self.session, prefixes)

    def sas(self) -> tuple[IkeSa, ...] | None:
        """What the device says of SAs."""
        return reading.read_ike(self.session)

    def bgp_sessions(self) -> tuple[BgpSession, ...]:
        """What the device says of its sessions."""
        found = reading.read_bgp(self.session)
        self.router_id = next((each.router_id for each in found), self.router_id)
        return found

    def advertised(self, wanted: Sequence[Outbound]) -> Mapping[Outbound, tuple[IPNetwork, ...]]:
        """What sessions send, asked one after another: a session has one command line."""
        found = {(peer, family): reading.read_advertised(self.session, peer, family) for peer, family in wanted}
        return {each: sent for each, sent in found.items() if sent is not None}

    def ping(self, echo: Echo) -> Answer:
        """Send echo requests from the device; their source is an interface's nameif."""
        return getters.ping(self.session, echo)

    def probe(self, echoes: Sequence[Echo]) -> list[Reply]:
        """Send the echo requests one after another: a session has one command line."""
        # A size is of the whole datagram there.
        return super().probe([replace(echo, size=echo.size + 28) for echo in echoes])

    def let_in(self, flows: Sequence[Flow]) -> list[Verdict]:
        """Whether the device lets flows to itself in, as `packet-tracer` says."""
        return let_in(self.session, flows)

    def identity(self) -> DeviceIdentity:
        """Its host name, serial numbers and router ID."""
        if self.session.identity is None:
            self.session.identity = identity.read(self.session)
        return replace(self.session.identity, router_id=self.router_id)
