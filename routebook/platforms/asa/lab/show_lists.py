"""`show access-list`, `show prefix-list`, `show route-map`, contexts, sessions and other small answers."""

import hashlib
import time

from routebook.platforms.asa.lab.device import SYSTEM
from routebook.platforms.asa.lab.grammar import Parsed
from routebook.platforms.asa.lab.session import Session, command


@command("access-list")
async def access_list(session: Session, parsed: Parsed) -> str:
    """The access lists with their hit counts, which are always 0 here."""
    wanted = parsed.values[0] if parsed.values else ""
    lists: dict[str, list[str]] = {}
    for line in session.space.configuration.root.find("access-list"):
        lists.setdefault(line.words[1], []).append(line.text.split(" ", 2)[2])
    lines = [
        "access-list cached ACL log flows: total 0, denied 0 (deny-flow-max 4096)",
        "            alert-interval 300",
    ] if not wanted else []  # fmt: skip
    if wanted and wanted not in lists:
        return f"ERROR: access-list <{wanted}> does not exist"
    for name, entries in lists.items():
        if wanted and name != wanted:
            continue
        elements = [each for each in entries if not each.startswith("remark")]
        digest = hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()[:8]
        lines.append(f"access-list {name}; {len(elements)} elements; name hash: 0x{digest}")
        for number, entry in enumerate(entries, 1):
            tail = ""
            if not entry.startswith("remark"):
                mark = hashlib.md5(f"{name} {entry}".encode(), usedforsecurity=False).hexdigest()[:8]
                tail = f" (hitcnt=0) 0x{mark}"
            lines.append(f"access-list {name} line {number} {entry}{tail}")
    return "\n".join(lines)


@command("names")
async def names(session: Session, _: Parsed) -> str:
    """The names of addresses."""
    return "\n".join(line.text for line in session.space.configuration.root.find("name"))


@command("prefix-list")
async def prefix_list(session: Session, parsed: Parsed) -> str:
    """The prefix lists."""
    wanted = parsed.values[0] if parsed.values else ""
    lists: dict[str, list[str]] = {}
    for line in session.space.configuration.root.find("prefix-list"):
        lists.setdefault(line.words[1], []).append(" ".join(line.words[2:]))
    return "\n".join(
        line
        for name, entries in lists.items()
        if not wanted or name == wanted
        for line in (f"ip prefix-list {name}: {len(entries)} entries", *(f"   {each}" for each in entries))
    )


@command("route-map")
async def route_map(session: Session, parsed: Parsed) -> str:
    """The route maps."""
    wanted = parsed.values[0] if parsed.values else ""
    lines = []
    for entry in session.space.configuration.root.find("route-map"):
        if wanted and entry.words[1] != wanted:
            continue
        lines.append(f"route-map {entry.words[1]}, {entry.words[2]}, sequence {entry.words[3]}")
        for kind in ("match", "set"):
            lines.append(f"  {kind.capitalize()} clauses:")
            lines += [f"    {' '.join(each.words[1:])}" for each in entry.find(kind)]
    return "\n".join(lines)


@command("mode")
async def mode(session: Session, _: Parsed) -> str:
    """Single or multiple."""
    return f"Security context mode: {'multiple' if session.device.multiple else 'single'} "


@command("context")
async def context(session: Session, _: Parsed) -> str:
    """The contexts."""
    if not session.device.multiple:
        return "ERROR: Command not valid in current execution space"
    lines = ["Context Name      Class      Interfaces           Mode         URL"]
    for number, name in enumerate(session.device.settings.contexts):
        if session.context in (SYSTEM, name):
            star = "*" if number == 0 else " "
            lines.append(f"{star}{name:<17}default    {'':<21}Routed       disk0:/{name}.cfg")
    if session.context == SYSTEM:
        lines += ["", f"Total active Security Contexts: {len(session.device.settings.contexts)}"]
    return "\n".join(lines)


@command("inventory")
async def inventory(session: Session, _: Parsed) -> str:
    """The parts."""
    settings = session.device.settings
    return (
        f'Name: "Chassis", DESCR: "{settings.model} Adaptive Security Virtual Appliance"\n'
        f"PID: {settings.model:<17}, VID: V01     , SN: {settings.serial}"
    )


@command("logging")
async def logging(session: Session, _: Parsed) -> str:
    """The log buffer."""
    daemons, settings = session.daemons, session.device.settings
    return session.device.log.show(
        daemons.logged(settings.charon_log), daemons.ends(), daemons.logged(settings.frr_log)
    )


@command("ssh-sessions")
async def ssh_sessions(session: Session, _: Parsed) -> str:
    """Who is logged in."""
    since = time.strftime("%H:%M:%S", time.gmtime(session.login_time))
    return (
        "\nSID Client IP       Version Mode Encryption Hmac     State            Username\n"
        f"0   {session.client:<15} 2.0     IN   aes128-ctr sha2-256 SessionStarted   {session.user} {since}"
    )


@command("failover-active")
async def failover_active(session: Session, _: Parsed) -> str:
    """Switching over is not played."""
    return "" if session.device.settings.failover is not None else "ERROR: Failover is not enabled"
