"""A firewall's config.xml as the web interface of pfSense and of its FRR package write it, in pieces."""

SECRETS = {
    "bcrypt": "$2y$10$abcdefghijklmnopqrstuvABCDEFGHIJKLMNOPQRSTUV0123456789ab",
    "password": "s3cr3t-session",
    "psk": "pre-shared-s3cr3t",
    "radius": "radius-s3cr3t",
    "prv": "LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0tCmFiY2RlZgotLS0tLUVORCBQUklWQVRFIEtFWS0tLS0tCg==",
}

SYSTEM = f"""\
	<system>
		<optimization>normal</optimization>
		<hostname>fw1</hostname>
		<domain>example.net</domain>
		<dnsserver></dnsserver>
		<user>
			<name>admin</name>
			<descr><![CDATA[System Administrator]]></descr>
			<bcrypt-hash>{SECRETS["bcrypt"]}</bcrypt-hash>
		</user>
		<authserver>
			<radius_secret><![CDATA[{SECRETS["radius"]}]]></radius_secret>
		</authserver>
	</system>
"""

INTERFACES = """\
	<interfaces>
		<wan>
			<enable></enable>
			<if>vtnet0</if>
			<descr><![CDATA[WAN]]></descr>
			<ipaddr>198.51.100.1</ipaddr>
			<subnet>30</subnet>
			<ipaddrv6>2001:db8:1::1</ipaddrv6>
			<subnetv6>64</subnetv6>
		</wan>
		<lan>
			<enable></enable>
			<if>vtnet1</if>
			<ipaddr>10.1.0.1</ipaddr>
			<subnet>24</subnet>
		</lan>
		<opt1>
			<if>vtnet2</if>
			<ipaddr>dhcp</ipaddr>
		</opt1>
	</interfaces>
"""


def neighbor(peer: str, descr: str, asnum: str, more: str = "") -> str:
    """A neighbor with every field of the form; `more` are fields that are not as it comes."""
    fields = {
        "peer": peer, "descr": f"<![CDATA[{descr}]]>", "peergroup": "none", "shutdown": "", "shutdownmessage": "",
        "password": "", "password_type": "none", "asnum": asnum, "localas_num": "", "updatesource_type": "ipv4",
        "updatesource": "default", "grmode": "default", "bothaf": "", "sendcommunity": "both",
        "nexthopself": "disabled", "softreconfigurationinbound": "", "timers_keepalive": "", "timers_holdtime": "",
        "timers_connect": "", "bfd_peer": "default", "defaultoriginate": "no", "defaultoriginateroutemap": "none",
        "distribute_in": "none", "distribute_out": "none", "prefixfilter_in": "none", "prefixfilter_out": "none",
        "aspathfilter_in": "none", "aspathfilter_out": "none", "routemap_in": "none", "routemap_out": "none",
        "unsuppressmap": "none", "passive": "", "weight": "", "addpathtxallpaths": "", "ttlsecurityhops": "",
        "ebgpmultihop": "", "maximumprefix_num": "", "allowasin": "disabled", "capability_orf": "none",
        "routeclient_reflector": "",
    }  # fmt: skip
    for pair in filter(None, more.split(";")):
        tag, _, value = pair.partition("=")
        fields[tag] = value
    return (
        "\t\t\t<config>\n"
        + "".join(f"\t\t\t\t<{tag}>{text}</{tag}>\n" for tag, text in fields.items())
        + ("\t\t\t</config>\n")
    )


def prefix_list(name: str, *rows: str, family: str = "IPv4") -> str:
    """A prefix list; a row is `10 permit 10.0.0.0/8 ge le`."""
    text = f"\t\t\t<config>\n\t\t\t\t<iptype>{family}</iptype>\n\t\t\t\t<name>{name}</name>\n\t\t\t\t<descr></descr>\n"
    for row in rows:
        seq, action, source, ge, le = [*row.split(), "", ""][:5]
        anything = "on" if source == "any" else ""
        text += (
            f"\t\t\t\t<row>\n\t\t\t\t\t<seq>{seq}</seq>\n\t\t\t\t\t<action>{action}</action>\n"
            f"\t\t\t\t\t<source>{'' if anything else source}</source>\n\t\t\t\t\t<any>{anything}</any>\n"
            f"\t\t\t\t\t<ge>{ge.removeprefix('-')}</ge>\n\t\t\t\t\t<le>{le}</le>\n\t\t\t\t</row>\n"
        )
    return f"{text}\t\t\t</config>\n"


def route_map(name: str, action: str, seq: int, more: str = "") -> str:
    """An entry of a route map with every field of the form."""
    fields = {
        "name": name, "descr": "", "action": action, "seq": str(seq), "call": "none", "exitaction": "none",
        "acl_match": "none", "prefix_match": "none", "nexthop_action": "none", "nexthop_peer": "none",
        "nexthop_acl": "none", "nexthop_pl": "none", "metric_action": "none", "metric_value": "", "weight": "",
        "localpref_action": "none", "localpref_value": "", "aspath_action": "none", "aspath_match": "none",
        "aspath_value": "", "community_action": "none", "community_match": "none", "community_set": "",
        "community_additive": "", "origin_action": "none", "origin_value": "", "source_proto": "none",
        "tag_action": "none", "tag_value": "",
    }  # fmt: skip
    for pair in filter(None, more.split(";")):
        tag, _, value = pair.partition("=")
        fields[tag] = value
    inner = "".join(f"\t\t\t\t<{tag}>{text}</{tag}>\n" for tag, text in fields.items())
    return f"\t\t\t<config>\n{inner}\t\t\t</config>\n"


def community_list(name: str, *communities: str) -> str:
    """A standard community list."""
    rows = "".join(
        f"<row><seq>{10 * number}</seq><action>permit</action><community>{each}</community></row>\n"
        for number, each in enumerate(communities, 1)
    )
    return f"\t\t\t<config>\n<name>{name}</name>\n<descr></descr><listtype>standard</listtype>\n{rows}\t\t\t</config>\n"


def area(tag: str, *entries: str) -> str:
    """A list of a package."""
    return f"\t\t<{tag}>\n{''.join(entries)}\t\t</{tag}>\n" if entries else f"\t\t<{tag}></{tag}>\n"


def settings(*networks: str, asn: str = "64500", router_id: str = "10.255.0.1", more: str = "") -> str:
    """The settings of FRR and of BGP."""
    rows = "".join(
        f"\t\t\t\t<row>\n\t\t\t\t\t<distributeroutevalue>{each}</distributeroutevalue>\n"
        "\t\t\t\t\t<distributeroutemap>none</distributeroutemap>\n\t\t\t\t</row>\n"
        for each in networks
    )
    return (
        f"\t\t<frr>\n\t\t\t<config>\n\t\t\t\t<enable>on</enable>\n\t\t\t\t<password>vtysh-pw-s3cr3t</password>\n"
        f"\t\t\t\t<routerid>{router_id}</routerid>\n\t\t\t</config>\n\t\t</frr>\n"
        f"\t\t<frrbgp>\n\t\t\t<config>\n\t\t\t\t<enable>on</enable>\n\t\t\t\t<adjacencylog>on</adjacencylog>\n"
        f"\t\t\t\t<asnum>{asn}</asnum>\n\t\t\t\t<redistributeconnectedsubnets>no</redistributeconnectedsubnets>\n"
        f"\t\t\t\t<redistributestatic>no</redistributestatic>\n{more}{rows}\t\t\t</config>\n\t\t</frrbgp>\n"
    )


def config(packages: str, *, ipsec: str = "", interfaces: str = INTERFACES, more: str = "") -> str:
    """A whole config.xml."""
    return (
        '<?xml version="1.0"?>\n<pfsense>\n\t<version>22.9</version>\n'
        f"{SYSTEM}{interfaces}{ipsec}"
        f"\t<cert>\n\t\t<refid>5f</refid>\n\t\t<prv>{SECRETS['prv']}</prv>\n\t</cert>\n{more}"
        "\t<installedpackages>\n\t\t<package>\n\t\t\t<name>frr</name>\n\t\t</package>\n"
        f"{packages}\t</installedpackages>\n</pfsense>\n"
    )


POLICIES = area(
    "frrglobalprefixes",
    prefix_list("OWN", "10 permit 203.0.113.0/24"),
    prefix_list("FROM-TRANSIT", "5 deny 203.0.113.0/24 - 32", "10 permit any"),
) + area("frrglobalroutemaps", route_map("TO-TRANSIT", "permit", 10, "prefix_match=OWN"))
EDGE = config(
    settings("203.0.113.0/24")
    + area(
        "frrbgpneighbors",
        neighbor(
            "198.51.100.2",
            "Transit NO",
            "64496",
            f"prefixfilter_in=FROM-TRANSIT;routemap_out=TO-TRANSIT;password={SECRETS['password']};password_type=both-bidir",
        ),
    )
    + POLICIES
)


def phase1(descr: str, gateway: str, more: str = "", ikeid: int = 1, psk: str = SECRETS["psk"]) -> str:
    """A phase 1 as the form leaves it; `more` are fields that are not as it comes."""
    fields = {
        "ikeid": str(ikeid), "iketype": "ikev2", "interface": "wan", "remote-gateway": gateway, "protocol": "inet",
        "myid_type": "myaddress", "myid_data": "", "peerid_type": "peeraddress", "peerid_data": "",
        "lifetime": "28800", "rekey_time": "", "reauth_time": "", "rand_time": "", "pre-shared-key": psk,
        "private-key": "", "certref": "", "pkcs11certref": "", "pkcs11pin": "", "caref": "",
        "authentication_method": "pre_shared_key", "descr": f"<![CDATA[{descr}]]>", "nat_traversal": "on",
        "mobike": "off", "startaction": "", "closeaction": "", "dpd_delay": "10", "dpd_maxfail": "5",
        "encryption": "<item>\n<encryption-algorithm>\n<name>aes256gcm</name>\n<keylen>128</keylen>\n"
        "</encryption-algorithm>\n<hash-algorithm>sha256</hash-algorithm>\n<prf-algorithm>sha256</prf-algorithm>\n"
        "<dhgroup>14</dhgroup>\n</item>",
    }  # fmt: skip
    for pair in filter(None, more.split(";")):
        tag, _, value = pair.partition("=")
        fields[tag] = value
    return (
        "\t\t<phase1>\n" + "".join(f"\t\t\t<{tag}>{text}</{tag}>\n" for tag, text in fields.items()) + "\t\t</phase1>\n"
    )


def half(kind: str, address: str = "", bits: str = "") -> str:
    """What one end of a phase 2 has."""
    return (
        f"\n<type>{kind}</type>"
        + f"<address>{address}</address>" * bool(address)
        + f"<netbits>{bits}</netbits>" * bool(bits)
    )


def phase2(local: str, remote: str, more: str = "", ikeid: int = 1, reqid: int = 1) -> str:
    """A phase 2 as the form leaves it."""
    fields = {
        "ikeid": str(ikeid), "uniqid": f"5f00000000{reqid:03}", "mode": "tunnel", "reqid": str(reqid),
        "localid": local, "remoteid": remote, "protocol": "esp",
        "encryption-algorithm-option": "<name>aes256gcm</name><keylen>128</keylen>",
        "hash-algorithm-option": "hmac_sha256", "pfsgroup": "14", "lifetime": "3600", "rekey_time": "",
        "rand_time": "", "pinghost": "", "keepalive": "disabled", "descr": "<![CDATA[]]>",
    }  # fmt: skip
    for pair in filter(None, more.split(";")):
        tag, _, value = pair.partition("=")
        fields[tag] = value
    return (
        "\t\t<phase2>\n" + "".join(f"\t\t\t<{tag}>{text}</{tag}>\n" for tag, text in fields.items()) + "\t\t</phase2>\n"
    )


def ipsec(*entries: str) -> str:
    """The section of tunnels."""
    return f"\t<ipsec>\n{''.join(entries)}\t\t<logging></logging>\n\t</ipsec>\n"
