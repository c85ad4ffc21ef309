"""The numbers by which pfSense ties a tunnel's entries together: kept where there are some, chosen without collision.

`ikeid` names a phase 1, and with it the connection (con<ikeid>) and its VTI; each phase 2 carries it, and has an
`uniqid` and a `reqid` of its own (etc/inc/ipsec.inc). What people write by hand must keep its numbers.
"""

import hashlib
from collections.abc import Sequence

from routebook.device.contract import CandidateError
from routebook.platforms.pfsense.tree import Element

_NUMBERS = ("ikeid", "uniqid", "reqid")
PREFIX = "RB "


def numbered(wanted: Element, running: Element) -> None:
    """Give the candidate's entries their numbers. Raises CandidateError for a phase 2 without its phase 1."""
    ipsec, own = running.find("ipsec"), wanted.find("ipsec")
    if own is None:
        return
    old_1 = [] if ipsec is None else ipsec.all("phase1")
    old_2 = [] if ipsec is None else ipsec.all("phase2")
    ikeids = {entry.value("descr"): entry.value("ikeid") for entry in reversed(old_1)}
    taken = _numbers(old_1, "ikeid") | _numbers(old_2, "ikeid")
    for entry in own.all("phase1"):
        name = entry.value("descr")
        if name not in ikeids:
            ikeids[name] = str(_next(taken))
        _put(entry, ikeid=ikeids[name])
    tunnels = sorted((entry.value("descr") for entry in own.all("phase1")), key=len, reverse=True)
    known = {entry.value("descr"): entry for entry in reversed(old_2)}
    reqids = _numbers(old_2, "reqid")
    uniqids = {entry.value("uniqid") for entry in old_2}
    for entry in own.all("phase2"):
        name = entry.value("descr")
        tunnel = next((found for found in tunnels if name == found or name.startswith(f"{found} ")), None)
        if tunnel is None:
            raise CandidateError(
                f"phase 2 {name!r} is of no phase 1 of the candidate: its descr begins with none of theirs"
            )
        old = known.get(name)
        reqid = old.value("reqid") if old is not None and old.value("reqid") else str(_next(reqids))
        uniqid = old.value("uniqid") if old is not None and old.value("uniqid") else _unique(name, uniqids)
        _put(entry, ikeid=ikeids[tunnel], uniqid=uniqid, reqid=reqid)
    maps = None if ipsec is None else ipsec.first("vtimaps")
    _map_interfaces(own, [] if maps is None else maps.all("item"))


def _map_interfaces(own: Element, old: Sequence[Element]) -> None:
    """Number the VTIs, ipsec<ifnum>, as the web interface does with a phase 2; what it calls `reqid` is the `ikeid`."""
    taken = _numbers(old, "ifnum")
    known = {entry.value("reqid"): entry for entry in old if entry.value("index") == "0"}
    for ikeid in dict.fromkeys(entry.value("ikeid") for entry in own.all("phase2") if entry.value("mode") == "vti"):
        entry = known.get(ikeid)
        number = entry.value("ifnum") if entry is not None else ikeid if int(ikeid) not in taken else str(_next(taken))
        taken.add(int(number))
        item = [Element("reqid", ikeid), Element("index", "0"), Element("ifnum", number)]
        own.made("vtimaps").children.append(Element("item", "", item))


def tunnel_name(descr: str) -> str:
    """The tunnel that an entry of Routebook's belongs to; a hand-made one's own description."""
    return descr.removeprefix(PREFIX)


def _numbers(entries: Sequence[Element], tag: str) -> set[int]:
    return {int(entry.value(tag)) for entry in entries if entry.value(tag).isdigit()}


def _next(taken: set[int]) -> int:
    """One above all, so that a number whose SA may still live is not taken again in the same change."""
    number = max(taken, default=0) + 1
    taken.add(number)
    return number


def _unique(name: str, taken: set[str]) -> str:
    """13 hexadecimal digits as PHP's uniqid() gives; the same for the same plan, so that it can be reviewed."""
    salt = 0
    while True:
        found = hashlib.sha256(f"{salt} {name}".encode()).hexdigest()[:13]
        if found not in taken:
            taken.add(found)
            return found
        salt += 1


def _put(entry: Element, **numbers: str) -> None:
    rest = [child for child in entry.children if child.tag not in _NUMBERS]
    entry.children = [*(Element(tag, number) for tag, number in numbers.items()), *rest]
