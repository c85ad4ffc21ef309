"""What prefix lists and route maps let through: as regions of address space, and for one prefix."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from ipaddress import ip_network
from itertools import product

from msgspec import Struct

from routebook.intent.model import (
    Family,
    IPNetwork,
    NeighborFamily,
    PrefixList,
    PrefixRange,
    PrefixRule,
    RouteMap,
    RouteMapRule,
)


class Region(Struct, frozen=True):
    """All prefixes within `network` of `shortest` to `longest` bits."""

    network: IPNetwork
    shortest: int
    longest: int

    @classmethod
    def below(cls, network: IPNetwork) -> "Region":
        """A network and every part of it."""
        return cls(network, network.prefixlen, network.max_prefixlen)

    def __str__(self) -> str:
        if self.network.prefixlen == 0 and self.longest == self.network.max_prefixlen:
            return "everything" if self.shortest == 0 else f"everything of /{self.shortest} and longer"
        if self.shortest == self.longest == self.network.prefixlen:
            return "the default route" if self.network.prefixlen == 0 else str(self.network)
        return f"{self.network} of /{self.shortest} to /{self.longest}"

    @classmethod
    def of(cls, rule: PrefixRule | PrefixRange) -> "Region":
        """What a rule of a prefix list, or a prefix with lengths, is about."""
        length = rule.prefix.prefixlen
        return cls(rule.prefix, rule.ge or length, rule.le or (rule.prefix.max_prefixlen if rule.ge else length))

    def within(self, network: IPNetwork) -> bool:
        """Whether it has no prefix that is not of a network's addresses."""
        return covers(network, self.network)

    def has(self, prefix: IPNetwork) -> bool:
        """Whether a prefix is one of it."""
        return covers(self.network, prefix) and self.shortest <= prefix.prefixlen <= self.longest

    def common(self, other: "Region") -> "Region | None":
        """The prefixes of both; None if there is none."""
        inner = self if covers(other.network, self.network) else other
        outer = other if inner is self else self
        if not covers(outer.network, inner.network):
            return None
        shortest = max(self.shortest, other.shortest, inner.network.prefixlen)
        longest = min(self.longest, other.longest)
        return Region(inner.network, shortest, longest) if shortest <= longest else None


EVERYTHING: dict[Family, Region] = {
    "ipv4-unicast": Region.below(ip_network("0.0.0.0/0")),
    "ipv6-unicast": Region.below(ip_network("::/0")),
}


def covers(outer: IPNetwork, inner: IPNetwork) -> bool:
    """Whether a network contains another one, or is it."""
    return outer.version == inner.version and inner.subnet_of(outer)  # type: ignore[arg-type]  # of one version


def accepted(region: Region, leaks: Iterable[PrefixRange]) -> bool:
    """Whether all prefixes of a region are among those that somebody accepted."""
    return any(region.common(Region.of(each)) == region for each in leaks)


def regions(prefix_list: PrefixList, within: Region | None = None) -> list[Region]:
    """What a prefix list permits, of a region alone where one is given.

    A rule that an earlier one denies as a whole permits nothing; what is denied in part is counted as permitted.
    """
    denied: list[Region] = []
    found: list[Region] = []
    for rule in prefix_list.rules:
        region: Region | None = Region.of(rule)
        if region is not None and within is not None:
            region = region.common(within)
        if region is None:
            continue
        if rule.action == "deny":
            denied.append(region)
        elif not any(region.common(other) == region for other in denied):
            found.append(region)
    return found


class Filters(Struct, frozen=True):
    """The filters of one direction of a session, by name, and what the names mean; what has no name filters nothing."""

    family: Family
    prefix_list: str | None
    route_map: str | None
    prefix_lists: Mapping[str, PrefixList]
    route_maps: Mapping[str, RouteMap]
    as_path_list: str | None = None  # what it stops is not known beforehand

    @classmethod
    def out(cls, family: NeighborFamily, lists: Mapping[str, PrefixList], maps: Mapping[str, RouteMap]) -> "Filters":
        """Those of what is sent."""
        return cls(family.family, family.prefix_list_out, family.route_map_out, lists, maps, family.as_path_list_out)

    @classmethod
    def into(cls, family: NeighborFamily, lists: Mapping[str, PrefixList], maps: Mapping[str, RouteMap]) -> "Filters":
        """Those of what is received."""
        return cls(family.family, family.prefix_list_in, family.route_map_in, lists, maps, family.as_path_list_in)

    @property
    def any(self) -> bool:
        """Whether there is one at all."""
        return bool(self.prefix_list or self.route_map or self.as_path_list)

    @property
    def known(self) -> bool:
        """Whether every name means something."""
        return (self.prefix_list is None or self.prefix_list in self.prefix_lists) and (
            self.route_map is None or self.route_map in self.route_maps
        )

    def carries(self, prefix: IPNetwork) -> bool:
        """Whether a prefix is of their address family."""
        return EVERYTHING[self.family].network.version == prefix.version

    def through(
        self, within: Region | None = None, trusted: Callable[[RouteMapRule], bool] = lambda _: False
    ) -> Iterator[tuple[Region, RouteMapRule | None]]:
        """What they let through, each with the entry of the route map that does; entries that are `trusted` left out.

        Names that mean nothing let nothing through. What depends on more than the prefix counts as let through: other
        matches, and what a map that is called, or an entry that follows by `continue`, denies yet.
        """
        if not self.known:
            return
        everything = within or EVERYTHING[self.family]
        listed = self._listed(self.prefix_list, everything)
        if self.route_map is None:
            yield from ((region, None) for region in listed)
            return
        denied: list[Region] = []
        for rule in self.route_maps[self.route_map].rules:
            matched = self._listed(rule.match_prefix_list, everything)
            if rule.action == "deny":
                if not rule.conditional:
                    denied += matched
                continue
            if trusted(rule):
                continue
            for one, other in product(listed, matched):
                region = one.common(other)
                if region is not None and not any(region.common(each) == region for each in denied):
                    yield region, rule

    def _listed(self, name: str | None, everything: Region) -> list[Region]:
        if name is None:
            return [everything]
        found = self.prefix_lists.get(name)
        return regions(found, everything) if found is not None else []

    def passes(self, prefix: IPNetwork) -> bool | None:
        """Whether they let one prefix through; None where that depends on more than the prefix."""
        passes = self._passes(prefix)
        return None if passes and self.as_path_list else passes

    def _passes(self, prefix: IPNetwork) -> bool | None:
        if not self.known or (self.prefix_list and not self._permits(self.prefix_list, prefix)):
            return False
        maybe: set[str] = set()
        for rule in self.route_maps[self.route_map].rules if self.route_map else ():
            if rule.match_prefix_list is not None and not self._permits(rule.match_prefix_list, prefix):
                continue
            if rule.call is not None or rule.on_match is not None:
                return None  # other entries, or another map, may deny it yet
            if rule.conditional:
                maybe.add(rule.action)
                continue
            return (rule.action == "permit") if maybe <= {rule.action} else None
        return self.route_map is None or (None if "permit" in maybe else False)

    def _permits(self, name: str, prefix: IPNetwork) -> bool:
        found = self.prefix_lists.get(name)
        for rule in found.rules if found is not None else ():
            if Region.of(rule).has(prefix):
                return rule.action == "permit"
        return False


def by_name(lists: Iterable[PrefixList]) -> dict[str, PrefixList]:
    """Prefix lists by their names."""
    return {each.name: each for each in lists}


def maps_by_name(maps: Iterable[RouteMap]) -> dict[str, RouteMap]:
    """Route maps by their names."""
    return {each.name: each for each in maps}
