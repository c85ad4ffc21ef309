"""Whether a device is back at its snapshot: by its text, or where that is never the same again, by what it means."""

from routebook.device.values import Snapshot
from routebook.run.restore import differing

MONDAY = Snapshot({"config": "changed on Monday\nhostname a\n"}, fingerprint="hostname a", exact=False)


def test_another_time_of_the_last_change_is_no_difference() -> None:
    tuesday = Snapshot({"config": "changed on Tuesday\nhostname a\n"}, fingerprint="hostname a", exact=False)
    assert differing(MONDAY, tuesday) == []


def test_another_meaning_is_one() -> None:
    other = Snapshot({"config": "changed on Monday\nhostname b\n"}, fingerprint="hostname b", exact=False)
    assert differing(MONDAY, other) == ["config"]


def test_where_texts_are_exact_another_mode_is_one() -> None:
    before = Snapshot({"config": "a"}, {"config": "0644 root root"}, "a")
    assert differing(before, Snapshot({"config": "a"}, {"config": "0600 root root"}, "a")) == ["config"]
