"""Runs the programs of the namespace: vtysh, swanctl, ip, ping."""

import asyncio
import json
import os
import subprocess
from typing import Any


class ProgramError(Exception):
    """A program failed; the message is what it said."""


async def run(*argv: str, stdin: str = "", check: bool = True, deadline: float = 30.0) -> str:
    """What a program prints. Raises ProgramError when it fails (if `check`) or takes longer than `deadline` seconds.

    In a thread: with asyncio's own processes, about one reload in a hundred waited for ever for a cancelled session
    (CPython 3.11).
    """
    try:
        done = await asyncio.to_thread(
            subprocess.run,
            argv, input=stdin, capture_output=True, text=True, errors="replace", timeout=deadline, check=False,
            env=os.environ | {"VTYSH_HISTFILE": "/dev/null"},
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise ProgramError(f"{argv[0]} did not end within {deadline:.0f} s") from None
    if check and done.returncode:
        raise ProgramError(f"{argv[0]} failed: {done.stderr.strip()} {done.stdout.strip()}")
    return done.stdout


async def vtysh_json(command: str) -> dict[str, Any]:
    """What a show command of FRR answers as JSON, empty if FRR has nothing (or does not run)."""
    try:
        text = await run("vtysh", "-c", f"{command} json", deadline=15)
    except ProgramError:
        return {}
    try:
        found = json.loads(text)
    except json.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


Message = dict[str, "str | list[str] | Message"]


def parse_pretty(text: str) -> list[tuple[str, Message]]:
    """The messages of `swanctl --pretty`, each with its title."""
    lines = iter(text.splitlines())
    return [(line.removesuffix(" {"), _block(lines)) for line in lines if line.endswith(" {")]


def _block(lines: Any) -> Message:
    found: Message = {}
    for line in lines:
        text = line.strip()
        if text == "}":
            return found
        if text.endswith(" = ["):
            items = []
            for item in lines:
                if item.strip() == "]":
                    break
                items.append(item.strip())
            found[text.removesuffix(" = [")] = items
        elif text.endswith(" {"):
            found[text.removesuffix(" {")] = _block(lines)
        else:
            key, _, value = text.partition(" =")
            found[key] = value.strip()
    return found
