# status.sh - after place.sh: print the status, and that it failed where nobody is at work any more.
# shellcheck shell=sh disable=SC2154
failed() {
    printf '{"cdr":"triage","version":2,"state":"failed","uploaded":"no","sha256":"","bytes":0,"files":0,"skipped":0,"why":"%s"}\n' "$1"
    exit 0
}
if ! ours || test ! -d "$dir/started"; then
    echo '{"cdr":"triage","version":2,"state":"none"}'
    exit 0
fi
# Looked at first: it may begin while we look at the rest.
begun=no
test ! -f "$dir/process" || begun=yes
if ! ended && ! alive && ! ended; then
    test "$begun" = no || failed 'the collector was ended before it was done'
    test -z "$(find "$dir/started" -maxdepth 0 -mmin +1 2>/dev/null)" || failed 'the collector did not begin'
fi
if test -f "$dir/status.json"; then
    cat -- "$dir/status.json"
else
    echo '{"cdr":"triage","version":2,"state":"running"}'
fi
