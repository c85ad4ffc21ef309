"""The BGP neighbors that config.xml configures, by either package, with all that decides about their sessions."""

from collections.abc import Iterator, Mapping
from ipaddress import ip_address

from msgspec import Struct

from routebook.device.errors import CandidateError
from routebook.platforms.pfsense import manifest
from routebook.platforms.pfsense.tree import Canonical, Element, canonical

# What OpenBGPD and FRR apply to a live session by themselves; everything else needs the session to be reset.
_OPENBGPD_LIVE = ("set ", "descr", "dump ", "depend ", "announce")
_OPENBGPD_POLICY = ("set ", "announce")
_FRR_LIVE = frozenset(
    {
        "descr", "routemap_in", "routemap_out", "prefixfilter_in", "prefixfilter_out", "distribute_in",
        "distribute_out", "aspathfilter_in", "aspathfilter_out", "maximumprefix_num", "maximumprefix_threshold",
        "nexthopself", "softreconfigurationinbound", "sendcommunity", "defaultoriginate", "weight",
        "routeclient_reflector", "allowasin", "removeprivateas", "unsuppressmap",
    }
)  # fmt: skip
# bgpd of FRR resets a session by itself when these change; the timers it takes at the next session only.
_FRR_WAITS = frozenset({"timers_keepalive", "timers_holdtime", "timers_connect", "passive"})


# What of a package's own settings a session is made with; FRR's `frr` repeats some of them.
_OPENBGPD_SPEAKER = ("asnum", "routerid", "holdtime", "listenip")
_FRR_SPEAKER = ("asnum", "routerid", "enable")


class Neighbor(Struct, frozen=True):
    """A neighbor: `session` is what a session is made with, `waits` the part of it that a live one does not take.

    `policy` is what decides about prefixes, in settings that a live session takes. `fails_over` is whether FRR resets
    the session when its interface goes down: an external one, to a neighbor on that interface.
    """

    address: str
    descr: str
    remote_as: int | None
    session: tuple[Canonical, ...]
    waits: tuple[Canonical, ...]
    policy: tuple[Canonical, ...] = ()
    fails_over: bool = False


def speaker(package: str) -> frozenset[str]:
    """The package's own settings that every session is made with."""
    return frozenset({"openbgpd": _OPENBGPD_SPEAKER, "frr": _FRR_SPEAKER}.get(package, ()))


def neighbors(root: Element, package: str) -> dict[str, Neighbor]:
    """The neighbors of the installed package, by address."""
    packages = root.find("installedpackages") or Element("installedpackages")
    found = {"openbgpd": _openbgpd, "frr": _frr}.get(package)
    return {} if found is None else {neighbor.address: neighbor for neighbor in found(packages)}


def _entries(packages: Element, tag: str) -> list[Element]:
    holder = packages.first(tag)
    return [] if holder is None else holder.all("config")


def _global(packages: Element, tag: str, names: tuple[str, ...]) -> tuple[Canonical, ...]:
    settings = next(iter(_entries(packages, tag)), Element("config"))
    return tuple((name, settings.value(name)) for name in names)


def _openbgpd(packages: Element) -> Iterator[Neighbor]:
    own = _global(packages, "openbgpd", _OPENBGPD_SPEAKER)
    groups = {group.value("name"): group for group in _entries(packages, "openbgpdgroups")}
    for entry in _entries(packages, "openbgpdneighbors"):
        rows = [(row.value("parameters").strip(), row.value("parmvalue").strip()) for row in entry.all("row")]
        group = groups.get(entry.value("groupname"))
        stated = [f"{name} {value}".split()[-1] for name, value in rows if name.startswith("remote-as")]
        remote_as = stated[-1] if stated else group.value("remoteas") if group is not None else ""
        session = (
            *own,
            ("remote-as", remote_as),
            *((tag, entry.value(tag)) for tag in ("md5sigpass", "md5sigkey")),
            *((name, value) for name, value in rows if not f"{name} {value}".startswith(_OPENBGPD_LIVE)),
        )
        address = entry.value("neighbor")
        policy = tuple((name, value) for name, value in rows if f"{name} {value}".startswith(_OPENBGPD_POLICY))
        yield Neighbor(address, entry.value("descr"), as_number(remote_as), session, session, policy)


def _frr(packages: Element) -> Iterator[Neighbor]:
    own = _global(packages, "frrbgp", _FRR_SPEAKER)
    groups = {entry.value("peer"): entry for entry in _entries(packages, "frrbgpneighbors") if not _address(entry)}
    for entry in _entries(packages, "frrbgpneighbors"):
        if not _address(entry):
            continue
        group = groups.get(entry.value("peergroup"))
        settings = [*(group.children if group is not None else []), *entry.children]
        as_text = entry.value("asnum") or (group.value("asnum") if group is not None else "")
        yield Neighbor(
            entry.value("peer"),
            entry.value("descr"),
            as_number(as_text),
            (*own, *(canonical(setting) for setting in settings if setting.tag not in _FRR_LIVE)),
            tuple(canonical(setting) for setting in settings if setting.tag in _FRR_WAITS),
            tuple(canonical(setting) for setting in settings if setting.tag in _FRR_LIVE - {"descr"}),
            _fails_over(packages, as_text, entry, group),
        )


def _fails_over(packages: Element, remote_as: str, entry: Element, group: Element | None) -> bool:
    """bgp fast-external-failover: on unless the package's `fastexternalfailover` turns it off (frr_bgp.inc)."""
    (_, local_as), (_, off) = (
        *_global(packages, "frrbgp", ("asnum",)),
        *_global(packages, "frrbgpadvanced", ("fastexternalfailover",)),
    )
    hops = entry.value("ebgpmultihop") or (group.value("ebgpmultihop") if group is not None else "")
    return not off and hops in ("", "1") and as_number(remote_as) != as_number(str(local_as))


def _address(entry: Element) -> bool:
    try:
        ip_address(entry.value("peer"))
    except ValueError:
        return False
    return True


def as_number(text: str) -> int | None:
    """An AS number, in plain digits or with a dot (RFC 5396); None for anything else."""
    high, dot, low = text.strip().partition(".")
    if not high.isdigit() or (dot and not low.isdigit()):
        return None
    return int(high) * 65536 + int(low) if dot else int(high)


def local_as(root: Element, package: str) -> int:
    """The AS that the package is configured with, 0 if with none."""
    tag = "openbgpd" if package == "openbgpd" else "frrbgp"
    return as_number(root.value("installedpackages", tag, "config", "asnum")) or 0


def routes(root: Element, package: str) -> bool:
    """Whether the package is configured to route at all: it may be installed and empty, and its daemon stopped."""
    if package == "frr":
        packages = root.find("installedpackages") or Element("installedpackages")
        enabled = (_global(packages, tag, ("enable",)) for tag in ("frr", "frrbgp"))
        return local_as(root, package) > 0 and all(value for ((_, value),) in enabled)
    return local_as(root, package) > 0


def originated(root: Element, package: str) -> set[str]:
    """The networks that the package announces as its own."""
    packages = root.find("installedpackages") or Element("installedpackages")
    if package == "openbgpd":
        rows = [row for entry in _entries(packages, "openbgpd") for row in entry.all("row")]
        return {row.value("networks").strip() for row in rows if row.value("networks").strip()}
    rows = [row for entry in _entries(packages, "frrbgp") for row in entry.all("row")]
    return {row.value("distributeroutevalue") for row in rows if row.value("distributeroutevalue")}


def prefix_lists(root: Element) -> dict[str, list[str]]:
    """The prefix lists of FRR's package, entry by entry."""
    packages = root.find("installedpackages") or Element("installedpackages")
    found: dict[str, list[str]] = {}
    for entry in _entries(packages, "frrglobalprefixes"):
        found[entry.value("name")] = [
            " ".join([row.value("action"), row.value("source") or "any", *_bounds(row)]) for row in entry.all("row")
        ]
    return found


def _bounds(row: Element) -> list[str]:
    return [f"{tag} {row.value(tag)}" for tag in ("ge", "le") if row.value(tag)]


def router_id(root: Element, package: str) -> str:
    """The configured router ID, empty where the daemon chooses."""
    tag = "openbgpd" if package == "openbgpd" else "frrbgp"
    return root.value("installedpackages", tag, "config", "routerid")


def refuse_ignored(after: Element, package: str) -> None:
    """Raise CandidateError where the package would ignore what the candidate says."""
    packages = after.find("installedpackages") or Element("installedpackages")
    if package == "openbgpd":
        if packages.value("openbgpd", "rawconfig") or packages.find("openbgpd", "rawconfig", "item") is not None:
            raise CandidateError(
                "OpenBGPD runs by a raw configuration there, beside which the package ignores all else: empty it "
                "under Services / OpenBGPD / Raw config; nothing was changed"
            )
        groups = {group.value("name") for group in _entries(packages, "openbgpdgroups")}
        for entry in _entries(packages, "openbgpdneighbors"):
            if entry.value("descr").startswith("RB ") and entry.value("groupname") not in ("", *groups):
                raise CandidateError(
                    f"neighbor {entry.value('neighbor')} is in the group {entry.value('groupname')!r}, which does not "
                    "exist: the package would leave it out; nothing was changed"
                )
    elif package == "frr":
        for tag in ("frr", "bgpd"):
            if packages.value("frrglobalraw", "config", tag):
                raise CandidateError(
                    "FRR runs by a raw configuration there, beside which the package ignores all else: empty it "
                    "under Services / FRR / Global / Raw config; nothing was changed"
                )


def by_address(found: Mapping[str, Neighbor], root: Element) -> dict[str, str]:
    """Address to remote AS, of Routebook's own neighbors: what the daemon has to run with."""
    ours, packages = manifest.ours(root), root.find("installedpackages") or Element("installedpackages")
    mine = {
        entry.value(tag)
        for holder, tag in (("frrbgpneighbors", "peer"), ("openbgpdneighbors", "neighbor"))
        for entry in _entries(packages, holder)
        if ours(("installedpackages", holder, "config"), entry)
    }
    return {
        address: str(neighbor.remote_as)
        for address, neighbor in found.items()
        if address in mine and neighbor.remote_as is not None
    }
