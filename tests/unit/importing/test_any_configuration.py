"""Of any text each line is of one class, and of any configuration of what is modelled the first plan is empty."""

import re
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from routebook.importing.found import BadInputError
from routebook.importing.proof import Proved, UnwritableError
from routebook.importing.report import HostReport, report_of
from routebook.intent.model import SecretRef
from routebook.platforms.frr.meaning import explicit
from routebook.platforms.frr.tree import lines_of, parse
from routebook.project.render import render_host
from tests.unit.importing.read import imported

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


class Anything:
    def resolve(self, reference: SecretRef) -> str:
        return "a-long-password" if reference.file else ""


def written(proved: Proved) -> set[str]:
    """The lines that the host would be configured with."""
    (host,) = proved.network.hosts.values()
    rendered = render_host(host, Path("/nonexistent"), Anything())
    return {line for _, line in lines_of(explicit(parse("\n".join(section.text for section in rendered.sections))))}


def said(proved: Proved, host: HostReport) -> set[str]:
    """The lines that are said to be modelled, without what only closes a context or opens one that may be empty."""
    (found,) = proved.hosts.values()
    lines = {line.number: line.line for line in found.lines}
    modelled = {lines[line.number] for line in host.lines if line.kind == "modelled"}
    return {line for line in modelled if not re.match(r"exit|address-family|no neighbor \S+ activate|rpki$", line)}


@FEW
@given(st.lists(PIECES | st.text("abc 10./:-!\t", max_size=12), min_size=1, max_size=30), st.booleans())
def test_every_line_of_any_text_is_of_one_class(lines: list[str], ended: bool) -> None:
    text = "\n".join(lines) + ("\n" if ended else "")
    with tempfile.TemporaryDirectory() as folder:
        try:
            proved = imported(Path(folder), {"a": text})
        except (BadInputError, UnwritableError):
            return
    (host,) = report_of(proved).hosts
    assert written(proved) >= said(proved, host)
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
        proved = imported(Path(folder), {"edge": "\n".join(lines) + "\n"})
    report = report_of(proved)
    assert written(proved) >= said(proved, report.hosts[0])
    assume(not any("would refuse it" in line.why for line in report.hosts[0].lines))
    assert report.hosts[0].difference == ""
    assert report.sessions == len(neighbors)
    assert report.hosts[0].counts["refused"] == 0
