"""An ASA whose answer has no end, or no prompt at its end, is an error of that device, within bounded memory."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from routebook.device.errors import ConnectionFailedError, DriverError, LostContactError
from routebook.device.limits import AnswerTooLongError
from routebook.platforms.asa.options import read_asa_options
from routebook.platforms.asa.session import AsaSession
from tests.stranger import Process, stranger

Answer = Callable[[Process, str], Awaitable[None]]
PROMPT = b"\r\nfw1# "


@contextmanager
def session(folder: Path, answer: Answer, timeout: float = 1, **arguments: Any) -> Iterator[AsaSession]:
    """A session with a device that answers reading commands by `answer`, and is an ASA otherwise."""

    async def play(process: Process) -> None:
        process.stdout.write(PROMPT)
        mode = b""
        while line := await process.stdin.readline():
            command = line.decode().strip()
            process.stdout.write(command.encode() + b"\r\n")
            if command == "configure terminal":
                mode = b"(config)"
            elif command != "terminal pager 0":
                await answer(process, command)
            process.stdout.write(b"\r\nfw1" + mode + b"# ")

    with stranger(folder, play) as server:
        options = {
            "known_hosts_file": str(server.known_hosts), "port": server.port, "allow_agent": False, "use_keys": False,
            **arguments,
        }  # fmt: skip
        found = AsaSession(read_asa_options(server.host, "admin", "x", timeout, options))
        found.open()
        try:
            yield found
        finally:
            found.close()


async def without_end(process: Process, command: str) -> None:
    del command
    while True:
        process.stdout.write(b"access-list A line 1 extended permit ip any any\r\n" * 500)
        await process.stdout.drain()


async def never_a_prompt(process: Process, command: str) -> None:
    del command
    while True:
        process.stdout.write(b"still working\r\n")
        await asyncio.sleep(0.01)


async def another_page(process: Process, command: str) -> None:
    del command
    while True:
        process.stdout.write(b"a line\r\n<--- More --->")
        await process.stdin.read(1)


def test_an_answer_without_end_is_an_error_that_says_the_limit(tmp_path: Path) -> None:
    with session(tmp_path, without_end, timeout=30, max_answer="2MiB") as found:
        with pytest.raises(AnswerTooLongError, match=r"the answer to `show route` is longer than 2 MiB.*max_answer"):
            found.show("show route")
        assert not found.is_alive(), "more of the answer would still come"


@pytest.mark.parametrize("answer", [never_a_prompt, another_page])
def test_a_prompt_that_never_comes_ends_by_a_deadline_of_the_whole(tmp_path: Path, answer: Answer) -> None:
    with session(tmp_path, answer) as found:
        begun = time.monotonic()
        with pytest.raises(LostContactError, match="not finished its answer to `show route` in time"):
            found.show("show route")
        assert time.monotonic() - begun < 5


@pytest.mark.parametrize("answer", [without_end, never_a_prompt, another_page])
def test_the_answer_to_a_configuration_line_is_bounded_too(tmp_path: Path, answer: Answer) -> None:
    with session(tmp_path, answer, max_answer="1MiB") as found:
        begun = time.monotonic()
        with pytest.raises(DriverError, match=r"not finished its answer|longer than"):
            found.configure(["route outside 10.0.0.0 255.0.0.0 198.51.100.1", "route outside 10.1.0.0 255.255.0.0 x"])
        assert time.monotonic() - begun < 8


def test_answer_timeout_gives_a_slow_device_more_time(tmp_path: Path) -> None:
    async def slow(process: Process, command: str) -> None:
        await asyncio.sleep(0.8)
        process.stdout.write(f"{command}: after all\r\n".encode())

    with session(tmp_path, slow, timeout=0.4, answer_timeout=20) as found:
        assert found.show("show route").strip() == "show route: after all"


def test_a_greeting_without_end_is_refused(tmp_path: Path) -> None:
    async def play(process: Process) -> None:
        while True:
            process.stdout.write((b"Welcome! " * 20 + b"\r\n") * 100)
            await process.stdout.drain()

    with stranger(tmp_path, play) as server:
        options = {"known_hosts_file": str(server.known_hosts), "port": server.port, "max_answer": "1MiB"}
        found = AsaSession(read_asa_options(server.host, "admin", "x", 10, {**options, "allow_agent": False}))
        with pytest.raises(DriverError, match=re.escape("the answer to the login is longer than 1 MiB")) as error:
            found.open()
        assert not isinstance(error.value, ConnectionFailedError)
