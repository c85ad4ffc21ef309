"""Whose a line of an ASA's configuration is that Routebook does not write: of which feature, by its first words.

The words are those of the Cisco ASA Series Command Reference.
"""

import re

COMMENT = "comments and blank lines"

# Patterns of first words, with blanks between them; `_` is a blank in one.
_FEATURES = {
    "Routebook's record of what is its own": "access-list_ROUTEBOOK",
    "BGP": "router_bgp",
    "BGP's settings of the device": "bgp-community",
    "another routing protocol": "router_(?:ospf|ospfv3|eigrp|rip|isis) ipv6_router key_chain",
    "prefix lists": "prefix-list ipv6_prefix-list",
    "lists of BGP": "as-path community-list policy-list",
    "route maps": "route-map",
    "static routes": "route ipv6_route sla_monitor track",
    "interfaces": (
        "interface mtu bridge-group mac-address channel-group nve vxlan vtep zone management-interface lacp"
    ),
    "objects and names": "object object-group object-group-search name names time-range",
    "access lists": r"access-list access-group ipv6_access-list access-list-\S+",
    "address translation": "nat global static alias xlate pat-pool nat-control",
    "VPN and certificates": (
        r"crypto isakmp tunnel-group tunnel-group-map tunnel-group-list group-policy vpn\S* webvpn l2tp "
        r"anyconnect\S* ip_local_pool ipv6_local_pool vpdn dynamic-access-policy-record\S* sysopt cts "
        r"group-url-\S+"
    ),
    "inspection": (
        "class-map policy-map service-policy threat-detection tcp-map dynamic-filter regex sfr cxsc ips "
        r"shun url-\S+ filter flow-export flow-offload\S* conn\S* fragment set_connection scansafe "
        "established priority-queue gtp-map traffic-forward dns-group dns-group-map umbrella-global sctp-map m3ua "
        r"diameter\S* tls-proxy phone-proxy ctl-\S+ media-\S+"
    ),
    "access to the device": (
        "aaa aaa-server username user-identity user-statistics enable passwd privilege ssh telnet http "
        r"console ldap saml quota password-policy password auth-prompt virtual kerberos\S* ssl "
        "management-access prompt pager terminal banner imi-traffic-descriptor"
    ),
    "monitoring and the device itself": (
        "logging snmp-server snmp-map smtp-server call-home service event asdm ntp clock coredump "
        r"crashinfo jumbo-frame monitor\S* profile hpm license boot config-register hostname app-agent "
        r"checkheaps hw-module module power ftp tftp-server file-\S+ client-\S+"
    ),
    "failover": "failover cluster monitor-interface prompt",
    "the device's own settings": (
        r"dhcpd dhcprelay dns domain-name ddns ip ipv6 icmp arp arp-\S+ multicast-routing pim igmp mroute "
        "mfib wccp same-security-traffic firewall timeout mac-list mac-learn mac-address-table bfd "
        r"bfd-template policy-route dhcp\S* mount auto-update admin-context context resource mode fips "
        "class pki"
    ),
}
_BY_WORDS = tuple(
    (re.compile(rf"(?:no )?(?:{'|'.join(words.split()).replace('_', ' ')})(?= |$)"), whose)
    for whose, words in _FEATURES.items()
)


def whose(line: str, outer: str) -> str:
    """Whose a command is, by the top-level line that it is in, or itself; nothing for one that no ASA has."""
    if not line:
        return COMMENT
    return next((name for pattern, name in _BY_WORDS if pattern.match(outer or line)), "")
