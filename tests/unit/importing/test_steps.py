"""`routebook adopt` and `routebook release`, as an operator runs them on a project that was imported from files."""

import json
import stat
from pathlib import Path

import pytest

from routebook.intent.load import load
from tests.unit.importing.read import EDGE
from tests.unit.importing.test_command import HOSTS, files, routebook

__all__ = ["files"]  # a fixture
TRANSIT = "neighbor 198.51.100.2"


@pytest.fixture
def net(files: Path) -> Path:
    """Two hosts with their inventory, in which somebody has written a comment."""
    assert routebook(files, "import", "net", *HOSTS).returncode == 0
    path = files / "net/inventory/bgp.yaml"
    path.write_text(path.read_text().replace("  sessions:\n", "  sessions:  # all of them\n    # by hand\n"))
    return files / "net"


def written(net: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in (net / "inventory").iterdir()}


def against(net: Path, host: str = "edge1") -> tuple[int, str]:
    done = routebook(net, "plan", "--against", f"{host}=../{host}")
    return done.returncode, done.stdout + done.stderr


def release(net: Path, *objects: str, host: str = "edge1") -> tuple[int, str]:
    done = routebook(net, "release", host, *objects, "--yes")
    return done.returncode, done.stdout + done.stderr


def adopt(net: Path, *objects: str, host: str = "edge1") -> tuple[int, str]:
    done = routebook(
        net, "adopt", host, *objects, "--yes", "--from", "edge1=../edge1", "--from", "edge2=../edge2/frr.conf"
    )
    return done.returncode, done.stdout + done.stderr


def test_nothing_is_written_unless_somebody_says_so_and_the_difference_is_shown(net: Path) -> None:
    before = written(net)
    done = routebook(net, "release", "edge1", TRANSIT)
    assert (done.returncode, written(net)) == (2, before)
    assert "-    - ends: [edge1, transit-no]" in done.stdout
    shown = json.loads(routebook(net, "release", "edge1", TRANSIT, "--json").stdout)
    assert (shown["written"], written(net)) == (False, before)
    assert TRANSIT in shown["objects"]["edge1"]
    assert "route-map TO-TRANSIT" in shown["objects"]["edge1"]


def test_what_is_released_is_left_alone_and_what_is_adopted_again_is_as_it_was(net: Path) -> None:
    intent, before = load(net).hosts["edge1"], written(net)
    code, said = release(net, TRANSIT)
    assert code == 0, said
    assert "# all of them\n    # by hand\n" in (net / "inventory/bgp.yaml").read_text()
    code, said = against(net)
    assert (code, "nothing to do" in said) == (0, True), said
    assert "somebody else's in `router bgp 64500` and left alone: neighbor 198.51.100.2" in said
    assert release(net, TRANSIT) == (0, "nothing to do\n")
    code, said = adopt(net, TRANSIT)
    assert code == 0, said
    again = load(net).hosts["edge1"]
    assert (set(again.adopt), again.release) == (set(intent.adopt), ())
    assert sorted(map(str, again.neighbors)) == sorted(map(str, intent.neighbors))
    assert again.route_maps == intent.route_maps
    assert "neighbor 198.51.100.2" in against(net)[1].partition("taken over as it is")[2]
    assert adopt(net, TRANSIT) == (0, "nothing to do\n")
    assert {name for name, text in written(net).items() if text != before[name]} <= {"bgp.yaml", "hosts.yaml"}


def test_a_session_between_two_of_ours_goes_and_comes_at_both_ends(net: Path) -> None:
    code, said = release(net, "session edge1--edge2")
    assert code == 0, said
    hosts = load(net).hosts
    assert {"neighbor 10.255.0.2"} <= set(hosts["edge1"].release)
    assert {"neighbor 10.255.0.1"} <= set(hosts["edge2"].release)
    code, said = adopt(net, "neighbor 10.255.0.2")
    assert code == 0, said
    assert "at edge2, is taken over as well" in said
    hosts = load(net).hosts
    assert [hosts[name].release for name in ("edge1", "edge2")] == [(), ()]
    assert against(net)[0] == 0


def test_a_password_goes_into_a_file_of_its_own_and_is_never_shown(net: Path) -> None:
    secret = net / "secrets/edge1--transit-no.password"
    assert release(net, TRANSIT)[0] == 0
    secret.unlink()
    code, said = adopt(net, TRANSIT)
    assert (code, "s3cr3t" in said) == (0, False), said
    assert (secret.read_text(), stat.S_IMODE(secret.stat().st_mode)) == ("s3cr3t-password\n", 0o600)


@pytest.mark.parametrize(
    ("command", "host", "name", "why"),
    [
        ("release", "edge1", "neighbor 198.51.100.3", "did you mean 'neighbor 198.51.100.2'?"),
        ("release", "edg1", TRANSIT, "did you mean 'edge1'?"),
        ("release", "edge1", "route-map TO-TRANSIT", "others use what would go"),
        ("adopt", "edge1", "neighbor 198.51.100.9", "the device of edge1 has no neighbor 198.51.100.9"),
        ("adopt", "edge3", TRANSIT, "the inventory has no host 'edge3'"),
    ],
)
def test_what_cannot_be_done_is_refused_with_what_there_is(
    net: Path, command: str, host: str, name: str, why: str
) -> None:
    before = written(net)
    code, said = (release if command == "release" else adopt)(net, name, host=host)
    assert (code, why in said) == (1, True), said
    assert written(net) == before


def test_a_policy_alone_is_no_step(net: Path) -> None:
    assert release(net, TRANSIT)[0] == 0
    code, said = adopt(net, "route-map TO-TRANSIT")
    assert (code, "adopt what uses it (neighbor 198.51.100.2)" in said) == (1, True), said


def test_what_the_inventory_says_of_all_and_the_device_has_not_is_refused(net: Path) -> None:
    assert release(net, TRANSIT)[0] == 0
    path = net.parent / "edge1/frr.conf"
    path.write_text(EDGE.replace("maximum-prefix 1000", "maximum-prefix 2000"))
    (net / "inventory/bgp.yaml").write_text(
        (net / "inventory/bgp.yaml")
        .read_text()
        .replace("bgp:\n", "bgp:\n  defaults: {keepalive: 7, hold_time: 21}\n", 1)
    )
    before = written(net)
    code, said = adopt(net, TRANSIT)
    assert (code, "a plan would change the device" in said) == (1, True), said
    assert "timers 7 21" in said
    assert written(net) == before
