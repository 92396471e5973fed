# place.sh - the directory of a collection, by CDR_KEY, which stands before; whether it is ours.
# shellcheck shell=sh disable=SC2034,SC3045
set -u
umask 077
PATH=/usr/sbin:/usr/bin:/sbin:/bin
LC_ALL=C
export PATH LC_ALL
unset IFS CDPATH ENV BASH_ENV LD_PRELOAD LD_LIBRARY_PATH
unalias -a
base=${TMPDIR:-/tmp}
dir=$base/cdr-$CDR_KEY
# Made by us, for us alone, and no link: whoever may write to $base may have been there first.
ours() {
    test -d "$dir" && test ! -L "$dir" && test "$(stat -c %u:%a -- "$dir" 2>/dev/null)" = "$(id -u):700"
}
# A process by its id and when it began: ids are given out again.
began_of() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d ' ' -f 20; }
alive() {
    test -f "$dir/process" && read -r pid since <"$dir/process" && test -n "$since" &&
        test "$(began_of "$pid")" = "$since"
}
ended() { grep -Eqs '"state":"(complete|partial|failed)"' "$dir/status.json"; }
