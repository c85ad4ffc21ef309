"""Stock clients work with the lab ASA as with a device: netmiko, scrapli, and a raw shell as Ansible's."""

import netmiko
import pytest
import scrapli

from tests.lab.asa.units import ENABLE, PASSWORD, USER, Unit


@pytest.mark.parametrize("options", [{}, {"allow_auto_change": False}])
def test_netmiko(unit: Unit, options: dict[str, bool], asa_release: str) -> None:
    with netmiko.ConnectHandler(
        device_type="cisco_asa", host=unit.address, username=USER, password=PASSWORD, secret=ENABLE, **options
    ) as connection:
        assert connection.find_prompt() == "fw#"
        if options:
            connection.global_cmd_verify = True
        assert f"Appliance Software Version {asa_release}" in connection.send_command("show version")
        sent = connection.send_config_set(["access-list NM remark by netmiko", "access-list NM permit ip any any"])
        assert "ERROR" not in sent
        assert "access-list NM remark by netmiko" in connection.send_command("show running-config access-list NM")
        connection.send_config_set(["clear configure access-list NM", "no terminal width 511"])
        assert "[OK]" in connection.save_config()
        facts = connection.send_command("show version", use_textfsm=True)
        assert isinstance(facts, list)
        assert facts[0]["version"] == asa_release


def test_netmiko_without_enable_secret_logs_in(unit: Unit) -> None:
    with netmiko.ConnectHandler(
        device_type="cisco_asa", host=unit.address, username=USER, password=PASSWORD
    ) as connection:
        assert connection.find_prompt() == "fw#"
        connection.send_config_set(["no terminal width 511"])


def test_scrapli(unit: Unit) -> None:
    with scrapli.Cli(
        unit.address,
        definition_file_or_name="cisco_asa",
        auth_options=scrapli.AuthOptions(
            username=USER, password=PASSWORD, lookups=[scrapli.LookupKeyValue(key="enable", value=ENABLE)]
        ),
        transport_options=scrapli.TransportSsh2Options(),
    ) as connection:
        shown = connection.send_input("show running-config | include nameif")
        assert shown.result.split() == ["nameif", "outside", "nameif", "inside"]
        assert not shown.failed
        assert connection.send_input("show nonsense").failed
        for line in ("domain-name scrapli.example", "no domain-name scrapli.example"):
            assert not connection.send_input(line, requested_mode="configuration").failed
