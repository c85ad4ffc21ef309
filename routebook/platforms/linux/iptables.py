"""Rules of iptables as iptables-save(8) prints them, and what becomes in them of a packet to the host.

Understood are the matches of iptables-extensions(8) by which hosts are filtered: addresses, interfaces, ports and the
state of a connection. A rule with any other may match or not.
"""

import shlex
from collections.abc import Collection, Iterator, Mapping, Sequence
from ipaddress import ip_network

from msgspec import Struct

from routebook.device.packet_filter import Flow
from routebook.platforms.linux.chains import Action, Outcome, Step, base

TABLES = ("raw", "mangle", "nat", "filter", "security")  # in the order in which a packet meets them
_MET = {"raw": ("PREROUTING",), "mangle": ("PREROUTING", "INPUT"), "filter": ("INPUT",), "security": ("INPUT",)}
_ENDS: Mapping[str, Action] = {"ACCEPT": "accept", "DROP": "drop", "REJECT": "drop", "RETURN": "return"}
_GOES_ON = frozenset({"LOG", "NFLOG", "MARK", "CONNMARK", "CT", "TCPMSS", "NOTRACK", "TRACE", "DSCP", "TOS", "ULOG"})
_PROTOCOLS = {"50": "esp", "6": "tcp", "17": "udp", "all": "", "0": ""}
_PORTS = {"isakmp": 500, "ipsec-nat-t": 4500, "bgp": 179}


class Table(Struct, frozen=True):
    """A table: the policy of each built-in chain, and the rules of all chains as they stand."""

    name: str
    policies: Mapping[str, str]
    rules: Mapping[str, tuple[str, ...]]


def read(text: str) -> list[Table]:
    """The tables, in the order in which a packet meets them."""
    found: dict[str, Table] = {}
    name, policies, rules = "", dict[str, str](), dict[str, list[str]]()
    for line in text.splitlines():
        if line.startswith("*"):
            name, policies, rules = line[1:].strip(), {}, {}
        elif line.startswith(":"):
            chain, policy = line[1:].split()[:2]
            rules.setdefault(chain, [])
            policies |= {chain: policy} if policy != "-" else {}
        elif line.startswith("-A "):
            rules.setdefault(line.split()[1], []).append(line)
        elif line == "COMMIT":
            found[name] = Table(name, policies, {chain: tuple(lines) for chain, lines in rules.items()})
    return [found[each] for each in TABLES if each in found]


def outcomes(tables: Sequence[Table], flow: Flow, interface: str) -> Iterator[tuple[str, Outcome]]:
    """What each chain that a packet to the host meets makes of it, with its table's name."""
    for table in tables:
        chains = {
            chain: [_step(line, flow, interface, table.rules) for line in lines] for chain, lines in table.rules.items()
        }
        for chain in _MET.get(table.name, ()):
            policy: Action = "drop" if table.policies.get(chain) == "DROP" else "accept"
            yield table.name, base(chains, chain, policy, f"-P {chain} {table.policies.get(chain, 'ACCEPT')}")


def rule_for(table: str, decides: str, flow: Flow) -> str:
    """The command that lets a flow in before the rule that decides."""
    words = decides.split()
    program = "ip6tables" if flow.destination.version == 6 else "iptables"
    port = f" --dport {flow.port}" if flow.port else ""
    where = f"-t {table} " if table != "filter" else ""
    chain = words[1] if len(words) > 1 else "INPUT"
    return f"{program} {where}-I {chain} -s {flow.source} -d {flow.destination} -p {flow.protocol}{port} -j ACCEPT"


def _step(line: str, flow: Flow, interface: str, chains: Collection[str]) -> Step:
    """What a rule does to a flow; `chains` are those of its table."""
    words = shlex.split(line)[2:]
    ends = [at for at, word in enumerate(words) if word in ("-j", "-g") and at + 1 < len(words)]
    options = words[: ends[0]] if ends else words  # what follows are the target's own
    target = words[ends[0] + 1] if ends else ""
    if target in chains:
        action: Action = "goto" if words[ends[0]] == "-g" else "jump"
    else:
        action = _ENDS.get(target, "on" if target in _GOES_ON or not target else "unknown")
    return Step(_matches(options, flow, interface), action, target, line)


def _matches(options: Sequence[str], flow: Flow, interface: str) -> bool | None:
    """Whether a flow is what all options want. What is not known may be anything, and may have any words after it."""
    matches: bool | None = True
    negated = False
    for at, word in enumerate(options):
        if word == "!":
            negated = True
        elif word.startswith("-") and word not in ("-m", "--match", "--comment"):
            found = _match(word, options[at + 1] if at + 1 < len(options) else "", flow, interface)
            if found is negated:
                return False
            matches = None if found is None else matches
            negated = False
    return matches


def _match(option: str, value: str, flow: Flow, interface: str) -> bool | None:
    """Whether the packet is what an option wants; None where that is not known."""
    match option:
        case "-s" | "--source" | "-d" | "--destination":
            return (flow.source if option in ("-s", "--source") else flow.destination) in ip_network(
                value, strict=False
            )
        case "-i" | "--in-interface":
            name = value.removesuffix("+")
            return (interface.startswith(name) if value.endswith("+") else interface == name) if interface else None
        case "-p" | "--protocol":
            return _PROTOCOLS.get(value, value) in ("", flow.protocol)
        case "--dport" | "--destination-port" | "--dports":
            return any(_port(each, flow.port) for each in value.split(","))
        case "--sport" | "--source-port" | "--sports" if flow.source_port:
            return any(_port(each, flow.source_port) for each in value.split(","))
        case "--ctstate" | "--state":
            return ("ESTABLISHED" if flow.answer else "NEW") in value.split(",")
    return None


def _port(text: str, port: int) -> bool:
    low, colon, high = text.partition(":")
    bounds = [_PORTS.get(each) or int(each) if each else missing for each, missing in ((low, 0), (high, 65535))]
    return bounds[0] <= port <= bounds[1] if colon else port == bounds[0]
