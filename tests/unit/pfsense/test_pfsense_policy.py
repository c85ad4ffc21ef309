"""The driver of pfSense says over which sessions other prefixes may go after a change, with either BGP package."""

import pytest

from routebook.platforms.pfsense.changes import consequences
from routebook.platforms.pfsense.tree import parse

INSIDE, OUTSIDE = "10.255.3.3", "203.0.113.1"
EVERY = {INSIDE, OUTSIDE}
FRR = f"""<pfsense><installedpackages>
<frr><config><enable>on</enable><routerid>10.255.5.1</routerid></config></frr>
<frrbgp><config><enable>on</enable><asnum>65550</asnum><routerid>10.255.5.1</routerid>
<row><distributeroutevalue>192.168.1.0/24</distributeroutevalue><distributeroutemap>none</distributeroutemap></row>
<row><distributeroutevalue>192.168.2.0/24</distributeroutevalue><distributeroutemap>RB-ORIGIN</distributeroutemap></row>
</config></frrbgp>
<frrbgpneighbors>
<config><peer>{INSIDE}</peer><descr>RB inside</descr><asnum>65550</asnum>
<prefixfilter_in>RB-P</prefixfilter_in></config>
<config><peer>{OUTSIDE}</peer><descr>by hand</descr><asnum>64496</asnum><routemap_in>IN</routemap_in></config>
</frrbgpneighbors>
<frrglobalprefixes>
<config><name>RB-P</name><row><source>10.0.0.0/8</source></row></config>
<config><name>RB-Q</name><row><source>10.1.0.0/16</source></row></config>
</frrglobalprefixes>
<frrglobalroutemaps>
<config><name>IN</name><seq>10</seq><match_prefix>RB-Q</match_prefix></config>
<config><name>UNUSED</name><seq>10</seq><metric>5</metric></config>
</frrglobalroutemaps>
</installedpackages></pfsense>"""
OPENBGPD = f"""<pfsense><installedpackages>
<openbgpd><config><asnum>65550</asnum><holdtime>90</holdtime>
<row><networks>192.168.1.0/24</networks></row><row><networks>192.168.2.0/24</networks></row></config></openbgpd>
<openbgpdneighbors>
<config><descr>RB inside</descr><neighbor>{INSIDE}</neighbor>
<row><parameters>remote-as</parameters><parmvalue>65550</parmvalue></row>
<row><parameters>set localpref</parameters><parmvalue>150</parmvalue></row></config>
<config><descr>by hand</descr><neighbor>{OUTSIDE}</neighbor>
<row><parameters>remote-as</parameters><parmvalue>64496</parmvalue></row></config>
</openbgpdneighbors></installedpackages></pfsense>"""
ROW = (
    "<row><distributeroutevalue>192.168.1.0/24</distributeroutevalue>"
    "<distributeroutemap>none</distributeroutemap></row>"
)


@pytest.mark.parametrize(
    ("package", "running", "old", "new", "sessions"),
    [
        ("frr", FRR, ROW, "", EVERY),
        ("frr", FRR, ">RB-ORIGIN<", ">none<", EVERY),
        ("frr", FRR, "10.0.0.0/8", "10.0.0.0/9", {INSIDE}),
        ("frr", FRR, "10.1.0.0/16", "10.1.0.0/17", {OUTSIDE}),
        ("frr", FRR, "<routemap_in>IN</routemap_in>", "", {OUTSIDE}),
        ("frr", FRR, "<metric>5</metric>", "<metric>6</metric>", set()),
        ("frr", FRR, "RB inside", "RB within", set()),
        ("frr", FRR, "<asnum>64496</asnum>", "<asnum>64469</asnum>", set()),
        ("openbgpd", OPENBGPD, "<row><networks>192.168.1.0/24</networks></row>", "", EVERY),
        ("openbgpd", OPENBGPD, "<parmvalue>150</parmvalue>", "<parmvalue>170</parmvalue>", {INSIDE}),
        ("openbgpd", OPENBGPD, "RB inside", "RB within", set()),
        ("openbgpd", OPENBGPD, "<holdtime>90</holdtime>", "<holdtime>30</holdtime>", set()),
    ],
)
def test_exactly_the_sessions_whose_prefixes_a_change_concerns_are_named(
    package: str, running: str, old: str, new: str, sessions: set[str]
) -> None:
    assert old in running
    for texts in ((running, running.replace(old, new)), (running.replace(old, new), running)):
        before, after = map(parse, texts)
        found = consequences(before, after, package, (package,)).effects
        assert {effect.subject for effect in found if effect.kind == "policy"} == sessions
