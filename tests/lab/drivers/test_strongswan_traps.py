"""Each trap of swanctl and charon: first that the daemon really has it, then that the driver does not fall into it."""

import re
from dataclasses import replace
from typing import Any

import pytest

from routebook.device.candidate import Candidate, Section
from routebook.device.causes import Reason
from routebook.device.errors import CandidateError, DriverError
from routebook.platforms.strongswan.state import read_ike_sas
from routebook.platforms.strongswan.tree import MAIN
from tests.lab.drivers.hosts import LinuxHost
from tests.lab.drivers.tunnels import (
    CONNECTIONS,
    LEFT,
    NAME,
    PSK,
    RIGHT,
    SECRETS,
    Pair,
    candidate,
    children,
    etc_files,
    spis,
    transact,
)
from tests.lab.waiting import wait_for


def loaded(host: LinuxHost) -> set[str]:
    """The connections that charon has loaded."""
    lines = host.sh("swanctl --list-conns").splitlines()
    return {line.rpartition(": ")[0] for line in lines if line and not line.startswith(" ")}


def broken(text: str) -> Candidate:
    """A candidate whose connections are `text`."""
    return Candidate((Section("connections", CONNECTIONS, text, (CONNECTIONS,)),))


class TestAMissingBrace:
    """`swanctl --load-all` exits 0 and unloads everything."""

    TEXT = "connections {\n  other {\n    version = 2\n"

    def test_charon_has_the_trap(self, tunnel: Pair) -> None:
        tunnel.left.write(CONNECTIONS, self.TEXT)
        result = tunnel.left.shell.run("swanctl --load-all --noprompt")
        assert result.status == 0
        assert "syntax error" in result.stderr
        assert loaded(tunnel.left) == set()

    def test_it_is_found_before_charon_sees_it(self, tunnel: Pair) -> None:
        driver = tunnel.driver(tunnel.left)
        old = spis(tunnel.left)
        with pytest.raises(CandidateError, match=r"routebook\.conf:2: section 'other' is never closed"):
            driver.plan(broken(self.TEXT), driver.snapshot())
        assert loaded(tunnel.left) == {NAME}
        assert spis(tunnel.left) == old

    def test_a_file_of_someone_else_that_is_broken_stops_the_plan(self, tunnel: Pair) -> None:
        driver = tunnel.driver(tunnel.left)
        tunnel.left.write("/etc/swanctl/conf.d/theirs.conf", self.TEXT)
        with pytest.raises(CandidateError, match=r"theirs\.conf:2: section 'other' is never closed"):
            driver.plan(candidate(replace(LEFT, psk="another-key")), driver.snapshot())


class TestAMissingInclude:
    """strongSwan goes on without a file that an include names, and unloads what was in it."""

    def test_charon_has_the_trap(self, tunnel: Pair) -> None:
        tunnel.left.write("/etc/swanctl/swanctl.conf", "include conf.d/nowhere.conf\n", 0o644)
        try:
            assert tunnel.left.shell.run("swanctl --load-all --noprompt").status == 0
            assert loaded(tunnel.left) == set()
        finally:
            tunnel.left.write("/etc/swanctl/swanctl.conf", "include conf.d/*.conf\n", 0o644)

    def test_it_is_found_before_charon_sees_it(self, tunnel: Pair) -> None:
        driver = tunnel.driver(tunnel.left)
        wanted = broken("include /etc/swanctl/nowhere.conf\n")
        with pytest.raises(CandidateError, match=r"nowhere\.conf, which does not exist"):
            driver.plan(wanted, driver.snapshot())

    def test_a_candidate_that_no_include_reaches_is_refused(self, tunnel: Pair) -> None:
        driver = tunnel.driver(tunnel.left)
        path = "/etc/swanctl/elsewhere/tunnels.conf"
        with pytest.raises(CandidateError, match="would not be read"):
            driver.plan(Candidate((Section("x", path, "connections {\n}\n", (path,)),)), driver.snapshot())


BAD_VALUES: dict[str, dict[str, Any]] = {
    "proposal": {"ike": "aes512-sha256-modp2048"},
    "option": {"ike_lines": "no_such_option = 1"},
    "time": {"ike_lines": "rekey_time = soon"},
    "start_action": {"child_lines": "start_action = perhaps"},
}


class TestAPartlyRejectedFile:
    """charon refuses one connection and loads the others, with start_action = start closing their SAs."""

    @pytest.mark.parametrize("what", BAD_VALUES)
    def test_charon_rejects_it_before_anything_is_loaded(self, tunnel: Pair, what: str) -> None:
        driver, old, files = tunnel.driver(tunnel.left), spis(tunnel.left), etc_files(tunnel.left)
        bad = replace(LEFT, name="bad", **BAD_VALUES[what])
        good = replace(LEFT, ike_lines="rekey_time = 5000s")
        driver.plan(candidate(good, bad), driver.snapshot())
        driver.arm("partly", 60)
        with pytest.raises(CandidateError, match=r"charon rejects .*'bad'") as caught:
            driver.push()
        assert not caught.value.changed
        driver.rollback()
        assert loaded(tunnel.left) == {NAME}
        assert spis(tunnel.left) == old
        assert etc_files(tunnel.left) == files

    def test_what_charon_says_is_passed_on(self, tunnel: Pair) -> None:
        driver = tunnel.driver(tunnel.left)
        driver.plan(candidate(replace(LEFT, ike="aes512-sha256-modp2048")), driver.snapshot())
        driver.arm("words", 60)
        with pytest.raises(CandidateError, match="invalid value for: proposals"):
            driver.push()
        driver.rollback()


class TestValuesThatCharonMisreads:
    """`/99` becomes /32, which 6.1 refuses, and `version = 7` is taken, both without a word."""

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"local_ts": "10.1.0.0/99"}, r"local_ts = 10\.1\.0\.0/99 is not a network"),
            ({"ike_lines": "version = 7"}, "version = 7 is neither 1 nor 2"),
        ],
    )
    def test_they_are_refused(self, tunnel: Pair, change: dict[str, Any], message: str) -> None:
        bad = replace(LEFT, name="bad", start_action="none", **change)
        tunnel.left.write("/etc/swanctl/conf.d/bad.conf", f"connections {{\n{bad.connection()}}}\n")
        done = tunnel.left.shell.run("swanctl --load-all --noprompt")
        if done.status:
            assert "invalid value for: local_ts" in done.stdout + done.stderr
        else:
            assert loaded(tunnel.left) == {NAME, "bad"}
        tunnel.left.sh("rm /etc/swanctl/conf.d/bad.conf; swanctl --load-all --noprompt")
        driver = tunnel.driver(tunnel.left)
        with pytest.raises(CandidateError, match=message):
            driver.plan(candidate(bad), driver.snapshot())


CAUSES: dict[str, tuple[Any, Any, Reason, Reason | None]] = {
    "wrong key": (replace(LEFT, psk="wrong"), RIGHT, Reason.AUTHENTICATION, Reason.KEY_MISMATCH),
    "unknown identity": (replace(LEFT, local_id="who"), RIGHT, Reason.AUTHENTICATION, Reason.IDENTITY),
    "no key for it": (
        replace(LEFT, local_id="who"),
        replace(RIGHT, remote_id="who", key_for="somebody"),
        Reason.AUTHENTICATION,
        Reason.NO_KEY,
    ),
    "IKE proposal": (replace(LEFT, ike="aes128-sha256-modp2048"), RIGHT, Reason.PROPOSALS, Reason.PROPOSALS),
    "ESP proposal": (replace(LEFT, esp="aes128-sha256-modp2048"), RIGHT, Reason.PROPOSALS, Reason.PROPOSALS),
    "selectors": (replace(LEFT, remote_ts="10.77.0.0/24"), RIGHT, Reason.SELECTORS, Reason.SELECTORS),
    "no connection there": (LEFT, None, Reason.PROPOSALS, Reason.NO_CONNECTION),
    "unreachable": (replace(LEFT, remote="198.51.100.99", remote_id="198.51.100.2"), RIGHT, Reason.NO_ANSWER, None),
}


class TestCauses:
    """The initiator's log tells little; the responder's tells the cause. `explain` at both ends gives both."""

    @pytest.mark.parametrize("what", CAUSES)
    def test_are_told(self, tunnel: Pair, what: str) -> None:
        left, right, here, there = CAUSES[what]
        for host, end in ((tunnel.right, right), (tunnel.left, left)):
            for section in candidate(*([end] if end else [])).sections:
                host.write(section.part, section.text)
            host.sh("swanctl --terminate --ike left--right --force", check=False)
            host.sh(": >/var/log/charon.log; swanctl --load-all --noprompt")
        tunnel.left.sh(f"swanctl --initiate --child {NAME} --timeout 3", check=False)
        initiator = tunnel.driver(tunnel.left)
        wait_for(lambda: here in [cause.reason for cause in initiator.explain(NAME, 60)], 10, here)
        if there is not None:
            causes = tunnel.driver(tunnel.right).explain(NAME, 60)
            found = [cause for cause in causes if cause.reason is there and not cause.from_peer]
            assert found, causes
            assert there is not Reason.PROPOSALS or (found[0].offered and found[0].accepted), found


class TestSasThatKeepOldParameters:
    """With start_action none or trap a reload changes no SA: a broken change would pass every check until a rekey."""

    @pytest.mark.parametrize("actions", ["none", "trap"])
    def test_charon_has_the_trap(self, tunnel: Pair, actions: str) -> None:
        first = replace(LEFT, start_action=actions)
        for section in candidate(first).sections:
            tunnel.left.write(section.part, section.text)
        tunnel.left.sh(f"swanctl --load-all --noprompt; swanctl --initiate --child {NAME} --timeout 5", check=False)
        wait_for(lambda: bool(children(tunnel.left)), 10, "the tunnel")
        old = spis(tunnel.left)
        for section in candidate(replace(first, psk="a-wrong-key", ike="aes128-sha256-modp2048")).sections:
            tunnel.left.write(section.part, section.text)
        tunnel.left.sh("swanctl --load-all --noprompt")
        assert spis(tunnel.left) == old

    def test_a_wrong_key_at_one_end_takes_the_tunnel_down_at_once_and_rolling_back_brings_it_up(
        self, tunnel: Pair
    ) -> None:
        drivers = [tunnel.driver(tunnel.left), tunnel.driver(tunnel.right)]
        files = [etc_files(tunnel.left), etc_files(tunnel.right)]
        transact(drivers, [candidate(replace(LEFT, psk="a-wrong-key")), candidate(RIGHT)], "wrong")
        assert children(tunnel.left) == []
        wait_for(lambda: not children(tunnel.right), 5, "the old SA's end")
        responder = drivers[1].explain(NAME, 30)
        assert Reason.KEY_MISMATCH in [cause.reason for cause in responder], responder
        initiator = drivers[0].explain(NAME, 30)
        assert Reason.AUTHENTICATION in [cause.reason for cause in initiator], initiator
        drivers[0].rollback()
        tunnel.wait_up()
        assert [etc_files(tunnel.left), etc_files(tunnel.right)] == files


class TestRemoving:
    """With start_action none a removed connection's SA stays, unloaded; a removed secret goes on working."""

    def test_a_removed_connection_takes_its_sas_and_secret_with_it_and_comes_back_with_them(self, tunnel: Pair) -> None:
        driver = tunnel.driver(tunnel.right)
        files = etc_files(tunnel.right)
        nothing = Candidate((Section("c", CONNECTIONS, "", (CONNECTIONS,)), Section("s", SECRETS, "", (SECRETS,))))
        change = driver.plan(nothing, driver.snapshot())
        assert [effect.kind for effect in change.effects] == ["tunnel-removed"]
        driver.arm("remove", 60)
        driver.push()
        driver.activate()
        # The other end goes on trying.
        assert not any(sa.up for sa in read_ike_sas(tunnel.right.shell))
        assert loaded(tunnel.right) == set()
        driver.rollback()
        tunnel.wait_up()
        assert etc_files(tunnel.right) == files

    def test_confirmed_removal_removes_the_files(self, tunnel: Pair) -> None:
        driver = tunnel.driver(tunnel.right)
        nothing = Candidate((Section("c", CONNECTIONS, "", (CONNECTIONS,)), Section("s", SECRETS, "", (SECRETS,))))
        driver.plan(nothing, driver.snapshot())
        driver.arm("remove", 60)
        driver.push()
        driver.activate()
        driver.confirm()
        assert set(etc_files(tunnel.right)) == {"swanctl.conf"}


class TestAFileThatIsALink:
    """Root linked it into somebody's checkout: the link stays, and so do its target's mode and owner."""

    def test_it_is_changed_removed_and_put_back_where_it_is(self, tunnel: Pair) -> None:
        host = tunnel.right
        host.sh(
            f"mkdir /run/net && mv {SECRETS} /run/net/keys && chmod 640 /run/net/keys && chown -R operator /run/net "
            f"&& ln -s /run/net/keys {SECRETS}"
        )
        state = f"readlink {SECRETS}; stat -L -c '%a %U' {SECRETS}; ls -A /run/net"
        expected = ["/run/net/keys", "640", "operator", "keys"]
        driver = tunnel.driver(host)
        before = host.sh(f"cat {SECRETS}")
        other = replace(RIGHT, name="second", remote="192.0.2.77", psk="quite another key")
        nothing = Candidate((Section("c", CONNECTIONS, "", (CONNECTIONS,)), Section("s", SECRETS, "", (SECRETS,))))
        for run, wanted in (("link", candidate(RIGHT, other)), ("gone", nothing)):
            driver.plan(wanted, driver.snapshot())
            driver.arm(run, 60)
            driver.push()
            driver.confirm()
            if run == "link":
                assert host.sh(state).split() == expected
                assert "quite another key" in host.sh(f"cat {SECRETS}")
            else:
                assert host.sh(f"ls {SECRETS} 2>/dev/null || true") == ""
            driver.rollback()
            assert host.sh(state).split() == expected
            assert host.sh(f"cat {SECRETS}") == before
        host.sh(f"rm {SECRETS}; rm -r /run/net")


class TestAbsoluteIncludes:
    """A staged tree is loaded from another folder: an absolute include would load the old files again."""

    def test_the_new_files_are_the_loaded_ones(self, tunnel: Pair) -> None:
        tunnel.left.write(MAIN, "include /etc/swanctl/conf.d/*.conf\n", 0o644)
        try:
            driver = tunnel.driver(tunnel.left)
            driver.plan(
                candidate(LEFT, replace(LEFT, name="second", remote="192.0.2.77", start_action="none")),
                driver.snapshot(),
            )
            driver.arm("absolute", 60)
            driver.push()
            assert loaded(tunnel.left) == {NAME, "second"}
            driver.rollback()
            assert loaded(tunnel.left) == {NAME}
        finally:
            tunnel.left.write(MAIN, "include conf.d/*.conf\n", 0o644)


class TestDrift:
    """What charon runs is found in files: `swanctl --list-conns` shows neither proposals nor start_action."""

    def test_a_changed_proposal_on_disk_is_a_difference(self, tunnel: Pair) -> None:
        driver = tunnel.driver(tunnel.left)
        edited = tunnel.left.read(CONNECTIONS).replace("aes256gcm16-modp2048", "aes128-sha256-modp2048")
        tunnel.left.write(CONNECTIONS, edited)
        change = driver.plan(candidate(LEFT), driver.snapshot())
        assert "-        esp_proposals = aes128-sha256-modp2048" in change.diff

    def test_a_connection_that_charon_has_not_loaded_is_a_difference_and_is_mended(self, tunnel: Pair) -> None:
        tunnel.left.sh("echo >/run/empty.conf; swanctl --load-conns --file /run/empty.conf")
        assert loaded(tunnel.left) == set()
        driver = tunnel.driver(tunnel.left)
        change = driver.plan(candidate(LEFT), driver.snapshot())
        assert change.diff.endswith(f"in the files, but not loaded by charon: connection {NAME}")
        driver.arm("mend", 60)
        driver.push()
        driver.activate()
        driver.confirm()
        tunnel.wait_up()
        assert not driver.plan(candidate(LEFT), driver.snapshot())

    def test_a_world_readable_secret_is_a_difference(self, tunnel: Pair) -> None:
        driver = tunnel.driver(tunnel.left)
        tunnel.left.sh(f"chmod 644 {SECRETS}")
        change = driver.plan(candidate(LEFT), driver.snapshot())
        assert change.diff == f"mode of {SECRETS}: 0644 root root -> 0600 root root"

    def test_a_changed_secret_is_seen_to_change_and_not_shown(self, tunnel: Pair) -> None:
        driver = tunnel.driver(tunnel.left)
        change = driver.plan(candidate(replace(LEFT, psk="another-secret")), driver.snapshot())
        shown = "\n".join([change.diff, *change.commands, *change.undo])
        assert "another value" in change.diff
        assert "another-secret" not in shown
        assert PSK not in shown
        assert [(effect.kind, effect.subject) for effect in change.effects] == [("tunnel-rekey", NAME)]


class TestNoDaemon:
    """Without a charon there is a clear error, and nothing is touched."""

    def test_state_and_arming_say_so(self, tunnel: Pair) -> None:
        driver, files = tunnel.driver(tunnel.right), etc_files(tunnel.right)
        driver.plan(candidate(replace(RIGHT, psk="another-secret")), driver.snapshot())
        tunnel.right.stop_strongswan()
        try:
            with pytest.raises(DriverError, match="charon does not answer"):
                driver.state()
            with pytest.raises(DriverError, match="charon does not answer") as caught:
                driver.arm("nobody", 60)
            assert not caught.value.changed
            assert driver.pending() is None
            assert etc_files(tunnel.right) == files
        finally:
            tunnel.right.start_strongswan()


class TestAppArmor:
    """Debian's profile lets swanctl read nothing outside of /etc/swanctl; what it cannot read is empty for it."""

    SPY = """cp /usr/sbin/swanctl /run/swanctl.real
printf '#!/bin/sh\\necho "$@" >>/run/swanctl.calls\\nexec /run/swanctl.real "$@"\\n' >/run/swanctl.spy
chmod 755 /run/swanctl.real /run/swanctl.spy
mount --bind /run/swanctl.spy /usr/sbin/swanctl
"""

    def test_swanctl_is_given_files_below_etc_swanctl_only_and_nothing_stays_there(self, tunnel: Pair) -> None:
        drivers = [tunnel.driver(tunnel.left), tunnel.driver(tunnel.right)]
        before = etc_files(tunnel.left)
        tunnel.left.sh(self.SPY)
        try:
            transact(
                drivers,
                [candidate(replace(LEFT, psk="another-key")), candidate(replace(RIGHT, psk="another-key"))],
                "spied",
            )
            for driver in drivers:
                driver.rollback()
            calls = tunnel.left.sh("cat /run/swanctl.calls")
        finally:
            tunnel.left.sh("umount /usr/sbin/swanctl; rm -f /run/swanctl.*")
        read = re.findall(r"--file (\S+)", calls)
        assert len(read) >= 3  # the check, the push and the way back
        assert all(file.startswith("/etc/swanctl/") for file in read), read
        assert etc_files(tunnel.left) == before
        assert tunnel.left.sh("ls -A /etc/swanctl | grep '^\\.' || true") == ""
