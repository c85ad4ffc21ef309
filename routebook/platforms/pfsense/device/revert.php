<?php
/* Putting a run's change back: config.xml, the daemons, and the sessions and SAs that lived by it. */

/** Make sure that loading the system's code finds a file that parses, for it would restore some backup by itself. */
function routebook_before_revert(array $request): void
{
    $snapshot = routebook_snapshot($request['run']);
    if ($request['by'] !== 'driver' && routebook_phase($request['run']) === 'confirmed') {
        return;
    }
    $text = (string) @file_get_contents(ROUTEBOOK_CONFIG);
    if (file_exists($snapshot) && ($text === '' || routebook_flaw($text) !== '')) {
        RoutebookAnswer::$changed = true;
        routebook_store(ROUTEBOOK_CONFIG, routebook_file($snapshot), 0644); // the mode that the system gives it
        @unlink('/tmp/config.cache');
    }
}

function routebook_revert(array $request): array
{
    $run = $request['run'];
    $by = $request['by'];
    $folder = routebook_folder($run);
    $lock = routebook_lock_for_revert($run);
    $phase = routebook_phase($run);
    if (!in_array($phase, ['armed', 'confirmed', 'reverting', 'failed'], true)) {
        throw new RoutebookRefusal('gone', '');
    }
    if ($by === 'timer' && (int) @file_get_contents("$folder/deadline") > routebook_now()) {
        throw new RoutebookRefusal('extended', '');
    }
    if ($by === 'boot' && routebook_watched($run)) {
        throw new RoutebookRefusal('gone', 'its timer runs: this is no reboot');
    }
    if ($phase === 'armed' && routebook_claim($run, 'revert') !== 'revert') {
        routebook_confirmed($run); // confirming it was cut short
        $phase = 'confirmed';
    }
    if ($phase === 'confirmed' && $by !== 'driver') {
        throw new RoutebookRefusal('gone', '');
    }
    if (!empty($request['unpushed']) && file_exists("$folder/pushed")) {
        throw new RoutebookRefusal('pushed', 'the push has begun there: roll it back', true);
    }
    routebook_store("$folder/phase", 'reverting');
    try {
        $pushed = file_exists("$folder/pushed");
        $detail = $pushed ? routebook_put_back($run) : '';
    } catch (Throwable $error) {
        routebook_store("$folder/detail", $error->getMessage());
        routebook_store("$folder/phase", 'failed');
        throw $error;
    }
    routebook_finish($run, 'reverted', $by, $detail);
    flock($lock, LOCK_UN);
    return ['detail' => $detail, 'pushed' => $pushed];
}

/** The lock, if need be from a push that hangs in the system's own code: its time is over. */
function routebook_lock_for_revert(string $run)
{
    try {
        return routebook_lock(20);
    } catch (RoutebookRefusal $busy) {
        $pusher = (int) @file_get_contents(routebook_folder($run) . '/pusher');
        if ($pusher < 2 || !str_contains(routebook_run("/bin/ps -o command= -p $pusher")[1], 'php')) {
            throw $busy;
        }
        routebook_run("/bin/kill -9 $pusher");
        return routebook_lock(60);
    }
}

/** Restore the snapshot as a whole, or, where somebody has changed other things since, what the run has changed. */
function routebook_put_back(string $run): string
{
    global $config;
    $folder = routebook_folder($run);
    $snapshot = routebook_snapshot($run);
    $change = json_decode(routebook_file("$folder/change.json"), true);
    $wanted = routebook_canonical(routebook_parse($snapshot));
    $detail = '';
    $config = routebook_canonical(routebook_parse());
    if (routebook_sum($config) !== routebook_sum($wanted)) {
        if (routebook_others_changed($change, $wanted)) {
            $detail = 'something else in config.xml was changed meanwhile by somebody else, and is kept';
            $config = routebook_canonical(routebook_parse());
            routebook_edit($change['undo']);
            routebook_write("Routebook run $run: taken back");
        } else {
            routebook_restore($snapshot);
        }
    }
    routebook_apply($change['applyback']);
    routebook_activate($change['activateback'], routebook_sas());
    return $detail;
}

/** Whether undoing the run's edits does not lead to the snapshot. Uses the global $config for it. */
function routebook_others_changed(array $change, array $wanted): bool
{
    global $config;
    if (isset($change['restore'])) {
        return false;
    }
    routebook_edit($change['undo']);
    return routebook_loose($config) !== routebook_loose($wanted);
}

/** A tree's checksum in which lists are in any order and emptied containers do not count. */
function routebook_loose(array $tree): string
{
    return hash('sha256', json_encode(routebook_loosened(routebook_said($tree)), JSON_INVALID_UTF8_SUBSTITUTE));
}

function routebook_loosened($value)
{
    if (!is_array($value)) {
        return (string) $value;
    }
    $inner = array_map('routebook_loosened', $value);
    if (array_is_list($value)) {
        usort($inner, fn ($one, $other) => strcmp(json_encode($one), json_encode($other)));
    } else {
        ksort($inner);
    }
    return $inner === [] ? '' : $inner;
}
