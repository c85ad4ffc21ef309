"""config.xml through the system's own functions behaves as the published source has it."""

import json

import pytest

from tests.lab.pfsense.units import Unit

PATH = "installedpackages/labtest"
BACKUPS = "ls /cf/conf/backup/config-*.xml 2>/dev/null | wc -l"


@pytest.fixture
def fresh(unit: Unit) -> Unit:
    """The unit with the configuration that it began with, no history and no cache."""
    unit.sh("cp /conf.default/config.xml /cf/conf/config.xml; rm -rf /cf/conf/backup/* /tmp/config.cache /tmp/notices")
    unit.sh("rm -f /etc/lab/faults/* /cf/conf/config.xml.bad")
    return unit


def generation(unit: Unit) -> int:
    return int(unit.value("return lab_generation();"))


def test_a_change_is_written_and_the_file_as_it_was_is_in_the_history(fresh: Unit) -> None:
    before = fresh.sh("cat /cf/conf/config.xml")
    fresh.value(f"config_set_path('{PATH}/config/', ['a' => 'b']); return write_config('run 0815: add a');")
    tree = fresh.value("return [$config['revision'], $config['installedpackages']['labtest']];")
    assert tree[0]["description"] == "(system): run 0815: add a"
    assert tree[0]["username"] == "(system)"
    assert tree[1] == {"config": [{"a": "b"}]}
    assert fresh.sh("cat /cf/conf/backup/config-1700000000.xml") == before


def test_what_is_written_is_read_again_the_same(fresh: Unit) -> None:
    values = {"descr": 'A & B <"c">', "plain": "x < y & z", "empty": "", "row": [{"a": "1"}, {"a": "2"}]}
    written = fresh.value(
        f"config_set_path('{PATH}', json_decode('{json.dumps(values)}', true)); write_config('x');"
        "return parse_xml_config('/cf/conf/config.xml', 'pfsense')['installedpackages']['labtest'];"
    )
    assert written == values
    text = fresh.sh("cat /cf/conf/config.xml")
    assert "<descr><![CDATA[A &amp; B &lt;&quot;c&quot;&gt;]]></descr>" in text
    assert "<plain>x &lt; y &amp; z</plain>" in text


def test_a_letter_beyond_ascii_where_no_cdata_is_written_costs_the_change(fresh: Unit) -> None:
    """htmlentities() makes it an entity that XML does not have; the newest backup takes the file's place.

    From 2.9 on xmlparse.inc has ENT_XML1 in both directions, and keeps it.
    """
    fresh.value(f"config_set_path('{PATH}', ['descr' => 'Zürich']); return write_config('kept');")
    assert fresh.value(f"return config_get_path('{PATH}/descr');") == "Zürich"
    fresh.value(f"config_set_path('{PATH}/plain', 'Zürich'); return write_config('lost');")
    if generation(fresh) > 28:
        assert fresh.value(f"return config_get_path('{PATH}/plain');") == "Zürich"
        return
    assert fresh.value(f"return config_get_path('{PATH}/plain');") is None
    assert "Z&uuml;rich</plain>" in fresh.sh("cat /cf/conf/config.xml.bad")


def test_tags_are_lowered_and_comments_and_attributes_are_lost(fresh: Unit) -> None:
    added = '<labtest><Upper kind="x">1</Upper><!-- gone --></labtest>'
    fresh.sh(f"sed -i 's|<installedpackages>|&{added}|' /cf/conf/config.xml; rm -f /tmp/config.cache")
    fresh.value("write_config('x'); return true;")
    text = fresh.sh("cat /cf/conf/config.xml")
    assert "<upper>1</upper>" in text
    assert "gone" not in text
    assert "kind" not in text


def test_booleans_are_presence(fresh: Unit) -> None:
    fresh.value(f"config_set_path('{PATH}', ['on' => true, 'off' => false, 'said' => 'false']); write_config('x');")
    text = fresh.sh("cat /cf/conf/config.xml")
    assert "<on></on>" in text
    assert "<off>" not in text
    assert fresh.value(f"return [config_path_enabled('{PATH}', 'said'), config_path_enabled('{PATH}', 'off')];") == [
        True,
        False,
    ]


def test_a_tag_that_is_no_list_may_stand_once_only(fresh: Unit) -> None:
    old = generation(fresh) < 28
    fresh.sh("sed -i 's|<hostname>|<hostname>other</hostname><hostname>|' /cf/conf/config.xml; rm -f /tmp/config.cache")
    done = fresh.php("echo 'went on';")
    if old:
        assert done.returncode == 255
        assert "cannot occur more than once" in done.stdout
        assert "went on" not in done.stdout
    else:  # xmlparse.inc catches it there: the file counts as broken, and without a backup the program dies
        assert done.returncode == 0
        assert "went on" not in done.stdout


def test_a_file_that_does_not_parse_is_replaced_by_the_newest_backup_that_does(fresh: Unit) -> None:
    fresh.value(f"config_set_path('{PATH}', ['a' => 'backed up']); return write_config('one');")
    fresh.value("sleep(1); return write_config('two');")
    fresh.sh(
        "echo '<pfsense><broken>' > /cf/conf/backup/config-2000000000.xml;"
        "head -c 500 /cf/conf/config.xml > /tmp/half; cp /tmp/half /cf/conf/config.xml; rm /tmp/config.cache"
    )
    fresh.php("echo 'the first program';")  # before CE 2.8 it goes on with -1
    assert fresh.value(f"return config_get_path('{PATH}/a');") == "backed up"
    assert fresh.value("return config_get_path('revision/description');") == "(system): one"
    notices = fresh.value("return implode(' ', array_column(get_notices(), 'notice'));")
    assert "is restoring the configuration /cf/conf/backup/config-" in notices


def test_without_a_backup_the_program_dies_and_its_status_is_zero(fresh: Unit) -> None:
    fresh.sh(": > /cf/conf/config.xml; rm -f /tmp/config.cache")
    done = fresh.php("echo 'not reached';")
    assert done.returncode == 0
    assert "Could not restore a previous backup." in done.stdout
    assert "not reached" not in done.stdout


def test_editing_the_file_outside_makes_the_backup_hold_the_new_content(fresh: Unit) -> None:
    fresh.sh("sed -i 's|home.arpa|outside.example|' /cf/conf/config.xml; rm -f /tmp/config.cache")
    fresh.value("return write_config('after the edit');")
    assert "outside.example" in fresh.sh("cat /cf/conf/backup/config-1700000000.xml")


def test_thirty_revisions_are_kept(fresh: Unit) -> None:
    fresh.value(
        "for ($i = 0; $i < 40; $i++) { $config['revision']['time'] = 1700000000 + $i; write_config(\"change {$i}\"); }"
    )
    assert fresh.sh(BACKUPS).strip() == "30"
    newest = fresh.value("$all = get_backups(); return [$all[0]['time'], count($all['versions'])];")
    assert newest == [1700000039, 30]


def test_restoring_takes_and_returns_what_the_release_does(fresh: Unit) -> None:
    """config.lib.inc: config_restore($conffile) up to CE 2.7.2, (string $path, string $descr): bool from 2.8 on."""
    old = generation(fresh) < 28
    words = "" if old else ", 'the first'"
    backups = "/cf/conf/backup"
    fresh.value(f"config_set_path('{PATH}', ['a' => 'b']); return write_config('one');")
    assert fresh.value(f"return config_restore('{backups}/config-1700000000.xml'{words});") == (0 if old else True)
    assert fresh.value(f"return config_restore('{backups}/none.xml'{words});") == (1 if old else False)
    assert fresh.value(f"return config_get_path('{PATH}');") is None
    said = "Reverted to config-1700000000.xml." if old else 'Reverted to "the first"'
    assert fresh.value("return config_get_path('revision/description');") == f"(system): {said}"
    assert old or "ArgumentCountError" in fresh.php("config_restore('/cf/conf/config.xml');").stdout


def test_writing_returns_the_configuration_on_every_release(fresh: Unit) -> None:
    """config.lib.inc, write_config(): config_get_path('') on master as well, -1 where the file cannot be written."""
    assert fresh.value("return write_config('one')['system']['hostname'];") == "fw"


def test_an_entry_of_a_list_without_anything_in_it_is_read_and_not_written(fresh: Unit) -> None:
    """xmlparse.inc: endElement() pops it, dump_xml_config_sub() writes a list's entries, of which there are none."""
    added = "<labtest><row></row><row><a>1</a></row><row> </row><only><row></row></only></labtest>"
    fresh.sh(f"sed -i 's|<installedpackages>|&{added}|' /cf/conf/config.xml; rm -f /tmp/config.cache")
    assert fresh.value(f"return config_get_path('{PATH}');") == {"row": [{"a": "1"}], "only": {"row": []}}
    fresh.value("write_config('x'); return true;")
    assert fresh.value(f"return config_get_path('{PATH}');") == {"row": [{"a": "1"}], "only": ""}


def test_functions_exist_by_release(unit: Unit) -> None:
    names = ("parse_config", "config_read_file", "config_get_path", "ipsec_conid")
    found = unit.value(f"require_once('ipsec.inc'); return array_map('function_exists', {list(names)});")
    assert found == {27: [True, False, True, True], 28: [True] * 4, 29: [False, True, True, True]}[generation(unit)]


def test_values_by_path_follow_the_published_rules(unit: Unit) -> None:
    assert unit.value(
        "$config = ['a' => ['b' => '', 'c' => 'x', 'l' => ['one']]];"
        "return [config_get_path('a/b'), config_get_path('a/b', 'd'), config_get_path('a/none', 'd'),"
        " config_get_path('a/c/x', 'd'), config_set_path('a/c/x', 1, 'in the way'), config_set_path('a/b/n', 1),"
        " config_set_path('a/l/', 'two'), config_del_path('a/c'), config_del_path('a/c'), $config];"
    ) == ["", "d", "d", "d", "in the way", 1, "two", "x", None, {"a": {"b": {"n": 1}, "l": ["one", "two"]}}]


def test_a_lock_holds_others_back(unit: Unit) -> None:
    assert unit.value(
        "$held = lock('labtest', LOCK_EX); $first = is_resource($held); $second = try_lock('labtest', 0);"
        "unlock($held); return [$first, $second, is_resource(try_lock('labtest', 0))];"
    ) == [True, None, True]
