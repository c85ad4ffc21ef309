"""What a pfSense sends to its mate by itself when config.xml is written: nobody has confirmed it then.

write_config() has `filter sync` done in the background (carp_sync_client() in etc/inc/util.inc), which sends whole
sections over XML-RPC (etc/rc.filter_synchronize). Packages are not among them: BGP stays where it is.
"""

from collections.abc import Iterator

from routebook.platforms.pfsense.tree import Element, fingerprint

# Options below <hasync> and the sections that each sends.
_SENT = {
    "synchronizerules": ("filter", "schedules"),
    "synchronizenat": ("nat",),
    "synchronizealiases": ("aliases",),
    "synchronizedhcpd": ("dhcpd", "kea"),
    "synchronizekea6": ("dhcpdv6", "kea6"),
    "synchronizedhcrelay": ("dhcrelay",),
    "synchronizedhcrelay6": ("dhcrelay6",),
    "synchronizewol": ("wol",),
    "synchronizetrafficshaper": ("shaper",),
    "synchronizetrafficshaperlimiter": ("dnshaper",),
    "synchronizestaticroutes": ("staticroutes", "gateways"),
    "synchronizevirtualip": ("virtualip",),
    "synchronizeipsec": ("ipsec",),
    "synchronizeopenvpn": ("openvpn", "cert", "ca", "crl"),
    "synchronizecerts": ("cert", "ca", "crl"),
    "synchronizednsforwarder": ("dnsmasq", "unbound"),
    "synchronizeschedules": ("schedules",),
    "synchronizecaptiveportal": ("captiveportal",),
}


def synchronised(before: Element, after: Element) -> Iterator[str]:
    """A sentence for the mate to which sections that differ go, by the options before or after the change."""
    mates = dict.fromkeys(mate for root in (before, after) if (mate := root.value("hasync", "synchronizetoip").strip()))
    tags = {tag for root in (before, after) for tag in _sent(root) if _differs(before, after, tag)}
    for mate in mates if tags else ():
        yield (
            f"it sends {', '.join(sorted(tags))} to its mate {mate} by itself as soon as it is written (System / High "
            "Availability), before anybody has confirmed it, and again when it is taken back"
        )


def _sent(root: Element) -> set[str]:
    options = root.find("hasync") or Element("hasync")
    return {tag for option, tags in _SENT.items() if options.value(option) not in ("", "0") for tag in tags}


def _differs(before: Element, after: Element, tag: str) -> bool:
    return [fingerprint(each) for each in before.all(tag)] != [fingerprint(each) for each in after.all(tag)]
