#!/usr/bin/env bash
# storm.sh - many alerts at once, each wanting another role isolated: the limit is reached and not
# passed, the rest is held, and kill -9 in the middle loses and doubles nothing. STORM says how
# many (make soak: 100,000).
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

storm=${STORM:-1000}
if [ -n "${CDR_IS_SLOW:-}" ]; then
    storm=60
fi
cap=10

# A world with as many more roles as a limit that fails would let through.
start_sandbox
sandbox_ask state >world.json
stop_children
jq --argjson n "$((cap * 3))" '.accounts[0].roles += [.accounts[0].roles[] | select(.roleName == "web-prod") as $role
    | range($n) | tostring as $i | $role
    | .roleName = "storm-" + $i | .roleId = "AROASANDBOXSTORM" + $i | .arn = "arn:aws:iam::111122223333:role/storm-" + $i]' \
    world.json >stormy.json
start_sandbox --world "$work/stormy.json"
changes() { sandbox_ask calls | jq '[.[] | select(.operation == "PutRolePolicy" and .applied)] | length'; }
targets() { sandbox_ask calls | jq '[.[] | select(.operation == "PutRolePolicy" and .applied) | .parameters.RoleName // .body] | unique | length'; }

echo 'rule storm "A storm" { when severity >= high then respond isolate_role }' >storm.cdr
awk -v n="$storm" 'BEGIN { for (i = 0; i < n; i++)
    printf "{\"source\":\"guardduty\",\"severity\":\"high\",\"alert\":{\"id\":\"s-%d\"},\"role\":{\"arn\":\"arn:aws:iam::111122223333:role/storm-%d\"},\"cloud\":{\"account\":\"111122223333\"}}\n", i, i }' >storm.ndjson

# Killed when it is somewhere in the storm, then told everything again.
# shellcheck disable=SC2086 # CDR may be several words
$CDR run --rules storm.cdr --alerts storm.ndjson --mode apply --data d --format summary >told 2>said &
child=$!
for _ in $(seq 600); do
    [ "$(sqlite3 -readonly d/journal.db 'select count(*) from hold' 2>/dev/null || echo 0)" -gt 20 ] && break
    sleep 0.05
done
kill -9 "$child" 2>/dev/null
wait "$child" 2>/dev/null
held_before=$(sqlite3 d/journal.db 'select count(*) from hold')
holds "kill -9 finds some held" test "$held_before" -gt 20
run run --rules storm.cdr --alerts storm.ndjson --mode apply --data d --format summary
exits 1 "held is not well"
run resume --data d
holds "as many changes as the limit lets through" test "$(changes)" = "$cap"
holds "and the rest is held" test "$(sqlite3 d/journal.db "select count(*) from step where state = 'held'")" -ge "$((storm - cap - 20))"
holds "no alert is lost" test "$(sqlite3 d/journal.db 'select count(distinct alert) from run')" = "$storm"
holds "and none has two runs" test "$(sqlite3 d/journal.db 'select count(*) from run')" = "$storm"
holds "every step is done, held or never found its role" \
    test "$(sqlite3 d/journal.db "select count(*) from step where state not in ('done', 'held', 'failed', 'unresolved')")" = 0
run approvals --data d --format json
holds "what is held is shown" json 'length > 0'
run audit verify --data d
exits 0 "the audit log is whole"
finish
