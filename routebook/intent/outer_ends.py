"""Finds the outer ends of a tunnel: where each one is, and where the other one looks for it."""

from routebook.intent.outer import Outer
from routebook.intent.problem import Problems
from routebook.intent.tunnel_pairing import Pairing


def find_outer(pair: Pairing, link: str | None, problems: Problems) -> tuple[Outer, Outer] | None:
    """Both ends: as declared for them, else on the tunnel's link, else on the only common one; None when reported."""
    if link is None:
        open_ends = [end for end, own in zip(pair.ends, pair.options, strict=True) if own.get("address") is None]
        links = [{i.link for i in end.interfaces if i.link and i.addresses} for end in open_ends]
        common = sorted(set.intersection(*links)) if links else []
        if len(common) != 1 and open_ends:
            problems.error(
                pair.mark,
                f"tunnel {pair.name}: its ends share "
                + (f"several links: {', '.join(common)}" if common else "no link"),
                "write link: …, or an address for each end",
            )
            return None
        link = common[0] if open_ends else None
    choices = [_choices(pair, side, link, problems) for side in (0, 1)]
    if choices[0] is None or choices[1] is None:
        return None
    for version in (4, 6):
        for one in choices[0]:
            for other in choices[1]:
                if {_version(one), _version(other)} <= {version, None}:
                    return _together(pair, one, other, problems)
    problems.error(pair.mark, f"tunnel {pair.name}: its ends have no outer addresses of one family", "give both one")
    return None


def _choices(pair: Pairing, side: int, link: str | None, problems: Problems) -> list[Outer] | None:
    end, own = pair.ends[side], pair.options[side]
    addresses = [a.ip for i in end.interfaces for a in i.addresses if link is None or i.link == link]
    wanted, seen = own.get("address"), own.get("seen_as")
    if isinstance(wanted, tuple):
        return [Outer(None, wanted if seen is None else seen)]
    if wanted is not None and end.managed and wanted not in addresses:
        on_link = f" on link {link}" if link else ""
        problems.error(own.mark("address", pair.mark), f"{end.name} has no {wanted}{on_link}", "correct the address")
        return None
    if wanted is None and not addresses:
        problems.error(
            pair.mark,
            f"{end.name} has no address on link {link}",
            "add one to its interfaces in inventory/hosts.yaml"
            if end.managed
            else f"write {end.name}: {{address: …}}, `any` where it changes",
        )
        return None
    return [Outer(a, a if seen is None else seen) for a in ([wanted] if wanted is not None else addresses)]


def _version(end: Outer) -> int | None:
    return end.own.version if end.own is not None else None


def _together(pair: Pairing, one: Outer, other: Outer, problems: Problems) -> tuple[Outer, Outer] | None:
    ends = (one, other)
    begins = [pair.ends[1 - side].managed and ends[side].reachable for side in (0, 1)]
    if not any(begins) and all(end.managed for end in pair.ends):
        problems.error(
            pair.mark,
            f"tunnel {pair.name}: neither of its ends knows an address or a name of the other, so neither can begin",
            "write the address or a name of one of them",
        )
        return None
    return ends
