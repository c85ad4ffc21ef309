"""frr.conf is written at the end and only then, as `write` would, and comes back when the change is undone."""

import pytest

from routebook.device.errors import DriverError
from tests.lab.frr.edge import INTENT, Edge
from tests.lab.waiting import wait_for

CONF = "/etc/frr/frr.conf"
CHANGED = INTENT.replace("ch-edge3", "renamed")


@pytest.fixture(autouse=True)
def start_saved(edge: Edge) -> None:
    if edge.plan(INTENT).change:
        edge.apply(INTENT)
    edge.host.sh(f"vtysh -c 'write memory'; rm -f {CONF}.sav; chown frr:frrvty {CONF}; chmod 660 {CONF}")


def files(edge: Edge) -> str:
    return edge.host.sh("cd /etc/frr && for f in $(ls -A); do stat -c '%n %a %U:%G %Y.%s' $f; md5sum <$f; done")


def test_pushing_and_reverting_touch_no_file_below_etc(edge: Edge) -> None:
    before = files(edge)
    folder = edge.apply(CHANGED)
    assert files(edge) == before
    assert edge.revert(folder).status == 0
    assert files(edge) == before


def test_persisting_writes_what_frr_would_write_and_keeps_owner_and_mode(edge: Edge) -> None:
    folder = edge.apply(CHANGED)
    result = edge.persist(folder)
    assert result.status == 0, result.stdout + result.stderr
    ours = edge.host.sh(f"cat {CONF}")
    assert edge.host.sh(f"stat -c '%a %U %G' {CONF}").split() == ["660", "frr", "frrvty"]
    assert edge.host.sh("ls -A /etc/frr").split() == [
        "daemons",
        "frr.conf",
        "support_bundle_commands.conf",
        "vtysh.conf",
    ]
    edge.host.sh("vtysh -c 'write memory'")
    assert edge.host.sh(f"cat {CONF}") == ours


def test_persisting_again_touches_nothing(edge: Edge) -> None:
    folder = edge.apply(CHANGED)
    edge.persist(folder)
    before = edge.host.sh(f"stat -c '%y %i' {CONF}")
    assert edge.persist(folder).status == 0
    assert edge.host.sh(f"stat -c '%y %i' {CONF}") == before


def test_reverting_after_persisting_brings_the_file_back(edge: Edge) -> None:
    before = edge.host.sh(f"cat {CONF}; stat -c '%a %U %G' {CONF}")
    folder = edge.apply(CHANGED)
    assert edge.persist(folder).status == 0
    assert edge.revert(folder).status == 0
    assert edge.host.sh(f"cat {CONF}; stat -c '%a %U %G' {CONF}") == before


def test_bgpd_that_boots_before_confirmation_boots_the_old_configuration(edge: Edge) -> None:
    before = edge.running()
    edge.apply(CHANGED)
    edge.host.sh("/usr/lib/frr/frrinit.sh restart >/dev/null 2>&1")
    assert edge.running() == before


def test_what_a_daemon_has_lost_that_crashed_is_not_saved(edge: Edge) -> None:
    """vtysh shows a configuration without the daemon's part, and later the part that it booted with."""
    folder = edge.apply(CHANGED)
    before = edge.host.sh(f"cat {CONF}")
    edge.host.sh("kill -9 $(cat /run/frr/bgpd.pid)")
    gone = edge.persist(folder)
    wait_for(lambda: "bgpd" in edge.host.vtysh("show daemons"), 90, "bgpd")
    back = edge.persist(folder)
    for result in (gone, back):
        assert result.status != 0
        assert "of what was pushed" in result.stdout
    assert edge.host.sh(f"cat {CONF}") == before
    assert edge.revert(folder).status == 0


def test_a_file_that_cannot_be_written_is_told_and_stays(edge: Edge) -> None:
    folder = edge.apply(CHANGED)
    before = edge.host.sh(f"cat {CONF}")
    edge.host.sh(f"mv {CONF} /run/frr.conf.aside; mkdir {CONF}")
    try:
        result = edge.persist(folder)
        assert result.status != 0
        assert f"{CONF} could not be written: {CONF} is no file" in result.stdout
    finally:
        edge.host.sh(f"rmdir {CONF}; mv /run/frr.conf.aside {CONF}")
    assert edge.host.sh(f"cat {CONF}") == before


def test_user_frr_cannot_have_root_write_or_read_what_is_not_its_own(edge: Edge) -> None:
    as_frr = "setpriv --reuid=frr --regid=frr --clear-groups sh -c"
    edge.host.sh("echo secret-of-root >/etc/victim; chmod 600 /etc/victim")
    folder = edge.apply(CHANGED)
    edge.host.sh(
        f"{as_frr} 'cd /etc/frr && for n in .frr.conf.routebook .routebook new; do ln -s /etc/victim $n; done'"
    )
    assert edge.persist(folder).status == 0
    assert edge.host.sh("stat -c %U /etc/victim; cat /etc/victim").split() == ["root", "secret-of-root"]
    assert edge.host.sh(f"stat -c %F {CONF}").strip() == "regular file"
    edge.host.sh("cd /etc/frr && rm .frr.conf.routebook .routebook new")

    edge.host.sh(f"{as_frr} 'cd /etc/frr && mv frr.conf aside && ln -s /etc/victim frr.conf'")
    with pytest.raises(DriverError, match=r"is a link of user \d+ to what is not that user's") as caught:
        edge.snapshot()
    assert "secret-of-root" not in str(caught.value)
    result = edge.revert(folder)
    assert result.status != 0
    assert f"{CONF} could not be written" in result.stdout
    assert edge.host.sh("stat -c %U /etc/victim; cat /etc/victim").split() == ["root", "secret-of-root"]
    edge.host.sh(f"mv /etc/frr/aside {CONF}")
    assert edge.revert(folder).status == 0


def test_a_link_into_a_git_checkout_keeps_its_target_with_mode_and_owner(edge: Edge) -> None:
    edge.host.sh(
        f"mkdir -p /run/net && cp {CONF} /run/net/edge1.conf && rm {CONF} "
        f"&& chown -R operator:operator /run/net && chmod 600 /run/net/edge1.conf && ln -s /run/net/edge1.conf {CONF}"
    )
    state = f"readlink {CONF}; stat -L -c '%a %U' {CONF}; ls -A /run/net"
    expected = ["/run/net/edge1.conf", "600", "operator", "edge1.conf"]
    try:
        before = edge.host.sh(f"cat {CONF}")
        folder = edge.apply(CHANGED)
        result = edge.persist(folder)
        assert result.status == 0, result.stdout
        assert edge.host.sh(state).split() == expected
        assert "renamed" in edge.host.sh("cat /run/net/edge1.conf")
        assert edge.revert(folder).status == 0
        assert edge.host.sh(state).split() == expected
        assert edge.host.sh(f"cat {CONF}") == before
    finally:
        edge.host.sh(f"rm {CONF}; cp /run/net/edge1.conf {CONF}; rm -r /run/net")


def test_unsaved_changes_of_somebody_else_are_a_warning(edge: Edge) -> None:
    assert edge.plan(CHANGED).change.warnings == ()
    edge.load("ip route 10.98.0.0/24 Null0")
    try:
        assert any(CONF in warning for warning in edge.plan(CHANGED).change.warnings)
    finally:
        edge.load("no ip route 10.98.0.0/24 Null0")


def test_a_file_that_write_would_not_save_to_is_refused(edge: Edge) -> None:
    """FRR boots with frr.conf as long as there is one, whatever vtysh.conf says."""
    edge.host.sh(
        "cp /etc/frr/vtysh.conf /run/vtysh.conf; echo 'no service integrated-vtysh-config' >>/etc/frr/vtysh.conf"
    )
    try:
        with pytest.raises(DriverError, match="no service integrated-vtysh-config"):
            edge.plan(CHANGED)
    finally:
        edge.host.sh("cat /run/vtysh.conf >/etc/frr/vtysh.conf")


@pytest.mark.parametrize("vtysh_conf", ["no service integrated-vtysh-config", ""])
def test_without_frr_conf_the_daemons_own_files_are_saved_and_come_back(edge: Edge, vtysh_conf: str) -> None:
    edge.host.sh(f"cp -p {CONF} /etc/frr/vtysh.conf /run; rm {CONF}; echo '{vtysh_conf}' >/etc/frr/vtysh.conf")
    try:
        edge.host.sh("vtysh -c 'write memory'; rm -f /etc/frr/*.sav")
        before = files(edge)
        assert edge.snapshot().parts["/etc/frr/bgpd.conf"].count("ch-edge3") == 1
        if "mgmtd" in edge.host.vtysh("show daemons"):
            with pytest.raises(DriverError, match="which of the daemons' own files mgmtd reads is not known here"):
                edge.plan(CHANGED)
            return
        change = edge.plan(CHANGED)
        assert change.change.warnings == ()
        folder = edge.push(change)
        result = edge.persist(folder)
        assert result.status == 0, result.stdout + result.stderr
        after = files(edge)
        assert "frr.conf" not in after
        changed = set(before.splitlines()) ^ set(after.splitlines())
        assert {line.split()[0] for line in changed if ".conf " in line} == {"bgpd.conf"}
        assert "renamed" in edge.host.sh("cat /etc/frr/bgpd.conf; stat -c '%a %U' /etc/frr/bgpd.conf")
        assert edge.component.startup().parts["frr"].count("renamed") == 1
        pushed = edge.running()
        edge.host.sh("/usr/lib/frr/frrinit.sh restart >/dev/null 2>&1")
        assert edge.running() == pushed
        assert edge.revert(folder).status == 0
        assert "ch-edge3" in edge.host.sh("cat /etc/frr/bgpd.conf")
        assert edge.plan(INTENT).change.warnings == ()
        assert edge.plan(INTENT).change.commands == ()
    finally:
        edge.host.sh(
            "rm -f /etc/frr/*d.conf /etc/frr/zebra.conf /etc/frr/*.sav; cp -p /run/frr.conf /run/vtysh.conf /etc/frr"
        )


def test_restoring_an_earlier_snapshot_restores_everything_and_the_file(edge: Edge) -> None:
    earlier = edge.snapshot()
    text = edge.running()
    edge.persist(edge.apply(CHANGED))
    edge.load("route-map LEGACY permit 20\nexit\nno ip prefix-list AAA\nip route 10.97.0.0/24 Null0")
    edge.host.sh("vtysh -c 'write memory'; rm -f /etc/frr/frr.conf.sav")
    before = edge.running()

    change = edge.component.plan_restore(earlier, edge.snapshot())
    folder = edge.push(change)
    assert edge.component.plan_restore(earlier, earlier).change.commands == ()
    assert sorted(edge.running().splitlines()) == sorted(text.splitlines())
    assert edge.persist(folder).status == 0
    assert edge.host.sh(f"cat {CONF}") == earlier.parts[CONF]

    assert edge.revert(folder).status == 0
    assert edge.running() == before
    edge.push(edge.component.plan_restore(earlier, edge.snapshot()))


def test_reading_and_planning_leave_no_trace(edge: Edge) -> None:
    before = edge.running()
    edge.host.sh("touch /run/marker")
    edge.plan(CHANGED)
    edge.component.speaker(edge.component.shell)
    edge.component.explain("10.255.3.3", 10)
    edge.component.startup()
    found = edge.host.sh("find /etc /run /root /var/log /var/lib/frr -newer /run/marker -type f ! -path /run/marker")
    assert found == ""
    assert edge.running() == before
    assert "debugging is on" not in edge.host.vtysh("show debugging")


def test_the_fingerprint_is_of_the_meaning_not_of_the_order(edge: Edge) -> None:
    before, text = edge.snapshot().fingerprint, edge.running()
    edge.load("no route-map LEGACY")
    assert edge.snapshot().fingerprint != before
    edge.load("route-map LEGACY permit 10\n match ip address prefix-list LEGACY\n set metric 20\nexit")
    # 8.4 shows objects in the order in which they were made, 10 sorted.
    assert (edge.running() == text) == ("mgmtd" in edge.host.vtysh("show daemons"))
    assert edge.snapshot().fingerprint == before


def test_bgpd_that_crashed_and_came_back_with_the_file_is_restored_to_the_byte(edge: Edge) -> None:
    edge.load("router bgp 65550\n neighbor 10.255.3.3 description not saved\nexit")
    before = edge.running()
    folder = edge.apply(INTENT.replace("64496", "64469"))
    edge.host.sh("kill -9 $(cat /run/frr/bgpd.pid)")
    result = edge.revert(folder)
    assert result.status == 0, result.stdout + edge.host.sh(f"cat {folder}/frr.revert.log")
    assert edge.running() == before
