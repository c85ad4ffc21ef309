"""A host of the lab is played as its platform says, and one that no platform plays is refused by name."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from lab.host import Access, node
from lab.topology import Topology, read
from routebook.cli.init import make_project
from routebook.errors import RefusedError
from routebook.intent.load import load
from routebook.intent.platform import platform
from routebook.intent.registry import REGISTERED
from routebook.project.secret_files import make_missing

ACCESS = Access("ssh-ed25519 AAAA key", dict.fromkeys(("operator", "nosudo", "pwsudo"), "$6$x$y"), "a private key")


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Topology:
    folder: Path = tmp_path_factory.mktemp("example") / "project"
    make_project(folder)
    make_missing(load(folder))
    return read(folder)


@pytest.mark.parametrize("esp_in_kernel", [False, True])
def test_every_host_of_the_example_is_played_by_its_platform(example: Topology, esp_in_kernel: bool) -> None:
    played = {}
    for host in example.hosts:
        made = node(host, example, ACCESS, esp_in_kernel=esp_in_kernel)
        assert (made.name, made.kind) == (host.name, "host")
        played[host.platform] = {service.name for service in made.services}
    assert set(played) == {"asa", "edge", "frr", "pfsense"}
    assert {"sshd", "frr", "charon"} <= played["edge"]
    assert ("frr" in played["frr"], "charon" in played["frr"]) == (True, False)
    assert "sshd" not in played["asa"] | played["pfsense"]


def test_a_host_that_nobody_plays_is_refused_with_the_platforms_that_are_played(
    example: Topology, monkeypatch: pytest.MonkeyPatch
) -> None:
    edge = platform("edge")
    assert edge is not None
    monkeypatch.setitem(REGISTERED, "edge", replace(edge, lab=None))
    host = next(host for host in example.hosts if host.platform == "edge")
    with pytest.raises(
        RefusedError, match=f"{host.name} is of platform edge; the lab can run hosts of platform asa, frr"
    ):
        node(host, example, ACCESS, esp_in_kernel=False)
