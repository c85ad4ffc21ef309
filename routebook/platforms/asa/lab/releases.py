"""What ASA's releases do differently: which defaults they show, what they know, and what they remark.

Where each is known from: docs/platforms/asa-truths.md.
"""

import re

Release = tuple[int, int]

# From this release on, what is not said is DH group 14; before it, group 2.
_GROUP_14: Release = (9, 13)
_PFS = re.compile(r"((?:crypto map \S+ \d+ )?set pfs) group(\d+)")
# What is shown shorter than it was typed.
_SHORTER = (
    re.compile(r"(neighbor \S+ maximum-prefix \d+) 75"),
    re.compile(r"(isakmp keepalive threshold \d+) retry 2"),
    re.compile(r"(neighbor \S+ timers \d+ \d+) 0"),
)
# What is not shown at all.
_HIDDEN = re.compile(r"neighbor \S+ timers 60 180|isakmp keepalive threshold 10")

# The DH groups that came and went: `crypto ikev2 policy` and `set pfs` know no others.
_GROUPS_SINCE = {"15": (9, 13), "16": (9, 13), "31": (9, 16)}
_GROUPS_UNTIL = {"2": (9, 15), "5": (9, 15), "24": (9, 15)}


def default_group(release: Release) -> str:
    """The DH group where none is configured."""
    return "14" if release >= _GROUP_14 else "2"


def as_shown(text: str, release: Release) -> str:
    """A command as the running configuration shows it; empty for one that it does not show."""
    if (pfs := _PFS.fullmatch(text)) is not None and pfs[2] == default_group(release):
        return pfs[1]
    for pattern in _SHORTER:
        if (found := pattern.fullmatch(text)) is not None:
            text = found[1]
    return "" if _HIDDEN.fullmatch(text) else text


def unknown_group(text: str, release: Release) -> str:
    """The word of a command that names a DH group which the release does not have; empty if there is none."""
    words = text.split()
    if words[:1] == ["group"]:
        named = words[1:]
    elif words[-2:-1] == ["pfs"]:
        named = [words[-1]]
    else:
        return ""
    for word in named:
        number = word.removeprefix("group")
        if release < _GROUPS_SINCE.get(number, (0, 0)) or release >= _GROUPS_UNTIL.get(number, (99, 0)):
            return word
    return ""


def policy_defaults(kind: str, release: Release) -> tuple[str, ...]:
    """What the device shows in a new IKE policy before anything is set."""
    group = default_group(release)
    cipher = "aes-256" if release >= _GROUP_14 else "3des"
    if kind == "ikev2-policy":
        return (f"encryption {cipher}", "integrity sha", f"group {group}", "prf sha", "lifetime seconds 86400")
    if kind == "ikev1-policy":
        return ("authentication pre-share", f"encryption {cipher}", "hash sha", f"group {group}", "lifetime 86400")
    return ()
