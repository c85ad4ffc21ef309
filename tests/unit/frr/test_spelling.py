"""Lines that newer releases of FRR spell differently are sent, compared and removed in the device's own words."""

import pytest

from routebook.platforms.frr.spelling import spelled_for

OLD = "rpki\n rpki cache 192.0.2.1 323 preference 1\n rpki cache rtr.example.net 8282 preference 2\nexit\n"
NEW = "rpki\n rpki cache tcp 192.0.2.1 323 preference 1\n rpki cache tcp rtr.example.net 8282 preference 2\nexit\n"


@pytest.mark.parametrize(
    ("head", "candidate", "spelled"),
    [
        ("frr version 8.4.4\n", OLD, OLD),
        ("frr version 9.1.2\n", OLD, OLD),
        ("", OLD, OLD),
        ("frr version 10.3\n", OLD, NEW),
        ("frr version 10.6.0-dev\n", OLD, NEW),
        ("frr version 10.3\n", NEW, NEW),
        ("frr version 10.3\n", "no " + OLD.splitlines()[1].strip(), "no rpki cache tcp 192.0.2.1 323 preference 1"),
        ("frr version 10.3\n", "rpki\n rpki cache ssh 192.0.2.1 22 u k h preference 1\nexit\n", None),
        ("frr version 10.3\n", "route-map RB-A deny 1\n match rpki invalid\nexit\n", None),
    ],
)
def test_an_rpki_cache_has_its_transport_where_the_release_wants_it(
    head: str, candidate: str, spelled: str | None
) -> None:
    assert spelled_for(f"!\n{head}frr defaults traditional\n", candidate) == (spelled or candidate)
