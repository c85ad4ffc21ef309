"""What the tests bring to a firewall: a tunnel and neighbors, as the templates render them."""

from routebook.device.candidate import Section
from tests.lab.pfsense_driver.firewall import bgp, ipsec

PSK = "a-key-that-nobody-may-see"


def neighbor(name: str, address: str, remote_as: int, *, password: str = "", local: str = "") -> str:
    """A neighbor of the OpenBGPD package."""
    rows = [("remote-as", str(remote_as)), ("holdtime", "30"), *([("local-address", local)] if local else [])]
    written = "".join(f"<row><parameters>{key}</parameters><parmvalue>{value}</parmvalue></row>" for key, value in rows)
    return (
        f"<config><descr>RB {name}</descr><neighbor>{address}</neighbor><md5sigkey></md5sigkey>"
        f"<md5sigpass>{password}</md5sigpass><groupname></groupname>{written}</config>"
    )


def openbgpd(*neighbors: str, asn: int = 64512, networks: tuple[str, ...] = ("10.1.0.0/24",)) -> Section:
    """BGP by the OpenBGPD package."""
    rows = "".join(f"<row><networks>{network}</networks></row>" for network in networks)
    return bgp(
        f"<installedpackages><openbgpd><config><asnum>{asn}</asnum><routerid>10.1.0.1</routerid>{rows}</config></openbgpd>"
        f"<openbgpdneighbors>{''.join(neighbors)}</openbgpdneighbors></installedpackages>"
    )


def frr_neighbor(name: str, address: str, remote_as: int, *, hold_time: int = 30) -> str:
    """A neighbor of the FRR package."""
    return (
        f"<config><peer>{address}</peer><descr>RB {name}</descr><peergroup>none</peergroup><password></password>"
        f"<password_type>none</password_type><asnum>{remote_as}</asnum><updatesource_type>ipv4</updatesource_type>"
        f"<updatesource>default</updatesource><sendcommunity>both</sendcommunity><nexthopself>disabled</nexthopself>"
        f"<timers_keepalive>{hold_time // 3}</timers_keepalive><timers_holdtime>{hold_time}</timers_holdtime>"
        "<distribute_in>none</distribute_in><distribute_out>none</distribute_out><prefixfilter_in>none</prefixfilter_in>"
        "<prefixfilter_out>none</prefixfilter_out><aspathfilter_in>none</aspathfilter_in>"
        "<aspathfilter_out>none</aspathfilter_out><routemap_in>none</routemap_in><routemap_out>none</routemap_out>"
        "<unsuppressmap>none</unsuppressmap></config>"
    )


def frr(*neighbors: str, asn: int = 64512) -> Section:
    """BGP by the FRR package."""
    return bgp(
        "<installedpackages><frr><config><enable>on</enable><routerid>10.1.0.1</routerid></config></frr>"
        f"<frrbgp><config><enable>on</enable><asnum>{asn}</asnum><routerid>10.1.0.1</routerid>"
        "<row><distributeroutevalue>10.1.0.0/24</distributeroutevalue><distributeroutemap>none</distributeroutemap></row>"
        f"</config></frrbgp><frrbgpneighbors>{''.join(neighbors)}</frrbgpneighbors></installedpackages>"
    )


def tunnel(
    name: str = "home-edge", *, psk: str = PSK, remote: str = "192.0.2.2", starts: bool = True, lifetime: int = 28800
) -> str:
    """A phase 1 and a routed phase 2."""
    action = "start" if starts else "none"
    return f"""<phase1><descr>RB {name}</descr><iketype>ikev2</iketype><interface>wan</interface>
    <protocol>inet</protocol><remote-gateway>{remote}</remote-gateway>
    <authentication_method>pre_shared_key</authentication_method><pre-shared-key>{psk}</pre-shared-key>
    <myid_type>address</myid_type><myid_data>192.0.2.1</myid_data>
    <peerid_type>address</peerid_type><peerid_data>{remote}</peerid_data>
    <encryption><item><encryption-algorithm><name>aes256gcm</name><keylen>128</keylen></encryption-algorithm>
      <hash-algorithm>sha256</hash-algorithm><prf-algorithm>sha256</prf-algorithm><dhgroup>14</dhgroup></item></encryption>
    <prfselect_enable>yes</prfselect_enable><lifetime>{lifetime}</lifetime><nat_traversal>on</nat_traversal>
    <mobike>off</mobike><startaction>{action}</startaction><closeaction>{action}</closeaction></phase1>
  <phase2><descr>RB {name} 1</descr><mode>vti</mode>
    <localid><type>network</type><address>10.255.200.0</address><netbits>31</netbits></localid>
    <remoteid><type>address</type><address>10.255.200.1</address></remoteid><protocol>esp</protocol>
    <encryption-algorithm-option><name>aes256gcm</name><keylen>128</keylen></encryption-algorithm-option>
    <pfsgroup>14</pfsgroup><lifetime>3600</lifetime></phase2>"""


def tunnels(*written: str) -> Section:
    """IPsec with these tunnels."""
    return ipsec(f"<ipsec>{''.join(written)}</ipsec>")
