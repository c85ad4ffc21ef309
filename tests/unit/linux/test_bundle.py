"""One text carries a host's whole configuration, there and back."""

import pytest

from routebook.device import bundle
from routebook.device.errors import CandidateError
from routebook.device.values import Snapshot

TEXT = """#@ owns /etc/swanctl/*
#@ frr
router bgp 65550
 bgp router-id 192.0.2.1
#@ file /etc/swanctl/conf.d/x.conf mode 0640
connections {
}
"""


def test_parts_and_ownership_are_read() -> None:
    sections = bundle.read(TEXT, None).sections(replace=True)
    assert [(section.part, section.owns, oct(section.mode)) for section in sections] == [
        ("frr", ("*",), "0o600"),
        ("/etc/swanctl/conf.d/x.conf", ("/etc/swanctl/conf.d/x.conf",), "0o640"),
        ("/etc/swanctl/*", ("/etc/swanctl/*",), "0o600"),
    ]
    assert sections[0].text == "router bgp 65550\n bgp router-id 192.0.2.1\n"


def test_merging_owns_nothing() -> None:
    assert all(section.owns == () for section in bundle.read(TEXT, None).sections(replace=False))


def test_what_is_written_is_read_back() -> None:
    parts = {"/etc/swanctl/a.conf": "a = 1\n", "frr": "line\n"}
    text = bundle.write(parts, {"/etc/swanctl/a.conf": "0644 root root"}, ("/etc/swanctl/*",))
    found = bundle.read(text, None)
    assert {part.name: part.text for part in found.parts} == parts
    assert found.owns == ["/etc/swanctl/*"]
    assert {part.name: part.mode for part in found.parts} == {"frr": 0o600, "/etc/swanctl/a.conf": 0o644}


def test_a_text_without_headers_is_the_only_part() -> None:
    (part,) = bundle.read("router bgp 1\n", "frr").parts
    assert (part.name, part.text) == ("frr", "router bgp 1\n")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("router bgp 1\n", "line 1: this host has several parts"),
        ("#@ file relative\n", "line 1: `#@ file relative` is not understood"),
        ("#@ frr\n#@ file /x mode 9\n", "line 2: `#@ file /x mode 9` is not understood"),
        ("#@ frr\n#@ frr\n", "part frr is there twice"),
    ],
)
def test_errors_name_the_line(text: str, message: str) -> None:
    with pytest.raises(CandidateError, match=message):
        bundle.read(text, None)


def test_merging_into_a_file_keeps_it_and_happens_once() -> None:
    path = "/etc/swanctl/x.conf"
    snapshot = Snapshot({path: "a = 1\n"}, {path: "0644 root root"})
    brought = bundle.read(f"#@ file {path}\nb = 2\n", None)
    (part,) = bundle.merged(brought, snapshot).parts
    assert (part.text, part.mode) == ("a = 1\nb = 2\n", 0o644)
    (again,) = bundle.merged(brought, Snapshot({path: part.text}, snapshot.attributes)).parts
    assert again.text == part.text
