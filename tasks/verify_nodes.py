"""Verify the sessions with Kubernetes nodes, and say what is left to do in the cluster."""

from msgspec.structs import replace

from routebook.checks import bgp
from routebook.checks.findings import Finding
from routebook.run.runbook import View


def verify_nodes(view: View) -> list[Finding]:
    """The findings on every BGP session; those on a node that is not up say how its cluster gets its configuration."""
    clusters = {
        (host, str(neighbor.address)): neighbor.cluster
        for host, intent in view.intents.items()
        for neighbor in intent.neighbors
        if neighbor.cluster
    }
    found = bgp.check(view.intents, view.before, view.now, view.changed, view.explanations, final=view.final)
    return [_with_advice(finding, clusters.get((finding.host, finding.subject), "")) for finding in found]


def _with_advice(finding: Finding, cluster: str) -> Finding:
    if not cluster or finding.check != "bgp.session" or finding.status in ("ok", "warning"):
        return finding
    advice = f"routebook render --cluster {cluster} --section bgp | kubectl apply -f -"
    return replace(finding, evidence=(*finding.evidence, f"{cluster}: the node needs its manifests: {advice}"))
