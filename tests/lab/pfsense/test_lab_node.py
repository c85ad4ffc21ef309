"""A host of platform `pfsense` in the lab: a tunnel to strongSwan and BGP over it come up from config.xml alone."""

import base64
import json
import subprocess
from collections.abc import Iterator
from ipaddress import ip_address, ip_interface, ip_network
from typing import Any

import paramiko
import pytest

from lab import topology
from lab.control import Lab
from lab.topology import Host, Topology
from routebook.intent.model import Interface, IpsecProposal, SecretRef, Tunnel
from tests.lab.conftest import skip_unless_possible
from tests.lab.waiting import wait_for

INNER = ("10.255.200.0", "10.255.200.1")

PHASE1: dict[str, Any] = {
    "ikeid": "1", "iketype": "ikev2", "interface": "wan", "remote-gateway": "198.51.100.2", "protocol": "inet",
    "myid_type": "myaddress", "myid_data": "", "peerid_type": "peeraddress", "peerid_data": "",
    "encryption": {"item": [{"encryption-algorithm": {"name": "aes256gcm", "keylen": "128"}, "hash-algorithm": "sha256",
                             "prf-algorithm": "sha256", "dhgroup": "19"}]},
    "prfselect_enable": "yes", "lifetime": "28800", "pre-shared-key": "both-ends-agree",
    "authentication_method": "pre_shared_key", "descr": "edge", "nat_traversal": "on", "mobike": "off",
    "startaction": "", "dpd_delay": "10", "dpd_maxfail": "5",
}  # fmt: skip
PHASE2: dict[str, Any] = {
    "ikeid": "1", "uniqid": "5f0000000001", "mode": "vti", "reqid": "1",
    "localid": {"type": "network", "address": INNER[0], "netbits": "31"},
    "remoteid": {"type": "address", "address": INNER[1]},
    "protocol": "esp", "encryption-algorithm-option": [{"name": "aes256gcm", "keylen": "128"}], "pfsgroup": "0",
    "lifetime": "3600", "descr": "edge",
}  # fmt: skip
BGP = {"asnum": "65550", "fibupdate": "yes", "holdtime": "30", "listenip": "", "routerid": "10.1.0.1",
       "row": [{"networks": "10.1.0.0/24"}]}  # fmt: skip
GROUP = {"name": "edges", "remoteas": "65551", "descr": "edges"}
NEIGHBOR = {"descr": "edge1", "neighbor": INNER[1], "md5sigpass": "", "groupname": "edges",
            "row": [{"parameters": "local-address", "parmvalue": INNER[0]}]}  # fmt: skip

SWANCTL = """
connections {
  fw {
    version = 2
    local_addrs = 198.51.100.2
    remote_addrs = 198.51.100.1
    proposals = aes256gcm16-prfsha256-ecp256
    local { auth = psk
 id = 198.51.100.2 }
    remote { auth = psk
 id = 198.51.100.1 }
    children { fw { local_ts = 10.255.200.1/32, 10.3.0.0/16
 remote_ts = 10.255.200.0/32, 10.1.0.0/16
 esp_proposals = aes256gcm16 } }
  }
}
secrets { ike-fw { id = 198.51.100.1
 secret = "both-ends-agree" } }
"""

FRR = """
router bgp 65551
 no bgp ebgp-requires-policy
 neighbor 10.255.200.0 remote-as 65550
 neighbor 10.255.200.0 disable-connected-check
 neighbor 10.255.200.0 update-source 10.255.200.1
 neighbor 10.255.200.0 timers connect 5
 address-family ipv4 unicast
  network 10.3.0.0/24
"""

APPLY = """
require_once('vpn.inc');
ipsec_configure();
ipsec_reload_package_hook();
openbgpd_install_conf();
"""


def make_host(name: str, platform: str, number: int, *, routed: bool = False) -> Host:
    """A host with a tunnel to the other; `routed` as a kernel with ESP has it, by way of a device."""
    site = ip_network(f"10.{2 * number - 1}.0.0/16")
    other = ip_network(f"10.{5 - 2 * number}.0.0/16")
    proposal = IpsecProposal(encryption="aes256gcm16", dh_group="ecp256", prf="prfsha256")
    tunnel = Tunnel(
        name="fw--edge", peer="other", peer_host="other", local_address=ip_address(f"198.51.100.{number}"),
        remote_address=ip_address(f"198.51.100.{3 - number}"), local_id="a", remote_id="b", initiator=number == 1,
        local_selectors=(site,), remote_selectors=(other,), local_inner=ip_address(INNER[number - 1]),
        remote_inner=ip_address(INNER[2 - number]), ike_proposals=(proposal,), esp_proposals=(proposal,),
        psk=SecretRef(file="secrets/none"), mode="route" if routed else "policy",
        mark=42 if routed else None,
    )  # fmt: skip
    interfaces = (
        Interface(name="wan", link="internet", addresses=(ip_interface(f"198.51.100.{number}/24"),)),
        Interface(name="lan", link=f"lan{number}", addresses=(ip_interface(f"{site[1]}/24"),)),
    )
    return Host(name, name, platform, ip_address(f"192.0.2.{number}"), interfaces, (tunnel,))


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    skip_unless_possible()
    plan = Topology(
        sites={},
        links={"internet": None, "lan1": "fw1", "lan2": "edge1"},
        hosts=(make_host("fw1", "pfsense", 1), make_host("edge1", "edge", 2)),
        peers=(),
        caches=(),
    )
    patch = pytest.MonkeyPatch()
    patch.setattr(topology, "read", lambda _: plan)
    patch.setattr(topology, "secret_files", lambda _: [])
    running = Lab(tmp_path_factory.mktemp("lab"))
    running.up(print)
    run(running, "edge1", "cat >/etc/swanctl/conf.d/test.conf && swanctl --load-all --noprompt", SWANCTL)
    run(running, "edge1", "vtysh -f /dev/stdin", FRR)
    yield running
    running.down()
    patch.undo()


def run(lab: Lab, host: str, script: str, stdin: str = "") -> str:
    done = subprocess.run(
        lab.command(host, ["sh", "-c", script]), input=stdin, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{host}: {script}: {done.stdout}{done.stderr}"
    return done.stdout


def configure(lab: Lab, values: dict[str, Any], apply: str = APPLY, *, package: str = "openbgpd") -> None:
    """Set values by path, write and apply them, by one program."""
    program = (
        f"<?php require_once('config.inc'); require_once('{package}.inc');"
        f"foreach (json_decode(base64_decode('{_base64(values)}'), true) as $path => $value)"
        " { config_set_path($path, $value); }"
        f"write_config('test'); {apply} echo 'applied';"
    )
    assert run(lab, "fw1", "/usr/local/bin/php", program).endswith("applied")


def _base64(values: dict[str, Any]) -> str:
    return base64.b64encode(json.dumps(values).encode()).decode()


def everything(**changes: dict[str, Any]) -> dict[str, Any]:
    return {
        "ipsec/phase1": [PHASE1 | changes.get("phase1", {})],
        "ipsec/phase2": [PHASE2 | changes.get("phase2", {})],
        "ipsec/vtimaps/item": [{"reqid": "1", "index": "0", "ifnum": "1"}],
        "installedpackages/openbgpd/config": [BGP],
        "installedpackages/openbgpdgroups/config": [GROUP | changes.get("group", {})],
        "installedpackages/openbgpdneighbors/config": [NEIGHBOR | changes.get("neighbor", {})],
    }


def session(lab: Lab) -> dict[str, Any]:
    shown = json.loads(run(lab, "fw1", "bgpctl -j show neighbor") or "{}")
    found = [each for each in shown.get("neighbors", []) if each["remote_addr"] == INNER[1]]
    return dict(found[0]) if found else {}


def up(lab: Lab) -> bool:
    return session(lab).get("state") == "Established" and "INSTALLED" in run(lab, "fw1", "swanctl --list-sas")


def test_a_routed_tunnel_and_bgp_over_it_come_up_from_config_xml_alone(lab: Lab) -> None:
    configure(lab, everything())
    wait_for(lambda: up(lab), 90, "BGP over the tunnel")
    generated = run(lab, "fw1", "cat /var/etc/ipsec/swanctl.conf")
    assert "\tcon1 {\n" in generated
    assert "local_ts = 10.255.200.0/31,0.0.0.0/0,::/0\n" in generated
    assert "remote_ts = 10.255.200.1,0.0.0.0/0,::/0\n" in generated
    assert "start_action = start\n" in generated
    wait_for(lambda: "10.3.0.0/24" in run(lab, "fw1", "bgpctl show rib"), 30, "the edge's prefix")
    wait_for(lambda: "10.1.0.0/24" in run(lab, "edge1", "vtysh -c 'show bgp ipv4'"), 30, "the firewall's prefix")
    run(lab, "fw1", "ping -c 1 -W 5 -I 10.1.0.1 10.3.0.1")
    routes = "/usr/local/libexec/ip route show proto bgp"
    wait_for(lambda: "10.3.0.0/24 via 10.255.200.1" in run(lab, "fw1", routes), 30, "BGP's route in the kernel")


def test_the_operator_the_menu_user_and_root_run_programs_over_ssh(lab: Lab) -> None:
    key = paramiko.Ed25519Key.from_private_key_file(str(lab.folder / "operator_ed25519"))
    for user, command, said in (
        ("root", "id -u; exit 3", "0\n"),
        ("admin", "id -u; exit 3", "0\n"),
        ("operator", "sudo id -u; exit 3", "0\n"),
    ):
        client = paramiko.SSHClient()
        client.set_missing_host_key_policy(paramiko.AutoAddPolicy())  # noqa: S507  the lab's own, made just now
        client.connect("192.0.2.1", 22, user, pkey=key, look_for_keys=False, allow_agent=False, timeout=20)
        _, out, _ = client.exec_command(command, timeout=30)
        assert out.read().decode() == said
        assert out.channel.recv_exit_status() == 3
        client.close()


def test_a_wrong_as_is_refused_by_the_neighbor_after_the_session_is_cleared(lab: Lab) -> None:
    wait_for(lambda: up(lab), 90, "BGP over the tunnel")
    configure(lab, everything(group={"remoteas": "65999"}), "openbgpd_install_conf();")
    wait_for(lambda: session(lab)["remote_as"] == "65999", 30, "the new configuration in the daemon")
    assert session(lab)["state"] == "Established"  # a reload resets no session
    run(lab, "fw1", f"bgpctl neighbor {INNER[1]} clear")
    wait_for(lambda: "AS unacceptable" in json.dumps(session(lab)), 60, "the neighbor's wrong AS")
    assert session(lab)["state"] != "Established"
    configure(lab, everything(), "openbgpd_install_conf();")
    run(lab, "fw1", f"bgpctl neighbor {INNER[1]} clear")
    wait_for(lambda: up(lab), 90, "BGP after the AS was set right")


def test_a_wrong_key_brings_no_tunnel_up(lab: Lab) -> None:
    again = "SWANCTL_DIR=/var/etc/ipsec swanctl --terminate --ike con1 --force --timeout 5; sleep 0"
    configure(lab, everything(phase1={"pre-shared-key": "another"}))
    wait_for(lambda: "another" in _secret(lab), 30, "the new key in the file")
    run(lab, "fw1", again)
    wait_for(lambda: "AUTHENTICATION_FAILED" in _initiate(lab), 60, "the refusal")
    assert "INSTALLED" not in run(lab, "fw1", "swanctl --list-sas")
    configure(lab, everything())
    wait_for(lambda: "both-ends-agree" in _secret(lab), 30, "the old key in the file")
    wait_for(lambda: "completed successfully" in _initiate(lab) or up(lab), 60, "the tunnel")
    wait_for(lambda: up(lab), 90, "BGP over the tunnel again")


def _initiate(lab: Lab) -> str:
    done = subprocess.run(
        lab.command("fw1", ["sh", "-c", "swanctl --initiate --child con1 --timeout 10 2>&1"]),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.stdout


def _secret(lab: Lab) -> str:
    """The key that charon was given last."""
    return run(lab, "fw1", "sed -n 's/.*secret = 0s//p' /run/lab/swanctl/swanctl.conf | base64 -d")


def test_after_a_power_cut_the_system_comes_back_from_config_xml(lab: Lab) -> None:
    wait_for(lambda: up(lab), 90, "BGP over the tunnel")
    run(lab, "fw1", "touch /tmp/lost /cf/conf/kept; kill -9 $(cat /run/lab/system.pid)")
    wait_for(lambda: _boots(lab) == "there", 90, "the system after the crash")
    wait_for(lambda: up(lab), 90, "BGP over the tunnel after the crash")
    assert run(lab, "fw1", "ls /tmp/lost /cf/conf/kept 2>/dev/null || true") == "/cf/conf/kept\n"


def _boots(lab: Lab) -> str:
    done = subprocess.run(
        lab.command("fw1", ["sh", "-c", "[ -e /tmp/lost ] || ! pgrep -x sshd >/dev/null || echo there"]),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.stdout.strip()


def test_two_tunnels_on_one_child_or_split(lab: Lab) -> None:
    """Without splitconn all phase 2 entries are one child, with it each is one of its own."""
    second = PHASE2 | {"uniqid": "5f0000000002", "reqid": "2", "mode": "tunnel", "localid": {"type": "lan"},
                       "remoteid": {"type": "network", "address": "10.9.0.0", "netbits": "24"}}  # fmt: skip
    first = second | {
        "uniqid": "5f0000000003",
        "reqid": "3",
        "remoteid": {"type": "network", "address": "10.8.0.0", "netbits": "24"},
    }
    values = {"ipsec/phase1": [PHASE1 | {"startaction": "none"}], "ipsec/phase2": [first, second]}
    configure(lab, values, "require_once('vpn.inc'); ipsec_configure();")
    text = run(lab, "fw1", "cat /var/etc/ipsec/swanctl.conf")
    assert "remote_ts = 10.8.0.0/24,10.9.0.0/24\n" in text
    values["ipsec/phase1"] = [PHASE1 | {"startaction": "none", "splitconn": ""}]
    configure(lab, values, "require_once('vpn.inc'); ipsec_configure();")
    text = run(lab, "fw1", "cat /var/etc/ipsec/swanctl.conf")
    assert "\t\t\tcon1_3 {\n" in text
    assert "\t\t\tcon1_2 {\n" in text
