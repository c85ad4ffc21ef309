"""A firewall's config.xml as its web interface would have written it, with entries made by hand."""

from routebook.device.candidate import Section

SECRET = "Gr33n&Blue<Red>"

CONFIG = """<?xml version="1.0"?>
<pfsense>
	<version>22.9</version>
	<system>
		<hostname>home-fw1</hostname>
		<domain>example.net</domain>
		<user>
			<name>admin</name>
			<bcrypt-hash>$2y$10$abcdefghijk</bcrypt-hash>
		</user>
	</system>
	<interfaces>
		<wan>
			<enable></enable>
			<if>vtnet0</if>
			<descr><![CDATA[Caf&eacute; &amp; WAN]]></descr>
		</wan>
	</interfaces>
	<ipsec>
		<phase1>
			<ikeid>1</ikeid>
			<iketype>ikev2</iketype>
			<remote-gateway>203.0.113.7</remote-gateway>
			<pre-shared-key>by-hand</pre-shared-key>
			<descr><![CDATA[office]]></descr>
		</phase1>
		<phase1>
			<ikeid>4</ikeid>
			<remote-gateway>192.0.2.9</remote-gateway>
			<pre-shared-key>old-secret</pre-shared-key>
			<descr><![CDATA[RB home-ch-edge1]]></descr>
		</phase1>
		<phase2>
			<ikeid>1</ikeid>
			<uniqid>5f0000000000a</uniqid>
			<mode>tunnel</mode>
			<reqid>7</reqid>
			<descr><![CDATA[office]]></descr>
		</phase2>
		<phase2>
			<ikeid>4</ikeid>
			<uniqid>5f0000000000b</uniqid>
			<mode>vti</mode>
			<reqid>2</reqid>
			<descr><![CDATA[RB home-ch-edge1 1]]></descr>
		</phase2>
		<mobilekey>
			<pre-shared-key>roaming</pre-shared-key>
		</mobilekey>
	</ipsec>
	<installedpackages>
		<package>
			<name>OpenBGPD</name>
		</package>
		<openbgpd>
			<config>
				<asnum>64512</asnum>
				<holdtime>90</holdtime>
				<row><networks>192.168.1.0/24</networks></row>
			</config>
		</openbgpd>
		<openbgpdneighbors>
			<config>
				<descr><![CDATA[by hand]]></descr>
				<neighbor>192.168.1.99</neighbor>
				<row><parameters>remote-as</parameters><parmvalue>64599</parmvalue></row>
			</config>
			<config>
				<descr><![CDATA[RB home-k8s1]]></descr>
				<neighbor>192.168.1.11</neighbor>
				<row><parameters>remote-as</parameters><parmvalue>64512</parmvalue></row>
			</config>
		</openbgpdneighbors>
	</installedpackages>
	<revision>
		<time>1732000000</time>
		<description><![CDATA[admin@192.168.1.5 (Local Database): by hand]]></description>
		<username><![CDATA[admin@192.168.1.5]]></username>
	</revision>
</pfsense>
"""

TUNNELS = """<ipsec>
  <phase1>
    <descr>RB home-no-edge1</descr>
    <remote-gateway>198.51.100.5</remote-gateway>
    <pre-shared-key>Gr33n&amp;Blue&lt;Red&gt;</pre-shared-key>
    <startaction>start</startaction>
  </phase1>
  <phase1>
    <descr>RB home-ch-edge1</descr>
    <remote-gateway>192.0.2.9</remote-gateway>
    <pre-shared-key>new-secret</pre-shared-key>
  </phase1>
  <phase2>
    <descr>RB home-no-edge1 1</descr>
    <mode>vti</mode>
  </phase2>
  <phase2>
    <descr>RB home-ch-edge1 1</descr>
    <mode>vti</mode>
  </phase2>
</ipsec>
"""

NEIGHBORS = """<installedpackages>
  <openbgpd>
    <config>
      <asnum>64512</asnum>
      <routerid>10.255.5.1</routerid>
      <row><networks>192.168.1.0/24</networks></row>
      <row><networks>10.255.5.1/32</networks></row>
    </config>
  </openbgpd>
  <openbgpdneighbors>
    <config>
      <descr>RB home-k8s1</descr>
      <neighbor>192.168.1.11</neighbor>
      <row><parameters>remote-as</parameters><parmvalue>64513</parmvalue></row>
    </config>
    <config>
      <descr>RB home-k8s2</descr>
      <neighbor>192.168.1.12</neighbor>
      <row><parameters>remote-as</parameters><parmvalue>64512</parmvalue></row>
    </config>
  </openbgpdneighbors>
</installedpackages>
"""


def ipsec(text: str = TUNNELS) -> Section:
    """The tunnels, owned as the templates do."""
    owns = ("ipsec/phase1 where descr RB *", "ipsec/phase2 where descr RB *")
    return Section("ipsec", "ipsec", text, owns)


def bgp(text: str = NEIGHBORS) -> Section:
    """The neighbors, owned as the templates do."""
    owns = (
        "installedpackages/openbgpdneighbors/config where descr RB *",
        "installedpackages/openbgpd/config/row",
        "installedpackages/frrbgpneighbors/config where descr RB *",
        "installedpackages/frrglobalprefixes/config where name RB-*",
    )
    return Section("bgp", "bgp", text, owns)
