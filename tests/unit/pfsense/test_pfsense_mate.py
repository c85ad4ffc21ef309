"""What a firewall of a pair sends to its mate by itself is in the plan, and nothing else is."""

import pytest

from routebook.platforms.pfsense.mate import synchronised
from routebook.platforms.pfsense.tree import parse

MATE = "<synchronizetoip>10.0.0.2</synchronizetoip>"


def of(options: str, psk: str = "a", more: str = "") -> str:
    phase1 = f"<phase1><descr>RB x</descr><pre-shared-key>{psk}</pre-shared-key></phase1>"
    return f"<pfsense><hasync>{options}</hasync><ipsec>{phase1}</ipsec>{more}</pfsense>"


def test_ipsec_goes_to_the_mate_where_it_is_among_what_is_synchronised() -> None:
    options = f"{MATE}<synchronizeipsec>on</synchronizeipsec><synchronizerules>on</synchronizerules>"
    (said,) = synchronised(parse(of(options)), parse(of(options, "b")))
    assert said.startswith("it sends ipsec to its mate 10.0.0.2 by itself as soon as it is written")
    assert "before anybody has confirmed it" in said


@pytest.mark.parametrize(
    "options",
    [
        "",
        "<synchronizeipsec>on</synchronizeipsec>",
        MATE,
        f"{MATE}<synchronizerules>on</synchronizerules>",
        f"{MATE}<synchronizeipsec></synchronizeipsec>",
    ],
    ids=["no pair", "no mate", "nothing sent", "other sections", "turned off"],
)
def test_what_is_not_sent_is_not_told(options: str) -> None:
    assert list(synchronised(parse(of(options)), parse(of(options, "b")))) == []


def test_a_package_stays_where_it_is_and_an_unchanged_section_is_not_told() -> None:
    options = f"{MATE}<synchronizeipsec>on</synchronizeipsec>"
    bgp = "<installedpackages><frrbgp><config><asnum>1</asnum></config></frrbgp></installedpackages>"
    assert list(synchronised(parse(of(options)), parse(of(options, more=bgp)))) == []


def test_turning_it_on_with_the_change_counts() -> None:
    options = f"{MATE}<synchronizeipsec>on</synchronizeipsec>"
    assert len(list(synchronised(parse(of("")), parse(of(options, "b"))))) == 1
