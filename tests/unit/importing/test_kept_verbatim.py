"""Lines for which there is no word do not leave their object alone: they stand in the inventory as they are."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml
from msgspec.structs import replace

from routebook.device.candidate import Section
from routebook.importing.found import Compared
from routebook.importing.proof import prove
from routebook.importing.report import Report, report_of
from tests.unit.importing.read import EDGE, IMPORTERS, imported, mate, read
from tests.unit.importing.test_tunnels import MOON, SUN, folders, hosts

__all__ = ["folders"]  # a fixture

KEPT = {
    " neighbor 198.51.100.2 password s3cr3t-password\n": " neighbor 198.51.100.2 solo\n",
    "  neighbor 198.51.100.2 maximum-prefix 1000\n": "  neighbor 198.51.100.2 soo 64500:7\n",
    " no bgp network import-check\n": " bgp bestpath med missing-as-worst\n bgp suppress-fib-pending\n",
    "  network 203.0.113.0/24\n": "  distance bgp 30 200 200\n",
    " match ip address prefix-list OWN\n": " set extcommunity rt 64500:1\n",
}


def with_kept(text: str = EDGE) -> str:
    for line, more in KEPT.items():
        assert line in text
        text = text.replace(line, line + more)
    return text


def kinds(report: Report, kind: str) -> list[str]:
    return [line.text for host in report.hosts for line in host.lines if line.kind == kind]


def test_an_object_with_lines_that_have_no_word_is_modelled_with_them(tmp_path: Path) -> None:
    proved = imported(tmp_path, {"edge1": with_kept(), "edge2": mate()})
    texts = proved.draft.texts()
    bgp, policy = (yaml.safe_load(texts[f"{name}.yaml"])[name] for name in ("bgp", "policy"))
    session = next(each for each in bgp["sessions"] if "transit-no" in each["ends"])
    said = session.get("edge1", {}) | session
    assert said["extra"] == {"lines": ["solo"], "ipv4-unicast": ["soo 64500:7"]}
    (options,) = bgp["options"]
    assert options["extra"] == {
        "lines": ["bgp bestpath med missing-as-worst", "bgp suppress-fib-pending"],
        "ipv4-unicast": ["distance bgp 30 200 200"],
    }
    assert policy["route_maps"]["TO-TRANSIT"][0]["extra"] == ["set extcommunity rt 64500:1"]
    assert proved.compared["edge1"].difference == ""
    report = report_of(proved)
    kept = [line.strip() for more in KEPT.values() for line in more.splitlines()]
    assert sorted(kinds(report, "verbatim")) == sorted(kept)
    assert not [text for text in kinds(report, "foreign") if "198.51.100.2" in text]


def test_a_line_that_cannot_be_kept_leaves_its_object_alone(tmp_path: Path) -> None:
    """What a peer-group says would become the session's own, and is nobody's that is read."""
    password = " neighbor 198.51.100.2 password s3cr3t-password\n"
    text = EDGE.replace(password, f"{password} neighbor 198.51.100.2 peer-group UPSTREAMS\n")
    report = report_of(imported(tmp_path, {"edge1": text, "edge2": mate()}))
    assert "neighbor 198.51.100.2 remote-as 64496" in kinds(report, "foreign")
    assert (report.sessions, report.differing, kinds(report, "verbatim")) == (2, [], [])


def test_lines_with_which_the_first_plan_would_not_be_empty_leave_their_object_alone(tmp_path: Path) -> None:
    def compare(sections: Sequence[Section], parts: Mapping[str, str]) -> Compared:
        del parts
        return Compared("shown otherwise" if any(" solo" in section.text for section in sections) else "")

    importers = {**IMPORTERS, "frr": replace(IMPORTERS["frr"], compare=compare)}
    proved = prove(read(tmp_path, {"edge1": with_kept(), "edge2": mate()}), importers, Path("/nonexistent"))
    assert proved.compared["edge1"].difference == ""
    why = {line.text: line.why for line in report_of(proved).hosts[0].lines if line.kind == "foreign"}
    assert "with `neighbor 198.51.100.2 soo 64500:7` kept as it stands" in why["neighbor 198.51.100.2 soo 64500:7"]
    assert report_of(proved).sessions == 2


def test_options_of_a_tunnel_that_have_no_word_are_kept_at_each_end(tmp_path: Path) -> None:
    moon = MOON.replace("    version = 2\n", "    version = 2\n    fragmentation = no\n")
    moon = moon.replace("        esp_proposals", "        tfc_padding = 1200\n        esp_proposals")
    assert moon.count("fragmentation") == 1
    proved = imported(tmp_path, hosts(moon, SUN))
    (entry,) = yaml.safe_load(proved.draft.texts()["tunnels.yaml"])["tunnels"]["list"]
    assert entry["moon"]["extra"]["lines"] == ["fragmentation = no"]
    assert "extra" not in entry["sun"]
    assert {name: each.difference for name, each in proved.compared.items()} == {"moon": "", "sun": ""}
    assert kinds(report_of(proved), "verbatim") == ["    fragmentation = no", "        tfc_padding = 1200"]
