# start.sh - after place.sh: start the collector detached, once. What follows it writes the collector
# to $dir/new and calls `launch`.
# shellcheck shell=sh disable=SC2154,SC2317
refuse() {
    echo "cdr-collector refused: $1"
    exit 1
}
mkdir -m 700 -- "$dir" 2>/dev/null
ours || refuse "$dir is not ours, or cannot be made"
if test -d "$dir/started"; then
    echo 'cdr-collector running'
    exit 0
fi
launch() {
    mv -f -- "$new" "$dir/collector.sh" || refuse 'the collector cannot be written'
    # Under a name of our own first: another start may be here, and its sh read the file.
    cat >"$dir/watch.$$" <<'CDR_WATCH' || refuse 'the collector cannot be written'
dir=$1
tell() { printf '%s\n' "$1" >"$dir/status.tmp" && mv -f -- "$dir/status.tmp" "$dir/status.json"; }
echo "$$ $(sed 's/.*) //' "/proc/$$/stat" | cut -d ' ' -f 20)" >"$dir/process.tmp"
mv -f -- "$dir/process.tmp" "$dir/process"
seconds=$(sed -n 's/^CDR_SECONDS=\([0-9]*\)$/\1/p' "$dir/collector.sh" | head -n 1)
set -- sh "$dir/collector.sh"
! timeout -k 1 5 true 2>/dev/null || set -- timeout -k 10 "$((${seconds:-240} + 3600))" "$@"
CDR_DIR=$dir "$@" >/dev/null 2>&1 </dev/null
grep -Eqs '"state":"(complete|partial|failed)"' "$dir/status.json" ||
    tell '{"cdr":"triage","version":2,"state":"failed","uploaded":"no","sha256":"","bytes":0,"files":0,"skipped":0,"why":"the collector was ended before it was done"}'
CDR_WATCH
    mv -f -- "$dir/watch.$$" "$dir/watch.sh" || refuse 'the collector cannot be written'
    # Whoever makes this directory starts it; nobody else does, whatever becomes of us.
    if ! mkdir -- "$dir/started" 2>/dev/null; then
        echo 'cdr-collector running'
        exit 0
    fi
    detach='nohup'
    if command -v setsid >/dev/null 2>&1; then
        detach='setsid'
    fi
    env -i PATH="$PATH" LC_ALL=C CDR_MARK="$dir" CDR_ROOT="${CDR_ROOT:-}" "$detach" sh "$dir/watch.sh" "$dir" >/dev/null 2>&1 </dev/null &
    echo 'cdr-collector started'
    exit 0
}
new=$dir/new.$$
