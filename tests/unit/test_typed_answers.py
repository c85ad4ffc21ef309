"""An answer with other types than a daemon writes, or made to hurt whoever reads it, is one error of that device."""

import json
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routebook.device.errors import DriverError, NotUnderstoodError
from routebook.device.typed import Fields, decode
from routebook.platforms.frr.sessions import Bgp, read_bgp, sessions
from routebook.platforms.frr.tree import parse as parse_frr
from routebook.platforms.linux.reached import reached
from routebook.platforms.pfsense import openbgpd
from routebook.platforms.strongswan.settings import SettingsError
from routebook.platforms.strongswan.settings import parse as parse_settings
from routebook.platforms.strongswan.state import parse_list_sas
from routebook.platforms.strongswan.tree import build
from routebook.transport.shell import Result
from tests.unit.engine.world import Device, MemoryDriver, World

ESTABLISHED: dict[str, Any] = {
    "remoteAs": 64496, "localAs": 65550, "localRouterId": "10.0.0.1", "remoteRouterId": "10.0.0.9",
    "bgpState": "Established", "connectionsEstablished": 1, "bgpTimerUpMsec": 1000, "bgpTimerHoldTimeMsecs": 180000,
    "hostLocal": "192.0.2.2", "nbrDesc": "x", "lastResetDueTo": "", "adminShutDown": False,
    "neighborCapabilities": {"multiprotocolExtensions": {"ipv4Unicast": {"advertisedAndReceived": True}}},
    "addressFamilyInfo": {"ipv4Unicast": {"acceptedPrefixCounter": 1, "sentPrefixCounter": 2}},
}  # fmt: skip
OPENBGPD: dict[str, Any] = {
    "remote_as": "64496", "remote_addr": "192.0.2.1", "bgpid": "10.0.0.9", "state": "Established", "description": "x",
    "last_updown_sec": 10, "config": {"local_as": 65550}, "stats": {"prefixes": {"sent": 1, "received": 2}},
    "session": {"holdtime": 90, "local": {"address": "192.0.2.2"}, "capabilities": {"multiprotocol": ["IPv4 unicast"]}},
}  # fmt: skip
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
WRONG = [None, True, 3.5, -1, "x", [], [1], {}, {"x": 1}, 10**30, "\udcff", "\0", "9" * 5000]


class Says:
    def __init__(self, stdout: str) -> None:
        self.stdout = stdout

    def run(self, script: str, *, timeout: float = 60.0, root: bool = True, asked: str = "") -> Result:
        del script, timeout, root, asked
        return Result(self.stdout, "", 0)


def paths(value: Any, before: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Every place in an answer."""
    found = [before] if before else []
    for key in value if isinstance(value, dict) else ():
        found += paths(value[key], (*before, key))
    return found


def replaced(value: Any, path: tuple[str, ...], new: object) -> Any:
    return {**value, path[0]: replaced(value[path[0]], path[1:], new)} if path else new


def all_of_their_types(found: Any) -> bool:
    """Whether the texts of a session are texts and its numbers are numbers: what comes after believes that."""
    texts = (found.router_id, found.remote_router_id, found.description, found.last_reset, found.last_error)
    numbers = [found.remote_as, found.local_as, found.established_count, found.uptime, found.hold_time]
    numbers += [number for family in found.families for number in (family.received, family.sent)]
    return all(isinstance(text, str) for text in texts) and all(
        number is None or (isinstance(number, int) and not isinstance(number, bool)) for number in numbers
    )


@pytest.mark.parametrize("path", paths(ESTABLISHED), ids=".".join)
def test_a_wrong_type_anywhere_in_bgpds_answer_is_an_error_of_the_device(path: tuple[str, ...]) -> None:
    for wrong in WRONG:
        answer = {"default": {"192.0.2.1": replaced(ESTABLISHED, path, wrong)}}
        try:
            found = sessions(Bgp({}, answer, frozenset()))
        except DriverError as error:
            assert "not as FRR" in str(error)
        else:
            assert all(all_of_their_types(session) for session in found)


@pytest.mark.parametrize("path", paths(OPENBGPD), ids=".".join)
def test_a_wrong_type_anywhere_in_bgpctls_answer_is_an_error_of_the_device(path: tuple[str, ...]) -> None:
    for wrong in WRONG:
        try:
            neighbors = openbgpd.read_neighbors(Says(json.dumps({"neighbors": [replaced(OPENBGPD, path, wrong)]})))
            found = openbgpd.sessions(neighbors, 65550, "10.0.0.1")
        except DriverError as error:
            assert "OpenBGPD 7 and 8" in str(error)
        else:
            assert all(all_of_their_types(session) for session in found)


def test_the_honest_answers_are_read() -> None:
    assert sessions(Bgp({}, {"default": {"192.0.2.1": ESTABLISHED}}, frozenset()))[0].families[0].received == 1
    neighbors = openbgpd.read_neighbors(Says(json.dumps({"neighbors": [OPENBGPD]})))
    assert openbgpd.sessions(neighbors, 65550, "10.0.0.1")[0].families[0].received == 2


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("[" * 200_000, "in each other"),
        ('{"a":' * 200_000, "in each other"),
        ("[" + "[]," * 2_000_000, "more than 1000000 values"),
        ('{"a": NaN}', "NaN"),
        ('{"a": -Infinity}', "Infinity"),
        ('{"a": 1e999}', "too large"),
        ('{"a": ' + "9" * 5000 + "}", "5000 digits"),
        ("[1, 2] {}", "not an object for each VRF"),
        ('{} "text"', "not an object for each VRF"),
        ("{}", "not JSON"),
        ("\0\x1b]0;x\x07", "not JSON"),
    ],
    ids=range(11),
)
def test_json_that_is_made_to_hurt_is_an_error_at_once(answer: str, reason: str) -> None:
    begun = time.monotonic()
    with pytest.raises(DriverError, match=reason):
        read_bgp(Says(f" zebra bgpd\n{answer}"))
    assert time.monotonic() - begun < 5


@given(ANY_JSON)
def test_any_json_is_a_value_or_a_reason(value: Any) -> None:
    found, rest = decode(json.dumps(value) + " rest") if abs_size(value) else (value, " rest")
    assert (found, rest) == (value, " rest")
    for vrf in (value, {"default": value}, {"default": {"192.0.2.1": value}}):
        with suppress(DriverError):
            sessions(Bgp(value, vrf, frozenset()))


def abs_size(value: Any) -> bool:
    """Whether every number is one that a device can mean."""
    if isinstance(value, dict | list):
        return all(abs_size(item) for item in (value.values() if isinstance(value, dict) else value))
    return not isinstance(value, int) or len(str(value)) <= 32


@pytest.mark.parametrize(
    "text",
    [
        "list-sa event {\n" + "".join(f"{' ' * 2 * n}a {{\n" for n in range(1, 2000)),
        "list-sa event {\n  a {\n    local-host = garbage\n    remote-host = ::1\n    state = x\n  }\n}\n",
        "list-sa event {\n  a {\n    version = ²\n    local-host = ::1\n    remote-host = ::1\n    state = x\n  }\n}\n",
        "list-sa event {\n  a = text\n}\n",
        "\0" * 1000,
        "list-sas reply {\n}\nlist-sas reply {\n}\n",
    ],
    ids=["nested", "address", "number", "text for a section", "NULs", "after its end"],
)
def test_what_swanctl_would_never_say_is_an_error_of_the_device(text: str) -> None:
    with pytest.raises(DriverError, match="swanctl"):
        parse_list_sas(text)


@pytest.mark.parametrize(
    "route", ["[1]", '{"dev": 1}', '[{"via": "x"}]', '[{"dev": []}]', "[" * 100_000, "[null]", '[{"gateway": 1}]']
)
def test_a_route_that_is_none_leaves_the_way_unknown(route: str) -> None:
    found = reached(Says(f"192.0.2.1 1 192.0.2.2 22\n{route}"), ())
    assert (found.client, found.interface, found.gateway) == ("192.0.2.1", "", "")


def test_deep_nesting_costs_no_recursion_in_any_configuration() -> None:
    deep = "".join(f"{' ' * depth}a{depth}\n" for depth in range(3000))
    assert sum(1 for block in parse_frr(deep) for _ in block.walk()) == 3000
    with pytest.raises(SettingsError, match="in each other"):
        parse_settings("a {\n" * 100_000, "x.conf")


def test_settings_of_many_lines_are_read_in_time_that_grows_with_them() -> None:
    begun = time.monotonic()
    parse_settings("a = b\n" * 100_000, "x.conf")
    assert time.monotonic() - begun < 10, "each setting's line is counted from the one before"


def test_files_that_include_each_other_again_and_again_are_refused() -> None:
    files = {f"/etc/swanctl/{n}.conf": f"include {n + 1}.conf\n" * 2 for n in range(40)}
    files["/etc/swanctl/40.conf"] = ""
    with pytest.raises(SettingsError, match="again and again"):
        build(files, "/etc/swanctl/0.conf")


@pytest.mark.parametrize(
    "error", [KeyError("x"), TypeError("a secret"), RecursionError(), IndexError(), UnicodeError()]
)
def test_what_no_reader_foresaw_is_still_an_error_of_the_device(error: Exception, tmp_path: Path) -> None:
    device = Device("edge1", World(tmp_path))
    device.fails["state"] = device.fails["locked"] = lambda: (_ for _ in ()).throw(error)
    with pytest.raises(NotUnderstoodError, match="answered something that is not understood") as found:
        MemoryDriver(device).state()
    assert "a secret" not in str(found.value)
    assert type(error).__name__ in str(found.value)


def test_fields_say_where_and_what_but_not_the_devices_words() -> None:
    found = Fields({"a": {"b": ["secret"]}}, "answer")
    with pytest.raises(ValueError, match=r"^answer\.a\.b is a list, not a text$"):
        found.fields("a").text("b")
