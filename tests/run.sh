#!/usr/bin/env bash
# run.sh - runs test programs, adds up what they say, ends with one line:
#   N passed, N failed, N skipped
#
#   tests/run.sh LABEL COMMAND [ARG ...] [-- LABEL COMMAND [ARG ...]] ...
#
# A program speaks TAP on its output: `ok`, `not ok`, `# SKIP`, and the plan `1..N`. One
# that ends badly, or says fewer results than its plan, counts as a failure. Output is
# kept in $LOGS (build/test-logs) and shown when something failed or was skipped. Four
# programs a core run at once, since many of them wait.
set -u
logs=${LOGS:-build/test-logs}
mkdir -p "$logs"
passed=0 failed=0 skipped=0
labels=()

log_of() { printf '%s/%s.log' "$logs" "$(printf '%s' "$1" | tr -c 'A-Za-z0-9._-' '_')"; }

run_one() {
    local log began=$SECONDS
    log=$(log_of "$1")
    shift
    timeout -k 10 "${TEST_TIMEOUT:-600}" "$@" >"$log" 2>&1 </dev/null
    echo $? >"$log.status"
    echo $((SECONDS - began)) >"$log.seconds"
    # Of the processor: what it takes on a machine that does nothing else. (In a pipe it would be that of nobody.)
    times >"$log.times"
}

tell_one() {
    local label=$1 log status ok bad skip plan
    log=$(log_of "$label")
    status=$(cat "$log.status")
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

slots=${TEST_JOBS:-$((4 * $(nproc)))}
while [ $# -gt 0 ]; do
    command=()
    while [ $# -gt 0 ] && [ "$1" != -- ]; do
        command+=("$1")
        shift
    done
    [ $# -gt 0 ] && shift
    [ ${#command[@]} -ge 2 ] || continue
    labels+=("${command[0]}")
    run_one "${command[@]}" &
    while [ "$(jobs -rp | wc -l)" -ge "$slots" ]; do
        wait -n
    done
done
wait
for label in "${labels[@]}"; do
    tell_one "$label"
done
# What takes longest, for whoever keeps the whole under its limit.
for label in "${labels[@]}"; do
    printf '%s %s\n' "$(cat "$(log_of "$label").seconds")" "$label"
done | sort -rn | awk 'NR <= 5 && $1 > 9 { slow = slow (slow == "" ? "" : ", ") $2 " " $1 " s" }
    END { if (slow != "") print "longest: " slow }'
for label in "${labels[@]}"; do
    awk -v label="$label" 'NR == 2 { for (i = 1; i <= 2; i++) { split($i, t, /[ms]/); s += 60 * t[1] + t[2] } print s, label }' "$(log_of "$label").times"
done | sort -rn | awk '{ all += $1 } NR <= 5 && $1 > 5 { slow = slow ", " $2 " " int($1) " s" }
    END { printf "of the processor: %d s%s\n", all, slow }'
printf '%s passed, %s failed, %s skipped\n' "$passed" "$failed" "$skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
