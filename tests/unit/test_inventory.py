"""Nornir sees the project's hosts with their intent, and login secrets only when it asks for them."""

import subprocess
import sys
from pathlib import Path

import pytest
from nornir.core.plugins.inventory import InventoryPluginRegister

from routebook.errors import RefusedError
from routebook.intent.problem import IntentError
from routebook.project.inventory import IntentHost, RoutebookInventory, nornir_for
from routebook.project.secrets import SecretError
from tests.networks.project import Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def host(project: Project, name: str = "edge1") -> IntentHost:
    found = nornir_for(project.folder).inventory.hosts[name]
    assert isinstance(found, IntentHost)
    return found


def test_each_host_has_its_intent(project: Project) -> None:
    network = project.load()
    hosts = nornir_for(project.folder).inventory.hosts
    assert {name: each.data["intent"] for name, each in hosts.items()} == dict(network.hosts)
    assert host(project).intent == network.hosts["edge1"]


def test_groups_and_data_are_inherited_and_nornirs_filters_work(project: Project) -> None:
    nornir = nornir_for(project.folder)
    assert list(nornir.filter(site="ch").inventory.hosts) == ["edge2"]
    assert nornir.inventory.hosts["edge1"].platform == "edge"
    assert nornir.inventory.hosts["edge1"].has_parent_group("no")


def test_a_login_secret_is_resolved_when_it_is_asked_for_and_not_before(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write(
        "defaults",
        "password: {env: LOGIN}\n"
        "connection_options: {napalm: {extras: {optional_args: {sudo_password: {env: SUDO}}}}}\n",
    )
    found = host(project)
    with pytest.raises(SecretError, match="LOGIN is not set"):
        _ = found.password
    monkeypatch.setenv("LOGIN", "hunter2")
    monkeypatch.setenv("SUDO", "hunter3")
    assert found.password == "hunter2"
    options = found.get_connection_parameters("napalm")
    assert (options.password, options.extras) == ("hunter2", {"optional_args": {"sudo_password": "hunter3"}})
    assert found.secrets.redactor.scrub("hunter2 hunter3") == "<secret> <secret>"


def test_files_are_found_from_the_projects_folder_wherever_it_was_started(project: Project) -> None:
    project.write(
        "defaults",
        "connection_options:\n  napalm: {extras: {optional_args: {key_file: keys/id, known_hosts_file: /k}}}\n",
    )
    options = host(project).get_connection_parameters("napalm")
    assert options.extras == {"optional_args": {"key_file": str(project.folder / "keys/id"), "known_hosts_file": "/k"}}


def test_no_connection_plugin_is_imported_until_one_is_opened() -> None:
    code = "import sys, routebook.project.inventory; sys.exit('napalm' in sys.modules or 'netmiko' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).resolve().parents[2], check=False).returncode
        == 0
    )


def test_it_is_an_inventory_plugin_for_anyones_nornir(project: Project) -> None:
    InventoryPluginRegister.auto_register()
    if "RoutebookInventory" in InventoryPluginRegister.available:  # installed
        assert InventoryPluginRegister.get_plugin("RoutebookInventory") is RoutebookInventory
    assert list(RoutebookInventory(project=str(project.folder)).load().hosts) == ["edge1", "edge2"]


def test_a_refused_inventory_gives_no_nornir(project: Project) -> None:
    project.change("bgp", "import: RB-IN", "import: RB-INN")
    with pytest.raises(IntentError, match="did you mean 'RB-IN'"):
        nornir_for(project.folder)


@pytest.mark.parametrize(
    ("limit", "hosts"),
    [
        ("", ["edge1", "edge2"]),
        ("edge1", ["edge1"]),
        ("edge*", ["edge1", "edge2"]),
        ("edge[2-9]", ["edge2"]),
        ("site=no", ["edge1"]),
        ("group=edge & !site=no", ["edge2"]),
        ("!edge1", ["edge2"]),
        ("site=no,site=ch", ["edge1", "edge2"]),
        ("platform=edge&edge2 , edge1", ["edge1", "edge2"]),
        ("name=edge1", ["edge1"]),
        ("group=e*", ["edge1", "edge2"]),
    ],
)
def test_limit_chooses_by_name_glob_and_attribute(project: Project, limit: str, hosts: list[str]) -> None:
    assert list(nornir_for(project.folder, limit).inventory.hosts) == hosts


@pytest.mark.parametrize(
    ("limit", "says"),
    [
        ("edg1", "unknown host 'edg1'; did you mean 'edge1'?"),
        ("edge", "unknown host 'edge'; did you mean group=edge?"),
        ("ch", "unknown host 'ch'; did you mean group=ch?"),
        ("site=chh", "unknown site 'chh'; did you mean 'ch'?"),
        ("sit=ch", "unknown attribute 'sit'; did you mean 'site'?"),
        ("core*", "no host matches 'core*'"),
        ("site=no & site=ch", "leaves no host"),
        ("!edge*", "leaves no host"),
        ("edge1,", "has an empty term"),
        ("site=", "has an empty term"),
    ],
)
def test_a_limit_that_means_nothing_is_refused(project: Project, limit: str, says: str) -> None:
    with pytest.raises(RefusedError) as caught:
        nornir_for(project.folder, limit)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("name", "word"),
    [("no-edge1", "linux"), ("nl-rr1", "linux"), ("nl-fw1", "cisco_asa"), ("home-fw1", "generic")],
)
def test_netmiko_gets_its_own_word_for_the_platform_and_napalms_login(name: str, word: str) -> None:
    root = Path(__file__).resolve().parents[2]
    options = nornir_for(root).inventory.hosts[name].get_connection_parameters("netmiko")
    assert options.platform == word
    extras = options.extras or {}
    assert extras["key_file"] == str(root / ".routebook/lab/operator_ed25519")
    assert (extras["ssh_strict"], extras["alt_host_keys"]) == (True, True)
    assert extras["alt_key_file"] == str(root / ".routebook/lab/known_hosts")


@pytest.mark.parametrize(("name", "word"), [("no-edge1", "generic"), ("nl-fw1", "cisco_asa")])
def test_scrapli_gets_its_own_word_for_the_platform_and_napalms_login(name: str, word: str) -> None:
    root = Path(__file__).resolve().parents[2]
    options = nornir_for(root).inventory.hosts[name].get_connection_parameters("scrapli")
    assert options.platform == word
    extras = options.extras or {}
    assert extras["auth_private_key"] == str(root / ".routebook/lab/operator_ed25519")
    assert extras["ssh_known_hosts_file"] == str(root / ".routebook/lab/known_hosts")
    assert extras["auth_strict_key"] is True


def test_netmikos_own_options_win(project: Project) -> None:
    project.write(
        "defaults",
        "connection_options:\n  napalm: {extras: {optional_args: {key_file: /k, port: 2222}}}\n"
        "  netmiko: {platform: generic, extras: {key_file: /own, ssh_strict: false}}\n",
    )
    options = host(project).get_connection_parameters("netmiko")
    extras = options.extras or {}
    assert (options.platform, options.port, extras["key_file"], extras["ssh_strict"]) == (
        "generic",
        2222,
        "/own",
        False,
    )
