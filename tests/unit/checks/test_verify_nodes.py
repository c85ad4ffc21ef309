"""A Kubernetes node whose session is not up comes with what is left to do in its cluster; nothing else changes."""

from msgspec.structs import replace

from routebook.checks.facts import Changed
from routebook.checks.findings import Finding
from routebook.device.state import BgpState
from routebook.intent.model import HostIntent
from routebook.run.runbook import View
from tasks.verify_bgp import verify_bgp
from tasks.verify_nodes import verify_nodes
from tests.networks.observed import TRANSIT_ADDRESS, Intents, States, healthy, intents, only, transit, with_session

ADVICE = "the node needs its manifests: routebook render --cluster west --section bgp | kubectl apply -f -"


def with_node() -> Intents:
    """The intent with a node of the cluster `west` in the transit's place."""
    wanted = intents()
    host: HostIntent = wanted["no-edge1"]
    assert host.bgp is not None
    others = tuple(n for n in host.bgp.neighbors if n.peer != "transit-no")
    bgp = replace(host.bgp, neighbors=(transit(cluster="west"), *others))
    return wanted | {"no-edge1": replace(host, bgp=bgp)}


def findings(now: States) -> tuple[list[Finding], list[Finding]]:
    """What the check on nodes says, and what the one on BGP says of the same."""
    view = View(with_node(), {}, now, Changed(), final=True)
    return verify_nodes(view), verify_bgp(view)


def test_nothing_is_said_of_a_node_that_is_up() -> None:
    said, plain = findings(healthy(with_node()))
    assert said == plain


def test_a_node_that_is_down_comes_with_what_to_apply() -> None:
    said, plain = findings(with_session(healthy(with_node()), "no-edge1", TRANSIT_ADDRESS, state=BgpState.ACTIVE))
    node = only(said, "no-edge1", "bgp.session", TRANSIT_ADDRESS)
    assert node.status == "failed"
    assert node.evidence[-1].endswith(ADVICE)
    assert [f for f in said if f.subject != TRANSIT_ADDRESS] == [f for f in plain if f.subject != TRANSIT_ADDRESS]
