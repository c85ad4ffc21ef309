"""Bring BGP to intent: sessions, policies, BFD and RPKI; tunnels are left alone and still verified."""

from routebook.run.runbook import Runbook
from tasks.render import render
from tasks.verify_bgp import verify_bgp
from tasks.verify_tunnels import verify_tunnels

runbook = Runbook(render=render("policy", "bfd", "rpki", "bgp"), checks=(verify_tunnels, verify_bgp))
