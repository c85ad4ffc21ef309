"""A secret in clear text is refused wherever it stands, its place is named, and it is never repeated."""

# ruff: noqa: E501  tables of text are easier to read with a row on a line

import pytest

from tests.unit.intent.network import Project

PLACES = [
    ("hosts", "  hostname: 192.0.2.1\n", "  hostname: 192.0.2.1\n  password: HUNTER\n", "password: {file: secrets/edge1.password}"),
    ("hosts", "  hostname: 192.0.2.1\n", "  hostname: 192.0.2.1\n  password: 12345\n", "password: {file: secrets/edge1.password}"),
    ("groups", "  platform: edge\n", "  platform: edge\n  password: HUNTER\n", "password: {file: secrets/edge.password}"),
    ("groups", "  platform: edge\n", "  platform: edge\n  connection_options: {napalm: {extras: {optional_args: {sudo_password: HUNTER}}}}\n", "sudo_password: {file: secrets/edge.sudo_password}"),
    ("groups", "  platform: edge\n", "  platform: edge\n  connection_options: {napalm: {password: HUNTER}}\n", "password: {file:"),
    ("groups", "  platform: edge\n", "  platform: edge\n  data: {x-mine: {api_key: [HUNTER]}}\n", "api_key: {file:"),
    ("bgp", "password: {env: BGP_PASSWORD}", "password: HUNTER", "password: {file:"),
    ("tunnels", "psk: {env: PSK}", "psk: HUNTER", "psk: {file:"),
    ("network", "    asn: 64496\n", "    asn: 64496\n    lab: {md5_secret: HUNTER}\n", "md5_secret: {file:"),
    ("groups", "  platform: edge\n", "  platform: edge\n  data: {x-url: 'https://me:HUNTER@example.net'}\n", "write a reference"),
    ("groups", "  platform: edge\n", "  platform: edge\n  data: {x-key: '-----BEGIN OPENSSH PRIVATE KEY-----'}\n", "write a reference"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "old", "new", "fix"), PLACES)
def test_refused_once_with_the_reference_to_write(project: Project, file: str, old: str, new: str, fix: str) -> None:
    project.change(file, old, new)
    place = new.splitlines()[-1].strip() if new != old else old
    [problem] = project.problems()
    assert str(problem.mark) == f"inventory/{file}.yaml:{project.line(file, place)}"
    assert "in clear text" in problem.message
    assert fix in problem.fix
    assert "HUNTER" not in str(problem)
    assert "12345" not in str(problem)


def test_references_and_places_of_keys_are_fine(project: Project) -> None:
    project.write(
        "defaults",
        "username: operator\npassword: {command: pass show login}\nconnection_options:\n  napalm:\n    extras:\n"
        "      optional_args: {key_file: ~/.ssh/id, known_hosts_file: k, sudo_password: {env: SUDO}}\n",
    )
    assert project.problems() == ()


@pytest.mark.parametrize("reference", ["{}", "{file: a, env: B}", "{fil: a}", "{file: ''}"])
def test_a_reference_names_exactly_one_source(project: Project, reference: str) -> None:
    project.change("tunnels", "psk: {env: PSK}", f"psk: {reference}")
    assert {problem.mark.line for problem in project.problems()} == {project.line("tunnels", f"psk: {reference}")}
