<?php
/* config.xml: reading it as it is, editing entries of it, writing it through the system, restoring it. */

const ROUTEBOOK_CONFIG = '/cf/conf/config.xml';
const ROUTEBOOK_REJECTED = '/cf/conf/config.xml.bad'; // the system's copy of a file that it could not read

/** The file's bytes, without loading any of the system's code, which would replace a broken file by a backup. */
function routebook_file(string $path = ROUTEBOOK_CONFIG): string
{
    $text = @file_get_contents($path);
    if ($text === false || $text === '') {
        throw new RoutebookRefusal(is_readable($path) ? 'broken' : 'permission', "$path cannot be read");
    }
    return $text;
}

/** Why a text is not XML, or '' if it is. */
function routebook_flaw(string $text): string
{
    $parser = xml_parser_create();
    if (xml_parse($parser, $text, true)) {
        return '';
    }
    return xml_error_string(xml_get_error_code($parser)) . ' at line ' . xml_get_current_line_number($parser);
}

/** A file as the system's own parser reads it. */
function routebook_parse(string $path = ROUTEBOOK_CONFIG): array
{
    try {
        $tree = parse_xml_config($path, ['pfsense']);
    } catch (Exception $error) {
        throw new RoutebookRefusal('broken', basename($path) . ' is not read by the system: ' . trim($error->getMessage()));
    }
    if (!is_array($tree)) {
        throw new RoutebookRefusal('broken', basename($path) . ' is not read by the system');
    }
    return $tree;
}

/** A text that the system's own parser, which reads files alone, can open; nothing of it comes onto a disk. */
final class RoutebookText
{
    public static string $text = '';
    /** @var resource|null Set by PHP. */
    public $context;
    private int $at = 0;

    public function stream_open(string $path, string $mode, int $options, ?string &$opened): bool
    {
        return true;
    }

    public function stream_read(int $count): string
    {
        $piece = substr(self::$text, $this->at, $count);
        $this->at += strlen($piece);
        return $piece;
    }

    public function stream_eof(): bool
    {
        return $this->at >= strlen(self::$text);
    }

    public function stream_stat(): array
    {
        return [];
    }
}

/** A text as the system's own parser reads it. */
function routebook_parse_text(string $text): array
{
    if (!in_array('routebook', stream_get_wrappers(), true)) {
        stream_wrapper_register('routebook', RoutebookText::class);
    }
    RoutebookText::$text = $text;
    return routebook_parse('routebook://config.xml');
}

/**
 * A configuration as it is once the system has written and read it, and would stay however often it did.
 *
 * What it reads is not always what it writes: an entry of a list with nothing in it is written as nothing, which may
 * leave its list without entries, and what was around that empty (etc/inc/xmlparse.inc, endElement, dump_xml_config_sub).
 */
function routebook_canonical(array $tree): array
{
    $before = null;
    for ($round = 0; $round < 20; $round++) {
        $text = dump_xml_config($tree, 'pfsense');
        if ($text === $before) {
            break;
        }
        $before = $text;
        $flaw = routebook_flaw($text);
        if ($flaw !== '') {
            throw new RoutebookRefusal('encoding', 'this release of pfSense writes its own config.xml in a way that it does not'
                . " read ($flaw): somebody has put a text there that it cannot keep");
        }
        $tree = routebook_parse_text($text);
    }
    return $tree;
}

/** A file of the system's in the form in which it would write it, which the plan is made from; one that is broken as it is. */
function routebook_steady(string $text): string
{
    $parser = stream_resolve_include_path('xmlparse.inc'); // functions alone: including it reads and changes nothing
    if ($parser === false || routebook_flaw($text) !== '') {
        return $text;
    }
    try {
        require_once $parser;
        return dump_xml_config(routebook_canonical(routebook_parse_text($text)), 'pfsense');
    } catch (Throwable $error) {
        return $text; // the reader reports what is wrong with it
    }
}

/** The tags that are lists in this release. */
function routebook_lists(): array
{
    static $lists = null;
    if ($lists === null) {
        $lists = listtags();
        foreach ($GLOBALS['custom_listtags'] ?? [] as $tag) {
            $lists[$tag] = $tag;
        }
    }
    return $lists;
}

/** A value as the request has it, [tag, value] pairs or text, in the shape that the system's parser gives it. */
function routebook_value($value)
{
    if (!is_array($value)) {
        return (string) $value;
    }
    $lists = routebook_lists();
    $found = [];
    foreach ($value as [$tag, $inner]) {
        if (isset($lists[$tag])) {
            $found[$tag][] = routebook_value($inner);
        } else {
            $found[$tag] = routebook_value($inner);
        }
    }
    return $found === [] ? '' : $found;
}

/** Whether an entry of a list is the one that [[tag, text], …] names. */
function routebook_is($entry, array $key): bool
{
    foreach ($key as [$tag, $text]) {
        if (!is_array($entry) || (string) ($entry[$tag] ?? '') !== $text) {
            return false;
        }
    }
    return true;
}

/** Make the edits of a request in the global $config. An entry that is not where the plan found it stops everything. */
function routebook_edit(array $edits): void
{
    foreach ($edits as $edit) {
        $path = $edit['path'];
        if ($edit['do'] === 'set') {
            $values = array_map('routebook_value', $edit['values']);
            config_set_path($path, isset(routebook_lists()[$edit['tag']]) ? $values : $values[0]);
            continue;
        }
        if ($edit['do'] === 'unset') {
            config_del_path($path);
            continue;
        }
        $list = config_get_path($path, []);
        $list = is_array($list) ? array_values($list) : [];
        $at = $edit['at'];
        if ($at === 'find') {
            $at = null;
            foreach ($list as $number => $entry) {
                if (routebook_is($entry, $edit['key'])) {
                    $at = $number;
                }
            }
        } elseif ($at !== null && !routebook_is($list[$at] ?? null, $edit['key'])) {
            throw new RoutebookRefusal('stale', "entry $at of $path is not the one that was planned for");
        }
        if ($edit['do'] === 'put' && $at !== null) {
            $list[$at] = routebook_value($edit['value']);
        } elseif ($edit['do'] === 'put') {
            $list[] = routebook_value($edit['value']);
        } elseif ($at !== null) {
            array_splice($list, $at, 1);
        }
        if ($list === []) {
            config_del_path($path);
        } else {
            config_set_path($path, $list);
        }
    }
    foreach ($edits as $edit) {
        routebook_prune($edit['path']);
    }
}

/** Take away what is around a path and has nothing in it any more. */
function routebook_prune(string $path): void
{
    for ($steps = explode('/', $path); count($steps) > 1;) {
        array_pop($steps);
        if (!in_array(config_get_path(implode('/', $steps)), [[], ''], true) || $steps === ['installedpackages']) {
            return;
        }
        config_del_path(implode('/', $steps));
    }
}

/** Equal for trees that the system takes for equal: without the revision, siblings of different names in any order. */
function routebook_sum(array $tree): string
{
    return hash('sha256', json_encode(routebook_sorted(routebook_said($tree)), JSON_INVALID_UTF8_SUBSTITUTE));
}

/** A tree without its revision, and without what IPsec and the packages have when nothing is configured. */
function routebook_said(array $tree): array
{
    unset($tree['revision']);
    if (empty($tree['ipsec'])) {
        unset($tree['ipsec']);
    }
    foreach (is_array($tree['installedpackages'] ?? null) ? $tree['installedpackages'] : [] as $tag => $holder) {
        if (preg_match('/^(frr|openbgpd)/', (string) $tag) && routebook_sorted($holder) === '') {
            unset($tree['installedpackages'][$tag]);
        }
    }
    return $tree;
}

/** A value with its tags in order, and without the entries of lists that have nothing in them. */
function routebook_sorted($value, bool $list = false)
{
    if (!is_array($value)) {
        return (string) $value;
    }
    $found = [];
    foreach ($value as $tag => $inner) {
        $is_list = is_array($inner) && isset(routebook_lists()[$tag]);
        $inner = routebook_sorted($inner, $is_list);
        if (!($list || $is_list) || $inner !== '') {
            $found[$tag] = $inner;
        }
    }
    if ($list) {
        $found = array_values($found);
    } else {
        ksort($found);
    }
    return $found === [] ? '' : $found;
}

/** Refuse before anything is written when the disk could not take it: a file cut short is replaced by a backup. */
function routebook_room(int $bytes): void
{
    $free = @disk_free_space(dirname(ROUTEBOOK_CONFIG));
    if ($free !== false && $free < $bytes) {
        throw new RoutebookRefusal('full', dirname(ROUTEBOOK_CONFIG) . ' has less than ' . intdiv($bytes, 1024)
            . ' KiB left');
    }
}

/** Write the global $config with the system's own function: history, cache, synchronisation, packages' hooks. */
function routebook_write(string $description): void
{
    global $config;
    $old = routebook_file();
    routebook_room(5 * strlen($old) + 65536);
    if (!is_writable(dirname(ROUTEBOOK_CONFIG))) {
        throw new RoutebookRefusal('permission', dirname(ROUTEBOOK_CONFIG) . ' cannot be written to');
    }
    $wanted = routebook_sum($config);
    RoutebookAnswer::$changed = true;
    $result = routebook_leaving_no_copy(fn () => write_config($description));
    if ($result === false || $result === -1) {
        RoutebookAnswer::$changed = routebook_file() !== $old;
        throw new RoutebookRefusal('write', 'the system refused to write config.xml');
    }
    if (routebook_sum(routebook_canonical(routebook_parse())) !== $wanted) {
        throw new RoutebookRefusal('fallback', 'config.xml is not what was written: '
            . 'the system has put one of its backups in its place', true);
    }
}

/** Let the system write. Of a file that it cannot read afterwards it leaves a copy that all can read, keys included. */
function routebook_leaving_no_copy(callable $write)
{
    $before = @hash_file('sha256', ROUTEBOOK_REJECTED);
    try {
        return $write();
    } finally {
        if (@hash_file('sha256', ROUTEBOOK_REJECTED) !== $before) {
            @unlink(ROUTEBOOK_REJECTED);
        }
    }
}

/**
 * Refuse a configuration that the system would write in such a way that it reads something else, or nothing.
 *
 * What was there before is in the form that stays, so that what differs can only be the change's.
 */
function routebook_try(array $tree, string $folder): void
{
    $trial = "$folder/trial.xml";
    routebook_store($trial, dump_xml_config($tree, 'pfsense'));
    try {
        $flaw = routebook_flaw(routebook_file($trial));
        if ($flaw !== '' || routebook_sum(routebook_parse($trial)) !== routebook_sum($tree)) {
            throw new RoutebookRefusal('encoding', 'this release of pfSense would write the change into config.xml in a way'
                . ' that it does not read' . ($flaw === '' ? '' : " ($flaw)"));
        }
    } finally {
        @unlink($trial);
    }
}

/** Whether a function of the system can be called with so many arguments, by what it says of itself. */
function routebook_takes(string $name, int $arguments): bool
{
    if (!function_exists($name)) {
        return false;
    }
    $function = new ReflectionFunction($name);
    return $function->getNumberOfRequiredParameters() <= $arguments
        && ($function->isVariadic() || $arguments <= $function->getNumberOfParameters());
}

/**
 * Put a file in config.xml's place with the system's own function.
 *
 * CE 2.8 and later want the words of the revision too (etc/inc/config.lib.inc); where the function wants anything else,
 * what the file says is written as a change is. Returns 0 or true for success.
 */
function routebook_put(string $path)
{
    global $config;
    if (routebook_takes('config_restore', 2)) {
        return config_restore($path, basename($path));
    }
    if (routebook_takes('config_restore', 1)) {
        return config_restore($path);
    }
    $config = routebook_parse($path);
    $result = write_config('Reverted to ' . basename($path));
    return $result !== false && $result !== -1;
}

/** Let the system restore a file. Releases differ in what they return for success: 0, or true. */
function routebook_restore(string $path): void
{
    $wanted = routebook_sum(routebook_canonical(routebook_parse($path)));
    RoutebookAnswer::$changed = true;
    $result = routebook_leaving_no_copy(fn () => routebook_put($path));
    if ($result !== 0 && $result !== true) {
        throw new RoutebookRefusal('write', 'the system refused to restore ' . basename($path), true);
    }
    if (routebook_sum(routebook_canonical(routebook_parse())) !== $wanted) {
        throw new RoutebookRefusal('fallback', 'config.xml is not what was restored: '
            . 'the system has put another of its backups in its place', true);
    }
}
