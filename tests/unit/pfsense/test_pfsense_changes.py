"""A change says what it does to live traffic, without a secret in anything that is shown."""

from routebook.device.candidate import Section
from routebook.device.values import Effect
from routebook.platforms.pfsense.changes import (
    consequences,
    edit_text,
    parts_between,
    parts_of,
    shown_edits,
    shown_trees,
)
from routebook.platforms.pfsense.difference import difference
from routebook.platforms.pfsense.redaction import redact
from routebook.platforms.pfsense.tree import parse
from routebook.platforms.pfsense.tunnels import tunnels
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


VTI = (
    "<phase1><ikeid>{n}</ikeid><iketype>ikev2</iketype><descr>{descr}</descr><remote-gateway>203.0.113.{n}</remote-gateway>"
    "{more}</phase1><phase2><ikeid>{n}</ikeid><reqid>{reqid}</reqid><mode>vti</mode><descr>{descr} 1</descr>"
    "<localid><type>network</type><address>10.9.{n}.0</address><netbits>31</netbits></localid></phase2>"
)
SESSIONS = (
    "<installedpackages><frrbgp><config><enable>on</enable><asnum>64512</asnum></config></frrbgp><frrbgpneighbors>"
    "<config><peer>10.9.1.1</peer><descr>RB a</descr><asnum>64513</asnum></config>"
    "<config><peer>10.9.2.1</peer><descr>by hand</descr><asnum>64514</asnum></config>"
    "<config><peer>10.9.3.1</peer><descr>RB c</descr><asnum>64512</asnum></config>"
    "<config><peer>10.1.0.9</peer><descr>RB lan</descr><asnum>64515</asnum></config>"
    "</frrbgpneighbors></installedpackages>"
)


def test_every_change_of_ipsec_remakes_every_routed_tunnel_and_names_the_sessions_over_them() -> None:
    """interface_ipsec_vti_configure() in etc/inc/interfaces.inc destroys each of them, foreign ones included."""
    foreign = VTI.format(n=2, reqid=7, descr="by hand", more="") + VTI.format(n=3, reqid=9, descr="RB c", more="")
    old, new = (
        parse(
            f"<pfsense><ipsec>{VTI.format(n=1, reqid=4, descr='RB a', more=more)}{foreign}</ipsec>{SESSIONS}</pfsense>"
        )
        for more in ("", "<lifetime>3600</lifetime>")
    )
    found = consequences(old, new, "frr", ("ipsec",)).effects
    assert [(effect.kind, effect.subject) for effect in found] == [
        ("tunnel-rekey", "a"),
        ("session-reset", "10.9.1.1"),
        ("note", "by hand"),
        ("session-reset", "10.9.2.1"),
        ("note", "c"),
        ("note", "10.9.3.1"),  # an internal session stays
    ]
    assert found[2].reason.startswith("ipsec7 is destroyed and made again")
    assert "16824" in found[2].reason
    assert consequences(old, old, "frr", ("frr",)).effects == ()


def test_a_routed_tunnel_is_called_by_the_reqid_of_its_first_phase_2() -> None:
    """ipsec_get_ifname() in etc/inc/ipsec.inc; with split connections and IKEv1 each phase 2 has an interface."""
    second = "<phase2><ikeid>1</ikeid><reqid>6</reqid><mode>vti</mode></phase2>"
    one = VTI.format(n=1, reqid=4, descr="RB a", more="") + second
    for text, names in (
        (one, ("ipsec4",)),
        (one.replace("<iketype>", "<splitconn></splitconn><iketype>"), ("ipsec4", "ipsec6")),
        (one.replace("ikev2", "ikev1"), ("ipsec4", "ipsec6")),
        (one.replace("<mode>vti</mode>", "<mode>tunnel</mode>"), ()),
    ):
        assert tunnels(parse(f"<pfsense><ipsec>{text}</ipsec></pfsense>"))["1"].interfaces == names


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
    shown = shown_edits(delta.edits) + "\n".join(map(edit_text, delta.edits)) + shown_trees(before, delta.after)
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
