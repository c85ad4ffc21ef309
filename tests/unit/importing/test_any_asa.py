"""Of any text each line is of one class, and of an ASA's configuration of what is modelled the first plan is empty."""

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from routebook.importing.found import BadInputError
from routebook.importing.proof import UnwritableError
from routebook.importing.report import report_of
from tests.unit.importing.asa_texts import HEAD, TAIL, WHOLE
from tests.unit.importing.read import imported

FEW = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
PIECES = st.sampled_from(
    [
        *WHOLE.splitlines(), "crypto ca certificate chain X", " certificate 01", "  30820122 300d0609", "  quit",
        "banner motd ^C", "no neighbor", "  neighbor x remote-as", "route-map M", " set community", "prefix-list A",
        "router bgp 1.1", " address-family vpnv4", "community-list 1 permit 5", "ipv6 prefix-list", "nonsense",
    ]
)  # fmt: skip


@FEW
@given(st.lists(PIECES | st.text("abc 10./:-!\t", max_size=12), min_size=1, max_size=40), st.booleans())
def test_every_line_of_any_text_is_of_one_class(lines: list[str], ended: bool) -> None:
    text = "\n".join(["interface E0", " nameif outside", *lines]) + ("\n" if ended else "")
    with tempfile.TemporaryDirectory() as folder:
        try:
            proved = imported(Path(folder), {"a/run.txt": text})
        except (BadInputError, UnwritableError):
            return
    (host,) = report_of(proved).hosts
    assert [line.number for line in host.lines] == list(range(1, len(text.removesuffix("\n").split("\n")) + 1))
    assert sum(host.counts.values()) == len(host.lines)
    assert host.difference == ""


RULES = st.lists(
    st.tuples(st.sampled_from(["permit", "deny"]), st.integers(0, 15), st.sampled_from(["", " le 24", " ge 20 le 24"])),
    min_size=1, max_size=4,
)  # fmt: skip
SETS = st.fixed_dictionaries(
    {},
    optional={
        "local-preference": st.integers(0, 1000),
        "metric": st.integers(0, 1000),
        "weight": st.integers(1, 1000),
        "community": st.lists(st.integers(0, 99), min_size=1, max_size=3, unique=True),
        "as-path prepend": st.just("64500 64500"),
    },
)
NEIGHBOR = st.sets(
    st.sampled_from(
        [
            "shutdown", "timers 10 30", "ebgp-multihop 3", "password a-long-password", "weight 5",
            "transport connection-mode passive", "transport path-mtu-discovery disable", "next-hop-self",
            "soft-reconfiguration inbound", "maximum-prefix 100 80 restart 5", "send-community",
            "disable-connected-check", "advertisement-interval 7", "remove-private-as", "fall-over bfd",
        ]
    )
)  # fmt: skip


@FEW
@given(st.lists(st.tuples(RULES, SETS, NEIGHBOR), min_size=1, max_size=4), st.booleans(), st.booleans())
def test_of_what_is_modelled_the_first_plan_is_empty(
    neighbors: list[tuple[list[tuple[str, int, str]], dict[str, object], set[str]]], numbered: bool, logged: bool
) -> None:
    lines, policy, family = HEAD.splitlines(), [], []
    for number, (rules, sets, own) in enumerate(neighbors, 1):
        lines += [
            f"interface GigabitEthernet0/{number}",
            f" nameif if{number}",
            f" ip address 10.9.{number}.1 255.255.255.0",
        ]
        step = 5 if numbered else 7
        policy += [
            f"prefix-list LIST-{number} seq {step * index} {action} 192.168.{16 * where}.0/20{length}"
            for index, (action, where, length) in enumerate(rules, 1)
        ]
        policy += [f"route-map IN-{number} permit 10", f" match ip address prefix-list LIST-{number}"]
        for word, value in sets.items():
            said = " ".join(f"64500:{each}" for each in sorted(value)) if isinstance(value, list) else value
            policy.append(f" set {word} {said}")
        policy += ["!", f"route-map OUT-{number} deny 10", "!"]
        about = f"  neighbor 10.9.{number}.2"
        family += [
            f"{about} remote-as {64600 + number}",
            f"{about} activate",
            *(f"{about} {each}" for each in sorted(own)),
        ]
        family += [f"{about} route-map IN-{number} in", f"{about} route-map OUT-{number} out"]
    lines += [
        *policy,
        "router bgp 64512",
        *([" bgp log-neighbor-changes"] if logged else []),
        " bgp router-id 10.255.0.1",
    ]
    lines += [" address-family ipv4 unicast", *family, " exit-address-family", "!", "bgp-community new-format"]
    with tempfile.TemporaryDirectory() as folder:
        report = report_of(imported(Path(folder), {"fw/run.txt": "\n".join(lines) + "\n" + TAIL}))
    (host,) = report.hosts
    assert host.difference == ""
    assert host.counts["refused"] == 0
    left = [line for line in host.lines if line.text.startswith("  neighbor") and line.kind != "modelled"]
    assert not [line for line in left if "would refuse it" not in line.why]
    assert left or report.sessions == len(neighbors)
