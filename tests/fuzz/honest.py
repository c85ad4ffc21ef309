"""What three honest devices answer: a Linux host with FRR and strongSwan, an ASA, a pfSense. The fuzzer spoils it."""

import base64
import json
import zlib
from dataclasses import dataclass
from typing import Any

NEIGHBOR = {
    "remoteAs": 64496, "localAs": 65550, "nbrExternalLink": True, "localRouterId": "10.255.0.1",
    "hostLocal": "192.0.2.2", "remoteRouterId": "192.0.2.1", "bgpState": "Established", "bgpTimerUpMsec": 90000,
    "bgpTimerHoldTimeMsecs": 180000,
    "connectionsEstablished": 1, "connectionsDropped": 0, "lastResetDueTo": "No AFI/SAFI activated for peer",
    "lastNotificationReason": "", "lastErrorCodeSubcode": "", "nbrDesc": "upstream",
    "neighborCapabilities": {"multiprotocolExtensions": {"ipv4Unicast": {"advertisedAndReceived": True}}},
    "addressFamilyInfo": {"ipv4Unicast": {"acceptedPrefixCounter": 3, "sentPrefixCounter": 1,
                                          "routeMapForIncomingAdvertisements": "RB-IN"}},
}  # fmt: skip
SUMMARY = {"default": {"ipv4Unicast": {"routerId": "10.255.0.1", "as": 65550, "peers": {"192.0.2.1": {
    "remoteAs": 64496, "state": "Established", "pfxRcd": 3, "pfxSnt": 1}}}}}  # fmt: skip
NEIGHBORS = {"default": {"vrfId": 0, "vrfName": "default", "192.0.2.1": NEIGHBOR}}
RUNNING = """Building configuration...

Current configuration:
!
frr version 8.4.4
hostname edge1
service integrated-vtysh-config
!
router bgp 65550
 bgp router-id 10.255.0.1
 neighbor 192.0.2.1 remote-as 64496
 neighbor 192.0.2.1 description upstream
exit
!
end
"""
SA = """list-sa event {
  office {
    uniqueid = 1
    version = 2
    state = ESTABLISHED
    local-host = 192.0.2.2
    local-id = edge1
    remote-host = 203.0.113.7
    remote-id = office
    initiator = yes
    initiator-spi = 0011223344556677
    responder-spi = 8899aabbccddeeff
    encr-alg = AES_GCM_16
    encr-keysize = 256
    prf-alg = PRF_HMAC_SHA2_256
    dh-group = MODP_2048
    established = 100
    child-sas {
      office-1 {
        name = office
        state = INSTALLED
        spi-in = c0000001
        spi-out = c0000002
        encr-alg = AES_GCM_16
        encr-keysize = 256
        bytes-in = 100
        packets-in = 1
        bytes-out = 100
        packets-out = 1
        install-time = 100
        local-ts = [
          10.3.0.0/16
        ]
        remote-ts = [
          10.9.0.0/16
        ]
      }
    }
  }
}
list-sas reply {
}
"""
CONFIG = """<?xml version="1.0"?>
<pfsense>
	<version>22.9</version>
	<system><hostname>fw2</hostname><domain>example.net</domain></system>
	<interfaces><wan><if>vtnet0</if><descr><![CDATA[WAN]]></descr></wan></interfaces>
	<ipsec></ipsec>
	<installedpackages>
		<package><name>FRR</name></package>
		<frr><config><enable>on</enable></config></frr>
	</installedpackages>
</pfsense>
"""
ASA_CONFIG = """: Saved

:
: Serial Number: 9ALAB000001
: Hardware:   ASAv, 2048 MB RAM, CPU Xeon 5500 series 2294 MHz
:
ASA Version 9.16(4)
!
hostname fw1
names
!
interface GigabitEthernet0/0
 nameif outside
 security-level 0
 ip address 192.0.2.3 255.255.255.0
!
router bgp 65550
 bgp log-neighbor-changes
 bgp router-id 10.255.0.2
!
Cryptochecksum:00000000000000000000000000000000
: end
"""
ASA = {
    "show version": "Cisco Adaptive Security Appliance Software Version 9.16(4)\n\nfw1 up 3 hours 2 mins\n\n"
    "Hardware:   ASAv, 2048 MB RAM, CPU Xeon 5500 series 2294 MHz,\nSerial Number: 9ALAB000001\n",
    "show failover": "Failover Off \nFailover unit Secondary\nFailover LAN Interface: not Configured\n",
    "more system:running-config": ASA_CONFIG,
    "dir disk0:/": "\nDirectory of disk0:/\n\nNo files in directory\n\n8571076608 bytes total (8549208064 free)\n",
    "show event manager": "",
    "show bgp summary": "% BGP not active\n",
    "show bgp ipv6 unicast summary": "",
    "show bgp neighbors": "",
    "show crypto ikev2 sa detail": "There are no IKEv2 SAs\n",
    "show crypto isakmp sa detail": "There are no IKEv1 SAs\n",
    "show crypto ikev1 sa detail": "There are no IKEv1 SAs\n",
    "show crypto ipsec sa": "There are no ipsec sas\n",
    "show ssh sessions": "",
    "show names": "",
    "write memory": "Building configuration...\n[OK]\n",
}  # fmt: skip


@dataclass(frozen=True)
class Answer:
    """What a script prints, and how it ends. `before` comes ahead of the script's own output."""

    stdout: bytes = b""
    stderr: bytes = b""
    status: int = 0
    before: bytes = b""


def linux(script: str) -> Answer:
    """The answer to a script of the Linux drivers."""
    before = b""
    if "-greeting\n" in script:
        token = script.partition("-greeting\n")[0].rpartition("echo ")[2]
        before = f"{token}-greeting\nhostname edge1\nserial 0123456789abcdef0123456789abcdef\n".encode()
    return Answer(_linux(script).encode(), before=before)


def _linux(script: str) -> str:
    if "show bgp vrf all summary json" in script:
        return f" zebra bgpd bfdd watchfrr\n{json.dumps(SUMMARY)}\n{json.dumps(NEIGHBORS)}\n{RUNNING}"
    if "show daemons" in script:
        boots = f"/etc/frr/frr.conf\x1d640 frr frr\x1d{RUNNING}\x1d"
        return f" zebra bgpd bfdd watchfrr\n{RUNNING}\x1dzebra\nbgpd\n\x1d0\n\x1d{boots}"
    if "--list-sas" in script:
        return SA
    if "--list-conns" in script:
        return "loaded\n"
    if "SSH_CONNECTION" in script:
        return '127.0.0.1 40000 127.0.0.1 22\n[{"dst": "127.0.0.1", "dev": "lo", "protocol": "kernel"}]\n'
    return ""


def pfsense(request: dict[str, Any]) -> dict[str, Any]:
    """The result of the program on a pfSense."""
    match request.get("action"):
        case "read":
            packed = base64.b64encode(zlib.compress(CONFIG.encode())).decode()
            return {"config": packed, "packages": ["frr"], "release": "2.7.2-RELEASE"}
        case "pending":
            return {"live": None, "ended": []}
        case "locked" | "lock":
            return {"holder": None}
        case "reached":
            return {"address": "127.0.0.1", "client": "127.0.0.1", "route": "  interface: lo0\n flags: <UP,HOST,DONE>"}
    return {}
