"""What the nodes of a cluster publish of their BGP sessions: the status of CiliumBGPNodeConfig, one for each node.

It is there since 1.16, as `v2` since 1.18 (pkg/k8s/apis/cilium.io/v2/bgp_node_types.go in cilium/cilium), unless
`bgpControlPlane.statusReport.enabled` is false.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from http.client import HTTPException
from ipaddress import ip_address
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import HTTPRedirectHandler, HTTPSHandler, Request, build_opener

from routebook.device.errors import DriverError
from routebook.device.state import BgpSession, BgpState, FamilyState
from routebook.device.typed import Fields, decode
from routebook.platforms.cilium.kubeconfig import Access, access

_VERSIONS = ("v2", "v2alpha1")
_MOST = 1024 * 1024  # bytes of one node's resource; etcd takes 1.5 MiB
_TIMEOUT = 10.0
# SessionState of pkg/bgp/types/bgp.go in cilium/cilium.
_STATES = {
    "": BgpState.IDLE,
    "unknown": BgpState.IDLE,
    "idle": BgpState.IDLE,
    "connect": BgpState.CONNECT,
    "active": BgpState.ACTIVE,
    "open_sent": BgpState.OPEN_SENT,
    "open_confirm": BgpState.OPEN_CONFIRM,
    "established": BgpState.ESTABLISHED,
}


class _NoRedirect(HTTPRedirectHandler):
    """A token is for the server that the kubeconfig names."""

    def redirect_request(self, *_: object) -> None:
        return None


def sessions(kubeconfig: str, folder: Path, nodes: Iterable[str]) -> Mapping[str, tuple[BgpSession, ...] | None]:
    """Each node's sessions as it publishes them; None for one that publishes none. Raises DriverError."""
    server = access(kubeconfig, folder)
    return {node: _of_node(server, node) for node in nodes}


def _of_node(server: Access, node: str) -> tuple[BgpSession, ...] | None:
    for version in _VERSIONS:
        text = _get(server, f"/apis/cilium.io/{version}/ciliumbgpnodeconfigs/{quote(node, safe='')}")
        if text is None:
            continue
        try:
            found = Fields(decode(text)[0], "the node's resource")
            status = found.fields("status")
            if "bgpInstances" not in status:
                return None
            return tuple(
                _session(peer, instance)
                for instance in status.objects("bgpInstances")
                for peer in instance.objects("peers")
            )
        except (ValueError, TypeError) as error:  # TypeError: a time without its zone
            raise DriverError(f"what node {node} publishes is not understood: {error}") from error
    return None


def _get(server: Access, path: str) -> str | None:
    """The resource's text; None where there is none, or no such kind of resource."""
    headers = {"Accept": "application/json", "User-Agent": "routebook"}
    if server.token:
        headers["Authorization"] = f"Bearer {server.token}"
    opener = build_opener(HTTPSHandler(context=server.tls), _NoRedirect())
    try:
        with opener.open(Request(server.server + path, headers=headers), timeout=_TIMEOUT) as answer:  # noqa: S310  https alone
            content: bytes = answer.read(_MOST + 1)
    except HTTPError as error:
        error.close()
        if error.code == 404:
            return None
        hint = {401: ": the login is not taken", 403: ": the login may not `get` ciliumbgpnodeconfigs"}.get(
            error.code, ""
        )
        raise DriverError(f"the API server answers {error.code}{hint}") from None
    except (OSError, HTTPException) as error:
        reason = getattr(error, "reason", error)
        raise DriverError(f"the API server cannot be reached: {reason}") from error
    if len(content) > _MOST:
        raise DriverError("the API server answers with more than 1 MiB")
    return content.decode("utf-8", "replace")


def _session(peer: Fields, instance: Fields) -> BgpSession:
    said = peer.text("peeringState", "")
    if said not in _STATES:
        raise ValueError(f"{peer.where}.peeringState is no state of BGP")
    since = peer.text("establishedTime", "")
    return BgpSession(
        peer=ip_address(peer.text("peerAddress")),
        state=_STATES[said],
        remote_as=peer.number("peerASN", 0),
        local_as=instance.number("localASN", 0),
        uptime=max(0, int((datetime.now(UTC) - datetime.fromisoformat(since)).total_seconds())) if since else None,
        hold_time=peer.fields("timers").number_or_none("appliedHoldTimeSeconds"),
        families=tuple(
            FamilyState(
                f"{each.text('afi')}-{each.text('safi')}",
                each.number_or_none("received"),
                each.number_or_none("advertised"),
            )
            for each in peer.objects("routeCount")
        ),
    )
