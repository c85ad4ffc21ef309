"""Of any text each line is of one class, and of any configuration of what is modelled the first plan is empty."""

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from routebook.importing.found import BadInputError
from routebook.importing.proof import UnwritableError
from tests.unit.importing.read import reported

FEW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])

PIECES = st.sampled_from(
    """\
router bgp 64500
router bgp 1 vrf X
router ospf
address-family ipv4 unicast
exit-address-family
exit
!

end
 neighbor 192.0.2.1 remote-as 1
 neighbor 192.0.2.1 activate
 neighbor G peer-group
ip prefix-list A seq 5 permit any
ip prefix-list A description x
route-map M permit 10
 set metric 5
 match ip address prefix-list A
interface eth0
 ip address 192.0.2.2/30
 ip address x
bfd
 profile F
  receive-interval 50
rpki
 rpki cache 192.0.2.9 323 preference 1
  network 10.0.0.0/8
  redistribute connected route-map M
 bgp router-id 192.0.2.2
 no bgp default ipv4-unicast
line vty
nonsense""".splitlines()
)


@FEW
@given(st.lists(PIECES | st.text("abc 10./:-!\t", max_size=12), min_size=1, max_size=30), st.booleans())
def test_every_line_of_any_text_is_of_one_class(lines: list[str], ended: bool) -> None:
    text = "\n".join(lines) + ("\n" if ended else "")
    with tempfile.TemporaryDirectory() as folder:
        try:
            (host,) = reported(Path(folder), {"a": text}).hosts
        except (BadInputError, UnwritableError):
            return
    assert [line.number for line in host.lines] == list(range(1, len(text.splitlines()) + 1))
    assert sum(host.counts.values()) == len(host.lines)
    assert host.difference == ""


LENGTHS = st.sampled_from(["", " le 24", " ge 20 le 24", " ge 22"])
RULES = st.lists(st.tuples(st.sampled_from(["permit", "deny"]), st.integers(0, 15), LENGTHS), min_size=1, max_size=4)
SETS = st.fixed_dictionaries(
    {},
    optional={
        "local-preference": st.integers(0, 1000),
        "metric": st.integers(0, 1000),
        "community": st.lists(st.integers(0, 99), min_size=1, max_size=3, unique=True),
        "large-community": st.lists(st.integers(0, 99), min_size=1, max_size=3, unique=True),
    },
)
NEIGHBOR = st.sets(
    st.sampled_from(
        [
            "bfd",
            "shutdown",
            "passive",
            "timers 10 30",
            "timers connect 5",
            "ebgp-multihop 3",
            "password a-long-password",
        ]
    )
)
FAMILY = st.sets(st.sampled_from(["soft-reconfiguration inbound", "next-hop-self", "maximum-prefix 100"]))


@FEW
@given(
    st.lists(st.tuples(RULES, SETS, NEIGHBOR, FAMILY), min_size=1, max_size=4),
    st.booleans(),
    st.sampled_from([64512, 64500]),
)
def test_of_what_is_modelled_the_first_plan_is_empty(
    neighbors: list[tuple[list[tuple[str, int, str]], dict[str, object], set[str], set[str]]], numbered: bool, asn: int
) -> None:
    lines, router, family = ["frr version 8.4.4"], [], []
    for number, (rules, sets, own, of_family) in enumerate(neighbors, 1):
        lines += [f"interface eth{number}", f" ip address 10.9.{number}.1/24", "exit"]
        step = 5 if numbered else 7
        lines += [
            f"ip prefix-list LIST-{number} seq {step * index} {action} 192.168.{16 * where}.0/20{length}"
            for index, (action, where, length) in enumerate(rules, 1)
        ]
        lines += [f"route-map IN-{number} permit 10", f" match ip address prefix-list LIST-{number}"]
        for word, value in sets.items():
            width = {"community": "64512:{}", "large-community": "64512:1:{}"}.get(word, "{}")
            values = sorted(value) if isinstance(value, list) else [value]
            lines += [f" set {word} {' '.join(width.format(each) for each in values)}"]
        lines += ["exit", f"route-map OUT-{number} deny 10", "exit"]
        about = f"neighbor 10.9.{number}.2"
        router += [f" {about} remote-as {64600 + number}", f" {about} description peer {number}"]
        router += [f" {about} {each}" for each in sorted(own)]
        family += [f"  {about} {each}" for each in ["activate", *sorted(of_family)]]
        family += [f"  {about} route-map IN-{number} in", f"  {about} route-map OUT-{number} out"]
    lines += [f"router bgp {asn}", " bgp router-id 10.255.0.1", " no bgp default ipv4-unicast", *router]
    lines += [" address-family ipv4 unicast", *family, " exit-address-family", "exit"]
    with tempfile.TemporaryDirectory() as folder:
        report = reported(Path(folder), {"edge": "\n".join(lines) + "\n"})
    assume(not any("would refuse it" in line.why for line in report.hosts[0].lines))
    assert report.hosts[0].difference == ""
    assert report.sessions == len(neighbors)
    assert report.hosts[0].counts["refused"] == 0
