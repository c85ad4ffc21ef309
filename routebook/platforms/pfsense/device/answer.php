<?php
/* How the program answers: one line of JSON behind a token, whatever the system's own code prints, and even if it dies. */

final class RoutebookRefusal extends Exception
{
    public string $kind;
    public bool $changed;

    public function __construct(string $kind, string $message, bool $changed = false)
    {
        parent::__construct($message);
        $this->kind = $kind;
        $this->changed = $changed;
    }
}

/** The token is the request's own, so that nothing that the system prints can be taken for the answer. */
final class RoutebookAnswer
{
    private string $token;
    private bool $given = false;
    /** Whether the system's configuration may have been changed so far. */
    public static bool $changed = false;

    public function __construct(string $token)
    {
        $this->token = $token;
        ob_start();
        register_shutdown_function([$this, 'ended']);
    }

    public function give(array $answer): void
    {
        $this->given = true;
        while (ob_get_level() > 0) {
            ob_end_clean();
        }
        echo "\n", $this->token, ' ', base64_encode(json_encode($answer, JSON_INVALID_UTF8_SUBSTITUTE)), "\n";
        flush();
    }

    public function refuse(Throwable $error): void
    {
        if ($error instanceof RoutebookRefusal) {
            $this->give(['ok' => false, 'kind' => $error->kind, 'message' => $error->getMessage(),
                'changed' => $error->changed || self::$changed]);
            return;
        }
        $place = basename($error->getFile()) . ':' . $error->getLine();
        $this->give(['ok' => false, 'kind' => 'php', 'changed' => self::$changed,
            'message' => get_class($error) . ' at ' . $place . ': ' . $error->getMessage()]);
    }

    /** The system's code ends a program by die(), which exits 0, and by fatal errors. */
    public function ended(): void
    {
        if ($this->given) {
            return;
        }
        $printed = '';
        while (ob_get_level() > 0) {
            $printed = ob_get_clean() . $printed;
        }
        $error = error_get_last();
        $fatal = E_ERROR | E_PARSE | E_CORE_ERROR | E_COMPILE_ERROR | E_RECOVERABLE_ERROR;
        if ($error !== null && ($error['type'] & $fatal)) {
            $message = 'PHP ended with: ' . strtok($error['message'], "\n")
                . ' (' . basename($error['file']) . ':' . $error['line'] . ')';
        } else {
            $message = 'the system\'s own code ended the program: ' . substr(trim($printed), -500);
        }
        $this->give(['ok' => false, 'kind' => 'died', 'message' => $message, 'changed' => self::$changed]);
    }
}

/** Run a program without a shell's history of it; returns [exit status, both outputs]. */
function routebook_run(string $command, int $seconds = 30): array
{
    $lines = [];
    $status = 0;
    exec("timeout $seconds $command 2>&1 </dev/null", $lines, $status);
    return [$status, implode("\n", $lines)];
}

/** Wait until $enough() is true; false when $seconds are over. */
function routebook_wait(float $seconds, callable $enough): bool
{
    $end = hrtime(true) + (int) ($seconds * 1e9);
    for (;;) {
        if ($enough()) {
            return true;
        }
        if (hrtime(true) >= $end) {
            return false;
        }
        usleep(200000);
    }
}
