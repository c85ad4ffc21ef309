"""Who saved a pfSense's configuration last, from config.xml."""

import pytest

from routebook.platforms.pfsense.revision import written
from routebook.platforms.pfsense.tree import parse

FORM = (
    "<?xml version='1.0'?>\n<pfsense><revision><time>{}</time><username><![CDATA[{}]]></username></revision></pfsense>"
)


def test_the_last_revision_says_who_and_when() -> None:
    shown = written(parse(FORM.format("1700000000", "admin@192.168.1.5 (Local Database)")))
    assert shown == "saved on 2023-11-14 at 22:13:20 UTC by admin@192.168.1.5 (Local Database)"


@pytest.mark.parametrize("stamp", ["", "soon", "99999999999999999", "-1", "٣"])
def test_a_revision_without_a_time_says_nothing(stamp: str) -> None:
    assert written(parse(FORM.format(stamp, "admin"))) == ""
