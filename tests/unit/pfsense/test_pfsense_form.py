"""What the device compares is what its own system makes of a file by writing and reading it, with real PHP.

The parser is the lab's, as each release has it, and a real pfSense's where ROUTEBOOK_PFSENSE_INCLUDES names its files.
"""

import base64
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from routebook.platforms import pfsense
from routebook.platforms.pfsense import lab as lab_pfsense
from routebook.platforms.pfsense.tree import fingerprint, parse

DEVICE = Path(pfsense.__file__).parent / "device"
LAB = Path(lab_pfsense.__file__).parent / "system/etc/inc"
REAL = os.environ.get("ROUTEBOOK_PFSENSE_INCLUDES", "")
SYSTEM = """
if (!function_exists('gettext')) { function gettext($text) { return $text; } }
function g_get($name, $default = null) { return $default; }
$config = [];
function lab_generation() { return GENERATION; }
function log_error($text) {}
function logger($level, $text) {}
function localize_text($text) { return $text; }
function config_get_path($path, $default = null) {
    $found = $GLOBALS['config'];
    foreach (explode('/', $path) as $step) {
        if (!is_array($found) || !array_key_exists($step, $found)) { return $default; }
        $found = $found[$step];
    }
    return $found === '' && $default !== null ? $default : $found;
}
function config_set_path($path, $value) {
    $at = &$GLOBALS['config'];
    foreach (explode('/', $path) as $step) {
        if (empty($at[$step])) { $at[$step] = []; }
        $at = &$at[$step];
    }
    $at = $value;
}
function config_del_path($path) {
    $steps = explode('/', $path);
    $last = array_pop($steps);
    $at = &$GLOBALS['config'];
    foreach ($steps as $step) {
        if (!is_array($at) || !isset($at[$step])) { return; }
        $at = &$at[$step];
    }
    if (is_array($at)) { unset($at[$last]); }
}
"""

pytestmark = pytest.mark.skipif(shutil.which("php") is None, reason="needs PHP")


@pytest.fixture(params=[27, 28, 29, pytest.param(0, marks=pytest.mark.skipif(not REAL, reason="no real includes"))])
def release(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[int, Path]:
    """A release's number, 0 for the real one, and where its parser is."""
    generation = int(request.param)
    (tmp_path / "lab.inc").write_text("<?php\n")
    source = LAB if generation else Path(REAL)
    found = next(iter([*source.rglob("xmlparse.inc")]))
    (tmp_path / "xmlparse.inc").write_bytes(found.read_bytes())
    return generation, tmp_path


def php(release: tuple[int, Path], program: str, *, text: str = "") -> Any:
    """What a program that has the device's functions returns; $text is a configuration."""
    pieces = [SYSTEM.replace("GENERATION", str(release[0]))]
    pieces += [(DEVICE / f"{name}.php").read_text().removeprefix("<?php\n") for name in ("answer", "config")]
    pieces.append(f"$text = base64_decode(getenv('TEXT'));\nrequire_once 'xmlparse.inc';\n{program}")
    done = subprocess.run(
        ["php", "-d", f"include_path={release[1]}", "-d", "display_errors=stderr", "-d", "error_reporting=4437"],
        input="<?php\n" + "\n".join(pieces),
        env={"PATH": os.environ["PATH"], "TEXT": base64.b64encode(text.encode()).decode()},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def of(inner: str) -> str:
    return f'<?xml version="1.0"?>\n<pfsense>{inner}</pfsense>\n'


@pytest.mark.parametrize(
    ("written", "stays"),
    [
        ("<system><dnsserver></dnsserver><hostname>fw</hostname></system>", "<system><hostname>fw</hostname></system>"),
        ("<system><dnsserver/></system>", "<system></system>"),
        ("<a><group><member></member><name>all</name></group></a>", "<a><group><name>all</name></group></a>"),
        ("<a><rule><source><item></item></source></rule></a>", "<a><rule><source></source></rule></a>"),
        ("<a><group><member></member></group><b>1</b></a>", "<a><b>1</b></a>"),
        ("<a><row>1</row><row></row><row>2</row></a>", "<a><row>1</row><row>2</row></a>"),
        ("<a><b>  </b></a>", "<a><b></b></a>"),
        ("<a><b> &amp;1</b></a>", "<a><b>&amp;1</b></a>"),
        ("<a><x>1\n&amp;\n2</x></a>", "<a><x>1&amp;2</x></a>"),
        ("<!-- gone --><A x='1'>1</A>", "<a>1</a>"),
        (
            "<installedpackages><frr><config><row></row></config></frr></installedpackages>",
            "<installedpackages></installedpackages>",
        ),
    ],
)
def test_what_is_read_has_the_form_that_stays(release: tuple[int, Path], written: str, stays: str) -> None:
    found = php(release, "echo json_encode(routebook_steady($text));", text=of(written))
    assert fingerprint(parse(found)) == fingerprint(parse(of(stays)))
    assert php(release, "echo json_encode(routebook_steady($text));", text=found) == found


def test_a_file_with_an_empty_list_has_the_checksum_of_what_is_written_of_it(release: tuple[int, Path]) -> None:
    text = of("<system><dnsserver></dnsserver><timezone>x</timezone></system><ipsec></ipsec><revision>1</revision>")
    program = (
        "$tree = routebook_parse_text($text); $again = routebook_parse_text(dump_xml_config($tree, 'pfsense'));"
        "echo json_encode([$tree === $again, routebook_sum($tree) === routebook_sum($again)]);"
    )
    assert php(release, program, text=text) == [False, True]


def test_an_edit_meets_its_entry_behind_one_that_is_not_written(release: tuple[int, Path]) -> None:
    text = of("<ipsec><phase1></phase1><phase1><ikeid>1</ikeid><descr>by hand</descr></phase1></ipsec>")
    program = (
        "$config = routebook_canonical(routebook_parse_text($text));"
        "routebook_edit([['do' => 'put', 'path' => 'ipsec/phase1', 'at' => 0, 'key' => [['descr', 'by hand']],"
        " 'value' => [['ikeid', '1'], ['descr', 'by hand'], ['lifetime', '5']]]]);"
        "echo json_encode($config['ipsec']['phase1']);"
    )
    assert php(release, program, text=text) == [{"ikeid": "1", "descr": "by hand", "lifetime": "5"}]


@pytest.mark.parametrize("package", ["frr", "openbgpd"])
def test_undoing_leaves_nothing(release: tuple[int, Path], package: str) -> None:
    program = f"""
        $config = $before = routebook_canonical(routebook_parse_text($text));
        $set = fn ($tag) => ['do' => 'set', 'path' => "installedpackages/{package}/config/0/$tag", 'tag' => $tag,
            'values' => ['x']];
        $unset = fn ($tag) => ['do' => 'unset', 'path' => "installedpackages/{package}/config/0/$tag"];
        $entry = ['path' => 'installedpackages/{package}neighbors/config', 'key' => [['descr', 'RB a']]];
        routebook_edit([$set('enable'), $set('routerid'),
            ['do' => 'put', 'at' => null, 'value' => [['descr', 'RB a']]] + $entry]);
        $between = routebook_sum($config);
        routebook_edit([['do' => 'drop', 'at' => 'find'] + $entry, $unset('routerid'), $unset('enable')]);
        echo json_encode([$config === $before, $between === routebook_sum($before)]);
    """
    text = of(
        "<system><hostname>fw</hostname></system><installedpackages><package><name>x</name></package></installedpackages>"
    )
    assert php(release, program, text=text) == [True, False]
