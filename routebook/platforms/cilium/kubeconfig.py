"""How a cluster's API server is reached, from a kubeconfig: server, authority, and a certificate or a token.

The format is Kubernetes' (client-go, tools/clientcmd/api/v1/types.go). What would run a program, and what would give up
checking the server, is refused.
"""

import base64
import binascii
import os
import ssl
from pathlib import Path
from typing import Any

import yaml
from msgspec import Struct

from routebook.device.errors import DriverError

_REFUSED = {
    "exec": "runs a program to log in",
    "auth-provider": "logs in by a plug-in",
    "username": "logs in with a password, which API servers take no more",
    "as": "acts as somebody else",
}


class Access(Struct, frozen=True):
    """A server's address, how its certificate is checked and ours given, and a token where there is one."""

    server: str
    tls: ssl.SSLContext
    token: str = ""

    def __repr__(self) -> str:
        return f"Access({self.server!r})"


def access(text: str, folder: Path) -> Access:
    """What the current context says; files that it names are relative to `folder`. Raises DriverError."""
    try:
        whole = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise DriverError("the kubeconfig is not YAML") from error
    context = _named(whole, "contexts", "context", _text(whole, "current-context"))
    cluster = _named(whole, "clusters", "cluster", _text(context, "cluster"))
    user = _named(whole, "users", "user", _text(context, "user"))
    for key, what in _REFUSED.items():
        if user.get(key):
            raise DriverError(
                f"the kubeconfig's user {what} (`{key}`): make a kubeconfig with a certificate or a token"
            )
    server = _text(cluster, "server")
    if not server.startswith("https://"):
        raise DriverError("the kubeconfig's server is not https://")
    if cluster.get("insecure-skip-tls-verify"):
        raise DriverError("the kubeconfig does not check the server's certificate (`insecure-skip-tls-verify`)")
    if cluster.get("tls-server-name") or cluster.get("proxy-url"):
        raise DriverError("the kubeconfig has `tls-server-name` or `proxy-url`, which Routebook does not follow")
    authority = _content(cluster, "certificate-authority", folder)
    try:
        tls = ssl.create_default_context(cadata=authority.decode() if authority else None)
        if certificate := _content(user, "client-certificate", folder):
            _load(tls, certificate + b"\n" + _content(user, "client-key", folder))
    except (ssl.SSLError, ValueError) as error:
        raise DriverError("a certificate or key of the kubeconfig cannot be used") from error
    token = _text(user, "token") if user.get("token") else _content(user, "tokenFile", folder).decode().strip()
    return Access(server.rstrip("/"), tls, token)


def _named(whole: Any, kind: str, inner: str, name: str) -> dict[str, Any]:
    for each in (whole.get(kind) if isinstance(whole, dict) else None) or ():
        if isinstance(each, dict) and each.get("name") == name and isinstance(each.get(inner), dict):
            found: dict[str, Any] = each[inner]
            return found
    raise DriverError(f"the kubeconfig has no {inner} {name[:60]!r}")


def _text(found: Any, key: str) -> str:
    value = found.get(key) if isinstance(found, dict) else None
    if not isinstance(value, str) or not value.isprintable():
        raise DriverError(f"the kubeconfig lacks `{key}`")
    return value


def _content(found: dict[str, Any], key: str, folder: Path) -> bytes:
    """What stands there, encoded or in a file; nothing where neither does."""
    try:
        if found.get(f"{key}-data"):
            return base64.b64decode(_text(found, f"{key}-data"), validate=True)
        return (folder / _text(found, key)).read_bytes() if found.get(key) else b""
    except (binascii.Error, OSError) as error:
        raise DriverError(f"the kubeconfig's `{key}` cannot be read") from error


def _load(tls: ssl.SSLContext, chain: bytes) -> None:
    """Load a certificate and its key without a file on a disk, which is all that the library takes."""
    descriptor = os.memfd_create("client", os.MFD_CLOEXEC)
    with os.fdopen(descriptor, "wb") as file:
        file.write(chain)
        file.flush()
        tls.load_cert_chain(f"/proc/self/fd/{descriptor}", password=lambda: b"")
