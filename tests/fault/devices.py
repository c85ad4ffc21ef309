"""What breaks on a device, and is whole again: a reboot, a crash, a cut line, a login that says nothing, a hand."""

import contextlib
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import paramiko

from lab import links
from tests.fault.network import ASA, EDGES, PFSENSE
from tests.fault.place import FAKETIME, Place
from tests.lab.waiting import wait_for

# Everything but process 1 ends at once, and what was in memory is gone; the disk and the cables stay. FRR is started
# again from its files; process 1 starts sshd and charon.
_REBOOT = """
kill -9 -1
rm -rf /run/routebook /run/frr/* /run/charon.* /run/sshd.pid /var/run/charon.*
ip route flush proto bgp; ip route flush proto static; ip route flush table 220
setsid /usr/lib/frr/frrinit.sh start >/dev/null 2>&1 </dev/null
"""
# Nothing on a pfSense starts a daemon again but the package Service Watchdog, with what starts the service.
_SERVICE_WATCHDOG = {
    "bgp": "pgrep -x bgpd || /usr/local/etc/rc.d/frr.sh restart",
    "ike": "/usr/local/sbin/strongswanrc start",
}
TYPED = "198.18.7.0/24"
_TYPE_EDGE = f"vtysh -c 'configure terminal' -c 'ip prefix-list TYPED seq 5 permit {TYPED}'"
_UNTYPE_EDGE = "vtysh -c 'configure terminal' -c 'no ip prefix-list TYPED'"
_TYPE_PFSENSE = (
    """/usr/local/bin/php -r 'require_once("config.inc"); config_set_path("system/typed", "TYPED");"""
    """ write_config("Typed.");'"""
)
_UNTYPE_PFSENSE = (
    """/usr/local/bin/php -r 'require_once("config.inc"); if (config_get_path("system/typed") !== null) {"""
    """ config_del_path("system/typed"); write_config("Typed no more."); }'"""
)
_ASA_SERVER = "-f 'm routebook[.]platforms[.]asa[.]lab'"  # pkill's pattern


def reboot(place: Place, host: str) -> None:
    """Cut the power."""
    if host == ASA:
        with contextlib.suppress(EOFError, OSError):  # it ends the session, too
            place.firewall("reload noconfirm")
        wait_for(lambda: not _logs_in(place), 20, "the ASA's end")
    elif host == PFSENSE:
        place.on(host, "kill -HUP $(cat /run/lab/system.pid)")
    else:
        place.on(host, _REBOOT)


def crash(place: Place, host: str, daemon: str) -> None:
    """Kill a daemon without warning: "bgp" or "ike". What watches it starts it again."""
    program = "charon" if daemon == "ike" else "bgpd"
    script = f"pkill -KILL -x '{program}.*'"  # sees the processes of this host alone
    if host == PFSENSE:
        script += f"; (sleep 1; {_SERVICE_WATCHDOG[daemon]}) >/dev/null 2>&1 </dev/null &"
    place.on(host, script, check=False)


@contextmanager
def crashing(place: Place, host: str, daemon: str) -> Iterator[None]:
    """A daemon that does not stay up."""
    over = threading.Event()

    def again() -> None:
        while not over.wait(0.5):
            crash(place, host, daemon)

    thread = threading.Thread(target=again)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def cut(place: Place, host: str) -> None:
    """Pull its management cable."""
    links.link_down(place.lab, host)


def mend(place: Place, host: str) -> None:
    """Plug the cable in again."""
    links.link_up(place.lab, host)


def silence(place: Place, host: str) -> None:
    """Let its SSH server accept connections and say nothing more."""
    place.on(host, f"pkill -STOP {_ASA_SERVER}" if host == ASA else "pkill -STOP -x sshd", check=False)


def speak(place: Place, host: str) -> None:
    """Let it speak again."""
    place.on(host, f"pkill -CONT {_ASA_SERVER}" if host == ASA else "pkill -CONT -x sshd", check=False)


def type_on(place: Place, host: str) -> None:
    """What somebody else configures meanwhile, beside what is Routebook's."""
    if host == ASA:
        place.firewall("configure terminal", "access-list TYPED remark TYPED", "end")
    else:
        place.on(host, _TYPE_PFSENSE if host == PFSENSE else _TYPE_EDGE)


def typed_is_there(place: Place, host: str) -> bool:
    """Whether it is there still."""
    if host == ASA:
        return "TYPED" in place.firewall("show running-config access-list TYPED")[0]
    show = "grep TYPED /cf/conf/config.xml" if host == PFSENSE else "vtysh -c 'show running-config' | grep TYPED"
    return bool(place.on(host, show, check=False))


def lock_falsely(place: Place, host: str, text: str) -> None:
    """Leave a lock that no run has taken."""
    file = "/var/run/routebook.json" if host == PFSENSE else "/run/routebook/lock"
    named = re.search(r'"run_id": "([^"]*)"', text)
    first = "" if host == PFSENSE else f"{named[1] if named else ''}\n"
    place.on(host, f"mkdir -p -m 700 /run/routebook; umask 077; printf '%b%s' '{first}' '{text}' >{file}")


def unlock_falsely(place: Place, host: str) -> None:
    """Take it away."""
    place.on(host, "rm -f /var/run/routebook.json /run/routebook/lock")


def untype(place: Place, host: str) -> None:
    """Take that away, and from where it was saved."""
    if host == ASA:
        if "TYPED" in place.firewall("show running-config access-list TYPED")[0]:
            place.firewall("configure terminal", "no access-list TYPED remark TYPED", "end")
        if place.on(host, "grep TYPED /home/asa/startup-config", check=False):
            place.firewall("write memory")
    elif host == PFSENSE:
        place.on(host, _UNTYPE_PFSENSE)
    else:
        place.on(host, _UNTYPE_EDGE, check=False)
        place.on(host, "cp /etc/frr/frr.conf /run/typed && grep -v TYPED /run/typed >/etc/frr/frr.conf; rm /run/typed")


def step_clock(place: Place, host: str, seconds: int) -> None:
    """Set a Linux host's clock: that of every process that starts from now on, as a namespace has none of its own."""
    place.on(host, f"echo {seconds:+} >/etc/faketimerc && echo {FAKETIME} >/etc/ld.so.preload")


def set_clock_right(place: Place, host: str) -> None:
    """Set it right again."""
    place.on(host, "rm -f /etc/ld.so.preload /etc/faketimerc")


def answers(place: Place, host: str) -> None:
    """Wait until a device that was rebooted is there again."""
    daemons = "vtysh -c 'show bgp summary' && swanctl --stats"
    script = f"({daemons} && test -e /run/sshd.pid) >/dev/null 2>&1 && echo yes"

    def there() -> bool:
        return _logs_in(place) if host == ASA else place.on(host, script, check=False) == "yes\n"

    wait_for(there, 90, f"{host} after its reboot", every=1.0)


def logged(place: Place, host: str) -> str:
    """What runs on a device, and what its daemons said last: for whoever has to find out what went wrong."""
    return place.on(host, "ps -eo pid,stat,args; ip route; tail -n 25 /var/log/lab-*.log /var/log/syslog", check=False)


def _logs_in(place: Place) -> bool:
    try:
        return "ASA" in place.firewall("show version")[0]
    except (EOFError, OSError, paramiko.SSHException):
        return False


_UNDO_OF_ARMED = """for f in /home/asa/disk0/RB-*.undo; do
    if [ -e "$f" ] && [ ! -e "${f%.undo}.done" ]; then echo "$f"; fi
done"""


def wait_fired(place: Place, hosts: tuple[str, ...], seconds: float) -> None:
    """Wait until no timer is armed on any of `hosts`. What is confirmed has none, and keeps its undo."""
    scripts = dict.fromkeys(EDGES, "grep -L confirmed /run/routebook/*/phase")
    scripts |= {ASA: _UNDO_OF_ARMED, PFSENSE: "grep -L confirmed /cf/conf/routebook/*/phase"}

    def fired(host: str) -> bool:
        return not place.on(host, f"{scripts[host]} 2>/dev/null", check=False)

    for host in hosts:
        wait_for(partial(fired, host), seconds, f"the timer of {host}", every=0.5)


def pause(seconds: float) -> None:
    """Let time pass that is part of the fault: how long a line is cut, when a process is killed."""
    time.sleep(seconds)
