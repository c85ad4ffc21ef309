"""A live view says what happens on real daemons, a line an event, and ends cleanly."""

import dataclasses
import json
import signal
import subprocess
import sys
import threading

from routebook.run.watch import read_states
from routebook.run.workspace import open_workspace
from tests.lab import devices
from tests.lab.conftest import RunningLab, environment
from tests.lab.waiting import wait_for

TRANSIT = "2001:db8:f001::1"


def test_a_session_that_goes_and_comes_back_is_two_events(deployed: RunningLab) -> None:
    vtysh = "vtysh -c 'configure terminal' -c 'router bgp 65550' -c"
    said: list[dict[str, str]] = []
    with subprocess.Popen(
        [sys.executable, "-m", "routebook", "verify", "--watch", "--json", "--every", "1s", "--no-probe"],
        cwd=deployed.project,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        late = threading.Timer(90, process.terminate)
        late.start()
        assert process.stdout is not None and process.stderr is not None
        begin = threading.Timer(8, devices.on, (deployed, "no-edge2", f"{vtysh} 'neighbor {TRANSIT} shutdown'"))
        begin.start()
        for line in process.stdout:
            said.append(json.loads(line))
            if said[-1]["subject"] == TRANSIT and said[-1]["kind"] == "session down":
                devices.on(deployed, "no-edge2", f"{vtysh} 'no neighbor {TRANSIT} shutdown'")
            if said[-1]["subject"] == TRANSIT and said[-1]["kind"] == "session up":
                process.send_signal(signal.SIGINT)
        late.cancel()
        assert process.wait(20) == 0, process.stderr.read()
    sessions = [each for each in said if each["kind"].startswith("session")]
    assert [(each["kind"], each["host"], each["subject"]) for each in sessions] == [
        ("session down", "no-edge2", TRANSIT),
        ("session up", "no-edge2", TRANSIT),
    ]
    assert sessions[0]["text"].startswith("shut down on no-edge2 itself")


def test_a_vtysh_that_is_held_open_says_the_same_and_is_started_again(deployed: RunningLab) -> None:
    edge, reflector = "no-edge1", "no-edge3"
    workspace = open_workspace(deployed.project, f"{edge},{reflector}", "")
    running = "pgrep -fx vtysh || true"
    of_all = dict.fromkeys(workspace.hosts, workspace.prefixes)

    def look(*, often: bool) -> dict[str, object]:
        answers = read_states(workspace.nornir, workspace.hosts, of_all, often=often)
        assert answers.errors == {}
        return {
            host: (
                tuple(dataclasses.replace(s, uptime=0) for s in state.bgp or ()),
                state.bfd,
                state.rpki,
                state.routes,
            )
            for host, state in answers.values.items()
            if state.volumes and state.clock is not None
        }

    try:
        fresh = look(often=False)
        assert fresh.keys() == {edge, reflector}
        assert devices.on(deployed, edge, running) == ""
        assert look(often=True) == fresh
        first = devices.on(deployed, edge, running)
        assert first
        assert look(often=True) == fresh
        assert devices.on(deployed, edge, running) == first
        devices.on(deployed, edge, f"kill {first}")
        assert look(often=True) == fresh
        assert look(often=True) == fresh
        assert devices.on(deployed, edge, running) not in ("", first)
    finally:
        workspace.close()
    wait_for(lambda: devices.on(deployed, edge, running) == "", 10, "the end of vtysh with the connection")
