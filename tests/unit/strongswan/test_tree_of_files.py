"""Several swanctl files mean what strongSwan makes of them together."""

import pytest

from routebook.platforms.strongswan.settings import SettingsError
from routebook.platforms.strongswan.tree import MAIN, build

A, B = "/etc/swanctl/conf.d/a.conf", "/etc/swanctl/conf.d/b.conf"


def connection(name: str, lines: str = "version = 2") -> str:
    return f"connections {{\n {name} {{\n {lines}\n }}\n}}\n"


def test_includes_are_followed_in_order_and_sections_merge() -> None:
    tree = build({MAIN: "include conf.d/*.conf\n", A: connection("x"), B: connection("x", "version = 1")})
    assert tree.connections == {"x": {"version": "1"}}
    assert tree.origins == {"x": [A, B]}
    assert tree.reached == [MAIN, A, B]


def test_a_file_that_no_include_names_is_not_read() -> None:
    assert build({MAIN: "include other.d/*.conf\n", A: connection("x")}).connections == {}


@pytest.mark.parametrize(
    "pattern", ["conf.d/a.conf", "/etc/swanctl/conf.d/a.conf", "conf.d/[a].conf", '"conf.d/a.conf"']
)
def test_includes_are_relative_to_the_file_or_absolute(pattern: str) -> None:
    assert build({MAIN: f"include {pattern}\n", A: connection("x")}).reached == [MAIN, A]


@pytest.mark.parametrize("hidden", ["/etc/swanctl/conf.d/.a.conf", "/etc/swanctl/conf.d/deeper/a.conf"])
def test_a_star_matches_neither_dot_files_nor_deeper_folders(hidden: str) -> None:
    assert build({MAIN: "include conf.d/*.conf\n", hidden: connection("x")}).reached == [MAIN]


def test_an_include_of_a_missing_file_is_an_error() -> None:
    with pytest.raises(SettingsError, match=r"swanctl\.conf:1: includes /etc/swanctl/gone\.conf, which does not exist"):
        build({MAIN: "include gone.conf\n"})


def test_a_file_that_includes_itself_is_an_error() -> None:
    with pytest.raises(SettingsError, match="includes itself"):
        build({MAIN: "include swanctl.conf\n"})


def test_sections_inherit_and_their_own_settings_win() -> None:
    text = "base {\n version = 2\n local {\n  auth = psk\n }\n}\nconnections {\n x : base {\n  version = 1\n }\n}\n"
    assert build({MAIN: text}).connections == {"x": {"version": "1", "local": {"auth": "psk"}}}


def test_the_fingerprint_is_of_the_meaning() -> None:
    first = build({MAIN: "include conf.d/*.conf\n", A: connection("x"), B: connection("y")})
    moved = build({MAIN: "# text\ninclude conf.d/a.conf\n", A: connection("y") + "\n\n" + connection("x")})
    other = build({MAIN: "include conf.d/*.conf\n", A: connection("x"), B: connection("z")})
    assert first.fingerprint == moved.fingerprint
    assert first.fingerprint != other.fingerprint
