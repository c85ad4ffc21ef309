"""A lab pfSense is asked by pfctl what it would let in; its rules are those that filter.inc makes of config.xml."""

from ipaddress import ip_address

from routebook.device.packet_filter import Flow
from tests.lab.pfsense.units import INTERFACES
from tests.lab.pfsense_driver.firewall import Firewall

PEER = ip_address("203.0.113.77")


def test_what_its_rules_drop_is_named_and_reading_them_leaves_no_trace(firewall: Firewall) -> None:
    driver = firewall.driver()
    before = firewall.sh("find /cf /etc/lab /var/etc /usr/local/etc -newer /etc/version | sort")
    wan = next(ip_address(str(each).partition("/")[0]) for each in INTERFACES[0].addresses if each.version == 4)
    flows = [
        Flow("udp", PEER, wan, 500),
        Flow("esp", PEER, wan),
        Flow("tcp", PEER, wan, 179),
        Flow("tcp", ip_address("10.255.5.0"), ip_address("10.255.5.1"), 179, inside=True),
    ]
    found = driver.let_in(flows)
    assert [each.passes for each in found] == [True, True, False, True]
    assert "Default deny rule IPv4" in found[2].by
    assert found[2].rule.startswith("Firewall / Rules / ")
    assert firewall.sh("find /cf /etc/lab /var/etc /usr/local/etc -newer /etc/version | sort") == before
    driver.close()
