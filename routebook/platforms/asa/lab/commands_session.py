"""Commands about the session itself: privilege, modes, contexts, terminal, ping."""

import re
import time

from routebook.platforms.asa.lab.configuration import Line, verbatim
from routebook.platforms.asa.lab.device import SYSTEM
from routebook.platforms.asa.lab.engine import Place
from routebook.platforms.asa.lab.grammar import Parsed
from routebook.platforms.asa.lab.processes import run
from routebook.platforms.asa.lab.references import interface_of
from routebook.platforms.asa.lab.session import CALL_HOME, STANDBY_WARNING, Session, command, stored_matches


def _option(session: Session, *words: str) -> Line | None:
    return session.device.spaces[SYSTEM].configuration.root.first(*words)


@command("enable")
async def enable(session: Session, parsed: Parsed) -> str:
    """Ask for the password of privileged mode."""
    level = int(parsed.values[0]) if parsed.values else 15
    own = _option(session, "aaa", "authentication", "enable", "console")
    stored = _option(session, "enable", "password")
    if session.level >= level:
        session.level = level
        return ""
    if own is None and stored is None:
        return await _first_enable(session)
    for _ in range(3):
        password = await session.io.ask("Password: ", echo=False)
        if own is not None and session.user:
            right = session.authenticates(session.user, password)
        else:
            right = stored is not None and stored_matches(stored.words[2:], password)
        if right:
            session.level = level
            return ""
        session.io.write("Invalid password\n")
    return "Access denied."


async def _first_enable(session: Session) -> str:
    """What a new virtual appliance asks (9.12 and later); older ones have an empty password."""
    if session.device.settings.release < (9, 12):
        if await session.io.ask("Password: ", echo=False):
            return "Invalid password\nAccess denied."
        session.level = 15
        return ""
    session.io.write("The enable password is not set.  Please set it now.\n")
    while True:
        password = await session.io.ask("Enter  Password: ", echo=False)
        repeated = await session.io.ask("Repeat Password: ", echo=False)
        if password != repeated:
            session.io.write("Passwords do not match. Please try again.\n")
        elif not 3 <= len(password) <= 127:
            session.io.write("Password must be between 3 and 127 characters long.\n")
        else:
            break
    session.device.spaces[SYSTEM].engine.execute(f"enable password {password}", Place())
    session.level = 15
    return (
        "Note: Save your configuration so that the password persists across reboots\n"
        '("write memory" or "copy running-config startup-config").'
    )


@command("login")
async def login(session: Session, _: Parsed) -> str:
    """Ask who it is, and give that user's privilege level."""
    user = await session.io.ask("Username: ")
    password = await session.io.ask("Password: ", echo=False)
    if not session.authenticates(user, password):
        return "Invalid password\nAccess denied."
    session.user, session.level = user, max(session.privilege(user), 1)
    return ""


@command("disable")
async def disable(session: Session, parsed: Parsed) -> str:
    """Back to user mode."""
    session.level = int(parsed.values[0]) if parsed.values else 1
    return ""


@command("exit", "logout")
async def leave(session: Session, _: Parsed) -> str:
    """End the session."""
    session.io.write("\nLogoff\n\n")
    session.ended = True
    return ""


@command("configure")
async def configure(session: Session, _: Parsed) -> str:
    """Enter configuration mode."""
    session.place = Place()
    failover = session.device.failover
    if failover is not None and failover.state == "standby":
        session.io.write(STANDBY_WARNING + "\n")
    if not session.device.call_home_pending or not session.io.interactive:
        return ""
    session.io.write(
        "\n***************************** NOTICE *****************************\n\n"
        "Help to improve the ASA platform by enabling anonymous reporting,\n"
        "which allows Cisco to securely receive minimal error and health\n"
        "information from the device. To learn more about this feature,\n"
        "please visit: http://www.cisco.com/go/smartcall\n\n"
    )
    while True:
        answer = await session.io.ask(
            "Would you like to enable anonymous error reporting to help improve\n"
            "the product? [Y]es, [N]o, [A]sk later: "
        )
        if answer[:1].lower() in ("y", "n", "a"):
            break
    session.device.call_home_pending = answer[:1].lower() == "a"
    if answer[:1].lower() == "a":
        return (
            "\n\nYou will be reminded again in 7 days.\n\n"
            "If you would like to enable this error reporting feature, issue the command\n"
            '"call-home reporting anonymous".\n\nPlease remember to save your configuration.\n'
        )
    engine = session.space.engine
    if answer[:1].lower() == "n":
        root = session.space.configuration.root
        root.children.append(verbatim(f"no {CALL_HOME}"))
        session.space.configuration.changed()
        return (
            "\n\nIn the future, if you would like to enable this feature,\n"
            'issue the command "call-home reporting anonymous".\n\nPlease remember to save your configuration.\n'
        )
    return engine.execute(CALL_HOME, Place())


@command("terminal-pager")
async def pager(session: Session, parsed: Parsed) -> str:
    """Lines of a page in this session."""
    session.pager = int(parsed.values[0])
    return ""


@command("show-pager")
async def show_pager(session: Session, _: Parsed) -> str:
    """Lines of a page."""
    length = session.page_length()
    return f"pager lines {length}" if length else "no pager"


@command("show-terminal")
async def show_terminal(session: Session, _: Parsed) -> str:
    """Width of the terminal."""
    width = session.device.spaces[SYSTEM].option("terminal", "width") or "80"
    return f"\nWidth = {width}, no monitor\nterminal interactive"


@command("quiet", "help")
async def quiet(_session: Session, _parsed: Parsed) -> str:
    """Commands that the device accepts and that have nothing to show here."""
    return ""


@command("curpriv")
async def curpriv(session: Session, _: Parsed) -> str:
    """Who one is."""
    modes = "P_UNPR" if session.level == 1 else "P_PRIV" if session.place is None else "P_PRIV P_CONF"
    user = session.user if session.level > 1 and session.user else "enable_1" if session.level == 1 else "enable_15"
    return f"Username : {user}\nCurrent privilege level : {session.level}\nCurrent Mode/s : {modes}"


@command("history")
async def history(session: Session, _: Parsed) -> str:
    """What was typed."""
    return "\n".join(f"  {line}" for line in session.history)


@command("clock")
async def clock(_session: Session, _parsed: Parsed) -> str:
    """The time."""
    now = time.time()
    return (
        time.strftime("%H:%M:%S.", time.gmtime(now))
        + f"{int(now * 1000) % 1000:03d} UTC"
        + time.strftime(" %a %b %-d %Y", time.gmtime(now))
    )


@command("clear-configure")
async def clear_configure(session: Session, parsed: Parsed) -> str:
    """Remove configuration by its first words."""
    session.device.user_changes(session.space, session.user)
    return session.space.engine.clear(parsed.words[-1])


@command("changeto-context", "changeto-system")
async def changeto(session: Session, parsed: Parsed) -> str:
    """Go on in another context."""
    if not session.device.multiple:
        return "ERROR: % Invalid input detected at '^' marker.\nCommand not valid in current execution space"
    name = parsed.values[0] if parsed.rule.name == "changeto-context" else SYSTEM
    if name not in session.device.spaces or (name == SYSTEM and parsed.values):
        return f"ERROR: Context <{name}> does not exist"
    session.context = name
    if session.place is not None:
        session.place = Place()
    return ""


@command("ping")
async def ping(session: Session, parsed: Parsed) -> str:
    """Send five echo requests; `ping [NAMEIF] ADDRESS [repeat N] [timeout N] [size N]`."""
    words = " ".join(parsed.words[1:]).split()
    source = interface_of(session.space.configuration, words[0])
    if source is not None:
        words.pop(0)
    if not words or not re.fullmatch(r"[0-9a-fA-F.:]+", words[0]):
        return f"ERROR: % Invalid Hostname\n{' '.join(words[:1])}"
    options = dict(zip(words[1::2], words[2::2], strict=False))
    count, timeout, size = (
        options.get(key, default) for key, default in (("repeat", "5"), ("timeout", "2"), ("size", "100"))
    )
    argv = ["ping", "-n", "-c", count, "-W", timeout, "-i", "0.2", "-s", str(max(int(size) - 28, 0)), words[0]]
    address = source.first("ip", "address") if source is not None else None
    if address is not None:
        argv[1:1] = ["-I", address.values[0]]
    if address is not None:
        session.daemons.interesting(address.values[0], words[0])
    shown = await run(*argv, check=False, deadline=60) if session.daemons.enabled else ""
    answered = len(re.findall(r"icmp_seq=\d+ ttl=", shown))
    sent = int(count)
    times = re.search(r"= ([\d.]+)/([\d.]+)/([\d.]+)/", shown)
    spread = "/".join(str(max(1, round(float(each)))) for each in times.groups()) if times else "1/1/1"
    lines = [
        "Type escape sequence to abort.",
        f"Sending {sent}, {size}-byte ICMP Echos to {words[0]}, timeout is {timeout} seconds:",
        "!" * answered + "?" * (sent - answered),
        f"Success rate is {answered * 100 // sent} percent ({answered}/{sent})"
        + (f", round-trip min/avg/max = {spread} ms" if answered else ""),
    ]
    return "\n".join(lines)
