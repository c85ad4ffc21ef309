"""Commands about configurations and flash: show, write, copy, dir, delete, more, reload."""

import re
import time

from routebook.platforms.asa.lab.device import SYSTEM, Space, write_private
from routebook.platforms.asa.lab.grammar import Parsed, SyntaxRefusedError
from routebook.platforms.asa.lab.session import Session, command

_CAPACITY = 8571076608  # bytes of an ASAv's flash


@command("running")
async def running(session: Session, parsed: Parsed) -> str:
    """The running configuration with masked secrets, whole or the part that begins with some words."""
    space = session.space
    words = parsed.words[2] if len(parsed.words) > 2 and parsed.words[2] != "all" else ""
    if not words:
        return session.device.rendered(space, masked=True)
    return _part(space, re.sub(r"^all ", "", words), parsed)


def _part(space: Space, wanted: str, parsed: Parsed) -> str:
    typed = wanted.split()
    lines: list[str] = []
    for line in space.configuration.root.children:
        words = line.text.split()
        if len(words) >= len(typed) and all(
            word == each or ((number == 0 or number < 2) and word.startswith(each.lower()))
            for number, (word, each) in enumerate(zip(words, typed, strict=False))
        ):
            lines += space.configuration.shown([line], masked=True)
    if lines:
        return "\n".join(lines)
    heads = {line.words[0] for line in space.configuration.root.children if line.words}
    known = any(rule.pattern.split()[0].startswith(typed[0].lower()) for rule in space.engine.rules)
    if known or any(head.startswith(typed[0].lower()) for head in heads):
        return ""
    column = len(" ".join(parsed.words[:2])) + 1
    raise SyntaxRefusedError(" " * column + "^\nERROR: % Invalid input detected at '^' marker.")


@command("more-running")
async def more_running(session: Session, _: Parsed) -> str:
    """The running configuration with its secrets."""
    return session.device.rendered(session.space, masked=False)


@command("startup")
async def startup(session: Session, _: Parsed) -> str:
    """The startup configuration."""
    path = session.device.startup_path(session.space.name)
    if not path.exists():
        return "No Configuration"
    return re.sub(r"((?:pre-shared-key|password) )\S+", r"\1*****", path.read_text().rstrip("\n"))


@command("checksum")
async def checksum(session: Session, _: Parsed) -> str:
    """The checksum of the running configuration."""
    return f"Cryptochecksum: {session.device.checksum(session.space)}"


@command("more")
async def more(session: Session, parsed: Parsed) -> str:
    """A file on flash."""
    if parsed.values[0] in ("system:running-config", "running-config"):
        return await more_running(session, parsed)
    path = session.device.path(parsed.values[0])
    if path is None or not path.is_file():
        return f"ERROR: {parsed.values[0]}: No such file or directory"
    return path.read_text(errors="replace").rstrip("\n")


@command("write-memory")
async def write_memory(session: Session, _: Parsed) -> str:
    """Save the running configuration."""
    device, space = session.device, session.space
    session.io.write("Building configuration...\n")
    begun = time.monotonic()
    size = device.save(space)
    took = max(time.monotonic() - begun, 0.01)
    lines = [f"Cryptochecksum: {device.checksum(space)} ", "", f"{size} bytes copied in {took:.3f} secs"]
    return "\n".join([*lines, "[OK]"])


@command("write-erase")
async def write_erase(session: Session, _: Parsed) -> str:
    """Forget the startup configuration."""
    await session.io.ask("Erase configuration in flash memory? [confirm]")
    session.device.startup_path(session.space.name).unlink(missing_ok=True)
    return "[OK]"


@command("write-standby")
async def write_standby(session: Session, _: Parsed) -> str:
    """Send the configuration to the mate."""
    if session.device.settings.failover is None:
        return "ERROR: Failover is not configured"
    return "Building configuration...\n[OK]"


@command("copy")
async def copy(session: Session, parsed: Parsed) -> str:
    """Copy between flash, running and startup configuration."""
    silent = parsed.words[1] == "/noconfirm"
    source, target = parsed.words[-2:]
    if not silent:
        source = (await session.io.ask(f"\nSource filename [{_plain(source)}]? ") and source) or source
        wanted = await session.io.ask(f"\nDestination filename [{_plain(target)}]? ")
        if wanted and target not in ("running-config", "startup-config"):
            target = wanted if ":" in wanted else target.partition(":")[0] + ":/" + wanted
    device, space = session.device, session.space
    text = _source(session, source)
    if text is None:
        return f"\n%Error opening {_full(source)} (No such file or directory)"
    begun = time.monotonic()
    if target in ("running-config", "system:running-config"):
        before = device.checksum(space)
        said = await session.apply(text)
        changed = "unchanged" if device.checksum(space) == before else "changed"
        lines = [*said, f"Cryptochecksum ({changed}): {device.checksum(space)} "]
    elif target in ("startup-config", "nvram:startup-config"):
        if source == "running-config":
            lines = ["!", f"Cryptochecksum: {device.checksum(space)} "]
            device.save(space)
        else:
            lines = ["!"]
            write_private(device.startup_path(space.name), text)
    else:
        path = device.path(target)
        if path is None or not path.parent.is_dir():
            return f"\n%Error opening {target} (No such device)"
        write_private(path, text)
        lines = ["!!"]
    took = max(time.monotonic() - begun, 0.01)
    return "\n".join(["", *lines, "", f"{len(text)} bytes copied in {took:.2f} secs"])


def _source(session: Session, name: str) -> str | None:
    if name in ("running-config", "system:running-config"):
        return session.device.rendered(session.space, masked=False) + "\n"
    if name in ("startup-config", "nvram:startup-config"):
        path = session.device.startup_path(session.space.name)
    else:
        found = session.device.path(name)
        if found is None:
            return None
        path = found
    return path.read_text(errors="replace") if path.is_file() else None


def _plain(name: str) -> str:
    return name.rpartition(":")[2].lstrip("/")


def _full(name: str) -> str:
    return name if ":" in name else f"disk0:/{name}"


@command("dir")
async def directory(session: Session, parsed: Parsed) -> str:
    """The files on flash."""
    if session.device.multiple and session.context != SYSTEM:
        return "ERROR: Command not valid in current execution space"
    name = parsed.values[0] if parsed.values else "disk0:/"
    path = session.device.path(name)
    if path is None or not path.exists():
        return f"ERROR: {_full(name)}: No such file or directory"
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    shown = name if path.is_dir() and name.endswith("/") else "disk0:/" if path == session.device.disk else name
    lines = ["", f"Directory of {shown}", ""]
    for number, file in enumerate(each for each in files if not each.name.startswith(".")):
        stat = file.stat()
        stamp = time.strftime("%H:%M:%S %b %d %Y", time.gmtime(stat.st_mtime))
        kind = "drwx" if file.is_dir() else "-rwx"
        lines.append(f"{80 + number:<6} {kind}  {stat.st_size if file.is_file() else 4096:<12} {stamp}  {file.name}")
    used = sum(each.stat().st_size for each in session.device.disk.rglob("*") if each.is_file())
    free = _CAPACITY - used
    lines += [
        "",
        f"{len(files)} file(s) total size: {used} bytes",
        f"{_CAPACITY} bytes total ({free} bytes free/{free * 100 // _CAPACITY}% free)",
        "",
    ]
    return "\n".join(lines)


@command("delete")
async def delete(session: Session, parsed: Parsed) -> str:
    """Delete a file on flash."""
    name = parsed.words[-1]
    if parsed.words[1] != "/noconfirm":
        given = await session.io.ask(f"\nDelete filename [{_plain(name)}]? ")
        name = f"disk0:/{given}" if given else name
        if (await session.io.ask(f"\nDelete {_full(name)}? [confirm]"))[:1].lower() not in ("", "y"):
            return ""
    path = session.device.path(name)
    if path is None or not path.is_file():
        return f"%Error deleting {_full(name)} (No such file or directory)"
    path.unlink()
    return ""


@command("rename")
async def rename(session: Session, parsed: Parsed) -> str:
    """Give a file on flash another name."""
    name, new = parsed.words[-2:]
    if parsed.words[1] != "/noconfirm":
        name = await session.io.ask(f"\nSource filename [{_plain(name)}]? ") or name
        new = await session.io.ask(f"\nDestination filename [{_plain(new)}]? ") or new
    source, target = session.device.path(name), session.device.path(new)
    if source is None or not source.is_file():
        return f"%Error renaming {_full(name)} (No such file or directory)"
    if target is None or target.exists():
        return f"%Error renaming {_full(name)} (File exists)"
    source.rename(target)
    return ""


@command("mkdir")
async def make_directory(session: Session, parsed: Parsed) -> str:
    """Make a folder on flash."""
    path = session.device.path(parsed.values[0])
    if path is None:
        return f"%Error Creating dir {parsed.values[0]} (Invalid argument)"
    path.mkdir(parents=True, exist_ok=True)
    return f"\nCreated dir {_full(parsed.values[0])}"


@command("pwd")
async def pwd(_session: Session, _parsed: Parsed) -> str:
    """The current folder."""
    return "disk0:/"


@command("file-systems")
async def file_systems(_session: Session, _parsed: Parsed) -> str:
    """The file systems."""
    return (
        "\nFile Systems:\n\n     Size(b)     Free(b)      Type  Flags  Prefixes\n"
        f"* {_CAPACITY}  {_CAPACITY}  disk      rw     disk0: flash:\n"
        "            -            -  network   rw     tftp:\n            -            -  opaque    rw     system:"
    )


def _minutes(text: str) -> int | None:
    """`MMM` or `HHH:MM` in minutes."""
    match = re.fullmatch(r"(?:(\d+):)?(\d{1,3})", text)
    return int(match[1] or 0) * 60 + int(match[2]) if match else None


@command("reload-in")
async def reload_in(session: Session, parsed: Parsed) -> str:
    """Plan a reload."""
    minutes = _minutes(parsed.values[0])
    if minutes is None:
        raise SyntaxRefusedError(" " * 10 + "^\nERROR: % Invalid input detected at '^' marker.")
    silent = {"noconfirm", "quick"} & set(parsed.words)
    if not silent and not await _confirmed(session):
        return ""
    session.device.schedule_reload(minutes * 60)
    session.io.write("\n\n***\n*** --- SHUTDOWN in " + f"{minutes // 60}:{minutes % 60:02d}:00 ---\n***\n")
    return _planned(session)


async def _confirmed(session: Session) -> bool:
    return (await session.io.ask("Proceed with reload? [confirm]"))[:1].lower() in ("", "y")


def _planned(session: Session) -> str:
    at = session.device.reload_at
    assert at is not None
    left = max(int(at - time.time()), 0)
    stamp = time.strftime("%H:%M:%S UTC %a %b %-d %Y", time.gmtime(at))
    when = f"in {left // 3600} hours and {left % 3600 // 60} minutes"
    return f"Reload scheduled for {stamp} ({when}) by {session.user or 'enable_15'} from ssh"


@command("show-reload")
async def show_reload(session: Session, _: Parsed) -> str:
    """The planned reload."""
    return _planned(session) if session.device.reload_at is not None else "No reload is scheduled."


@command("reload-cancel")
async def reload_cancel(session: Session, _: Parsed) -> str:
    """Forget the planned reload."""
    if not session.device.cancel_reload():
        return "No reload is scheduled."
    return "***\n*** --- SHUTDOWN ABORTED ---\n***"


@command("reload")
async def reload(session: Session, parsed: Parsed) -> str:
    """Reload now: everything that is not saved is gone."""
    device, space = session.device, session.space
    saved = device.startup_path(space.name)
    same = saved.exists() and device.checksum(space).replace(" ", "") in saved.read_text()
    if "save-config" in parsed.words:
        device.save(space)
    elif not {"noconfirm", "quick"} & set(parsed.words):
        if not same:
            answer = await session.io.ask("System config has been modified. Save? [Y]es/[N]o:  ")
            if answer[:1].lower() == "y":
                session.io.write(await write_memory(session, parsed) + "\n")
        if not await _confirmed(session):
            return ""
    session.io.write("\n\n***\n*** --- START GRACEFUL SHUTDOWN ---\n***\n*** --- SHUTDOWN NOW ---\n")
    session.ended = True
    device.on_reload()
    return ""
