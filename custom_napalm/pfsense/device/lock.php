<?php
/* Who works on this system, and how a connection reaches it. */

const ROUTEBOOK_HOLDER = '/var/run/routebook.json'; // a restart releases the lock

/** The lock as its run left it; null if nobody has it. */
function routebook_holder(): ?array
{
    $text = @file_get_contents(ROUTEBOOK_HOLDER);
    $holder = $text === false ? null : json_decode($text, true);
    if ($text !== false && !is_array($holder)) {
        throw new RoutebookRefusal('lock', ROUTEBOOK_HOLDER . ' is not what a run leaves there');
    }
    return $holder;
}

/** Take the lock, or renew it; the other run's where there is one. */
function routebook_take(array $request): array
{
    $lock = routebook_lock(20);
    $holder = routebook_holder();
    if ($holder !== null && $holder['run_id'] !== $request['lock']['run_id']) {
        return ['holder' => $holder];
    }
    routebook_store(ROUTEBOOK_HOLDER, json_encode($request['lock']));
    flock($lock, LOCK_UN);
    return ['holder' => null];
}

function routebook_release(array $request): array
{
    $holder = routebook_holder();
    if ($holder !== null && $holder['run_id'] === $request['run']) {
        $lock = routebook_lock(20);
        @unlink(ROUTEBOOK_HOLDER);
        flock($lock, LOCK_UN);
    }
    return [];
}

/** Whether a run may arm: nobody has the lock, or it has, or the run that it belongs to. */
function routebook_refuse_locked(string $run): void
{
    $holder = routebook_holder();
    if ($holder !== null && $holder['run_id'] !== $run && !str_starts_with($run, $holder['run_id'] . '-')) {
        throw new RoutebookRefusal('locked', $holder['run_id']);
    }
}

/** The connection's two ends, and what route(8) says of the way back; sudo takes the first away. */
function routebook_reached(): array
{
    $ends = explode(' ', (string) getenv('SSH_CONNECTION'));
    if (count($ends) !== 4) {
        return [];
    }
    return ['client' => $ends[0], 'address' => $ends[2],
        'route' => routebook_run('/sbin/route -n get ' . escapeshellarg($ends[0]), 10)[1]];
}
