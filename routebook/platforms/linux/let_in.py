"""Whether a Linux host's own packet filter lets flows in, by the rules that nftables and iptables have there."""

import re
from collections.abc import Mapping, Sequence

from routebook.device.packet_filter import PASSES, UNKNOWN, Flow, Verdict
from routebook.device.records import free_text
from routebook.device.typed import Fields, decode, items
from routebook.platforms.linux import iptables, nftables
from routebook.transport.shell import Shell

_CUT = "\x1e"
# What iptables makes by way of nftables is there in both; its own words say what it does, JSON those of `xt` do not.
_LISTS = f"""
command -v nft >/dev/null && {{ nft -j list ruleset; printf '{_CUT}'; nft -a list ruleset; true; }} || printf '{_CUT}'
printf '{_CUT}'
command -v iptables-save >/dev/null && iptables-save
printf '{_CUT}'
command -v ip6tables-save >/dev/null && ip6tables-save
"""
Words = Mapping[tuple[str, str, int], str]
_HANDLE = re.compile(r"\s*(.*?) # handle (\d+)")


def let_in(shell: Shell, flows: Sequence[Flow]) -> list[Verdict]:
    """A verdict for each flow. A host without nft and iptables, or without a rule in them, has no filter."""
    sources = tuple(dict.fromkeys(str(flow.source) for flow in flows))
    ways = "\n".join(f"printf '{_CUT}'; ip -j route get {source} 2>/dev/null" for source in sources)
    answer = shell.run(f"{_LISTS}{ways}\ntrue\n", asked="the packet filter's rules").stdout.split(_CUT)
    if len(answer) != 4 + len(sources):
        return [UNKNOWN for _ in flows]
    try:
        interfaces = {source: _interface(text) for source, text in zip(sources, answer[4:], strict=True)}
        return judged(answer[:4], flows, interfaces)
    except ValueError as error:
        return [Verdict(None, f"what lists the rules of its packet filter {error}") for _ in flows]


def judged(lists: Sequence[str], flows: Sequence[Flow], interfaces: Mapping[str, str]) -> list[Verdict]:
    """A verdict for each flow by `lists`: of `nft -j`, `nft -a`, `iptables-save` and `ip6tables-save`.

    Raises ValueError for a list that is none. `interfaces` are those that lead to the flows' sources: what comes from
    there is taken to come in by them.
    """
    structured, text, four, six = lists
    filters = {4: iptables.read(four), 6: iptables.read(six)}
    ruleset = nftables.read(structured) if structured.strip() else nftables.Ruleset((), (), {})
    again = {("ip" if version == 4 else "ip6", table.name) for version, found in filters.items() for table in found}
    ruleset = ruleset.without(frozenset(again))
    words = _words(text)
    return [
        _verdict(ruleset, words, filters[flow.destination.version], flow, _seen_on(flow, interfaces)) for flow in flows
    ]


def _seen_on(flow: Flow, interfaces: Mapping[str, str]) -> str:
    return "" if flow.inside else interfaces.get(str(flow.source), "")


def _verdict(
    ruleset: nftables.Ruleset, words: Words, tables: Sequence[iptables.Table], flow: Flow, interface: str
) -> Verdict:
    """A packet is let in by no chain alone, and dropped by each."""
    unclear: list[str] = []
    for place, found in nftables.outcomes(ruleset, flow, interface):
        if set(found.ways) == {"drop"}:
            return _dropped(words, place.place, found.ways["drop"], flow)
        unclear += [_in_words(words, each) for each in found.unclear] if "drop" in found.ways else []
    for table, found in iptables.outcomes(tables, flow, interface):
        if set(found.ways) == {"drop"}:
            by = found.ways["drop"]
            return Verdict(passes=False, by=by, rule=iptables.rule_for(table, by, flow))
        unclear += found.unclear if "drop" in found.ways else []
    return Verdict(None, "; ".join(dict.fromkeys(unclear))) if unclear else PASSES


def _dropped(words: Words, place: nftables.Place, by: str, flow: Flow) -> Verdict:
    rule = nftables.decided_by(by)
    where, handle = rule if rule is not None else (place, 0)
    return Verdict(passes=False, by=_in_words(words, by), rule=nftables.rule_for(where, flow, handle))


def _in_words(words: Words, text: str) -> str:
    """A rule as the device shows it, where it does."""
    rule = nftables.decided_by(text)
    if rule is None or (shown := words.get((rule[0].family, rule[0].table, rule[1]))) is None:
        return text
    return f"`{shown}` in chain {rule[0]}"


def _words(text: str) -> Words:
    """The rules by family, table and handle, as `nft -a list ruleset` shows them."""
    found: dict[tuple[str, str, int], str] = {}
    family = table = ""
    for line in text.splitlines():
        if line.startswith("table ") and len(line.split()) > 2:
            family, table = line.split()[1:3]
        elif (shown := _HANDLE.fullmatch(line)) is not None and not shown[1].endswith("{"):
            found[family, table, int(shown[2])] = free_text(shown[1])
    return found


def _interface(text: str) -> str:
    """The interface of a route, as `ip -j route get` prints it."""
    routes = items(decode(text)[0], "ip route") if text.strip() else []
    return Fields(routes[0], "ip route").text("dev", "") if routes else ""
