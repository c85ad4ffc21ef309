"""Trouble on the way: a clear sentence, the right exit code, and every device as it was."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from lab import links
from tests.lab import devices, faults
from tests.lab.conftest import RunningLab
from tests.lab.runs.conftest import Unchanged, edited

TRANSIT = "2001:db8:f001::1"
ROUTE_SERVER = "2001:db8:f003::2"
PER_AS = ("router bgp 65550", "address-family ipv6 unicast", f"neighbor {TRANSIT} addpath-tx-bestpath-per-AS")
CHANGE = ("inventory/policy.yaml", "local_preference: 200", "local_preference: 210")  # on ch-edge1 and ch-edge2


def refused(lab: RunningLab, *arguments: str, code: int = 1) -> str:
    """What the command says on its way out; it ends with `code`."""
    done: subprocess.CompletedProcess[str] = lab.routebook(*arguments)
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    return " ".join((done.stdout + done.stderr).split())


@contextmanager
def login(lab: RunningLab, host: str, extra: str) -> Iterator[None]:
    """One host with other login options."""
    with edited(lab, "inventory/hosts.yaml", rf"(?m)^{host}:\n", f"{host}:\n{extra}"):
        yield


def test_an_unknown_runbook_names_the_nearest(standing: RunningLab) -> None:
    assert "did you mean 'deploy'" in refused(standing, "run", "deploi", "--yes")


def test_an_unknown_host_names_the_nearest(standing: RunningLab) -> None:
    assert "did you mean 'no-edge1'" in refused(standing, "run", "deploy", "--yes", "--limit", "no-edg1")


def test_nobody_to_ask_is_refused(standing: RunningLab, unchanged: Unchanged) -> None:
    with edited(standing, *CHANGE):
        assert "--yes" in refused(standing, "run", "bgp")
    unchanged()


def test_invalid_intent_is_refused_with_file_and_line(standing: RunningLab, unchanged: Unchanged) -> None:
    with edited(standing, "inventory/bgp.yaml", "RB-IXP-IN", "RB-IXP-INN"):
        said = refused(standing, "run", "bgp", "--yes")
    assert "inventory/bgp.yaml:" in said
    assert "RB-IXP-IN" in said
    unchanged()


def test_an_unreachable_host_stops_the_run_before_any_change(standing: RunningLab, unchanged: Unchanged) -> None:
    links.link_down(standing.lab, "ch-edge1")
    try:
        with edited(standing, *CHANGE):
            said = refused(standing, "run", "bgp", "--yes")
    finally:
        links.link_up(standing.lab, "ch-edge1")
    assert "ch-edge1" in said
    assert "nothing was changed" in said.lower()
    unchanged()


def test_a_wrong_host_key_is_refused(standing: RunningLab, unchanged: Unchanged) -> None:
    known = standing.project / ".routebook/lab/known_hosts"
    original = known.read_text()
    keys = {line.split()[0]: line.split()[2] for line in original.splitlines() if line}
    known.write_text(original.replace(keys["192.0.2.41"], keys["192.0.2.42"]))
    try:
        with edited(standing, *CHANGE):
            said = refused(standing, "run", "bgp", "--yes")
    finally:
        known.write_text(original)
    assert "host key" in said
    assert "SHA256:" in said
    unchanged()


def test_an_unknown_host_key_is_refused(standing: RunningLab, unchanged: Unchanged) -> None:
    known = standing.project / ".routebook/lab/known_hosts"
    original = known.read_text()
    known.write_text("".join(line for line in original.splitlines(True) if not line.startswith("192.0.2.42 ")))
    try:
        said = refused(standing, "plan", "deploy")
    finally:
        known.write_text(original)
    assert "host key" in said
    unchanged()


def test_a_wrong_password_is_refused_and_not_shown(
    standing: RunningLab, unchanged: Unchanged, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WRONG_PASSWORD", "hunter-and-gatherer")
    extra = (
        "  username: pwsudo\n  password: {env: WRONG_PASSWORD}\n"
        "  connection_options: {napalm: {extras: {optional_args: "
        "{known_hosts_file: .routebook/lab/known_hosts, allow_agent: false, use_keys: false}}}}\n"
    )
    with login(standing, "ch-edge3", extra):
        said = refused(standing, "plan", "deploy")
    assert "ch-edge3" in said
    assert "pwsudo" in said
    assert "hunter-and-gatherer" not in said
    unchanged()


def test_devices_whose_management_addresses_are_exchanged_are_refused(
    standing: RunningLab, unchanged: Unchanged
) -> None:
    """Each with a known host key: the keys are of addresses."""
    file = standing.project / "inventory/hosts.yaml"
    original = file.read_text()
    one, other = "hostname: 192.0.2.41\n", "hostname: 192.0.2.42\n"
    file.write_text(original.replace(one, "\0").replace(other, one).replace("\0", other))
    try:
        for command in (("plan", "bgp"), ("run", "bgp", "--yes"), ("drift",)):
            said = refused(standing, *command)
            assert "ch-edge1 (192.0.2.42) answers as ch-edge2: its hostname is ch-edge2" in said
            assert "ch-edge2 (192.0.2.41) answers as ch-edge1: its hostname is ch-edge1" in said
        assert "answers as ch-edge2" in refused(standing, "verify", code=3)
        # Neither by its name: the router ID and the addresses are the other's, too.
        assert "its router ID is 10.255.4.2; it has the address" in refused(standing, "plan", "bgp")
    finally:
        file.write_text(original)
    unchanged()


def test_an_account_without_sudo_is_refused_with_the_line_that_sudoers_needs(
    standing: RunningLab, unchanged: Unchanged
) -> None:
    with login(standing, "ch-edge3", "  username: nosudo\n"):
        said = refused(standing, "plan", "deploy")
    assert "sudo" in said
    assert "NOPASSWD" in said
    unchanged()


def test_a_full_disk_is_found_before_anything_is_pushed(standing: RunningLab, unchanged: Unchanged) -> None:
    faults.fill_disk(standing.lab, "ch-edge2")
    try:
        with edited(standing, *CHANGE):
            said = refused(standing, "run", "bgp", "--yes")
    finally:
        faults.free_disk(standing.lab, "ch-edge2")
    assert "ch-edge2" in said
    assert "not armed" in said
    assert "left, which confirming would take" in said
    unchanged()


@pytest.mark.parametrize(("daemon", "name"), [("frr", "FRR"), ("charon", "charon")])
def test_a_daemon_that_does_not_run_is_named_before_any_change(
    deployed: RunningLab, daemon: faults.Daemon, name: str
) -> None:
    faults.stop(deployed.lab, "ch-edge3", daemon)
    try:
        with edited(deployed, "inventory/bgp.yaml", "connect_retry: 10", "connect_retry: 11"):
            said = refused(deployed, "run", "deploy", "--yes")
        assert "ch-edge3" in said
        assert name.lower() in said.lower()
        assert "timers connect 11" not in devices.on(deployed, "no-edge1", "vtysh -c 'show running-config'")
    finally:
        faults.start(deployed.lab, "ch-edge3", daemon)


def test_a_template_error_names_template_line_and_host(standing: RunningLab, unchanged: Unchanged) -> None:
    with edited(standing, "templates/frr/bgp.j2", r"\A", "{{ host.bgpp.asn }}\n"):
        said = refused(standing, "run", "bgp", "--yes")
    assert "templates/frr/bgp.j2:1" in said
    assert "bgpp" in said
    unchanged()


def test_a_line_that_frr_does_not_know_is_refused_by_its_own_syntax_check(
    standing: RunningLab, unchanged: Unchanged
) -> None:
    with edited(standing, "templates/frr/policy.j2", r"\A", "ipv6 prefix-liste RB-X seq 5 permit ::/0\n"):
        said = refused(standing, "plan", "bgp")
    assert "prefix-liste" in said
    unchanged()


def test_a_candidate_that_frr_rejects_half_way_is_rolled_back_with_its_own_words(
    standing: RunningLab, unchanged: Unchanged
) -> None:
    broken = (
        "router bgp 65550\n address-family ipv6 unicast\n  neighbor 192.0.2.99 activate\n exit-address-family\nexit\n"
    )
    with edited(standing, "templates/frr/bgp.j2", r"\Z", broken), edited(standing, *CHANGE):
        done = standing.routebook("run", "bgp", "--yes", "--json")
    assert done.returncode in (1, 3), done.stdout + done.stderr
    result = json.loads(done.stdout)
    assert any("192.0.2.99" in host["message"] for host in result["hosts"].values()), result
    unchanged()


def test_a_proposal_that_charon_does_not_know_changes_nothing(standing: RunningLab, unchanged: Unchanged) -> None:
    with edited(
        standing, "templates/strongswan/connections.j2", r"esp_proposals = .*", "esp_proposals = aes257gcm16-modp2048"
    ):
        done = standing.routebook("run", "tunnels", "--yes", "--json")
    assert done.returncode in (1, 3), done.stdout + done.stderr
    assert "aes257gcm16" in done.stdout
    unchanged()


def by_hand(lab: RunningLab, host: str, *lines: str) -> None:
    typed = " ".join(f"-c '{line}'" for line in ("configure terminal", *lines))
    devices.on(lab, host, f"vtysh {typed}")


def said(lab: RunningLab, *arguments: str, code: int) -> dict[str, Any]:
    done = lab.routebook(*arguments, "--json")
    assert done.returncode == code, done.stdout + done.stderr
    return dict(json.loads(done.stdout))


def failed(result: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(f["host"], f["check"], f["subject"]) for f in result["findings"] if f["status"] == "failed"]


def test_a_configuration_that_somebody_changed_is_not_as_intended(deployed: RunningLab) -> None:
    family = ("router bgp 65550", "address-family ipv6 unicast")
    by_hand(deployed, "no-edge1", *family, f"neighbor {TRANSIT} maximum-prefix 300001")
    by_hand(deployed, "ch-edge2", *family, f"neighbor {ROUTE_SERVER} maximum-prefix 5001")
    by_hand(deployed, "no-edge2", "no route-map RB-TRANSIT-NO-IN deny 10")
    result = said(deployed, "verify", code=3)
    assert failed(result) == [(host, "config.drift", host) for host in ("ch-edge2", "no-edge1", "no-edge2")]
    evidence = "\n".join(line for f in result["findings"] if f["check"] == "config.drift" for line in f["evidence"])
    assert "no-edge1: -   neighbor 2001:db8:f001::1 maximum-prefix 300001" in evidence
    assert f"ch-edge2: -   neighbor {ROUTE_SERVER} maximum-prefix 5001" in evidence
    assert "no-edge2: + route-map RB-TRANSIT-NO-IN deny 10" in evidence
    assert said(deployed, "drift", code=2)["outcome"] == "drifted"
    assert said(deployed, "drift", "--limit", "ch-edge1", code=0)["outcome"] == "as_intended"
    assert failed(said(deployed, "verify", "--no-config", code=0)) == []
    assert said(deployed, "run", "deploy", "--yes", code=0)["outcome"] == "confirmed"
    assert said(deployed, "drift", code=0)["outcome"] == "as_intended"


def test_a_reset_that_was_not_forecast_rolls_the_run_back_unless_it_is_accepted(deployed: RunningLab) -> None:
    by_hand(deployed, "no-edge1", *PER_AS)
    said(deployed, "verify", "--no-config", "--wait", "60", code=0)
    before = devices.read(deployed, "no-edge1")
    result = said(deployed, "run", "bgp", "--yes", "--limit", "no-edge1", code=3)
    assert failed(result) == [("no-edge1", "bgp.reset", TRANSIT)]
    assert devices.read(deployed, "no-edge1") == before
    result = said(deployed, "run", "bgp", "--yes", "--limit", "no-edge1", "--accept", "unforecast-reset", code=0)
    assert [f["status"] for f in result["findings"] if f["check"] == "bgp.reset"] == ["warning"]
