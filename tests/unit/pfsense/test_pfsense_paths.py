"""Best paths as OpenBGPD says them, each prefix asked for by itself (json_rib() in bgpctl's output_json.c)."""

import json
from ipaddress import ip_network
from typing import Any

import pytest

from routebook.device.errors import DriverError
from routebook.device.state import Route
from routebook.platforms.pfsense.openbgpd import routes
from routebook.transport.shell import Result

PREFIX = ip_network("10.4.0.0/16")


class Shell:
    """A pfSense on which bgpctl answers."""

    def __init__(self, *answers: Any, cut: int = 0) -> None:
        self.answers, self.cut, self.script = answers, cut, ""

    def run(self, script: str, *, timeout: float = 60.0, root: bool = True, asked: str = "") -> Result:
        del timeout, root, asked
        self.script = script
        separator = script.partition("printf '")[2].partition("'")[0]
        texts = [answer if isinstance(answer, str) else json.dumps(answer) for answer in self.answers]
        return Result("".join(f"{text}{separator}" for text in texts[self.cut :]), "", 0)


def path(hop: str, **fields: Any) -> dict[str, Any]:
    return {
        "prefix": "10.4.0.0/16", "aspath": "65550 64520", "exit_nexthop": hop, "true_nexthop": hop,
        "neighbor": {"description": "RB x", "remote_addr": "10.255.200.27", "bgp_id": "10.255.4.1"},
        "valid": True, "source": "external", "ovs": "not-found", "origin": "IGP", "metric": 0, "localpref": 150,
        "weight": 0, "last_update": "00:01:00", **fields,
    }  # fmt: skip


WON = Route(PREFIX, "10.255.200.27", "10.255.200.27", "65550 64520", validation="notfound")


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ({"rib": [path("10.255.200.25"), path("10.255.200.27", best=True)]}, (WON,)),
        ({"rib": [path("10.9.9.9", valid=False)]}, (Route(
            PREFIX, "10.9.9.9", "10.255.200.27", "65550 64520", reachable=False, validation="notfound"),)),
        ({}, (Route(PREFIX),)),
        ("", (Route(PREFIX),)),
        ({"rib": [{**path("10.255.200.25", best=True), "prefix": "10.0.0.0/8"}]}, (Route(PREFIX),)),
        # As OpenBGPD 7.7 answers where it has no neighbor at all; and what is no answer.
        ({"status": "FAILED", "error": "no such neighbor"}, ()),
        ("bgpctl: connect: No such file or directory", ()),
    ],
)  # fmt: skip
def test_the_best_path_is_read_and_what_is_not_an_answer_says_nothing(answer: Any, found: tuple[Route, ...]) -> None:
    shell = Shell(answer)
    assert routes(shell, [PREFIX]) == found
    assert "-j -n show rib 10.4.0.0/16;" in shell.script


def test_a_cut_answer_is_an_error_and_nothing_is_asked_for_nothing() -> None:
    with pytest.raises(DriverError, match="cut off"):
        routes(Shell({}, {}, cut=1), [PREFIX, PREFIX])
    assert routes(Shell(), []) == ()
