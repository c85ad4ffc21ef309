<?php
/* Making the daemons run what config.xml says, by the system's own functions; and waiting until they do. */

const ROUTEBOOK_SWANCTL = 'env SWANCTL_DIR=/var/etc/ipsec /usr/local/sbin/swanctl';
const ROUTEBOOK_SWANCTL_CONF = '/var/etc/ipsec/swanctl.conf';
const ROUTEBOOK_BGPD_CONF = '/var/etc/openbgpd/bgpd.conf';
const ROUTEBOOK_FRR_CONF = '/var/etc/frr/frr.conf';

/** The packages that route BGP, by the file that each brings its functions in. */
function routebook_packages(): array
{
    $found = [];
    foreach (['openbgpd', 'frr'] as $package) {
        if (file_exists("/usr/local/pkg/$package.inc")) {
            $found[] = $package;
        }
    }
    return $found;
}

/** The functions of the system that a change and its undoing call, with the number of their arguments. */
function routebook_called(array $parts): array
{
    $called = ['parse_xml_config' => 2, 'dump_xml_config' => 2, 'listtags' => 0, 'lock' => 2, 'unlock' => 1,
        'config_get_path' => 2, 'config_set_path' => 2, 'config_del_path' => 1, 'write_config' => 1];
    $by_part = ['ipsec' => ['ipsec_configure' => 0, 'filter_configure' => 0, 'clear_subsystem_dirty' => 1],
        'openbgpd' => ['openbgpd_install_conf' => 0], 'frr' => ['frr_generate_config' => 0]];
    foreach ($parts as $part) {
        $called += $by_part[$part] ?? [];
    }
    return $called;
}

/** Refuse a change on a release on which it, or what undoes it, could not be called to its end. */
function routebook_refuse_unknown(array $change): void
{
    foreach (routebook_called(array_merge($change['apply']['parts'], $change['applyback']['parts'])) as $name => $arguments) {
        if (!function_exists($name)) {
            throw new RoutebookRefusal('release', "this release of pfSense has no function $name()");
        }
        if (!routebook_takes($name, $arguments)) {
            throw new RoutebookRefusal('release', "$name() of this release of pfSense takes other arguments than it did");
        }
    }
}

/** Apply what changed. $what['parts'] names it: ipsec, openbgpd, frr, all. */
function routebook_apply(array $what): void
{
    $parts = $what['parts'];
    if (in_array('all', $parts, true)) {
        routebook_run('/etc/rc.reload_all', 300);
    }
    if (in_array('ipsec', $parts, true)) {
        // What the web interface's "Apply" does (usr/local/www/vpn_ipsec.php).
        ipsec_configure();
        if (function_exists('ipsec_reload_package_hook')) {
            ipsec_reload_package_hook();
        }
        filter_configure();
        clear_subsystem_dirty('ipsec');
    }
    if (in_array('openbgpd', $parts, true)) {
        openbgpd_install_conf();
    }
    if (in_array('frr', $parts, true)) {
        frr_generate_config();
    }
    if (in_array('ipsec', $parts, true)) {
        routebook_settle_ipsec($what['connections'] ?? []);
    }
    if (in_array('openbgpd', $parts, true) && !$what['routes']) {
        routebook_stop_openbgpd();
    } elseif (in_array('openbgpd', $parts, true)) {
        routebook_settle_openbgpd($what['neighbors'] ?? [], $what['absent'] ?? []);
    }
    if (in_array('frr', $parts, true) && !$what['routes']) {
        routebook_stop_frr();
    } elseif (in_array('frr', $parts, true)) {
        routebook_settle_frr($what['neighbors'] ?? [], $what['absent'] ?? []);
    }
}

function routebook_unsettled(string $message): RoutebookRefusal
{
    return new RoutebookRefusal('daemon', $message, true);
}

/** charon loads what ipsec_configure() wrote; the system does it in the background and looks at no answer. */
function routebook_settle_ipsec(array $connections): void
{
    if ($connections === []) {
        return; // without an enabled phase 1 the system stops charon
    }
    $answers = fn () => routebook_run(ROUTEBOOK_SWANCTL . ' --stats')[0] === 0;
    if (!routebook_wait(60, $answers)) {
        throw routebook_unsettled('charon does not answer after ipsec_configure()');
    }
    $said = '';
    $loaded = function () use ($connections, &$said): bool {
        // swanctl exits 0 on a syntax error, after unloading every connection: what it says counts too.
        [$status, $said] = routebook_run(ROUTEBOOK_SWANCTL . ' --load-all --noprompt --file ' . ROUTEBOOK_SWANCTL_CONF);
        if ($status !== 0 || preg_match('/syntax error|invalid config file/', $said)) {
            return false;
        }
        $said = '';
        return array_diff($connections, array_keys(routebook_connections())) === [];
    };
    if (!routebook_wait(20, $loaded)) {
        $lines = preg_grep('/fail|error|invalid|unsupported/i', explode("\n", $said));
        $missing = array_diff($connections, array_keys(routebook_connections()));
        throw routebook_unsettled($lines ? 'charon does not load the configuration: ' . implode('; ', array_slice($lines, 0, 3))
            : 'charon has not loaded ' . implode(', ', $missing));
    }
}

/** The connections that charon has loaded, with their children. */
function routebook_connections(): array
{
    $found = [];
    $last = null;
    foreach (explode("\n", routebook_run(ROUTEBOOK_SWANCTL . ' --list-conns')[1]) as $line) {
        if (preg_match('/^(\S+): IKEv/', $line, $match)) {
            $last = $match[1];
            $found[$last] = [];
        } elseif ($last !== null && preg_match('/^  (\S+): (TUNNEL|TRANSPORT|BEET|PASS|DROP)/', $line, $match)) {
            $found[$last][] = $match[1];
        }
    }
    return $found;
}

/** bgpd's neighbors: address to remote AS; null while it does not answer. */
function routebook_bgpd_neighbors(): ?array
{
    [$status, $text] = routebook_run('/usr/local/sbin/bgpctl -j -n show neighbor');
    $answer = $status === 0 ? json_decode($text, true) : null;
    if (!is_array($answer)) {
        return null;
    }
    $found = [];
    foreach ($answer['neighbors'] ?? [] as $neighbor) {
        $found[explode('/', $neighbor['remote_addr'] ?? '')[0]] = (string) ($neighbor['remote_as'] ?? '');
    }
    return $found;
}

/** Without an AS bgpd refuses its configuration and goes on with the old one, neighbors included: it has to end. */
function routebook_stop_openbgpd(): void
{
    if (function_exists('stop_service')) {
        stop_service('bgpd');
    }
    if (routebook_bgpd_neighbors() !== null) {
        routebook_run('/usr/local/etc/rc.d/bgpd.sh stop');
    }
    if (!routebook_wait(20, fn () => routebook_bgpd_neighbors() === null)) {
        throw routebook_unsettled('bgpd does not stop, and has no configuration any more');
    }
}

function routebook_settle_openbgpd(array $neighbors, array $absent): void
{
    [$status, $said] = routebook_run('/usr/local/sbin/bgpd -n -f ' . ROUTEBOOK_BGPD_CONF);
    if ($status !== 0) {
        throw routebook_unsettled('bgpd refuses its new configuration: ' . substr(trim($said), 0, 300));
    }
    if (!routebook_wait(30, fn () => routebook_bgpd_neighbors() !== null)) {
        throw routebook_unsettled('bgpd does not answer after openbgpd_install_conf()');
    }
    [, $said] = routebook_run('/usr/local/sbin/bgpctl reload');
    if (stripos($said, 'fail') !== false) {
        throw routebook_unsettled('bgpd has not loaded its new configuration: ' . substr(trim($said), 0, 300));
    }
    $runs = function () use ($neighbors, $absent): bool {
        $found = routebook_bgpd_neighbors();
        return $found !== null && routebook_runs($found, $neighbors, $absent);
    };
    if (!routebook_wait(30, $runs)) {
        throw routebook_unsettled('bgpd does not run with its new configuration: its neighbors are '
            . routebook_list(routebook_bgpd_neighbors() ?? []) . ', and should be ' . routebook_list($neighbors));
    }
}

function routebook_frr_neighbors(string $text): array
{
    $found = [];
    preg_match_all('/^\s+neighbor (\S+) remote-as (\S+)\s*$/m', $text, $matches, PREG_SET_ORDER);
    foreach ($matches as [, $address, $as]) {
        $found[$address] = $as;
    }
    return $found;
}

function routebook_settle_frr(array $neighbors, array $absent): void
{
    if (file_exists(ROUTEBOOK_FRR_CONF)) {
        [$status, $said] = routebook_run('/usr/local/bin/vtysh -C -f ' . ROUTEBOOK_FRR_CONF);
        if ($status !== 0) {
            throw routebook_unsettled('FRR refuses its new configuration: ' . routebook_hidden(substr(trim($said), 0, 300)));
        }
    }
    $runs = function () use ($neighbors, $absent): bool {
        [$status, $text] = routebook_run("/usr/local/bin/vtysh -c 'show running-config'");
        return $status === 0 && routebook_runs(routebook_frr_neighbors($text), $neighbors, $absent)
            && routebook_run("/bin/pgrep -f '[f]rr-reload'")[0] !== 0; // brackets: not the search itself
    };
    if (!routebook_wait(60, $runs)) {
        [, $text] = routebook_run("/usr/local/bin/vtysh -c 'show running-config'");
        throw routebook_unsettled('FRR does not run with its new configuration: its neighbors are '
            . routebook_list(routebook_frr_neighbors($text)) . ', and should be ' . routebook_list($neighbors));
    }
}

/** Without an AS the package stops bgpd, in the background; without any settings it returns before it does anything. */
function routebook_stop_frr(): void
{
    if (empty(config_get_path('installedpackages/frr/config/0')) && file_exists('/usr/local/etc/rc.d/frr.sh')) {
        routebook_run('/usr/local/etc/rc.d/frr.sh stop');
    }
    $stopped = fn () => strpos(routebook_run("/usr/local/bin/vtysh -c 'show daemons'")[1], 'bgpd') === false;
    if (!routebook_wait(60, $stopped)) {
        throw routebook_unsettled('bgpd does not stop, and has no configuration any more');
    }
}

/** What FRR says of a line that it refuses repeats the line. */
function routebook_hidden(string $text): string
{
    return preg_replace('/\b(password|md5|key)\s+\S.*$/mi', '$1 <redacted>', $text);
}

/** Whether the neighbors that a daemon has include all that are wanted, and none that is gone. */
function routebook_runs(array $found, array $wanted, array $absent): bool
{
    foreach ($wanted as $address => $as) {
        if (routebook_as($found[$address] ?? '') !== routebook_as((string) $as)) {
            return false;
        }
    }
    return array_intersect($absent, array_keys($found)) === [];
}

/** An AS number in plain digits (RFC 5396). */
function routebook_as(string $text): string
{
    [$high, $low] = array_pad(explode('.', $text, 2), 2, null);
    return $low === null ? $high : (string) ((int) $high * 65536 + (int) $low);
}

function routebook_list(array $neighbors): string
{
    $listed = [];
    foreach ($neighbors as $address => $as) {
        $listed[] = "$address AS $as";
    }
    return $listed ? implode(', ', $listed) : 'none';
}

/** Let live sessions and SAs use what is loaded. Waits for nothing that depends on the other end. */
function routebook_activate(array $what, array $had): void
{
    foreach ($what['clear'] ?? [] as $neighbor) {
        $peer = escapeshellarg($neighbor);
        if (in_array('openbgpd', $what['parts'], true)) {
            routebook_run("/usr/local/sbin/bgpctl neighbor $peer clear");
            routebook_run("/usr/local/sbin/bgpctl neighbor $peer up"); // or it waits for five seconds
        } else {
            routebook_run('/usr/local/bin/vtysh -c ' . escapeshellarg("clear bgp $neighbor"));
        }
    }
    if (!in_array('ipsec', $what['parts'], true)) {
        return;
    }
    $loaded = routebook_connections();
    foreach (array_merge($what['end'] ?? [], $what['renew'] ?? []) as $connection) {
        // An end that waits for the other closes only what it had when it loaded the change: what has come since was
        // made by the other end with the new configuration.
        $waits = isset($loaded[$connection['name']]) && !$connection['starts'];
        foreach ($waits ? $had[$connection['name']] ?? [] : ['all'] as $id) {
            $which = $id === 'all' ? '--ike ' . escapeshellarg($connection['name']) : "--ike-id $id";
            routebook_run(ROUTEBOOK_SWANCTL . " --terminate $which --force --timeout 3");
        }
    }
    foreach (array_merge($what['renew'] ?? [], $what['start'] ?? []) as $connection) {
        foreach ($connection['starts'] ? $loaded[$connection['name']] ?? [] : [] as $child) {
            // It ends by itself, in the background: the other end may not have its configuration yet.
            $command = ROUTEBOOK_SWANCTL . ' --initiate --ike ' . escapeshellarg($connection['name'])
                . ' --child ' . escapeshellarg($child) . ' --timeout 5';
            exec("timeout 15 $command >/dev/null 2>&1 </dev/null &");
        }
    }
}

/** The numbers of the IKE SAs that charon has now, by connection. */
function routebook_sas(): array
{
    $found = [];
    preg_match_all('/^(\S+): #(\d+), /m', routebook_run(ROUTEBOOK_SWANCTL . ' --list-sas')[1], $matches, PREG_SET_ORDER);
    foreach ($matches as [, $name, $number]) {
        $found[$name][] = (int) $number;
    }
    return $found;
}
