"""NAPALM's arguments, optional_args and ssh_config make one set of options; what is explicit wins."""

from pathlib import Path

import pytest

from custom_napalm.contract import ConnectionFailedError
from custom_napalm.linux.ssh_options import read_options

CONFIG = """Host edge
  HostName 192.0.2.31
  User someone
  Port 2022
  IdentityFile ~/.ssh/for-edges
  ProxyJump ops@jump:2200,[2001:db8::1]:22
Host jump
  HostName jump.example.net
  IdentityFile ~/.ssh/for-jumps
"""


@pytest.fixture
def config(tmp_path: Path) -> str:
    path = tmp_path / "config"
    path.write_text(CONFIG)
    return str(path)


def test_ssh_config_fills_what_is_not_given(config: str) -> None:
    options = read_options("edge", "", None, 5, {"ssh_config_file": config})
    target = options.target
    assert (target.address, target.port, target.user) == ("192.0.2.31", 2022, "someone")
    assert target.other_keys == (Path("~/.ssh/for-edges").expanduser(),)
    assert (options.jumps[0].address, options.jumps[0].port, options.jumps[0].user) == ("jump.example.net", 2200, "ops")
    assert options.jumps[1].address == "2001:db8::1"


def test_what_is_given_wins(config: str) -> None:
    arguments = {"ssh_config_file": config, "port": 22, "key_file": "/k", "proxy_jump": "none"}
    options = read_options("edge", "operator", None, 5, arguments)
    assert (options.target.port, options.target.user, options.target.key_file) == (22, "operator", Path("/k"))
    assert options.jumps == ()
    assert not options.allow_agent


def test_a_jump_host_keeps_its_own_key_and_never_gets_the_password(config: str) -> None:
    options = read_options("edge", "operator", "secret", 5, {"ssh_config_file": config, "key_file": "/k"})
    assert options.jumps[0].other_keys == (Path("~/.ssh/for-jumps").expanduser(),)
    assert options.jumps[0].key_file is None
    assert options.jumps[1].key_file == Path("/k")
    assert all(jump.password is None for jump in options.jumps)
    assert options.target.password == "secret"


def test_root_needs_no_sudo_and_others_do() -> None:
    assert not read_options("h", "root", None, 5, {}).sudo
    assert read_options("h", "operator", None, 5, {}).sudo
    assert not read_options("h", "operator", None, 5, {"sudo": False}).sudo


def test_the_login_password_is_sudos_unless_another_is_given() -> None:
    assert read_options("h", "u", "p", 5, {}).sudo_password == "p"
    assert read_options("h", "u", "p", 5, {"sudo_password": "q"}).sudo_password == "q"


@pytest.mark.parametrize("jump", ["user@", "host:port", "@"])
def test_a_jump_host_that_makes_no_sense_is_refused(jump: str) -> None:
    with pytest.raises(ConnectionFailedError, match="nothing was changed"):
        read_options("h", "u", None, 5, {"proxy_jump": jump})
