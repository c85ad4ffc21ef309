"""What configuration lines refer to, and what the device does when the two ends no longer agree."""

import re
from collections.abc import Callable, Iterator

from routebook.platforms.asa.lab.configuration import Configuration, Line, section
from routebook.platforms.asa.lab.grammar import Parsed

DEFAULT_GROUPS = ("DefaultL2LGroup", "DefaultRAGroup", "DefaultWEBVPNGroup")
INCOMPLETE = "WARNING: The crypto map entry is incomplete!"
WILL_BE_INCOMPLETE = "WARNING: The crypto map entry will be incomplete!"


class RefusedCommandError(Exception):
    """The device understands the command and does not carry it out; `answer` is what it prints."""

    def __init__(self, answer: str) -> None:
        super().__init__(answer)
        self.answer = answer


def marker(parsed: Parsed, number: int) -> str:
    """The syntax error that points at a word of a command."""
    column = len(" ".join(parsed.words[:number])) + (1 if number else 0)
    return " " * column + "^\nERROR: % Invalid input detected at '^' marker."


def interface_of(configuration: Configuration, nameif: str) -> Line | None:
    """The interface that has a name."""
    for interface in configuration.root.find("interface"):
        named = interface.first("nameif")
        if named is not None and named.words[1] == nameif:
            return interface
    return None


# Commands whose parameter is the name of an interface: the words before it, and which parameter it is.
_NAMES = {"mtu": 0, "route": 0, "ipv6 route": 0, "crypto ikev2 enable": 0, "crypto ikev1 enable": 0,
          "tunnel source interface": 0}  # fmt: skip


def check_names(parsed: Parsed, configuration: Configuration) -> None:
    """Refuse a command that names an interface, a profile, a proposal or a group that does not exist."""
    words, root = parsed.words, configuration.root
    pattern = section(parsed.rule)
    name = None
    if pattern in _NAMES and parsed.values:
        name = parsed.values[_NAMES[pattern]]
    elif words[:2] == ("crypto", "map") and words[3:4] == ("interface",):
        name = words[4]
    elif words[0] == "access-group" and "interface" in words:
        name = words[words.index("interface") + 1]
    if words[0] == "access-group" and root.first("access-list", words[1]) is None:
        raise RefusedCommandError(f"ERROR: access-list <{words[1]}> does not exist")
    if name is not None and interface_of(configuration, name) is None:
        raise RefusedCommandError(marker(parsed, words.index(name)))
    if parsed.rule.name == "tunnel-protection" and root.first("crypto", "ipsec", "profile", words[-1]) is None:
        raise RefusedCommandError(f"ERROR: IPsec profile {words[-1]} does not exist.")
    if parsed.rule.name == "tunnel-group-part" and not _has_group(root, words[1]):
        raise RefusedCommandError(f"ERROR: tunnel-group {words[1]} does not exist")
    for kind in ("ipsec-proposal", "transform-set"):
        if kind in words[:-1] and ("set" in words or "map" in words) and words[:2] != ("crypto", "ipsec"):
            for each in words[words.index(kind) + 1 :]:
                version = "ikev2" if kind == "ipsec-proposal" else "ikev1"
                if root.first("crypto", "ipsec", version, kind, each) is None:
                    label = "ipsec proposal" if kind == "ipsec-proposal" else "transform set"
                    raise RefusedCommandError(f'ERROR: {label} with tag "{each}" does not exist.')


def _has_group(root: Line, name: str) -> bool:
    return name in DEFAULT_GROUPS or root.first("tunnel-group", name, "type") is not None


def incomplete(entry: list[Line]) -> bool:
    """Whether a crypto map entry lacks a peer, an access list or a proposal."""
    has = {" ".join(line.words[4:6]) for line in entry} | {" ".join(line.words[5:7]) for line in entry}
    peer = any(line.words[5:6] == ("peer",) for line in entry)
    proposal = {"ikev1 transform-set", "ikev2 ipsec-proposal"} & has
    return not (peer and "match address" in has and proposal)


def refuse_default_group(name: str) -> None:
    """The built-in tunnel groups stay."""
    if name in DEFAULT_GROUPS:
        raise RefusedCommandError(f"ERROR: Default tunnel group {name} cannot be removed")


def _everything(line: Line) -> Iterator[Line]:
    for child in line.children:
        yield child
        yield from _everything(child)


def _users(configuration: Configuration, own: Line, *, after: str, name: str) -> Iterator[Line]:
    """The lines that refer to a name by `after NAME`."""
    wanted = after.split()
    for line in _everything(configuration.root):
        words = line.text.split()
        if line is own or (words[:1] == ["access-list"] and words[2:3] == ["remark"]):
            continue
        for at in range(len(words) - len(wanted)):
            if words[at : at + len(wanted)] == wanted and name in words[at + len(wanted) :]:
                yield line
                break


def refuse_in_use(line: Line, configuration: Configuration, among: list[Line] | None = None) -> None:
    """Refuse to remove what another line refers to, unless that goes too."""
    kind, name = line.rule.name, line.values[-1] if line.values else ""

    def used(after: str, label: str = name) -> bool:
        users = _users(configuration, line, after=after, name=label)
        return any(each not in (among or ()) for each in users)

    if kind == "object-group":
        name = line.words[2]
        if used("object-group", name) or used("group-object", name):
            raise RefusedCommandError(f"Removing object-group ({name}) not allowed, it is being used.")
    elif kind == "object":
        users = [each for each in _users(configuration, line, after="object", name=name) if each.rule.name != "object"]
        if users:
            raise RefusedCommandError(f"ERROR: unable to delete object ({name}). object is being used.")
    elif kind == "access-list":
        name = line.words[1]
        going = among or [line]
        left = [each for each in configuration.root.find("access-list", name) if each not in going]
        if configuration.root.first("access-group", name) and not any(
            not each.words[2].startswith("remark") for each in left
        ):
            raise RefusedCommandError(f"Removing access-list ({name}) not allowed, it is being used.")
    elif kind == "in-use":
        words = line.words
        name = words[3] if words[2] == "profile" else words[4]
        after = {"profile": "ipsec profile", "ipsec-proposal": "set ikev2 ipsec-proposal"}.get(
            words[2] if words[2] == "profile" else words[3], "set ikev1 transform-set"
        )
        label = "IPsec profile" if words[2] == "profile" else words[3]
        # Crypto maps lose it instead: see `forget_proposals`.
        if any(not each.text.startswith("crypto map ") for each in _users(configuration, line, after=after, name=name)):
            raise RefusedCommandError(f"ERROR: {label} {name} is in use and cannot be removed")


_PROPOSALS = re.compile(r"(crypto (?:dynamic-)?map \S+ \d+ set ikev([12]) (?:transform-set|ipsec-proposal)) (.+)")


def forget_proposals(configuration: Configuration, reparse: Callable[[str], Parsed]) -> None:
    """Take transform sets and proposals that are gone, or have no encryption any more, out of crypto maps.

    With its only element a transform set or proposal goes from crypto maps, too: Cisco ASA 5500 Series Configuration
    Guide using the CLI, "Configuring IPsec", page 64-20.
    """
    root = configuration.root
    ikev1 = {line.words[4] for line in root.find("crypto", "ipsec", "ikev1", "transform-set")}
    ikev2 = {
        line.words[4]
        for line in root.find("crypto", "ipsec", "ikev2", "ipsec-proposal")
        if line.first("protocol", "esp", "encryption") is not None
    }
    for number, line in reversed(list(enumerate(root.children))):
        if (found := _PROPOSALS.fullmatch(line.text)) is None:
            continue
        names = found[3].split()
        left = [name for name in names if name in (ikev1 if found[2] == "1" else ikev2)]
        if left and left != names:
            line.parsed = reparse(f"{found[1]} {' '.join(left)}")
        elif not left:
            del root.children[number]


def rename(new: str, configuration: Configuration) -> None:
    """After a name was given: forget what referred to a name that no longer exists."""
    forget_names(configuration, keep=new)


def forget_names(configuration: Configuration, keep: str = "") -> None:
    """Remove the lines that refer to interface names which no longer exist, as the device does."""
    root = configuration.root
    names = {keep} | {named.words[1] for each in root.find("interface") if (named := each.first("nameif")) is not None}

    def orphan(line: Line) -> bool:
        pattern, words = section(line.rule), line.words
        if pattern in _NAMES and line.values:
            return line.values[_NAMES[pattern]] not in names
        if words[:2] == ("crypto", "map") and words[3:4] == ("interface",):
            return words[4] not in names
        return words[0] == "access-group" and "interface" in words and words[words.index("interface") + 1] not in names

    root.children[:] = [each for each in root.children if not orphan(each)]
