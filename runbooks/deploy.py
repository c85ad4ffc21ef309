"""Bring everything to intent: policies, sessions and tunnels of every host."""

from routebook.run.runbook import Runbook
from tasks.render import render
from tasks.verify_bgp import verify_bgp
from tasks.verify_tunnels import verify_tunnels

runbook = Runbook(render=render(), checks=(verify_tunnels, verify_bgp), deadline=120)
