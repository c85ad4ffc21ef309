"""What an inventory may say of a strongSwan's end of a tunnel alone, and what must not be said there."""

import re
from typing import Annotated

from pydantic import BeforeValidator, Field

from routebook.intent.checked_end import CheckedTunnel
from routebook.intent.extra import Place, Unfit
from routebook.intent.fields import Flag, Seconds, matching
from routebook.intent.model import Tunnel
from routebook.intent.part import Input
from routebook.intent.rules import Rules
from routebook.platforms.strongswan.names import Close, Dead, Start, StrongSwanEnd, end_of, name_tunnel

File = Annotated[
    str,
    BeforeValidator(
        matching(
            re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}"),
            "is no file below /etc/swanctl: its name alone, without a folder",
        )
    ),
]
Script = Annotated[
    str,
    BeforeValidator(
        matching(
            re.compile(r"/[A-Za-z0-9._/-]+(?: [A-Za-z0-9._/=:@-]+)*"),
            "is no program: its absolute path, and arguments without anything that a shell understands",
        )
    ),
]


class TunnelKeys(Input):
    """The keys of a strongSwan's end of a tunnel, as swanctl.conf(5) calls them."""

    certificate: File | None = None
    ca: File | None = None
    updown: Script | None = None
    start_action: Start | None = None
    close_action: Close | None = None
    dpd_action: Dead | None = None
    keyingtries: Annotated[int, Field(strict=True, ge=0, le=1000)] | None = None
    mobike: Flag = False
    encap: Flag = False
    reauth_time: Seconds | None = None
    accept_ikev1: Flag = False
    accept_any_id: Flag = False


def _check_tunnel(end: CheckedTunnel) -> None:
    own = end_of(end.tunnel)
    with_certificates = end.tunnel.psk is None
    if with_certificates and not own.certificate:
        end.cannot(
            "has no certificate", "write certificate: FILE under its name, a file in its /etc/swanctl/x509", "auth"
        )
    if not with_certificates and (own.certificate or own.ca):
        option = "certificate" if own.certificate else "ca"
        end.cannot(
            "has a certificate, and the tunnel a pre-shared key", "write auth: certificate for the tunnel", option
        )
    if with_certificates and own.accept_any_id:
        end.cannot("would take everybody's certificate", "remove accept_any_id", "accept_any_id")
    ends = [each.tunnel for each in end.pair.ends]
    ours = all(each.managed for each in end.pair.ends)  # what somebody else's end does, nobody here knows
    if ours and all(_never(tunnel) for tunnel in ends) and end.tunnel is next(each for each in ends if _said(each)):
        end.problems.warn(
            end.place("start_action"),
            f"{end.subject} starts nothing, and neither does its other end: nothing brings the tunnel up",
            "write start_action: start, or trap, at one of them",
        )


def _said(tunnel: Tunnel) -> bool:
    return isinstance(tunnel.device, StrongSwanEnd) and tunnel.device.start_action is not None


def _never(tunnel: Tunnel) -> bool:
    return end_of(tunnel).start_action == "none"


def check_extra(place: Place, line: str) -> Unfit | None:
    """Why an extra line cannot stand in a place; None where it can."""
    from routebook.platforms.strongswan.extra_lines import judge

    return judge(place, line)


RULES = Rules(
    keys={"tunnel end": TunnelKeys}, check_tunnel=_check_tunnel, name_tunnel=name_tunnel, check_extra=check_extra
)
