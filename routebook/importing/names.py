"""Names as a person would give them: peers by their descriptions, sites by their hosts, links by who is on them."""

import re
from collections.abc import Collection

_LONGEST = 40


def as_name(text: str) -> str:
    """A text as a name of the inventory: small letters, digits and single dashes. Empty where nothing is left of it."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:_LONGEST].strip("-")


def free(name: str, taken: Collection[str]) -> str:
    """The name, or with a number behind it where it is taken."""
    if name not in taken:
        return name
    return next(f"{name}-{number}" for number in range(2, 10**6) if f"{name}-{number}" not in taken)


def site_of(host: str, hosts: Collection[str]) -> str:
    """The site that a host's name speaks of: `no` of no-edge1, where every host's name is like that."""
    if len(hosts) > 1 and all("-" in name for name in hosts):
        site = host.rpartition("-")[0]
        return site if site not in hosts else f"site-{site}"
    return "main" if "main" not in hosts else "site"
