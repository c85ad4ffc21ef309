"""The FRR package: frr.conf from config.xml as the published package writes it, and real FRR behind it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.lab.conftest import skip_unless_possible
from tests.lab.pfsense.units import Unit
from tests.lab.waiting import wait_for

BGP: dict[str, list[dict[str, Any]]] = {
    "installedpackages/frr/config": [{"enable": "on", "routerid": "10.1.0.1"}],
    "installedpackages/frrbgp/config": [
        {"enable": "on", "asnum": "65001", "routerid": "10.1.0.1",
         "row": [{"distributeroutevalue": "10.1.0.0/24", "distributeroutemap": "RB-OUT"},
                 {"distributeroutevalue": "2001:db8:1::/48", "distributeroutemap": "none"}]}
    ],
    "installedpackages/frrbgpadvanced/config": [{"disableebgprequirepolicy": "on", "row": [{"aggregateaddr": ""}]}],
    "installedpackages/frrglobalprefixes/config": [
        {"iptype": "IPv4", "name": "RB-OWN", "descr": "", "row": [
            {"seq": "20", "action": "deny", "source": "", "any": "on", "ge": "", "le": ""},
            {"seq": "10", "action": "permit", "source": "10.1.0.0/16", "any": "", "ge": "", "le": "24"}]}
    ],
    "installedpackages/frrbgpcommunities/config": [
        {"name": "RB-MARK", "descr": "", "listtype": "standard",
         "row": [{"seq": "5", "action": "permit", "community": "65001:1"}]}
    ],
    "installedpackages/frrglobalroutemaps/config": [
        {"name": "RB-OUT", "action": "permit", "seq": "10", "acl_match": "none", "prefix_match": "RB-OWN",
         "localpref_action": "set", "localpref_value": "200", "aspath_action": "setprepend",
         "aspath_value": "65001 65001", "community_action": "set", "community_set": "65001:1",
         "community_additive": "on", "metric_action": "none"},
    ],
    "installedpackages/frrbgpneighbors/config": [
        {"peer": "192.0.2.2", "descr": "RB one", "asnum": "65002", "password": "secret", "password_type": "both-bidir",
         "timers_keepalive": "10", "timers_holdtime": "30", "updatesource": "wan", "updatesource_type": "ipv4",
         "routemap_out": "RB-OUT", "prefixfilter_in": "RB-OWN", "prefixfilter_out": "none",
         "maximumprefix_num": "100", "sendcommunity": "both", "nexthopself": "enabled"},
        {"peer": "192.0.2.3", "descr": "no type", "asnum": "65003", "password": "ignored"},
    ],
}  # fmt: skip

ROUTER = """router bgp 65001
 bgp router-id 10.1.0.1
 no bgp network import-check
 no bgp ebgp-requires-policy
 neighbor 192.0.2.2 remote-as 65002
 neighbor 192.0.2.2 description RB one
 neighbor 192.0.2.2 update-source 192.0.2.1
 neighbor 192.0.2.2 password secret
 neighbor 192.0.2.2 timers 10 30
 neighbor 192.0.2.3 remote-as 65003
 neighbor 192.0.2.3 description no type
 !
 address-family ipv4 unicast
  network 10.1.0.0/24  route-map RB-OUT
  neighbor 192.0.2.2 activate
  neighbor 192.0.2.3 activate
  neighbor 192.0.2.2 send-community both
  neighbor 192.0.2.2 maximum-prefix 100
  neighbor 192.0.2.2 next-hop-self
  neighbor 192.0.2.2 prefix-list RB-OWN in
  neighbor 192.0.2.2 route-map RB-OUT out
 exit-address-family
 !
 address-family ipv6 unicast
  network 2001:db8:1::/48
 exit-address-family
 !
!
ip prefix-list RB-OWN seq 10 permit 10.1.0.0/16 le 24 
ip prefix-list RB-OWN seq 20 deny any 
!
bgp community-list standard RB-MARK permit 65001:1
route-map RB-OUT permit 10
 match ip address prefix-list RB-OWN
 set local-preference 200
 set as-path prepend 65001 65001
 set community 65001:1  additive
!
line vty
!
"""  # noqa: W291 - as the package writes it


@pytest.fixture(scope="module")
def frr(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Unit]:
    skip_unless_possible()
    running = Unit(tmp_path_factory.mktemp("frr"), package="frr", version="24.11-RELEASE")
    yield running
    running.stop()


def apply(unit: Unit, values: dict[str, Any]) -> None:
    told = json.dumps(values).replace("'", "\\'")
    unit.value(
        f"foreach (json_decode('{told}', true) as $path => $value) {{ config_set_path($path, $value); }}"
        "write_config('test'); require_once('/usr/local/pkg/frr.inc'); frr_generate_config();"
    )


def running_lines(unit: Unit) -> list[str]:
    done = unit.run("vtysh -c 'show running-config'")
    return [line.strip() for line in done.stdout.splitlines()]


def test_frr_conf_is_written_as_by_the_package_and_frr_runs_it(frr: Unit) -> None:
    apply(frr, BGP)
    text = frr.sh("cat /var/etc/frr/frr.conf")
    assert text.partition("router-id 10.1.0.1\n!\n")[2] == ROUTER
    wait_for(lambda: "neighbor 192.0.2.2 remote-as 65002" in running_lines(frr), 60, "FRR with its configuration")
    assert frr.run("vtysh -C -f /var/etc/frr/frr.conf").returncode == 0
    assert "neighbor 192.0.2.2 password secret" in running_lines(frr)
    assert not any("ignored" in line for line in running_lines(frr))


def test_a_change_is_loaded_in_the_background_without_a_restart(frr: Unit) -> None:
    apply(frr, BGP)
    wait_for(lambda: frr.run("pgrep -x watchfrr").returncode == 0, 60, "the service")
    wait_for(lambda: "neighbor 192.0.2.2 remote-as 65002" in running_lines(frr), 60, "FRR with its configuration")
    bgpd = frr.sh("pgrep -x bgpd")
    neighbors = [BGP["installedpackages/frrbgpneighbors/config"][0] | {"asnum": "65009"}]
    apply(frr, BGP | {"installedpackages/frrbgpneighbors/config": neighbors})
    wait_for(lambda: "neighbor 192.0.2.2 remote-as 65009" in running_lines(frr), 60, "the change")
    wait_for(lambda: not any("192.0.2.3" in line for line in running_lines(frr)), 60, "the removal")
    assert frr.sh("pgrep -x bgpd") == bgpd


def test_a_raw_frr_conf_takes_the_place_of_everything(frr: Unit) -> None:
    raw = "ZnJyIGRlZmF1bHRzIHRyYWRpdGlvbmFsCnJvdXRlciBiZ3AgNjUwNzcK"
    apply(frr, BGP | {"installedpackages/frrglobalraw/config": [{"frr": raw}]})
    assert frr.sh("cat /var/etc/frr/frr.conf") == "frr defaults traditional\nrouter bgp 65077\n"
    wait_for(lambda: "router bgp 65077" in running_lines(frr), 60, "the raw configuration")
    frr.value("config_del_path('installedpackages/frrglobalraw'); write_config('test');")


def test_it_is_the_only_one_of_the_two_packages(frr: Unit) -> None:
    assert frr.run("ls /usr/local/pkg/openbgpd.inc").returncode != 0
    assert frr.run("which bgpctl").returncode != 0
    assert frr.value(
        "require_once('pkg-utils.inc'); return [is_package_installed('frr'), is_package_installed('openbgpd')];"
    ) == [
        True,
        False,
    ]
