"""Whether a device is back at its snapshot is told by what its configuration means."""

from custom_napalm.contract import Snapshot
from routebook.restoring import differing

BEFORE = Snapshot({"config": "changed on Monday\nhostname a\n"}, {"config": "0644 root root"}, "hostname a")


def test_another_time_of_the_last_change_is_no_difference() -> None:
    assert (
        differing(BEFORE, Snapshot({"config": "changed on Tuesday\nhostname a\n"}, BEFORE.attributes, "hostname a"))
        == []
    )


def test_another_meaning_or_another_mode_is_one() -> None:
    other = Snapshot({"config": "changed on Monday\nhostname b\n"}, BEFORE.attributes, "hostname b")
    assert differing(BEFORE, other) == ["config"]
    assert differing(BEFORE, Snapshot(BEFORE.parts, {"config": "0600 root root"}, BEFORE.fingerprint)) == ["config"]


def test_without_fingerprints_the_text_counts() -> None:
    assert differing(Snapshot({"config": "a"}), Snapshot({"config": "b"})) == ["config"]
