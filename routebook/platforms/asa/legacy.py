"""SSH algorithms that only old ASA releases need: SHA-1 key exchange and ssh-rsa host keys. Off unless allowed.

Paramiko has dropped them; an ASA before 9.1(2) has nothing else (dh-group1-sha1 until then, dh-group14-sha1 since).
RFC 4253 sections 6.6, 8.1 and 8.2.
"""

from hashlib import sha1
from typing import Any

import paramiko
from cryptography.hazmat.primitives import hashes
from paramiko.kex_group14 import KexGroup14SHA256

from routebook.transport.ssh_transport import BoundedTransport

_SSH_RSA = "ssh-rsa"


class _Group14Sha1(KexGroup14SHA256):
    name = "diffie-hellman-group14-sha1"
    hash_algo = sha1


class _Group1Sha1(KexGroup14SHA256):
    # RFC 2409 section 6.2, the second Oakley group.
    P = int(
        "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD"
        "EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"
        "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE65381FFFFFFFFFFFFFFFF",
        16,
    )
    name = "diffie-hellman-group1-sha1"
    hash_algo = sha1


class RsaSha1Key(paramiko.RSAKey):
    """An RSA key whose signatures may be SHA-1's."""

    # It overrides paramiko's, which has a type of its own for each algorithm.
    HASHES = {**paramiko.RSAKey.HASHES, _SSH_RSA: hashes.SHA1}  # type: ignore[misc]  # noqa: RUF012


_BASE: Any = paramiko.Transport
_KEX: tuple[Any, ...] = (_Group14Sha1, _Group1Sha1)


class LegacyTransport(BoundedTransport):
    """A transport that accepts what old releases offer, after everything better."""

    # Paramiko keeps its algorithms in these dicts, and has no other way to add one.
    _kex_info = {**_BASE._kex_info, **{kex.name: kex for kex in _KEX}}  # noqa: RUF012
    _key_info = {**_BASE._key_info, _SSH_RSA: RsaSha1Key}  # noqa: RUF012
    _preferred_kex = (*_BASE._preferred_kex, *(kex.name for kex in _KEX))
    _preferred_keys = (*_BASE._preferred_keys, _SSH_RSA)
