"""Translates the device's VPN configuration to swanctl's: VTIs and crypto maps, IKEv2 and IKEv1, pre-shared keys."""

import itertools
from collections.abc import Callable, Iterator
from ipaddress import IPv4Interface, IPv4Network, ip_address, ip_interface, ip_network

from msgspec import Struct

from routebook.platforms.asa.lab.configuration import Line
from routebook.platforms.asa.lab.references import interface_of
from routebook.platforms.asa.lab.settings import Protected

GROUPS = {"1": "modp768", "2": "modp1024", "5": "modp1536", "14": "modp2048", "15": "modp3072", "16": "modp4096",
          "19": "ecp256", "20": "ecp384", "21": "ecp521", "24": "modp2048s256", "31": "curve25519"}  # fmt: skip
CIPHERS = {"des": "des", "3des": "3des", "aes": "aes128", "aes-192": "aes192", "aes-256": "aes256",
           "aes-gcm": "aes128gcm16", "aes-gcm-192": "aes192gcm16", "aes-gcm-256": "aes256gcm16"}  # fmt: skip


Carried = Callable[[str, str], Protected]  # by local address and peer


class Child(Struct, frozen=True):
    """What one CHILD SA protects. `mark` is the VTI device's key on the kernel's data plane, 0 otherwise."""

    name: str
    local: tuple[str, ...]
    remote: tuple[str, ...]
    access_list: str = ""
    mark: int = 0


class Connection(Struct, frozen=True):
    """One peer. `tag` and `sequence` are those of `show crypto ipsec sa`; `interface` is the outer one's name."""

    name: str
    tag: str
    sequence: int
    interface: str
    local: str
    peer: str
    version: int
    ike: tuple[str, ...]
    esp: tuple[str, ...]
    ike_lifetime: int
    lifetime: int
    secret: str
    initiate: bool
    on_demand: bool
    children: tuple[Child, ...]
    keepalive: int
    pfs: str = ""
    trap: bool = False  # whether the kernel waits for traffic itself

    def flows(self) -> Iterator[tuple[str, str]]:
        """What must not leave unencrypted while the tunnel waits for traffic: from, to."""
        if self.on_demand and not self.trap:
            for child in self.children:
                yield from itertools.product(child.local, child.remote)

    def render(self) -> str:
        """The connection in swanctl's format, without its secret."""
        # Names, addresses and algorithms come from the grammar and contain nothing to quote.
        children = "".join(
            f"      {child.name} {{\n"
            f"        local_ts = {', '.join(child.local)}\n        remote_ts = {', '.join(child.remote)}\n"
            f"        esp_proposals = {', '.join(self.esp)}\n        rekey_time = {self.lifetime}s\n"
            + (f"        mark_in = {child.mark}\n        mark_out = {child.mark}\n" if child.mark else "")
            + f"        dpd_action = clear\n        start_action = {'trap' if self.trap else 'none'}\n      }}\n"
            for child in self.children
        )
        return (
            f"  {self.name} {{\n    version = {self.version}\n    local_addrs = {self.local}\n"
            f"    remote_addrs = {self.peer}\n    proposals = {', '.join(self.ike)}\n    mobike = no\n"
            f"    unique = replace\n    keyingtries = 1\n    rekey_time = {self.ike_lifetime}s\n"
            + (f"    dpd_delay = {self.keepalive}s\n" if self.keepalive else "")
            + f"    local {{\n      auth = psk\n      id = {self.local}\n    }}\n"
            + f"    remote {{\n      auth = psk\n      id = {self.peer}\n    }}\n"
            + f"    children {{\n{children}    }}\n  }}\n"
        )

    def render_secret(self) -> str:
        """The pre-shared key in swanctl's format."""
        secret = "0x" + self.secret.encode().hex()
        return f"  ike-{self.name} {{\n    id-1 = {self.local}\n    id-2 = {self.peer}\n    secret = {secret}\n  }}\n"


def connections(root: Line, carried: Carried, kernel: bool, default_group: str) -> list[Connection]:
    """Every tunnel that is configured completely. `default_group` is the release's, for `set pfs` alone."""
    return [*_tunnels(root, carried, kernel, default_group), *_crypto_maps(root, carried, kernel, default_group)]


def render(found: list[Connection]) -> str:
    """The whole file for swanctl."""
    bodies = "".join(each.render() for each in found)
    secrets = "".join(each.render_secret() for each in found)
    return f"connections {{\n{bodies}}}\nsecrets {{\n{secrets}}}\n"


def tunnel_devices(root: Line) -> Iterator[tuple[Line, IPv4Interface]]:
    """The tunnel interfaces that have an inner address."""
    for interface in root.find("interface"):
        address = interface.first("ip", "address")
        if not interface.words[1].startswith("Tunnel") or interface.first("shutdown") is not None:
            continue
        if address is not None and len(address.values) > 1:
            yield interface, IPv4Interface(f"{address.values[0]}/{address.values[1]}")


def outer_address(root: Line, nameif: str) -> str:
    """The address of a named interface, "" if it has none."""
    interface = interface_of_root(root, nameif)
    address = interface.first("ip", "address") if interface is not None else None
    return address.values[0] if address is not None and len(address.values) > 1 else ""


def interface_of_root(root: Line, nameif: str) -> Line | None:
    """The interface with a name."""
    for interface in root.find("interface"):
        named = interface.first("nameif")
        if named is not None and named.words[1] == nameif:
            return interface
    return None


def _tunnels(root: Line, carried: Carried, kernel: bool, group: str) -> Iterator[Connection]:
    for interface, inner in tunnel_devices(root):
        source = interface.first("tunnel", "source")
        destination = interface.first("tunnel", "destination")
        protection = interface.first("tunnel", "protection")
        if source is None or destination is None or protection is None or interface.first("tunnel", "mode") is None:
            continue
        profile = root.first("crypto", "ipsec", "profile", protection.words[-1])
        local, peer = outer_address(root, source.words[-1]), destination.words[-1]
        if profile is None or not local or interface.first("nameif") is None:
            continue
        number = int(interface.words[1].removeprefix("Tunnel"))
        lifetime = profile.first("set", "security-association", "lifetime", "seconds")
        protected = carried(local, peer)
        if kernel:
            selectors: tuple[tuple[str, ...], tuple[str, ...]] = (("0.0.0.0/0",), ("0.0.0.0/0",))
        else:
            others = [each for each in inner.network if each != inner.ip]
            if inner.network.prefixlen < 31:
                others = [each for each in others if each in list(inner.network.hosts())]
            selectors = (
                (f"{inner.ip}/32", *protected.local),
                (*(f"{each}/32" for each in others[:2]), *protected.remote),
            )
        connection = _connection(
            root, f"Tunnel{number}", source.words[-1], local, peer,
            proposals=profile.first("set", "ikev2", "ipsec-proposal"),
            transforms=profile.first("set", "ikev1", "transform-set"),
            pfs=_pfs(profile.first("set", "pfs"), group), lifetime=lifetime,
            children=(Child(f"Tunnel{number}", *selectors, mark=number + 1 if kernel else 0),),
            tag=f"__vti-crypto-map-Tunnel{number}-0-{number}", sequence=65280,
            initiate=profile.first("responder-only") is None and _initiates(protected, local, peer), on_demand=False,
        )  # fmt: skip
        if connection is not None:
            yield connection


def _initiates(protected: Protected, local: str, peer: str) -> bool:
    if protected.initiate is not None:
        return protected.initiate
    return ip_address(local).packed < ip_address(peer).packed


def _crypto_maps(root: Line, carried: Carried, kernel: bool, group: str) -> Iterator[Connection]:
    applied = {line.words[2]: line.words[4] for line in root.find("crypto", "map") if line.words[3] == "interface"}
    numbered = [line for line in root.find("crypto", "map") if line.words[3].isdigit()]
    for (name, number), lines in itertools.groupby(numbered, key=lambda line: line.words[2:4]):
        entry = list(lines)
        set_ = {" ".join(line.words[4:6]): line for line in entry} | {" ".join(line.words[5:7]): line for line in entry}
        match, peer = set_.get("match address"), set_.get("set peer")
        if name not in applied or match is None or peer is None:
            continue
        local = outer_address(root, applied[name])
        children = tuple(
            Child(f"{name}-{number}-{count}", (one,), (two,), text)
            for count, (one, two, text) in enumerate(_selectors(root, match.words[-1]), 1)
        )
        kind = set_.get("set connection-type")
        protected = carried(local, peer.values[2])
        if not local or not children:
            continue
        connection = _connection(
            root, f"{name}-{number}", applied[name], local, peer.values[2],
            proposals=set_.get("ikev2 ipsec-proposal"), transforms=set_.get("ikev1 transform-set"),
            pfs=_pfs(set_.get("set pfs"), group),
            lifetime=next((e for e in entry if e.words[-2:-1] == ("seconds",)), None),
            children=children, tag=name, sequence=int(number),
            initiate=kind is None or kind.words[-1] != "answer-only",
            on_demand=protected.initiate is not True, trap=kernel and protected.initiate is not True,
        )  # fmt: skip
        if connection is not None:
            yield connection


def _pfs(line: Line | None, default: str) -> str:
    if line is None:
        return ""
    return default if line.words[-1] == "pfs" else line.words[-1].removeprefix("group")


def _connection(
    root: Line, name: str, outer: str, local: str, peer: str, *, proposals: Line | None, transforms: Line | None,
    pfs: str, lifetime: Line | None, children: tuple[Child, ...], tag: str, sequence: int, initiate: bool,
    on_demand: bool, trap: bool = False,
) -> Connection | None:  # fmt: skip
    version = 2 if proposals is not None else 1
    if root.first("crypto", f"ikev{version}", "enable", outer) is None:
        return None
    group = root.first("tunnel-group", peer, "ipsec-attributes")
    typed = root.first("tunnel-group", peer, "type")
    if group is None or typed is None or typed.words[-1] != "ipsec-l2l":
        return None
    secret = _secret(group, version)
    ike = tuple(_ike_proposals(root, version))
    used = proposals or transforms
    esp = tuple(_esp_proposals(root, used, version, GROUPS.get(pfs, ""))) if used is not None else ()
    if not secret or not ike or not esp:
        return None
    keepalive = next((line for line in group.find("isakmp", "keepalive", "threshold")), None)
    off = group.first("isakmp", "keepalive", "disable") is not None
    return Connection(
        name=name, tag=tag, sequence=sequence, interface=outer, local=local, peer=peer, version=version,
        ike=ike, esp=esp, ike_lifetime=_ike_lifetime(root, version), lifetime=_seconds(root, lifetime), secret=secret,
        initiate=initiate, on_demand=on_demand, children=children, pfs=pfs, trap=trap,
        keepalive=0 if off else int(keepalive.words[3]) if keepalive and keepalive.words[3].isdigit() else 10,
    )  # fmt: skip


def _seconds(root: Line, line: Line | None) -> int:
    line = line or root.first("crypto", "ipsec", "security-association", "lifetime", "seconds")
    return int(line.words[-1]) if line is not None and line.words[-1].isdigit() else 28800


def _secret(group: Line, version: int) -> str:
    if version == 1:
        line = group.first("ikev1", "pre-shared-key")
        return line.words[2] if line is not None else ""
    both = [group.first("ikev2", f"{end}-authentication", "pre-shared-key") for end in ("local", "remote")]
    keys = [line.words[3] for line in both if line is not None]
    if len(keys) < 2:
        return ""
    # charon has one key for both directions. Two that differ agree only with a peer that has the same two.
    return keys[0] if keys[0] == keys[1] else "\0".join(sorted(keys))


def _ike_lifetime(root: Line, version: int) -> int:
    for policy in root.find("crypto", f"ikev{version}", "policy"):
        line = policy.first("lifetime")
        if line is not None and line.words[-1].isdigit():
            return int(line.words[-1])
    return 86400


def _ike_proposals(root: Line, version: int) -> Iterator[str]:
    for policy in root.find("crypto", f"ikev{version}", "policy"):
        of = {line.words[0]: line.text.split()[1:] for line in policy.children}
        groups = [GROUPS[each] for each in of.get("group", []) if each in GROUPS]
        if version == 1:
            cipher, digest = CIPHERS[of["encryption"][0]], of["hash"][0].replace("sha", "sha1")
            yield "-".join([cipher, digest, *groups])
            continue
        ciphers = [CIPHERS[each] for each in of.get("encryption", []) if each in CIPHERS]
        hashes = [each.replace("-", "") for each in of.get("integrity", []) if each != "null"]
        prfs = ["prf" + _sha(each.replace("-", "")) for each in of.get("prf", [])]
        aead = [each for each in ciphers if "gcm" in each]
        plain = [each for each in ciphers if "gcm" not in each]
        if aead:
            yield "-".join([*aead, *prfs, *groups])
        if plain:
            yield "-".join([*plain, *map(_sha, hashes or ["sha"]), *prfs, *groups])


def _sha(name: str) -> str:
    return "sha1" if name == "sha" else name


def _esp_proposals(root: Line, used: Line, version: int, group: str) -> Iterator[str]:
    names = used.words[used.words.index("ipsec-proposal" if version == 2 else "transform-set") + 1 :]
    tail = [group] if group else []
    for name in names:
        if version == 1:
            line = root.first("crypto", "ipsec", "ikev1", "transform-set", name)
            if line is None:
                continue
            cipher, *digest = (each.removeprefix("esp-").removesuffix("-hmac") for each in line.words[5:])
            yield "-".join([CIPHERS.get(cipher, cipher), *map(_sha, digest), *tail])
            continue
        line = root.first("crypto", "ipsec", "ikev2", "ipsec-proposal", name)
        if line is None:
            continue
        of = {child.words[2]: child.text.split()[3:] for child in line.children}
        ciphers = [CIPHERS[each] for each in of.get("encryption", ["aes-256"]) if each in CIPHERS]
        hashes = [_sha(each.replace("-", "")) for each in of.get("integrity", ["sha-1"]) if each != "null"]
        aead = [each for each in ciphers if "gcm" in each]
        plain = [each for each in ciphers if "gcm" not in each]
        if aead:
            yield "-".join([*aead, *tail])
        if plain:
            yield "-".join([*plain, *(hashes or ["sha1"]), *tail])


def _selectors(root: Line, name: str) -> Iterator[tuple[str, str, str]]:
    for line in root.find("access-list", name):
        words = line.text.split()
        if words[2:3] == ["extended"] and words[3:4] == ["permit"]:
            one, rest = _network(root, words[5:])
            two, _ = _network(root, rest)
            for local, remote in itertools.product(one, two):
                yield local, remote, line.text


def _network(root: Line, words: list[str]) -> tuple[list[str], list[str]]:
    if words[0] in ("any", "any4"):
        return ["0.0.0.0/0"], words[1:]
    if words[0] == "host":
        return [f"{words[1]}/32"], words[2:]
    if words[0] == "object":
        return _object(root, words[1]), words[2:]
    if words[0] == "object-group":
        group = root.first("object-group", "network", words[1])
        found = []
        for child in group.children if group is not None else ():
            parts = child.text.split()
            if parts[0] == "group-object":
                found += _network(root, ["object-group", parts[1]])[0]
            elif parts[0] == "network-object":
                found += _network(root, parts[1:])[0]
        return found, words[2:]
    return [str(IPv4Network(f"{words[0]}/{words[1]}", strict=False))], words[2:]


def _object(root: Line, name: str) -> list[str]:
    found = root.first("object", "network", name)
    for child in found.children if found is not None else ():
        words = child.text.split()
        if words[0] == "host":
            return [f"{words[1]}/32"]
        if words[0] == "subnet":
            return [str(ip_network("/".join(words[1:]), strict=False))]
    return []


__all__ = ["Child", "Connection", "connections", "interface_of", "ip_interface", "render", "tunnel_devices"]
