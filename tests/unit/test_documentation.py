"""What the documentation points at is there."""

import re
from pathlib import Path

import pytest

from tests.networks.example import CHECKOUT

PAGES = [Path("README.md"), *sorted(page.relative_to(CHECKOUT) for page in CHECKOUT.glob("docs/**/*.md"))]
RELIABILITY = (CHECKOUT / "docs/reliability.md").read_text()


@pytest.mark.parametrize("named", sorted(set(re.findall(r"`(tests/[^`]+)`", RELIABILITY))))
def test_the_tests_that_hold_the_promises_exist(named: str) -> None:
    file, *names = named.split("::")
    text = (CHECKOUT / file).read_text()
    for name in names:
        assert re.search(rf"(?m)^ *(?:def|class) {name}\b", text), f"docs/reliability.md names {named}"


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    text = (CHECKOUT / page).read_text()
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", text):
        assert (CHECKOUT / page.parent / target).exists(), f"{page} links to {target}"
