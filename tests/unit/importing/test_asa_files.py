"""An ASA's configuration becomes an inventory whose first plan is empty; every line of it is of one class."""

import re
from pathlib import Path

import pytest

from routebook.importing.found import BadInputError
from routebook.importing.report import HostReport
from tests.unit.importing.asa_texts import HEAD, INTERFACES, POLICY, REST, ROUTER, TAIL, WHOLE
from tests.unit.importing.read import imported, read, reported


def the_report(folder: Path, text: str, *, masked: bool = False) -> HostReport:
    (report,) = reported(folder, {"fw1/run.txt": text}, masked=masked).hosts
    assert sum(report.counts.values()) == len(text.replace("\r\n", "\n").removesuffix("\n").split("\n"))
    return report


def kinds(report: HostReport, start: str) -> set[str]:
    return {line.kind for line in report.lines if line.text.strip().startswith(start)}


def without(*lines: str) -> str:
    return "".join(f"{line}\n" for line in WHOLE.splitlines() if line.strip() not in lines)


def test_sessions_and_what_they_use_are_modelled_and_the_first_plan_is_empty(tmp_path: Path) -> None:
    report = the_report(tmp_path, WHOLE)
    assert report.difference == ""
    assert report.counts["refused"] == 0
    for start in (
        "router bgp", "bgp router-id", "neighbor 198.51.100.1", "neighbor 10.0.1.2", "neighbor 2001:db8:1::2",
        "network", "redistribute", "prefix-list", "route-map", "as-path", "community-list standard", "match", "set ",
    ):  # fmt: skip
        found = kinds(report, start)
        assert "modelled" in found, start
    assert kinds(report, "neighbor 198.51.100.1") == {"modelled"}
    # No word for it, or nothing uses it: it stays somebody else's.
    for start in (
        "neighbor 10.0.1.9",
        "bgp graceful-restart",
        "aggregate-address",
        "community-list expanded",
        "access-",
    ):
        assert kinds(report, start) == {"foreign"}, start
    assert not any("s3cr3t" in line.text + line.why for line in report.lines)


def test_the_inventory_says_what_a_person_would_write(tmp_path: Path) -> None:
    proved = imported(tmp_path, {"fw1/run.txt": WHOLE})
    host = proved.draft.data["hosts"]["fw1"]["data"]
    assert host["interfaces"]["loopback1"] == {"nameif": "LOOP", "addresses": ["10.255.1.1/32"]}
    assert host["router_id"] == "10.255.1.1"
    assert {"neighbor 198.51.100.1", "route-map TO-TRANSIT", "network 203.0.113.0"} <= set(host["adopt"])
    assert len(proved.network.sessions) == 3
    assert proved.draft.secrets == {"secrets/fw1--transit-no.password": "s3cr3t-password"}


@pytest.mark.parametrize(
    ("lines", "more"),
    [
        ("  neighbor 198.51.100.1 send-community\n", ""),
        ("  neighbor 198.51.100.1 description Transit NO\n", ""),
        ("", "  neighbor 198.51.100.1 disable-connected-check\n"),
        ("", "  neighbor 198.51.100.1 advertisement-interval 5\n"),
        ("", "  neighbor 198.51.100.1 remove-private-as\n"),
        ("", "  neighbor 198.51.100.1 filter-list 10 in\n"),
        ("", "  neighbor 198.51.100.1 local-as 64501 no-prepend replace-as\n"),
        ("", "  neighbor 198.51.100.1 shutdown\n"),
        ("", "  neighbor 198.51.100.1 transport connection-mode passive\n"),
        ("", "  neighbor 198.51.100.1 fall-over bfd\n"),
        ("  neighbor 198.51.100.1 ttl-security hops 1\n", "  neighbor 198.51.100.1 ebgp-multihop 2\n"),
        ("  neighbor 198.51.100.1 maximum-prefix 1000 80 restart 5\n",
         "  neighbor 198.51.100.1 maximum-prefix 1000 warning-only\n"),
        ("  neighbor 198.51.100.1 password s3cr3t-password\n", ""),
        ("  neighbor 198.51.100.1 timers 10 30\n", "  neighbor 198.51.100.1 timers 60 180\n"),
    ],
)  # fmt: skip
def test_each_word_of_a_neighbor_is_modelled(tmp_path: Path, lines: str, more: str) -> None:
    assert lines in WHOLE
    text = WHOLE.replace(lines, "") if lines else WHOLE
    text = text.replace("  neighbor 198.51.100.1 activate\n", f"{more}  neighbor 198.51.100.1 activate\n")
    report = the_report(tmp_path, text)
    assert report.difference == ""
    assert kinds(report, "neighbor 198.51.100.1") == {"modelled"}, [
        line.why for line in report.lines if "198.51.100.1" in line.text
    ]


def test_a_default_route_to_a_neighbor_of_ours_is_modelled(tmp_path: Path) -> None:
    more = "  neighbor 10.0.1.2 default-originate route-map TO-TRANSIT\n  neighbor 10.0.1.2 activate\n"
    report = the_report(tmp_path, WHOLE.replace("  neighbor 10.0.1.2 activate\n", more))
    assert kinds(report, "neighbor 10.0.1.2") == {"modelled"}


@pytest.mark.parametrize(
    "line",
    ["neighbor 198.51.100.1 advertise-map X exist-map Y", "neighbor 198.51.100.1 distribute-list 1 in",
     "neighbor 198.51.100.1 timers 10 30 30", "neighbor 198.51.100.1 update-source outside"],
)  # fmt: skip
def test_a_neighbor_with_a_line_without_a_word_stays_somebody_elses_as_a_whole(tmp_path: Path, line: str) -> None:
    text = WHOLE.replace("  neighbor 198.51.100.1 activate\n", f"  {line}\n  neighbor 198.51.100.1 activate\n")
    report = the_report(tmp_path, text)
    assert kinds(report, "neighbor 198.51.100.1") == {"foreign"}
    assert kinds(report, "neighbor 10.0.1.2") == {"modelled"}
    assert report.difference == ""


def test_a_router_that_chooses_its_router_id_goes_on_choosing_it(tmp_path: Path) -> None:
    report = the_report(tmp_path, without("bgp router-id 10.255.1.1"))
    assert kinds(report, "neighbor 198.51.100.1") == {"modelled"}
    assert report.difference == ""


def test_communities_as_one_number_are_left_alone(tmp_path: Path) -> None:
    report = the_report(tmp_path, without("bgp-community new-format"))
    assert kinds(report, "community-list") == {"foreign"}
    assert kinds(report, "neighbor 10.0.1.2") == {"modelled"}


def test_a_session_between_two_asas_is_one(tmp_path: Path) -> None:
    mate = WHOLE.replace("hostname fw1", "hostname fw2").replace("10.0.1.1 255", "10.0.1.X 255")
    mate = mate.replace("neighbor 10.0.1.2", "neighbor 10.0.1.1").replace("10.0.1.X", "10.0.1.2")
    mate = re.sub(r"  neighbor (198|2001).*\n| ipv6 address.*\n", "", mate).replace("198.51.100.2 ", "198.51.100.6 ")
    mate = mate.replace("10.255.1.1", "10.255.1.2").replace("  network 203.0.113.0\n", "")
    report = reported(tmp_path, {"fw1/run.txt": WHOLE, "fw2/run.txt": mate})
    assert report.differing == []
    assert all(kinds(host, "neighbor 10.0.1.") >= {"modelled"} for host in report.hosts)
    assert report.findings == ()


@pytest.mark.parametrize(
    ("text", "number", "said"),
    [
        (WHOLE.replace("s3cr3t-password", "*****"), 64, "a secret is masked; read it where it is in clear: `more"),
        (HEAD + INTERFACES + POLICY, 50, "has no `: end`: half of the file is missing; copy it once more"),
        (WHOLE.replace("ASA Version", "NGFW Version"), 4, "is of a NGFW, and not of an ASA"),
        (HEAD + INTERFACES + ROUTER + ROUTER.replace("64500", "64501") + TAIL, 72, "is a second one beside AS 64500"),
        ("hostname x\nversion 15.2\nip cef\n", 1, "is of no kind that is imported"),
    ],
)  # fmt: skip
def test_bad_input_is_said_with_file_and_line(tmp_path: Path, text: str, number: int, said: str) -> None:
    with pytest.raises(BadInputError, match=re.escape(said)) as raised:
        read(tmp_path, {"fw1/run.txt": text})
    assert str(raised.value).startswith(f"{tmp_path}/fw1/run.txt:{number}: ")
    assert "s3cr3t" not in str(raised.value)


def test_a_second_configuration_of_one_host_is_refused(tmp_path: Path) -> None:
    (tmp_path / "fw1").mkdir()
    (tmp_path / "fw1" / "a.txt").write_text(WHOLE)
    with pytest.raises(BadInputError, match="is a second configuration of fw1"):
        read(tmp_path, {"fw1/b.txt": WHOLE})


def test_line_ends_and_a_missing_last_one_are_of_no_account(tmp_path: Path) -> None:
    counts = the_report(tmp_path, WHOLE).counts
    for name, text in (("crlf", WHOLE.replace("\n", "\r\n")), ("cut", WHOLE.removesuffix("\n"))):
        folder = tmp_path / name
        folder.mkdir()
        report = the_report(folder, text)
        assert (report.counts, report.difference) == (counts, "")


def test_masked_secrets_may_be_left_out(tmp_path: Path) -> None:
    report = the_report(tmp_path, WHOLE.replace("s3cr3t-password", "*****"), masked=True)
    assert report.difference == ""
    assert kinds(report, "neighbor 198.51.100.1") == {"modelled"}


def test_what_is_shown_without_its_header_is_recognised(tmp_path: Path) -> None:
    assert the_report(tmp_path, INTERFACES + REST + POLICY + ROUTER).difference == ""


def test_a_line_that_no_asa_has_is_refused(tmp_path: Path) -> None:
    report = the_report(tmp_path, WHOLE.replace("timeout xlate", "tiemout xlate"))
    (line,) = [line for line in report.lines if line.kind == "refused"]
    assert (line.text, line.why) == ("tiemout xlate 3:00:00", "it is no line that is known")
