"""The numbers by which pfSense ties a tunnel's entries together: kept where there are some, chosen without collision.

`ikeid` names a phase 1, and with it the connection (con<ikeid>); each phase 2 carries it, and has an `uniqid` and a
`reqid` of its own, by which its VTI is called (ipsec<reqid>). What people write by hand must keep its numbers; a new
one is the lowest that is free, as pfSense's own (ipsec_ikeid_next() and ipsec_new_reqid() in etc/inc/ipsec.inc).
"""

import hashlib
from collections.abc import Sequence
from itertools import count

from routebook.device.errors import CandidateError
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


def tunnel_name(descr: str) -> str:
    """The tunnel that an entry of Routebook's belongs to; a hand-made one's own description."""
    return descr.removeprefix(PREFIX)


def _numbers(entries: Sequence[Element], tag: str) -> set[int]:
    return {int(entry.value(tag)) for entry in entries if entry.value(tag).isdigit()}


def _next(taken: set[int]) -> int:
    """The lowest free one. What this change removes is taken until it is gone: its SA may still live."""
    number = next(number for number in count(1) if number not in taken)
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
