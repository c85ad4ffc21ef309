"""What outlives a command: flash, applets with timers, planned reloads, saving, failover, contexts."""

import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import paramiko
import pytest

from routebook.platforms.asa.names import read_release
from tests.lab.asa.units import STARTUP, Console, Unit
from tests.lab.drivers.hosts import can_make_hosts
from tests.lab.waiting import wait_for

Boot = Callable[..., Unit]


@pytest.fixture
def boot(tmp_path: Path, asa_release: str) -> Iterator[Boot]:
    """Start ASAs without daemons, with settings of their own."""
    if not can_make_hosts():
        pytest.skip("lab ASAs need root and the daemons of lab/system-packages.txt")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    running: list[Unit] = []

    def start(**settings: Any) -> Unit:
        running.append(
            Unit.start("fw", tmp_path / str(len(running)), daemons=False, **{"version": asa_release, **settings})
        )
        running[-1].boot()
        return running[-1]

    yield start
    for unit in running:
        unit.stop()


def _upload(unit: Unit, name: str, text: str, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    file = tmp_path / "upload"
    file.write_text(text)
    options = [
        "-O",
        "-o",
        "StrictHostKeyChecking=no",
        "-o",
        "UserKnownHostsFile=/dev/null",
        "-o",
        "PreferredAuthentications=password",
    ]
    askpass = tmp_path / "askpass"
    askpass.write_text("#!/bin/sh\necho correct-horse\n")
    askpass.chmod(0o700)
    environment = {
        "SSH_ASKPASS": str(askpass),
        "SSH_ASKPASS_REQUIRE": "force",
        "PATH": "/usr/bin:/bin",
        "HOME": "/root",
    }
    return subprocess.run(
        ["scp", *options, str(file), f"admin@{unit.address}:{name}"],
        capture_output=True, text=True, check=False, env=environment, stdin=subprocess.DEVNULL, timeout=60,
    )  # fmt: skip


def test_scp_copy_dir_and_delete_work_on_flash(boot: Boot, tmp_path: Path) -> None:
    unit = boot()
    done = _upload(unit, "disk0:/undo.cfg", "hostname other\nno prefix-list NONE\nnonsense here\n", tmp_path)
    assert done.returncode == 0, done.stderr
    console = unit.console()
    assert re.search(r"-rwx +\d+ +\S+ \w+ \d+ \d+ +undo.cfg", console.send("dir"))
    assert console.send("more disk0:/undo.cfg").startswith("hostname other")
    shown = console.type("copy /noconfirm disk0:/undo.cfg running-config\n")
    assert '*** Output from config line 3, "nonsense here"' in shown
    assert "Cryptochecksum (changed): " in shown
    assert shown.endswith("other# ")
    assert console.send("delete /noconfirm disk0:/undo.cfg") == ""
    assert "undo.cfg" not in console.send("dir disk0:/")
    assert "No such file or directory" in console.send("delete /noconfirm disk0:/undo.cfg")
    console.close()


def test_a_countdown_applet_copies_a_file_into_the_running_configuration_once(boot: Boot, tmp_path: Path) -> None:
    unit = boot()
    _upload(unit, "disk0:/undo.cfg", "no hostname\nhostname reverted\n", tmp_path)
    console = unit.console()
    said = console.configure("""
        event manager applet UNDO
         event timer countdown time 3
         action 1 cli command "copy /noconfirm disk0:/undo.cfg running-config"
         output none
    """)
    assert said == []
    assert "countdown time 3" in console.send("show event manager")
    console.close()
    wait_for(lambda: "hostname reverted" in unit.says("show running-config hostname"), 15, "the applet")
    assert "hits 1" in unit.says("show event manager")


def test_an_applet_that_is_removed_in_time_never_runs(boot: Boot) -> None:
    unit = boot()
    console = unit.console()
    console.configure(
        'event manager applet UNDO\nevent timer countdown time 2\naction 1 cli command "hostname reverted"'
    )
    console.configure("no event manager applet UNDO")
    console.configure(
        'event manager applet LATER\nevent timer countdown time 4\naction 1 cli command "domain-name later"'
    )
    wait_for(lambda: "domain-name later" in unit.says("show running-config domain-name"), 15, "the later applet")
    assert unit.says("show running-config hostname") == "hostname fw"


def test_a_reload_goes_back_to_what_was_saved(boot: Boot) -> None:
    unit = boot()
    console = unit.console()
    console.configure("domain-name saved.example")
    shown = console.send("write memory")
    assert re.search(r"Cryptochecksum: \w{8} \w{8} \w{8} \w{8} \n\n\d+ bytes copied in [\d.]+ secs\n\[OK\]$", shown)
    console.configure("domain-name unsaved.example")
    assert "Reload scheduled for" in console.send("reload in 10 noconfirm")
    assert "Reload scheduled for" in console.send("show reload")
    assert "SHUTDOWN ABORTED" in console.send("reload cancel")
    assert console.send("show reload") == "No reload is scheduled."
    shown = console.type("reload\n", r"Save\? \[Y\]es/\[N\]o:  $")
    console.type("n\n", r"Proceed with reload\? \[confirm\]$")
    console.channel.sendall(b"\n")
    wait_for(lambda: _can_log_in(unit), 20, "the device after the reload")
    assert unit.says("show running-config domain-name") == "domain-name saved.example"


def _can_log_in(unit: Unit) -> bool:
    try:
        Console(unit.address).close()
    except (OSError, EOFError, paramiko.SSHException):
        return False
    return True


def test_a_failover_pair_says_which_unit_it_is(boot: Boot) -> None:
    startup = STARTUP + "prompt hostname priority state\n"
    active = boot(failover={"unit": "primary", "state": "active"}, startup=startup)
    console = active.console()
    assert console.type("\n").endswith("\rfw/pri/act# ")
    assert "This host: Primary - Active" in console.send("show failover")
    (active.state / "mate").write_text("Sync Config")
    assert "Other host: Secondary - Sync Config" in console.send("show failover")
    console.close()
    standby = boot(failover={"unit": "secondary", "state": "standby"}, startup=startup)
    console = standby.console()
    shown = console.type("configure terminal\n")
    assert "Configuration Replication is NOT performed from Standby unit to Active unit." in shown
    assert shown.endswith("\rfw/sec/stby(config)# ")
    console.close()


def test_contexts_have_configurations_of_their_own(boot: Boot, asa_release: str) -> None:
    unit = boot(contexts=["admin", "CUST"])
    console = unit.console()
    console.send("changeto context CUST")
    console.configure("hostname cust")
    assert console.type("\n").endswith("\rcust/CUST# ")
    assert console.send("show running-config hostname") == "hostname cust"
    console.send("changeto system")
    assert console.type("\n").endswith("\rfw# ")
    assert f"ASA Version {asa_release} <system>" in console.send("show running-config")
    assert console.send("show mode").strip() == "Security context mode: multiple"
    assert "does not exist" in console.send("changeto context NONE")
    console.close()


def test_the_call_home_question_is_asked_once(boot: Boot) -> None:
    unit = boot(call_home_question=True)
    console = unit.console()
    shown = console.type("configure terminal\n", r"\[A\]sk later: $")
    assert "Would you like to enable anonymous error reporting" in shown
    console.type("n\n")
    console.send("end")
    assert console.type("configure terminal\n").endswith("\rfw(config)# ")
    console.close()


def test_auto_enable_logs_in_to_privileged_mode(boot: Boot) -> None:
    unit = boot(startup=STARTUP + "aaa authorization exec LOCAL auto-enable\n")
    console = Console(unit.address)
    assert console.greeting.endswith("\rfw# ")
    console.close()


def test_a_new_appliance_demands_an_enable_password(boot: Boot, asa_release: str) -> None:
    if read_release(asa_release).numbers < (9, 12):
        pytest.skip("before 9.12 it is empty at first")
    unit = boot(startup=STARTUP.replace("enable password {enable}\n", ""))
    console = Console(unit.address)
    console.type("enable\n", "Enter  Password: $")
    console.type("new-password\n", "Repeat Password: $")
    assert console.type("new-password\n").endswith("\rfw# ")
    console.close()


def test_killed_it_comes_back_with_what_was_saved(boot: Boot) -> None:
    unit = boot()
    console = unit.console()
    console.configure("domain-name lost.example")
    unit.halt()
    unit.boot()
    assert unit.says("show running-config domain-name") == ""


def test_old_releases_offer_only_old_algorithms(boot: Boot) -> None:
    unit = boot(legacy_ssh=True)
    refused = subprocess.run(
        ["ssh", "-o", "StrictHostKeyChecking=no", "-o", "BatchMode=yes", f"admin@{unit.address}"],
        capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, timeout=30,
    )  # fmt: skip
    assert "no matching key exchange method found" in refused.stderr
    assert "diffie-hellman-group1-sha1" in refused.stderr
