"""What is recorded of a device is all that is read of it, without a trace there and without its secrets."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

from routebook.platforms.asa.recording import COMMANDS, CONFIGURATION, redacted
from tests.lab.asa_driver.changes import files, opened
from tests.lab.asa_driver.firewall import CHECKOUT, ENABLE, PASSWORD, USER, Firewall


def test_a_recording_has_every_answer_and_no_secret(firewall: Firewall) -> None:
    driver = opened(firewall)
    before = driver.snapshot()
    answers, understood = driver.recording()
    assert tuple(answers) == COMMANDS
    assert dict(understood) == dict.fromkeys(
        ("the running configuration", "the failover pair", "BGP sessions", "tunnels"), ""
    )
    everything = "".join(answers.values())
    for secret in ("theirs-ends-in#", "theirs-too#", "$sha512$", "9ALABTHEASA"):
        assert secret not in everything
    assert "tunnel-group 203.0.113.77 type ipsec-l2l" in answers[CONFIGURATION]
    assert driver.snapshot() == before
    assert files(firewall) == []


def test_what_is_nobodys_business_is_taken_out() -> None:
    text = (
        "crypto ca certificate chain X\n certificate 0123ab\n    308201 0a0282\n    010100\n  quit\n"
        "Serial Number: Ours JAD123456AB, Mate JAD123456CD\nRunning Permanent Activation Key: 0x1 0x2\n"
        "username a password $sha512$5000$abc==$def== pbkdf2 privilege 15\n ikev1 pre-shared-key k\n"
    )
    said = redacted(text)
    for gone in ("308201", "JAD", "0x1", "sha512", "key k"):
        assert gone not in said
    assert "certificate 0123ab" in said


HOSTS = """\
fw1:
  hostname: 127.0.0.1
  platform: asa
  username: {user}
  password: {{file: secrets/login}}
  data: {{site: home, router_id: 10.0.0.1, interfaces: {{}}}}
  connection_options:
    napalm:
      port: {port}
      extras:
        optional_args:
          {{port: {port}, known_hosts_file: {known}, allow_agent: false, use_keys: false,
            enable_password: {{file: secrets/enable}}}}
"""
NETWORK = "network:\n  asn: 65001\n  sites: {home: {}}\n  links: {}\n"


def test_the_command_writes_a_file_of_its_own_and_no_other(firewall: Firewall, tmp_path: Path) -> None:
    firewall.driver()  # writes what is known of its key
    known = firewall.folder / "known_hosts"
    (tmp_path / "inventory").mkdir()
    (tmp_path / "secrets").mkdir(mode=0o700)
    (tmp_path / "inventory" / "hosts.yaml").write_text(HOSTS.format(user=USER, port=firewall.port, known=known))
    (tmp_path / "inventory" / "network.yaml").write_text(NETWORK)
    for name, value in (("login", PASSWORD), ("enable", ENABLE)):
        (tmp_path / "secrets" / name).write_text(f"{value}\n")
        (tmp_path / "secrets" / name).chmod(0o600)
    said = [
        subprocess.run(
            [sys.executable, "-m", "routebook", "lab", "record", "fw1"],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
            capture_output=True,
            text=True,
            check=False,
        )
        for _ in range(2)
    ]
    assert said[0].returncode == 0, said[0].stderr
    assert "tunnels: understood" in said[0].stdout
    written = tmp_path / "fw1.record.json"
    assert stat.S_IMODE(written.stat().st_mode) == 0o600
    assert set(json.loads(written.read_text())["answers"]) == set(COMMANDS)
    assert said[1].returncode == 1
    assert "is there already" in said[1].stderr
