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
    $run = $request['lock']['run_id'];
    routebook_let_go(fn ($other) => !routebook_belongs($other, $run));
    routebook_store(ROUTEBOOK_HOLDER, json_encode($request['lock']));
    flock($lock, LOCK_UN);
    return ['holder' => null];
}

/** Let go of what undoes the run where it is confirmed, then give its lock back; one of another run stays. */
function routebook_release(array $request): array
{
    $run = $request['run'];
    $holder = routebook_holder();
    $own = $holder !== null && $holder['run_id'] === $run;
    if (!$own && routebook_live() === null) {
        return [];
    }
    $lock = routebook_lock(20);
    routebook_let_go(fn ($one) => routebook_belongs($one, $run));
    if ($own) {
        @unlink(ROUTEBOOK_HOLDER);
    }
    flock($lock, LOCK_UN);
    return [];
}

/** Whether a change is a run's own: it has the run's id, or one that begins with it and a dash. */
function routebook_belongs(string $change, string $run): bool
{
    return $change === $run || str_starts_with($change, "$run-");
}

/** Whether a run may arm: nobody has the lock, or the run that it belongs to. */
function routebook_refuse_locked(string $run): void
{
    $holder = routebook_holder();
    if ($holder !== null && !routebook_belongs($run, $holder['run_id'])) {
        throw new RoutebookRefusal('locked', json_encode($holder));
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
