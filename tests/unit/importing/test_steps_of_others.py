"""`adopt` and `release` on a pfSense, on strongSwan and on an ASA, each from its files."""

import json
from pathlib import Path

import pytest

from routebook.intent.load import load
from tests.lab.drivers.test_adopted_tunnels import FIXED, ONE, by_hand, connection
from tests.unit.importing.asa_texts import WHOLE as ASA
from tests.unit.importing.pfsense_files import EDGE, half, ipsec, phase1, phase2
from tests.unit.importing.test_command import routebook

OFFICE = ipsec(phase1("office", "192.0.2.7"), phase2(half("lan"), half("network", "10.7.0.0", "16")))
PFSENSE = EDGE.replace("\t<cert>\n", f"{OFFICE}\t<cert>\n", 1)
SWANCTL = by_hand(
    connection("one", FIXED.format("198.51.100.1", "198.51.100.2"), ("left", "right"), ONE, "start_action = start"),
    owners=("right",),
)
FILES = {
    "pfsense": {"config.xml": PFSENSE},
    "strongswan": {"swanctl.conf": "include conf.d/*.conf\n", "conf.d/office.conf": SWANCTL},
    "asa": {"running.cfg": ASA},
}


@pytest.mark.parametrize(
    ("platform", "names"),
    [
        ("pfsense", ("session fw1--transit-no",)),
        ("pfsense", ("tunnel office",)),
        ("strongswan", ("tunnel one",)),
        ("asa", ()),
    ],
)
def test_what_is_released_is_left_alone_and_adopted_again_it_is_as_it_was(
    tmp_path: Path, platform: str, names: tuple[str, ...]
) -> None:
    for name, text in FILES[platform].items():
        path = tmp_path / "fw1" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    done = routebook(tmp_path, "import", "net", "fw1=fw1", "--partial")
    assert done.returncode == 0, done.stderr
    net = tmp_path / "net"
    before = load(net).hosts["fw1"]
    wanted = names or (f"session {before.neighbors[0].session}",)

    def against() -> str:
        done = routebook(net, "plan", "--against", "fw1=../fw1")
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def step(command: str, *more: str) -> dict[str, list[str]]:
        done = routebook(net, command, "fw1", *more, "--yes", "--json")
        assert done.returncode == 0, done.stdout + done.stderr
        return dict(json.loads(done.stdout)["objects"])

    against()
    made = step("release", *wanted)["fw1"]
    assert made
    against()
    assert step("release", *wanted) == {}
    called = next(each for each in made if each.startswith(("neighbor ", "phase1 ", "connection ")))
    called = called.replace("phase1 RB ", "phase1 ").replace("RB fw1--transit-no", "198.51.100.2")
    assert step("adopt", called, "--from", "fw1=../fw1")["fw1"]
    assert load(net).hosts["fw1"].release == ()
    against()
    after = load(net).hosts["fw1"]
    assert after.neighbors == before.neighbors
    assert [each.name for each in after.tunnels] == [each.name for each in before.tunnels]
