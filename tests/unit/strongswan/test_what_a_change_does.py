"""A change of the configuration is told apart by what it does to live SAs."""

import pytest

from routebook.platforms.strongswan.changes import PERHAPS, Release, TunnelChange, compare, effects
from routebook.platforms.strongswan.tree import MAIN, Tree, build

BASE = """connections {
  a--b {
    remote_addrs = 192.0.2.2
    proposals = aes256-sha256-modp2048
    local {
      auth = psk
      id = a
    }
    remote {
      auth = psk
      id = b
    }
    children {
      one {
        remote_ts = 10.1.0.0/16
        start_action = start
      }
      two {
        remote_ts = 10.2.0.0/16
      }
    }
  }
  a--c {
    remote_addrs = 192.0.2.3
    local {
      auth = psk
      id = a
    }
    remote {
      auth = psk
      id = c
    }
  }
}
secrets {
  ike-ab {
    id-1 = a
    id-2 = b
    secret = first
  }
  ike-ac {
    id-1 = a
    id-2 = c
    secret = second
  }
}
"""


def changes(new: str, old: str = BASE) -> list[TunnelChange]:
    return compare(build({MAIN: old}), build({MAIN: new}))


def test_nothing() -> None:
    assert changes(BASE) == []
    assert changes(BASE.replace("  a--c", "\n# a comment\n  a--c")) == []


@pytest.mark.parametrize("line", ["dpd_delay = 10s", "version = 2", "proposals = aes128-sha256-modp2048"])
def test_the_ike_sa(line: str) -> None:
    (change,) = changes(BASE.replace("    proposals = aes256-sha256-modp2048", f"    {line}"))
    assert (change.connection, change.kind) == ("a--b", "ike")


def test_authentication_is_of_the_ike_sa() -> None:
    (change,) = changes(BASE.replace("id = b\n    }\n    children", "id = bb\n    }\n    children"))
    assert (change.connection, change.kind) == ("a--b", "ike")


def test_one_child_leaves_the_other_alone() -> None:
    (change,) = changes(BASE.replace("10.2.0.0/16", "10.3.0.0/16"))
    assert (change.kind, change.ended) == ("children", ("two",))
    assert [(child.name, child.starts) for child in change.wanted] == [("two", False)]


def test_a_new_and_a_removed_child() -> None:
    (change,) = changes(BASE.replace("      two {", "      three {"))
    assert change.ended == ("two",)
    assert [child.name for child in change.wanted] == ["three"]


def test_a_secret_changes_only_the_tunnel_that_uses_it() -> None:
    (change,) = changes(BASE.replace("secret = first", "secret = third"))
    assert (change.connection, change.kind, change.reason) == ("a--b", "ike", "its pre-shared key changes")


def test_a_secret_for_everyone_changes_only_tunnels_without_one_of_their_own() -> None:
    everyone = BASE.replace("secrets {", "secrets {\n  ike-any {\n    secret = x\n  }\n")
    assert changes(everyone) == []
    without = BASE.replace("id-1 = a\n    id-2 = c", "id-2 = z")
    (change,) = changes(without.replace("secrets {", "secrets {\n  ike-any {\n    secret = x\n  }\n"), without)
    assert (change.connection, change.kind) == ("a--c", "ike")


def test_a_secret_that_only_this_end_owns_is_taken_for_lack_of_a_better_one() -> None:
    old = BASE.replace("    id-2 = c\n", "")
    (change,) = changes(old.replace("secret = second", "secret = other"), old)
    assert change.connection == "a--c"


def test_new_and_removed_tunnels() -> None:
    found = changes(BASE.replace("  a--c {", "  a--d {"))
    assert [(change.connection, change.kind) for change in found] == [("a--c", "removed"), ("a--d", "new")]
    assert [effect.kind for effect in effects(found, build({MAIN: BASE}), build({MAIN: BASE}))] == [
        "tunnel-removed",
        "tunnel-new",
    ]


def test_a_pool_is_a_note() -> None:
    old, new = build({MAIN: BASE}), build({MAIN: BASE + "pools {\n  p {\n    addrs = 10.9.0.0/24\n  }\n}\n"})
    assert compare(old, new) == []
    assert [(effect.kind, effect.subject) for effect in effects([], old, new)] == [("note", "pools")]


def trees(old: str, new: str) -> tuple[Tree, Tree]:
    """A tunnel with these children, before and after."""
    before, after = (
        build({MAIN: f"connections {{\n  a--b {{\n    children {{\n{each}    }}\n  }}\n}}\n"}) for each in (old, new)
    )
    return before, after


def kinds(old: str, new: str, release: Release) -> list[str]:
    """The forecast for such a tunnel."""
    before, after = trees(old, new)
    return [effect.kind for effect in effects(compare(before, after, release), before, after)]


def child(name: str, action: str, seconds: int) -> str:
    return f"      {name} {{\n        start_action = {action}\n        rekey_time = {seconds}s\n      }}\n"


def changed(name: str, action: str) -> tuple[str, str]:
    return child(name, action, 3000), child(name, action, 4000)


STARTS = changed("first", "trap|start")
STOPS_STARTING = child("first", "start", 3000), child("first", "none", 3000)
OTHER = child("second", "start", 3000)


@pytest.mark.parametrize("release", [(0, 0), (5, 9)])
def test_before_6_0_a_child_that_its_end_starts_takes_the_ike_sa_with_it_unless_another_stays(release: Release) -> None:
    assert kinds(*STARTS, release) == ["tunnel-rekey"]
    assert kinds(STARTS[0] + OTHER, STARTS[1] + OTHER, release) == ["child-rekey"]
    assert kinds(*changed("first", "none"), release) == ["child-rekey"]
    assert kinds(*STOPS_STARTING, release) == ["tunnel-rekey"]


@pytest.mark.parametrize("release", [(6, 0), (6, 1)])
def test_since_6_0_it_takes_the_ike_sa_with_it_where_the_end_starts_none_afterwards(release: Release) -> None:
    assert kinds(*STARTS, release) == ["child-rekey"]
    assert kinds(STARTS[0] + OTHER, STARTS[1] + OTHER, release) == ["child-rekey"]
    assert kinds(*changed("first", "none"), release) == ["child-rekey"]
    assert kinds(*STOPS_STARTING, release) == ["tunnel-rekey"]
    before, after = (one + other for one, other in zip(STOPS_STARTING, changed("second", "none"), strict=True))
    assert kinds(before, after, release) == ["child-rekey"]


def test_since_6_0_an_end_that_starts_none_may_close_an_ike_sa_that_the_other_end_has_emptied() -> None:
    def said(pair: tuple[str, str], release: Release) -> list[str]:
        before, after = trees(*pair)
        return [effect.reason for effect in effects(compare(before, after, release), before, after)]

    (waits,), (starts,), (before,) = (
        said(changed("first", "none"), (6, 0)),
        said(STARTS, (6, 0)),
        said(changed("first", "none"), (5, 9)),
    )
    assert waits.endswith(PERHAPS)
    assert not starts.endswith(PERHAPS)
    assert not before.endswith(PERHAPS)
