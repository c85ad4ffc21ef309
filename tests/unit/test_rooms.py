"""The rooms of the library: no vendor's name outside of the platforms, one direction of imports, and no circle."""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.networks.project import Project

ROOT = Path(__file__).parents[2]
PLATFORMS = ROOT / "routebook" / "platforms"
VENDORS = (
    "adaptive security appliance", "asa", "asas", "bgpd", "bird", "charon", "cilium", "cisco", "frr", "frrouting",
    "gobgp", "ios", "juniper", "junos", "libreswan", "netgate", "nxos", "openbgpd", "openswan", "opnsense", "pfsense",
    "quagga", "routeros", "strongswan", "swanctl", "vici", "vtysh", "vyos", "watchfrr", "zebra",
    "nameif", "crypto map", "crypto_map", "config.xml", "frr.conf", "swanctl.conf",
)  # fmt: skip
_VENDOR = re.compile(rf"(?<![a-z])({'|'.join(map(re.escape, VENDORS))})(?![a-z])", re.IGNORECASE)
# What may be named all the same: pages for operators, and what netmiko is asked for.
_PAGES = re.compile(r"docs/platforms/\w+\.md")

# What each room may import of the others (docs/decisions/rooms.md says why).
ARROWS: dict[str, set[str]] = {
    "errors": set(),
    "device": {"errors"},
    "intent": {"errors"},
    "redaction": set(),
    "transport": {"device", "errors"},
    "checks": {"device", "intent", "errors"},
    "safety": {"checks", "device", "intent", "errors"},
    "project": {"device", "intent", "redaction", "errors"},
    "report": {"checks", "device", "intent", "project", "redaction", "errors"},
    "run": {"checks", "device", "errors", "intent", "project", "redaction", "report", "safety"},
    "importing": {"device", "errors", "intent", "project", "redaction"},
    "platforms": {"device", "errors", "importing", "intent", "transport"},
    "cli": {"checks", "device", "errors", "importing", "intent", "project", "redaction", "report", "run", "safety"},
    "__main__": {"cli"},
}


@cache
def modules() -> dict[str, Path]:
    """The modules of the library, of the lab and of NAPALM's adapters, by name. Files for devices are none of them."""
    found: dict[str, Path] = {}
    for folder in ("routebook", "lab", "custom_napalm"):
        for path in (ROOT / folder).rglob("*.py"):
            parts = path.relative_to(ROOT).with_suffix("").parts
            if all(part.isidentifier() for part in parts):
                found[".".join(parts).removesuffix(".__init__")] = path
    return found


@cache
def imports() -> dict[str, set[str]]:
    """The modules that each one imports, wherever in it."""
    return {name: set(_imported(path)) - {name} for name, path in modules().items()}


def _imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                names.append(full if full in modules() else node.module)
        yield from (name for name in names if name in modules())


def room(module: str) -> str:
    """The room of a module: its folder in routebook, or the package that it is of."""
    parts = module.split(".")
    return parts[1] if parts[0] == "routebook" and len(parts) > 1 else parts[0]


def test_no_vendor_is_named_outside_of_the_platforms() -> None:
    found = []
    for path in sorted((ROOT / "routebook").rglob("*")):
        if not path.is_file() or PLATFORMS in path.parents or "__pycache__" in path.parts or "skeleton" in path.parts:
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if name := _VENDOR.search(_PAGES.sub("", line)):
                found.append(f"{path.relative_to(ROOT)}:{number}: {name[1]}")
    assert found == []


def test_the_lab_names_no_platform_that_it_plays() -> None:
    """It starts daemons itself; devices are played by what their folders name. The demo tells of the example's."""
    name = re.compile(r"(?<![a-z])(asas?|pfsense|cisco|netgate|cilium)(?![a-z])", re.IGNORECASE)
    files = [path for path in sorted((ROOT / "lab").glob("*.py")) if path.name != "demo.py"]
    assert [path.name for path in files if name.search(path.read_text())] == []


@pytest.mark.parametrize(
    "line", ["# as an ASA shows it", "two ASAs", 'if platform == "pfsense":', "FRR's bgpd", "show_frr_x"]
)
def test_a_vendors_name_is_found_in_code_and_in_words(line: str) -> None:
    assert _VENDOR.search(line)


@pytest.mark.parametrize("line", ["please", "a phase", "radios", "service"])
def test_an_ordinary_word_is_no_vendor(line: str) -> None:
    assert not _VENDOR.search(line)


def test_imports_go_one_way() -> None:
    against = [
        f"{name} imports {other}"
        for name, others in sorted(imports().items())
        if name.startswith("routebook.")
        for other in sorted(others)
        if other.startswith("routebook.") and room(other) not in {room(name), *ARROWS[room(name)]}
    ]
    assert against == []


def test_the_library_imports_neither_the_lab_nor_napalms_adapters() -> None:
    against = [
        f"{name} imports {other}"
        for name, others in sorted(imports().items())
        if name.startswith("routebook.") and not name.startswith("routebook.cli") and ".lab" not in name
        for other in sorted(others)
        if not other.startswith("routebook")
    ]
    assert against == []


def test_the_arrows_themselves_have_no_circle() -> None:
    def beneath(name: str, above: tuple[str, ...]) -> None:
        assert name not in above, f"{' → '.join((*above, name))}"
        for other in ARROWS[name]:
            beneath(other, (*above, name))

    for name in ARROWS:
        beneath(name, ())


def test_every_room_has_its_arrows() -> None:
    assert {room(name) for name in modules() if name.startswith("routebook.")} == set(ARROWS)


def test_no_module_imports_itself_by_way_of_others() -> None:
    """Each circle has a module that leads back to itself: found by walking from each one."""
    circles = []
    for start in modules():
        reached: set[str] = set()
        ahead = [*imports()[start]]
        while ahead:
            name = ahead.pop()
            if name not in reached:
                reached.add(name)
                ahead += imports()[name]
        if start in reached:
            circles.append(start)
    assert circles == []


_CHECK = """\
import sys
from routebook.cli import main
sys.argv = ["routebook", "--project", sys.argv[1], "check"]
try:
    main()
except SystemExit as end:
    print(end.code, *sys.modules, file=sys.__stderr__)
"""


def test_a_project_imports_only_the_platforms_that_it_uses(tmp_path: Path) -> None:
    project = Project(tmp_path)  # of edges
    done = subprocess.run(
        [sys.executable, "-c", _CHECK, str(project.folder)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    code, *imported = done.stderr.splitlines()[-1].split()
    assert code == "0"
    platforms = {name for name in imported if name.startswith("routebook.platforms.")}
    assert "routebook.platforms.edge.platform" in platforms
    assert {name.split(".")[2] for name in platforms} <= {"edge", "frr", "strongswan"}
    assert [name for name in platforms if name.endswith((".driver", ".component"))] == []
    assert {"napalm", "netmiko", "paramiko", "scrapli", "custom_napalm"}.isdisjoint(imported)
