"""A small network to break: two edges of two sites, a tunnel between them, and an outside peer."""

from pathlib import Path

from routebook.intent import IntentError, Network, Problem, load

HOSTS = """\
edge1:
  hostname: 192.0.2.1
  groups: ["no", edge]
  data:
    interfaces:
      lo: {addresses: [10.255.3.1/32, "2001:db8:8e20:3ff::1/128"]}
      lan0: {link: no-lan, addresses: [10.3.0.1/24]}
      wan0: {link: internet, addresses: [198.51.100.1/24]}
      peer0: {link: transit, addresses: ["2001:db8:f001::31/64"]}
edge2:
  hostname: 192.0.2.2
  groups: [ch, edge]
  data:
    interfaces:
      lo: {addresses: [10.255.4.1/32, "2001:db8:8e20:4ff::1/128"]}
      lan0: {link: ch-lan, addresses: [10.4.0.1/24]}
      wan0: {link: internet, addresses: [198.51.100.2/24]}
"""

GROUPS = """\
"no":
  data: {site: "no"}
ch:
  data: {site: ch}
edge:
  platform: edge
"""

NETWORK = """\
network:
  asn: 65550
  sites:
    "no": {prefixes: [10.3.0.0/16]}
    ch: {prefixes: [10.4.0.0/16]}
  links:
    no-lan: {site: "no"}
    ch-lan: {site: ch}
    internet: {}
    transit: {}
peers:
  upstream:
    asn: 64496
    interfaces:
      eth0: {link: transit, addresses: ["2001:db8:f001::1/64"]}
rpki:
  hosts: edge
  caches:
    - {name: cache, address: 198.51.100.250, port: 323, preference: 1, link: internet}
"""

BGP = """\
bgp:
  sessions:
    - ends: [edge1, upstream]
      families: [ipv6-unicast]
      password: {env: BGP_PASSWORD}
      edge1:
        import: RB-IN
        export: RB-OUT
        max_prefix: 1000
    - ends: [edge1, edge2]
      via: loopback
      families: [ipv4-unicast, ipv6-unicast]
"""

POLICY = """\
policy:
  prefix_lists:
    RB-OWN:
      - permit 2001:db8:8e20::/48
  community_lists:
    RB-LARGE: ["65550:1:1"]
  route_maps:
    RB-IN:
      - deny: {rpki: invalid}
      - permit: {community: RB-LARGE}
        set: {local_preference: 200}
      - permit: all
    RB-OUT:
      - permit: {prefix_list: RB-OWN}
"""

TUNNELS = """\
tunnels:
  defaults:
    link: internet
    ike:
      - {encryption: aes256gcm16, prf: prfsha256, dh_group: modp2048}
      - {encryption: aes256, integrity: sha256, dh_group: modp2048}
    esp:
      - {encryption: aes256gcm16, dh_group: modp2048}
    psk: {env: PSK}
  list:
    - ends: [edge1, edge2]
      inner: 10.255.200.0/31
"""

FILES = {"hosts": HOSTS, "groups": GROUPS, "network": NETWORK, "bgp": BGP, "policy": POLICY, "tunnels": TUNNELS}


class Project:
    """A project in a folder, whose files a test changes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "inventory").mkdir(parents=True)
        for name, text in FILES.items():
            self.write(name, text)

    def write(self, name: str, text: str) -> None:
        """Replace a file."""
        (self.folder / "inventory" / f"{name}.yaml").write_text(text)

    def text(self, name: str) -> str:
        """A file's text."""
        return (self.folder / "inventory" / f"{name}.yaml").read_text()

    def change(self, name: str, old: str, new: str) -> None:
        """Replace a piece of a file that occurs once."""
        text = self.text(name)
        assert text.count(old) == 1, f"{old!r} is {text.count(old)} times in {name}.yaml"
        self.write(name, text.replace(old, new))

    def line(self, name: str, piece: str) -> int:
        """The line on which a piece of a file that occurs once ends."""
        before, found, after = self.text(name).partition(piece)
        assert found and piece not in after, piece
        return (before + found.rstrip("\n")).count("\n") + 1

    def load(self) -> Network:
        """Its network."""
        return load(self.folder)

    def problems(self) -> tuple[Problem, ...]:
        """Everything that is wrong with it, warnings included."""
        try:
            return self.load().warnings
        except IntentError as error:
            return error.problems
