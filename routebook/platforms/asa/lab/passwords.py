"""Passwords as releases from 9.6 on store them: PBKDF2 with SHA-512, 5000 rounds, 16 bytes of salt and of hash."""

import base64
import hashlib
import hmac
import os

ROUNDS = 5000


def hashed(password: str) -> str:
    """The stored form of a password."""
    return _stored(password, os.urandom(16), ROUNDS)


def _stored(password: str, salt: bytes, rounds: int) -> str:
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, rounds, 16)
    return f"$sha512${rounds}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"


def matches(password: str, stored: str) -> bool:
    """Whether a password is the stored one. A stored form of another kind never matches."""
    parts = stored.split("$")
    if len(parts) != 5 or parts[1] != "sha512" or not parts[2].isdigit():
        return False
    return hmac.compare_digest(_stored(password, base64.b64decode(parts[3]), int(parts[2])), stored)
