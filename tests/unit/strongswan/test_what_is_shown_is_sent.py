"""The difference, the commands and the forecast of a change say the same, over files made at random."""

import re
from typing import cast

from hypothesis import given, settings
from hypothesis import strategies as st

from routebook.device.candidate import Section
from routebook.device.values import Change, Snapshot
from routebook.platforms.strongswan.component import SwanctlComponent
from routebook.platforms.strongswan.redaction import CHANGED, NO_NEWLINE, REDACTED, redact
from routebook.transport.shell import Shell

FOLDER = "/etc/swanctl"
MAIN, OURS, KEYS, THEIRS = (f"{FOLDER}/{name}" for name in ("swanctl.conf", "conf.d/a.conf", "conf.d/k.conf", "t.conf"))
NAMES = ("no--ch", "no--nl", "by-hand")
VALUES = st.sampled_from(["one-secret", "two secrets", '"# three"', "0sAAAA"])

Files = dict[str, str]


@st.composite
def connections(draw: st.DrawFn) -> str:
    lines = []
    for name in sorted(draw(st.sets(st.sampled_from(NAMES)))):
        child = draw(st.sampled_from([name, f"{name}-2"]))
        lines += [
            f"  {name} {{",
            "    version = 2",
            f"    proposals = {draw(st.sampled_from(['aes256-sha256-modp2048', 'aes256gcm16-prfsha256-ecp256']))}",
            *(["    # somebody's words"] if draw(st.booleans()) else []),
            f"    local {{\n      auth = psk\n      id = {name}.local\n    }}",
            f"    remote {{\n      auth = psk\n      id = {name}.remote\n    }}",
            "    children {",
            f"      {child} {{\n        remote_ts = 10.{draw(st.integers(1, 2))}.0.0/16\n      }}",
            "    }",
            "  }",
        ]
    return "\n".join(["connections {", *lines, "}", *([""] if draw(st.booleans()) else [])])


@st.composite
def keys(draw: st.DrawFn) -> str:
    chosen = draw(st.lists(st.sampled_from(NAMES), unique=True))
    entries = [f"  ike-{name} {{\n    id = {name}.remote\n    secret = {draw(VALUES)}\n  }}" for name in chosen]
    return "\n".join(["secrets {", *entries, "}", ""])


@st.composite
def files(draw: st.DrawFn) -> Files:
    found = {
        MAIN: "include conf.d/*.conf\ninclude t.conf\n",
        THEIRS: "pools {\n  p {\n    addrs = 10.9.0.0/24\n  }\n}\n",
    }
    if draw(st.booleans()):
        found[OURS] = draw(connections())
    if draw(st.booleans()):
        found[KEYS] = draw(keys())
    return found


def change(before: Files, after: Files, modes: dict[str, int]) -> tuple[Change, dict[str, str]]:
    """The change of our files and of theirs, and the attributes before it."""
    attributes = {path: f"0{modes.get(path, 0o600):o} root root" for path in before}
    sections = [
        Section(path, path, after.get(path, ""), (path,), 0o600) for path in (OURS, KEYS) if path in before | after
    ]
    component = SwanctlComponent(cast(Shell, None))  # planning asks no device
    return component.plan(sections, Snapshot(before, attributes, "as it is")).change, attributes


def patched(texts: Files, diff: str) -> tuple[dict[str, list[str]], dict[str, str]]:
    """The files' lines after a unified diff, and the modes that it says change."""
    found, modes = {path: lines_of(redact(text)) for path, text in texts.items()}, {}
    at, result, lines, new = 0, list[str](), list[str](), ""
    said = [*diff.replace(f"\n{NO_NEWLINE}", NO_NEWLINE).replace(CHANGED, REDACTED).split("\n"), "--- end"]
    for line in said if diff else ():
        if mode := re.fullmatch(r"mode of (.*): (.*) -> (.*)", line):
            modes[mode[1]] = mode[3]
        elif line.startswith("--- "):
            if new not in ("", "/dev/null"):
                found[new] = [*result, *lines[at:]]
            elif new:
                assert lines[at:] == result == []
            lines, at, result, new = found.pop(line[4:], []), 0, [], ""
        elif line.startswith("+++ "):
            new = line[4:]
        elif hunk := re.match(r"@@ -(\d+)(?:,(\d+))? ", line):
            start = int(hunk[1]) - (hunk[2] != "0")
            result += lines[at:start]
            at = start
        elif line.startswith("+"):
            result.append(line[1:])
        else:
            assert lines[at] == line[1:], f"{line!r} is not the line there"
            at += 1
            result += [line[1:]] if line.startswith(" ") else []
    return found, modes


def lines_of(text: str) -> list[str]:
    *lines, rest = text.split("\n")
    return [*lines, rest + NO_NEWLINE] if rest else lines


EXAMPLES = settings(max_examples=100)
MODES = st.dictionaries(st.sampled_from([OURS, KEYS]), st.sampled_from([0o644, 0o640]))


@EXAMPLES
@given(files(), files(), MODES)
def test_the_shown_difference_applied_to_the_files_gives_the_candidate(
    before: Files, after: Files, modes: dict[str, int]
) -> None:
    found, attributes = change(before, after, modes)
    result, changed = patched(before, found.diff)
    assert result == {path: lines_of(redact(text)) for path, text in after.items()}
    assert changed == {
        path: "0600 root root"
        for path, was in attributes.items()
        if path in after and path in (OURS, KEYS) and was != "0600 root root"
    }


@EXAMPLES
@given(files(), files(), MODES)
def test_no_command_is_without_its_line_and_no_line_without_its_command(
    before: Files, after: Files, modes: dict[str, int]
) -> None:
    found, _ = change(before, after, modes)
    shown = set(re.findall(r"(?m)^(?:\+\+\+ |mode of )(/etc/[^:\n]*)", found.diff))
    gone = set(re.findall(r"(?m)^--- (.*)\n\+\+\+ /dev/null$", found.diff))
    written = {command.split()[1] for command in found.commands if command.startswith("write ")}
    assert written == shown
    assert {command.split()[1] for command in found.commands if command.startswith("remove ")} == gone
    assert bool(found.diff) == bool(found.commands)
    subjects = {effect.subject for effect in found.effects}
    others = [command for command in found.commands if not command.startswith(("write ", "remove "))]
    assert others[:1] == (["swanctl --load-all"] if found.commands else [])
    assert all(re.search(r"--ike (\S+)", command)[1] in subjects for command in others[1:])  # type: ignore[index]


@EXAMPLES
@given(files(), files())
def test_what_is_forecast_is_in_what_changes(before: Files, after: Files) -> None:
    found, _ = change(before, after, {})
    for effect in found.effects:  # by the changed lines, the section that they are in, or that of their key
        assert re.search(rf"(?<!\S)(ike-)?{re.escape(effect.subject)}(?!\S)", found.diff), (effect, found.diff)


def test_two_keys_that_change_places_are_two_changed_lines() -> None:
    text = "".join(f"  ike-{name} {{\n    id = {name}\n    secret = {name}-secret\n  }}\n" for name in ("a", "b"))
    text = f"secrets {{\n{text}}}\n"
    turned = text.replace("a-secret", "x").replace("b-secret", "a-secret").replace("x", "b-secret")
    found, _ = change({MAIN: "include conf.d/*.conf\n", KEYS: text}, {KEYS: turned}, {})
    assert found.diff.count(f"+    secret = {CHANGED}") == 2


def test_a_last_line_without_its_end_is_a_difference() -> None:
    text = "pools {\n}\n"
    found, _ = change({MAIN: "include conf.d/*.conf\n", OURS: text}, {OURS: text.rstrip("\n")}, {})
    assert found.commands
    assert found.diff.endswith(f"+}}\n{NO_NEWLINE}")


def test_a_hunk_says_in_which_section_it_is() -> None:
    text = "connections {\n  no--ch {\n    children {\n      no--ch {\n" + "        mark_in = 1\n" * 6
    text += "        remote_ts = 10.1.0.0/16\n      }\n    }\n  }\n}\n"
    found, _ = change({MAIN: "include conf.d/*.conf\n", OURS: text}, {OURS: text.replace("10.1", "10.2")}, {})
    assert "@@ connections / no--ch / children / no--ch" in found.diff
