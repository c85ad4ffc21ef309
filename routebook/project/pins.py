"""Who devices said they are at their last confirmed run: a small file in the state folder."""

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from routebook.errors import RefusedError
from routebook.project import strict_json
from routebook.project.private_files import own_folder, read_private, write_private

if TYPE_CHECKING:
    from routebook.device.values import DeviceIdentity

_MOST = 4 << 20  # bytes


class Pin(Struct, frozen=True):
    """What a device said of itself at its last confirmed run."""

    hostname: str = ""
    serials: tuple[str, ...] = ()


def read_pins(path: Path) -> dict[str, Pin]:
    """What is pinned; nothing where there is no file yet. Raises RefusedError for one that is not Routebook's."""
    try:
        return _parsed(read_private(path, _MOST))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise RefusedError(
            f"{path} is not what Routebook writes there; move it away, and the next confirmed run pins its devices "
            "anew. Nothing was changed."
        ) from error


def _parsed(content: bytes) -> dict[str, Pin]:
    """Raises ValueError for what is not written so."""
    written = strict_json.loads(content)
    if not isinstance(written, dict):
        raise ValueError("it is no object")
    pins = {}
    for host, each in written.items():
        match each:
            case {"hostname": str(hostname), "serials": [*serials]} if all(isinstance(one, str) for one in serials):
                pins[host] = Pin(hostname, tuple(serials))
            case _:
                raise ValueError(f"{host} is pinned in another way")
    return pins


def pin(path: Path, said: "Mapping[str, DeviceIdentity]") -> None:
    """Write down who these hosts are. A pair keeps the serial numbers of both units. Raises RefusedError."""
    pins = read_pins(path)
    for host, identity in said.items():
        former = pins.get(host, Pin())
        kept = former.serials if identity.pair and former.hostname == identity.hostname else ()
        serials = tuple(dict.fromkeys([*identity.serials, *kept])) or former.serials
        pins[host] = Pin(identity.hostname or former.hostname, serials[:8])
    _write(path, pins)


def forget(path: Path, hosts: Collection[str]) -> list[str]:
    """Forget what is pinned of these hosts; those of which anything was. Raises RefusedError."""
    pins = read_pins(path)
    gone = [host for host in hosts if pins.pop(host, None) is not None]
    if gone:
        _write(path, pins)
    return gone


def _write(path: Path, pins: Mapping[str, Pin]) -> None:
    own_folder(path.parent)
    text = json.dumps({host: {"hostname": pin.hostname, "serials": pin.serials} for host, pin in sorted(pins.items())})
    try:
        write_private(path, text.encode())
    except OSError as error:
        raise RefusedError(f"cannot write {path}: {error.strerror}") from error
