#!/usr/bin/env bash
# guards.sh - what holds rules back: excuses that hold, that are in doubt and that are over,
# rules that are switched off, and connections that this build refuses to apply. What else holds them
# back is in clauses.sh.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

instance=i-01111e1c0ffee0002
cat >rules.cdr <<'CDR'
list jewels : text = ["pay-db-1", "dc-01"]
rule stop_it {
  when source = guardduty and severity >= high
  unless host.name in jewels until 2099-12-31 reason "CHG-8812"
  then respond stop_instance;
       collect snapshot
}
exception pentest for stop_it, off when exists src.ip and src.ip in "198.51.100.0/24"
  until 2099-12-31 reason "CHG-1"
rule off { when source = guardduty then respond isolate_role }
disable rule off
CDR
alert() { # ID MEMBERS
    printf '{"source":"guardduty","severity":"high","alert":{"id":"%s"},"instance":{"id":"%s"}%s}\n' \
        "$1" "$instance" "${2:-}"
}
alert jewel ',"host":{"name":"dc-01"}' >alerts.ndjson
alert tested ',"src":{"ip":"198.51.100.7"}' >>alerts.ndjson
alert nameless >>alerts.ndjson
alert other ',"host":{"name":"web-1"}' >>alerts.ndjson
alert nameless >nameless.json

# ---- check and plan ----

run check rules.cdr
exits 0 "excuses, exceptions and disable check"
run run --rules rules.cdr --alerts alerts.ndjson --offline
exits 0 "a plan with a held step ends well"
prints 'rule stop_it is excused by `unless host.name in jewels` (rules.cdr:4): CHG-8812' \
    "what excused a rule is told, with its place and reason"
prints 'rule stop_it is excused by `exception pentest` (rules.cdr:8): CHG-1' "an exception by its name"
prints "4 alerts, 2 matched." "who is excused did not match"
prints "has no host.name, so" "what is in doubt says what the alert lacks"
run run --rules rules.cdr --alerts alerts.ndjson --offline --format summary
holds "the summary counts who fired" test "$(cat "$out")" = "stop_it	2
alerts	4"
run run --rules rules.cdr --alerts alerts.ndjson --offline --format json
holds "json names the excuse beside what matched" test \
    "$(jq -c '[.excused[]? | .excused]' "$out" | head -2 | tr -d '\n')" = \
    '["unless host.name in jewels"]["exception pentest"]'
holds "an excused alert has no match" test "$(jq -s -c 'map(.matched | length)' "$out")" = '[0,0,1,1]'
holds "the respond step in doubt is held, the others are not" test \
    "$(jq -s -c '.[2].matched[0].steps | map(.state == "held")' "$out")" = '[true,false]'
holds "nothing is held where the excuse is decided" test \
    "$(jq -s -c '.[3].matched[0].steps | map(.state == "held")' "$out")" = '[false,false]'
run disasm rules.cdr
prints "exception pentest" "disasm lists the excuses"
prints "for alerts received before 2100-01-01T00:00:00Z" "with the moment that ends them"

# ---- apply ----

start_sandbox
instance_state() {
    sandbox_ask state | jq -r --arg id "$instance" '.accounts[].regions[].instances[] | select(.instanceId == $id).state'
}
run run --rules rules.cdr --alerts nameless.json --mode apply --data held
exits 1 "a run with a held step did not end well"
prints "held" "and says so"
prints "cdr approve 1 --data held --reason WHY" "with what can be done"
holds "the instance was not touched" test "$(instance_state)" = running
holds "no stop was sent" test "$(sandbox_ask calls | jq '[.[] | select(.operation == "StopInstances")] | length')" = 0
run runs --data held
prints "held" "the journal has it"
run runs --data held --format json
holds "with its reason" json '.state == "held" and (.steps[0] | .state == "held" and (.reason | contains("cannot be decided")))'
holds "the steps after it wait as well" json '.steps | length == 1'
run run --rules rules.cdr --alerts nameless.json --mode apply --data held
exits 1 "the same alert again is not acted on"
prints "run 1 waits for a person" "but told"
run resume --data held
prints "waits in held for a person" "a resume does not answer for anybody"
run reject 1 --data held --reason "it is the shop's"
exits 0 "somebody says no"
run resume --data held
run runs --data held --format json
holds "the step is rejected, and the collection goes on" json '(.steps | map(.state)) == ["rejected", "done"]'
holds "and nothing was stopped" test "$(instance_state)" = running

alert other ',"host":{"name":"web-1"}' >other.json
run run --rules rules.cdr --alerts other.json --mode apply --data decided
exits 0 "a decided excuse holds nothing"
holds "and the instance is stopped" test "$(instance_state)" = stopped
stop_children

# ---- what is not enforced ----

cat >pinned.cdr <<'CDR'
connection one { provider = aws account = "111122223333" }
connection other { provider = aws account = "444455556666" role = "arn:aws:iam::444455556666:role/x" }
rule r { when severity >= high then respond stop_instance }
CDR
run run --rules pinned.cdr --alerts nameless.json --mode apply --data refused
exits 2 "two connections to one provider are refused too"
says 'pinned.cdr:2: `connection` is not enforced' "with its place"
says "take these clauses out" "with a way out"

# ---- dates ----

echo 'rule r { when severity >= high unless host.name = "a" until 2020-01-31 reason "CHG-1" then open case }' >over.cdr
run check over.cdr --fail-level warning
exits 1 "a date that has passed is a warning"
prints "CDR0143" "with its code"
run run --rules over.cdr --alerts nameless.json --offline
holds "and no longer in doubt" test "$(grep -c held "$out")" = 0

finish
