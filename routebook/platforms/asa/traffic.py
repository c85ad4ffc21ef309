"""Traffic that a crypto map entry protects: its tunnel comes up with the first packet, and not before."""

from collections.abc import Sequence
from ipaddress import ip_interface, ip_network

from routebook.platforms.asa.config import Config


def interesting_traffic(config: Config, entries: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """For each crypto map entry an interface inside its local selector and an address in its remote one."""
    names: dict[str, str] = {}
    for node in config.nodes:
        if not node.line.startswith("interface "):
            continue
        lines = [child.line for child in node.commands]
        nameif = next((line.split()[1] for line in lines if line.startswith("nameif ")), "")
        address = next((line.split()[2:4] for line in lines if line.startswith("ip address ")), [])
        if nameif and len(address) == 2:
            names[nameif] = "/".join(address)
    matches = {
        tuple(words[2:4]): words[6]
        for node in config.nodes
        if (words := node.line.split())[:2] == ["crypto", "map"] and words[4:6] == ["match", "address"]
    }
    found: list[tuple[str, str]] = []
    for entry in entries:
        for node in config.nodes:
            words = node.line.split()
            if words[:5] != ["access-list", matches.get(entry), "extended", "permit", "ip"]:
                continue
            pair = _networks(words[5:])
            if pair is None:
                continue
            local, remote = (ip_network(text, strict=False) for text in pair)
            inside = [name for name, text in names.items() if _within(text, str(local))]
            if inside:
                host = remote[1] if remote.num_addresses > 2 else remote[0]
                found.append((inside[0], str(host)))
                break
    return found


def _networks(words: Sequence[str]) -> tuple[str, str] | None:
    found: list[str] = []
    rest = list(words)
    while rest and len(found) < 2:
        if rest[0] in ("any", "any4"):
            found.append("0.0.0.0/0")
            rest = rest[1:]
        elif rest[0] == "host" and len(rest) > 1:
            found.append(rest[1])
            rest = rest[2:]
        elif len(rest) > 1 and rest[0][0].isdigit():
            found.append(f"{rest[0]}/{rest[1]}")
            rest = rest[2:]
        else:
            return None  # object groups: whoever wrote them knows what traffic there is
    return (found[0], found[1]) if len(found) == 2 else None


def _within(address: str, network: str) -> bool:
    try:
        inside, outside = ip_interface(address).ip, ip_network(network)
    except ValueError:
        return False
    return inside.version == outside.version and inside in outside
