"""The paths, programs and start of a pfSense, and a configuration of its size."""

import re
from collections.abc import Iterator

import pytest

from routebook.platforms.pfsense.lab import config_xml
from tests.lab.conftest import skip_unless_possible
from tests.lab.pfsense.units import INTERFACES, Unit
from tests.lab.waiting import wait_for

LINES = 20_000


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Unit]:
    """A firewall whose configuration somebody has worked on for years."""
    skip_unless_possible()
    tree = config_xml.large("fw", INTERFACES, lines=LINES)
    running = Unit(tmp_path_factory.mktemp("grown"), tree=tree, version="25.07-RELEASE")
    yield running
    running.stop()


def test_twenty_thousand_lines_are_read_and_written_without_losing_one(grown: Unit) -> None:
    assert int(grown.sh("wc -l </cf/conf/config.xml")) >= LINES
    # An empty list of servers is read as a list, and not written (xmlparse.inc).
    assert grown.value(
        "$before = $config; write_config('x'); $after = parse_xml_config('/cf/conf/config.xml', 'pfsense');"
        "if ($before['system']['dnsserver'] === []) unset($before['system']['dnsserver']);"
        "unset($before['revision'], $after['revision']); return $before === $after;"
    )
    rule = grown.value("return config_get_path('filter/rule/100');")
    assert re.fullmatch(r'Rule \d+: A&B <"c"> é ok', rule["descr"])


def test_a_program_finds_a_freebsd_and_nothing_of_linux(grown: Unit) -> None:
    assert grown.sh("uname") == "FreeBSD\n"
    assert grown.sh("cat /etc/version") == "25.07-RELEASE\n"
    assert re.fullmatch(r"\{ sec = \d+, usec = 0 \}\n", grown.sh("sysctl -n kern.boottime"))
    for program in ("bash", "python3", "ip", "systemctl", "setsid", "flock"):
        assert grown.run(f"command -v {program}").returncode != 0
    for program in ("/usr/local/bin/php", "/usr/local/sbin/bgpctl", "/usr/local/sbin/swanctl", "/usr/local/bin/sudo"):
        assert grown.run(f"test -x {program}").returncode == 0
    assert "\tinet 192.0.2.1 netmask 0xffffff00\n" in grown.sh("ifconfig eth0")


def test_a_daemon_lives_on_without_its_shell_and_gives_its_file_up_when_it_is_killed(grown: Unit) -> None:
    grown.sh("daemon -f -p /var/run/test.pid sleep 600")
    wait_for(lambda: grown.run("test -s /var/run/test.pid").returncode == 0, 10, "the file of its number")
    pid = grown.sh("cat /var/run/test.pid").strip()
    assert grown.sh(f"cat /proc/{pid}/comm") == "sleep\n"
    assert "already running" in grown.run("daemon -f -p /var/run/test.pid sleep 600").stderr
    grown.sh(f"kill {pid}")
    wait_for(lambda: grown.run("test -e /var/run/test.pid").returncode != 0, 10, "the file's end")


def test_what_is_in_memory_is_lost_and_rc_d_is_run_when_the_system_starts_again(grown: Unit) -> None:
    grown.sh(
        "printf '#!/bin/sh\\necho $1 >/cf/conf/started\\n' >/usr/local/etc/rc.d/test.sh;"
        "printf '#!/bin/sh\\necho $1 >/cf/conf/never\\n' >/usr/local/etc/rc.d/without-suffix;"
        "chmod 755 /usr/local/etc/rc.d/test.sh /usr/local/etc/rc.d/without-suffix; touch /tmp/lost /var/db/lost"
    )
    grown.sh("reboot")
    wait_for(lambda: grown.run("cat /cf/conf/started").stdout == "start\n", 60, "the script")
    assert grown.run("ls /tmp/lost /var/db/lost /cf/conf/never").stdout == ""
    wait_for(grown.listens, 60, "sshd")
