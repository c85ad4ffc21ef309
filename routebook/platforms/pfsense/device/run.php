<?php
/*
 * The change on this system: its folder, its timer, and confirming or reverting it, of which one wins.
 *
 * A run is armed, confirmed, reverting or failed. A confirmed one's folder stays until the run gives its lock back, so
 * that it can be undone while others may have to be; it has no deadline any more.
 */

const ROUTEBOOK_ROOT = '/cf/conf/routebook';
const ROUTEBOOK_BOOT = '/usr/local/etc/rc.d/routebook.sh';
const ROUTEBOOK_BOOT_HEAD = "#!/bin/sh\n"
    . "# Restores config.xml when this system starts with a change of Routebook that nobody confirmed.\n";
const ROUTEBOOK_RESULTS = 5;

function routebook_folder(string $run): string
{
    return ROUTEBOOK_ROOT . "/$run";
}

function routebook_now(): int
{
    return intdiv(hrtime(true), 1000000000); // does not change when the clock is set
}

/** The real place of a folder. Refuses one in which, or above which, somebody else than root can make or change names. */
function routebook_trusted(string $folder): string
{
    clearstatcache();
    $real = (string) realpath($folder);
    for ($each = $real; ; $each = dirname($each)) {
        $found = $each === '' ? false : @lstat($each);
        if ($found === false || !is_dir($each) || $found['uid'] !== posix_geteuid() || ($found['mode'] & 022)) {
            throw new RoutebookRefusal('foreign', "$folder is not a folder that root alone can write");
        }
        if ($each === '/') {
            return $real;
        }
    }
}

/**
 * Store a file whole or not at all, readable with this mode.
 *
 * It is made under a name that nobody can foresee, and fails where something has it (O_EXCL, which follows no link).
 */
function routebook_store(string $path, string $text, int $mode = 0600): void
{
    $new = routebook_trusted(dirname($path)) . '/.' . basename($path) . '.' . bin2hex(random_bytes(12));
    $stream = @fopen($new, 'x');
    $stored = $stream !== false && @chmod($new, $mode) && @fwrite($stream, $text) === strlen($text) && @fflush($stream);
    if ($stream !== false) {
        fclose($stream);
    }
    if (!$stored || !@rename($new, $path)) {
        if ($stream !== false) {
            @unlink($new);
        }
        throw new RoutebookRefusal('full', "$path cannot be written");
    }
}

/** The lock under which every run changes its phase; the kernel releases it when the holder dies. */
function routebook_lock(int $seconds)
{
    if (!is_dir(ROUTEBOOK_ROOT) && !@mkdir(ROUTEBOOK_ROOT, 0700, true)) {
        throw new RoutebookRefusal('permission', ROUTEBOOK_ROOT . ' cannot be made');
    }
    routebook_trusted(ROUTEBOOK_ROOT);
    $lock = @fopen(ROUTEBOOK_ROOT . '/lock', 'c');
    if ($lock === false) {
        throw new RoutebookRefusal('permission', ROUTEBOOK_ROOT . '/lock cannot be opened');
    }
    if (!routebook_wait($seconds, fn () => flock($lock, LOCK_EX | LOCK_NB))) {
        throw new RoutebookRefusal('busy', 'another run is changing, confirming or rolling back there');
    }
    return $lock;
}

/** The run whose folder is there; null if there is none. An armed run's folder has a phase. */
function routebook_live(): ?string
{
    foreach (glob(ROUTEBOOK_ROOT . '/*/phase') ?: [] as $file) {
        return basename(dirname($file));
    }
    return null;
}

function routebook_phase(string $run): string
{
    return trim((string) @file_get_contents(routebook_folder($run) . '/phase'));
}

/** Whether the run's timer runs: it holds a lock for as long as it lives. */
function routebook_watched(string $run): bool
{
    $alive = @fopen(routebook_folder($run) . '/alive', 'c');
    if ($alive === false) {
        return false;
    }
    $free = flock($alive, LOCK_EX | LOCK_NB);
    fclose($alive);
    return !$free;
}

function routebook_start_timer(string $run): void
{
    $folder = routebook_folder($run);
    $command = '/usr/sbin/daemon -f -p ' . escapeshellarg("$folder/timer.pid")
        . ' /usr/local/bin/php -f ' . escapeshellarg("$folder/watch.php");
    routebook_run($command);
    if (!routebook_wait(20, fn () => routebook_watched($run))) {
        throw new RoutebookRefusal('timer', 'the timer does not start');
    }
}

function routebook_arm(array $request): array
{
    $run = $request['run'];
    $lock = routebook_lock(20);
    routebook_refuse_locked($run);
    routebook_let_go(fn () => true);
    $live = routebook_live();
    if ($live !== null) {
        throw new RoutebookRefusal('pending', $live);
    }
    routebook_clean();
    if (routebook_awaits_packages()) {
        throw new RoutebookRefusal('release', 'packages wait to be installed again after an upgrade (/cf/conf/needs_package_sync):'
            . ' until then a restart would run nothing that takes an unconfirmed change back. Wait until that is done');
    }
    $text = routebook_file();
    if (hash('sha256', $text) !== $request['config']) {
        throw new RoutebookRefusal('stale', 'config.xml has changed');
    }
    $folder = routebook_folder($run);
    routebook_room(7 * strlen($text) + 262144);
    if (!@mkdir($folder, 0700)) {
        throw new RoutebookRefusal('permission', "$folder cannot be made");
    }
    try {
        foreach ($request['files'] as $name => $content) {
            routebook_store("$folder/$name", base64_decode($content));
        }
        routebook_store(routebook_snapshot($run), $text);
        routebook_store("$folder/deadline", (string) (routebook_now() + $request['seconds']));
        routebook_start_timer($run);
        routebook_store("$folder/phase", 'armed');
        $boot = ROUTEBOOK_BOOT_HEAD . "[ \"\$1\" = start ] || exit 0\nfor program in " . ROUTEBOOK_ROOT . "/*/boot.php; do\n"
            . "    [ ! -e \"\$program\" ] || /usr/local/bin/php -f \"\$program\" >/dev/null 2>&1 </dev/null\ndone\n";
        if (!is_dir(dirname(ROUTEBOOK_BOOT))) {
            @mkdir(dirname(ROUTEBOOK_BOOT), 0755, true);
        }
        if (!routebook_own_boot()) {
            throw new RoutebookRefusal('foreign', ROUTEBOOK_BOOT . ' is there and is not what a run leaves');
        }
        routebook_store(ROUTEBOOK_BOOT, $boot, 0755);
    } catch (RoutebookRefusal $error) {
        routebook_remove($run);
        throw $error;
    }
    flock($lock, LOCK_UN);
    return [];
}

/** The copy of config.xml; its name, with the run's id, is what the system's history shows of restoring it. */
function routebook_snapshot(string $run): string
{
    return routebook_folder($run) . "/routebook-$run.xml";
}

function routebook_extend(array $request): array
{
    $lock = routebook_lock(20);
    if (routebook_phase($request['run']) !== 'armed') {
        throw new RoutebookRefusal('gone', '');
    }
    routebook_store(routebook_folder($request['run']) . '/deadline', (string) (routebook_now() + $request['seconds']));
    if (!routebook_watched($request['run'])) {
        routebook_start_timer($request['run']);
    }
    flock($lock, LOCK_UN);
    return [];
}

/** Decide for a run's end, once: whoever makes the folder has it. Returns who has. */
function routebook_claim(string $run, string $for): string
{
    $claim = routebook_folder($run) . '/claim';
    if (@mkdir($claim, 0700)) {
        routebook_store("$claim.by", $for);
    }
    // Without a word of who has it, the claimant died before anything else happened.
    return trim((string) @file_get_contents("$claim.by")) ?: 'revert';
}

function routebook_push(array $request): array
{
    global $config;
    $lock = routebook_lock(60);
    $run = $request['run'];
    $folder = routebook_folder($run);
    if (routebook_phase($run) !== 'armed') {
        throw new RoutebookRefusal('gone', '');
    }
    $change = json_decode(routebook_file("$folder/change.json"), true);
    $text = routebook_file();
    if (hash('sha256', $text) !== $request['config']) {
        throw new RoutebookRefusal('stale', 'config.xml has changed');
    }
    $config = routebook_fresh($request['config']);
    $base = routebook_sum($config);
    if (!isset($change['restore'])) {
        routebook_edit($change['edits']);
    }
    routebook_try(isset($change['restore'])
        ? routebook_canonical(routebook_parse("$folder/" . $change['restore'])) : $config, $folder);
    routebook_store("$folder/pusher", (string) getmypid());
    routebook_store("$folder/pushed", $base);
    if (isset($change['restore'])) {
        routebook_restore("$folder/" . $change['restore']);
    } else {
        routebook_write($change['message']);
    }
    routebook_apply($change['apply']);
    routebook_store("$folder/sas.json", json_encode(routebook_sas()));
    flock($lock, LOCK_UN);
    return [];
}

/** Let live sessions and SAs use what was pushed; under the lock, so that no reverting is beside it. */
function routebook_use(array $request): array
{
    $lock = routebook_lock(60);
    $folder = routebook_folder($request['run']);
    if (routebook_phase($request['run']) !== 'armed') {
        throw new RoutebookRefusal('gone', '');
    }
    $change = json_decode(routebook_file("$folder/change.json"), true);
    routebook_activate($change['activate'], json_decode(routebook_file("$folder/sas.json"), true));
    flock($lock, LOCK_UN);
    return [];
}

/** config.xml as it stays, read under the system's own lock, and only if it still is the one with this checksum. */
function routebook_fresh(string $sum): array
{
    $lock = lock('config', LOCK_EX);
    $same = hash('sha256', routebook_file()) === $sum;
    $tree = $same ? routebook_parse() : [];
    unlock($lock);
    if (!$same) {
        throw new RoutebookRefusal('stale', 'config.xml has changed');
    }
    return routebook_canonical($tree); // as the plan has it: an entry that would not be written has no place in a list
}

function routebook_confirm(array $request): array
{
    $lock = routebook_lock(60);
    $run = $request['run'];
    $phase = routebook_phase($run);
    if ($phase !== 'confirmed') {
        if ($phase !== 'armed' || routebook_claim($run, 'confirm') !== 'confirm') {
            throw new RoutebookRefusal('gone', '');
        }
        routebook_confirmed($run);
    }
    flock($lock, LOCK_UN);
    return [];
}

/** The run is confirmed: its timer sees that and ends. */
function routebook_confirmed(string $run): void
{
    routebook_store(routebook_folder($run) . '/phase', 'confirmed');
    @unlink(routebook_folder($run) . '/deadline');
}

/** Take away what undoes confirmed runs, those for which $which() is true. */
function routebook_let_go(callable $which): void
{
    foreach (glob(ROUTEBOOK_ROOT . '/*/phase') ?: [] as $file) {
        $run = basename(dirname($file));
        if ($which($run) && routebook_phase($run) === 'confirmed') {
            routebook_finish($run, 'confirmed', 'driver');
        }
    }
}

/** Write down how a run ended, and take everything of it away. Its timer sees that and ends. */
function routebook_finish(string $run, string $ending, string $by, string $detail = ''): void
{
    $result = json_encode(['run' => $run, 'ending' => $ending, 'by' => $by, 'detail' => $detail]);
    routebook_store(ROUTEBOOK_ROOT . "/$run.result", $result);
    routebook_remove($run);
}

function routebook_remove(string $run): void
{
    $folder = routebook_folder($run);
    @unlink("$folder/phase"); // first: what is left without it is not a run
    foreach (glob("$folder/{*,.[!.]*}", GLOB_BRACE) ?: [] as $file) {
        is_dir($file) ? @rmdir($file) : @unlink($file);
    }
    @rmdir($folder);
    if (routebook_live() === null && routebook_own_boot()) {
        @unlink(ROUTEBOOK_BOOT);
    }
}

/** Whether the place of the program that starts with the system is free, or has the one of a run. */
function routebook_own_boot(): bool
{
    return @lstat(ROUTEBOOK_BOOT) === false
        || (!is_link(ROUTEBOOK_BOOT) && str_starts_with((string) @file_get_contents(ROUTEBOOK_BOOT), ROUTEBOOK_BOOT_HEAD));
}

/** Unfinished armings, and all but the newest results. */
function routebook_clean(): void
{
    foreach (glob(ROUTEBOOK_ROOT . '/*', GLOB_ONLYDIR) ?: [] as $folder) {
        if (!file_exists("$folder/phase")) {
            routebook_remove(basename($folder));
        }
    }
    foreach (glob(ROUTEBOOK_ROOT . '/.*.result.*') ?: [] as $unfinished) {
        @unlink($unfinished);
    }
    $results = glob(ROUTEBOOK_ROOT . '/*.result') ?: [];
    usort($results, fn ($one, $other) => filemtime($other) <=> filemtime($one));
    foreach (array_slice($results, ROUTEBOOK_RESULTS) as $old) {
        @unlink($old);
    }
}

/** Whether an upgrade has left packages to be installed again, which the system does in the background. */
function routebook_awaits_packages(): bool
{
    return file_exists('/cf/conf/needs_package_sync');
}

/** The run that is pending, and how the last ones ended, the newest first. Writes nothing. */
function routebook_pending(): array
{
    $live = routebook_live();
    $ended = [];
    $results = glob(ROUTEBOOK_ROOT . '/*.result') ?: [];
    usort($results, fn ($one, $other) => filemtime($other) <=> filemtime($one));
    foreach ($results as $file) {
        $ended[] = json_decode((string) @file_get_contents($file), true);
    }
    if ($live === null) {
        return ['live' => null, 'ended' => array_values(array_filter($ended))];
    }
    $folder = routebook_folder($live);
    $phase = routebook_phase($live);
    $remaining = max(0, (int) @file_get_contents("$folder/deadline") - routebook_now());
    $detail = trim((string) @file_get_contents("$folder/detail"));
    if ($phase === 'armed' && !routebook_watched($live)) {
        // The system starts rc.d's scripts in the background, none of them while packages wait for their installation
        // after an upgrade, and none within 90 s of a start that does not end (etc/rc.start_packages).
        [$phase, $remaining] = ['failed', 0];
        $detail = 'its timer does not run any more, and a restart has not put the change back: ' . (routebook_awaits_packages()
            ? 'packages wait to be installed again after an upgrade, and until then this system runs no script of rc.d'
            : 'this system has not run ' . ROUTEBOOK_BOOT);
    }
    return ['live' => ['run' => $live, 'phase' => $phase, 'remaining' => $remaining, 'detail' => $detail], 'ended' => array_values(array_filter($ended))];
}

/** The timer: waits for the deadline, then lets a process of its own revert, which the system's code may end. */
function routebook_watch(array $request): void
{
    $run = $request['run'];
    $folder = routebook_folder($run);
    $alive = fopen("$folder/alive", 'c');
    // Whoever asks whether it runs has the lock for a moment, too.
    if ($alive === false || !routebook_wait(10, fn () => flock($alive, LOCK_EX | LOCK_NB))) {
        return;
    }
    $tries = 0;
    $next = 0;
    while (file_exists("$folder/deadline") && $tries < 6) {
        $left = max((int) file_get_contents("$folder/deadline"), $next) - routebook_now();
        if ($left <= 0 && file_exists("$folder/phase")) {
            exec('/usr/local/bin/php -f ' . escapeshellarg("$folder/timer.php") . ' >/dev/null 2>&1 </dev/null');
            $tries++;
            $next = routebook_now() + 5 * $tries;
        }
        usleep(500000); // short, so that it ends with its run
        clearstatcache();
    }
}

/** config.xml in the form in which the system writes it, and its bytes' checksum; with 'startup', as a restart would leave it. */
function routebook_read(array $request): array
{
    $live = empty($request['startup']) ? null : routebook_live();
    $kept = $live === null || routebook_phase($live) === 'confirmed';
    $text = routebook_file($kept ? ROUTEBOOK_CONFIG : routebook_snapshot($live));
    $config = routebook_steady($text);
    return ['config' => base64_encode(gzcompress($config)), 'sum' => hash('sha256', $text), 'packages' => routebook_packages(),
        'release' => trim((string) @file_get_contents('/etc/version')), 'time' => time(),
        'volumes' => array_map('routebook_volume', [dirname(ROUTEBOOK_CONFIG), '/var/run'])];
}

/** A place, the free and all bytes of its file system, and whether it can be written. */
function routebook_volume(string $place): array
{
    return [$place, (int) @disk_free_space($place), (int) @disk_total_space($place), is_writable($place)];
}

/** Another configuration in the form in which the system writes it. */
function routebook_form(array $request): array
{
    return ['config' => base64_encode(gzcompress(routebook_steady(base64_decode($request['text']))))];
}

/** What NAPALM asks of every device. */
function routebook_facts(): array
{
    $kenv = fn ($name) => trim((string) shell_exec("/bin/kenv -q $name 2>/dev/null"));
    return ['uptime' => hrtime(true) / 1e9, 'hostname' => gethostname(), 'machine' => php_uname('m'),
        'release' => trim((string) @file_get_contents('/etc/version')), 'packages' => routebook_packages(),
        'product' => $kenv('smbios.system.product'), 'serial' => $kenv('smbios.system.serial'),
        'interfaces' => (string) shell_exec('/sbin/ifconfig -a 2>/dev/null')];
}
