"""Connections of somebody else between the same two ends as one of ours: charon loads both, and takes either."""

from collections.abc import Collection, Iterable, Iterator

from routebook.platforms.strongswan.tree import Section, Tree

_ANY = frozenset({"%any", "%any4", "%any6", "0.0.0.0/0", "::/0"})


def hand_made(tree: Tree, ours: Collection[str], changed: Collection[str]) -> Iterator[str]:
    """A sentence for each foreign connection that has the ends of one in `changed`; `ours` are our files.

    charon picks a peer configuration by addresses and identities (peer_cfg selection in backend_manager.c), so an SA
    may come up by the other one, and a removed one's SA may stay.
    """
    for name, files in sorted(tree.origins.items()):
        if name not in changed or not any(file in ours for file in files):
            continue
        mine = tree.connections.get(name, {})
        for other, other_files in sorted(tree.origins.items()):
            if other == name or any(file in ours for file in other_files):
                continue
            if _same_ends(mine, tree.connections.get(other, {})):
                yield (
                    f"connection {other} of {other_files[0]} has the same two ends as {name}: charon loads both, and "
                    f"either may carry the tunnel. To replace it in this run, add {other_files[0]} to `owns` of the "
                    "section connections in templates/strongswan/ownership.yaml"
                )


def _same_ends(one: Section, other: Section) -> bool:
    """Whether a packet of one connection's IKE could be the other's. One that is for any peer is for no certain one."""
    remote, others = _addresses(one, "remote_addrs"), _addresses(other, "remote_addrs")
    if not remote & others:
        return False
    local, theirs = _addresses(one, "local_addrs"), _addresses(other, "local_addrs")
    return not local or not theirs or bool(local & theirs)


def _addresses(connection: Section, key: str) -> frozenset[str]:
    """The addresses of an end; none where it is any."""
    value = connection.get(key)
    words: Iterable[str] = value.split(",") if isinstance(value, str) else ()
    return frozenset(word.strip().lower() for word in words) - {""} - _ANY
