"""The difference, the commands and the forecast of a change say the same, over configurations made at random."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from routebook.device.candidate import Section
from routebook.platforms.pfsense.changes import consequences, edit_text, parts_of, shown_edits, shown_trees
from routebook.platforms.pfsense.difference import difference
from routebook.platforms.pfsense.ownership import LISTS, Path, named
from routebook.platforms.pfsense.redaction import CHANGED, REDACTED, shown
from routebook.platforms.pfsense.tree import Element, lines, parse
from tests.unit.pfsense.configurations import CONFIG, bgp, ipsec

EXAMPLES = settings(max_examples=60)
TUNNELS = ("home-ch-edge1", "home-no-edge1", "home-nl-fw1")
SECRETS = st.sampled_from(["one-secret", "two-secret", "with blank ", "two&#10;lines"])
Sections = tuple[Section, Section]
Entries = dict[str, list[str]]
"""Lines of the entries and settings of a configuration, by what the difference calls them."""


@st.composite
def candidates(draw: st.DrawFn) -> Sections:
    """Our tunnels and neighbors in one of many versions."""
    chosen = draw(st.lists(st.sampled_from(TUNNELS), unique=True))
    tunnels = ""
    for name in chosen:
        tunnels += (
            f"<phase1><descr>RB {name}</descr><remote-gateway>192.0.2.{draw(st.integers(1, 3))}</remote-gateway>"
            f"<pre-shared-key>{draw(SECRETS)}</pre-shared-key></phase1>"
            f"<phase2><descr>RB {name} 1</descr><mode>vti</mode>"
            f"<pfsgroup>{draw(st.integers(14, 15))}</pfsgroup></phase2>"
        )
    networks = draw(st.lists(st.integers(1, 4), unique=True))
    rows = "".join(f"<row><networks>10.{number}.0.0/16</networks></row>" for number in networks)
    neighbors = "".join(
        f"<config><descr>RB k8s{number}</descr><neighbor>192.168.1.{number}</neighbor>"
        f"<md5sigpass>{draw(SECRETS)}</md5sigpass><row><parameters>remote-as</parameters>"
        f"<parmvalue>{draw(st.integers(64512, 64514))}</parmvalue></row></config>"
        for number in draw(st.lists(st.integers(11, 13), unique=True))
    )
    router = draw(st.sampled_from(["10.255.5.1", "10.255.5.2"]))
    text = (
        f"<installedpackages><openbgpd><config><asnum>64512</asnum><routerid>{router}</routerid>{rows}</config></openbgpd>"
        f"<openbgpdneighbors>{neighbors}</openbgpdneighbors></installedpackages>"
    )
    return ipsec(f"<ipsec>{tunnels}</ipsec>"), bgp(text)


def running(sections: Sections) -> Element:
    """A firewall that has somebody's configuration and a version of ours."""
    return difference(parse(CONFIG), sections, "openbgpd").after


def entries(root: Element) -> Entries:
    """What is in the lists that the driver changes entry by entry, and the settings beside them."""
    found: Entries = {}
    for path in LISTS:
        holder = root.find(*path[:-1])
        for entry in holder.all(path[-1]) if holder else ():
            found.setdefault(f"{'/'.join(path[:-1])} {named(path, entry)}", []).extend(lines(shown(entry)))
    for top in ("ipsec", "installedpackages"):
        for path, element in _settings(root.find(top) or Element(top), (top,)):
            found.setdefault("/".join(path), []).extend(lines(shown(element)))
    return found


def _settings(element: Element, path: Path) -> list[tuple[Path, Element]]:
    found = []
    for child in element.children:
        below = (*path, child.tag)
        if below in LISTS or child.tag == "package":
            continue
        holds = any(known[: len(below)] == below for known in LISTS) or child.tag in ("openbgpd", "config")
        found += _settings(child, below) if holds else [(below, child)]
    return found


def patched(texts: Entries, diff: str) -> tuple[Entries, set[str]]:
    """The entries after the difference, and which of them it names."""
    found = {name: list(said) for name, said in texts.items()}
    touched: set[str] = set()
    parts = re.split(r"(?m)^@@ (.*) @@$\n?", diff)
    assert parts[0] == ""
    for name, hunk in zip(parts[1::2], parts[2::2], strict=True):
        touched.add(name)
        old = [line[2:] for line in hunk.splitlines() if line[0] in " -"]
        new = [line[2:].replace(CHANGED, REDACTED) for line in hunk.splitlines() if line[0] in " +"]
        assert any(line[0] in "+-" for line in hunk.splitlines()), f"nothing changes in {name}"
        assert found.pop(name, []) == old
        if new:
            found[name] = new
    return found, touched


@EXAMPLES
@given(candidates(), candidates())
def test_the_shown_difference_applied_to_the_running_configuration_gives_the_candidate(
    before: Sections, after: Sections
) -> None:
    device = running(before)
    delta = difference(device, after, "openbgpd")
    result, touched = patched(entries(device), shown_edits(delta.edits))
    assert result == entries(delta.after)
    told = {edit_text(edit).partition(" ")[2] for edit in delta.edits}
    assert told == touched, "each command has its lines, and each line its command"


@EXAMPLES
@given(candidates(), candidates())
def test_what_is_forecast_is_in_what_changes(before: Sections, after: Sections) -> None:
    device = running(before)
    delta = difference(device, after, "openbgpd")
    said = shown_edits(delta.edits)
    speaker = re.findall(r"(?m)^@@ installedpackages/openbgpd/config/(\w+) @@$", said)
    for effect in consequences(device, delta.after, "openbgpd", parts_of(delta.edits, "openbgpd")).effects:
        if effect.kind == "policy":  # of every neighbor, as the speaker announces something else
            assert "row" in speaker or effect.subject in said, effect
        elif effect.kind == "note":  # of every routed tunnel, with whatever changes in IPsec
            assert "destroyed and made again with every change of IPsec" in effect.reason
            assert "@@ ipsec " in said, effect
        elif effect.kind == "session-reset" and "routerid" in effect.reason.split(", "):
            assert "routerid" in speaker, effect
        else:
            assert effect.subject in said, effect


def test_two_keys_that_change_places_are_two_changed_lines() -> None:
    one, other = (
        ipsec(
            "<ipsec>"
            + "".join(
                f"<phase1><descr>RB {name}</descr><pre-shared-key>{key}</pre-shared-key></phase1>"
                for name, key in pairs
            )
            + "</ipsec>"
        )
        for pairs in ((("a", "key-one"), ("b", "key-two")), (("a", "key-two"), ("b", "key-one")))
    )
    device = difference(parse(CONFIG), [one], "openbgpd").after
    delta = difference(device, [other], "openbgpd")
    assert shown_edits(delta.edits).count(f"+   pre-shared-key {CHANGED}") == 2
    assert shown_trees(device, delta.after).count(f"pre-shared-key {CHANGED}") == 2


def test_a_key_that_only_moves_in_its_list_is_not_called_another_one() -> None:
    device = parse(CONFIG)
    first = CONFIG.index("<phase1>")
    moved = CONFIG[:first] + "<phase1><ikeid>9</ikeid><descr>new</descr></phase1>" + CONFIG[first:]
    assert CHANGED not in shown_trees(device, parse(moved))


def test_blanks_at_the_end_and_ends_of_lines_are_shown() -> None:
    device = parse(CONFIG)
    for text in ("by hand ", "by hand&#10;and more"):
        entry = f"<config><descr>RB x</descr><neighbor>192.0.2.7</neighbor><note>{text}</note></config>"
        packages = f"<installedpackages><openbgpdneighbors>{entry}</openbgpdneighbors></installedpackages>"
        there = difference(device, [bgp(packages)], "openbgpd").after
        delta = difference(there, [bgp(packages.replace(text, "by hand"))], "openbgpd")
        told = shown_edits(delta.edits).splitlines()
        assert len([line for line in told if line.startswith("-")]) == 1
        assert all(line[0] in " +-@" for line in told)
