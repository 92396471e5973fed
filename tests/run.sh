#!/usr/bin/env bash
# run.sh - runs test programs, adds up what they say, ends with one line:
#   N passed, N failed, N skipped
#
#   tests/run.sh LABEL COMMAND [ARG ...] [-- LABEL COMMAND [ARG ...]] ...
#
# A program speaks TAP on its output: `ok`, `not ok`, `# SKIP`, and the plan `1..N`. One
# that ends badly, or says fewer results than its plan, counts as a failure. Output is
# kept in $LOGS (build/test-logs) and shown when something failed or was skipped.
set -u
logs=${LOGS:-build/test-logs}
mkdir -p "$logs"
passed=0 failed=0 skipped=0

run_one() {
    local label=$1 log status ok bad skip plan
    shift
    log=$logs/$(printf '%s' "$label" | tr -c 'A-Za-z0-9._-' '_').log
    timeout "${TEST_TIMEOUT:-600}" "$@" >"$log" 2>&1 </dev/null
    status=$?
    skip=$(grep -cE '^(not )?ok\b.*# SKIP' "$log")
    ok=$(grep -E '^ok\b' "$log" | grep -vcE '# SKIP')
    bad=$(grep -E '^not ok\b' "$log" | grep -vcE '# SKIP')
    plan=$(sed -n 's/^1\.\.\([0-9]*\).*/\1/p' "$log" | awk '{ n += $1 } END { print n + 0 }')
    if [ "$bad" -eq 0 ] && { [ "$status" -ne 0 ] || [ "$plan" -ne $((ok + skip)) ] || [ "$plan" -eq 0 ]; }; then
        printf 'not ok - %s ended with status %s after %s of %s results\n' "$label" "$status" "$((ok + skip))" "$plan" >>"$log"
        bad=1
    fi
    passed=$((passed + ok)) failed=$((failed + bad)) skipped=$((skipped + skip))
    if [ "$bad" -gt 0 ]; then
        printf 'FAIL  %s: %s failed (%s)\n' "$label" "$bad" "$log"
        grep -vE '^ok\b' "$log" | tail -n 60 | sed 's/^/      /'
    elif [ "$skip" -gt 0 ]; then
        printf 'ok    %s: %s passed, %s skipped\n' "$label" "$ok" "$skip"
        grep -iE 'skip' "$log" | sort | uniq -c | head -n 5 | sed 's/^/      /'
    else
        printf 'ok    %s: %s passed\n' "$label" "$ok"
    fi
}

while [ $# -gt 0 ]; do
    command=()
    while [ $# -gt 0 ] && [ "$1" != -- ]; do
        command+=("$1")
        shift
    done
    [ $# -gt 0 ] && shift
    [ ${#command[@]} -ge 2 ] && run_one "${command[@]}"
done
printf '%s passed, %s failed, %s skipped\n' "$passed" "$failed" "$skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
