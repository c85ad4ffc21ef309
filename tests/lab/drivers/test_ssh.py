"""Logging in to a real sshd in every way that operators use, and what they are told when it does not work."""

import os
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from routebook.device.errors import ConnectionFailedError, LostContactError, PrivilegeError
from routebook.transport.ssh import SshShell
from routebook.transport.ssh_options import read_options
from tests.lab.drivers.hosts import CAREFUL, NOBODY, OPERATOR, Account, LinuxHost, cut_off, link, manage
from tests.lab.waiting import wait_for


class Site:
    """A host that is reached directly, and one behind it that is not."""

    def __init__(self, folder: Path, key: Path) -> None:
        public = Path(f"{key}.pub").read_text()
        self.key = key
        self.folder = folder
        self.front = LinuxHost("front", folder / "front", [public])
        self.behind = LinuxHost("behind", folder / "behind", [public])
        link(self.front, self.behind, "inner", ["198.51.100.1/24"], ["198.51.100.2/24"])
        self.front.start_sshd()
        self.behind.start_sshd()
        self.address = manage(self.front)
        self.known_hosts = folder / "known_hosts"
        self.known_hosts.write_text(
            f"# both\n{self.address} {self.front.host_key}\n198.51.100.2 {self.behind.host_key}\n"
            f"[{self.address}]:2222 {self.front.host_key}\n"
        )

    def shell(self, account: Account = OPERATOR, password: str = "", address: str = "", **arguments: Any) -> SshShell:
        """An open shell."""
        options = {"known_hosts_file": str(self.known_hosts), "allow_agent": False, "use_keys": False, **arguments}
        shell = SshShell(read_options(address or self.address, account.name, password, 5, options))
        shell.open()
        return shell


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, key: Path) -> Iterator[Site]:
    """The hosts of this module."""
    found = Site(tmp_path_factory.mktemp("ssh"), key)
    yield found
    found.front.stop()
    found.behind.stop()


def whoami(shell: SshShell) -> str:
    """Who a script runs as; closes the shell."""
    try:
        return shell.run("id -un").stdout.strip()
    finally:
        shell.close()


class TestLoggingIn:
    def test_by_ed25519_key_with_sudo(self, site: Site) -> None:
        assert whoami(site.shell(key_file=str(site.key))) == "root"

    def test_without_sudo(self, site: Site) -> None:
        assert whoami(site.shell(key_file=str(site.key), sudo=False)) == "operator"

    def test_as_root(self, site: Site) -> None:
        assert whoami(site.shell(Account("root", "", ""), key_file=str(site.key))) == "root"

    def test_by_password_which_is_sudos_too(self, site: Site) -> None:
        assert whoami(site.shell(CAREFUL, CAREFUL.password)) == "root"

    def test_by_key_with_a_password_for_sudo(self, site: Site) -> None:
        shell = site.shell(CAREFUL, key_file=str(site.key), sudo_password=CAREFUL.password)
        assert [shell.run("id -un").stdout for _ in range(3)] == ["root\n"] * 3
        shell.close()

    @pytest.mark.parametrize("kind", ["ed25519", "rsa", "ecdsa"])
    def test_by_an_encrypted_key(self, site: Site, tmp_path: Path, kind: str) -> None:
        file = tmp_path / f"id_{kind}"
        subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "a passphrase", "-f", str(file)], check=True)
        site.front.sh(f"cat >>/home/operator/.ssh/authorized_keys <<'EOF'\n{Path(f'{file}.pub').read_text()}EOF")
        assert whoami(site.shell(key_file=str(file), passphrase="a passphrase")) == "root"
        assert whoami(site.shell(key_file=str(file), secret="a passphrase")) == "root"
        with pytest.raises(ConnectionFailedError, match="is encrypted: set optional_args passphrase"):
            site.shell(key_file=str(file))
        with pytest.raises(ConnectionFailedError, match="does not open with the passphrase given"):
            site.shell(key_file=str(file), passphrase="another")

    def test_by_an_agent(self, site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        agent = subprocess.Popen(["ssh-agent", "-D", "-a", str(tmp_path / "agent")], stdout=subprocess.DEVNULL)
        try:
            wait_for((tmp_path / "agent").exists, 5, "the agent")
            monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "agent"))
            with pytest.raises(ConnectionFailedError, match="nothing: there is no key file, agent or password"):
                site.shell(allow_agent=True)
            subprocess.run(["ssh-add", "-q", str(site.key)], check=True, env=os.environ)
            assert whoami(site.shell(allow_agent=True)) == "root"
        finally:
            agent.terminate()
            agent.wait(5)

    def test_by_what_ssh_config_says(self, site: Site, tmp_path: Path) -> None:
        config = tmp_path / "config"
        config.write_text(
            f"Host front\n HostName {site.address}\n User operator\n IdentityFile {site.key}\n"
            f" UserKnownHostsFile {site.known_hosts}\n"
            f"Host deep\n HostName 198.51.100.2\n User operator\n IdentityFile {site.key}\n"
            f" UserKnownHostsFile {site.known_hosts}\n ProxyJump front\n"
        )
        for name, host in (("front", "front"), ("deep", "behind")):
            shell = SshShell(read_options(name, "", None, 5, {"ssh_config_file": str(config)}))
            shell.open()
            assert shell.run("hostname").stdout == f"{host}\n"
            shell.close()

    def test_keys_of_ssh_config_that_do_not_open_are_passed_over(self, site: Site, tmp_path: Path) -> None:
        encrypted = tmp_path / "encrypted"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "a passphrase", "-f", str(encrypted)], check=True)
        config = tmp_path / "config"
        config.write_text(f"Host *\n IdentityFile /nowhere/key\n IdentityFile {encrypted}\n IdentityFile {site.key}\n")
        assert whoami(site.shell(ssh_config_file=str(config))) == "root"

    def test_an_ssh_config_that_does_not_exist_is_none(self, site: Site) -> None:
        assert whoami(site.shell(key_file=str(site.key), ssh_config_file="/nowhere/config")) == "root"


class TestJumpHosts:
    def test_are_passed_through(self, site: Site) -> None:
        shell = site.shell(address="198.51.100.2", key_file=str(site.key), proxy_jump=f"operator@{site.address}:22")
        assert shell.run("hostname").stdout == "behind\n"
        shell.close()

    def test_are_verified_too(self, site: Site, tmp_path: Path) -> None:
        known = tmp_path / "known"
        known.write_text(f"198.51.100.2 {site.behind.host_key}\n")
        with pytest.raises(ConnectionFailedError, match=f"{site.address} shows the host key .* none is known"):
            site.shell(
                address="198.51.100.2",
                key_file=str(site.key),
                proxy_jump=f"operator@{site.address}",
                known_hosts_file=str(known),
            )

    def test_that_cannot_reach_the_host_say_so(self, site: Site) -> None:
        with pytest.raises(
            ConnectionFailedError, match=f"198.51.100.2 port 23 cannot be reached through .*{site.address}"
        ):
            site.shell(address="198.51.100.2", port=23, key_file=str(site.key), proxy_jump=f"operator@{site.address}")

    def test_never_see_the_hosts_password(self, site: Site) -> None:
        with pytest.raises(ConnectionFailedError, match=f"{site.address} refused the login of careful; tried nothing"):
            site.shell(CAREFUL, CAREFUL.password, address="198.51.100.2", proxy_jump=f"careful@{site.address}")


class TestHostKeys:
    def test_of_an_unknown_host_are_refused_with_the_fingerprint(self, site: Site) -> None:
        shown = subprocess.run(
            ["ssh-keygen", "-lf", str(site.front.folder / "etc/ssh/ssh_host_ed25519_key.pub")],
            check=True, capture_output=True, text=True,
        ).stdout.split()[1]  # fmt: skip
        with pytest.raises(ConnectionFailedError, match="none is known for") as caught:
            site.shell(key_file=str(site.key), known_hosts_file="/nowhere")
        assert shown in str(caught.value)
        assert "nothing was changed" in str(caught.value)

    def test_that_changed_are_refused_with_both_fingerprints(self, site: Site, tmp_path: Path) -> None:
        known = tmp_path / "known"
        known.write_text(f"{site.address} {site.behind.host_key}\n")
        with pytest.raises(ConnectionFailedError, match=r"another host key .*SHA256:.*expected .*SHA256:.*known:1"):
            site.shell(key_file=str(site.key), known_hosts_file=str(known))

    def test_that_are_revoked_are_refused(self, site: Site, tmp_path: Path) -> None:
        known = tmp_path / "known"
        known.write_text(f"{site.address} {site.front.host_key}\n@revoked * {site.front.host_key}\n")
        with pytest.raises(ConnectionFailedError, match="revoked"):
            site.shell(key_file=str(site.key), known_hosts_file=str(known))

    def test_are_found_in_hashed_files(self, site: Site, tmp_path: Path) -> None:
        known = tmp_path / "known"
        known.write_text(f"{site.address} {site.front.host_key}\n")
        subprocess.run(["ssh-keygen", "-q", "-H", "-f", str(known)], check=True, capture_output=True)
        assert site.address not in known.read_text()
        assert whoami(site.shell(key_file=str(site.key), known_hosts_file=str(known))) == "root"

    def test_of_another_kind_are_asked_for_if_that_is_the_known_one(self, site: Site, tmp_path: Path) -> None:
        etc = site.front.folder / "etc/ssh"
        subprocess.run(["ssh-keygen", "-q", "-t", "rsa", "-N", "", "-f", str(etc / "ssh_host_rsa_key")], check=True)
        site.front.sh("/usr/sbin/sshd -p 2222 -o HostKey=/etc/ssh/ssh_host_rsa_key -o PidFile=/run/second.pid")
        known = tmp_path / "known"
        rsa = " ".join((etc / "ssh_host_rsa_key.pub").read_text().split()[:2])
        known.write_text(f"[{site.address}]:2222 {rsa}\n")
        try:
            assert whoami(site.shell(key_file=str(site.key), known_hosts_file=str(known), port=2222)) == "root"
            assert whoami(site.shell(key_file=str(site.key), port=2222)) == "root"
        finally:
            site.front.sh("kill $(cat /run/second.pid)")


class TestRefusals:
    def test_of_a_wrong_password_say_what_was_tried(self, site: Site) -> None:
        with pytest.raises(ConnectionFailedError, match="refused the login of operator; tried password") as caught:
            site.shell(password="not the password")
        assert "not the password" not in str(caught.value)

    def test_of_an_unknown_key_name_the_file(self, site: Site, tmp_path: Path) -> None:
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "stray")], check=True)
        with pytest.raises(ConnectionFailedError, match=f"tried key {tmp_path}/stray"):
            site.shell(key_file=str(tmp_path / "stray"))

    def test_by_sudo_name_the_line_that_is_missing(self, site: Site) -> None:
        shell = site.shell(NOBODY, key_file=str(site.key))
        with pytest.raises(PrivilegeError, match=r"visitor ALL=\(root\) NOPASSWD: /bin/sh.*nothing was changed"):
            shell.run("id")
        assert shell.run("id -un", root=False).stdout == "visitor\n"
        shell.close()

    def test_by_sudo_of_a_wrong_password_cost_one_attempt(self, site: Site) -> None:
        shell = site.shell(CAREFUL, key_file=str(site.key), sudo_password="a wrong one")
        with pytest.raises(PrivilegeError, match="1 incorrect password attempt") as caught:
            shell.run("touch /tmp/ran-after-all")
        assert "a wrong one" not in str(caught.value)
        assert site.front.sh("ls /tmp/ran-after-all", check=False) == ""
        shell.close()

    def test_of_a_closed_port_and_of_an_unknown_name(self, site: Site) -> None:
        with pytest.raises(ConnectionFailedError, match="nothing listens on TCP port 2200"):
            site.shell(key_file=str(site.key), port=2200)
        with pytest.raises(ConnectionFailedError, match=r"the name 'no\.such\.host\.invalid' is not known"):
            site.shell(key_file=str(site.key), address="no.such.host.invalid")

    def test_of_an_option_that_does_not_exist(self) -> None:
        with pytest.raises(TypeError, match="unknown known_host_file"):
            read_options("h", "u", None, 5, {"known_host_file": "x"})

    def test_of_something_that_is_no_ssh_server(self, site: Site) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:

            def answer() -> None:
                connection, _ = server.accept()
                with connection:
                    connection.sendall(b"220 mail ready\r\n" * 200)

            threading.Thread(target=answer, daemon=True).start()
            with pytest.raises(ConnectionFailedError, match="no SSH session"):
                site.shell(key_file=str(site.key), address="127.0.0.1", port=server.getsockname()[1])

    def test_of_a_server_that_accepts_and_says_nothing(self, site: Site) -> None:
        with (
            socket.create_server(("127.0.0.1", 0)) as server,
            pytest.raises(ConnectionFailedError, match="nothing was changed"),
        ):
            site.shell(key_file=str(site.key), address="127.0.0.1", port=server.getsockname()[1])


class TestScripts:
    def test_output_and_status_are_exact(self, site: Site) -> None:
        shell = site.shell(key_file=str(site.key))
        result = shell.run("printf 'a\\nä\\n\\n'; printf 'x' >&2; exit 3")
        assert (result.stdout, result.stderr, result.status) == ("a\nä\n\n", "x", 3)
        shell.close()

    def test_large_scripts_and_outputs_arrive_whole(self, site: Site) -> None:
        shell = site.shell(key_file=str(site.key))
        text = "\n".join(f"line {number} of a long text" for number in range(60_000))
        result = shell.run(f"cat <<'EOF'\n{text}\nEOF\nhead -c 3000000 /dev/zero | tr '\\0' x >&2")
        assert result.stdout == text + "\n"
        assert result.stderr == "x" * 3_000_000
        shell.close()

    def test_commands_have_nothing_to_read(self, site: Site) -> None:
        shell = site.shell(key_file=str(site.key))
        assert shell.run("cat; echo end").stdout == "end\n"
        shell.close()

    def test_what_a_login_shell_prints_is_not_their_output(self, site: Site) -> None:
        site.front.sh("echo 'echo a talkative profile; echo error >&2' >/home/operator/.bashrc")
        shell = site.shell(key_file=str(site.key))
        try:
            assert shell.run("echo this").stdout == "this\n"
            assert shell.run("true").stderr == ""
        finally:
            site.front.sh("rm /home/operator/.bashrc")
            shell.close()

    def test_silence_is_lost_contact(self, site: Site) -> None:
        shell = site.shell(key_file=str(site.key))
        with pytest.raises(LostContactError, match="fell silent"):
            shell.run("sleep 30", timeout=1)
        assert shell.run("echo still there").stdout == "still there\n"
        shell.close()

    def test_a_dead_connection_is_lost_contact(self, site: Site) -> None:
        shell = site.shell(key_file=str(site.key))
        with pytest.raises(LostContactError, match="broke"):
            shell.run("kill -9 $(pgrep -f 'sshd(-session)?: operator')", timeout=20)
        assert not shell.is_alive()
        with pytest.raises(LostContactError):
            shell.run("true")
        shell.close()

    def test_a_path_that_dies_is_noticed_within_seconds(self, site: Site) -> None:
        shell = site.shell(key_file=str(site.key), keepalive=2)
        with cut_off(site.front, site.address), pytest.raises(LostContactError, match="broke"):
            shell.run("sleep 60", timeout=60)
        shell.close()
