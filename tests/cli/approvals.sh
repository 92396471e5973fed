#!/usr/bin/env bash
# approvals.sh - a step that waits for a person: what people are shown, who may answer, and what an
# answer lets through.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

start_sandbox
me=$(id -un)
if [ -r /proc/self/loginuid ] && [ "$(cat /proc/self/loginuid)" != 4294967295 ]; then
    me=$(getent passwd "$(cat /proc/self/loginuid)" | cut -d : -f 1)
fi
instance=i-01111e1c0ffee0002
cat >a.cdr <<CDR
role "ir-lead" { members = ["$me", "zoe"] may = [read, approve, reject] }
role ciso { members = ["yan"] may = [read, approve, reject] }
rule stolen (author = "mallory") {
  when source = guardduty and severity >= high
  then respond stop_instance approve by "ir-lead" within 15m
}
rule mine (author = "$me") {
  when source = guardduty and severity = medium
  then respond stop_instance approve by "ir-lead" within 15m
}
rule not_me (author = "mallory") {
  when source = guardduty and severity = low
  then respond stop_instance approve by ciso within 15m
}
CDR
alert() { # ID SEVERITY
    printf '{"source":"guardduty","severity":"%s","alert":{"id":"%s","title":"Evil \\u001b[31m\\u202e title"},"instance":{"id":"%s"}}\n' \
        "$2" "$1" "$instance"
}
stopped() {
    sandbox_ask state | jq -e --arg id "$instance" \
        '[.accounts[].regions[].instances[] | select(.instanceId == $id).state] == ["stopped"]' >/dev/null
}
alert a1 high >a1.json
alert a2 medium >a2.json
alert a3 low >a3.json

run approvals --data d
exits 2 "without a journal nothing waits, which is said"
run run --mode apply --rules a.cdr --alerts a1.json --data d
exits 1 "a run that waits is not well yet"
running() { ! stopped; }
holds "nothing is changed while it waits" running

run approvals --data d
exits 0 "what waits is shown"
prints "hold 1. respond stop_instance" "by number and step"
prints "waits for a person" "with its state"
prints "would send  ec2 StopInstances" "and what it would do"
prints "result      instance $instance would be stopped" "in words"
prints "clause      a.cdr:5: approve by \"ir-lead\" within 15m" "the clause that holds it"
prints "may approve ir-lead ($me, zoe)" "who may answer"
prints "not by      mallory, who wrote the rule" "and who may not"
prints "left); then it is rejected" "until when, and what then"
prints 'Evil \u{1b}[31m\u{202e} title' "what the alert says cannot play with the terminal"
prints "cdr approve 1 --data d --reason WHY" "and how to answer"
prints "lasts       stays until somebody takes it back" "and how long it would last"
prints "asked       ir-lead" "who is asked is said in the words of cdr run"
run runs --data d
prints "result      instance $instance would be stopped" "the run says it too"
run approvals 1 --data d
prints "known       instance.id = $instance" "one of them is shown with what the provider shows of the target"
prints "as          arn:aws:iam::" "and as whom it would act"
run approvals --data d --format json
holds "for programs it is a line with the plan" json \
    ".id == 1 and .step == 0 and .replaces == null and .state == \"open\" and .rule == \"stolen\" and .may_approve == [\"$me\", \"zoe\"] and .then == \"rejected\" and (.plan.changes | length) >= 1 and (.plan_hash | length) == 64"
hash=$(jq -r .plan_hash "$out")
run approvals --data d --rule another
prints "Nothing in d waits" "of another rule there is none"
run approvals 7 --data d
exits 1 "a hold that is not there is a finding"
run approvals x --data d
exits 2 "a word is no hold"

run approve 1 --data d
exits 2 "an answer needs a reason"
run approve 1 --data d --reason '  '
exits 2 "with words in it"
run approve --data d --reason seen
exits 2 "and a hold"
run approve 1 --data d --reason seen --plan 0000000000
exits 1 "another plan than the one seen is not approved"
says "its plan is ${hash:0:12} and not 0000000000" "which says so"
run approve 1 --data d --reason "seen with the owner" --plan "${hash:0:12}"
exits 0 "the plan that was seen is"
prints "Hold 1 is approved." "and that is said"
prints "would send  ec2 StopInstances" "with what was approved"
prints "Go on with: cdr resume --data d" "and what comes next"
run approve 1 --data d --reason again
exits 1 "it is approved once"
says "it is approved already" "which is said"
run reject 1 --data d --reason "changed my mind"
exits 1 "and not taken back"
run resume --data d
exits 0 "an approved step goes on"
holds "and acts" stopped
run approvals --data d
prints "Nothing in d waits" "then nothing waits"
run approvals --data d --all
prints "seen with the owner" "what was said stays"
run undo 1 --data d
exits 0 "and it can be taken back"

run run --mode apply --rules a.cdr --alerts a2.json --data d
run approve 2 --data d --reason "my own"
exits 1 "nobody approves what their own rule does"
says "who may: ir-lead ($me, zoe)" "the others are named"
run reject 2 --data d --reason "my own" --format json
exits 0 "but the author may say no"
holds "for programs too" json '.hold == 2 and .accepted and .state == "rejected"'
run resume --data d
exits 1 "a rejected step is not well"
prints "rejected" "and ends as rejected"

run run --mode apply --rules a.cdr --alerts a3.json --data d
run approve 3 --data d --reason "let me"
exits 1 "whoever is not in a role that is asked does not approve"
says "who may: ciso (yan)" "and is told who may"
says "Members are as they were when the run began" "and the way out, if that is wrong"
run reject 3 --data d --reason "let me" --format json
exits 1 "nor rejects"
holds "for programs it says why" json '.accepted == false and (.refused_because | contains("may not reject"))'
cdr audit export --data d >"$out" 2>"$err" || true
holds "the audit log knows who tried" grep -q '"denied"' "$out"

# A storm: one rule, many targets.
for number in 1 2 3; do
    printf '{"source":"guardduty","severity":"high","alert":{"id":"s%s"},"instance":{"id":"i-01111e1c0ffee000%s"}}\n' "$number" "$number"
done >storm.json
run run --mode apply --rules a.cdr --alerts storm.json --data s
run reject --all --data s --reason storm
exits 2 "all of what must be said"
run reject --all --rule stolen 1 --data s --reason storm
exits 2 "and not with one of them"
run reject --all --rule stolen --data s --reason storm
exits 0 "a whole rule is rejected at once"
prints "3 holds of rule stolen are rejected." "which is counted"
run reject --all --rule stolen --data s --reason storm
exits 1 "again there is nothing"
run resume --data s
run approvals --data s
prints "Nothing in s waits" "and nothing waits any more"

# How long it lasts; the words of the summary; another plan in place of the one that was approved.
cat >t.cdr <<CDR
role "ir-lead" { members = ["$me", "zoe"] may = [read, approve, reject] }
rule timed (author = "mallory") {
  when source = guardduty and severity >= high
  then respond stop_instance for 1h timeout 5m approve by "ir-lead" within 15m
}
CDR
alert t1 high | sed "s/$instance/i-01111e1c0ffee0001/" >t1.json
run run --mode apply --rules t.cdr --alerts t1.json --data t --format summary
says "1 run waits for a person: cdr approvals --data t" "a summary says on the side that somebody is asked"
holds "and nothing else on standard output" test "$(cat "$out")" = "timed	1
alerts	1"
run approvals --data t
prints "lasts       for 1h, then taken back" "an approver sees how long it would last"
prints "timeout     5m, then" "and how much time it has"
run approve 1 --data t --reason seen
prints "lasts       for 1h, then taken back" "also while approving"

# Over a limit nobody has looked at the provider yet; a resume plans it, and another hold asks.
cat >l.cdr <<CDR
role "ir-lead" { members = ["$me"] may = [read, approve, reject] }
rule stolen (author = "mallory") {
  when source = guardduty and severity >= high limit 1 targets per 1h
  then respond stop_instance
}
CDR
run run --mode apply --rules l.cdr --alerts storm.json --data l
prints "asked       anybody who may approve" "over a limit a run says who is asked"
run approvals --data l
prints "asked       anybody who may approve" "in the same words as the list"
prints "not planned yet" "which says that there is no plan yet"
run resume --data l
run approvals --data l
prints "instead of  hold 1, which had no plan yet" "a hold says which one it replaces"
run approvals --data l --format json
holds "for programs too" sh -c "jq -se '[.[].replaces] | index(1) != null' '$out' >/dev/null"

# Beside another cdr that holds the journal.
run run --mode apply --rules a.cdr --alerts a1.json --data b
(
    flock -n 9 || exit 1
    cdr approve 1 --data b --reason beside >"$out" 2>"$err"
) 9>>b/lock
status=$?
exits 0 "people answer while another cdr is at work"
finish
