"""One spelling for the entries of extended access lists that mean the same.

ASA shows a name where it has one for a port or an ICMP type, whichever was typed. The names and numbers: Cisco ASA CLI
guide, "Addresses, Protocols, and Ports"; that both forms are met on devices: Netspoc-Approve, go/pkg/cisco/parse.go,
`postprocessACLParts`.
"""

from collections.abc import Mapping

# fmt: off
_PROTOCOLS = {
    "ah": "51", "ahp": "51", "eigrp": "88", "esp": "50", "gre": "47", "igmp": "2", "igrp": "9", "ipinip": "4",
    "ipsec": "50", "nos": "94", "ospf": "89", "pcp": "108", "pim": "103", "pptp": "47", "sctp": "132", "snp": "109",
    "icmp": "1", "icmp6": "58", "tcp": "6", "udp": "17",
}
_TCP = {
    "aol": 5190, "bgp": 179, "chargen": 19, "cifs": 3020, "citrix-ica": 1494, "cmd": 514, "ctiqbe": 2748,
    "daytime": 13, "discard": 9, "domain": 53, "echo": 7, "exec": 512, "finger": 79, "ftp": 21, "ftp-data": 20,
    "gopher": 70, "h323": 1720, "hostname": 101, "http": 80, "https": 443, "ident": 113, "imap4": 143, "irc": 194,
    "kerberos": 750, "klogin": 543, "kshell": 544, "ldap": 389, "ldaps": 636, "login": 513, "lotusnotes": 1352,
    "lpd": 515, "msrpc": 135, "netbios-ssn": 139, "nfs": 2049, "nntp": 119, "pcanywhere-data": 5631,
    "pim-auto-rp": 496, "pop2": 109, "pop3": 110, "pptp": 1723, "rsh": 514, "rtsp": 554, "sip": 5060, "smtp": 25,
    "sqlnet": 1521, "ssh": 22, "sunrpc": 111, "tacacs": 49, "talk": 517, "telnet": 23, "time": 37, "uucp": 540,
    "whois": 43, "www": 80,
}
_UDP = {
    "biff": 512, "bootpc": 68, "bootps": 67, "cifs": 3020, "discard": 9, "dns": 53, "dnsix": 195, "domain": 53,
    "echo": 7, "http": 80, "isakmp": 500, "kerberos": 750, "mobile-ip": 434, "nameserver": 42, "netbios-dgm": 138,
    "netbios-ns": 137, "netbios-ss": 139, "nfs": 2049, "non500-isakmp": 4500, "ntp": 123, "pcanywhere-status": 5632,
    "pim-auto-rp": 496, "radius": 1645, "radius-acct": 1646, "rip": 520, "ripng": 521, "ripv6": 521,
    "secureid-udp": 5510, "sip": 5060, "snmp": 161, "snmptrap": 162, "sunrpc": 111, "syslog": 514, "tacacs": 49,
    "talk": 517, "tftp": 69, "time": 37, "vxlan": 4789, "who": 513, "www": 80, "xdmcp": 177,
}
_ICMP = {
    "echo-reply": "0", "unreachable": "3", "source-quench": "4", "redirect": "5", "alternate-address": "6", "echo": "8",
    "router-advertisement": "9", "router-solicitation": "10", "time-exceeded": "11", "parameter-problem": "12",
    "timestamp-request": "13", "timestamp-reply": "14", "information-request": "15", "information-reply": "16",
    "mask-request": "17", "mask-reply": "18", "traceroute": "30", "conversion-error": "31", "mobile-redirect": "32",
}
_ICMP6 = {
    "unreachable": "1", "packet-too-big": "2", "time-exceeded": "3", "parameter-problem": "4", "echo": "128",
    "echo-reply": "129", "membership-query": "130", "membership-report": "131", "membership-reduction": "132",
    "router-solicitation": "133", "router-advertisement": "134", "neighbor-solicitation": "135",
    "neighbor-advertisement": "136", "neighbor-redirect": "137", "router-renumbering": "138",
}
_LEVELS = {
    "emergencies": "0", "alerts": "1", "critical": "2", "errors": "3", "warnings": "4", "notifications": "5",
    "informational": "6", "debugging": "7",
}
# fmt: on
_TWO_WORDS = (
    "object",
    "object-group",
    "object-group-user",
    "object-group-security",
    "security-group",
    "user",
    "user-group",
    "host",
)  # fmt: skip
_PORT_WORDS = ("eq", "neq", "lt", "gt")


def plain_entry(line: str) -> str:
    """`access-list X extended permit tcp any4 host 10.0.0.1 eq https` with numbers, whatever stands there.

    A line that is no entry of an extended list, or that is written as none is, comes back as it is.
    """
    words = line.split()
    if len(words) < 5 or words[2] != "extended":
        return line
    head, rest = words[:4], words[4:]
    try:
        return " ".join([*head, *_rest(rest)])
    except IndexError:
        return line


def _rest(words: list[str]) -> list[str]:
    found: list[str] = []
    at = 2 if words[0] in _TWO_WORDS else 1
    protocol = words[0] if at == 1 else ""
    protocol = {number: name for name, number in _PROTOCOLS.items()}.get(protocol, protocol)
    found += words[:at] if at == 2 else [_PROTOCOLS.get(protocol, protocol)]
    ports: Mapping[str, int] = {"tcp": _TCP, "udp": _UDP}.get(protocol, {})
    while at < len(words):
        word = words[at]
        if word in _PORT_WORDS or word == "range":
            count = 2 if word == "range" else 1
            found += [word, *(str(ports.get(port, port)) for port in words[at + 1 : at + 1 + count])]
            at += 1 + count
        elif word in ("log", "log-input"):
            level = words[at + 1] if at + 1 < len(words) else ""
            known = level in _LEVELS or level in _LEVELS.values()
            number = _LEVELS.get(level, level) if known else "6"
            found += [word, *([] if number == "6" else [number])]  # 6 is the default and is not shown
            at += 2 if known else 1
        elif word in _TWO_WORDS:
            found += words[at : at + 2]
            at += 2
        elif "/" in word:
            address, _, bits = word.partition("/")
            found += {"0": ["any6"], "128": ["host", address]}.get(bits, [word])
            at += 1
        elif word.count(".") == 3 and at + 1 < len(words) and words[at + 1].count(".") == 3:
            mask = words[at + 1]
            found += {"0.0.0.0": ["any4"], "255.255.255.255": ["host", word]}.get(mask, [word, mask])
            at += 2
        else:
            found.append(({"icmp": _ICMP, "icmp6": _ICMP6}.get(protocol, {})).get(word, word))
            at += 1
    return found
