"""Each host of the lab runs the daemons of the release that its inventory says, or of this machine."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from lab import releases
from lab.host import Access, node
from lab.node import Node
from lab.speakers import cache_node, peer_node
from lab.topology import Topology, read
from routebook.cli.init import make_project
from routebook.errors import RefusedError
from routebook.intent.load import load
from routebook.project.secret_files import make_missing

ACCESS = Access("ssh-ed25519 AAAA key", dict.fromkeys(("operator", "nosudo", "pwsudo"), "$6$x$y"), "a private key")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache in which trixie is unpacked."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "cache/routebook/releases"
    (folder / "trixie/usr/sbin").mkdir(parents=True)
    (folder / "trixie/usr/sbin/sshd").write_bytes(b"persourcepenalties")
    (folder / "trixie.json").write_text(json.dumps({"frr": "10.3-3"}))
    return folder


def topology(project: Path, release: str) -> Topology:
    """The example, with a release for all hosts but one, for a peer and for the cache."""
    make_project(project)
    inventory = project / "inventory"
    for file, old, new in (
        ("defaults", "\nusername:", f"\ndata: {{lab: {{release: {release}}}}}\nusername:"),
        ("hosts", "  groups: [ch, edge]\n  data:\n", "  groups: [ch, edge]\n  data:\n    lab: {release: sid}\n"),
        ("network", "lab: {speaker: bird, ", f"lab: {{release: {release}, speaker: bird, "),
        ("network", "- {name: rpki-cache,", f"- {{lab: {{release: {release}}}, name: rpki-cache,"),
    ):
        text = (inventory / f"{file}.yaml").read_text()
        assert old in text, file
        (inventory / f"{file}.yaml").write_text(text.replace(old, new, 1))
    make_missing(load(project))
    return read(project)


def test_a_release_is_inherited_by_linux_hosts_alone_and_the_nearest_one_counts(tmp_path: Path) -> None:
    found = {host.name: (host.platform, host.daemons) for host in topology(tmp_path / "project", "trixie").hosts}
    assert {platform for platform, daemons in found.values() if not daemons} == {"asa", "pfsense"}
    assert found["ch-edge1"] == ("edge", "sid")
    assert {daemons for name, (_, daemons) in found.items() if name != "ch-edge1"} == {"", "trixie"}


def test_whoever_has_a_release_is_played_in_its_root(tmp_path: Path, cache: Path) -> None:
    made = topology(tmp_path / "project", "trixie")
    edge = node(made.host("no-edge1"), made, ACCESS, esp_in_kernel=False)
    firewall = node(made.host("home-fw1"), made, ACCESS, esp_in_kernel=False)
    peers = {peer.name: peer_node(peer).root for peer in made.peers}
    assert (edge.root, firewall.root) == (str(cache / "trixie"), "")
    assert "PerSourcePenalties no" in edge.files["/etc/ssh/sshd_config"].text  # of that release's sshd
    assert {name for name, root in peers.items() if root} == {"transit-no"}
    assert [cache_node(each, made).root for each in made.caches] == [str(cache / "trixie")]


def test_what_is_not_unpacked_is_refused_with_the_command_that_unpacks_it(tmp_path: Path, cache: Path) -> None:
    made = topology(tmp_path / "project", "bookworm")
    plays: tuple[Callable[[], Node], ...] = (
        lambda: node(made.host("no-edge1"), made, ACCESS, esp_in_kernel=False),
        lambda: peer_node(made.peers[0]),
        lambda: cache_node(made.caches[0], made),
    )
    for play in plays:
        with pytest.raises(RefusedError) as refused:
            play()
        assert f"the daemons of bookworm, which are not in {cache}" in str(refused.value)
        assert "sudo routebook lab releases bookworm" in str(refused.value)


@pytest.mark.usefixtures("cache")
def test_the_versions_are_those_of_what_is_unpacked() -> None:
    assert releases.versions("trixie") == {"frr": "10.3-3"}
    assert releases.versions("sid") == {}
    with pytest.raises(RefusedError, match="there is no release squeeze; there are bookworm, trixie, sid"):
        releases.unpack("squeeze")
