"""An outside oracle for order and correctness: what Netspoc-Approve sends to real ASAs for the same change.

Where `ROUTEBOOK_NETSPOC` names the folder go/testdata of its repository (github.com/hknutzen/Netspoc-Approve), each
of its cases has to give its commands or the same outcome. Those that do not are named, with the reason, in
docs/platforms/asa-truths.md; some inputs of our own of the same kinds run everywhere.
"""

import os
import re
from pathlib import Path

import pytest

from tests.unit.asa.config.netspoc import Case, cases, verdict

TRUTHS = Path(__file__).resolve().parents[4] / "docs" / "platforms" / "asa-truths.md"
NETSPOC = os.environ.get("ROUTEBOOK_NETSPOC", "")

INSIDE = "interface Ethernet0/0\n nameif inside\n"
LIST = "access-list A extended permit ip host 10.0.0.{} any4\n"
BOUND = "access-group A in interface inside\n"
GROUP = "object-group network G\n network-object host 10.0.0.1\n network-object host 10.0.0.2\n"
USED = "access-list A extended permit ip object-group G any4\n"
PEER = (
    "tunnel-group 203.0.113.1 type ipsec-l2l\ntunnel-group 203.0.113.1 ipsec-attributes\n"
    " peer-id-validate nocheck\n ikev2 local-authentication pre-shared-key {}\n"
)
POLICY = "group-policy P internal\ngroup-policy P attributes\n vpn-idle-timeout {}\n vpn-tunnel-protocol ikev2\n"
ENTRY = (
    "access-list C extended permit ip 10.1.0.0 255.255.0.0 10.2.0.0 255.255.0.0\n"
    "crypto ipsec ikev2 ipsec-proposal T\n protocol esp encryption aes-256\n protocol esp integrity sha-256\n"
    "crypto map M 1 match address C\ncrypto map M 1 set pfs {}\ncrypto map M 1 set peer 203.0.113.1\n"
    "crypto map M 1 set ikev2 ipsec-proposal T\ncrypto map M interface inside\n"
)


def entries(*numbers: int) -> str:
    return "".join(LIST.format(number) for number in numbers)


Own = tuple[str, str, str, list[str], str]
OWN: tuple[Own, ...] = (
    ("entries come in front, between and behind", INSIDE + entries(1, 5) + BOUND, entries(2, 1, 4, 5, 6) + BOUND,
     [LIST.format(number).strip() for number in (2, 4, 6)], "commands"),
    ("entries go", INSIDE + entries(1, 2, 3) + BOUND, entries(2) + BOUND,
     ["no " + LIST.format(number).strip() for number in (3, 1)], "commands"),
    ("an entry moves", INSIDE + entries(1, 2, 3) + BOUND, entries(1, 3, 2) + BOUND,
     ["no " + LIST.format(3).strip(), LIST.format(3).strip().replace("A ", "A line 2 ", 1)], "effect"),
    ("a group comes before its list", INSIDE, GROUP + USED + BOUND,
     ["network-object host 10.0.0.1", "network-object host 10.0.0.2", USED.strip(), BOUND.strip()], "commands"),
    ("a member of a group changes", INSIDE + GROUP + USED + BOUND, GROUP.replace("0.0.2", "0.0.3") + USED + BOUND,
     ["object-group network G", "no network-object host 10.0.0.2", "network-object host 10.0.0.3"], "commands"),
    ("a group becomes one of another type", INSIDE + GROUP + USED + BOUND,
     "object-group service G\n service-object tcp\naccess-list A extended permit object-group G any4 any4\n" + BOUND,
     [], "refused"),
    ("ports and levels by name and by number",
     INSIDE + "access-list A extended permit tcp any4 any4 eq kerberos log errors\n" + BOUND,
     "access-list A extended permit tcp any4 any4 eq 750 log 3\n" + BOUND, [], "commands"),
    ("what is logged by default", INSIDE + "access-list A extended deny ip any4 any4 log\n" + BOUND,
     "access-list A extended deny ip any4 any4 log informational\n" + BOUND, [], "commands"),
    ("ICMP by name and by number", INSIDE + "access-list A extended permit icmp6 any6 any6 echo-reply\n" + BOUND,
     "access-list A extended permit icmp6 any6 any6 129\n" + BOUND, [], "commands"),
    ("a route has another gateway", INSIDE + "route inside 10.0.0.0 255.0.0.0 10.1.1.1 1\n",
     "route inside 10.0.0.0 255.0.0.0 10.1.1.2\n",
     ["no route inside 10.0.0.0 255.0.0.0 10.1.1.1", "route inside 10.0.0.0 255.0.0.0 10.1.1.2"], "commands"),
    ("a peer's group comes", INSIDE, PEER.format("x"),
     ["tunnel-group 203.0.113.1 type ipsec-l2l", "tunnel-group 203.0.113.1 ipsec-attributes",
      "peer-id-validate nocheck", "ikev2 local-authentication pre-shared-key x"], "commands"),
    ("a peer's group goes", INSIDE + PEER.format("x"), "", ["clear configure tunnel-group 203.0.113.1"], "commands"),
    ("a key that is only asterisks", INSIDE + PEER.format("*****"), PEER.format("x"), [], "refused"),
    ("a policy's attribute changes", INSIDE + POLICY.format(60), POLICY.format("none"),
     ["group-policy P attributes", "vpn-idle-timeout none", "exit"], "commands"),
    ("a group in a map's entry changes", INSIDE + ENTRY.format("group19"), ENTRY.format("group20"),
     ["no crypto map M 1 set pfs group19", "crypto map M 1 set pfs group20"], "commands"),
    ("a map's group is the release's default", INSIDE + ENTRY.format(""), ENTRY.format("group14"), [], "commands"),
    ("a list that is still used goes", INSIDE + entries(1) + BOUND, "", ["clear configure access-list A"], "refused"),
)  # fmt: skip


@pytest.mark.parametrize(("name", "device", "wanted", "commands", "expected"), OWN, ids=[each[0] for each in OWN])
def test_inputs_of_the_same_kinds(name: str, device: str, wanted: str, commands: list[str], expected: str) -> None:
    assert verdict(Case(name, device, wanted, tuple(commands))) == expected


@pytest.mark.skipif(not NETSPOC, reason="ROUTEBOOK_NETSPOC names no folder with Netspoc-Approve's tests")
def test_its_cases_give_its_commands_its_outcome_or_what_the_truths_page_justifies() -> None:
    found = {case.name: verdict(case) for case in cases(Path(NETSPOC))}
    justified = dict(re.findall(r"^\| (.+?) \| (other|refused) \| .+ \|$", TRUTHS.read_text(), re.MULTILINE))
    assert len(found) >= 112
    assert {name: each for name, each in found.items() if each in ("other", "refused")} == justified
