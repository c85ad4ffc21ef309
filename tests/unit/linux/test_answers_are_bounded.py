"""A host that answers without end, or too slowly to ever end, is an error of that host, within bounded memory."""

import asyncio
import resource
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import paramiko
import pytest
from asyncssh.constants import MSG_CHANNEL_DATA
from asyncssh.packet import String

from routebook.device.errors import ConnectionFailedError, DriverError, LostContactError
from routebook.device.limits import AnswerTooLongError, read_limits
from routebook.transport.ssh import SshShell
from routebook.transport.ssh_options import read_options
from tests.stranger import Play, Process, script_of, stranger

MIB = 1024 * 1024


@contextmanager
def shell(folder: Path, play: Play, **arguments: Any) -> Iterator[SshShell]:
    with stranger(folder, play) as server:
        options = {
            "known_hosts_file": str(server.known_hosts), "port": server.port, "allow_agent": False, "use_keys": False,
            "sudo": False, **arguments,
        }  # fmt: skip
        found = SshShell(read_options(server.host, "operator", "x", 10, options))
        found.open()
        try:
            yield found
        finally:
            found.close()


def without_end(piece: bytes, *, stderr: bool = False) -> Play:
    async def play(process: Process) -> None:
        token, _ = await script_of(process)
        process.stdout.write(f"{token}\n".encode())
        process.stderr.write(f"{token}\n".encode())
        while True:
            output = process.stderr if stderr else process.stdout
            output.write(piece)
            await output.drain()

    return play


@pytest.mark.parametrize("stderr", [False, True], ids=["stdout", "stderr"])
def test_an_answer_without_end_is_an_error_that_says_the_limit_and_how_to_raise_it(
    tmp_path: Path, stderr: bool
) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with shell(tmp_path, without_end(b"\0" * 65536, stderr=stderr)) as found:
        with pytest.raises(AnswerTooLongError) as error:
            found.run("cat /dev/zero", asked="`cat /dev/zero`")
        assert not found.is_alive(), "more of the answer would still come"
    said = str(error.value)
    assert "127.0.0.1" in said
    assert "`cat /dev/zero` is longer than 16 MiB" in said
    assert "optional_args max_answer" in said
    # KiB, of which the server is a part.
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 120 * 1024


def test_the_limit_is_the_hosts_own(tmp_path: Path) -> None:
    with (
        shell(tmp_path, without_end(b"\0" * 65536), max_answer="1MiB") as found,
        pytest.raises(AnswerTooLongError, match="1 MiB"),
    ):
        found.run("true")


def test_lines_without_end_are_stopped_before_they_cost_more_than_their_bytes(tmp_path: Path) -> None:
    play = without_end(b"\n" * 65536)
    with shell(tmp_path, play, max_answer="2MiB") as found, pytest.raises(AnswerTooLongError, match="65536 lines"):
        found.run("yes ''")


def test_a_connection_that_breaks_while_it_is_closed_hides_no_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def close(channel: paramiko.Channel) -> None:
        real(channel)
        raise EOFError

    real = paramiko.Channel.close
    with shell(tmp_path, without_end(b"\n" * 65536), max_answer="2MiB") as found:
        monkeypatch.setattr(paramiko.Channel, "close", close)
        with pytest.raises(AnswerTooLongError, match="65536 lines"):
            found.run("yes ''")


def test_an_answer_that_drips_ends_by_a_deadline_of_the_whole(tmp_path: Path) -> None:
    async def play(process: Process) -> None:
        token, _ = await script_of(process)
        process.stdout.write(f"{token}\n".encode())
        while True:
            process.stdout.write(b".")
            await asyncio.sleep(0.02)

    with shell(tmp_path, play) as found:
        begun = time.monotonic()
        with pytest.raises(LostContactError, match=r"not finished its answer to `drip` after 0\.5 s.*answer_timeout"):
            found.run("drip", timeout=0.5, asked="`drip`")
        assert time.monotonic() - begun < 3


def test_silence_is_still_called_silence(tmp_path: Path) -> None:
    async def play(process: Process) -> None:
        await process.stdin.read()
        await asyncio.sleep(60)

    with shell(tmp_path, play) as found, pytest.raises(LostContactError, match=r"fell silent: no answer within 0\.3 s"):
        found.run("true", timeout=0.3)


def test_answer_timeout_gives_a_slow_host_more_than_any_reading_asks_for(tmp_path: Path) -> None:
    async def play(process: Process) -> None:
        token, _ = await script_of(process)
        process.stdout.write(f"{token}\n".encode())
        await asyncio.sleep(0.6)
        process.stdout.write(b"after all\n")

    with shell(tmp_path, play, answer_timeout=20) as found:
        assert found.run("slow", timeout=0.2).stdout == "after all\n"


def test_what_ignores_the_channels_window_is_cut_off(tmp_path: Path) -> None:
    async def play(process: Process) -> None:
        await process.stdin.read(1)
        for _ in range(2000):
            # Past asyncssh's own care for what the other side allows.
            process.channel.send_packet(MSG_CHANNEL_DATA, String(b"\0" * 16384))
            await asyncio.sleep(0)

    with shell(tmp_path, play, max_answer="1GiB") as found:
        # Nobody reads it, as on a connection between two readings.
        channel = found._transports[-1].open_session()
        channel.exec_command("true")
        channel.sendall(b"x")
        end = time.monotonic() + 20
        while found._transports[-1].is_active() and time.monotonic() < end:
            threading.Event().wait(0.01)
        assert not found._transports[-1].is_active()
        assert len(channel.in_buffer) < 4 * MIB


@contextmanager
def listening(*pieces: bytes, forever: bytes = b"") -> Iterator[int]:
    """A port at which this is said, and no SSH."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError), server.accept()[0] as connection:
            for piece in pieces:
                connection.sendall(piece)
            while forever:
                connection.sendall(forever)
            while connection.recv(4096):
                pass

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield server.getsockname()[1]
    finally:
        server.close()
        thread.join(5)


@pytest.mark.parametrize(
    ("pieces", "forever", "reason"),
    [
        ((b"SSH-2.0-x\r\n", struct.pack(">I", 0xFFFFFFF4) + b"\0" * 60), b"\0" * 65536, "announces a packet of"),
        ((), b"A" * 65536, "greeting is longer than 64 KiB"),
        ((), b"A" * 100 + b"\n", "greeting|protocol"),
        ((b"\xff\xfe\x00\n",), b"\n", "greeting|protocol"),
        ((b"SSH-2.0-x\r\n", struct.pack(">IB", 12, 4) + b"\x14" + b"\0" * 6), b"", "no SSH session"),
    ],
    ids=["packet of 4 GiB", "line without end", "lines without end", "no UTF-8", "a broken first message"],
)
def test_a_greeting_that_is_none_is_an_error_of_that_host(
    pieces: tuple[bytes, ...], forever: bytes, reason: str
) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with listening(*pieces, forever=forever) as port:
        found = SshShell(read_options("127.0.0.1", "operator", "x", 3, {"port": port, "allow_agent": False}))
        begun = time.monotonic()
        with pytest.raises(ConnectionFailedError, match=reason):
            found.open()
        assert time.monotonic() - begun < 10
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 60 * 1024


@pytest.mark.parametrize("arguments", [{"max_answer": "much"}, {"max_answer": 0}, {"answer_timeout": "long"}])
def test_limits_that_are_none_are_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(ConnectionFailedError, match=f"edge1: {next(iter(arguments))} is a"):
        read_limits("edge1", arguments)


def test_limits_are_sizes_as_people_write_them() -> None:
    assert [read_limits("", {"max_answer": size}).most for size in ("64MiB", "64 MiB", 1000, "1GiB")] == [
        64 * MIB, 64 * MIB, 1000, 1024 * MIB,
    ]  # fmt: skip
    assert issubclass(AnswerTooLongError, DriverError)
