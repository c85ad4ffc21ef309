"""Sessions that are alike become one mesh, and those that are not stay as they are."""

from itertools import combinations
from pathlib import Path

import yaml

from tests.unit.importing.read import imported


def hosts(names: list[str], pairs: list[tuple[str, str]], more: dict[tuple[str, str], list[str]]) -> dict[str, str]:
    """Configurations of hosts with internal sessions between their loopbacks; `more` are lines of one's family."""
    address = {name: f"10.255.0.{number}" for number, name in enumerate(names, 1)}
    texts = {}
    for name in names:
        peers = [b if a == name else a for a, b in pairs if name in (a, b)]
        lines = [f"interface lo\n ip address {address[name]}/32\nexit", "router bgp 64500"]
        lines += [f" bgp router-id {address[name]}", " no bgp default ipv4-unicast"]
        for peer in peers:
            about = f" neighbor {address[peer]}"
            lines += [
                f"{about} remote-as 64500",
                f"{about} description {peer}",
                f"{about} update-source {address[name]}",
            ]
        lines += [" address-family ipv4 unicast"]
        for peer in peers:
            lines += [f"  neighbor {address[peer]} {line}" for line in ["activate", *more.get((name, peer), [])]]
        texts[name] = "\n".join([*lines, " exit-address-family", "exit", ""])
    return texts


def bgp(folder: Path, texts: dict[str, str]) -> dict[str, object]:
    proved = imported(folder, texts)
    assert all(not each.difference for each in proved.compared.values())
    found: dict[str, object] = yaml.safe_load(proved.draft.texts()["bgp.yaml"])["bgp"]
    return found


def test_every_pair_alike_is_a_mesh(tmp_path: Path) -> None:
    names = ["a1", "a2", "a3", "a4"]
    found = bgp(tmp_path, hosts(names, list(combinations(names, 2)), {}))
    assert found == {"meshes": [{"mesh": "all x all", "via": "loopback"}]}


def test_one_pair_that_differs_keeps_all_of_them_apart(tmp_path: Path) -> None:
    names = ["a1", "a2", "a3"]
    found = bgp(tmp_path, hosts(names, list(combinations(names, 2)), {("a1", "a2"): ["next-hop-self"]}))
    assert "meshes" not in found
    assert len(found["sessions"]) == 3  # type: ignore[arg-type]  # a list, as anything of YAML


def test_reflectors_and_their_clients_are_a_mesh_of_groups(tmp_path: Path) -> None:
    clients, reflectors = ["e1", "e2"], ["r1", "r2"]
    pairs = [(c, r) for c in clients for r in reflectors]
    more = {(r, c): ["route-reflector-client"] for c, r in pairs} | {(c, r): ["next-hop-self"] for c, r in pairs}
    texts = hosts([*clients, *reflectors], [*pairs, ("r1", "r2")], more)
    proved = imported(tmp_path, texts)
    data = yaml.safe_load(proved.draft.texts()["bgp.yaml"])["bgp"]
    assert data["meshes"] == [
        {"mesh": "client x reflector", "via": "loopback", "reflect": True, "client": {"next_hop_self": True}}
    ]
    assert [entry["ends"] for entry in data["sessions"]] == [["r1", "r2"]]
    assert yaml.safe_load(proved.draft.texts()["hosts.yaml"])["e1"]["groups"] == ["client"]
    assert all(not each.difference for each in proved.compared.values())
