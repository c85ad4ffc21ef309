"""Of any config.xml each line is of one class, and of any one with what is modelled the first plan is empty."""

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from routebook.importing.found import BadInputError
from routebook.importing.proof import UnwritableError
from routebook.importing.report import report_of
from tests.unit.importing.pfsense_files import area, community_list, config, neighbor, prefix_list, route_map
from tests.unit.importing.pfsense_files import settings as bgp_settings
from tests.unit.importing.read import imported

FEW = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])

TAGS = st.sampled_from(
    """\
pfsense system interfaces wan lan ipaddr subnet enable installedpackages package name frr frrbgp
frrbgpneighbors frrglobalprefixes frrglobalroutemaps frrbgpcommunities config row peer descr asnum
routerid action seq source any distributeroutevalue routemap_in prefixfilter_out listtype community
ipsec phase1 phase2 ikeid password dnsserver prv custom""".split()  # noqa: SIM905  easier to read than a list
)
TEXTS = st.sampled_from(
    ["", " ", "frr", "on", "5", "64500", "10.0.0.1", "10.0.0.0/8", "permit", "none", "IPv4", "&amp;lt;", "x\ny",
     "<![CDATA[a]]>", "<!-- c -->", "<!--\n-->", "24"]
)  # fmt: skip
SPACES = st.sampled_from(["", "\n", "\n\t", "\n\n"])


def _element(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(TAGS, st.lists(inner, max_size=4), SPACES).map(
        lambda it: f"{it[2]}<{it[0]}>{''.join(it[1])}{it[2]}</{it[0]}>"
    )


ANYTHING = st.recursive(TEXTS, _element, max_leaves=30)


@FEW
@given(st.lists(ANYTHING, max_size=5), st.booleans(), st.booleans())
def test_every_line_of_any_config_xml_is_of_one_class(parts: list[str], packaged: bool, ended: bool) -> None:
    inner = "".join(parts)
    package = "<package><name>frr</name></package>" if packaged else ""
    text = f"<pfsense><installedpackages>{package}{inner}</installedpackages>{inner}</pfsense>" + (
        "\n" if ended else ""
    )
    with tempfile.TemporaryDirectory() as folder:
        try:
            proved = imported(Path(folder), {"a/config.xml": text})
        except (BadInputError, UnwritableError):
            return
    (host,) = report_of(proved).hosts
    assert [line.number for line in host.lines] == list(range(1, len(text.splitlines()) + 1))
    assert sum(host.counts.values()) == len(host.lines)
    assert host.difference == ""


RULES = st.lists(
    st.tuples(st.sampled_from(["permit", "deny"]), st.integers(0, 15), st.sampled_from(["", "- 24", "20 24", "22"])),
    min_size=1,
    max_size=4,
)
SETS = st.sampled_from(
    ["", "metric_action=set;metric_value=5", "localpref_action=set;localpref_value=7",
     "aspath_action=setprepend;aspath_value=64500", "community_action=set;community_set=64500:2 64500:1",
     "community_action=match;community_match=MARKED"]
)  # fmt: skip
OPTIONS = st.sets(
    st.sampled_from(
        ["passive=on", "shutdown=on", "timers_keepalive=10;timers_holdtime=30", "timers_connect=5", "ebgpmultihop=3",
         "password=a-long-password;password_type=both-bidir", "softreconfigurationinbound=on", "nexthopself=enabled",
         "maximumprefix_num=100"]
    )
)  # fmt: skip


@FEW
@given(st.lists(st.tuples(RULES, SETS, OPTIONS), min_size=1, max_size=3), st.booleans(), st.booleans())
def test_of_what_is_modelled_the_first_plan_is_empty(
    peers: list[tuple[list[tuple[str, int, str]], str, set[str]]], numbered: bool, described: bool
) -> None:
    neighbors, lists, maps, interfaces = [], [], [], ""
    for number, (rules, sets, options) in enumerate(peers, 1):
        interfaces += (
            f"<opt{number}><enable></enable><ipaddr>10.9.{number}.1</ipaddr><subnet>24</subnet></opt{number}>\n"
        )
        step = 5 if numbered else 7
        lists.append(
            prefix_list(
                f"LIST-{number}",
                *(f"{step * at} {act} 192.168.{16 * net}.0/20 {more}" for at, (act, net, more) in enumerate(rules, 1)),
            ).replace("<descr></descr>", "<descr>about</descr>" if described else "")
        )
        maps += [route_map(f"IN-{number}", "permit", 10, f"prefix_match=LIST-{number};{sets}")]
        maps += [route_map(f"OUT-{number}", "deny", 10)]
        more = ";".join(sorted(options))
        policy = f"routemap_in=IN-{number};routemap_out=OUT-{number}"
        neighbors.append(neighbor(f"10.9.{number}.2", f"peer {number}", str(64600 + number), f"{policy};{more}"))
    packages = bgp_settings() + area("frrbgpneighbors", *neighbors) + area("frrglobalprefixes", *lists)
    packages += area("frrglobalroutemaps", *maps) + area("frrbgpcommunities", community_list("MARKED", "64500:1"))
    text = config(packages, interfaces=f"<interfaces>\n{interfaces}</interfaces>\n")
    with tempfile.TemporaryDirectory() as folder:
        report = report_of(imported(Path(folder), {"fw1/config.xml": text}))
    assert report.hosts[0].difference == ""
    refused = [line for line in report.hosts[0].lines if "would refuse it" in line.why]
    assert report.sessions == len(peers) or refused
