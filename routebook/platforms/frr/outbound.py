"""What bgpd sends its neighbors, all that is wanted of a host in one round trip."""

from collections.abc import Sequence
from ipaddress import ip_address, ip_network

from routebook.device.errors import DriverError
from routebook.device.reader import Outbound
from routebook.device.state import IPNetwork
from routebook.device.typed import Fields, decode
from routebook.platforms.frr.vtysh import NO_HISTORY
from routebook.transport.shell import Shell

# Nothing that FRR prints begins with this.
_CUT = "\x1d"
# vtysh gives up at the first command that bgpd refuses, as of a session that has gone meanwhile: then each by itself.
_READ = f"""{NO_HISTORY}
routebook_said=$(vtysh {{together}} 2>/dev/null) && {{{{ printf '%s\\n' "$routebook_said"; exit 0; }}}}
{{apart}}
exit 0
"""
_APART = f"printf '{_CUT}'; vtysh {{}} 2>/dev/null"


def advertised(shell: Shell, wanted: Sequence[Outbound]) -> dict[Outbound, tuple[IPNetwork, ...]]:
    """What bgpd sends, by its own `advertised-routes`, which applies the filters that it has now.

    Raises DriverError where the answers are not one to each question.
    """
    if not wanted:
        return {}
    asked = [f"-c '{_question(*each)}'" for each in wanted]
    script = _READ.format(together=" ".join(asked), apart="\n".join(map(_APART.format, asked)))
    said = shell.run(script, asked=f"`{_question(*wanted[0])}` and {len(wanted) - 1} more").stdout
    found = {}
    for each, answer in zip(wanted, _answers(said, len(wanted)), strict=True):
        if (sent := _prefixes(answer)) is not None:
            found[each] = sent
    return found


def _question(peer: str, family: str) -> str:
    return f"show bgp {family.replace('-', ' ')} neighbors {ip_address(peer)} advertised-routes json"


def _answers(said: str, count: int) -> Sequence[object]:
    """The answer to each question; None where it is none."""
    found: list[object] = []
    try:
        if _CUT not in said:
            for _ in range(count):
                value, said = decode(said)
                found.append(value)
            if said.strip():
                raise ValueError("goes on after the last neighbor")
            return found
        found = [decode(part)[0] if part.strip().startswith("{") else None for part in said.split(_CUT)[1:]]
        if len(found) != count:
            raise ValueError("is cut off")
    except ValueError as error:
        raise DriverError(f"bgpd's answer on what it sends {error}: it is not as FRR 8.4 to 10 write it") from error
    return found


def _prefixes(answer: object) -> tuple[IPNetwork, ...] | None:
    """The prefixes of one answer; None where it has none to show, as for a neighbor that is unknown.

    A default route that the neighbor gets by `default-originate` stands apart (bgpd/bgp_route.c, show_adj_route).
    """
    try:
        found = Fields(answer, "answer")
        if not ({"advertisedRoutes", "totalPrefixCounter"} & set(found)):
            return None
        default = found.text("bgpOriginatingDefaultNetwork", "")
        return tuple(ip_network(each) for each in [*([default] if default else []), *found.fields("advertisedRoutes")])
    except ValueError:
        return None
