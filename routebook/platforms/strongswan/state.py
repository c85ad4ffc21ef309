"""charon's IKE and CHILD SAs, from one `swanctl --list-sas`, read strictly: unknown text is an error, never "no SA"."""

import re
from collections.abc import Iterator, Mapping
from ipaddress import ip_address

from routebook.device.errors import DriverError
from routebook.device.state import ChildSa, IkeSa, IPAddress, Keying
from routebook.transport.shell import Shell

# --raw prints values without quotes on one line, where an identity like "C=CH, O=x state=y" looks like two
# keys. --pretty has one key a line, and prints what is not printable in hexadecimal.
_COMMAND = "swanctl --list-sas --pretty"
_CONNECTIONS = "swanctl --list-conns --pretty"
_CONNECTION = re.compile(r"^list-conn event \{\n  (\S{1,256}) \{$", re.MULTILINE)
_CUT = "\x1d"  # what is not printable is in hexadecimal
_DEEPEST = 16  # sections in each other; SAs have four
NO_DAEMON = "connecting to 'default' URI failed"

_NUMBER = re.compile(r"[0-9]{1,20}")

Message = dict[str, "str | list[str] | Message"]


def read_keying(shell: Shell) -> Keying:
    """Every IKE SA and every connection that charon has, in its order. Raises DriverError when it does not answer."""
    sas, _, connections = _said(shell, f"{_COMMAND} && printf '{_CUT}' && {_CONNECTIONS}").partition(_CUT)
    return Keying(parse_list_sas(sas), tuple(_CONNECTION.findall(connections)))


def read_ike_sas(shell: Shell) -> tuple[IkeSa, ...]:
    """Every IKE SA that charon has, in its order. Raises DriverError when charon does not answer."""
    return parse_list_sas(_said(shell, _COMMAND))


def _said(shell: Shell, script: str) -> str:
    result = shell.run(script, asked=f"`{_COMMAND}`")
    if result.status or not result.stdout:
        if NO_DAEMON in result.stderr:
            raise DriverError("charon does not answer: is strongSwan running?")
        if result.status == 127:
            raise DriverError("swanctl is not installed")
        raise DriverError(f"swanctl --list-sas failed with exit status {result.status}")
    return result.stdout


def parse_list_sas(text: str) -> tuple[IkeSa, ...]:
    """The SAs in what `swanctl --list-sas --pretty` printed. Raises DriverError on text that it does not know."""
    sas: list[IkeSa] = []
    ended = False
    for title, message in parse_messages(text):
        if ended:
            raise DriverError(f"swanctl --list-sas goes on after its end: {title[:80]!r}")
        if title == "list-sa event":
            sas += [_ike_sa(name, _block(value, name)) for name, value in message.items()]
        elif title == "list-sas reply" and not message:
            ended = True
        else:
            raise DriverError(f"swanctl --list-sas answers something unknown: {title[:80]!r}")
    if not ended:
        raise DriverError("the answer of swanctl --list-sas is cut off")
    return tuple(sas)


def parse_messages(text: str) -> Iterator[tuple[str, Message]]:
    """Each message in swanctl's --pretty format: its title and contents."""
    lines = enumerate(text.splitlines(), 1)
    for number, line in lines:
        if not line.endswith(" {"):
            raise DriverError(f"swanctl's answer is not understood at line {number}: {line[:80]!r}")
        yield line.removesuffix(" {"), _contents(lines, "")


def _contents(lines: Iterator[tuple[int, str]], indent: str) -> Message:
    inner = indent + "  "
    if len(inner) > 2 * _DEEPEST:
        raise DriverError(f"swanctl's answer has more than {_DEEPEST} sections in each other")
    found: Message = {}
    for number, line in lines:
        if line == indent + "}":
            return found
        if not line.startswith(inner) or line.startswith(inner + " "):
            raise DriverError(f"swanctl's answer is not understood at line {number}: {line[:80]!r}")
        text = line.removeprefix(inner)
        if " = " in text:
            key, _, value = text.partition(" = ")
            found[key] = _list(lines, inner) if value == "[" else value
        elif text.endswith(" ="):
            found[text.removesuffix(" =")] = ""
        elif text.endswith(" {"):
            found[text.removesuffix(" {")] = _contents(lines, inner)
        else:
            raise DriverError(f"swanctl's answer is not understood at line {number}: {line[:80]!r}")
    raise DriverError("swanctl's answer is cut off")


def _list(lines: Iterator[tuple[int, str]], indent: str) -> list[str]:
    items: list[str] = []
    for _, line in lines:
        if line == indent + "]":
            return items
        items.append(line.strip())
    raise DriverError("swanctl's answer is cut off")


def _block(value: object, name: str) -> Message:
    if not isinstance(value, dict):
        raise DriverError(f"swanctl's answer has {name} without contents")
    return value


def _text(sa: Mapping[str, object], key: str, default: str | None = None) -> str:
    value = sa.get(key, default)
    if not isinstance(value, str):
        raise DriverError(f"swanctl's answer lacks {key}")
    return value


def _number(sa: Mapping[str, object], key: str) -> int:
    text = _text(sa, key, "0")
    if not _NUMBER.fullmatch(text):
        raise DriverError(f"swanctl's answer has {key} = {text[:40]!r}, which is not a number")
    return int(text)


def _ike_sa(name: str, sa: Message) -> IkeSa:
    local, remote = (_text(sa, key) for key in ("local-host", "remote-host"))
    return IkeSa(
        name=name,
        state=_text(sa, "state"),
        version=_number(sa, "version"),
        local_address=_address(local),
        remote_address=_address(remote),
        local_id=_text(sa, "local-id", ""),
        remote_id=_text(sa, "remote-id", ""),
        initiator=_text(sa, "initiator", "no") == "yes",
        encryption=_cipher(sa),
        integrity=_text(sa, "integ-alg", ""),
        prf=_text(sa, "prf-alg", ""),
        dh_group=_text(sa, "dh-group", ""),
        spi_initiator=_text(sa, "initiator-spi"),
        spi_responder=_text(sa, "responder-spi"),
        established=_number(sa, "established"),
        children=tuple(_child_sa(_block(value, key)) for key, value in _block(sa.get("child-sas", {}), name).items()),
    )


def _address(text: str) -> IPAddress:
    try:
        return ip_address(text.partition("%")[0] or "0.0.0.0")  # charon's "any"
    except ValueError as error:
        raise DriverError(f"swanctl's answer has {text[:60]!r} for an address") from error


def _child_sa(sa: Message) -> ChildSa:
    return ChildSa(
        name=_text(sa, "name"),
        state=_text(sa, "state"),
        spi_in=_text(sa, "spi-in", ""),
        spi_out=_text(sa, "spi-out", ""),
        local_selectors=_selectors(sa, "local-ts"),
        remote_selectors=_selectors(sa, "remote-ts"),
        encryption=_cipher(sa),
        integrity=_text(sa, "integ-alg", ""),
        dh_group=_text(sa, "dh-group", ""),
        installed=_number(sa, "install-time"),
        bytes_in=_number(sa, "bytes-in"),
        bytes_out=_number(sa, "bytes-out"),
        packets_in=_number(sa, "packets-in"),
        packets_out=_number(sa, "packets-out"),
    )


def _cipher(sa: Message) -> str:
    name, size = _text(sa, "encr-alg", ""), _text(sa, "encr-keysize", "")
    return f"{name}-{size}" if name and size and size != "0" else name


def _selectors(sa: Message, key: str) -> tuple[str, ...]:
    value = sa.get(key, [])
    if not isinstance(value, list):
        raise DriverError(f"swanctl's answer has {key} in a form that is not known")
    return tuple(value)
