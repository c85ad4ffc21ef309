"""`run --no-probe` sends no echo requests to see whether packets arrive; the checks of sessions and tunnels stay."""

import pytest

from tests.unit.engine.test_waves import FIRST, up
from tests.unit.engine.world import World


@pytest.mark.parametrize(("probe", "checks"), [(True, {"tunnel.traffic"}), (False, set())])
def test_a_run_sends_packets_unless_it_is_told_not_to(world: World, probe: bool, checks: set[str]) -> None:
    for host in ("no-edge1", "ch-edge1"):
        world[host].state = up(FIRST)
    world.wanted = {"no-edge1": "new\n"}
    result = world.run("no-edge1,ch-edge1", probe=probe)
    assert result.outcome == "confirmed"
    assert {finding.check for finding in result.findings if finding.check == "tunnel.traffic"} == checks
    assert bool(world.steps("ping")) is probe
    assert [finding for finding in result.findings if finding.check == "test.check"]
