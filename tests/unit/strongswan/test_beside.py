"""What somebody else has made in strongSwan's files."""

from routebook.device.candidate import Section
from routebook.device.values import Beside
from routebook.platforms.strongswan.beside import beside
from routebook.platforms.strongswan.tree import build

OURS, THEIRS = "/etc/swanctl/conf.d/routebook.conf", "/etc/swanctl/conf.d/theirs.conf"
FILES = {
    "/etc/swanctl/swanctl.conf": "include conf.d/*.conf\n",
    OURS: "connections { ours { remote_addrs = 192.0.2.1 } }\n",
    THEIRS: (
        "connections { up { remote_addrs = 192.0.2.2 } resting { remote_addrs = 192.0.2.3 } }\n"
        "secrets { ike-theirs { secret = hidden } }\npools { p { addrs = 10.0.0.0/24 } }\n"
    ),
}
SECTIONS = [Section("connections", OURS, "", (OURS,)), Section("secrets", f"{OURS}.secrets", "", ())]


def test_sections_of_other_files_are_named_and_a_loaded_connection_is_a_tunnel() -> None:
    assert list(beside(build(FILES), SECTIONS, {"ours", "up"})) == [
        Beside("connections", f"connection resting of {THEIRS}"),
        Beside("connections", f"pool p of {THEIRS}"),
        Beside("secrets", f"secret ike-theirs of {THEIRS}"),
    ]


def test_what_makes_no_secrets_looks_for_none() -> None:
    assert {each.section for each in beside(build(FILES), SECTIONS[:1], ())} == {"connections"}


def test_our_own_files_are_never_beside() -> None:
    assert list(beside(build({**FILES, THEIRS: ""}), SECTIONS, ())) == []
