<?php
/* Where the program begins: the request is in $routebook_encoded, base64 of JSON. */

error_reporting(E_ERROR | E_PARSE | E_CORE_ERROR | E_COMPILE_ERROR | E_RECOVERABLE_ERROR);
ini_set('display_errors', '0');
ignore_user_abort(true);
set_time_limit(0);
umask(077);
set_include_path(get_include_path() . ':/etc/inc:/usr/local/pkg:/usr/local/share/pear');

$routebook_request = json_decode(base64_decode($routebook_encoded), true);
$routebook_answer = new RoutebookAnswer($routebook_request['token'] ?? 'routebook');
$routebook_result = [];
try {
    $routebook_action = $routebook_request['action'];
    if (in_array($routebook_action, ['push', 'revert'], true)) {
        if ($routebook_action === 'revert') {
            routebook_before_revert($routebook_request);
        } elseif (hash('sha256', routebook_file()) !== $routebook_request['config']) {
            throw new RoutebookRefusal('stale', 'config.xml has changed');
        }
        // At the top level, not in a function: what these files define are global variables.
        foreach (['config', 'functions', 'util', 'filter', 'interfaces', 'ipsec', 'vpn', 'service-utils', 'pkg-utils'] as $routebook_name) {
            if (stream_resolve_include_path("$routebook_name.inc") !== false) {
                require_once "$routebook_name.inc";
            }
        }
        foreach (routebook_packages() as $routebook_package) {
            require_once "/usr/local/pkg/$routebook_package.inc";
        }
        if ($routebook_action === 'push') {
            $routebook_change = routebook_folder($routebook_request['run']) . '/change.json';
            if (file_exists($routebook_change)) {
                routebook_refuse_unknown(json_decode(routebook_file($routebook_change), true));
            }
        }
        umask(022); // what the system's functions write, its daemons have to read
    }
    switch ($routebook_action) {
        case 'read':
            $routebook_result = routebook_read($routebook_request);
            break;
        case 'form':
            $routebook_result = routebook_form($routebook_request);
            break;
        case 'facts':
            $routebook_result = routebook_facts();
            break;
        case 'arm':
            $routebook_result = routebook_arm($routebook_request);
            break;
        case 'extend':
            $routebook_result = routebook_extend($routebook_request);
            break;
        case 'push':
            $routebook_result = routebook_push($routebook_request);
            break;
        case 'activate':
            $routebook_result = routebook_use($routebook_request);
            break;
        case 'confirm':
            $routebook_result = routebook_confirm($routebook_request);
            break;
        case 'revert':
            $routebook_result = routebook_revert($routebook_request);
            break;
        case 'pending':
            $routebook_result = routebook_pending();
            break;
        case 'lock':
            $routebook_result = routebook_take($routebook_request);
            break;
        case 'unlock':
            $routebook_result = routebook_release($routebook_request);
            break;
        case 'locked':
            $routebook_result = ['holder' => routebook_holder()];
            break;
        case 'reached':
            $routebook_result = routebook_reached();
            break;
        case 'watch':
            routebook_watch($routebook_request);
            break;
        default:
            throw new RoutebookRefusal('release', 'this program does not know the action ' . $routebook_action);
    }
    $routebook_answer->give(['ok' => true, 'result' => $routebook_result]);
} catch (Throwable $routebook_error) {
    $routebook_answer->refuse($routebook_error);
}
