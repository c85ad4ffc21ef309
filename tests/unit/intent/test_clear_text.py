"""A secret in clear text is refused wherever it stands, its place is named, and it is never repeated."""

# ruff: noqa: E501  tables of text are easier to read with a row on a line

import pytest

from routebook.intent.secret_names import names_a_secret
from tests.networks.project import Project

PLACES = [
    ("hosts", "  hostname: 192.0.2.1\n", "  hostname: 192.0.2.1\n  password: HUNTER\n", "password: {file: secrets/edge1.password}"),
    ("hosts", "  hostname: 192.0.2.1\n", "  hostname: 192.0.2.1\n  password: 12345\n", "password: {file: secrets/edge1.password}"),
    ("groups", "  platform: edge\n", "  platform: edge\n  password: HUNTER\n", "password: {file: secrets/edge.password}"),
    ("groups", "  platform: edge\n", "  platform: edge\n  connection_options: {napalm: {extras: {optional_args: {sudo_password: HUNTER}}}}\n", "sudo_password: {file: secrets/edge.sudo_password}"),
    ("groups", "  platform: edge\n", "  platform: edge\n  connection_options: {napalm: {password: HUNTER}}\n", "password: {file:"),
    ("groups", "  platform: edge\n", "  platform: edge\n  data: {x-mine: {api_key: [HUNTER]}}\n", "api_key: {file:"),
    ("bgp", "password: {env: BGP_PASSWORD}", "password: HUNTER", "password: {file:"),
    ("tunnels", "psk: {env: PSK}", "psk: HUNTER", "psk: {file:"),
    ("network", "    asn: 64496\n", "    asn: 64496\n    lab: {x-mine: {md5_secret: HUNTER}}\n", "md5_secret: {file:"),
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


SECRET = [
    "x-md5",
    "x-snmp_community",
    "x-adminPassword",
    "x-pwd",
    "password",
    "Password",
    "PASSWORD",
    "passwd",
    "x-passphrase",
    "x-psk",
    "psk",
    "preSharedKey",
    "pre-shared-key",
    "pre_shared_key",
    "presharedkey",
    "x-PreSharedKey",
    "x-token",
    "apiKey",
    "api_key",
    "x-api-key",
    "APIKey",
    "x-private-key",
    "privateKey",
    "x-secret",
    "x-secrets",
    "enable_secret",
    "sudo_password",
    "x-bgp-md5",
    "x-tcp-md5",
    "x-md5-key",
    "x-md5Key",
    "x-auth-key",
    "x-authKey",
    "x-tacacs-key",
    "x-radiusKey",
    "x-snmpCommunity",
    "x-snmp-ro-community",
    "x-ro-community",
    "x-rw_community",
    "x-password2",
    "x-password-old",
    "x-psk-new",
    "x-adminpassword",
    "x-rootpw",
    "x-root-pw",
    "x-credentials",
    "x-accessToken",
    "x-enable-pass",
    "x-login_pass",
    "x-wifi-psk",
    "x-ikeKey",
    "x-ike-psk",
    "x-community-string",
    "x-key-string",
    "x-passcode",
    "x-snmpCommunities",
    "x-encryption-key",
    "x-dbPassword",
    "x-DB_PASSWORD",
    "x-oldPassword",
    "x-secretKey",
    "x-signing-key",
    "x-aes-secret",
    "x-md5-password",
    "bearer_token",
]
ORDINARY = [
    "x-key-rotation-days",
    "monkey",
    "x-monkey",
    "x-bypass",
    "x-compass",
    "x-key-file",
    "key_file",
    "x-password-file",
    "x-password_length",
    "x-passwordPolicy",
    "x-secretary",
    "x-tokenize",
    "x-tokenizer",
    "x-community",
    "x-communities",
    "community",
    "communities",
    "x-large-communities",
    "x-keyboard",
    "x-key-id",
    "x-keyed",
    "x-passive",
    "passive",
    "x-pass-through",
    "x-pass-count",
    "x-overpass",
    "x-mountain-pass",
    "x-firmware-md5",
    "x-md5sum",
    "x-image-md5",
    "x-hotkey",
    "x-turkey",
    "x-whiskey",
    "x-donkey",
    "x-public-key",
    "x-host-key",
    "x-key",
    "x-keys",
    "x-primary-key",
    "x-sort-key",
    "x-secret-santa-date",
    "x-pskov",
    "x-compassion",
    "x-api-url",
    "x-token-ttl",
    "x-session-name",
    "x-author",
    "x-authority",
    "x-password-hint-url",
    "known_hosts_file",
    "x-passenger",
    "x-passport",
    "x-password-age",
    "x-credit",
    "x-string",
    "x-default",
    "x-value",
    "x-license-plate",
    "x-md5-enabled",
    "x-keychain-name",
    "x-peering-db",
    "x-pwdays",
]


@pytest.mark.parametrize("key", SECRET)
def test_a_key_for_a_secret_is_known_in_any_spelling(key: str) -> None:
    assert names_a_secret(["edge1", "data", key])


@pytest.mark.parametrize("key", ORDINARY)
def test_an_ordinary_key_raises_no_alarm(key: str) -> None:
    assert not names_a_secret(["edge1", "data", key])


@pytest.mark.parametrize(
    "data",
    [
        "x-snmp: {community: HUNTER}", "x-tacacs: {key: HUNTER}", "x-passwords: {admin: HUNTER}", "x-ntp: [{md5: HUNTER}]",
        "x-password: {value: HUNTER}", "x-settings: [{name: password, value: HUNTER}]", "x-tokens: [HUNTER]",
        "x-a: {b: {c: [{snmp_community: HUNTER}]}}", "x-mine: '$9$HUNTER.abc'", "x-mine: '$1$HUNTER$abcdef'",
        "x-mine: 0sHUNTERHUNTERHUNTERHUNTER", "x-mine: '0x0123456789abcdef0123'", "x-mine: d41d8cd98f00b204e9800998ecf8427e",
        "x-mine: [kJ8v0Qe3mZ2pXw7LrT5yUb1N]", "x-lines: ['snmp-server community HUNTER RO']",
        "x-lines: ['neighbor 10.0.0.1 password HUNTER']", "x-mine: ghp_HUNTERHUNTERHUNTER1234",
        "x-mine: |\n      -----BEGIN RSA PRIVATE KEY-----\n      HUNTER",
    ],
)  # fmt: skip
def test_a_secret_in_data_of_ones_own_is_found(project: Project, data: str) -> None:
    project.change("groups", "  platform: edge\n", f"  platform: edge\n  data:\n    {data}\n")
    [problem] = project.problems()
    assert "in clear text" in problem.message
    assert "{file: secrets/" in problem.fix
    assert problem.mark.line == project.line("groups", data.splitlines()[0])
    assert "HUNTER" not in str(problem)


@pytest.mark.parametrize(
    "data",
    [
        "x-passwords: {admin: {file: secrets/admin}}", "x-password: {env: ADMIN}", "x-has-password: true",
        "x-mine: Ethernet1/0/1", "x-mine: /var/lib/routebook/a1B2/cdef/ghij", "x-mine: the password is in the safe",
        "x-mine: CustomerPortalServer2InterfaceX", "x-mine: SHA256:kJ8v0Qe3mZ2pXw7LrT5yUb1N", "x-mine: 2001:db8::1/64",
        "x-mine: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKxkJ8v0Qe3mZ2pXw7L", "x-mine: https://example.net/a:b",
        "x-firmware-sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "x-mine: ops@example.net",
        "x-uuid: 550e8400-e29b-41d4-a716-446655440000", "x-mine: transit-no-edge1-primary-uplink-to-oslo-ix",
        "x-host: {fingerprint: 'MD5:d41d8cd98f00b204e9800998ecf8427e'}", "x-settings: [{name: color, value: red}]",
    ],
)  # fmt: skip
def test_ordinary_data_of_ones_own_raises_no_alarm(project: Project, data: str) -> None:
    project.change("groups", "  platform: edge\n", f"  platform: edge\n  data:\n    {data}\n")
    assert project.problems() == ()


@pytest.mark.parametrize("value", ["0x123456789", "0123456", "1_234_567", "yes", "0b1010101"])
def test_a_secret_that_yaml_takes_for_something_else_is_not_repeated(project: Project, value: str) -> None:
    project.change("groups", "  platform: edge\n", f"  platform: edge\n  password: {value}\n")
    for problem in project.problems():
        assert value not in str(problem)
        assert str(
            int(value, 0) if value[:2] in ("0x", "0b") else int(value, 8) if value[0] == "0" else "1234567"
        ) not in str(problem)
