"""What swanctl.conf has at one end of a tunnel, which only strongSwan knows."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from msgspec.structs import replace

from routebook.intent.model import DeviceNames, Tunnel

if TYPE_CHECKING:
    from routebook.intent.rules import TunnelSide

Start = Literal["none", "trap", "start", "trap|start"]
Close = Literal["none", "trap", "start"]
Dead = Literal["clear", "trap", "restart"]

STARTS: Mapping[str, Any] = {
    "start_action": "trap|start", "close_action": "start", "dpd_action": "restart", "keyingtries": 0,
}  # fmt: skip
ANSWERS: Mapping[str, Any] = {
    "start_action": "none", "close_action": "none", "dpd_action": "clear", "keyingtries": 1,
}  # fmt: skip
"""What the end that starts a tunnel says where the inventory does not, and the other one: charon's own defaults."""


class StrongSwanEnd(DeviceNames, frozen=True, kw_only=True):
    """A strongSwan's end of a tunnel; None is what Routebook writes there by itself.

    `certificate` is a file in /etc/swanctl/x509, of which the key is in /etc/swanctl/private, `ca` one in
    /etc/swanctl/x509ca that must have signed the other end's. `reauth_time` is in seconds. With `accept_ikev1`, which
    is charon's default, it answers IKEv1 as well, and begins with IKEv2 (`version` in swanctl.conf(5)). With
    `accept_any_id`, it takes whatever identity the other end shows, as long as that has the key (`remote.id` there).
    """

    certificate: str = ""
    ca: str = ""
    updown: str = ""
    start_action: Start | None = None
    close_action: Close | None = None
    dpd_action: Dead | None = None
    keyingtries: int | None = None
    mobike: bool = False
    encap: bool = False
    reauth_time: int | None = None
    accept_ikev1: bool = False
    accept_any_id: bool = False


_OPTIONS = [field for field in StrongSwanEnd.__struct_fields__ if field not in DeviceNames.__struct_fields__]


def name_tunnel(side: "TunnelSide") -> StrongSwanEnd | None:
    """What the inventory says of this end alone, if anything; a tunnel has its own name there, and so has its child."""
    given = {option: side.options.get(option) for option in _OPTIONS}
    said = {option: value for option, value in given.items() if value is not None}
    return StrongSwanEnd(connection=side.name, child=side.name, **said) if said else None


def end_of(tunnel: Tunnel) -> StrongSwanEnd:
    """What a template writes of an end: what the inventory says, else what keeps a tunnel up from one end."""
    said = tunnel.device
    end = said if isinstance(said, StrongSwanEnd) else StrongSwanEnd(connection=tunnel.name, child=tunnel.name)
    usual = STARTS if tunnel.initiator else ANSWERS
    return replace(end, **{option: value for option, value in usual.items() if getattr(end, option) is None})
