"""The POSIX sh that loads swanctl files into charon on the device, and moves its SAs to what was loaded.

All of it runs in a run's folder. There, `swanctl/` is the whole tree to load, `swanctl.new/` and `swanctl.old/`
the exact files that change and what they were, and `swanctl.files` one line for each: mode, owner, group (or
`gone`) after and before, and the path below /etc/swanctl. `swanctl.links/` has the text of every such path that is
a link.

swanctl itself reads a copy below /etc/swanctl: the AppArmor profile of Debian and Ubuntu (usr.sbin.swanctl) lets it
read nothing elsewhere, and what it cannot read it takes for an empty configuration.
"""

from collections.abc import Iterable
from shlex import quote

from routebook.platforms.linux import files
from routebook.platforms.linux.device_scripts import WHILE_ARMED
from routebook.platforms.strongswan.changes import TunnelChange
from routebook.platforms.strongswan.tree import FOLDER

REJECTED, NOT_LOADED, NO_DAEMON, NOT_STAGED = 21, 22, 23, 24

# One line per child: connection, IKE SA's number and state, who initiated it (i: here, r: there), child, its number
# and state; a dash where there is no child.
_SAS = r"""sas() { swanctl --list-sas | awk '
    function flush() { if (ike != "" && !seen) print connection "\t" ike "\t" state "\t" role "\t-\t-\t-" }
    /^[^ \t].*: #[0-9]+, / {
        flush(); match($0, /: #[0-9]+, /)
        connection = substr($0, 1, RSTART - 1); ike = substr($0, RSTART + 3, RLENGTH - 5)
        state = substr($0, RSTART + RLENGTH); role = (state ~ /_i\*/) ? "i" : "r"; sub(/,.*/, "", state); seen = 0
    }
    /^  [^ \t].*: #[0-9]+, reqid [0-9]+, / {
        match($0, /: #[0-9]+, reqid [0-9]+, /)
        child = substr($0, 3, RSTART - 3); text = substr($0, RSTART + 3)
        number = text; sub(/,.*/, "", number); sub(/^[0-9]+, reqid [0-9]+, /, "", text); sub(/,.*/, "", text)
        print connection "\t" ike "\t" state "\t" role "\t" child "\t" number "\t" text; seen = 1
    }
    END { flush() }'; }
"""

# swanctl exits 0 on a syntax error and on a missing file, after unloading everything: its words count too.
_LOAD = r"""bad() { grep -Eiq 'syntax error|invalid config file|failed to open config file' "$1"; }
connections() { swanctl --list-conns | sed -n 's/^\([^ \t].*\): [^ ]*, .*$/\1/p' | sort; }
answers() { swanctl --stats >/dev/null 2>err.stats; }
load() { # the swanctl.conf to load, and the file with the names that must be there afterwards
    swanctl --load-all --noprompt --file "$1" >out.load 2>err.load || return 1
    ! bad err.load || return 1
    connections >found.load
    [ -z "$(comm -13 found.load "$2")" ]
}
"""

_MOVE = r"""
field() { awk -F '\t' -v connection="$1" -v child="$2" -v column="$3" \
    '$1 == connection && (child == "" || $5 == child) && $column != "-" { print $column }' "$4" | sort -u; }
end_ike() { # connection, file with the SAs that go
    for number in $(field "$1" "" 2 "$2"); do
        swanctl --terminate --ike-id "$number" --force --timeout 2 >/dev/null 2>&1
    done
}
end_child() { # connection, child, file
    for number in $(field "$1" "$2" 6 "$3"); do
        swanctl --terminate --child-id "$number" --timeout 2 >/dev/null 2>&1
    done
}
fresh() { # connection, child, file with the SAs that do not count
    sas | awk -F '\t' -v connection="$1" -v child="$2" -v kind="$4" '
        FILENAME == ARGV[1] { if ($1 == connection) { old["ike" $2]; old["child" $6] } next }
        $1 == connection && $5 == child && $7 == "INSTALLED" && !((kind $(kind == "ike" ? 2 : 6)) in old) { found = 1 }
        END { exit !found }' "$3" -
}
bring() { # connection, child, file with the SAs that do not count, ike or child, start or wait
    if [ "$5" = wait ]; then
        waited=0
        until fresh "$1" "$2" "$3" "$4"; do
            waited=$((waited + 1)); [ "$waited" -lt 10 ] || break
            sleep 0.3
        done
    fi
    fresh "$1" "$2" "$3" "$4" || swanctl --initiate --child "$2" --ike "$1" --timeout 4 >/dev/null 2>&1
}
was_up() { [ -n "$(awk -F '\t' -v c="$1" -v k="$2" '$1 == c && $5 == k && $7 == "INSTALLED"' swanctl.before)" ]; }
started_here() { [ -n "$(awk -F '\t' -v c="$1" -v k="$2" '$1 == c && $5 == k && $4 == "i"' swanctl.before)" ]; }
"""

_FILES = f"""{files.FUNCTIONS}
etc={FOLDER}
link_of() {{ cat "swanctl.links/$1" 2>/dev/null; }}
sweep() {{ # every folder of the files that change
    while read -r _ _ _ _ _ _ path; do
        path=$etc/$path
        echo "${{path%/*}}"
    done <swanctl.files | sort -u | while read -r folder; do [ ! -d "$folder" ] || files_sweep "$folder"; done
}}
"""

LIST_SAS = _SAS + "sas\n"

# The copy is nobody's configuration, as no include reaches a dot-folder; there while swanctl reads it.
PUSH = (
    WHILE_ARMED
    + _SAS
    + _LOAD
    + files.FUNCTIONS
    + f"""answers || exit {NO_DAEMON}
files_sweep {FOLDER}
stage=$(umask 077; files_enter {FOLDER} && files_fresh && cp -R "$1/swanctl" "$1/swanctl.check" . && pwd) ||
    exit {NOT_STAGED}
trap 'files_sweep {FOLDER}' EXIT
swanctl --load-conns --file "$stage/swanctl.check" >out.check 2>err.check
checked=$?
swanctl --load-conns >out.unload 2>err.unload
if [ "$checked" -ne 0 ] || bad err.check; then cat out.check err.check; exit {REJECTED}; fi
: >swanctl.pushing
load "$stage/swanctl/swanctl.conf" swanctl.expected || {{ cat out.load err.load; exit {NOT_LOADED}; }}
sas >swanctl.loaded
: >swanctl.pushed
"""
)

PERSIST = (
    _FILES
    + r"""umask 077
sweep
while read -r mode owner group _ _ _ path; do
    [ "$mode" != gone ] || continue
    files_stage "swanctl.new/$path" "$mode" "$owner" "$group" "$etc/$path" "$(link_of "$path")" 2>swanctl.why || {
        echo "$etc/$path cannot be written: $(tail -n 1 swanctl.why)"
        while read -r _ _ _ _ _ _ path; do files_drop "swanctl.new/$path" "$etc/$path"; done <swanctl.files
        exit 1
    }
done <swanctl.files
: >swanctl.persisting
while read -r mode owner group _ _ _ path; do
    if [ "$mode" = gone ]; then files_remove "$etc/$path"; else files_take "swanctl.new/$path" "$etc/$path"; fi || {
        echo "$etc/$path cannot be replaced"; exit 1; }
done <swanctl.files
sync "$etc" 2>/dev/null || sync
"""
)


def revert(changes: Iterable[TunnelChange]) -> str:
    """The fragment that restores files, what charon has loaded, and the SAs that were up."""
    moves = "\n".join(_back(change) for change in changes)
    return (
        _SAS
        + _LOAD
        + _MOVE
        + _FILES
        + f"""files_sweep {FOLDER}
[ -e swanctl.pushing ] || exit 0
sweep
if [ -e swanctl.persisting ]; then
    while read -r _ _ _ mode owner group path; do
        if [ "$mode" = gone ]; then files_remove "$etc/$path"; continue; fi
        files_put "swanctl.old/$path" "$mode" "$owner" "$group" "$etc/$path" "$(link_of "$path")" 2>swanctl.why || {{
            echo "$etc/$path cannot be restored: $(tail -n 1 swanctl.why)"; exit 1; }}
    done <swanctl.files
fi
while read -r _ _ _ mode _ _ path; do
    if [ "$mode" = gone ]; then [ ! -e "$etc/$path" ]; else files_same "swanctl.old/$path" "$etc/$path"; fi || {{
        echo "$etc/$path is not what it was"; exit 1; }}
done <swanctl.files
answers || {{ echo "charon does not answer; its files are as they were"; exit 1; }}
sas >swanctl.doomed
load "$etc/swanctl.conf" swanctl.former || {{ echo "charon did not load the former files"; exit 1; }}
later() {{ # the SAs that were not there before: 2 for IKE SAs, 6 for children
    awk -F '\\t' -v c="$1" 'FILENAME == ARGV[1] {{ old[$c]; next }} !($c in old)' swanctl.before swanctl.doomed
}}
later 2 >swanctl.new-ike
later 6 >swanctl.new-child
{moves}
wait
rm -f swanctl.pushed
exit 0
"""
    )


def _back(change: TunnelChange) -> str:
    """Close what came with the change, then bring up what was up before."""
    name = quote(change.connection)
    lines = []
    if change.kind == "children":
        ended = {*change.ended, *(child.name for child in change.wanted)}
        lines += [f"end_child {name} {quote(child)} swanctl.new-child" for child in sorted(ended)]
        kind, doomed = "child", "swanctl.new-child"
        selected = f"for child in {' '.join(map(quote, change.ended))}; do" if change.ended else "for child in; do"
    else:
        lines.append(f"end_ike {name} swanctl.new-ike")
        kind, doomed = "ike", "swanctl.new-ike"
        selected = f"field {name} '' 5 swanctl.before | while read -r child; do"
    lines.append(
        f"""{selected}
        was_up {name} "$child" || continue
        if started_here {name} "$child"; then role=start; else role=wait; fi
        bring {name} "$child" {doomed} {kind} "$role"
    done"""
    )
    return "(\n    " + "\n    ".join(lines) + "\n) 9<&- >/dev/null 2>&1 &"


def activate(changes: Iterable[TunnelChange]) -> str:
    """A script that closes the SAs which do not fit what was loaded and brings up those that should be there.

    An end that starts tunnels closes all it has and starts anew; an end that waits for the other closes only what it
    had when it loaded the change, for what came later was made by the other end with the new configuration.
    """
    moves = "\n".join(_forward(change) for change in changes)
    return f"""{WHILE_ARMED}{_SAS}{_MOVE}sas >swanctl.active
{moves}
wait
"""


def _forward(change: TunnelChange) -> str:
    name = quote(change.connection)
    starts = any(child.starts for child in change.wanted)
    ended = "swanctl.active" if starts or change.kind == "removed" else "swanctl.loaded"
    kind = "child" if change.kind == "children" else "ike"
    if kind == "child":
        lines = [f"end_child {name} {quote(child)} {ended}" for child in change.ended]
    else:
        lines = [f"end_ike {name} {ended}"]
    for child in change.wanted:
        arguments = f"{name} {quote(child.name)} {ended} {kind}"
        if child.starts:
            lines.append(f"bring {arguments} start")
        else:
            role = f"if started_here {name} {quote(child.name)}; then role=start; else role=wait; fi"
            lines.append(f'if was_up {name} {quote(child.name)}; then {role}; bring {arguments} "$role"; fi')
    return "(\n    " + "\n    ".join(lines) + "\n) >/dev/null 2>&1 &"
