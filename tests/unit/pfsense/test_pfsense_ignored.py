"""What the package would ignore is refused before anything is written."""

import pytest

from routebook.device.errors import CandidateError
from routebook.platforms.pfsense.difference import difference
from routebook.platforms.pfsense.routing import refuse_ignored
from routebook.platforms.pfsense.tree import parse
from tests.unit.pfsense.configurations import CONFIG, NEIGHBORS, bgp


def test_a_raw_configuration_of_openbgpd_is_refused() -> None:
    config = CONFIG.replace("<openbgpd>", "<openbgpd><rawconfig>QVMgNjQ1MTI=</rawconfig>")
    with pytest.raises(CandidateError, match="raw configuration"):
        refuse_ignored(difference(parse(config), [bgp()], "openbgpd").after, "openbgpd")


def test_a_neighbor_in_a_group_that_does_not_exist_is_refused() -> None:
    text = NEIGHBORS.replace("<descr>RB home-k8s2</descr>", "<descr>RB home-k8s2</descr><groupname>nobody</groupname>")
    with pytest.raises(CandidateError, match="'nobody', which does not exist"):
        refuse_ignored(difference(parse(CONFIG), [bgp(text)], "openbgpd").after, "openbgpd")


def test_a_raw_configuration_of_frr_is_refused() -> None:
    config = "<pfsense><installedpackages><frrglobalraw><config><frr>aG9zdG5hbWUgeA==</frr></config></frrglobalraw>"
    with pytest.raises(CandidateError, match="raw configuration"):
        refuse_ignored(parse(config + "</installedpackages></pfsense>"), "frr")
