"""How a Linux host sees the connection to it, and which way its answers take."""

from msgspec.structs import replace

from routebook.device.typed import Fields, decode, items
from routebook.device.values import Reached
from routebook.transport.shell import Shell

# sudo clears the environment, so sshd's variable is looked for in the processes above; root may read theirs.
_WHO = r"""
process=$$
found=
while [ -z "$found" ] && [ "${process:-0}" -gt 1 ]; do
    found=$(tr '\0' '\n' <"/proc/$process/environ" 2>/dev/null | sed -n 's/^SSH_CONNECTION=//p')
    process=$(sed -n 's/^PPid:[[:space:]]*//p' "/proc/$process/status" 2>/dev/null)
done
echo "$found"
set -- $found
[ -z "$1" ] || ip -j route get "$1" fibmatch 2>/dev/null || true
"""


def reached(shell: Shell, jumps: tuple[str, ...]) -> Reached:
    """The connection's two addresses, and the route to our end of it. What the host does not show stays empty."""
    first, _, rest = shell.run(_WHO).stdout.partition("\n")
    words = first.split()
    if len(words) != 4:
        return Reached(jumps)
    try:
        return _with_route(Reached(jumps, address=words[2], client=words[0]), rest)
    except ValueError:  # an ip(8) without JSON
        return Reached(jumps, address=words[2], client=words[0])


def _with_route(found: Reached, text: str) -> Reached:
    routes = items(decode(text or "[]")[0], "ip route")
    if not routes:
        return found
    route = Fields(routes[0], "ip route")
    return replace(
        found,
        interface=route.text("dev", ""),
        gateway=route.text("gateway", "") or route.fields("via").text("host", ""),
        protocol=route.text("protocol", ""),
    )
