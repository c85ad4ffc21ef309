"""NAPALM's arguments, optional_args and ssh_config make one set of options; what is explicit wins."""

from pathlib import Path

import pytest

from routebook.device.errors import ConnectionFailedError
from routebook.transport.ssh_login import connect
from routebook.transport.ssh_options import read_options

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


class TestSshConfig:
    """ssh_config means here what it means to ssh."""

    def write(self, folder: Path, text: str, name: str = "config") -> str:
        path = folder / name
        path.write_text(text)
        return str(path)

    def test_the_users_own_is_read_whatever_other_options_there_are(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / ".ssh").mkdir()
        self.write(tmp_path / ".ssh", CONFIG)
        monkeypatch.setenv("HOME", str(tmp_path))
        assert read_options("edge", "", None, 5, {"keepalive": 9}).target.address == "192.0.2.31"
        assert read_options("edge", "", None, 5, {"ssh_config_file": ""}).target.address == "edge"

    def test_include_and_match_are_followed(self, tmp_path: Path) -> None:
        self.write(tmp_path, "Host edge\n  HostName 192.0.2.7\nMatch user operator\n  Port 2022\n", "more")
        config = self.write(tmp_path, f"Include {tmp_path}/more\n")
        target = read_options("edge", "operator", None, 5, {"ssh_config_file": config}).target
        assert (target.address, target.port) == ("192.0.2.7", 2022)
        assert read_options("edge", "other", None, 5, {"ssh_config_file": config}).target.port == 22

    def test_a_jump_host_is_reached_as_its_own_configuration_says(self, tmp_path: Path) -> None:
        config = self.write(
            tmp_path,
            "Host edge\n  ProxyJump near,far\nHost near\n  ProxyJump first\nHost far\n  ProxyJump ignored\n"
            "Host first\n  ProxyCommand nc --to %h %p %r %%n\n  HostName 192.0.2.1\n  User ops\n",
        )
        options = read_options("edge", "", None, 5, {"ssh_config_file": config})
        assert [hop.name for hop in options.jumps] == ["first", "near", "far"]
        assert options.proxy_command == "nc --to 192.0.2.1 22 ops %n"
        assert read_options("edge", "", None, 5, {"ssh_config_file": config, "proxy_jump": "none"}).proxy_command == ""

    def test_jump_hosts_that_need_each_other_are_refused(self, tmp_path: Path) -> None:
        config = self.write(tmp_path, "Host edge\n  ProxyJump a\nHost a\n  ProxyJump b\nHost b\n  ProxyJump a\n")
        with pytest.raises(ConnectionFailedError, match="goes round in a circle: edge by a by b"):
            read_options("edge", "", None, 5, {"ssh_config_file": config})

    def test_a_jump_host_that_is_its_own_is_refused_as_by_ssh(self, tmp_path: Path) -> None:
        config = self.write(tmp_path, "Host *\n  ProxyJump jump\n")
        with pytest.raises(ConnectionFailedError, match="jumphost loop via jump"):
            read_options("edge", "", None, 5, {"ssh_config_file": config})

    def test_a_mistake_in_it_is_told_with_its_line(self, tmp_path: Path) -> None:
        config = self.write(tmp_path, "Host edge\n  HostNam 192.0.2.7\n")
        with pytest.raises(ConnectionFailedError, match=r"config cannot be used: .*line 2: Bad configuration option"):
            read_options("edge", "", None, 5, {"ssh_config_file": config})

    def test_a_host_key_alias_and_identities_only(self, tmp_path: Path) -> None:
        config = self.write(tmp_path, "Host edge\n  HostKeyAlias fleet\n  IdentitiesOnly yes\n  IdentityFile /k\n")
        found = read_options("edge", "", None, 5, {"ssh_config_file": config}).target
        assert (found.config.host_key_alias, found.config.identities_only) == ("fleet", True)
        assert found.other_keys == (Path("/k"),)

    def test_without_an_ssh_client_what_cannot_be_followed_is_refused(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        plain, with_more = self.write(tmp_path, CONFIG), self.write(tmp_path, "Include more\n", "other")
        monkeypatch.setenv("PATH", str(tmp_path))
        assert read_options("edge", "", None, 5, {"ssh_config_file": plain}).target.address == "192.0.2.31"
        with pytest.raises(ConnectionFailedError, match="Include, which only ssh itself can follow: install OpenSSH"):
            read_options("edge", "", None, 5, {"ssh_config_file": with_more})

    @pytest.mark.parametrize("command", ["/no/such/program %h", "false", "echo no >&2; exit 3"])
    def test_a_proxy_command_that_fails_is_told_by_its_own_words(self, tmp_path: Path, command: str) -> None:
        config = self.write(tmp_path, f"Host edge\n  ProxyCommand {command}\n")
        options = read_options("edge", "operator", None, 5, {"ssh_config_file": config})
        with pytest.raises(
            ConnectionFailedError, match=r"no SSH session: the ProxyCommand .* ended with status"
        ) as error:
            connect(options)
        assert "nothing was changed" in str(error.value)
        if "no/such" in command:
            assert "not found" in str(error.value)
