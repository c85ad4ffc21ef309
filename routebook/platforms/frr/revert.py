"""The POSIX sh that runs on the device: loading a change, taking it back from any state, keeping it at the end."""

import base64
from collections.abc import Collection

from routebook.platforms.frr.refresh import RETRY_WAITING
from routebook.platforms.frr.vtysh import FOLDER, NO_HISTORY
from routebook.platforms.linux import files

# Names of the files in a run's folder.
PUSH, UNDO, ORDER, TIDY = "frr.push", "frr.undo", "frr.order", "frr.tidy"
PUSHED = "frr.pushed"  # the running configuration after the push
SNAPSHOT = "frr.snapshot"  # the snapshot, where RUNNING is that and what somebody has typed since
RUNNING, DAEMONS = "frr.running", "frr.daemons"
BOOT_FILES = "frr.boots"
"""The files that FRR boots with, one a line: name, mode, owner, group and, for a link, `->` and where it leads."""
BOOT_BEFORE, BOOT_AFTER = "frr.before.", "frr.after."
"""What the names of their former and, where they are given, their later texts begin with."""

_WRITE_BOOT = f"""{files.FUNCTIONS}
frr_write() {{  # the file $1 becomes {FOLDER}/$2; the old one is there until then
    files_same "$1" "{FOLDER}/$2" 2>/dev/null && return 0
    files_sweep {FOLDER}
    while read -r frr_is frr_mode frr_owner frr_group _ frr_link; do
        [ "$frr_is" = "$2" ] || continue
        files_put "$1" "$frr_mode" "$frr_owner" "$frr_group" "{FOLDER}/$2" "$frr_link" 2>frr.why && return 0
        echo "{FOLDER}/$2 could not be written: $(tail -n 1 frr.why)"
    done <{BOOT_FILES}
    return 1
}}
"""

_MEANING = r"""
frr_meaning() {  # every line with its contexts, sorted: equal for equal configurations in any order
    awk '/^ *!/ || /^ *exit/ || !NF { next }
         { n = match($0, /[^ ]/) - 1; at[n] = $0; line = $0
           for (i = n - 1; i >= 0; i--) if (i in at) line = at[i] "|" line
           for (i = n + 1; i < 9; i++) delete at[i]
           print line }' "$1" | LC_ALL=C sort
}
"""

_REVERT = r"""
frr_uptime() { read -r frr_up _ </proc/uptime; echo "${frr_up%%.*}"; }
frr_deadline=$(($(frr_uptime) + 90))  # watchfrr waits a minute before it restarts a daemon again
frr_read() {  # frr.now: the running configuration, once every daemon of the snapshot answers
    while :; do
        timeout 30 vtysh -c 'show daemons' -c 'show running-config' >frr.all 2>/dev/null || : >frr.all
        frr_all_up=1
        for frr_daemon in $(cat frr.daemons); do
            head -n 1 frr.all | tr ' ' '\n' | grep -qx "$frr_daemon" || frr_all_up=0
        done
        [ $frr_all_up = 1 ] && { tail -n +2 frr.all >frr.now; return 0; }
        [ "$(frr_uptime)" -ge "$frr_deadline" ] && return 1
        sleep 1
    done
}
frr_exact() { frr_read && cmp -s frr.now frr.running; }
frr_same() { frr_read || return 1; frr_meaning frr.now >frr.m1; frr_meaning frr.running >frr.m2; cmp -s frr.m1 frr.m2; }
frr_load() { [ ! -s "$1" ] || timeout 300 vtysh -f "$PWD/$1" >>frr.revert.log 2>&1; }
frr_reload() {  # what FRR's own tool would change, loaded without its log file, its `write` and its arguments
    frr_tool=/usr/lib/frr/frr-reload.py
    [ -s frr.now ] && [ -f $frr_tool ] && command -v python3 >/dev/null || return 1
    for frr_side in now running; do sed '1,/^Current configuration:$/d' frr.$frr_side >frr.$frr_side.plain; done
    python3 $frr_tool --test --input frr.now.plain frr.running.plain >frr.tool 2>>frr.revert.log || return 1
    sed -e '/^Lines To /d' -e '/^=*$/d' frr.tool >frr.fix
    frr_load frr.fix
}
frr_stop_push() {  # a push that is still running must not go on behind our back
    : >frr.reverting
    [ -s frr.push.pid ] && [ ! -e frr.push.status ] || return 0
    frr_pid=$(cat frr.push.pid)
    kill -- "-$frr_pid" 2>/dev/null
    while kill -0 -- "-$frr_pid" 2>/dev/null && [ "$(frr_uptime)" -lt "$frr_deadline" ]; do sleep 1; done
}
frr_revert() {
    frr_stop_push
    frr_exact && return 0
    until { frr_load frr.undo; frr_same; } || { frr_load frr.undo; frr_same; } || { frr_reload; frr_same; } ||
            { frr_load frr.running; frr_load frr.undo; frr_same; }; do
        [ "$(frr_uptime)" -ge "$frr_deadline" ] && return 1
        sleep 1
    done
    cmp -s frr.now frr.running && return 0
    frr_load frr.order; frr_load frr.tidy
    frr_same
}
frr_boot() {
    while read -r frr_name _; do
        if [ -e "frr.before.$frr_name" ]; then
            frr_write "frr.before.$frr_name" "$frr_name" || return 1
        elif [ -s "/etc/frr/$frr_name" ]; then
            files_remove "/etc/frr/$frr_name" || return 1
        fi
    done <frr.boots
}
frr_failed=0
frr_revert || { echo "FRR: the running configuration differs from the snapshot"; frr_failed=1; }
frr_boot || frr_failed=1
"""

_END = """
rm -f frr.all frr.now frr.m1 frr.m2 frr.tool frr.fix frr.now.plain frr.running.plain frr.reverting
[ $frr_failed = 0 ]
"""

# For a change that has nothing of FRR in it: sessions may hang on tunnels that were reverted.
NOTHING_TO_REVERT = f"{NO_HISTORY}\n{RETRY_WAITING}:\n"


def revert_fragment(refresh: str) -> str:
    """Restore the snapshot in the run's folder; exit status 0 only when the running configuration equals it.

    `refresh` are the commands that make live sessions use what was restored.
    """
    return f"({NO_HISTORY}\n{_WRITE_BOOT}{_MEANING}{_REVERT}{refresh}{RETRY_WAITING}{_END})\n"


def keep_script(folder: str, wanted: str) -> str:
    """Let reverting lead to another configuration than the snapshot; the snapshot stays beside it."""
    encoded = base64.encodebytes(wanted.encode("utf-8", "surrogateescape")).decode()
    return f"""umask 077
cd {folder} && [ ! -e frr.reverting ] || exit 75
[ -e {SNAPSHOT} ] || cp {RUNNING} {SNAPSHOT} || exit 75
base64 -d >{RUNNING}.new <<'END' && mv {RUNNING}.new {RUNNING}
{encoded}END
"""


def forget_script(folder: str) -> str:
    """Let reverting lead to the snapshot again."""
    return (
        f"cd {folder} 2>/dev/null && [ -e {SNAPSHOT} ] && cp {SNAPSHOT} {RUNNING}.new && mv {RUNNING}.new {RUNNING}\n"
    )


def push_script(folder: str) -> str:
    """Load the change so that it ends even if the connection does not last, and print what vtysh said."""
    return f"""{NO_HISTORY}
umask 077
cd {folder} && [ -s {PUSH} ] && [ ! -e frr.reverting ] && [ ! -e frr.push.pid ] || exit 75
setsid sh -c 'vtysh -f {folder}/{PUSH} >frr.push.out 2>frr.push.err; echo $? >frr.push.status' >/dev/null 2>&1 &
echo $! >frr.push.pid
wait $!
cat frr.push.out; cat frr.push.err >&2
exit "$(cat frr.push.status)"
"""


_INTEGRATED = r"""sed '1,/^Current configuration:$/d' frr.shown | sed -e '1{/^!$/d}' -e '${/^end$/d}' >frr.boot
frr_write frr.boot frr.conf
"""

# The part of one daemon as its own file has it; a file is made only for what is something to say.
_PER_DAEMON = r"""
for frr_daemon in $(cat frr.daemons); do
    vtysh -d "$frr_daemon" -c 'show running-config' >frr.shown
    sed '1,/^Current configuration:$/d' frr.shown |
        sed -e '1{/^!$/d}' -e '${/^end$/d}' -e '/^\(no \)*service integrated-vtysh-config$/d' >frr.boot
    grep -Evq '^(!|frr |hostname |domainname |log |rpki$|exit|no ip(v6)? forwarding| *$)' frr.boot ||
        [ -s "/etc/frr/$frr_daemon.conf" ] || continue
    (files_open "/etc/frr/$frr_daemon.conf" && cat <&8) >frr.was 2>/dev/null
    frr_meaning frr.was | grep -v '^frr ' >frr.m1
    frr_meaning frr.boot | grep -v '^frr ' >frr.m2
    cmp -s frr.m1 frr.m2 || frr_write frr.boot "$frr_daemon.conf" || exit 1
done
"""


def persist_fragment(restored: Collection[str], *, per_daemon: bool) -> str:
    """Make the running configuration the one that FRR boots with; the files of `restored` get their uploaded text.

    As `write` does, but without the instant in which there is no file, and without its `.sav` copy, and only if
    nothing is missing of what ran after the push: of a daemon that is gone, or comes back with what it booted with,
    vtysh shows nothing or the old. With `per_daemon` each daemon's part goes into its own file, for FRR reads those
    where there is no frr.conf (vty_read_config in lib/vty.c). Nothing is touched when nothing differs.
    """
    if restored:
        writes = "".join(f"frr_write {BOOT_AFTER}{name} {name} || exit 1\n" for name in sorted(restored))
        return f"{_WRITE_BOOT}{writes}"
    return f"""{NO_HISTORY}
{_WRITE_BOOT}{_MEANING}
vtysh -c 'show running-config' >frr.shown
frr_meaning {PUSHED} >frr.m1 && frr_meaning frr.shown >frr.m2 || exit 1
frr_lost=$(LC_ALL=C comm -23 frr.m1 frr.m2 | wc -l)
if [ ! -s {PUSHED} ] || [ "$frr_lost" != 0 ]; then
    echo "FRR does not run $frr_lost lines of what was pushed (has a daemon restarted?); its files are as they were"
    exit 1
fi
{_PER_DAEMON if per_daemon else _INTEGRATED}"""
