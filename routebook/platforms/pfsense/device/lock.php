<?php
/* Who works on this system, and how a connection reaches it. */

const ROUTEBOOK_HOLDER = '/var/run/routebook.json'; // a restart releases the lock

/** The lock's text as its run left it, whoever wrote it: who asks for it has to look. Null if nobody has the lock. */
function routebook_holder(): ?string
{
    $text = @file_get_contents(ROUTEBOOK_HOLDER, false, null, 0, 2 * 1024 * 1024);
    return $text === false ? null : $text;
}

/** Whose lock a text is; '' where it is no lock. */
function routebook_holder_run(string $text): string
{
    $holder = json_decode($text, true, 16);
    $run = is_array($holder) ? ($holder['run_id'] ?? '') : '';
    return is_string($run) ? $run : '';
}

/** Take the lock, or renew it; the other run's where there is one. */
function routebook_take(array $request): array
{
    $lock = routebook_lock(20);
    $holder = routebook_holder();
    $run = $request['lock']['run_id'];
    if ($holder !== null && routebook_holder_run($holder) !== $run) {
        return ['holder' => $holder];
    }
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
    $own = $holder !== null && routebook_holder_run($holder) === $run;
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

/** Whether a change is a run's own: it has the run's whole id, or undoes that run. */
function routebook_belongs(string $change, string $run): bool
{
    return $run !== '' && ($change === $run || $change === "$run-undo");
}

/** Whether a run may arm: nobody has the lock, or the run that it belongs to. */
function routebook_refuse_locked(string $run): void
{
    $holder = routebook_holder();
    if ($holder !== null && !routebook_belongs($run, routebook_holder_run($holder))) {
        throw new RoutebookRefusal('locked', $holder);
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
