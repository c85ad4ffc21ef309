"""Whether a pfSense lets flows to itself in: by the rules that run there, and by those that it adds for a tunnel.

For each tunnel that is enabled it lets IKE, NAT-T and ESP in from the other end, after all rules that people wrote,
unless System / Advanced / Firewall & NAT disables that (filter_generate_ipsec_rules() in src/etc/inc/filter.inc). For
BGP it adds nothing. What it sends itself it remembers (`pass out … keep state`, filter_rules_generate()), so answers
pass.
"""

import re
from collections.abc import Mapping, Sequence

from msgspec import Struct

from routebook.device.packet_filter import PASSES, Flow, Verdict
from routebook.device.records import free_text
from routebook.platforms.pfsense import pf_rules
from routebook.platforms.pfsense.tree import Element
from routebook.transport.shell import Shell

_CUT = "\x1e"
PFCTL = "/sbin/pfctl"
_TESTED = re.compile(r"(\d)/1 addresses match")
_INSIDE = "enc0"


class Place(Struct, frozen=True):
    """An interface: the system's name of it, and the tab of Firewall / Rules that has its rules."""

    device: str = ""
    tab: str = ""


class Firewall(Struct, frozen=True):
    """What decides: the rules as they run, where a flow comes in, and whether the system adds rules for tunnels."""

    rules: tuple[str, ...]
    places: Mapping[str, Place]
    inside: Place
    own: tuple[str, ...]
    adds: bool
    tables: Mapping[tuple[str, str], bool]


def let_in(shell: Shell, root: Element, own: Sequence[str], flows: Sequence[Flow]) -> list[Verdict]:
    """A verdict for each flow, on a firewall with a configuration and addresses of its `own`."""
    asked = "the packet filter's rules"
    answer = shell.run(f"{PFCTL} -s info 2>&1; printf '{_CUT}'; {PFCTL} -sr", asked=asked)
    info, _, listed = answer.stdout.partition(_CUT)
    if answer.status or "Status: " not in info:
        said = free_text((answer.stderr or info).strip()[:200])
        return [Verdict(None, f"what lists the rules of its packet filter: {said or answer.status}") for _ in flows]
    if "Status: Disabled" in info:
        return [PASSES for _ in flows]
    firewall = Firewall(
        rules=tuple(listed.splitlines()),
        places=places(root),
        inside=Place("", "IPsec") if root.value("ipsec", "filtermode") == "if_ipsec" else Place(_INSIDE, "IPsec"),
        own=tuple(own),
        adds=root.find("system", "disablevpnrules") is None,
        tables=_tables(shell, pf_rules.tables(listed), dict.fromkeys(str(flow.source) for flow in flows)),
    )
    return [judged(firewall, flow) for flow in flows]


def _tables(shell: Shell, tables: Sequence[str], addresses: Mapping[str, None]) -> dict[tuple[str, str], bool]:
    """Which tables have which addresses (`pfctl -T test`, pfctl(8)); what it does not say is not there."""
    asked = [(table, address) for table in tables for address in addresses]
    if not asked:
        return {}
    script = "\n".join(f"{PFCTL} -t {table} -T test {address} 2>&1; printf '{_CUT}'" for table, address in asked)
    answers = shell.run(script, asked="tables of the packet filter").stdout.split(_CUT)
    said = [(pair, _TESTED.search(answer)) for pair, answer in zip(asked, answers, strict=False)]
    return {pair: found[1] == "1" for pair, found in said if found is not None}


def places(root: Element) -> dict[str, Place]:
    """The interfaces by the addresses that config.xml gives them."""
    found: dict[str, Place] = {}
    interfaces = root.find("interfaces")
    for each in interfaces.children if interfaces is not None else ():
        place = Place(each.value("if"), free_text(each.value("descr") or each.tag.upper()))
        found |= {each.value(tag): place for tag in ("ipaddr", "ipaddrv6") if each.value(tag)}
    return found


def judged(firewall: Firewall, flow: Flow) -> Verdict:
    """What becomes of a flow."""
    if flow.answer:
        return PASSES
    place = firewall.inside if flow.inside else firewall.places.get(str(flow.destination), Place())

    def in_table(table: str, address: str) -> bool | None:
        return firewall.tables.get((table, address))

    of_a_tunnel = firewall.adds and not flow.inside and flow.protocol in ("udp", "esp")
    added = (f"pass in from {flow.source} to (self)",) if of_a_tunnel else ()  # by the system, as its last rule
    found = pf_rules.decision((*firewall.rules, *added), flow, place.device, firewall.own, in_table)
    if set(found.ways) == {"block"}:
        by = free_text(found.ways["block"])
        return Verdict(passes=False, by=by, rule=_rule_for(flow, place, adds=firewall.adds))
    if "block" in found.ways:
        return Verdict(None, "; ".join(free_text(each) for each in dict.fromkeys(found.unclear)))
    return PASSES


def _rule_for(flow: Flow, place: Place, *, adds: bool) -> str:
    """The rule to write, as the pages of the web interface call its parts."""
    port = f" port {flow.port}" if flow.port else ""
    tab = place.tab or "the interface that it comes in by"
    rule = (
        f"Firewall / Rules / {tab}: pass, protocol {flow.protocol.upper()}, from {flow.source} to "
        f"{flow.destination}{port}, before what blocks it"
    )
    if adds or flow.protocol == "tcp":
        return rule
    return f"{rule}; or untick Disable all auto-added VPN rules under System / Advanced / Firewall & NAT"
