"""A file of tunnels that somebody made by hand is taken over while they carry traffic, and changes one at a time."""

from pathlib import Path
from textwrap import dedent

from msgspec.structs import replace

from routebook.device.candidate import Candidate
from routebook.importing.found import SourceFile
from routebook.importing.proof import Proved, prove
from routebook.importing.report import report_of
from routebook.importing.sources import read_texts
from routebook.intent.model import HostIntent, SecretRef
from routebook.platforms.strongswan.converting import convert
from routebook.project.render import render_host
from tests.lab.drivers.hosts import LinuxHost
from tests.lab.drivers.tunnels import CONNECTIONS, SECRETS, Pair, children, etc_files, together, transact
from tests.lab.waiting import wait_for
from tests.unit.importing.read import IMPORTERS

KEY = "made by hand, 0123456789"
OFFICE = "/etc/swanctl/conf.d/office.conf"


def connection(name: str, ends: str, ids: tuple[str, str], selectors: tuple[str, str], child: str = "") -> str:
    return f"""
      {name} {{   # by hand
        {ends}
        mobike = no
        proposals = aes256gcm16-prfsha256-modp2048
        local {{ auth = psk
          id = {ids[0]} }}
        remote {{ auth = psk
          id = {ids[1]} }}
        children {{ {name} {{
            local_ts = {selectors[0]}
            remote_ts = {selectors[1]}
            esp_proposals = aes256gcm16-modp2048
            {child}
        }} }}
      }}"""


def by_hand(*connections: str, owners: tuple[str, ...]) -> str:
    secrets = "".join(
        f'\n  ike-{number} {{\n    id = {name}\n    secret = "{KEY}"\n  }}' for number, name in enumerate(owners)
    )
    return dedent(f"connections {{{''.join(connections)}\n}}\nsecrets {{{secrets}\n}}\n")


NOBODY = "nobody.example.net"
ONE, TWO = ("10.1.0.0/25", "10.2.0.0/25"), ("10.1.0.128/25", "10.2.0.128/25")
FIXED = "version = 2\n        local_addrs = {}\n        remote_addrs = {}"
LEFT = by_hand(
    connection("one", FIXED.format("198.51.100.1", "198.51.100.2"), ("left", "right"), ONE, "start_action = start"),
    connection("two", "remote_addrs = 198.51.100.2", ("roaming", "hub"), TWO, "start_action = trap"),
    connection(
        "out", "remote_addrs = nobody.example.net", ("left", "nobody.example.net"), ("10.1.0.0/24", "10.9.0.0/24")
    ),
    owners=("right", "hub", NOBODY),
)
RIGHT = by_hand(
    connection("one", FIXED.format("198.51.100.2", "198.51.100.1"), ("right", "left"), ONE[::-1]),
    connection("two", "local_addrs = 198.51.100.2\n        remote_addrs = %any", ("hub", "roaming"), TWO[::-1]),
    owners=("left", "roaming"),
)


class Keys:
    def resolve(self, reference: SecretRef) -> str:
        assert reference.file is not None
        return KEY


def taken_over(pair: Pair) -> Proved:
    """What an import makes of the files as they are on the hosts."""
    hosts = {}
    for host in (pair.left, pair.right):
        parts = pair.driver(host).snapshot().parts
        files = {f"{host.name}{path}": text for path, text in parts.items() if path.startswith("/etc/swanctl")}
        hosts[host.name] = read_texts(host.name, files, IMPORTERS)
    return prove(hosts, IMPORTERS, Path("/nonexistent"))


def rendered(intent: HostIntent) -> Candidate:
    return render_host(intent, Path("/nonexistent"), Keys())


def spis(host: LinuxHost, name: str) -> set[str]:
    return {spi for child in children(host) if child.name == name for spi in (child.spi_in, child.spi_out)}


def up(pair: Pair, name: str) -> bool:
    return len(spis(pair.left, name)) == 2 and spis(pair.left, name) == spis(pair.right, name)


def test_one_of_two_live_tunnels_changes_and_goes_back_and_the_other_is_not_touched(tunnel: Pair) -> None:
    hosts = {tunnel.left.name: LEFT, tunnel.right.name: RIGHT}
    for host, inner in ((tunnel.right, "10.2.0.129/24"), (tunnel.left, "10.1.0.129/24")):
        host.sh(f"ip address replace {inner} dev lo")
        host.sh(f"rm {CONNECTIONS} {SECRETS}")
        host.write(OFFICE, hosts[host.name])
        host.sh("swanctl --load-all --noprompt; swanctl --terminate --ike left--right --force --timeout 2 || true")
    tunnel.left.sh("swanctl --initiate --child two --timeout 5; swanctl --initiate --child one --timeout 5 || true")
    wait_for(lambda: up(tunnel, "one") and up(tunnel, "two"), 20, "the tunnels made by hand")
    files = [etc_files(host) for host in (tunnel.left, tunnel.right)]

    proved = taken_over(tunnel)
    assert (report_of(proved).tunnels, report_of(proved).differing) == (3, [])
    drivers = [tunnel.driver(host) for host in (tunnel.left, tunnel.right)]
    intents = [proved.network.hosts[host.name] for host in (tunnel.left, tunnel.right)]
    for driver, intent in zip(drivers, intents, strict=True):
        assert not driver.plan(rendered(intent), driver.snapshot())

    one, two = spis(tunnel.left, "one"), spis(tunnel.left, "two")
    changed = [
        replace(intent, tunnels=tuple(replace(t, ike_rekey=7000) if t.name == "one" else t for t in intent.tunnels))
        for intent in intents
    ]
    effects = drivers[0].plan(rendered(changed[0]), drivers[0].snapshot()).effects
    assert {(effect.kind, effect.subject) for effect in effects} == {("tunnel-rekey", "one")}
    transact(drivers, [rendered(intent) for intent in changed], "change")
    wait_for(lambda: up(tunnel, "one") and not spis(tunnel.left, "one") & one, 15, "the changed tunnel")
    assert spis(tunnel.left, "two") == two
    one = spis(tunnel.left, "one")
    together(drivers, lambda driver: driver.rollback())
    wait_for(lambda: up(tunnel, "one") and not spis(tunnel.left, "one") & one, 15, "the tunnel as it was")
    assert (spis(tunnel.left, "two"), up(tunnel, "two")) == (two, True)
    assert [etc_files(host) for host in (tunnel.left, tunnel.right)] == files

    transact(drivers, [rendered(intent) for intent in changed], "again")
    wait_for(lambda: up(tunnel, "one"), 15, "the changed tunnel")
    together(drivers, lambda driver: driver.confirm())
    assert spis(tunnel.left, "two") == two
    assert "conf.d/office.conf" not in etc_files(tunnel.left)
    assert not drivers[0].plan(rendered(changed[0]), drivers[0].snapshot())


STARTER = """\
conn %default
  ike=aes256gcm16-prfsha256-modp2048!
  esp=aes256gcm16-modp2048!
  authby=secret
  mobike=no
conn moved
  left={0}
  right={1}
  leftsubnet={2}
  rightsubnet={3}
  auto={4}
"""


def test_what_the_starter_said_comes_up_once_it_is_converted(tunnel: Pair) -> None:
    left = ("198.51.100.1", "198.51.100.2", "10.1.0.0/24", "10.2.0.0/24", "start")
    right = ("198.51.100.2", "%any", "10.2.0.0/24", "10.1.0.0/24", "add")
    for host, said in ((tunnel.right, right), (tunnel.left, left)):
        old = {"ipsec.conf": STARTER.format(*said), "ipsec.secrets": f': PSK "{KEY}"\n'}
        made = convert([SourceFile(name, name, text) for name, text in old.items()])
        assert made is not None and made.left == ()
        host.sh(f"rm {CONNECTIONS} {SECRETS}")
        host.write(OFFICE, made.files["swanctl.conf"])
        loaded = host.sh("swanctl --load-all --noprompt 2>&1")
        assert "successfully loaded 1 connections" in loaded
        host.sh("swanctl --terminate --ike left--right --force --timeout 2 || true")
    tunnel.left.sh("swanctl --initiate --child moved --timeout 5 || true")
    wait_for(lambda: up(tunnel, "moved"), 20, "the tunnel that was the starter's")
