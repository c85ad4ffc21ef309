"""A change says what it does to live traffic, without a secret in anything that is shown."""

from routebook.device.contract import Effect, Section
from routebook.platforms.pfsense.changes import (
    consequences,
    parts_between,
    parts_of,
    shown_edits,
    shown_trees,
    told_edit,
)
from routebook.platforms.pfsense.difference import difference
from routebook.platforms.pfsense.redaction import redact
from routebook.platforms.pfsense.tree import parse
from tests.unit.pfsense.configurations import CONFIG, NEIGHBORS, SECRET, bgp, ipsec


def effects(*sections: Section) -> tuple[Effect, ...]:
    before = parse(CONFIG)
    delta = difference(before, sections, "openbgpd")
    return consequences(before, delta.after, "openbgpd", parts_of(delta.edits, "openbgpd")).effects


def test_a_changed_key_is_a_tunnel_that_rekeys_and_a_new_phase_1_a_new_tunnel() -> None:
    found = {(effect.kind, effect.subject): effect.reason for effect in effects(ipsec())}
    assert found == {
        ("tunnel-rekey", "home-ch-edge1"): "phase 1: pre-shared-key",
        ("tunnel-new", "home-no-edge1"): "its phase 1 is new or enabled again",
    }


def test_openbgpd_is_told_to_reset_what_its_reload_does_not() -> None:
    before = parse(CONFIG)
    text = NEIGHBORS.replace("<routerid>10.255.5.1</routerid>", "")
    delta = difference(before, [bgp(text)], "openbgpd")
    found = consequences(before, delta.after, "openbgpd", ("openbgpd",))
    assert [(effect.kind, effect.subject) for effect in found.effects] == [
        ("session-reset", "192.168.1.11"),
        ("session-new", "192.168.1.12"),
        ("policy", "192.168.1.11"),  # another network is originated
        ("policy", "192.168.1.99"),
        ("prefix-new", "10.255.5.1/32"),
    ]
    assert found.activate["clear"] == ["192.168.1.11"]
    assert found.apply["neighbors"] == {"192.168.1.11": "64513", "192.168.1.12": "64512"}
    assert found.effects[0].reason == "remote-as"


def test_a_new_router_id_resets_every_session() -> None:
    reset = {effect.subject for effect in effects(bgp()) if effect.kind == "session-reset"}
    assert reset == {"192.168.1.99", "192.168.1.11"}


def test_a_description_alone_resets_nothing() -> None:
    before = parse(CONFIG)
    after = parse(CONFIG.replace("RB home-k8s1", "RB another"))
    assert consequences(before, after, "openbgpd", ("openbgpd",)).effects == ()


def test_only_what_differs_is_applied() -> None:
    before = parse(CONFIG)
    assert parts_between(before, parse(CONFIG.replace("by-hand", "other")), "openbgpd") == ("ipsec",)
    assert parts_between(before, parse(CONFIG.replace("64599", "64598")), "openbgpd") == ("openbgpd",)
    assert parts_between(before, parse(CONFIG.replace("example.net", "example.org")), "openbgpd") == ("all",)
    assert parts_between(before, parse(CONFIG.replace("1732000000", "1732000001")), "openbgpd") == ()


def test_no_secret_is_shown_and_a_changed_one_is_seen_to_change() -> None:
    before = parse(CONFIG)
    delta = difference(before, [ipsec(), bgp()], "openbgpd")
    shown = shown_edits(delta.edits) + "\n".join(map(told_edit, delta.edits)) + shown_trees(before, delta.after)
    for secret in (SECRET, "old-secret", "new-secret", "by-hand", "$2y$10$"):
        assert secret not in shown
    assert "+ pre-shared-key <redacted, another value>" in [" ".join(line.split()) for line in shown.splitlines()]
    assert "@@ ipsec phase1 RB home-no-edge1 @@" in shown


def test_the_whole_file_is_redacted_and_stays_readable() -> None:
    text = redact(CONFIG)
    for secret in ("old-secret", "by-hand", "$2y$10$", "roaming"):
        assert secret not in text
    assert parse(text).value("system", "hostname") == "home-fw1"


def test_a_file_that_does_not_parse_is_redacted_too() -> None:
    assert "old-secret" not in redact(CONFIG.replace("</system>", ""))
