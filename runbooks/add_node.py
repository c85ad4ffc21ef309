"""Make Kubernetes nodes BGP peers: the routers' side. The nodes' comes before: `routebook render --cluster NAME`."""

from routebook.run.runbook import Runbook
from tasks.render import render
from tasks.verify_nodes import verify_nodes
from tasks.verify_tunnels import verify_tunnels

runbook = Runbook(
    render=render("policy", "bgp"),
    checks=(verify_tunnels, verify_nodes),
    hosts="cluster=*",
    deadline=300,  # Cilium tries again after up to twice its connectRetryTimeSeconds, 120 by default
)
