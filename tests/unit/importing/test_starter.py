"""What the starter's ipsec.conf and ipsec.secrets say is written as swanctl.conf, and is then imported as any other."""

from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from routebook.cli.import_project import import_project
from routebook.importing.found import BadInputError
from routebook.importing.sources import convert_host
from routebook.platforms.strongswan.tree import MAIN, Section, build, children
from tests.unit.importing.read import IMPORTERS, imported, read

CONF = """\
# of moon
config setup
  uniqueids = yes

conn %default
  keyexchange=ikev2
  ike=aes256gcm16-prfsha256-modp2048!
  esp=aes256gcm16-modp2048!
  authby=secret
  reauth=no
  mobike=no
  keyingtries=%forever

conn base
  left=192.0.2.1
  leftid=moon        # not by address
  ikelifetime=4h
  margintime=10m

conn sun
  also=base
  right=192.0.2.2
  rightid=sun
  leftsubnet=10.1.0.0/16
  rightsubnet=10.2.0.0/16
  auto=start
  dpdaction=restart
  dpddelay=20s
  closeaction=restart

conn sun-more
  also=sun
  leftsubnet=10.3.0.0/16
  auto=route

conn cold
  also=base
  right=%any
"""
SECRETS = """\
moon sun : PSK "very # secret"   # ours
@moon 2001:db8::7 : PSK 0x1234
: RSA moonKey.pem
"""


def converted(folder: Path, conf: str = CONF, secrets: str = SECRETS) -> tuple[str, tuple[str, ...]]:
    folder.mkdir(exist_ok=True)
    (folder / "ipsec.conf").write_text(conf)
    (folder / "ipsec.secrets").write_text(secrets)
    made = convert_host("moon", folder, IMPORTERS)
    return made.files["swanctl.conf"], made.left


def connection(folder: Path, conf: str) -> Section:
    return next(iter(build({MAIN: converted(folder, conf)[0]}).connections.values()))


def test_a_connection_has_what_it_says_itself_and_takes_from_others(tmp_path: Path) -> None:
    text, left = converted(tmp_path / "moon")
    tree = build({MAIN: text})
    assert list(tree.connections) == ["sun"]
    sun = tree.connections["sun"]
    assert (sun["version"], sun["local_addrs"], sun["remote_addrs"]) == ("2", "192.0.2.1", "192.0.2.2")
    assert (sun["rekey_time"], sun["keyingtries"], sun["dpd_delay"]) == (f"{4 * 3600 - 600}s", "0", "20s")
    assert (sun["local"], sun["remote"]) == ({"auth": "psk", "id": "moon"}, {"auth": "psk", "id": "sun"})
    first, second = children(sun)["sun"], children(sun)["sun-more"]  # one IKE SA, as charon has it
    assert (first["local_ts"], first["start_action"], first["rekey_time"]) == ("10.1.0.0/16", "start", "3000s")
    assert (second["local_ts"], second["remote_ts"], second["start_action"]) == ("10.3.0.0/16", "10.2.0.0/16", "trap")
    assert (first["close_action"], first["dpd_action"]) == ("start", "restart")
    assert [secret["id-1"] for secret in tree.secrets.values()] == ["moon", "@moon"]
    assert left == (f"{tmp_path}/moon/ipsec.secrets:3: a secret of kind RSA: put its file into /etc/swanctl/private",)
    assert "very # secret" not in text  # in base64


@pytest.mark.parametrize(
    ("conf", "key", "value"),
    [
        ("conn a\n left=%defaultroute\n right=vpn.example.net\n auto=add\n", "remote_addrs", "vpn.example.net"),
        ("conn a\n auto=add\n", "reauth_time", "10260s"),
        ("conn a\n auto=add\n rekey=no\n", "reauth_time", "0s"),
        ("conn a\n auto=add\n", "keyingtries", "3"),
        ("conn a\n auto=add\n ike=aes256-sha256-modp2048\n", "proposals", "aes256-sha256-modp2048, default"),
        ("conn a\n auto=add\n forceencaps=yes\n", "encap", "yes"),
        ("conn a\n auto=add\n left=192.0.2.1\n authby=psk\n", "local", {"auth": "psk", "id": "192.0.2.1"}),
        ("conn a\n auto=add\n leftcert=/etc/ipsec.d/certs/a.pem\n", "local", {"auth": "pubkey", "certs": "a.pem"}),
    ],
)
def test_what_is_not_said_is_what_charon_takes(tmp_path: Path, conf: str, key: str, value: str) -> None:
    assert connection(tmp_path / "moon", conf)[key] == value


@pytest.mark.parametrize(
    ("option", "why"),
    [
        ("rightsourceip=10.9.0.0/24", "rightsourceip is not converted"),
        ("left=%eth0", "left=%eth0 is not converted"),
        ("type=passthrough", "type=passthrough is not converted"),
        ("ikelifetime=forever", "ikelifetime=forever is no duration"),
    ],
)
def test_what_has_no_counterpart_leaves_its_connection_out_by_name(tmp_path: Path, option: str, why: str) -> None:
    text, left = converted(tmp_path / "moon", f"conn a\n  auto=add\n  {option}\n", "")
    assert (build({MAIN: text}).connections, left) == ({}, (f"{tmp_path}/moon/ipsec.conf:1: conn a: {why}",))


@pytest.mark.parametrize(
    ("conf", "secrets", "said"),
    [
        ("con a\n", "", "ipsec.conf:1: is neither a section nor an option: 'con'"),
        ("conn a\n  left\n", "", "ipsec.conf:2: is no option, KEY=VALUE"),
        ("conn a\n  also=b\n  auto=add\n", "", "ipsec.conf:1: conn a: also=b is no other connection"),
        ("conn a\n  also=b\nconn b\n  also=a\n", "", "is no other connection"),
        ("", 'a b "hush"\n', "ipsec.secrets:1: is no line of ipsec.secrets"),
    ],
)
def test_bad_input_is_one_sentence_with_file_and_line(tmp_path: Path, conf: str, secrets: str, said: str) -> None:
    with pytest.raises(BadInputError) as caught:
        converted(tmp_path / "moon", conf, secrets)
    assert said in str(caught.value) and "hush" not in str(caught.value)


def test_what_was_converted_is_imported_with_an_empty_plan(tmp_path: Path) -> None:
    old, new = tmp_path / "etc", tmp_path / "new"
    old.mkdir()
    converted(old / "moon")
    done = CliRunner().invoke(import_project, ["--convert", str(new), f"moon={old}/moon"])
    assert (done.exit_code, "left out: " in done.output) == (2, True)
    path = new / "moon" / "swanctl.conf"
    assert path.stat().st_mode & 0o077 == 0
    again = CliRunner().invoke(import_project, ["--convert", str(new), f"moon={old}/moon"])
    assert "is there already" in str(again.exception)

    text = path.read_text().replace("start_action = trap", "start_action = start")  # children that are alike
    text = text[: text.index("  ike-2")] + "}\n"
    proved = imported(tmp_path, {"moon/swanctl.conf": text})
    assert [each.difference for each in proved.compared.values()] == [""]
    (tunnel,) = yaml.safe_load(proved.draft.texts()["tunnels.yaml"])["tunnels"]["list"]
    assert set(tunnel["children"]) == {"sun", "sun-more"}


def test_the_starter_s_own_files_are_refused_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"let `routebook import --convert` write it as swanctl.conf"):
        read(tmp_path, {"moon/ipsec.conf": CONF})
