# clean.sh - after place.sh: end what is still at work, and remove the directory.
# shellcheck shell=sh disable=SC2154
# Ours is what has our mark in its environment; and, while the one that watches is alive and so
# nobody else's, all of its session. What is a zombie is at its end.
session=''
if ours && alive; then
    session=$pid
fi
is_ended() { test ! -e "/proc/$1/status" || grep -q '^State:[[:blank:]]*[ZX]' "/proc/$1/status" 2>/dev/null; }
at_work() {
    grep -lszxF "CDR_MARK=$dir" /proc/[0-9]*/environ | sed 's,/proc/\([0-9]*\)/environ,\1,'
    test -n "$session" || return 0
    echo "$session"
    for one in /proc/[0-9]*; do
        { read -r line <"$one/stat"; } 2>/dev/null || continue
        # shellcheck disable=SC2086 # its fields
        set -- ${line##*) }
        test "${4:-}" != "$session" || echo "${one#/proc/}"
    done
}
left() {
    for one in $(at_work); do
        test "$one" = "$$" || is_ended "$one" || echo "$one"
    done
}
if ours; then
    for signal in TERM KILL KILL KILL; do
        found=$(left)
        test -n "$found" || break
        # shellcheck disable=SC2086 # one word each
        kill "-$signal" $found 2>/dev/null
        sleep 1
    done
    if test -n "$(left)"; then
        echo 'cdr-collector refused: what it started is still at work'
        exit 1
    fi
    rm -rf -- "$dir"
fi
if test -e "$dir" || test -L "$dir"; then
    echo 'cdr-collector refused: the directory is not ours, or stays'
    exit 1
fi
echo 'cdr-collector clean'
