"""What swanctl's files become: each tunnel once, its file taken over as it stands, or left alone with the reason."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from routebook.device.candidate import Section
from routebook.device.values import Snapshot
from routebook.importing.found import BadInputError
from routebook.importing.proof import Proved
from routebook.importing.report import report_of
from routebook.platforms.strongswan.component import SwanctlComponent
from routebook.platforms.strongswan.settings import parse
from routebook.platforms.strongswan.tree import MAIN, build, only_includes
from routebook.transport.deaf import DeafShell
from tests.unit.importing.read import EDGE, imported, mate, read, reported

INCLUDE = "include conf.d/*.conf\n"
MOON = """\
# to sun
connections {
  ms {
    version = 2
    mobike = no
    local_addrs = 192.0.2.1
    remote_addrs = 192.0.2.2
    proposals = aes256-sha256-modp2048, aes256gcm16-prfsha256-modp2048
    dpd_delay = 10
    local { auth = psk
      id = moon
    }
    remote-1 {
      auth = psk
      id = sun
    }
    children {
      ms {
        local_ts = 10.1.0.0/16
        remote_ts = 10.2.0.0/16
        esp_proposals = aes256gcm16-modp2048
        rekey_time = 1h
        start_action = trap
      }
    }
  }
}
secrets {
  ike-1 {
    id-1 = moon
    id-2 = sun
    secret = "very secret key"
  }
}
"""


def mirrored(text: str) -> str:
    for one, other in (("192.0.2.1", "192.0.2.2"), ("10.1.0.0", "10.2.0.0"), ("id = moon", "id = sun")):
        text = text.replace(one, "@").replace(other, one).replace("@", other)
    return text.replace("start_action = trap", "start_action = none")


SUN = mirrored(MOON)


def hosts(moon: str, sun: str, where: str = "conf.d/ms.conf") -> dict[str, str]:
    texts = {}
    for name, text in (("moon", moon), ("sun", sun)):
        texts[f"{name}/swanctl.conf"] = INCLUDE if where != "swanctl.conf" else text
        texts[f"{name}/{where}"] = text
    return texts


@pytest.fixture(autouse=True)
def folders(tmp_path: Path) -> None:
    for name in ("moon", "sun", "edge1"):
        (tmp_path / name / "conf.d").mkdir(parents=True)


def test_a_tunnel_of_which_both_ends_were_read_is_one_entry_and_its_file_is_taken_over(tmp_path: Path) -> None:
    proved = imported(tmp_path, hosts(MOON, SUN))
    (tunnel,) = yaml.safe_load(proved.draft.texts()["tunnels.yaml"])["tunnels"]["list"]
    assert (tunnel["ends"], tunnel["name"], tunnel["psk"]) == (["moon", "sun"], "ms", {"file": "secrets/ms.psk"})
    assert tunnel["sun"] == {"address": "192.0.2.2", "selectors": ["10.2.0.0/16"]}
    assert proved.draft.secrets == {"secrets/ms.psk": "very secret key"}
    assert yaml.safe_load(proved.draft.texts()["hosts.yaml"])["moon"]["data"]["adopt"] == [
        "/etc/swanctl/conf.d/ms.conf"
    ]
    assert [each.difference for each in proved.compared.values()] == ["", ""]
    assert "very secret" not in repr(proved.hosts) + "".join(proved.draft.texts().values())


@pytest.mark.parametrize("where", ["conf.d/ms.conf", "swanctl.conf"])
def test_every_line_is_of_one_class(tmp_path: Path, where: str) -> None:
    report = reported(tmp_path, hosts(MOON, SUN, where))
    lines = [line for line in report.hosts[0].lines if line.file.endswith(where)]
    assert [line.number for line in lines] == list(range(1, MOON.count("\n") + 1))
    assert {line.text for line in lines if line.kind != "modelled"} == {"# to sun"}
    assert (report.differing, report.tunnels) == ([], 1)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("version = 2", "version = 1", "it is of IKEv1"),
        ("dpd_delay = 10", "vips = 0.0.0.0", "the inventory has no word for vips"),
        ("local_addrs = 192.0.2.1", "local_addrs = 192.0.2.0/24", "local_addrs is 192.0.2.0/24, and no single address"),
        ("remote_addrs = 192.0.2.2", "remote_addrs = %any4", "remote_addrs is %any4: '%any4' is neither an address"),
        ("local_ts = 10.1.0.0/16", "local_ts = 10.1.0.0/16[tcp]", "local_ts has 10.1.0.0/16[tcp], which is no prefix"),
        ("aes256gcm16-modp2048\n        rekey", "aes256gcm16\n        rekey", "has no DH group"),
        ("secrets {", "pools {\n}\nsecrets {", "has pools of addresses as well, and is taken over as a whole"),
        ('  ike-1 {', '  ike-2 {\n    id = carol\n    secret = x\n  }\n  ike-1 {', "a key that no connection takes"),
        ("aes256-sha256", "3des-sha256", "is too weak"),
    ],
)  # fmt: skip
def test_what_the_inventory_cannot_say_leaves_both_ends_alone(tmp_path: Path, old: str, new: str, why: str) -> None:
    assert old in MOON
    sun = SUN.replace(old, new) if "weak" in why else SUN
    report = reported(tmp_path, hosts(MOON.replace(old, new), sun))
    assert (report.tunnels, report.differing) == (0, [])
    assert any(why in line.why for line in report.hosts[0].lines)
    assert {line.kind for host in report.hosts for line in host.lines} == {"foreign"}


def test_ends_that_cannot_come_up_are_a_finding_without_the_key(tmp_path: Path) -> None:
    (finding,) = reported(tmp_path, hosts(MOON, SUN.replace("very secret key", "another key"))).findings
    assert "they have different keys" in finding.message
    assert "moon/conf.d/ms.conf:3" in finding.message and "sun/conf.d/ms.conf:3" in finding.message
    assert "secret key" not in finding.message


def tunnel_of(proved: Proved) -> dict[str, Any]:
    assert [each.difference for each in proved.compared.values()] == [""] * len(proved.hosts)
    (tunnel,) = yaml.safe_load(proved.draft.texts()["tunnels.yaml"])["tunnels"]["list"]
    assert isinstance(tunnel, dict)
    return tunnel


@pytest.mark.parametrize(
    ("places", "address"),
    [
        ("192.0.2.2", "192.0.2.2"),
        ("sun.example.net", "sun.example.net"),
        ("%any", "any"),
        ("192.0.2.2, 192.0.2.8-192.0.2.9, 198.51.100.0/24", ["192.0.2.2", "192.0.2.8-192.0.2.9", "198.51.100.0/24"]),
    ],
)
def test_a_tunnel_to_somebody_else_is_one_with_a_peer_who_needs_no_number(
    tmp_path: Path, places: str, address: str | list[str]
) -> None:
    moon = {name: text for name, text in hosts(MOON, SUN).items() if name.startswith("moon/")}
    moon["moon/conf.d/ms.conf"] = MOON.replace("192.0.2.2", places)
    proved = imported(tmp_path, moon)
    tunnel = tunnel_of(proved)
    assert tunnel["ends"] == ["moon", "ms"]
    assert tunnel["ms"] == {"address": address, "id": "sun", "selectors": ["10.2.0.0/16"]}
    assert yaml.safe_load(proved.draft.texts()["network.yaml"])["peers"] == {"ms": {}}
    assert proved.network.hosts["moon"].tunnels[0].peer_host is None
    left = {line.text.strip() for line in report_of(proved).hosts[0].lines if line.kind != "modelled"}
    assert left <= {"", "# to sun", "include conf.d/*.conf"}


@pytest.mark.parametrize(
    ("at_moon", "at_sun", "written"),
    [
        ("remote_addrs = %any", "local_addrs = %any", {"address": "any"}),
        ("", "", {"address": "any"}),
        ("remote_addrs = sun.example.net", "", {"address": "any", "seen_as": "sun.example.net"}),
        ("remote_addrs = 203.0.113.7", "local_addrs = 10.99.0.2", {"address": "10.99.0.2", "seen_as": "203.0.113.7"}),
    ],
)
def test_an_end_that_changes_or_is_behind_nat_is_found_by_its_identity(
    tmp_path: Path, at_moon: str, at_sun: str, written: dict[str, str]
) -> None:
    moon = MOON.replace("remote_addrs = 192.0.2.2", at_moon).replace("start_action = trap", "start_action = none")
    sun = SUN.replace("local_addrs = 192.0.2.2", at_sun).replace("start_action = none", "start_action = start")
    tunnel = tunnel_of(imported(tmp_path, hosts(moon, sun)))
    assert {key: tunnel["sun"][key] for key in written} == written
    assert "seen_as" not in tunnel["moon"] and tunnel["moon"]["address"] == "192.0.2.1"


def test_an_end_that_takes_any_identity_stays_so(tmp_path: Path) -> None:
    moon, sun = MOON.replace("      id = sun\n", ""), SUN.replace("      id = moon\n", "")
    tunnel = tunnel_of(imported(tmp_path, hosts(moon, sun)))
    assert (tunnel["moon"]["accept_any_id"], tunnel["sun"]["accept_any_id"]) == (True, True)
    assert tunnel["name"] == "ms" and "id" not in tunnel["sun"]


def test_a_connection_that_takes_both_versions_stays_so(tmp_path: Path) -> None:
    both = (MOON.replace("    version = 2\n", ""), SUN.replace("version = 2", "version = 0"))
    tunnel = tunnel_of(imported(tmp_path, hosts(*both)))
    assert (tunnel["moon"]["accept_ikev1"], tunnel["sun"]["accept_ikev1"]) == (True, True)


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ({"moon/swanctl.conf": MOON[:-4]}, "section 'ike-1' is never closed"),
        ({"moon/swanctl.conf": "include conf.d/absent.conf\n"}, "includes /etc/swanctl/conf.d/absent.conf"),
        ({"moon/conf.d/ms.conf": MOON}, "has no swanctl.conf beside it"),
        (
            {"moon/ipsec.conf": "conn x\n"},
            "is of strongSwan's older starter, which Routebook does not configure; leave it out",
        ),
        ({"moon/swanctl.conf": MOON.replace('"very secret key"', "<redacted>")}, "the key of connection ms is masked"),
    ],
)
def test_bad_input_is_one_sentence_with_file_and_line(tmp_path: Path, texts: dict[str, str], message: str) -> None:
    with pytest.raises(BadInputError) as caught:
        read(tmp_path, texts)
    assert message in str(caught.value)
    assert str(caught.value).startswith(f"{tmp_path}/moon/")


def test_a_host_with_frr_and_strongswan_is_an_edge(tmp_path: Path) -> None:
    texts = {"edge1/frr.conf": EDGE, "edge1/swanctl.conf": "connections {\n}\n", "edge2": mate()}
    report = reported(tmp_path, texts)
    assert [(host.name, host.platform) for host in report.hosts] == [("edge1", "edge"), ("edge2", "frr")]
    assert (report.differing, report.sessions) == ([], 3)


SECTION = Section("connections", "/etc/swanctl/conf.d/routebook.conf", "", ("/etc/swanctl/conf.d/routebook.conf", MAIN))


def plan(running: str, rendered: str) -> tuple[str, tuple[str, ...]]:
    section = Section(SECTION.name, SECTION.part, rendered, SECTION.owns)
    change = SwanctlComponent(DeafShell()).plan([section], Snapshot({MAIN: running}, {MAIN: "0600 root root"})).change
    return change.diff, tuple(effect.kind for effect in change.effects)


def test_a_file_that_is_taken_over_stays_until_something_changes_and_then_goes(tmp_path: Path) -> None:
    del tmp_path
    same = MOON.replace("remote-1 {", "remote {").replace("dpd_delay = 10", "dpd_delay = 10s")
    same = same.replace('"very secret key"', "0sdmVyeSBzZWNyZXQga2V5").replace(
        "mobike = no\n", "mobike = no\n    encap = no\n"
    )
    assert plan(MOON, same) == ("", ())
    other = "connections {\n  zz {\n    remote_addrs = 192.0.2.9\n  }\n}\n"
    assert plan(MOON, same + other)[1] == ("tunnel-new",)  # and the one that is written otherwise keeps its SAs
    diff, effects = plan(MOON, same.replace("10.2.0.0/16", "10.3.0.0/16"))
    assert "-  ms {" in diff and "+include conf.d/*.conf" in diff and effects == ("child-rekey",)


def test_a_main_file_keeps_what_it_includes() -> None:
    assert only_includes(f"{MOON}include extra/*.conf\n") == "include extra/*.conf\ninclude conf.d/*.conf\n"
    assert only_includes(f"# mine\n{INCLUDE}") == f"# mine\n{INCLUDE}"
    assert build({MAIN: only_includes(MOON)}).connections == {}
    assert parse(only_includes(MOON), MAIN).items
