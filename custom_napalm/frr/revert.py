"""The POSIX sh that runs on the device: taking back a change whatever state it is in, and keeping it at the end."""

from custom_napalm.frr.vtysh import FRR_CONF

# Names of the files in a run's folder.
PUSH, UNDO, ORDER, TIDY = "frr.push", "frr.undo", "frr.order", "frr.tidy"
RUNNING, DAEMONS, BOOT = "frr.running", "frr.daemons", "frr.conf"

# Sessions that wait for their next attempt (up to 120 s) try now; those that are up, shut down or over their
# limit are left alone.
RETRY_WAITING = r"""
vtysh -c 'show bgp neighbors json' 2>/dev/null | awk -F'"' '
    /^ ? ?"[^"]*": ?\{/ { peer = $2; off = 0; waiting = 0 }
    /"adminShutDown": ?true|"prefixesConfigExceedMax": ?true/ { off = 1 }
    /"bgpState": ?"(Active|Connect|Idle)"/ { waiting = 1 }
    /"readThread"/ { if (waiting && !off) print peer }
' | while read -r peer; do vtysh -c "clear bgp $peer" </dev/null >/dev/null 2>&1; done
"""

_REVERT = r"""
frr_deadline=$(( $(date +%s) + 60 ))
frr_read() {  # frr.now: the running configuration, once every daemon of the snapshot answers
    while :; do
        vtysh -c 'show daemons' -c 'show running-config' >frr.all 2>/dev/null || : >frr.all
        frr_up=1
        for frr_d in $(cat frr.daemons); do
            head -n 1 frr.all | tr ' ' '\n' | grep -qx "$frr_d" || frr_up=0
        done
        [ $frr_up = 1 ] && { tail -n +2 frr.all >frr.now; return 0; }
        [ "$(date +%s)" -ge "$frr_deadline" ] && return 1
        sleep 1
    done
}
frr_meaning() {  # every line with its contexts, sorted: equal for equal configurations in any order
    awk '/^ *!/ || /^ *exit/ { next }
         { n = match($0, /[^ ]/) - 1; at[n] = $0; line = $0
           for (i = n - 1; i >= 0; i--) if (i in at) line = at[i] "|" line
           for (i = n + 1; i < 9; i++) delete at[i]
           print line }' "$1" | sort
}
frr_exact() { frr_read && cmp -s frr.now frr.running; }
frr_same() { frr_meaning frr.now >frr.m1; frr_meaning frr.running >frr.m2; cmp -s frr.m1 frr.m2; }
frr_load() { [ ! -s "$1" ] || vtysh -f "$PWD/$1" >>frr.revert.log 2>&1; }
frr_reload() {  # what FRR's own tool would change, loaded without its log file, its write and its argv
    frr_tool=/usr/lib/frr/frr-reload.py
    [ -f $frr_tool ] && command -v python3 >/dev/null || return 1
    python3 $frr_tool --test --stdout --input "$PWD/frr.now" "$PWD/frr.running" >frr.tool 2>>frr.revert.log || return 1
    sed -e '/^Lines To /d' -e '/^=*$/d' -e '/^[0-9-]* [0-9:,]* *[A-Z]*: /d' frr.tool >frr.fix
    frr_load frr.fix
}
frr_revert() {
    : >frr.reverting
    if [ -s frr.push.pid ] && [ ! -e frr.push.status ]; then
        kill -- -"$(cat frr.push.pid)" 2>/dev/null
        while kill -0 -- -"$(cat frr.push.pid)" 2>/dev/null; do sleep 1; done
    fi
    frr_exact && return 0
    while :; do
        frr_load frr.undo; frr_read && frr_same && break
        frr_load frr.undo; frr_read && frr_same && break
        frr_reload; frr_read && frr_same && break
        frr_load frr.running; frr_load frr.undo; frr_read && frr_same && break
        [ "$(date +%s)" -ge "$frr_deadline" ] && return 1
        sleep 1
    done
    if ! cmp -s frr.now frr.running; then
        frr_load frr.order; frr_load frr.tidy
        frr_read || return 1
    fi
    frr_same
}
frr_revert; frr_status=$?
[ $frr_status = 0 ] || echo "FRR: the running configuration differs from the snapshot"
""" + RETRY_WAITING + r"""
rm -f frr.all frr.now frr.m1 frr.m2 frr.tool frr.fix frr.reverting
[ $frr_status = 0 ]
"""  # fmt: skip


# For a change that has nothing of FRR in it: sessions may hang on tunnels that were reverted.
NOTHING_TO_REVERT = RETRY_WAITING + "\n:\n"


def revert_fragment() -> str:
    """Restore the snapshot in the run's folder; exit status 0 only when the running configuration equals it."""
    return f"({_REVERT})"


def push_script(folder: str) -> str:
    """Load the change so that it ends even if the connection does not last, and print what vtysh said."""
    return f"""
cd {folder} && [ -s {PUSH} ] && [ ! -e frr.reverting ] && [ ! -e frr.push.status ] || exit 75
setsid sh -c 'vtysh -f {folder}/{PUSH} >frr.push.out 2>frr.push.err; echo $? >frr.push.status' >/dev/null 2>&1 &
echo $! >frr.push.pid
wait $!
cat frr.push.out; cat frr.push.err >&2
exit "$(cat frr.push.status)"
"""


def persist_fragment(*, restored: bool) -> str:
    """Make the running configuration the one that FRR boots with; with `restored`, an uploaded earlier text.

    As `write` does, but without the instant in which there is no file: a temporary file in the same folder,
    flushed to disk, renamed. Mode and owner stay; nothing is touched when nothing differs.
    """
    source = f"cat {BOOT}" if restored else "vtysh -c 'show running-config' | sed '1,/^Current configuration:$/d'"
    return f"""
if [ ! -f {FRR_CONF} ] || grep -q '^no service integrated-vtysh-config' /etc/frr/vtysh.conf 2>/dev/null; then
    vtysh -c 'write memory' >&2 || {{ echo "FRR could not write its configuration"; exit 1; }}
    exit 0
fi
umask 077
new=/etc/frr/.frr.conf.routebook
trap 'rm -f $new' EXIT
{{ {source}; }} >$new && [ -s $new ] || {{ echo "$new could not be written"; exit 1; }}
cmp -s $new {FRR_CONF} && exit 0
chown --reference={FRR_CONF} $new && chmod --reference={FRR_CONF} $new && sync $new && mv $new {FRR_CONF} || {{
    echo "{FRR_CONF} could not be written"; exit 1; }}
sync /etc/frr
"""
