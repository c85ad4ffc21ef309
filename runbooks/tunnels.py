"""Bring the IPsec tunnels to intent, and verify them and the sessions that run over them."""

from routebook.run.runbook import Runbook
from tasks.render import render
from tasks.verify_bgp import verify_bgp
from tasks.verify_tunnels import verify_tunnels

runbook = Runbook(
    render=render("connections", "secrets", "crypto", "vti", "cryptomap", "ipsec"), checks=(verify_tunnels, verify_bgp)
)
