"""Writes what the starter's files say as swanctl.conf, for a host that is to leave the starter.

What each option becomes is what charon makes of it (build_peer_cfg, build_child_cfg, build_auth_cfg and map_action in
src/libcharon/plugins/stroke/stroke_config.c, the defaults in src/starter/confread.c of strongSwan 5).
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from routebook.importing.found import BadInputError, Converted, SourceFile
from routebook.platforms.strongswan.starter import Conn, Secret, is_of_starter, read_conns, read_secrets
from routebook.platforms.strongswan.words import encoded, text

_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_LIFETIMES = {"ikelifetime": "3h", "lifetime": "1h", "margintime": "9m"}
_OLD_NAMES = {"keylife": "lifetime", "rekeymargin": "margintime", "authby": "auth"}
_START = {"add": "none", "route": "trap", "start": "start"}
_ACTION = {"none": "none", "clear": "none", "hold": "trap", "restart": "restart"}
_IGNORED = {"auto", "rekeyfuzz", "dpdtimeout", "leftnexthop", "rightnexthop", "also"}
"""What has no counterpart that would matter: how far rekeying is spread, and what is of IKEv1 alone."""
_KNOWN = {
    *(
        "keyexchange",
        "left",
        "right",
        "leftsubnet",
        "rightsubnet",
        "leftid",
        "rightid",
        "leftauth",
        "rightauth",
        "auth",
    ),
    *(
        "leftcert",
        "leftupdown",
        "leftfirewall",
        "ike",
        "esp",
        "rekey",
        "reauth",
        "keyingtries",
        "dpdaction",
        "dpddelay",
    ),
    *("closeaction", "mobike", "forceencaps", "compress", "type", "mark", "mark_in", "mark_out", "installpolicy"),
    *("fragmentation", *_LIFETIMES, *_IGNORED),
}
Block = Mapping[str, "str | Block"]


class _UnfitError(ValueError):
    """Why a connection is not converted."""


def convert(files: Sequence[SourceFile]) -> Converted | None:
    """The files of a host that leaves the starter, below its /etc/swanctl, and what is left out; None for others."""
    old = [file for file in files if is_of_starter(file.name)]
    if not old:
        return None
    left: list[str] = []
    connections: dict[str, tuple[dict[str, str | Block], dict[str, Block]]] = {}
    for conn in read_conns(old):
        try:
            ike, child = _ike(_Options(conn)), _child(_Options(conn))
        except _UnfitError as error:
            left.append(f"{conn.mark}: conn {conn.name}: {error}")
            continue
        # charon gives the child of a connection that differs in its child alone to the earlier one.
        same = next((children for other, children in connections.values() if other == ike), None)
        if same is None:
            connections[conn.name] = (ike, {conn.name: child})
        else:
            same[conn.name] = child
    secrets = {}
    for number, secret in enumerate(read_secrets(old), 1):
        if secret.kind == "PSK":
            secrets[f"ike-{number}"] = _secret(secret)
        else:
            left.append(f"{secret.mark}: a secret of kind {secret.kind}: put its file into /etc/swanctl/private")
    whole: dict[str, str | Block] = {
        "connections": {name: {**ike, "children": children} for name, (ike, children) in connections.items()},
        "secrets": secrets,
    }
    return Converted({"swanctl.conf": "".join(_written(whole, ""))}, tuple(left))


class _Options:
    """What a connection says, read once each."""

    def __init__(self, conn: Conn) -> None:
        self.said = {_OLD_NAMES.get(key, key): value for key, value in conn.options.items() if value}
        if more := sorted(set(self.said) - _KNOWN):
            raise _UnfitError(f"{more[0]} is not converted")

    def get(self, key: str, default: str = "") -> str:
        return self.said.get(key, default)

    def flag(self, key: str, default: str) -> bool:
        return self.choice(key, default, {"yes": "yes", "no": ""}) == "yes"

    def choice(self, key: str, default: str, choices: Mapping[str, str]) -> str:
        value = self.get(key, default)
        if value not in choices:
            raise _UnfitError(f"{key}={value} is not converted")
        return choices[value]

    def seconds(self, key: str, default: str = "") -> int:
        value = self.get(key, default or _LIFETIMES.get(key, ""))
        found = re.fullmatch(r"(\d+)([smhd]?)", value)
        if found is None:
            raise _UnfitError(f"{key}={value} is no duration")
        return int(found[1]) * _SECONDS[found[2]]

    def left_over(self, key: str) -> int:
        """A lifetime without the margin before its end, which is when charon begins anew."""
        return max(self.seconds(key) - self.seconds("margintime"), 1) if self.flag("rekey", "yes") else 0


def _ike(options: _Options) -> dict[str, str | Block]:
    version = options.choice("keyexchange", "ike", {"ike": "", "ikev2": "2", "ikev1": "1"})
    found: dict[str, str | Block] = {"version": version} if version else {}
    for end, key in (("left", "local_addrs"), ("right", "remote_addrs")):
        place = options.get(end, "%any")
        if place.startswith("%") and place not in ("%any", "%defaultroute"):
            raise _UnfitError(f"{end}={place} is not converted")
        if not place.startswith("%"):
            found[key] = ", ".join(each.strip() for each in place.split(","))
    found |= _proposals(options, "ike", "proposals")
    if options.get("dpdaction", "none") != "none":
        found["dpd_delay"] = f"{options.seconds('dpddelay', '30s')}s"
    again = "reauth_time" if options.flag("reauth", "yes") else "rekey_time"
    found[again] = f"{options.left_over('ikelifetime')}s"
    tries = options.get("keyingtries", "3")
    found["keyingtries"] = "0" if tries == "%forever" else tries
    if not tries.isdigit() and tries != "%forever":
        raise _UnfitError(f"keyingtries={tries} is not converted")
    if not options.flag("mobike", "yes"):
        found["mobike"] = "no"
    if options.flag("forceencaps", "no"):
        found["encap"] = "yes"
    if (fragments := options.choice("fragmentation", "yes", {e: e for e in ("yes", "no", "force", "accept")})) != "yes":
        found["fragmentation"] = fragments
    return {**found, "local": _end(options, "left"), "remote": _end(options, "right")}


def _end(options: _Options, end: str) -> Block:
    kinds = {"psk": "psk", "secret": "psk", "pubkey": "pubkey", "rsasig": "pubkey", "ecdsasig": "pubkey"}
    shared = options.choice("auth", "pubkey", kinds)
    found = {"auth": options.choice(f"{end}auth", shared, kinds)}
    certificate = options.get(f"{end}cert")
    if certificate and end == "left":
        found["certs"] = certificate.rpartition("/")[2]
    place = options.get(end, "%any")
    identity = options.get(f"{end}id")
    if not identity and not certificate and not place.startswith("%") and "," not in place and "/" not in place:
        identity = place  # what charon takes in its stead
    if identity and identity != "%any":
        found["id"] = identity
    return found


def _child(options: _Options) -> Block:
    found: dict[str, str] = {}
    for end, key in (("left", "local_ts"), ("right", "remote_ts")):
        subnets = [each.strip().replace("%dynamic", "dynamic") for each in options.get(f"{end}subnet").split(",")]
        if subnets != [""]:
            found[key] = ", ".join(subnets)
    found |= _proposals(options, "esp", "esp_proposals")
    found["rekey_time"] = f"{options.left_over('lifetime')}s"
    for key, ours in (("mark", ("mark_in", "mark_out")), ("mark_in", ("mark_in",)), ("mark_out", ("mark_out",))):
        found |= dict.fromkeys(ours, options.get(key)) if options.get(key) else {}
    if options.flag("leftfirewall", "no"):
        found["updown"] = "/usr/lib/ipsec/_updown iptables"
    elif options.get("leftupdown"):
        found["updown"] = options.get("leftupdown")
    if (mode := options.choice("type", "tunnel", {"tunnel": "tunnel", "transport": "transport"})) != "tunnel":
        found["mode"] = mode
    if options.flag("compress", "no"):
        found["ipcomp"] = "yes"
    if not options.flag("installpolicy", "yes"):
        found["policies"] = "no"
    found["start_action"] = options.choice("auto", "add", _START)
    close = options.choice("closeaction", "none", _ACTION)
    dead = options.choice("dpdaction", "none", _ACTION)
    found["close_action"] = "start" if close == "restart" else close
    found["dpd_action"] = "clear" if dead == "none" else dead
    return found


def _proposals(options: _Options, key: str, ours: str) -> dict[str, str]:
    """Without a ! at its end, charon adds its own proposals to a list."""
    said = options.get(key).replace(" ", "")
    if not said:
        return {}
    return {ours: said.removesuffix("!").replace(",", ", ") + ("" if said.endswith("!") else ", default")}


def _secret(secret: Secret) -> Block:
    value = secret.value
    if not value:
        raise BadInputError(secret.mark, "has no secret", "write OWNERS : PSK SECRET")
    owners = {f"id-{number}": owner for number, owner in enumerate(secret.owners, 1) if owner != "%any"}
    return {**owners, "secret": value if value[:2] in ("0s", "0x") else encoded(value)}


def _written(block: Block, indent: str) -> Iterator[str]:
    for key, value in block.items():
        if isinstance(value, str):
            yield f"{indent}{key} = {text(value) if key == 'updown' or key.startswith('id') else value}\n"
        else:
            yield f"{indent}{key} {{\n"
            yield from _written(value, indent + "  ")
            yield f"{indent}}}\n"
