"""The POSIX sh programs that run on the device: the dead-man's watcher, reverting, confirming, and what drives them.

They need a Linux userland with flock (util-linux or BusyBox) and nothing else. Everything that changes a run's
phase does so under an exclusive lock on `ROOT` itself, which the kernel releases when the holder dies: exactly
one of confirming and reverting wins, and none of them can leave a lock behind.

A run's folder holds `phase` (armed, confirming, confirmed, reverting, failed; a folder without it is an unfinished
arming), `deadline` (seconds of /proc/uptime, so that stepping the clock changes nothing; gone when it is confirmed),
`pushing` (from the moment at which the push begins: without it there is nothing to restore, and nothing is), `watcher`
(its process id), the components' uploads, and `revert.N.sh` and `persist.N.sh` for each component. A
confirmed run's folder stays until the run gives its lock back, so that it can be undone while others may have to be.
"""

from shlex import quote

from routebook.device.records import LONGEST_LOCK
from routebook.device.values import UNDOING

ROOT = "/run/routebook"
RESULTS_KEPT = 5

# Exit statuses of the programs below; 1 means that a component's fragment failed.
GONE, EXTENDED, NO_ROOM, PENDING, BUSY, NO_WATCHER, LOCKED, FOREIGN, PUSHED = 3, 10, 73, 74, 75, 76, 77, 78, 79

# What is in the folder is run, and trusted, by root: nobody else may have made it, or be able to write there.
OURS_ALONE = f"""if [ -e {ROOT} ] || [ -L {ROOT} ]; then
    case $([ -d {ROOT} ] && [ ! -L {ROOT} ] && stat -c '%u %a' {ROOT}) in
        '0 '*[2367]? | '0 '*[2367]) false ;;
        '0 '*) : ;;
        *) false ;;
    esac || {{
        echo "{ROOT} is not a folder that root alone can write: look at who made it, and remove it" >&2
        exit {FOREIGN}
    }}
fi
"""

# For what a component runs between arming and the end: only while the run is armed, and never beside its reverting.
# The run's folder is the first argument, and becomes the working directory.
WHILE_ARMED = f"""{OURS_ALONE}cd "$1" || exit {GONE}
exec 9<{ROOT} && flock -w 60 9 || exit {BUSY}
[ "$(cat phase)" = armed ] || exit {GONE}
"""

_HEAD = f"""umask 077
{OURS_ALONE.replace("{", "{{").replace("}", "}}")}root={ROOT}
run={{run}}
folder=$root/$run
uptime() {{{{ read -r up _ </proc/uptime; echo "${{{{up%%.*}}}}"; }}}}
phase() {{{{ cat "$folder/phase" 2>/dev/null; }}}}
enter() {{{{ echo "$1" >"$folder/phase.new" && mv "$folder/phase.new" "$folder/phase"; }}}}
lock() {{{{ exec 9<"$root" && flock -w "$1" 9; }}}}
wake() {{{{ # a watcher that is woken looks whether it is still needed
    [ -n "$watcher" ] && [ "$watcher" != "$PPID" ] || return 0
    case $(tr '\\0' ' ' <"/proc/$watcher/cmdline") in *"$folder/watch.sh"*) kill -TERM "$watcher" ;; esac
}}}} 2>/dev/null
finish() {{{{
    {{{{ echo "phase=$1"; echo "by=$2"; cat "$folder/message"; }}}} >"$root/$run.result" 2>/dev/null
    read -r watcher <"$folder/watcher"
    cd / && rm -rf "$folder"
    wake
}}}}
release() {{{{ # what undoes confirmed runs: "own" is this run's and what belongs to it, "others" the rest
    for each in "$root"/*/phase; do
        [ "$(cat "$each" 2>/dev/null)" = confirmed ] || continue
        each=${{{{each%/phase}}}}
        case ${{{{each##*/}}}} in "$run" | "$run{UNDOING}") whose=own ;; *) whose=others ;; esac
        [ "$whose" != "$1" ] || (run=${{{{each##*/}}}}; folder=$each; finish confirmed driver)
    done
}}}}
note() {{{{ if command -v logger >/dev/null; then logger -t routebook "run $run: $1" 2>/dev/null; fi; }}}}
"""

_WATCH = """trap '' HUP
trap : TERM
cd /
echo $$ >"$folder/watcher"
tries=0
while [ -e "$folder/deadline" ]; do
    read -r deadline <"$folder/deadline"
    left=$((deadline - $(uptime)))
    if [ "$left" -le 0 ]; then
        /bin/sh "$folder/revert.sh" timer </dev/null >/dev/null 2>&1
        case $? in 0 | 3) exit 0 ;; 10) continue ;; esac
        tries=$((tries + 1))
        [ "$tries" -lt 6 ] || exit 1
        left=$((tries * 5))
    fi
    [ "$left" -le 60 ] || left=60
    sleep "$left" &
    wait $!
    kill $! 2>/dev/null
done
exit 0
"""

_REVERT = """by=${1:-driver}
lock 300 || exit 75
case $(phase) in
    armed | confirming | reverting | failed) ;;
    confirmed) [ "$by" != timer ] || exit 3 ;;
    *) cd / && rm -rf "$folder"; exit 3 ;;
esac
if [ "$by" = timer ]; then
    read -r deadline <"$folder/deadline"
    [ "$deadline" -le "$(uptime)" ] || exit 10
    note "not confirmed in time, reverting"
fi
if [ ! -e "$folder/pushing" ]; then
    note "nothing was pushed, so nothing is restored"
    finish reverted "$by"
    exit 0
fi
enter reverting
cd "$folder" || exit 1
: >detail
failed=
for part in revert.*.sh; do
    [ -e "$part" ] || continue
    name=${part#revert.}; name=${name%.sh}
    /bin/sh "./$part" </dev/null >"out.$name" 2>"err.$name" || {
        failed=1
        { echo "$name could not be restored"; tail -n 5 "out.$name"; } | tr '\\n' ' ' >>detail
    }
done
if [ -n "$failed" ]; then
    enter failed
    note "reverting failed: $(cat detail)"
    exit 1
fi
note "reverted"
finish reverted "$by"
"""

_CONFIRM = """lock 60 || exit 75
case $(phase) in
    armed | confirming) ;;
    confirmed) exit 0 ;;
    *) exit 3 ;;
esac
enter confirming
cd "$folder" || exit 1
: >detail
for part in persist.*.sh; do
    [ -e "$part" ] || continue
    name=${part#persist.}; name=${name%.sh}
    /bin/sh "./$part" </dev/null >"out.$name" 2>"err.$name" || {
        { echo "$name could not be written:"; tail -n 5 "out.$name"; } | tr '\\n' ' ' >>detail
        enter armed
        exit 1
    }
done
enter confirmed || exit 1
note "confirmed"
read -r watcher <"$folder/watcher"
rm -f "$folder/deadline"
wake
"""

_START = """start_watcher() {
    rm -f "$folder/watcher"
    if [ -d /run/systemd/system ] && command -v systemd-run >/dev/null; then
        systemd-run --quiet --collect --unit="routebook-$run-$(uptime)" /bin/sh "$folder/watch.sh" 9<&- >&2
    else
        setsid /bin/sh "$folder/watch.sh" </dev/null >/dev/null 2>&1 9<&- &
    fi
    waited=0
    until [ -s "$folder/watcher" ]; do
        [ "$waited" -lt 100 ] || return 1
        waited=$((waited + 1))
        sleep 0.05
    done
}
alive() {
    read -r watcher <"$folder/watcher" && case $(tr '\\0' ' ' <"/proc/$watcher/cmdline") in
        *"$folder/watch.sh"*) return 0 ;;
    esac
    return 1
} 2>/dev/null
set_deadline() { echo $(($(uptime) + $1)) >"$folder/deadline.new" && mv "$folder/deadline.new" "$folder/deadline"; }
"""


def head(run: str) -> str:
    """What every program begins with."""
    return _HEAD.format(run=quote(run))


def programs(run: str) -> dict[str, str]:
    """The programs that arming stores in the run's folder: file name to text."""
    return {
        "watch.sh": head(run) + _WATCH,
        "revert.sh": head(run) + _REVERT,
        "confirm.sh": head(run) + _CONFIRM,
    }


def arm(run: str, seconds: int, write_files: str, room: str) -> str:
    """Check that nothing is pending and that there is room, store the files, start the watcher, then say "armed".

    Another run's lock is printed. What others that are confirmed have left without a lock is taken away.
    """
    return (
        head(run)
        + _START
        + f"""mkdir -p -m 0700 "$root" && chmod 0700 "$root" || {{ echo "$root cannot be made"; exit {NO_ROOM}; }}
lock 20 || exit {BUSY}
if [ -e "$root/lock" ]; then
    read -r holder <"$root/lock"
    case $run in "$holder" | "$holder{UNDOING}") ;; *) cat "$root/lock"; exit {LOCKED} ;; esac
fi
release own
release others
for other in "$root"/*/phase; do
    [ -e "$other" ] || continue
    other=${{other%/phase}}
    echo "${{other##*/}}"
    exit {PENDING}
done
for left in "$root"/*/; do [ ! -d "$left" ] || rm -rf "$left"; done
ls -t "$root"/*.result 2>/dev/null | tail -n +{RESULTS_KEPT + 1} | while read -r old; do rm -f "$old"; done
{room}
give_up() {{ cd /; rm -rf "$folder"; exit "$1"; }}
trap 'give_up 1' TERM INT
mkdir -m 0700 "$folder" || {{ echo "$folder cannot be made"; exit {NO_ROOM}; }}
cd "$folder"
full() {{ echo "$root is full"; give_up {NO_ROOM}; }}
store() {{ base64 -d >"$1" && [ "$(wc -c <"$1")" -eq "$2" ]; }} 2>/dev/null
{write_files}
set_deadline {seconds} || full
start_watcher || give_up {NO_WATCHER}
enter armed || full
"""
    )


def extend(run: str, seconds: int) -> str:
    """Move the deadline; a watcher that someone killed is started anew."""
    return (
        head(run)
        + _START
        + f"""lock 20 || exit {BUSY}
[ "$(phase)" = armed ] || exit {GONE}
set_deadline {seconds} || exit 1
if alive; then wake; else start_watcher || exit {NO_WATCHER}; fi
"""
    )


def begin(run: str) -> str:
    """Say that the push begins; only while the run is armed."""
    return (
        head(run)
        + f"""lock 60 || exit {BUSY}
[ "$(phase)" = armed ] || exit {GONE}
: >"$folder/pushing"
"""
    )


def disarm(run: str) -> str:
    """Take away a run of which nothing was pushed, and restore nothing."""
    return (
        head(run)
        + f"""[ -d "$folder" ] || exit 0
lock 60 || exit {BUSY}
[ ! -e "$folder/pushing" ] || exit {PUSHED}
case $(phase) in
    armed) finish reverted driver ;;
    '') cd / && rm -rf "$folder" ;;
    *) exit {GONE} ;;
esac
"""
    )


def finish(run: str, program: str) -> str:
    """Run confirm.sh or revert.sh in a session of its own, which a broken connection does not end; print `detail`."""
    return (
        head(run)
        + f"""[ -d "$folder" ] || exit {GONE}
setsid /bin/sh "$folder/{program}" driver </dev/null >/dev/null 2>&1
status=$?
cat "$folder/detail" 2>/dev/null
exit $status
"""
    )


# Under the lock of the folder itself, so that of two runs which come at the same time one is first.
_HOLDER = f"""lock 20 || exit {BUSY}
holder=
if [ -e "$root/lock" ]; then read -r holder <"$root/lock"; fi
"""


def take_lock(run: str, encoded: str) -> str:
    """Take or renew the run's lock, a text in base64 whose first line is the run's id; print another run's."""
    return (
        head(run)
        + f"""mkdir -p -m 0700 "$root" && chmod 0700 "$root" || exit {NO_ROOM}
{_HOLDER}
if [ -n "$holder" ] && [ "$holder" != "$run" ]; then cat "$root/lock"; exit {LOCKED}; fi
release others
base64 -d >"$root/lock.new" <<'END' && mv "$root/lock.new" "$root/lock" || exit {NO_ROOM}
{encoded}END
"""
    )


def release_lock(run: str) -> str:
    """Let go of the run if it is confirmed, and of its lock."""
    return (
        head(run)
        + f"""[ -d "$root" ] || exit 0
{_HOLDER}
release own
[ "$holder" != "$run" ] || rm -f "$root/lock"
"""
    )


READ_LOCK = f"{OURS_ALONE}head -c {LONGEST_LOCK + 100} {ROOT}/lock 2>/dev/null || true"

PENDING_SCRIPT = f"""{OURS_ALONE}root={ROOT}
read -r up _ </proc/uptime
for file in "$root"/*/phase; do
    phase=$(cat "$file" 2>/dev/null) && [ -n "$phase" ] || continue  # it may end while this looks
    folder=${{file%/phase}}
    deadline=0
    [ ! -e "$folder/deadline" ] || read -r deadline <"$folder/deadline"
    detail=$(head -c 4000 "$folder/detail" 2>/dev/null | tr '\\n' ' ')
    echo "live ${{folder##*/}} $phase $((deadline - ${{up%%.*}})) $detail"
    exit 0
done
for file in $(ls -t "$root" 2>/dev/null | grep '\\.result$'); do
    echo "ended ${{file%.result}} $(sed -n 's/^phase=//p' "$root/$file") $(sed -n 's/^by=//p' "$root/$file")"
done
"""
