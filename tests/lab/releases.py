"""The releases that lab firewalls play in tests.

`ROUTEBOOK_ASA_RELEASE` and `ROUTEBOOK_PFSENSE_RELEASE` choose for every test that does not name one itself: a release,
or `all` (`make test-releases`). Without them a test runs on one release, or on the oldest and the newest.
"""

import os
from collections.abc import Sequence

import pytest

PLAYED = {
    "asa": ("9.8(4)", "9.12(4)", "9.16(4)", "9.20(3)", "9.22(1)"),
    "pfsense": ("2.7.0-RELEASE", "2.7.2-RELEASE", "2.8.1-RELEASE", "2.9.0-RELEASE"),
}
USUAL = {"asa": "9.16(4)", "pfsense": "2.8.1-RELEASE"}


def ends(platform: str) -> tuple[str, str]:
    """The oldest and the newest that a platform's lab plays."""
    return PLAYED[platform][0], PLAYED[platform][-1]


def chosen(platform: str, usual: Sequence[str]) -> tuple[str, ...]:
    """The releases for a test: what the variable says, or the usual ones."""
    variable = f"ROUTEBOOK_{platform.upper()}_RELEASE"
    said = os.environ.get(variable, "")
    if said and said != "all" and said not in PLAYED[platform]:
        raise pytest.UsageError(f"{variable}={said} is none of: all, {', '.join(PLAYED[platform])}")
    return PLAYED[platform] if said == "all" else (said,) if said else tuple(usual)


def asked_for(request: pytest.FixtureRequest, platform: str) -> str:
    """The release of one run of a test. A unittest.TestCase has no parameters: it runs on the first that is chosen."""
    return str(getattr(request, "param", chosen(platform, (USUAL[platform],))[0]))


def parametrize(metafunc: pytest.Metafunc, platform: str, on_both_ends: Sequence[str] = ()) -> None:
    """Run a test that asks for `asa_release` or `pfsense_release` once on each that is chosen.

    In the files `on_both_ends` these are the oldest and the newest, where nothing else is said.
    """
    fixture = f"{platform}_release"
    if fixture in metafunc.fixturenames:
        usual = ends(platform) if metafunc.definition.path.name in on_both_ends else (USUAL[platform],)
        metafunc.parametrize(fixture, chosen(platform, usual), indirect=True, scope="session")
