"""What FRR does that a caller would not expect, reproduced on the real daemons, and that none of it gets through."""

import json
import subprocess
import threading
from pathlib import Path

import pytest

from routebook.device.errors import CandidateError, DriverError
from routebook.platforms.frr import revert
from tests.lab.frr.edge import INTENT, Edge, put
from tests.lab.waiting import wait_for

TRANSIT = "neighbor 2001:db8:f001::1"
UNKNOWN_NEIGHBOR = INTENT.replace(
    "  neighbor 10.255.3.3 activate\n", "  neighbor 10.255.3.3 activate\n  neighbor 203.0.113.9 activate\n", 1
).replace("description transit-no", "description changed")


@pytest.fixture(autouse=True)
def start_as_intended(edge: Edge) -> None:
    wait_for(lambda: "bgpd" in edge.host.vtysh("show daemons").split(), 30, "bgpd")
    if edge.plan(INTENT).change:
        edge.apply(INTENT)


def test_a_syntax_error_is_refused_with_its_line_and_changes_nothing(edge: Edge) -> None:
    before = edge.running()
    broken = INTENT.replace(" neighbor 10.255.4.3 description ch-edge3", " neighbr 10.255.4.3 description ch-edge3")
    # FRR's own tool computes, for the same file, a difference that deletes what the file says (FRR issue 10453).
    edge.host.sh(f"cat >/run/broken.conf <<'EOF'\n{broken}\nEOF")
    tool = edge.host.shell.run("/usr/lib/frr/frr-reload.py --test --stdout /run/broken.conf")
    assert tool.status == 1
    assert "no router bgp 65550" in tool.stdout

    with pytest.raises(CandidateError) as refused:
        edge.plan(broken)
    assert refused.value.line == "neighbr 10.255.4.3 description ch-edge3"
    assert refused.value.changed is False
    assert edge.running() == before


def test_vtysh_says_success_without_bgpd_and_the_snapshot_does_not(edge: Edge) -> None:
    edge.host.sh("kill -9 $(cat /run/frr/bgpd.pid)")  # watchfrr starts it again after some seconds
    shown = edge.host.shell.run("vtysh -c 'show running-config'")
    assert shown.status == 0
    assert "\nrouter bgp" not in shown.stdout
    assert edge.host.shell.run("echo 'router bgp 65550' | vtysh -f /dev/stdin").status == 0
    with pytest.raises(DriverError, match="bgpd does not answer"):
        edge.snapshot()
    with pytest.raises(DriverError, match="bgpd does not run"):
        edge.component.speaker(edge.component.shell)


def test_what_only_the_daemon_refuses_is_told_and_undone_to_the_byte(edge: Edge) -> None:
    before = edge.running()
    change = edge.plan(UNKNOWN_NEIGHBOR)  # vtysh -C finds nothing wrong with it
    folder = edge.store(change)
    with pytest.raises(CandidateError) as refused:
        edge.component.push(change, folder)
    assert refused.value.changed is True
    assert refused.value.line == "neighbor 203.0.113.9 activate"
    assert "Specify remote-as or peer-group commands first" in str(refused.value)
    assert "description changed" in edge.running(), "vtysh applies the rest"
    assert edge.revert(folder).status == 0
    assert edge.running() == before


def test_a_malformed_community_is_told_in_frrs_words(edge: Edge) -> None:
    wrong = INTENT.replace("RB-GSHUT seq 5 permit graceful-shutdown", "RB-GSHUT seq 5 permit 65550:1")
    change = edge.plan(wrong)
    folder = edge.store(change)
    with pytest.raises(CandidateError, match="Malformed community-list value"):
        edge.component.push(change, folder)
    assert edge.revert(folder).status == 0


@pytest.mark.parametrize(
    ("context", "line"),
    [
        ("router", "timers bgp 60 180"),
        ("router", "bgp graceful-restart restart-time 120"),
        ("router", "bgp ebgp-requires-policy"),
        ("router", "bgp default ipv4-unicast"),
        ("router", f"{TRANSIT} ebgp-multihop"),
        ("router", "neighbor 10.255.3.3 bfd profile RB-FAST"),
        ("router", "no neighbor 10.255.3.3 shutdown"),
        ("family", "neighbor 10.255.3.3 send-community both"),
        ("family", "neighbor 10.255.3.3 allowas-in 3"),
        ("family", f"{TRANSIT} maximum-prefix 1000 75"),
        ("family", "distance bgp 20 200 200"),
        ("family", "neighbor 10.255.4.3 addpath-tx-bestpath-per-AS"),
        ("top", "ip prefix-list RB-NEW permit 10.0.0.0/8"),
        ("top", "bgp community-list standard RB-NEW permit 65000:1"),
    ],
)
def test_a_line_that_would_differ_on_every_run_is_refused(edge: Edge, context: str, line: str) -> None:
    before = edge.running()
    after = {"router": " bgp router-id 10.255.3.1", "family": "  neighbor 10.255.4.3 activate", "top": "rpki"}[context]
    head, _, tail = INTENT.rpartition(f"{after}\n")
    pad = {"router": " ", "family": "  ", "top": ""}[context]
    candidate = f"{head}{line}\n{after}\n{tail}" if context == "top" else f"{head}{after}\n{pad}{line}\n{tail}"

    with pytest.raises(CandidateError) as refused:
        edge.plan(candidate)
    assert line in str(refused.value)
    assert refused.value.changed is False

    # So it is: FRR takes the line, and shows another one or none, or one more.
    shown = _shown_after(edge, candidate, before)
    wanted = " ".join(line.split())
    as_given = "mgmtd" in edge.host.vtysh("show daemons") and wanted.endswith(" ebgp-multihop")  # since 10
    assert as_given or wanted not in shown or len(shown) > 1
    edge.apply(INTENT)


def _shown_after(edge: Edge, candidate: str, before: str) -> set[str]:
    if "ebgp-multihop" in candidate:
        candidate = candidate.replace(f" {TRANSIT} ttl-security hops 1\n", "")
        edge.load(f"router bgp 65550\n no {TRANSIT} ttl-security hops 1\nexit")
        before = edge.running()
    edge.host.shell.run(f"cat >/run/by-hand.conf <<'EOF'\n{candidate}\nEOF\nvtysh -f /run/by-hand.conf")
    return {line.strip() for line in edge.running().splitlines()} - {line.strip() for line in before.splitlines()}


def test_members_do_not_repeat_their_groups_as(edge: Edge) -> None:
    candidate = INTENT.replace(
        " neighbor 10.255.3.3 remote-as 65550\n",
        " neighbor RR peer-group\n neighbor RR remote-as 65550\n"
        " neighbor 10.255.3.3 remote-as 65550\n neighbor 10.255.3.3 peer-group RR\n",
    )
    with pytest.raises(CandidateError, match="peer-group sets it already"):
        edge.plan(candidate)


def test_secrets_are_in_no_argument_and_in_nothing_that_is_shown(edge: Edge) -> None:
    secret = "Xq7-very-secret"
    candidate = INTENT.replace("first-secret", secret)
    seen: list[str] = []
    done = threading.Event()

    def watch() -> None:
        while not done.is_set():
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    text = path.read_bytes()
                except OSError:
                    continue
                if secret.encode() in text:
                    seen.append(text.decode(errors="replace"))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        change = edge.plan(candidate)
        folder = "/run/routebook/secrets"
        edge.host.sh(f"mkdir -p {folder}")
        for name, text in change.uploads.items():
            edge.host.shell.run(f"cat >{folder}/{name} <<'EOF'\n{text}EOF")
        edge.component.push(change, folder)
        edge.host.sh(f"cat >{folder}/revert.sh <<'EOF'\n{change.revert}EOF")
        assert edge.revert(folder).status == 0
    finally:
        done.set()
        watcher.join()
    assert seen == []
    shown = [change.change.diff, *change.change.commands, *change.change.undo, *change.change.warnings, change.revert]
    assert not any(secret in text or "first-secret" in text for text in shown)
    assert "password <secret>" in change.change.diff
    assert edge.component.redact(edge.running()).count("<secret>") == 1


@pytest.mark.parametrize("part", [1, 2, 3, 4, 5])
def test_a_push_that_stopped_halfway_is_undone_to_the_byte(edge: Edge, part: int) -> None:
    before = edge.running()
    candidate = (
        INTENT.replace("RB-OUT", "RB-EXPORT")
        .replace("RB-OWN4", "RB-OWN")
        .replace("2001:db8:f001::1", "2001:db8:f001::9")
    )
    change = edge.plan(candidate)
    folder = edge.store(change)
    lines = change.uploads[revert.PUSH].splitlines()
    half = "\n".join(lines[: len(lines) * part // 6])
    edge.host.sh(f"cat >/run/half <<'EOF'\n{half}\nEOF\nvtysh -f /run/half")
    assert edge.running() != before
    assert edge.revert(folder).status == 0
    assert edge.running() == before


def test_a_push_outlives_its_connection(edge: Edge) -> None:
    before = edge.running()
    change = edge.plan(INTENT.replace("ch-edge3", "renamed"))
    folder = edge.store(change)
    client = subprocess.Popen(
        ["nsenter", "-t", str(edge.host.pid), "-n", "-u", "-i", "-m", "-p", "sh", "-s"],
        stdin=subprocess.PIPE,
        text=True,
    )
    assert client.stdin is not None
    client.stdin.write(f"{revert.push_script(folder)}\n")
    client.stdin.close()
    wait_for(lambda: edge.host.shell.run(f"test -s {folder}/frr.push.pid").status == 0, 10, "the push's start")
    client.kill()
    client.wait()
    wait_for(lambda: edge.host.shell.run(f"test -s {folder}/frr.push.status").status == 0, 10, "the push's end")
    assert "description renamed" in edge.running()
    with pytest.raises(DriverError, match="pushed or reverted before"):
        edge.component.push(change, folder)
    assert edge.revert(folder).status == 0
    assert edge.running() == before


def test_reverting_ends_a_push_that_still_runs(edge: Edge) -> None:
    change = edge.plan(INTENT.replace("ch-edge3", "renamed"))
    folder = edge.store(change)
    edge.host.sh(f"setsid sleep 1000 >/dev/null 2>&1 & echo $! >{folder}/frr.push.pid")
    assert edge.revert(folder).status == 0
    assert edge.host.shell.run(f"grep -q '[S] (sleeping)' /proc/$(cat {folder}/frr.push.pid)/status").status != 0


def test_a_foreign_change_in_between_is_undone_with_ours(edge: Edge) -> None:
    """The snapshot is the promise, whoever changed something after it."""
    before = edge.running()
    folder = edge.apply(INTENT.replace("ch-edge3", "renamed"))
    edge.load("route-map LEGACY permit 20\n set metric 5\nexit\nno ip route 10.99.0.0/24 Null0")
    assert edge.revert(folder).status == 0
    assert edge.running() == before
    assert edge.host.shell.run("test -e /var/log/frr/frr-reload.log").status != 0


def test_reverting_reports_failure_when_the_snapshot_cannot_be_reached(edge: Edge) -> None:
    change = edge.plan(INTENT.replace("ch-edge3", "renamed"))
    folder = edge.store(change)
    edge.host.sh(f"echo 'ip prefix-list NEVER seq 5 permit 1.2.3.4/33' >>{folder}/frr.running")
    edge.host.sh(f"sed -i 's/+ 90/+ 3/' {folder}/revert.sh")
    result = edge.revert(folder)
    assert result.status != 0
    assert result.stdout == "FRR: the running configuration differs from the snapshot\n"


def test_a_new_router_has_the_defaults_of_its_release_although_the_file_says_an_older_one(edge: Edge) -> None:
    """An upgrade leaves `frr version` as it was; the daemon then begins with that release's defaults."""
    edge.apply("")
    own = next(line for line in edge.running().splitlines() if line.startswith("frr version "))
    edge.host.sh("vtysh -c 'configure terminal' -c 'frr version 8.1'")
    try:
        edge.host.sh("vtysh -c 'configure terminal' -c 'router bgp 65550'")
        assert "no bgp hard-administrative-reset" in edge.running()  # the trap
        edge.host.sh("vtysh -c 'configure terminal' -c 'no router bgp 65550'")
        folder = edge.apply(INTENT)
        assert edge.plan(INTENT).change.commands == ()
        assert "hard-administrative-reset" not in edge.running()
        assert edge.revert(folder).status == 0
    finally:
        edge.host.sh(f"vtysh -c 'configure terminal' -c '{own}'")


def test_timers_are_those_intended_under_the_profile_datacenter_too(edge: Edge) -> None:
    neighbor = "neighbor 10.255.3.3"
    wanted = put(
        INTENT, f" {neighbor} remote-as 65550", f" {neighbor} timers 60 180", f" {neighbor} timers connect 120"
    )
    assert edge.plan(wanted).change.commands == ()  # traditional has them by default
    edge.apply("")  # neighbors begin with the defaults of the profile that they are made under
    edge.host.sh("vtysh -c 'configure terminal' -c 'frr defaults datacenter'")
    try:
        folder = edge.apply(wanted)
        assert edge.plan(wanted).change.commands == ()
        assert f" {neighbor} timers 60 180\n" in edge.running()
        told = json.loads(edge.host.vtysh("show bgp neighbors 10.255.3.3 json"))["10.255.3.3"]
        assert told["bgpTimerConfiguredHoldTimeMsecs"] == 180000
        assert edge.revert(folder).status == 0
    finally:
        edge.apply("")
        edge.host.sh("vtysh -c 'configure terminal' -c 'frr defaults traditional'")
        edge.apply(INTENT)
