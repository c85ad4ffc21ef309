"""What a pfSense sends compressed is bounded in what it becomes, not only in what came."""

import base64
import resource
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from routebook.device.errors import DriverError, LostContactError
from routebook.device.limits import AnswerTooLongError
from routebook.platforms.pfsense.driver import PfSenseDriver
from routebook.platforms.pfsense.ownership import WHOLE
from routebook.platforms.pfsense.tree import ConfigError, parse
from tests.stranger import Process, php_answer, request_in, script_of, stranger

CONFIG = b'<?xml version="1.0"?>\n<pfsense><version>23.3</version></pfsense>\n'
PACKED = 128 * 1024 * 1024  # bytes when it is whole


@contextmanager
def device(folder: Path, packed: bytes, **more: Any) -> Iterator[PfSenseDriver]:
    """A pfSense whose config.xml comes as `packed`."""

    async def play(process: Process) -> None:
        token, script = await script_of(process)
        answer = {"config": base64.b64encode(packed).decode(), "packages": [], "release": "2.7.2", **more}
        process.stdout.write(f"{token}\n{php_answer(request_in(script), answer)}".encode())
        process.stderr.write(f"{token}\n".encode())

    with stranger(folder, play) as server:
        options = {
            "known_hosts_file": str(server.known_hosts), "port": server.port, "allow_agent": False, "use_keys": False,
        }  # fmt: skip
        found = PfSenseDriver(server.host, "admin", "x", 20, options)
        found.open()
        try:
            yield found
        finally:
            found.close()


def bomb(size: int) -> bytes:
    stream = zlib.compressobj(9)
    return b"".join(stream.compress(b"\0" * 1024 * 1024) for _ in range(size // (1024 * 1024))) + stream.flush()


def test_an_honest_answer_is_read(tmp_path: Path) -> None:
    with device(tmp_path, zlib.compress(CONFIG)) as found:
        assert found.snapshot().parts[WHOLE].encode() == CONFIG


def test_what_becomes_a_thousand_times_as_much_is_stopped_at_the_limit(tmp_path: Path) -> None:
    packed = bomb(PACKED)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with (
        device(tmp_path, packed) as found,
        pytest.raises(AnswerTooLongError, match=r"config\.xml is longer than 16 MiB"),
    ):
        found.snapshot()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 * 1024


def test_an_answer_that_is_cut_off_in_the_middle_is_no_configuration(tmp_path: Path) -> None:
    with device(tmp_path, zlib.compress(CONFIG * 50)[:-40]) as found, pytest.raises(LostContactError):
        found.snapshot()


@pytest.mark.parametrize("packed", [b"", b"no zlib", zlib.compress(b""), zlib.compress(b"\xff\xfe" * 100)])
def test_what_is_no_configuration_is_an_error_of_that_host(tmp_path: Path, packed: bytes) -> None:
    with device(tmp_path, packed) as found, pytest.raises(DriverError, match=r"127\.0\.0\.1"):
        found.snapshot()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("<pfsense>" + "<a>" * 100_000, "more than 64 elements are in each other"),
        ("<pfsense>&amp;" + "<![CDATA[" * 200_000, "unclosed CDATA section"),
        ("<pfsense><a>\udcff</a></pfsense>", "not well-formed"),
        ("<pfsense><a>\0</a></pfsense>", "not well-formed"),
        ("<!DOCTYPE pfsense [<!ENTITY a 'aaaaaaaaaa'>]><pfsense>&a;</pfsense>", "document type"),
        ("", "no element found"),
    ],
    ids=["nested", "sections without end", "no UTF-8", "NUL", "entities", "nothing"],
)
def test_a_text_that_is_no_configuration_is_told_at_once(text: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        parse(text)


def test_a_number_that_is_no_character_stays_as_it_is() -> None:
    root = parse(f"<pfsense><descr><![CDATA[&#{'9' * 5000}; &#65;]]></descr></pfsense>")
    assert root.value("descr") == f"&#{'9' * 5000}; A"
