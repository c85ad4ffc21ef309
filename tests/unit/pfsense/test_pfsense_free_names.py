"""Names of policies are free: what is recorded is ours, what somebody else has made stays and is named."""

import pytest

from routebook.device.candidate import Section
from routebook.device.errors import CandidateError
from routebook.platforms.pfsense import manifest
from routebook.platforms.pfsense.adoption import adopted
from routebook.platforms.pfsense.difference import difference, foreign
from routebook.platforms.pfsense.ownership import Path
from routebook.platforms.pfsense.tree import Element, parse

OWNS = (
    "installedpackages/frrbgpneighbors/config where descr RB *",
    "installedpackages/frrbgp/config/row",
    "installedpackages/frrglobalprefixes/config where name *",
    "installedpackages/frrglobalroutemaps/config where name *",
    "installedpackages/frrbgpcommunities/config where name *",
)
LISTS: Path = ("installedpackages", "frrglobalprefixes", "config")
MAPS: Path = ("installedpackages", "frrglobalroutemaps", "config")
ROWS: Path = ("installedpackages", "frrbgp", "config", "row")


def prefix_list(name: str, prefix: str = "10.0.0.0/8", more: str = "") -> str:
    row = f"<row><seq>5</seq><action>permit</action><source>{prefix}</source><any></any>{more}</row>"
    return f"<frrglobalprefixes><config><iptype>IPv4</iptype><name>{name}</name>{row}</config></frrglobalprefixes>"


def route_map(name: str, *seqs: int) -> str:
    entries = (
        f"<config><name>{name}</name><action>permit</action><seq>{seq}</seq><acl_match>none</acl_match></config>"
        for seq in seqs
    )
    return f"<frrglobalroutemaps>{''.join(entries)}</frrglobalroutemaps>"


def neighbor(descr: str, peer: str = "192.0.2.1", more: str = "") -> str:
    return (
        f"<frrbgpneighbors><config><peer>{peer}</peer><descr>{descr}</descr><asnum>64500</asnum>{more}</config>"
        "</frrbgpneighbors>"
    )


def networks(*prefixes: str, asn: int = 64512) -> str:
    rows = "".join(f"<row><distributeroutevalue>{each}</distributeroutevalue></row>" for each in prefixes)
    return f"<frrbgp><config><asnum>{asn}</asnum>{rows}</config></frrbgp>"


def there(*texts: str) -> Element:
    return parse(f"<pfsense><installedpackages>{''.join(texts)}</installedpackages></pfsense>")


def bgp(*texts: str, adopt: tuple[str, ...] = ()) -> Section:
    text = f"<installedpackages>{''.join(texts)}</installedpackages>"
    own = (pattern for name in adopt for pattern in adopted(name, "bgp", text))
    return Section("bgp", "bgp", text, (*OWNS, *own))


def after(running: Element, *texts: str, adopt: tuple[str, ...] = ()) -> Element:
    delta = difference(running, [bgp(*texts, adopt=adopt)], "frr", record=True)
    return delta.after if delta else running


def names(root: Element, path: Path) -> list[str]:
    return [entry.value("name") for entry in manifest.entries(root, path)]


def originated(root: Element) -> list[str]:
    return [row.value("distributeroutevalue") for row in manifest.entries(root, ROWS)]


def test_a_policy_of_ours_has_any_name_and_goes_when_it_is_not_intended_any_more() -> None:
    made = after(there(), prefix_list("OWN"))
    assert names(after(made, networks()), LISTS) == []
    assert after(made, prefix_list("OWN")) is made


def test_somebody_elses_policies_stay_and_are_named() -> None:
    running = there(prefix_list("THEIRS"), route_map("THEIR-MAP", 10, 20), neighbor("transit"))
    changed = after(running, prefix_list("OWN"))
    assert names(changed, LISTS) == ["THEIRS", "OWN"]
    said = ["neighbor transit", "prefix-list THEIRS", "route-map THEIR-MAP"]
    assert list(foreign(running, [bgp(prefix_list("OWN"))], "frr")) == said
    assert list(foreign(changed, [bgp(prefix_list("OWN"))], "frr")) == said


def test_a_name_of_somebody_elses_is_refused_until_it_is_adopted() -> None:
    running = there(prefix_list("OWN", "172.16.0.0/12"))
    with pytest.raises(CandidateError, match=r"OWN is somebody else's.*`adopt: \[prefix-list OWN\]`"):
        after(running, prefix_list("OWN"))
    changed = after(running, prefix_list("OWN"), adopt=("prefix-list OWN",))
    assert manifest.entries(changed, LISTS)[0].value("row", "source") == "10.0.0.0/8"
    assert "frrglobalprefixes OWN" in manifest.read(changed)["bgp"]


def test_what_means_the_same_is_taken_over_without_a_word() -> None:
    running = there(prefix_list("OWN", more="<ge></ge><le></le>").replace("<iptype>", "<descr></descr><iptype>"))
    assert after(running, prefix_list("OWN")) is running


def test_entries_are_added_to_no_route_map_of_somebody_else() -> None:
    with pytest.raises(CandidateError, match=r"MAP 10 is somebody else's.*`adopt: \[route-map MAP\]`"):
        after(there(route_map("MAP", 10)), route_map("MAP", 20))
    changed = after(there(route_map("MAP", 10)), route_map("MAP", 20), adopt=("route-map MAP",))
    assert [entry.value("seq") for entry in manifest.entries(changed, MAPS)] == ["20"]


def test_a_firewall_of_an_earlier_version_has_an_empty_plan_and_is_known_by_its_names() -> None:
    running = there(prefix_list("RB-OWN"), neighbor("RB a"), networks("10.1.0.0/16", "10.2.0.0/16"))
    same = (prefix_list("RB-OWN"), neighbor("RB a"), networks("10.1.0.0/16", "10.2.0.0/16"))
    assert after(running, *same) is running
    changed = after(running, neighbor("RB a"), networks("10.1.0.0/16"))
    assert names(changed, LISTS) == []
    assert originated(changed) == ["10.1.0.0/16"]


def test_a_record_of_an_earlier_version_is_of_all_networks() -> None:
    made = after(there(), neighbor("RB a"), networks("10.1.0.0/16", "10.2.0.0/16"))
    for item in [each for each in manifest.entries(made, manifest.PATH) if " network " in each.text]:
        made.made(*manifest.PATH[:-1]).children.remove(item)
    assert originated(after(made, neighbor("RB a"), networks("10.1.0.0/16"))) == ["10.1.0.0/16"]


def test_networks_of_somebody_else_are_announced_as_before_and_ours_go() -> None:
    running = there(networks("10.9.0.0/16"), neighbor("transit"))
    made = after(running, networks("10.1.0.0/16"))
    assert originated(made) == ["10.9.0.0/16", "10.1.0.0/16"]
    assert "network 10.9.0.0/16" in list(foreign(made, [bgp(networks("10.1.0.0/16"))], "frr"))
    assert originated(after(made, networks())) == ["10.9.0.0/16"]


def test_the_as_of_somebody_elses_sessions_is_not_changed_under_them() -> None:
    with pytest.raises(CandidateError, match=r"AS 64512 runs there, with what is somebody else's \(neighbor transit\)"):
        after(there(networks(), neighbor("transit")), networks(asn=64513))


def test_an_adopted_neighbor_that_means_the_same_keeps_its_description_and_stays_ours() -> None:
    running = there(neighbor("Transit NO", more="<weight></weight><routemap_in>none</routemap_in>"))
    same = neighbor("RB edge--transit", more="<nexthopself>disabled</nexthopself>")
    assert after(running, same, adopt=("neighbor Transit NO",)) is running
    assert after(running, same, adopt=("neighbor 192.0.2.1",)) is running
    changed = after(running, same, prefix_list("OWN"), adopt=("neighbor Transit NO",))
    assert "frrbgpneighbors Transit NO" in manifest.read(changed)["bgp"]
    assert after(changed, same, prefix_list("OWN")) is changed
    other = after(changed, neighbor("RB edge--transit", more="<passive>on</passive>"), prefix_list("OWN"))
    entries = manifest.entries(other, ("installedpackages", "frrbgpneighbors", "config"))
    assert [entry.value("descr") for entry in entries] == ["RB edge--transit"]


def test_a_policy_that_somebody_elses_neighbor_names_is_left_to_them() -> None:
    made = after(there(), prefix_list("OWN"), neighbor("RB a", more="<prefixfilter_out>OWN</prefixfilter_out>"))
    theirs = parse(f"<pfsense>{neighbor('theirs', '192.0.2.9', '<prefixfilter_in>OWN</prefixfilter_in>')}</pfsense>")
    made.made("installedpackages", "frrbgpneighbors").children.append(theirs.children[0].children[0])
    delta = difference(made, [bgp(neighbor("RB a"))], "frr", record=True)
    assert names(delta.after, LISTS) == ["OWN"]
    assert delta.left == ("prefix-list OWN",)
    assert "frrglobalprefixes OWN" not in manifest.read(delta.after)["bgp"]
