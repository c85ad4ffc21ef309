"""Verify every session and tunnel; changes nothing."""

from routebook.run.runbook import Runbook
from tasks.verify_bgp import verify_bgp
from tasks.verify_tunnels import verify_tunnels

runbook = Runbook(checks=(verify_tunnels, verify_bgp))
