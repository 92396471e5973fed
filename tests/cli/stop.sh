#!/usr/bin/env bash
# stop.sh - Ctrl-C while an answer is awaited: a read is given up, a change is finished.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

if [ -n "${CDR_IS_SLOW:-}" ]; then
    skip "a stop while an answer is awaited" "the command under test is slow itself"
    finish
    exit 0
fi
start_sandbox
alert=$root/docs/tour/guardduty.json
echo 'when exists instance.id then respond isolate_role' >role.cdr

now_ms() { date +%s%3N; }
took() { test "$(($(now_ms) - began))" "$@"; }
changes() { sandbox_ask calls | jq '[.[] | select(.operation == "PutRolePolicy" and .applied)] | length'; }

# begin DIR ARG ..: an apply in the background. Waits until its journal meets a jq condition.
begin() {
    local data=$1
    shift
    sandbox_tell faults "[$1]"
    # shellcheck disable=SC2086 # CDR may be several words
    $CDR run --rules role.cdr --alerts "$alert" --mode apply --data "$data" >"$work/told" 2>"$work/said" &
    child=$!
    for _ in $(seq 200); do
        cdr runs --data "$data" --format json >"$out" 2>"$err" </dev/null && json "$2" && break
        sleep 0.05
    done
    sleep 0.2
    began=$(now_ms)
}
ended() {
    wait "$child" 2>/dev/null
    status=$?
    cp "$work/told" "$out"
    cp "$work/said" "$err"
}

begin read '{"operation":"DescribeInstances","kind":"slow","milliseconds":5000}' \
    'any(.steps[].requests[]; .operation == "DescribeInstances")'
kill -INT "$child"
ended
holds "a read that waits for its answer is given up" took -lt 3000
exits 1 "which is not well"
says "stopped; go on with: cdr resume --data read" "and says how to go on"
run runs --data read --format json
holds "the run stays open" json '.state == "open"'
run resume --data read --format json
exits 0 "and is gone on with"
holds "to its end" json '.matched[0].steps[0].state == "done"'

sandbox_tell reset ''
begin plan '{"operation":"GetCallerIdentity","kind":"slow","milliseconds":4000}' 'true'
kill -TERM "$child"
ended
exits 1 "SIGTERM is heard as well"
says "cdr resume --data plan" "and answered in the same words"

sandbox_tell reset ''
begin change '{"operation":"PutRolePolicy","kind":"slow","milliseconds":3000}' \
    '[.steps[].requests[] | select(.effect == "changes")] | length == 1'
kill -INT "$child"
ended
holds "a change that waits for its answer is finished" took -gt 1000
exits 1 "before the run is left open"
says "stopped; go on with: cdr resume --data change" "and says so"
run runs --data change --format json
holds "the answer is in the journal" json \
    '[.steps[].requests[] | select(.effect == "changes").reply] == ["received"]'
run resume --data change
exits 0 "it is gone on with"
holds "and not done twice" test "$(changes)" = 1

sandbox_tell reset ''
begin twice '{"operation":"PutRolePolicy","kind":"slow","milliseconds":4000}' \
    '[.steps[].requests[] | select(.effect == "changes")] | length == 1'
kill -INT "$child"
sleep 0.2
kill -INT "$child"
ended
holds "once more ends a change at once" took -lt 2000
holds "by the signal" test "$status" = 130
run resume --data twice
exits 0 "its run is gone on with"
holds "and nothing is done twice" test "$(changes)" = 1
finish
