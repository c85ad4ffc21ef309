"""A host of platform `pfsense` in the lab: a tunnel to strongSwan and BGP over it come up from config.xml alone."""

import re
from collections.abc import Iterator

import paramiko
import pytest

from tests.lab.conftest import skip_unless_possible
from tests.lab.pfsense.pair import APPLY_IPSEC, PHASE1, PHASE2, PfSenseAndEdge, pfsense_and_edge
from tests.lab.waiting import wait_for
from tests.networks.firewall_and_edge import ADDRESS


@pytest.fixture(scope="module")
def openbgpd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PfSenseAndEdge]:
    skip_unless_possible()
    with pfsense_and_edge(tmp_path_factory.mktemp("openbgpd"), "openbgpd") as running:
        running.configure_everything()
        yield running


@pytest.fixture(scope="module")
def frr(tmp_path_factory: pytest.TempPathFactory, openbgpd: PfSenseAndEdge) -> Iterator[PfSenseAndEdge]:
    """In place of the other one, because both have the same addresses."""
    openbgpd.lab.down()
    with pfsense_and_edge(tmp_path_factory.mktemp("frr"), "frr") as running:
        running.configure_everything()
        yield running


def assert_comes_up(pair: PfSenseAndEdge) -> None:
    wait_for(pair.up, 180, "BGP over the tunnel")
    wait_for(lambda: "10.1.0.0/24" in pair.run("edge1", "vtysh -c 'show bgp ipv4'"), 60, "the firewall's prefix")
    route = "/usr/local/libexec/ip route show 10.3.0.0/24 proto bgp"
    wait_for(lambda: "via 10.255.200.1 " in pair.run("fw1", route), 60, "BGP's route in the kernel")
    wait_for(lambda: " 0% packet loss" in pair.says("fw1", "ping -c 1 -S 10.1.0.1 10.3.0.1"), 60, "an answer")


def test_a_routed_tunnel_and_bgp_over_it_come_up_from_config_xml_alone(openbgpd: PfSenseAndEdge) -> None:
    generated = openbgpd.run("fw1", "cat /var/etc/ipsec/swanctl.conf")
    assert "\tcon1 {\n" in generated
    assert "local_ts = 10.255.200.0/31,0.0.0.0/0,::/0\n" in generated
    assert "remote_ts = 10.255.200.1,0.0.0.0/0,::/0\n" in generated
    assert "start_action = start\n" in generated
    assert_comes_up(openbgpd)


def test_the_operator_the_menu_user_and_root_run_programs_over_ssh(openbgpd: PfSenseAndEdge) -> None:
    key = paramiko.Ed25519Key.from_private_key_file(str(openbgpd.lab.folder / "operator_ed25519"))
    for user, command, said in (
        ("root", "id -u; exit 3", "0\n"),
        ("admin", "id -u; exit 3", "0\n"),
        ("operator", "sudo id -u; exit 3", "0\n"),
    ):
        client = paramiko.SSHClient()
        client.set_missing_host_key_policy(paramiko.AutoAddPolicy())  # noqa: S507
        client.connect(ADDRESS, 22, user, pkey=key, look_for_keys=False, allow_agent=False, timeout=20)
        _, out, _ = client.exec_command(command, timeout=30)
        assert out.read().decode() == said
        assert out.channel.recv_exit_status() == 3
        client.close()


def test_after_a_power_cut_the_system_comes_back_from_config_xml(openbgpd: PfSenseAndEdge) -> None:
    wait_for(openbgpd.up, 180, "BGP over the tunnel")
    openbgpd.run("fw1", "touch /tmp/lost /cf/conf/kept; kill -9 $(cat /run/lab/system.pid)")
    back = "[ -e /tmp/lost ] || ! pgrep -x sshd >/dev/null || echo there"
    wait_for(lambda: openbgpd.says("fw1", back) == "there\n", 120, "the system after the crash")
    wait_for(openbgpd.up, 180, "BGP over the tunnel after the crash")
    assert openbgpd.run("fw1", "ls /tmp/lost /cf/conf/kept 2>/dev/null || true") == "/cf/conf/kept\n"


def test_swanctl_conf_is_as_the_systems_own(openbgpd: PfSenseAndEdge) -> None:
    """ipsec_setup_vtireq(), ipsec_setup_tunnels() and ipsec_setup_bypass() of etc/inc/ipsec.inc."""
    wait_for(lambda: "con1" in openbgpd.run("fw1", "cat /var/etc/ipsec/swanctl.conf"), 60, "the file")
    text = openbgpd.run("fw1", "cat /var/etc/ipsec/swanctl.conf")
    assert "reqid = 500" in text
    assert "dpd_delay = 10s" in text
    assert "dpd_timeout" not in text
    assert re.search(r"bypasslan \{\n\s+local_ts = [0-9./]+,fe80::/64\n", text)


def test_two_entries_are_one_child_or_with_splitconn_two(openbgpd: PfSenseAndEdge) -> None:
    second = PHASE2 | {"uniqid": "5f0000000002", "reqid": "2", "mode": "tunnel", "localid": {"type": "lan"},
                       "remoteid": {"type": "network", "address": "10.9.0.0", "netbits": "24"}}  # fmt: skip
    first = second | {
        "uniqid": "5f0000000003",
        "reqid": "3",
        "remoteid": {"type": "network", "address": "10.8.0.0", "netbits": "24"},
    }
    values = {"ipsec/phase1": [PHASE1 | {"startaction": "none"}], "ipsec/phase2": [first, second]}
    openbgpd.configure(values, APPLY_IPSEC)
    text = openbgpd.run("fw1", "cat /var/etc/ipsec/swanctl.conf")
    assert "remote_ts = 10.8.0.0/24,10.9.0.0/24\n" in text
    values["ipsec/phase1"] = [PHASE1 | {"startaction": "none", "splitconn": ""}]
    openbgpd.configure(values, APPLY_IPSEC)
    text = openbgpd.run("fw1", "cat /var/etc/ipsec/swanctl.conf")
    assert "\t\t\tcon1_3 {\n" in text
    assert "\t\t\tcon1_2 {\n" in text


def test_with_the_frr_package_they_come_up_from_config_xml_alone_too(frr: PfSenseAndEdge) -> None:
    assert_comes_up(frr)


def test_every_change_of_ipsec_remakes_routed_interfaces_and_the_packages_hook_takes_them_down_once_more(
    frr: PfSenseAndEdge,
) -> None:
    """interface_ipsec_vti_configure() destroys each and makes it again; `ignoreipsecrestart` is of the hook alone."""
    wait_for(frr.up, 180, "BGP over the tunnel")
    dropped = frr.session()["connectionsDropped"]
    number = "cat /sys/class/net/ipsec1/ifindex"
    before = frr.run("fw1", number)
    frr.configure({}, APPLY_IPSEC)
    assert frr.run("fw1", number) != before
    wait_for(lambda: frr.session().get("connectionsDropped", 0) == dropped + 1, 60, "the session that it costs")
    wait_for(frr.up, 180, "BGP over the tunnel")
    frr.configure(
        {"installedpackages/frr/config": [{"enable": "on"}]}, "require_once('vpn.inc'); ipsec_reload_package_hook();"
    )
    wait_for(lambda: frr.session().get("connectionsDropped", 0) > dropped + 1, 60, "the session that the hook costs")
