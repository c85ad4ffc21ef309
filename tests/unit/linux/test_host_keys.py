"""known_hosts files are read as OpenSSH reads them."""

import base64
import hashlib
import hmac
from pathlib import Path

import pytest

from routebook.transport.host_keys import fingerprint, judge, kinds_for, names_for, read_known_hosts

ONE, TWO = b"key one", b"key two"


def encoded(blob: bytes) -> str:
    return base64.b64encode(blob).decode()


def known(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "known_hosts"
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


@pytest.mark.parametrize(
    ("line", "name", "verdict"),
    [
        ("host ssh-ed25519 {one}", "host", "known"),
        ("host ssh-ed25519 {two}", "host", "changed"),
        ("other ssh-ed25519 {one}", "host", "unknown"),
        ("HOST,192.0.2.1 ssh-ed25519 {one} a comment", "192.0.2.1", "known"),
        ("*.example.net ssh-ed25519 {one}", "a.example.net", "known"),
        ("*.example.net,!a.example.net ssh-ed25519 {one}", "a.example.net", "unknown"),
        ("[host]:2222 ssh-ed25519 {one}", "[host]:2222", "known"),
        ("host ssh-ed25519 {one}", "[host]:2222", "unknown"),
        ("@revoked * ssh-ed25519 {one}", "host", "revoked"),
        ("@cert-authority * ssh-ed25519 {one}", "host", "unknown"),
        ("# host ssh-ed25519 {one}", "host", "unknown"),
        ("host ssh-ed25519 not/base64!", "host", "unknown"),
        ("host", "host", "unknown"),
    ],
)
def test_verdicts(tmp_path: Path, line: str, name: str, verdict: str) -> None:
    keys = read_known_hosts([known(tmp_path, line.format(one=encoded(ONE), two=encoded(TWO)))])
    assert judge(keys, name, ONE)[0] == verdict


def test_hashed_names_match(tmp_path: Path) -> None:
    salt = b"0123456789abcdefghij"
    digest = hmac.new(salt, b"[host]:2222", hashlib.sha1).digest()
    line = f"|1|{encoded(salt)}|{encoded(digest)} ssh-ed25519 {encoded(ONE)}"
    keys = read_known_hosts([known(tmp_path, line)])
    assert judge(keys, "[host]:2222", ONE)[0] == "known"
    assert judge(keys, "host", ONE)[0] == "unknown"


def test_one_of_several_keys_is_enough(tmp_path: Path) -> None:
    keys = read_known_hosts(
        [known(tmp_path, f"host ssh-rsa {encoded(TWO)}", f"host ssh-ed25519 {encoded(ONE)}"), tmp_path / "none"]
    )
    assert judge(keys, "host", ONE)[0] == "known"
    assert kinds_for(keys, "host") == ["ssh-rsa", "ssh-ed25519"]


def test_names_and_fingerprints() -> None:
    assert names_for("h", 22) == "h"
    assert names_for("h", 23) == "[h]:23"
    assert fingerprint(b"") == "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU"
