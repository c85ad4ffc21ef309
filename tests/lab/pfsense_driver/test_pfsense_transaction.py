"""A pfSense takes part in a transaction: through its own functions, with nothing of anybody else's touched."""

import threading
from collections.abc import Callable
from html import unescape

import pytest
from napalm.base.exceptions import CommitError

from routebook.device.candidate import Section
from routebook.device.errors import (
    CandidateError,
    DriverError,
    LockedError,
    LostContactError,
    PrivilegeError,
    StaleError,
)
from routebook.device.values import Lock, Pending
from routebook.platforms.pfsense import manifest, program
from routebook.platforms.pfsense.driver import PfSenseDriver
from routebook.platforms.pfsense.lab import config_xml
from routebook.platforms.pfsense.tree import canonical, fingerprint
from tests.lab.pfsense.units import INTERFACES
from tests.lab.pfsense_driver.candidates import PSK, frr, frr_neighbor, neighbor, openbgpd, tunnel, tunnels
from tests.lab.pfsense_driver.firewall import PASSWORD, Firewall, napalm, plan

WANTED = (tunnels(tunnel()), openbgpd(neighbor("k8s1", "10.1.0.11", 64512)))
WRITES_WRONGLY = ("2.7.0-RELEASE", "2.7.2-RELEASE", "2.8.1-RELEASE")  # a letter beyond ASCII outside of CDATA
OURS, THEIRS = "20260101-000000-aaaaaa", "20260101-000000-bbbbbb"
BY_HAND = "Made by hand, not by Routebook"


def make(driver: PfSenseDriver, run_id: str, *sections: Section, seconds: int = 120) -> None:
    """Arm, push and activate."""
    assert plan(driver, *sections)
    driver.arm(run_id, seconds)
    driver.push()
    driver.activate()


@pytest.mark.parametrize(("user", "password"), [("root", ""), ("admin", ""), ("operator", ""), ("careful", PASSWORD)])
def test_root_admin_and_sudo_users_read_without_a_trace(firewall: Firewall, user: str, password: str) -> None:
    before = firewall.sh("find /cf /etc/lab /var/etc /usr/local/etc -newer /etc/version | sort")
    driver = firewall.driver(user, password)
    snapshot = driver.snapshot()
    driver.plan_restore(snapshot, snapshot)
    assert not driver.pending()
    driver.close()
    assert fingerprint(firewall.config()) == snapshot.fingerprint
    assert firewall.sh("find /cf /etc/lab /var/etc /usr/local/etc -newer /etc/version | sort") == before
    assert "/cf/conf/routebook" not in before


def test_a_login_without_rights_is_told_so(firewall: Firewall) -> None:
    driver = firewall.driver("guest", PASSWORD)
    with pytest.raises(PrivilegeError, match=r"may not run commands as root.*nothing was changed"):
        driver.snapshot()


@pytest.mark.parametrize("version", ["2.7.0-RELEASE", "2.8.1-RELEASE", "2.9.0-RELEASE", "24.03-RELEASE"])
def test_from_nothing_to_the_candidate_and_back_on_every_release(boot: Callable[..., Firewall], version: str) -> None:
    firewall = boot(version=version)
    driver = firewall.driver("admin")
    before = driver.snapshot()
    make(driver, "run-1", *WANTED)
    assert {session.description for session in driver.state().bgp or ()} == {"RB k8s1"}
    driver.rollback()
    assert driver.snapshot().fingerprint == before.fingerprint
    name = "routebook-run-1.xml"
    reverted = f"{name}." if version.startswith(("2.7", "24.03")) else f'"{name}"'
    assert [unescape(text) for text in firewall.history()[:2]] == [
        f"(system): Reverted to {reverted}",
        "(system): Routebook run run-1",
    ]
    assert "RB k8s1" not in firewall.sh("cat /var/etc/openbgpd/bgpd.conf")
    firewall.wait_clean()


def test_back_from_the_first_bgp_that_frr_had_no_daemon_goes_on_with_it(boot: Callable[..., Firewall]) -> None:
    """Without any settings FRR's package does nothing, not even stop."""
    firewall = boot(package="frr")
    driver = firewall.driver()
    before = driver.snapshot()
    make(driver, "run-1", frr(frr_neighbor("k8s1", "10.1.0.11", 64512)))
    assert {session.description for session in driver.state().bgp or ()} == {"RB k8s1"}
    driver.rollback()
    assert driver.snapshot().fingerprint == before.fingerprint
    assert firewall.unit.run("pgrep -x bgpd").stdout == ""


def test_what_goes_to_the_mate_unconfirmed_is_said_by_the_plan(firewall: Firewall, driver: PfSenseDriver) -> None:
    """write_config() has `filter sync` done (etc/rc.filter_synchronize); packages are not sent."""
    firewall.unit.value(
        "config_set_path('hasync', ['synchronizetoip' => '10.0.0.2', 'synchronizeipsec' => 'on']); write_config('HA');"
    )
    assert plan(driver, WANTED[1]).synchronised == ()
    (said,) = plan(driver, *WANTED).synchronised
    assert said.startswith("it sends ipsec to its mate 10.0.0.2 by itself")
    driver.arm("run-1", 120)
    firewall.sh("rm -f /run/lab/mate.log")
    driver.push()
    assert "RB home-edge" in firewall.sh("tail -n1 /run/lab/mate.log")
    driver.rollback()
    assert "RB home-edge" not in firewall.sh("tail -n1 /run/lab/mate.log")


@pytest.mark.parametrize("package", ["frr", "openbgpd"])
def test_a_confirmed_first_bgp_is_undone_without_a_trace(boot: Callable[..., Firewall], package: str) -> None:
    """Without its last setting the package's element would be one that the system reads and does not write."""
    firewall = boot(package=package, version="2.7.2-RELEASE")
    driver = firewall.driver()
    before = driver.snapshot()
    own = frr(frr_neighbor("k8s1", "10.1.0.11", 64512)) if package == "frr" else WANTED[1]
    make(driver, "run-1", tunnels(tunnel()), own)
    driver.confirm()
    driver.unlock("run-1")
    made = driver.snapshot()
    assert driver.plan_revert(before, made, made)
    driver.arm("run-1-undo", 120)
    driver.push()
    driver.activate()
    driver.confirm()
    assert driver.snapshot().fingerprint == before.fingerprint
    assert f"<{package}" not in firewall.sh("cat /cf/conf/config.xml")


@pytest.mark.parametrize("version", ["2.7.0-RELEASE", "2.9.0-RELEASE"])
def test_what_is_ours_is_recorded_with_a_change_and_decides_about_the_next(
    boot: Callable[..., Firewall], version: str
) -> None:
    firewall = boot(version=version)
    driver = firewall.driver()
    before = driver.snapshot()
    make(driver, "run-1", *WANTED)
    of_bgp = {"openbgpdneighbors RB k8s1", "openbgpd network *", "openbgpd network 10.1.0.0/24"}
    assert manifest.read(firewall.config()) == {
        "ipsec": {"phase1 RB home-edge", "phase2 RB home-edge 1"},
        "bgp": of_bgp,
    }
    driver.rollback()
    assert driver.snapshot().fingerprint == before.fingerprint
    make(driver, "run-2", *WANTED)
    driver.confirm()
    driver.unlock("run-2")
    firewall.unit.value(
        "config_set_path('ipsec/phase1', array_merge(config_get_path('ipsec/phase1'), [['ikeid' => '77', 'descr' => "
        "'RB by hand', 'remote-gateway' => '203.0.113.99', 'disabled' => '']])); write_config('somebody');"
    )
    assert not plan(driver, *WANTED)
    change = plan(driver, tunnels(), WANTED[1])
    assert [each for each in change.warnings if "phase1 RB by hand" in each]
    driver.arm("run-3", 120)
    driver.push()
    driver.confirm()
    assert "RB by hand" in [entry.value("descr") for entry in firewall.config().made("ipsec").all("phase1")]
    assert manifest.read(firewall.config()) == {"ipsec": frozenset(), "bgp": of_bgp}


def test_entries_that_the_system_does_not_write_move_no_others(firewall: Firewall, driver: PfSenseDriver) -> None:
    firewall.sh(
        "sed -i 's|<phase1>|<phase1></phase1><phase1>|;s|<alias>|<alias/><alias>|;s|<user>|<user> </user><user>|'"
        " /cf/conf/config.xml; rm -f /tmp/config.cache"
    )
    before = driver.snapshot()
    make(driver, "run-1", *WANTED)
    entries = firewall.config().made("ipsec").all("phase1")
    assert [entry.value("descr") for entry in entries] == [BY_HAND, "RB home-edge"]
    driver.rollback()
    assert driver.snapshot().fingerprint == before.fingerprint
    firewall.wait_clean()


def test_a_second_run_writes_no_revision_and_keeps_the_numbers(firewall: Firewall, driver: PfSenseDriver) -> None:
    make(driver, "run-1", *WANTED)
    driver.confirm()
    revisions = firewall.history()
    assert revisions[0] == "(system): Routebook run run-1"
    assert not plan(driver, *WANTED)
    assert firewall.history() == revisions
    ikeids = [entry.value("ikeid") for entry in firewall.config().made("ipsec").all("phase1")]
    assert ikeids == ["7", "1"]  # the lowest that is free
    make(driver, "run-2", tunnels(tunnel(lifetime=14400)), WANTED[1])
    driver.confirm()
    driver.unlock("run-2")
    found = firewall.config().made("ipsec")
    assert [entry.value("ikeid") for entry in found.all("phase1")] == ikeids
    assert found.all("phase1")[0].value("descr") == BY_HAND
    firewall.wait_clean()


def test_20000_lines_of_others_stay_equal_and_in_order(boot: Callable[..., Firewall]) -> None:
    firewall = boot(tree=config_xml.large("fw", INTERFACES))
    before = firewall.config()
    assert len(firewall.sh("cat /cf/conf/config.xml").splitlines()) > 20000
    driver = firewall.driver()
    make(driver, "run-1", *WANTED)
    driver.confirm()
    make(driver, "run-2", tunnels(), openbgpd(asn=64512, networks=()))
    driver.confirm()
    after = firewall.config()
    for root in (before, after):
        root.children = [child for child in root.children if child.tag != "revision"]
        packages = root.made("installedpackages")
        ours = ("openbgpd", "routebook")
        packages.children = [child for child in packages.children if not child.tag.startswith(ours)]
    assert canonical(after) == canonical(before)


def test_what_somebody_changes_between_plan_and_run_is_refused(firewall: Firewall, driver: PfSenseDriver) -> None:
    assert plan(driver, *WANTED)
    firewall.unit.value("config_set_path('system/hostname', 'other'); write_config('by hand');")
    with pytest.raises(StaleError, match="Plan again"):
        driver.arm("run-1", 60)
    firewall.wait_clean()
    assert plan(driver, *WANTED)
    driver.arm("run-1", 60)
    firewall.unit.value("config_set_path('system/hostname', 'another'); write_config('by hand, again');")
    with pytest.raises(StaleError, match="nothing was changed"):
        driver.push()
    driver.disarm()
    assert driver.pending() is None
    assert firewall.config().value("system", "hostname") == "another"
    assert firewall.history()[0] == "(system): by hand, again"


def test_a_revision_that_says_the_same_is_no_change(firewall: Firewall, driver: PfSenseDriver) -> None:
    assert plan(driver, *WANTED)
    firewall.unit.value("write_config('saved without a change');")
    driver.arm("run-1", 60)
    firewall.unit.value("sleep(1); write_config('saved again');")
    driver.push()
    driver.confirm()
    assert firewall.history()[0] == "(system): Routebook run run-1"


@pytest.mark.parametrize(
    ("function", "kind", "said"),
    [
        ("write_config", "die", "write_config.. cannot go on"),
        ("write_config", "fatal", "lab_function_that_nobody_has_written"),
        ("ipsec_configure", "die", "ipsec_configure.. cannot go on"),
        ("openbgpd_install_conf", "fatal", "lab_function_that_nobody_has_written"),
    ],
)
def test_what_the_systems_code_dies_of_is_told_and_taken_back(
    firewall: Firewall, driver: PfSenseDriver, function: str, kind: str, said: str
) -> None:
    before = driver.snapshot()
    assert plan(driver, *WANTED)
    driver.arm("run-1", 120)
    firewall.fault(function, kind)
    with pytest.raises(DriverError, match=said) as raised:
        driver.push()
    assert PSK not in str(raised.value)
    firewall.fault(function)
    driver.rollback()
    assert driver.snapshot().fingerprint == before.fingerprint
    firewall.wait_clean()


def test_a_broken_file_is_told_and_left_alone(firewall: Firewall, driver: PfSenseDriver) -> None:
    firewall.sh("head -c 2000 /conf.default/config.xml >/cf/conf/config.xml")
    with pytest.raises(DriverError, match=r"config.xml is broken: line [0-9]+.*nothing was changed"):
        driver.snapshot()
    assert len(firewall.sh("cat /cf/conf/config.xml")) == 2000


def test_a_file_that_breaks_while_a_change_is_pending_is_restored_from_the_snapshot(
    firewall: Firewall, driver: PfSenseDriver
) -> None:
    before = driver.snapshot()
    make(driver, "run-1", *WANTED)
    firewall.sh("head -c 2000 /conf.default/config.xml >/cf/conf/config.xml; rm -f /tmp/config.cache")
    driver.rollback()
    assert driver.snapshot().fingerprint == before.fingerprint


def test_a_restoration_that_ends_at_another_backup_is_noticed(firewall: Firewall, driver: PfSenseDriver) -> None:
    make(driver, "run-1", *WANTED)
    for declared, success in (("string", "true"), ("$conffile", "0")):  # from 2.8 on; before
        firewall.sh(
            f"sed -i 's|^\tfunction config_restore({declared}.*|&\\n"
            f'copy("/cf/conf/config.xml", "/tmp/x"); return {success};|\' '
            "$(grep -l 'function config_restore(' /etc/inc/*.inc)"
        )
    try:
        with pytest.raises(DriverError, match="another of its backups in its place"):
            driver.rollback()
        pending = driver.pending()
        assert pending is not None
        assert (pending.phase, "another of its backups" in pending.detail) == ("failed", True)
    finally:
        firewall.sh("sed -i '/copy.*\\/tmp\\/x/d' $(grep -l 'function config_restore(' /etc/inc/*.inc)")
    driver.rollback()


def test_a_package_that_is_not_installed_is_refused_with_nothing_changed(boot: Callable[..., Firewall]) -> None:
    firewall = boot(package="")
    driver = firewall.driver()
    with pytest.raises(CandidateError, match=r"no package that routes BGP is installed.*nothing was changed"):
        plan(driver, *WANTED)
    make(driver, "run-1", WANTED[0])
    driver.confirm()
    assert driver.state().bgp is None


def test_a_full_disk_is_refused_before_anything_is_written(firewall: Firewall, driver: PfSenseDriver) -> None:
    text = firewall.sh("cat /cf/conf/config.xml")
    assert plan(driver, *WANTED)
    firewall.sh("dd if=/dev/zero of=/cf/full bs=64k 2>/dev/null || true")
    try:
        with pytest.raises(DriverError, match=r"KiB left; nothing was changed. Make room"):
            driver.arm("run-1", 60)
        firewall.wait_clean()
        firewall.sh("rm /cf/full")
        driver.arm("run-1", 60)
        firewall.sh("dd if=/dev/zero of=/cf/full bs=64k 2>/dev/null || true")
        with pytest.raises(DriverError, match=r"left; nothing was changed|cannot be written"):
            driver.push()
        assert firewall.sh("cat /cf/conf/config.xml") == text
    finally:
        firewall.sh("rm -f /cf/full")
    driver.rollback()


def test_a_configuration_that_the_daemon_refuses_is_told_and_taken_back(driver: PfSenseDriver) -> None:
    before = driver.snapshot()
    wrong = openbgpd(neighbor("k8s1", "10.1.0.11", 64512).replace("<parameters>holdtime<", "<parameters>nonsense<"))
    assert plan(driver, wrong)
    driver.arm("run-1", 120)
    with pytest.raises(CandidateError, match=r"bgpd refuses its new configuration: .*bgpd.conf:[0-9]+"):
        driver.push()
    driver.rollback()
    assert driver.snapshot().fingerprint == before.fingerprint


def test_a_key_that_the_system_would_write_wrongly_is_refused_by_the_plan_and_by_the_device(
    firewall: Firewall, driver: PfSenseDriver, monkeypatch: pytest.MonkeyPatch, pfsense_release: str
) -> None:
    """htmlentities() makes `&uuml;` of the letter, which XML does not have; from 2.9 on it keeps the letter."""
    state = "cat /cf/conf/config.xml; ls /cf/conf/config.xml.* /cf/conf/backup 2>/dev/null || true"
    before = firewall.sh(state)
    with pytest.raises(CandidateError, match=r"<pre-shared-key> of <phase1> RB home-edge has a letter beyond ASCII"):
        plan(driver, tunnels(tunnel(psk="Zürich")))
    monkeypatch.setattr("routebook.platforms.pfsense.planning.refuse_unwritable", lambda _: None)
    assert plan(driver, tunnels(tunnel(psk="Zürich")))
    driver.arm("run-1", 120)
    if pfsense_release in WRITES_WRONGLY:
        with pytest.raises(CandidateError, match=r"in a way that it does not read.*nothing was changed"):
            driver.push()
        driver.rollback()
        firewall.wait_clean()
        assert firewall.sh(state) == before
    else:
        driver.push()
        assert "Zürich" in firewall.sh("cat /cf/conf/config.xml")
        driver.rollback()


def test_the_copy_that_the_system_leaves_of_a_file_that_it_could_not_read_goes(
    firewall: Firewall, driver: PfSenseDriver, monkeypatch: pytest.MonkeyPatch, pfsense_release: str
) -> None:
    if pfsense_release not in WRITES_WRONGLY:
        pytest.skip("it reads everything that it writes")
    monkeypatch.setattr("routebook.platforms.pfsense.planning.refuse_unwritable", lambda _: None)
    whole = program.body()
    monkeypatch.setattr(program, "body", lambda: whole.replace("    routebook_try(", "    array("))
    plan(driver, tunnels(tunnel(psk="Zürich")))
    driver.arm("run-1", 120)
    with pytest.raises(DriverError, match="put one of its backups in its place"):
        driver.push()
    assert firewall.sh("ls /cf/conf/config.xml.bad 2>/dev/null || true") == ""
    driver.rollback()
    firewall.wait_clean()


def test_files_are_made_under_names_that_nobody_can_foresee_and_nothing_foreign_is_overwritten(
    firewall: Firewall, driver: PfSenseDriver
) -> None:
    boot = "/usr/local/etc/rc.d/routebook.sh"
    firewall.sh("echo kept >/root/victim; ln -s /root/victim /var/run/routebook.json.new")
    lock = Lock("run-1", "somebody", 1.0, 2.0)
    driver.lock(lock)
    driver.unlock("run-1")
    assert firewall.sh("cat /root/victim; rm /var/run/routebook.json.new /root/victim") == "kept\n"

    plan(driver, *WANTED)
    firewall.sh(f"mkdir -p {boot.rpartition('/')[0]}; echo 'somebody else' >{boot}")
    with pytest.raises(
        DriverError, match=r"routebook\.sh is there and is not what a run leaves; .*nothing was changed"
    ):
        driver.arm("run-1", 120)
    assert firewall.sh(f"cat {boot}; rm {boot}") == "somebody else\n"

    firewall.sh("rm -rf /cf/conf/routebook; mkdir -m 777 /cf/conf/routebook")
    with pytest.raises(DriverError, match="/cf/conf/routebook is not a folder that root alone can write"):
        driver.arm("run-1", 120)
    firewall.sh("rmdir /cf/conf/routebook")


def test_somebody_elses_change_in_between_survives_the_rollback(firewall: Firewall, driver: PfSenseDriver) -> None:
    name = firewall.config().value("system", "hostname")
    make(driver, "run-1", *WANTED)
    firewall.unit.value("sleep(1); config_set_path('system/hostname', 'theirs'); write_config('by hand');")
    driver.rollback()
    change = driver.foreign_change
    assert change is not None
    assert change.kept == driver.snapshot()
    assert [line.strip() for line in change.diff.splitlines() if line[0] in "+-"][2:] == [
        f"-    hostname {name}",
        "+    hostname theirs",
    ]
    found = firewall.config()
    assert found.value("system", "hostname") == "theirs"
    assert [entry.value("descr") for entry in found.made("ipsec").all("phase1")] == [BY_HAND]
    assert firewall.history()[0] == "(system): Routebook run run-1: taken back"
    assert driver.pending() is None


def ending(
    name: str, action: Callable[[], object], start: threading.Barrier, ends: dict[str, DriverError | None]
) -> None:
    """Do it at the same moment as another; what it raises comes into `ends`."""
    start.wait()
    try:
        action()
    except DriverError as error:
        ends[name] = error
    else:
        ends[name] = None


def test_confirming_and_taking_back_at_once_ends_taken_back(firewall: Firewall, driver: PfSenseDriver) -> None:
    other = firewall.driver()
    for number in range(3):
        make(driver, f"run-{number}", openbgpd(neighbor("k8s1", f"10.1.0.{20 + number}", 64512)))
        start = threading.Barrier(2)
        ends: dict[str, DriverError | None] = {}

        threads = [
            threading.Thread(target=ending, args=("confirm", driver.confirm, start, ends)),
            threading.Thread(target=ending, args=("rollback", other.rollback, start, ends)),
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        # What is confirmed first is taken back all the same, as its run has not let go of it.
        assert ends["rollback"] is None
        assert f"10.1.0.{20 + number}" not in firewall.sh("cat /cf/conf/config.xml /var/etc/openbgpd/bgpd.conf")
        assert driver.pending() is None
        driver._over()


def test_a_second_run_is_refused_while_one_is_pending(firewall: Firewall, driver: PfSenseDriver) -> None:
    make(driver, "run-1", *WANTED)
    other = firewall.driver()
    assert plan(other, openbgpd())
    with pytest.raises(DriverError, match="run run-1 left an unconfirmed change there"):
        other.arm("run-2", 60)
    driver.confirm()


def test_a_device_that_another_run_has_locked_is_refused(firewall: Firewall, driver: PfSenseDriver) -> None:
    mine, theirs = (Lock(name, "ops@laptop", 1.0, 2.0) for name in (OURS, THEIRS))
    driver.lock(theirs)
    driver.lock(theirs)
    other = firewall.driver("operator")
    with pytest.raises(LockedError) as raised:
        other.lock(mine)
    assert raised.value.lock == theirs
    assert other.locked() == theirs
    assert plan(other, openbgpd())
    with pytest.raises(LockedError, match=rf"locked by run {THEIRS} of ops@laptop; nothing was changed"):
        other.arm(OURS, 60)
    text = firewall.sh("cat /cf/conf/config.xml")
    committing = napalm(other)
    committing.load_replace_candidate(config=text.replace("<hostname>", "<hostname>x"))
    with pytest.raises(CommitError, match=f"locked by run {THEIRS} of ops@laptop"):
        committing.commit_config()
    assert firewall.sh("cat /cf/conf/config.xml") == text
    other.unlock(OURS)
    assert other.locked() == theirs
    driver.unlock(THEIRS)
    assert other.locked() is None
    assert driver.reached().client


def test_no_secret_is_in_a_process_list_or_a_file_that_others_can_read(
    firewall: Firewall, driver: PfSenseDriver
) -> None:
    seen: list[str] = []
    done = threading.Event()

    def watch() -> None:
        while not done.is_set():
            seen.append(firewall.unit.run("cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' '").stdout)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        make(driver, "run-1", *WANTED)
    finally:
        done.set()
        watcher.join(30)
    assert len(seen) > 3
    assert not any(PSK in text for text in seen)
    assert firewall.sh("find /cf/conf/routebook -type f -perm /077") == ""
    driver.confirm()
    assert driver.pending() == Pending("run-1", "confirmed", 0)
    assert firewall.sh("find /cf/conf/routebook -type f -perm /077") == ""
    assert firewall.sh("find /cf/conf/routebook -maxdepth 1 -type d -perm /077") == ""
    driver.unlock("run-1")
    firewall.wait_clean()


def test_a_confirmed_change_is_undone_until_it_is_unlocked(firewall: Firewall, driver: PfSenseDriver) -> None:
    before = driver.snapshot()
    make(driver, "run-1", *WANTED)
    driver.confirm()
    driver.confirm()  # idempotent
    driver.close()
    later = firewall.driver("admin")
    assert later.pending() == Pending("run-1", "confirmed", 0)
    assert not napalm(later).has_pending_commit()
    assert "RB k8s1" in later.get_config(retrieve="startup")["startup"]
    for by in ("timer", "boot"):  # nobody but a driver undoes it
        firewall.sh(f"/usr/local/bin/php -f /cf/conf/routebook/run-1/{by}.php || true")
    assert "RB k8s1" in firewall.sh("cat /cf/conf/config.xml")
    later.rollback()
    assert later.snapshot().fingerprint == before.fingerprint
    assert "RB k8s1" not in firewall.sh("cat /var/etc/openbgpd/bgpd.conf")
    firewall.wait_clean()


@pytest.mark.parametrize("step", ["lock", "arm", "unlock"])
def test_what_undoes_a_confirmed_change_goes_with_its_run_or_before_the_next(
    firewall: Firewall, driver: PfSenseDriver, step: str
) -> None:
    make(driver, "run-1", *WANTED)
    driver.confirm()
    driver.close()
    later = firewall.driver()
    later.unlock(THEIRS)
    assert later.pending() == Pending("run-1", "confirmed", 0)
    if step == "unlock":
        later.unlock("run-1")
    elif step == "lock":
        later.lock(Lock(THEIRS, "ops@laptop", 1.0, 2.0))
        later.unlock(THEIRS)
    else:
        assert plan(later, openbgpd())
        later.arm(THEIRS, 60)
        assert later.pending() is not None
        later.rollback()
    firewall.wait_clean()
    later.rollback()  # nothing is left to do
    assert "RB k8s1" in firewall.sh("cat /cf/conf/config.xml")


def test_lost_contact_is_not_success(driver: PfSenseDriver) -> None:
    assert plan(driver, *WANTED)
    driver.arm("run-1", 120)
    driver.shell.close()
    with pytest.raises(LostContactError):
        driver.push()
    driver.rollback()
