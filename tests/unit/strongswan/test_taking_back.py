"""An earlier change of swanctl's files is taken back alone: tunnels that were added or changed since stay."""

from hypothesis import given
from hypothesis import strategies as st

from routebook.device.merging import TakenBack
from routebook.device.values import Snapshot
from routebook.platforms.strongswan.settings import parse
from routebook.platforms.strongswan.taking_back import taken_back
from routebook.platforms.strongswan.tree import FOLDER, MAIN, build

FILE, KEYS = f"{FOLDER}/conf.d/routebook.conf", f"{FOLDER}/conf.d/routebook-secrets.conf"
Tunnels = dict[str, tuple[str, str]]  # name to proposals and key

tunnels = st.dictionaries(
    st.sampled_from("abcd"), st.tuples(st.sampled_from(["aes128", "aes256"]), st.sampled_from(["0sAA", "0sBB"]))
)


def snapshot(having: Tunnels, attributes: str = "0600 root root") -> Snapshot:
    """As the templates write them."""
    connections = "".join(
        f"  {name} {{\n    version = 2\n    proposals = {proposals}\n    children {{\n      {name} {{\n"
        f"        local_ts = 0.0.0.0/0\n      }}\n    }}\n  }}\n"
        for name, (proposals, _) in having.items()
    )
    secrets = "".join(f"  ike-{name} {{\n    secret = {key}\n  }}\n" for name, (_, key) in having.items())
    parts = {MAIN: "include conf.d/*.conf\n"}
    if having:
        parts |= {FILE: f"connections {{\n{connections}}}\n", KEYS: f"secrets {{\n{secrets}}}\n"}
    return Snapshot(parts, dict.fromkeys(parts, attributes))


def back(before: Tunnels, made: Tunnels, now: Tunnels) -> tuple[dict[str, str], TakenBack]:
    parts, _, found = taken_back(snapshot(before), snapshot(made), snapshot(now))
    return parts, found


@given(tunnels, tunnels)
def test_without_a_later_change_it_is_exactly_what_was_before(before: Tunnels, made: Tunnels) -> None:
    old = snapshot(before, "0640 root adm")
    parts, attributes, found = taken_back(old, snapshot(made), snapshot(made))
    assert (parts, attributes, found.overlaps) == (old.parts, old.attributes, ())


@given(tunnels, tunnels, st.sampled_from(["aes128", "aes256"]))
def test_another_tunnel_that_came_since_stays(before: Tunnels, made: Tunnels, proposals: str) -> None:
    one = {"z": ("aes128", "0sZZ")}  # both have it: a file that the change made is the change's
    other = {"later": (proposals, "0sCC")}
    parts, found = back(one | before, one | made, one | made | other)
    assert found.overlaps == ()
    assert build(parts).root == build(snapshot(one | before | other).parts).root


def test_a_file_that_is_put_together_is_written_as_the_templates_write_it() -> None:
    keep, gone, later = ({name: ("aes128", "0sAA")} for name in ("keep", "gone", "later"))
    parts, _ = back(keep, keep | gone, keep | gone | later)
    assert parts == snapshot(keep | later).parts


def test_a_key_that_was_changed_again_is_in_the_way_and_not_shown() -> None:
    _, found = back({"a": ("aes128", "0sAA")}, {"a": ("aes128", "0sBB")}, {"a": ("aes128", "0sCC")})
    (overlap,) = found.overlaps
    assert overlap.where == f"{KEYS} / secrets / ike-a / secret"
    assert "0s" not in str(overlap)


def test_an_old_key_that_comes_back_is_said_with_its_place_and_without_its_value() -> None:
    _, found = back({"a": ("aes128", "0sAA")}, {"a": ("aes128", "0sBB")}, {"a": ("aes128", "0sBB")})
    (told,) = found.old_secrets
    assert told.startswith(f"{KEYS} / secrets / ike-a / secret")
    assert "0s" not in told


def test_a_file_that_the_change_made_and_that_has_more_in_it_now_is_in_the_way() -> None:
    _, found = back({}, {"a": ("aes128", "0sAA")}, {"a": ("aes128", "0sAA"), "b": ("aes128", "0sBB")})
    assert {overlap.where for overlap in found.overlaps} == {FILE, KEYS}


def test_comments_of_a_file_that_nobody_has_touched_come_back() -> None:
    old, new = (
        Snapshot({FILE: text}) for text in ("# why\nconnections {\n}\n", "connections {\n a { version = 2 }\n}\n")
    )
    parts, _, found = taken_back(old, new, new)
    assert (parts, found.overlaps) == ({FILE: "# why\nconnections {\n}\n"}, ())


def test_what_cannot_be_read_is_one_object() -> None:
    texts = ("broken {\n", "broken {\n x = 1\n", "broken {\n x = 2\n")
    old, new, now = (Snapshot({FILE: text}) for text in texts)
    assert taken_back(old, new, new)[0] == old.parts
    assert [overlap.where for overlap in taken_back(old, new, now)[2].overlaps] == [FILE]


@given(tunnels, tunnels, tunnels)
def test_what_is_put_together_can_be_read(before: Tunnels, made: Tunnels, now: Tunnels) -> None:
    parts, found = back(before, made, now)
    if not found.overlaps:
        for path, text in parts.items():
            parse(text, path)
