#!/usr/bin/env bash
# sandbox.sh - one alert on the simulated AWS: plan, apply, the story, undo, resume.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

run sandbox --listen 0.0.0.0:0
exits 2 "the sandbox listens on loopback only"
run sandbox --listen 127.0.0.1
exits 2 "an address without a port is a usage error"
run sandbox --listen 127.0.0.1:0 --world nowhere.json
exits 2 "a world that is not there is an error"
echo '[' >world.json
run sandbox --listen 127.0.0.1:0 --world world.json
exits 2 "a world that is not JSON is an error"

start_sandbox
holds "the sandbox says where it listens" test -n "${AWS_ENDPOINT_URL:-}"
holds "and with what its roles are taken" test "${CDR_EXTERNAL_ID:-}" = cdr-sandbox
sandbox_ask state >world.json
for name in cdr-sandbox cdr-responder cdr-evidence-111122223333 blocklist deploy AKIASANDBOX1111DEPLOY \
    i-01111e1c0ffee0003 444455556666 i-04444e1c0ffee0002 payments; do
    holds "what it says is there: $name" grep -q "$name" .sandbox
    holds "is in its world: $name" grep -q "$name" world.json
done
rule=$root/rules/aws/compromised_instance.cdr
alert=$root/docs/tour/guardduty.json
id=$(jq -r .detail.id "$alert")
state() { sandbox_ask state | jq -S '.accounts[].regions[].snapshots? |= null'; }
changes() { sandbox_ask calls | jq '[.[] | select(.applied and (.operation | test("^(Describe|Get|List)") | not))] | length'; }
state >before

run run --rules "$rule" --alerts "$alert"
exits 0 "a plan ends well"
prints "planned" "its steps are planned"
prints "PutRolePolicy" "the writes are shown"
prints "iam:PutRolePolicy" "and the permissions they need"
prints "RoleName = orders-api" "and their parameters"
prints "tag cdr:step = (names run and step" "a mark is explained"
holds "lines are broken" test "$(grep '^       ' "$out" | grep -v PolicyDocument | wc -L)" -le 110
holds "and nothing was changed" test "$(changes)" = 0
echo 'rule banned { when exists instance.id then respond ban_ip ip="198.51.100.7" via=nacl }' >banned.cdr
run run --rules banned.cdr --alerts "$alert"
prints "ec2:CreateNetworkAclEntry" "what the way of a step needs is shown"
holds "and not what another way needs" bash -c '! grep -q wafv2: "$1"' _ "$out"
run run --rules banned.cdr --alerts "$alert" --format json
holds "nor is it in JSON" json '.matched[0].steps[0].permissions.apply | index("ec2:CreateNetworkAclEntry") != null and all(startswith("ec2:") or startswith("sts:"))'
run run --rules "$rule" --alerts "$alert" --format json
holds "all steps are planned" json '[.matched[0].steps[].state] == ["planned", "planned", "planned"]'
holds "requests say what they do" json \
    'all(.matched[0].steps[].requests[]; .service and .operation and (.parameters | type == "object") and (.effect | IN("reads", "changes")))'
holds "parameters are decoded" json \
    '[.matched[0].steps[].requests[] | select(.operation == "PutRolePolicy").parameters.PolicyDocument | fromjson.Statement[0].Effect] == ["Deny"]'
holds "it tells how the target was found" json '.matched[0].steps[1].found | test("instance")'
run run --rules "$rule" --alerts "$alert" --offline
exits 0 "an offline plan ends well"

run run --rules "$rule" --alerts "$alert" --mode apply --data data
exits 0 "apply ends well"
prints "done" "its steps are done"
prints "asked       6 times" "reads are counted"
holds "what the plan says in full is not repeated" bash -c '! grep -q RoleName "$1"' - "$out"
state >isolated
holds "and the world is another" bash -c '! cmp -s before isolated'
made=$(changes)
run run --rules "$rule" --alerts "$alert" --mode apply --data data
exits 0 "the same alert again ends well"
prints "already run 1: done" "and says that it was dealt with"
holds "nothing was changed again" test "$(changes)" = "$made"

run runs --data data
exits 0 "the story is told"
prints "run 1" "by its run"
prints "undo by" "with what would take each change back"
run runs --data data --format json
holds "as JSON too" json '.run == 1 and .state == "done" and .undone_by == [] and .undo_tried_by == [] and ([.steps[].state] | unique) == ["done"]'
holds "each change has its inverse with the state before" json \
    '[.steps[].requests[] | select(.effect == "changes" and .undo != null)] | length > 0 and all(.[]; .undo.name and (.undo.arguments | length) > 0)'
run runs --data data --alert nobody
exits 1 "an alert that never ran is told"
run resume --data data
exits 0 "nothing to resume is well"
prints "Nothing is open" "and is said"

AWS_ENDPOINT_URL=http://127.0.0.1:9 run undo 1 --data data
exits 1 "an undo that nobody answers does not end well"
run runs --data data
prints "undo tried by run 2: failed" "and is no undo in the story"
holds "which nothing was taken back in" bash -c '! grep -q "taken back by" "$1"' - "$out"
run runs --data data --format json
holds "nor in JSON" json -s '.[0].undone_by == [] and .[0].undo_tried_by == [2]'
run undo --alert "$id" --data data
exits 0 "undo ends well"
state >after
holds "the world is as it was" cmp -s before after
run undo 1 --data data
exits 0 "undo again does nothing"
says "taken back before" "and says so"
run runs --data data
prints "taken back by run 3" "the story says that it was taken back"
run undo 2 --data data
exits 2 "an undo is not undone"
says "itself the undo" "which is said"
holds "before anything else is" test ! -s "$out"
run undo 77 --data data
exits 2 "an unknown run is an error"
run undo --alert nobody --data data
exits 2 "an unknown alert is an error"
run run --rules "$rule" --alerts "$alert" --mode apply --data data --format json
exits 0 "after undo the alert is dealt with anew"
holds "in a run of its own" json '.matched[0].run == 4 and ([.matched[0].steps[].state] | unique) == ["done"]'
run undo 4 --data data --format json
holds "undo speaks JSON" json '.undoes == 4 and .undo == 5 and ([.steps[].state] | unique) == ["done"]'

# A condition on what came back: one way is taken.
cat >ways.cdr <<'CDR'
rule ways {
  when source = guardduty and exists instance.id
  then collect snapshot as s;
       if s.complete then { respond isolate_role } else { respond stop_instance }
}
CDR
run run --rules ways.cdr --alerts "$alert" --mode apply --data ways --format json
exits 0 "a rule with two ways ends well"
holds "and took one" json '[.matched[0].steps[].name] == ["snapshot", "isolate_role"]'
run undo 1 --data ways
exits 0 "which is taken back"

# What a second alert found in force is not lifted under it.
jq '.detail.id = "second"' "$alert" >second.json
cat >role.cdr <<'CDR'
rule role { when source = guardduty and exists instance.id then respond isolate_role }
CDR
run run --rules role.cdr --alerts "$alert" --alerts second.json --mode apply --data both
exits 0 "two alerts about one role end well"
run undo 1 --data both
exits 1 "the first is not taken back under the second"
says "run 2 (alert second) found this in force and relies on it; take run 2 back first: cdr undo 2" \
    "which is said"
run runs --data both --format json
holds "and not begun" json -s 'map(.run) == [1, 2]'
run undo 2 --data both
exits 0 "the second is taken back first"
says "run 2 changed nothing itself; it no longer relies on what others changed" "and is closed"
run undo 1 --data both
exits 0 "then the first"
state >after
holds "and the world is as it was" cmp -s before after

# A run that only collects.
echo 'when source = guardduty and exists instance.id then collect snapshot' >collect.cdr
run run --rules collect.cdr --alerts "$alert" --mode apply --data collected
kept=$(grep -o 'evidence .*' "$out" | sed 's/evidence *//')
run undo 1 --data collected
exits 0 "the undo of a run that only collected ends well"
holds "three snapshots were made" test "$(tr , '\n' <<<"$kept" | grep -c '^snap-')" = 3
says "run 1 changed nothing that could be taken back; what it collected stays: $kept" \
    "and they are named as what stays"

# Two processes, one journal.
exec 9>data/lock
flock 9
run run --rules "$rule" --alerts "$alert" --mode apply --data data
exits 2 "a journal in use is refused"
cp -r data kept
rm -f kept/lock
run runs --data data --format json
exits 0 "but its story is told meanwhile"
holds "all of it" json -s 'map(.run) == [1, 2, 3, 4, 5]'
run runs --data kept
exits 0 "a story needs no lock"
holds "and makes none" test ! -e kept/lock
mkdir empty
run runs --data empty
exits 2 "where there is no journal, none is told"
says "there is no journal in empty" "and that is said"
holds "and none is made" test -z "$(ls -A empty)"
exec 9>&-

# Throttled, failing, lost.
sandbox_tell reset ''
sandbox_tell faults '[{"operation":"PutRolePolicy","kind":"throttle","times":2}]'
run run --rules "$rule" --alerts "$alert" --mode apply --data throttled
exits 0 "a throttled call is made again"
sandbox_tell reset ''
sandbox_tell faults '[{"operation":"PutRolePolicy","kind":"lose_reply","times":1}]'
run run --rules "$rule" --alerts "$alert" --mode apply --data lost
exits 0 "a change whose reply is lost is looked up"
holds "and made once" test "$(sandbox_ask calls | jq '[.[] | select(.operation == "PutRolePolicy" and .applied)] | length')" = 1

# The secret key is nowhere.
holds "no secret is in the journal, the output or the calls" bash -c \
    '! grep -rqF "$1" data throttled lost "$2" "$3"' - "$AWS_SECRET_ACCESS_KEY" "$out" "$err"

# Killed, stopped, resumed.
sandbox_tell reset ''
state >before
killed=0
for after in 0.02 0.05 0.1 0.2; do
    # shellcheck disable=SC2086 # CDR may be several words
    $CDR run --rules "$rule" --alerts "$alert" --mode apply --data "killed$after" >"$out" 2>"$err" &
    child=$!
    sleep "$after"
    kill -9 "$child" 2>/dev/null && killed=$((killed + 1))
    wait "$child" 2>/dev/null
    [ -f "killed$after/journal.db" ] || continue
    run resume --data "killed$after"
    exits 0 "killed after $after s: resume ends well"
    run runs --data "killed$after" --format json
    [ -s "$out" ] && holds "killed after $after s: all ended well" json -s 'all(.[]; .state == "done")'
    run undo --alert "$id" --data "killed$after"
    state >after
    holds "killed after $after s: undo restores" cmp -s before after
    sandbox_tell reset ''
done
holds "the command was killed at least once" test "$killed" -gt 0

# Stopped in the wait for a snapshot: it ends cleanly and says how to go on.
# shellcheck disable=SC2086 # CDR may be several words
$CDR run --rules "$rule" --alerts "$alert" --mode apply --data stopped >"$out" 2>"$err" &
child=$!
for _ in $(seq 100); do
    [ "$(sandbox_ask calls | jq '[.[] | select(.operation == "CreateSnapshots")] | length')" = 1 ] && break
    sleep 0.1
done
kill -INT "$child"
wait "$child"
status=$?
exits 1 "a run that is stopped ends with 1"
says "stopped; go on with: cdr resume --data stopped" "and says how to go on"
prints "stopped by you" "and who stopped it"
holds "and nothing else" bash -c '! grep -qE "another process|last alert|not evaluated" "$1" "$2"' - "$out" "$err"
run runs --data stopped
prints "open: another cdr is at work, or was cut off" "the story says that it has not ended"
run runs --data stopped --format json
holds "as JSON too" json '.state == "open"'
run run --rules "$rule" --alerts "$alert" --mode apply --data stopped
exits 1 "its alert again does not begin anew"
prints "cdr resume" "but points to resume"
AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1 run resume --data stopped
exits 0 "it goes on, in the region where it began"
holds "which the shell may have left" bash -c '! grep -q us-east-1 "$1"' - "$out"
prints "sent before ec2 CreateSnapshots" "and says what was sent before the stop"
prints "sent        iam PutRolePolicy" "and what after it"
holds "one set of snapshots was made" test "$(sandbox_ask calls | jq '[.[] | select(.operation == "CreateSnapshots")] | length')" = 1
run undo --alert "$id" --data stopped
state >after
holds "and is taken back" cmp -s before after

# Taken back before anything was changed that could be: closed, so that nobody goes on.
sandbox_tell reset ''
# shellcheck disable=SC2086 # CDR may be several words
$CDR run --rules "$rule" --alerts "$alert" --mode apply --data closed >"$out" 2>"$err" &
child=$!
for _ in $(seq 100); do
    [ "$(sandbox_ask calls | jq '[.[] | select(.operation == "CreateSnapshots")] | length')" = 1 ] && break
    sleep 0.1
done
kill -9 "$child"
wait "$child" 2>/dev/null
run undo 1 --data closed
exits 0 "a run that only made snapshots is closed by undo"
says "run 1 was cut off and is now closed; nothing had been changed that could be taken back" "which is said"
run resume --data closed
prints "Nothing is open" "and nobody goes on with it"
holds "nothing was isolated" test "$(sandbox_ask calls | jq '[.[] | select(.operation == "PutRolePolicy")] | length')" = 0
finish
