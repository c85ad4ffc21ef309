"""Configurations of real devices are read without loss, made from nothing, and restored."""

import os
import re
from pathlib import Path

import pytest

from routebook.device.candidate import Section
from routebook.platforms.asa.config import (
    Config,
    MaskedSecretError,
    apply,
    canonical,
    difference,
    parse,
    redact,
    restoration,
    typed,
)
from routebook.platforms.asa.config.changes import meaning

CHECKOUT = Path(__file__).resolve().parents[4]
OUTPUTS = Path(os.environ.get("ROUTEBOOK_REAL_OUTPUTS", CHECKOUT.parent / "shared" / "real-outputs")) / "asa"
FILES = sorted(OUTPUTS.glob("*/*.txt"))
CONFIGURATIONS = [path for path in FILES if path.parent.name.startswith(("show-running-config", "config-fragments"))]
pytestmark = pytest.mark.skipif(not FILES, reason=f"no real outputs in {OUTPUTS}")


def read(path: Path) -> str:
    return path.read_bytes().decode()


def unmasked(path: Path) -> str:
    return re.sub(r"(?<= )\*{5}(?=\s)", "k3y#of*some length", read(path))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_real_text_is_written_back_as_it_was_read(path: Path) -> None:
    for text in (read(path), read(path).replace("\n", "\r\n")):
        assert str(parse(text)) == text


@pytest.mark.parametrize("path", CONFIGURATIONS, ids=lambda path: path.name)
def test_a_real_configuration_is_made_from_nothing_and_taken_back(path: Path) -> None:
    wanted = parse(unmasked(path))
    delta = restoration(Config(()), wanted)
    refused: list[str] = []
    made = apply(Config(()), delta.commands, refused=refused)
    assert set(canonical(made)) == set(canonical(wanted))
    assert all(" / no shut: " in text for text in refused)  # typed by a person, not printed by a device
    assert not restoration(made, wanted)
    taken_back = apply(made, delta.undo)
    assert all(
        node.line.startswith("interface ") and not meaning(node.children, node.line) for node in taken_back.commands
    )


@pytest.mark.parametrize("path", CONFIGURATIONS, ids=lambda path: path.name)
def test_a_new_neighbor_in_a_real_configuration_touches_nothing_else(path: Path) -> None:
    running = parse(unmasked(path))
    line = next((node.line for node in running.commands if node.line.startswith("router bgp ")), "router bgp 65550")
    text = (
        "access-list RB-X extended permit ip any4 any4\nroute-map RB-X permit 10\n"
        f" match ip address RB-X\n{line}\n address-family ipv4 unicast\n"
        "  neighbor 192.0.2.9 remote-as 64496\n  neighbor 192.0.2.9 route-map RB-X out\n"
    )
    owns = ("access-list RB-*", "route-map RB-*", f"{line} / address-family ipv4 unicast / neighbor 192.0.2.9 *")
    delta = difference(running, [Section("bgp", "asa", text, owns)])
    changed = apply(running, delta.commands)
    before, after = str(running).splitlines(), iter(str(changed).splitlines())
    assert all(line in after for line in before)
    assert str(apply(changed, delta.undo)) == str(running)


@pytest.mark.parametrize("path", [path for path in CONFIGURATIONS if read(path) != unmasked(path)], ids=str)
def test_masked_secrets_are_refused_by_name(path: Path) -> None:
    with pytest.raises(MaskedSecretError, match="more system:running-config"):
        restoration(Config(()), parse(read(path)))


@pytest.mark.parametrize("path", CONFIGURATIONS, ids=lambda path: path.name)
def test_no_secret_is_left_in_what_is_shown(path: Path) -> None:
    wanted = parse(unmasked(path))
    delta = restoration(Config(()), wanted)
    for text in (redact(str(wanted)), redact(typed(delta.commands)), delta.diff):
        assert "k3y#of*some length" not in text
        assert "mysharedsecret" not in text
