"""The commands between two configurations, on a model of how FRR takes commands."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from routebook.device.candidate import Section
from routebook.platforms.frr.candidate import missing, target, wanted
from routebook.platforms.frr.command import Command, render_commands
from routebook.platforms.frr.difference import commands
from routebook.platforms.frr.meaning import explicit, fingerprint, same
from routebook.platforms.frr.settings import setting
from routebook.platforms.frr.tree import Block, Tree, lines_of, opens_context, parse, render

OWNS = ("ip prefix-list RB-*", "route-map RB-*", "bfd / profile RB-*", "router bgp 65550")


IPV4 = "address-family ipv4 unicast"


class Router:
    """A model of FRR's configuration: what bgpd 8.4.4 was seen to do with these commands, and nothing else.

    Which neighbors are active is kept in full, and shown as FRR shows it: where it is not the default.
    """

    def __init__(self, tree: Tree) -> None:
        self.lines = {(*path, line) for path, line in lines_of(explicit(tree))}

    def enter(self, text: str) -> None:
        path: list[str] = []
        for raw in text.splitlines():
            line = raw.strip()
            if line.startswith("exit"):
                path.pop()
            elif opens_context(line, path[-1] if path else None):
                path.append(line)
                self._open(tuple(path))
            else:
                self._take(tuple(path), line)

    def _open(self, path: tuple[str, ...]) -> None:
        words = path[-1].split()
        if words[0] == "route-map":
            other = " ".join([*words[:2], "deny" if words[2] == "permit" else "permit", words[3]])
            self.lines = {(path[0], *item[1:]) if item[0] == other else item for item in self.lines}
        self.lines.add(path)

    def _take(self, path: tuple[str, ...], line: str) -> None:
        words = line.removeprefix("no ").split()
        if words[0] == "neighbor" and line.startswith("no ") and words[2:] in ([], ["peer-group"]):
            self._remove_neighbor(path, words[1])
            return
        if words[0] == "neighbor" and words[2] not in ("remote-as", "peer-group") and not line.startswith("no "):
            known = {item[-1].split()[1] for item in self.lines if item[-1].startswith("neighbor ")}
            assert words[1] in known, f"Specify remote-as or peer-group commands first: {line}"
        if words[0] == "neighbor" and words[2:] == ["activate"]:
            self.lines.discard((*path, f"neighbor {words[1]} activate"))
            self.lines |= set() if line.startswith("no ") else {path, (*path, line)}
            return
        if words[0] == "neighbor" and words[2] in ("remote-as", "peer-group") and not line.startswith("no "):
            self._make_neighbor(path, words)
        if line.startswith("no ") and line not in STATES:
            positive = line.removeprefix("no ")
            gone = {
                item
                for item in self.lines
                if item[: len(path)] == path
                and len(item) > len(path)
                and (item[len(path)] == positive or item[len(path)].startswith(f"{positive} "))
            }
            assert gone, f"nothing to take back: {line}"
            self.lines -= gone
            return
        if f"no {line}" in STATES:
            self.lines.discard((*path, f"no {line}"))
            return
        self.lines = {item for item in self.lines if not (item[:-1] == path and setting(item[-1]) == setting(line))}
        self.lines.add((*path, line))

    def _make_neighbor(self, path: tuple[str, ...], words: list[str]) -> None:
        """A new neighbor is active where all are by default; a member of a group is where its group is."""
        family, active = (*path, IPV4), (*path, IPV4, f"neighbor {words[1]} activate")
        if words[2] == "peer-group" and len(words) > 3:
            self.lines -= {item for item in self.lines if item[-1] == active[-1]}
        elif words[1] not in self._neighbors(path) and (*path, "no bgp default ipv4-unicast") not in self.lines:
            self.lines |= {family, active}

    def _neighbors(self, path: tuple[str, ...]) -> set[str]:
        return {item[1].split()[1] for item in self.lines if item[:-1] == path and item[-1].startswith("neighbor ")}

    def _remove_neighbor(self, path: tuple[str, ...], name: str) -> None:
        members = {name} | {item[-1].split()[1] for item in self.lines if item[-1].endswith(f" peer-group {name}")}
        gone = {
            item
            for item in self.lines
            if item[0] == path[0] and item[-1].split()[:1] == ["neighbor"] and item[-1].split()[1] in members
        }
        assert gone, f"no such neighbor: {name}"
        self.lines -= gone

    def tree(self) -> Tree:
        def below(path: tuple[str, ...]) -> Tree:
            here = sorted(
                {item[: len(path) + 1] for item in self.lines if item[: len(path)] == path and len(item) > len(path)}
            )
            return tuple(Block(item[-1], below(item)) for item in here)

        return tuple(self._shown(block) if block.line.startswith("router bgp ") else block for block in below(()))

    def _shown(self, router: Block) -> Block:
        if ("router bgp 65550", "no bgp default ipv4-unicast") in self.lines:
            return router
        members = {child.line.split()[1] for child in router.children if re.fullmatch(r".* peer-group \S+", child.line)}
        idle = [
            Block(f"no neighbor {name} activate")
            for name in sorted(self._neighbors((router.line,)) - members)
            if (router.line, IPV4, f"neighbor {name} activate") not in self.lines
        ]
        return parse(render([router, Block(router.line, (Block(IPV4, tuple(idle)),))]))[0]


STATES = {"no bgp default ipv4-unicast", "no bgp network import-check"}

names = st.sampled_from(["RB-A", "RB-B", "RB-C"])
peers = st.sampled_from(["192.0.2.1", "192.0.2.2", "2001:db8::1"])
groups = st.sampled_from(["G", "H"])
GROUP_OPTIONS = ("password s1", "timers 3 9", "description group")
prefixes = st.sampled_from(["10.0.0.0/8", "10.3.0.0/16", "192.0.2.0/24 le 32"])


@st.composite
def prefix_lists(draw: st.DrawFn) -> list[Block]:
    found: dict[str, Block] = {}
    for name in draw(st.sets(names)):
        for number in draw(st.sets(st.integers(1, 4), min_size=1)):
            line = (
                f"ip prefix-list {name} seq {number * 5} {draw(st.sampled_from(['permit', 'deny']))} {draw(prefixes)}"
            )
            found[setting(line)] = Block(line)
    return list(found.values())


@st.composite
def route_maps(draw: st.DrawFn) -> list[Block]:
    found = []
    for name in draw(st.sets(names)):
        for number in draw(st.sets(st.integers(1, 3), min_size=1)):
            lines = draw(
                st.sets(
                    st.sampled_from(
                        ["match ip address prefix-list RB-A", "match ip address prefix-list RB-B", "match rpki invalid",
                         "set local-preference 10", "set local-preference 20", "set community 1:1", "set metric 5"]
                    )
                )
            )  # fmt: skip
            one_value = {setting(line): line for line in sorted(lines)}
            action = draw(st.sampled_from(["permit", "deny"]))
            found.append(
                Block(f"route-map {name} {action} {number}", tuple(Block(line) for line in one_value.values()))
            )
    return found


@st.composite
def profiles(draw: st.DrawFn) -> list[Block]:
    chosen = draw(st.sets(names))
    multipliers = st.integers(4, 6)
    if not chosen:
        return []
    return [
        Block(
            "bfd",
            tuple(Block(f"profile {name}", (Block(f"detect-multiplier {draw(multipliers)}"),)) for name in chosen),
        )
    ]


@st.composite
def routers(draw: st.DrawFn) -> list[Block]:
    if not draw(st.integers(0, 5)):
        return []
    lines = [f"bgp router-id 10.0.0.{draw(st.integers(1, 2))}"]
    if draw(st.booleans()):
        lines.append("no bgp default ipv4-unicast")
    if draw(st.booleans()):
        lines.append("no bgp network import-check")
    family: dict[str, list[str]] = {"ipv4": [], "ipv6": []}
    group_as = {}
    for group in sorted(draw(st.sets(groups))):
        group_as[group] = draw(st.sampled_from(["65550", "64496", ""]))
        lines.append(f"neighbor {group} peer-group")
        if group_as[group]:
            lines.append(f"neighbor {group} remote-as {group_as[group]}")
        lines += [f"neighbor {group} {option}" for option in sorted(draw(st.sets(st.sampled_from(GROUP_OPTIONS))))]
        if draw(st.booleans()):
            family["ipv6"].append(f"neighbor {group} activate")
    for peer in sorted(draw(st.sets(peers))):
        group = draw(st.sampled_from(["", *group_as]))
        if not group or not group_as[group]:
            lines.append(f"neighbor {peer} remote-as {draw(st.sampled_from(['65550', '64496', '64497', 'external']))}")
        if group:
            lines.append(f"neighbor {peer} peer-group {group}")
        options = [
            "description a",
            "description b c",
            "password s1",
            "password s2",
            "timers 3 9",
            "update-source lo",
            "shutdown",
        ]
        chosen = draw(st.sets(st.sampled_from(options)))
        lines += {
            setting(f"neighbor {peer} {option}"): f"neighbor {peer} {option}" for option in sorted(chosen)
        }.values()
        for name in family:
            options = [
                "route-map RB-A in",
                "route-map RB-B in",
                "route-map RB-A out",
                "prefix-list RB-C in",
                "next-hop-self",
                "maximum-prefix 10",
                "maximum-prefix 20 80",
            ]
            chosen = draw(st.sets(st.sampled_from(options), max_size=3))
            own = {setting(f"neighbor {peer} {option}"): f"neighbor {peer} {option}" for option in sorted(chosen)}
            implied = name == "ipv4" and "no bgp default ipv4-unicast" not in lines
            if not group and draw(st.booleans()):
                family[name].append(f"{'no ' if implied else ''}neighbor {peer} activate")
            family[name] += own.values()
    children = [Block(line) for line in lines]
    for name, inner in family.items():
        if inner:
            children.append(Block(f"address-family {name} unicast", tuple(Block(line) for line in inner)))
    return [Block("router bgp 65550", tuple(children))]


@st.composite
def configurations(draw: st.DrawFn) -> Tree:
    parts = [*draw(prefix_lists()), *draw(route_maps()), *draw(profiles()), *draw(routers())]
    return tuple(draw(st.permutations(parts)))


FOREIGN = parse("""
ip prefix-list LEGACY seq 5 permit any
route-map LEGACY permit 10
 set metric 3
exit
bfd
 profile LEGACY
  detect-multiplier 9
 exit
exit
ip route 10.0.0.0/8 Null0
""")


def with_foreign(tree: Tree) -> Tree:
    return parse(render((*FOREIGN, *tree)))


@given(configurations(), configurations())
@settings(max_examples=100)
def test_the_commands_lead_from_one_to_the_other_and_back(before: Tree, after: Tree) -> None:
    router = Router(before)
    router.enter(render_commands(commands(before, after)))
    assert lines_of(explicit(router.tree())) == lines_of(explicit(after))
    router.enter(render_commands(commands(after, before)))
    assert lines_of(explicit(router.tree())) == lines_of(explicit(before))


@given(configurations(), configurations())
@settings(max_examples=40)
def test_what_is_not_owned_is_in_no_command_and_stays(before: Tree, after: Tree) -> None:
    running = with_foreign(before)
    candidate = wanted([Section("s", "frr", render(after), OWNS)])
    due = target(running, candidate)
    assert lines_of(FOREIGN) <= lines_of(due)
    assert lines_of(explicit(candidate.owned_part(due))) == lines_of(explicit(after))
    assert missing(due, candidate) == ([], [])
    assert "LEGACY" not in render_commands(commands(running, due))


@given(configurations())
@settings(max_examples=40)
def test_the_same_configuration_in_any_order_needs_no_command(tree: Tree) -> None:
    turned = tuple(reversed(tree))
    assert commands(tree, turned) == ()
    assert same(tree, turned)
    assert fingerprint(tree) == fingerprint(turned)


@given(configurations(), configurations())
@settings(max_examples=40)
def test_the_fingerprint_tells_different_configurations_apart(one: Tree, other: Tree) -> None:
    assert (fingerprint(one) == fingerprint(other)) == same(one, other) == (commands(one, other) == ())


def lines(before: str, after: str) -> list[str]:
    return [
        line.strip()
        for line in render_commands(commands(parse(before), parse(after))).splitlines()
        if "exit" not in line
    ]


def test_removing_a_neighbor_is_one_command() -> None:
    before = (
        "router bgp 1\n neighbor 192.0.2.1 remote-as 2\n neighbor 192.0.2.1 description x\n"
        " address-family ipv6 unicast\n  neighbor 192.0.2.1 activate\n"
    )
    assert lines(before, "router bgp 1\n") == ["router bgp 1", "no neighbor 192.0.2.1"]


def test_a_changed_value_is_replaced_not_removed_first() -> None:
    before = "router bgp 1\n neighbor 192.0.2.1 remote-as 2\n neighbor 192.0.2.1 password a\n"
    assert lines(before, before.replace("password a", "password b")) == [
        "router bgp 1",
        "neighbor 192.0.2.1 password b",
    ]


def test_a_removed_password_is_not_in_the_command() -> None:
    before = "router bgp 1\n neighbor 192.0.2.1 remote-as 2\n neighbor 192.0.2.1 password a\n"
    after = "router bgp 1\n neighbor 192.0.2.1 remote-as 2\n"
    assert lines(before, after) == ["router bgp 1", "no neighbor 192.0.2.1 password"]


def test_definitions_come_before_their_use_and_go_after_it() -> None:
    one = (
        "ip prefix-list RB-A seq 5 permit any\nroute-map RB-A permit 10\n"
        " match ip address prefix-list RB-A\nexit\nrouter bgp 1\n"
        " neighbor 192.0.2.1 remote-as 2\n address-family ipv4 unicast\n"
        "  neighbor 192.0.2.1 route-map RB-A in\n"
    )
    two = one.replace("RB-A", "RB-B")
    done = lines(one, two)
    order = [
        done.index("ip prefix-list RB-B seq 5 permit any"),
        done.index("route-map RB-B permit 10"),
        done.index("neighbor 192.0.2.1 route-map RB-B in"),
        done.index("no route-map RB-A"),
        done.index("no ip prefix-list RB-A"),
    ]
    assert order == sorted(order)


def test_a_new_neighbor_is_active_only_after_its_policies() -> None:
    after = (
        "router bgp 1\n no bgp default ipv4-unicast\n neighbor 192.0.2.1 remote-as 2\n"
        " address-family ipv4 unicast\n  neighbor 192.0.2.1 activate\n"
        "  neighbor 192.0.2.1 route-map RB-A out\n"
    )
    done = lines("router bgp 1\n no bgp default ipv4-unicast\n", after)
    assert done[-2:] == ["neighbor 192.0.2.1 route-map RB-A out", "neighbor 192.0.2.1 activate"]


def test_a_new_policy_is_there_before_the_old_one_goes() -> None:
    before = (
        "router bgp 1\n neighbor 192.0.2.1 remote-as 2\n address-family ipv4 unicast\n"
        "  neighbor 192.0.2.1 route-map RB-A out\n"
    )
    after = before.replace("route-map RB-A", "prefix-list RB-A")
    done = lines(before, after)
    assert done.index("neighbor 192.0.2.1 prefix-list RB-A out") < done.index(
        "no neighbor 192.0.2.1 route-map RB-A out"
    )


def test_default_activation_is_undone_for_a_new_neighbor_that_does_not_want_it() -> None:
    after = (
        "router bgp 1\n neighbor 192.0.2.1 remote-as 2\n address-family ipv4 unicast\n"
        "  no neighbor 192.0.2.1 activate\n"
    )
    assert "no neighbor 192.0.2.1 activate" in lines("router bgp 1\n", after)


def test_a_neighbor_that_becomes_internal_is_made_anew() -> None:
    before = "router bgp 1\n neighbor 192.0.2.1 remote-as 2\n neighbor 192.0.2.1 description x\n"
    done = lines(before, before.replace("remote-as 2", "remote-as 1"))
    assert done == [
        "router bgp 1",
        "no neighbor 192.0.2.1",
        "neighbor 192.0.2.1 remote-as 1",
        "neighbor 192.0.2.1 description x",
    ]


def test_members_are_made_anew_when_their_group_goes() -> None:
    before = "router bgp 1\n neighbor G peer-group\n neighbor G remote-as 2\n neighbor 192.0.2.1 peer-group G\n"
    done = lines(before, "router bgp 1\n neighbor 192.0.2.1 remote-as 2\n")
    assert done == [
        "router bgp 1",
        "no neighbor 192.0.2.1",
        "no neighbor G peer-group",
        "neighbor 192.0.2.1 remote-as 2",
    ]


def test_a_cache_with_the_same_preference_is_taken_away_first() -> None:
    before = "rpki\n rpki cache 192.0.2.1 323 preference 1\nexit\n"
    done = lines(before, before.replace("192.0.2.1", "192.0.2.2"))
    assert done == ["rpki", "no rpki cache 192.0.2.1 323 preference 1", "rpki cache 192.0.2.2 323 preference 1"]


def test_a_timer_of_bfd_goes_back_to_its_default() -> None:
    before = "bfd\n profile A\n  detect-multiplier 5\n  minimum-ttl 4\n"
    done = lines(before, "bfd\n profile A\n  minimum-ttl 4\n")
    assert done == ["bfd", "profile A", "detect-multiplier 3"]


def test_merging_adds_replaces_and_takes_away() -> None:
    running = parse(
        "router bgp 1\n neighbor 192.0.2.1 remote-as 2\n neighbor 192.0.2.1 description a\n"
        " neighbor 192.0.2.2 remote-as 3\n address-family ipv6 unicast\n"
        "  neighbor 192.0.2.2 activate\nip route 10.0.0.0/8 Null0\n"
    )
    text = (
        "router bgp 1\n neighbor 192.0.2.1 description b\n no neighbor 192.0.2.2\n"
        " neighbor 192.0.2.3 remote-as 4\nno ip route 10.0.0.0/8 Null0\n"
    )
    due = target(running, wanted([Section("s", "frr", text, ())]))
    expected = parse(
        "router bgp 1\n neighbor 192.0.2.1 remote-as 2\n neighbor 192.0.2.1 description b\n"
        " neighbor 192.0.2.3 remote-as 4\n"
    )
    assert lines_of(explicit(due)) == lines_of(explicit(expected))


def test_commands_in_one_context_enter_it_once() -> None:
    steps = [
        Command(("router bgp 1",), "a"),
        Command(("router bgp 1", "address-family ipv4 unicast"), "b"),
        Command(("router bgp 1", "address-family ipv6 unicast"), "c"),
        Command((), "d"),
    ]
    assert render_commands(steps) == (
        "router bgp 1\n a\n address-family ipv4 unicast\n  b\n exit-address-family\n"
        " address-family ipv6 unicast\n  c\n exit-address-family\nexit\nd\n"
    )


def test_a_route_map_that_a_redistribution_loses_is_taken_back_with_it() -> None:
    """Measured: bgpd keeps what a `redistribute` that is given again does not say."""
    context = "router bgp 1\n address-family ipv4 unicast\n  redistribute static{}\n exit-address-family\nexit\n"
    plain, metric, mapped = (
        parse(context.format(each)) for each in ("", " metric 20", " metric 20 route-map RB-STATIC")
    )
    assert [each.line for each in commands(metric, mapped)] == ["redistribute static metric 20 route-map RB-STATIC"]
    assert [each.line for each in commands(mapped, metric)] == [
        "no redistribute static metric 20 route-map RB-STATIC",
        "redistribute static metric 20",
    ]
    assert next(each.line for each in commands(metric, plain)) == "no redistribute static metric 20"


def test_any_and_the_prefix_it_stands_for_are_no_difference_and_each_is_restored_as_it_was() -> None:
    word, prefix = (f"ip prefix-list A seq 5 permit {each}\n" for each in ("any", "0.0.0.0/0 le 32"))
    assert lines(word, prefix) == lines(prefix, word) == []
    assert lines("", word) == ["ip prefix-list A seq 5 permit any"]
    assert lines("", prefix) == ["ip prefix-list A seq 5 permit 0.0.0.0/0 le 32"]


def test_a_list_that_gets_expressions_goes_before_it_comes() -> None:
    one = "bgp community-list standard RB-C seq 5 permit 65000:1\n"
    other = "bgp community-list expanded RB-C seq 5 permit ^65000:.*$\n"
    assert lines(one, other) == ["no bgp community-list standard RB-C", other.strip()]
    assert lines(other, one) == ["no bgp community-list expanded RB-C", one.strip()]


def test_a_member_of_a_confederation_that_stays_is_not_taken_away_for_another() -> None:
    before = "router bgp 1\n bgp confederation identifier 9\n bgp confederation peers 2 3\n"
    assert lines(before, before.replace("peers 2 3", "peers 2 4")) == [
        "router bgp 1",
        "no bgp confederation peers 3",
        "bgp confederation peers 4",
    ]
    assert lines(before, before.replace("peers 2 3", "peers 2 3 4"))[1:] == ["bgp confederation peers 4"]


def test_more_kinds_of_communities_are_withheld_beside_those_that_are_already() -> None:
    one = "router bgp 1\n neighbor 192.0.2.1 remote-as 2\n address-family ipv6 unicast\n  neighbor 192.0.2.1 activate\n"
    standard, every = (f"{one}  no neighbor 192.0.2.1 send-community{kinds}\n" for kinds in ("", " all"))
    more = lines(standard, every)
    assert [line for line in more if "send-community" in line] == [
        "no neighbor 192.0.2.1 send-community extended",
        "no neighbor 192.0.2.1 send-community large",
    ]
    assert not any(line.startswith("no neighbor") for line in lines(every, standard))


def test_members_of_a_confederation_are_the_same_in_any_order() -> None:
    one = "router bgp 1\n bgp confederation identifier 9\n bgp confederation peers 64500 5 64499\n"
    assert same(parse(one), parse(one.replace("64500 5 64499", "5 64499 64500")))
