"""`python -m bench.asa_session`: log in to the lab ASA, enable, two reads; by four clients.

Every answer is checked: one that belongs to another question counts as wrong. Figures are medians over sessions one
after the other, in seconds; half of them against a device that takes 50 ms for each line.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.lab.asa_driver.firewall import ENABLE, PASSWORD, USER, Firewall

READS = {"show version": "Cisco Adaptive Security Appliance", "show crypto ikev2 sa detail": "There are no IKEv2 SAs"}
"""Commands, and how their answers begin."""

DEFINITION = """---
prompt_pattern: '^[\\w.\\-/]{1,63}(\\([\\w\\-]+\\))?[>#]\\s?$'
default_mode: 'privileged_exec'
modes:
  - name: 'exec'
    prompt_pattern: '^[\\w.\\-/]{1,63}>\\s?$'
    accessible_modes:
      - name: 'privileged_exec'
        instructions:
          - send_prompted_input:
              input: 'enable'
              prompt_exact: 'Password:'
              response: '__lookup::enable'
  - name: 'privileged_exec'
    prompt_pattern: '^[\\w.\\-/]{1,63}#\\s?$'
    accessible_modes: []
failure_indicators:
  - 'ERROR: '
on_open_instructions:
  - enter_mode:
      requested_mode: 'privileged_exec'
  - send_input:
      input: 'terminal pager 0'
on_close_instructions: []
"""


def own(firewall: Firewall, folder: Path) -> list[str]:
    """The session of this project."""
    del folder
    driver = firewall.driver()
    driver.open()
    try:
        return [str(driver.cli([command])[command]) for command in READS]
    finally:
        driver.close()


def _netmiko(firewall: Firewall, kind: type[Any], **arguments: Any) -> list[str]:
    device = kind(
        host="127.0.0.1",
        port=firewall.port,
        username=USER,
        password=PASSWORD,
        secret=ENABLE,
        device_type="cisco_asa",
        **arguments,
    )
    try:
        device.enable()
        return [str(device.send_command(command, expect_string=r"fw1#")) for command in READS]
    finally:
        device.disconnect()


def netmiko_default(firewall: Firewall, folder: Path) -> list[str]:
    """netmiko's cisco_asa as it comes: it enters configuration mode to set the width."""
    del folder
    from netmiko.cisco.cisco_asa_ssh import CiscoAsaSSH

    return _netmiko(firewall, CiscoAsaSSH)


def netmiko_subclass(firewall: Firewall, folder: Path) -> list[str]:
    """netmiko's cisco_asa with a session preparation that waits for patterns and changes nothing."""
    del folder
    from netmiko.cisco.cisco_asa_ssh import CiscoAsaSSH

    class Waiting(CiscoAsaSSH):
        def session_preparation(self) -> None:
            self._test_channel_read(pattern=r"fw1[>#]")
            self.base_prompt = "fw1"
            if ">" in self.find_prompt(pattern=r"fw1[>#]"):
                self.enable(re_flags=0)
            self.global_cmd_verify = True
            self.send_command("terminal pager 0", expect_string=r"fw1#")

        def find_prompt(self, delay_factor: float = 1.0, pattern: str | None = None) -> str:
            del delay_factor
            self.write_channel(self.RETURN)
            return str(self.read_until_pattern(pattern=pattern or r"fw1[>#]"))

    return _netmiko(firewall, Waiting, fast_cli=True)


def scrapli(firewall: Firewall, folder: Path) -> list[str]:
    """scrapli with a platform definition of its own, over its libssh2 transport."""
    import importlib

    base = importlib.import_module("scrapli")
    auth = importlib.import_module("scrapli.auth")
    transport = importlib.import_module("scrapli.transport")
    definition = folder / "asa.yaml"
    definition.write_text(DEFINITION)
    device = base.Cli(
        definition_file_or_name=str(definition),
        host="127.0.0.1",
        port=firewall.port,
        auth_options=auth.Options(username=USER, password=PASSWORD, lookups=[auth.LookupKeyValue("enable", ENABLE)]),
        transport_options=transport.Ssh2Options(),
    )
    with device:
        return [str(device.send_input(input_=command).result) for command in READS]


CLIENTS: dict[str, Callable[[Firewall, Path], list[str]]] = {
    "own session": own,
    "scrapli, own definition": scrapli,
    "netmiko subclass": netmiko_subclass,
    "netmiko as it comes": netmiko_default,
}


def right(said: list[str]) -> bool:
    """Whether each answer is the one to its own question, as a whole."""
    return all(text.strip().startswith(begin) for text, begin in zip(said, READS.values(), strict=True))


def measure(client: Callable[[Firewall, Path], list[str]], delay: float, sessions: int) -> dict[str, float | str]:
    """The median of a session's seconds, how many were wrong, and whether the device is as before."""
    wall, wrong, failed = [], 0, ""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        firewall = Firewall(folder / "asa", {"delay": delay})
        firewall.boot()
        try:
            before = _configuration(firewall)
            for _ in range(sessions):
                begun = time.perf_counter()
                said = client(firewall, folder)
                wall.append(time.perf_counter() - begun)
                wrong += not right(said)
            changed = _configuration(firewall) != before
        except Exception as error:  # noqa: BLE001  a client's failure is a result here
            failed = f"{type(error).__name__}: {error}"[:120]
        finally:
            firewall.stop()
    if failed:
        return {"failed": failed}
    return {"wall": round(statistics.median(wall), 4), "wrong": wrong, "changes the configuration": str(changed)}


def _configuration(firewall: Firewall) -> str:
    driver = firewall.driver()
    driver.open()
    try:
        return driver.get_config("running")["running"]
    finally:
        driver.close()


def main() -> None:
    """Print every figure as JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.asa_session", description=__doc__)
    parser.add_argument("--sessions", type=int, default=40)
    arguments = parser.parse_args()
    figures: dict[str, object] = {}
    for name, client in CLIENTS.items():
        for delay in (0.0, 0.05):
            found = figures[f"{name}, {delay * 1000:.0f} ms device delay"] = measure(client, delay, arguments.sessions)
            print(name, delay, found, file=sys.stderr)
    json.dump(figures, sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
