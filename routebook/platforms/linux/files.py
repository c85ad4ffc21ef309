"""POSIX sh for reading and replacing files as root in folders that another user may own.

`/etc/frr` belongs to `frr`, and a git checkout that a configuration is linked into belongs to whoever works in it. As
root, nothing there may be trusted by its name: a link may have taken its place since somebody looked. So

- a folder is entered component by component and worked in as the current directory, which stays that folder whatever
  becomes of its name (what openat(2) is for);
- a link on the way to a folder must be root's; one at the file's own place is followed if it is root's, or if link,
  file and the file's folder belong to one user, who reaches nothing by it that is not his anyway;
- what is read is the file that was opened, judged after opening it: a file with several names is not read where
  somebody else than root could have made one of them;
- what is written is made in a fresh folder beside the file, of a name that nobody can foresee, which only root can
  enter; mode and owner are set while it is empty, and rename(2) puts it in place, without following anything.

A file that is reached by a link is replaced where it is: the link, and the file's mode and owner, stay.
They need stat, readlink, mktemp and `mv -T` of GNU or BusyBox. Every function says on standard error why it refuses.
"""

import posixpath

_LINK = " -> "

# Attributes are "MODE OWNER GROUP", and " -> LINK" where the place is a link. A function whose body is in () leaves
# the caller's working directory alone; files_open is for a subshell.
FUNCTIONS = r"""
files_refuse() { echo "$1" >&2; return 1; }
files_id() { stat -c '%d:%i' "$1"; }
files_enter() { # the folder $1, an absolute path, becomes the working directory
    cd / || return 1
    files_rest=${1#/}/ files_left=40
    while [ -n "$files_rest" ]; do
        files_part=${files_rest%%/*} files_rest=${files_rest#*/}
        case $files_part in '' | .) continue ;; ..) cd -P .. || return 1; continue ;; esac
        if [ -L "./$files_part" ]; then
            [ "$(stat -c %u "./$files_part")" = 0 ] ||
                files_refuse "$files_part, a folder on the way to $1, is a link that is not root's" || return 1
            files_left=$((files_left - 1))
            [ "$files_left" -gt 0 ] || files_refuse "too many links on the way to $1" || return 1
            files_to=$(readlink "./$files_part") || return 1
            case $files_to in /*) cd / || return 1 ;; esac
            files_rest=$files_to/$files_rest
            continue
        fi
        files_up=$(files_id .)
        cd -P "./$files_part" 2>/dev/null || files_refuse "$1 is no folder" || return 1
        [ "$(files_id ..)" = "$files_up" ] || files_refuse "$1 changes while it is looked at" || return 1
    done
}
files_place() { # the folder in which the file $1 really is, and files_name there; files_link is its link's text
    files_enter "${1%/*}" || return 1
    files_name=${1##*/} files_at=${1%/*} files_link= files_by=0 files_hops=8
    while [ -L "./$files_name" ]; do
        files_hops=$((files_hops - 1))
        [ "$files_hops" -gt 0 ] || files_refuse "$1 is a link of too many links" || return 1
        files_whose=$(stat -c %u "./$files_name")
        case $files_by,$files_whose in
            0,*) files_by=$files_whose ;;
            *,0 | "$files_whose,$files_by") ;;
            *) files_refuse "$1 is a link of several users"; return 1 ;;
        esac
        files_to=$(readlink "./$files_name") || return 1
        [ -n "$files_link" ] || files_link=$files_to
        case $files_to in /*) ;; *) files_to=$files_at/$files_to ;; esac
        files_at=${files_to%/*}
        files_enter "${files_at:-/}" || return 1
        files_name=${files_to##*/}
    done
    [ "$files_by" = 0 ] || [ "$(stat -c %u . "./$files_name" 2>/dev/null | sort -u)" = "$files_by" ] ||
        files_refuse "$1 is a link of user $files_by to what is not that user's: make it a file, or a link of root's"
}
files_open() { # descriptor 8 reads the file $1, files_attributes are its; the working directory is its folder then
    files_place "$1" || return 1
    [ -f "./$files_name" ] || files_refuse "$1 is no file" || return 1
    exec 8<"./$files_name" || return 1
    [ "$(stat -L -c '%d:%i' /proc/self/fd/8)" = "$(files_id "./$files_name")" ] ||
        files_refuse "$1 changes while it is looked at" || return 1
    [ "$(stat -L -c %h /proc/self/fd/8)" = 1 ] || [ "$(stat -c %u .)" = 0 ] ||
        files_refuse "$1 has a second name, and a user who is not root may have given it: make it a copy" || return 1
    files_attributes="$(stat -L -c '%a %U %G' /proc/self/fd/8)${files_link:+ -> $files_link}"
}
files_same() ( # whether the file $2 has the content of $1
    exec 7<"$1" && files_open "$2" && cmp -s /proc/self/fd/7 /proc/self/fd/8
)
files_inside() { # into the folder $1 of the working directory, one that only root can have made and can enter
    files_up=$(files_id .)
    [ ! -L "./$1" ] && cd -P "./$1" 2>/dev/null && [ "$(files_id ..)" = "$files_up" ] &&
        case $(stat -c '%u %a' .) in '0 700' | '0 2700') ;; *) false ;; esac
}
files_fresh() { # makes such a folder in the working directory and enters it; files_new is its name
    files_new=$(mktemp -d ./.routebook.XXXXXXXXXXXX) && files_new=${files_new#./} && files_inside "$files_new"
}
files_sweep() ( # takes away what was left in the folder $1 by something that was killed
    files_enter "$1" || exit 1
    for files_each in ./.routebook.*; do
        (files_inside "${files_each#./}" && rm -rf ./*) && rmdir "$files_each"
    done
    :
)
files_stage() ( # content, mode, owner, group, place, link: all but the rename; $1.staged says where
    umask 077
    files_note=$PWD/$1.staged
    exec 7<"$1" && files_place "$5" || exit 1
    if [ -n "$6" ] && [ -z "$files_link" ] && [ ! -e "./$files_name" ]; then
        ln -s "$6" "./$files_name" && files_place "$5" || exit 1
    fi
    [ "$files_link" = "$6" ] || files_refuse "$5 has become another link" || exit 1
    [ ! -e "./$files_name" ] || [ -f "./$files_name" ] || files_refuse "$5 is no file" || exit 1
    files_fresh && echo "$files_new" >"$files_note" || exit 1
    : >./new && chown "$3:$4" ./new && chmod "$2" ./new && cat <&7 >./new &&
        { sync ./new 2>/dev/null || sync; } && exit 0
    files_gone=$files_new
    rm -f ./new; cd -P .. && rmdir "./$files_gone"
    exit 1
)
files_take() ( # content, place: what was staged takes the file's place
    read -r files_new <"$1.staged" && files_place "$2" && files_inside "$files_new" || exit 1
    mv -f -T ./new "../$files_name" && cd -P .. && rmdir "./$files_new" && { sync . 2>/dev/null || sync; }
)
files_drop() ( # content, place: what was staged goes
    read -r files_new <"$1.staged" 2>/dev/null && files_place "$2" && files_inside "$files_new" || exit 0
    rm -f ./new; cd -P .. && rmdir "./$files_new"
)
files_put() { # content, mode, owner, group, place, link: the file gets this content
    files_stage "$@" || return 1
    files_take "$1" "$5" && return 0
    files_drop "$1" "$5"
    return 1
}
files_remove() ( # the file, or the link, $1 goes
    files_enter "${1%/*}" && rm -f "./${1##*/}"
)
"""


def link_of(attributes: str) -> str:
    """The text of the link that the file's place is; empty where it is none."""
    return attributes.partition(_LINK)[2]


def plain(attributes: str) -> str:
    """Mode, owner and group alone."""
    return attributes.partition(_LINK)[0]


def real_path(path: str, attributes: str) -> str:
    """Where the file is that `path` names, as far as its own link says."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), link_of(attributes) or path))
