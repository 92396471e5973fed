#!/usr/bin/env bash
# beside_daemon.sh - commands that meet a daemon which has the journal: what it can do for them they
# ask of it, what works beside it works, and the rest says so at once.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

start_sandbox
alert=$root/docs/tour/guardduty.json
token=cdr_0123456789012345678901234567890123456789012
echo 'when exists instance.id then respond isolate_role' >rule.cdr
run run --rules rule.cdr --alerts "$alert" --mode apply --data data
exits 0 "there is a run to be taken back"
python3 "$root/tests/cli/beside_daemon.py" data &
children+=($!)
for _ in $(seq 100); do
    test -e data/daemon.json && break
    sleep 0.1
done

say() { printf '%s' "$1" >data/said; }
asked() { jq -e "$1" data/asked >/dev/null; }

run undo 1 --data data
exits 2 "without a token the daemon cannot be asked"
says "the daemon's token cannot be read" "which is told"
(umask 077 && echo "$token" >data/admin.token)

say '200 {"code":0,"story":"run 2 took run 1 back\n"}'
run undo 1 --data data
exits 0 "an undo is handed to the daemon"
prints "run 2 took run 1 back" "whose story is told"
holds "it is of that run" asked '.path == "/v1/runs/1/undo"'
holds "with the token, and why" asked ".token == \"Bearer $token\" and .body.reason == \"cdr undo\""
holds "and who asks" asked ".person == \"$(id -un)\" or (.person | length) > 0"
run undo 1 --data data --format json
holds "as JSON too" json '.run == 1 and .code == 0 and .story == "run 2 took run 1 back\n"'
run undo 1 --step 1 --data data
exits 0 "one step is asked for as runs show it"
holds "which the daemon counts from 0" test "$(tail -n 1 data/asked | jq -c .body)" = '{"reason":"cdr undo","step":0}'
asked_before=$(wc -l <data/asked)
run undo 1 --step 9 --data data
exits 2 "a step that the run does not have"
says "run 1 has no step 9: it has 1; cdr runs --data data shows them" "is told"
holds "and reaches no daemon" test "$(wc -l <data/asked)" = "$asked_before"
say '200 {"code":1,"story":"not all of it\n"}'
run runs --data data --format json
run undo --alert "$(jq -r .alert "$out")" --data data
exits 1 "its exit code is the command's, and an alert names its runs"
run undo 99 --data data
exits 2 "a run that is not there reaches no daemon"
say '503 {"title":"The undo was not begun.","detail":"too much waits; try again"}'
run undo 1 --data data
exits 4 "a refusal is told"
says "did not take run 1 back: The undo was not begun. too much waits" "in its words"
say '200 nothing'
run undo 1 --data data
exits 4 "an answer that is none is no success"

began=$(date +%s)
run resume --data data
exits 2 "nothing else goes on with what it has"
says "a daemon has the journal in data: process ${children[-1]}, at http://127.0.0.1:" "it is named"
says "goes on with what is open by itself" "with what to do instead"
run run --rules rule.cdr --alerts "$alert" --mode apply --data data
exits 2 "no other applies rules"
says "POST /v1/alerts/SOURCE" "alerts are sent to it"
run collect triage --host i-0123456789abcdef0 to=s3://evidence/cases --mode apply --data data
exits 2 "nor collects"
run leftovers --remove --data data
exits 2 "nor removes"
says "without --remove this works beside it" "but may look"
holds "none of them waits for it" test "$(($(date +%s) - began))" -lt 9

# A daemon of another user, as it is installed: root may ask it, anybody else is told whose it is.
if [ "$(id -u)" = 0 ] && command -v runuser >/dev/null && id nobody >/dev/null 2>&1; then
    chown nobody data data/admin.token
    say '200 {"code":0,"story":"run 3 took run 1 back\n"}'
    run undo 1 --data data
    exits 0 "root asks a daemon that another user runs"
    chmod 755 .
    cp "$CDR" ./cdr
    chmod 755 ./cdr
    if runuser -u daemon -- test -x "$PWD/cdr"; then
        runuser -u daemon -- "$PWD/cdr" undo 1 --data data >"$out" 2>"$err"
        says "sudo -u nobody cdr undo .." "another user is told whose the daemon is"
        holds "and to remove nothing" test "$(grep -c "remove it" "$err")" = 0
    fi
    chown root data data/admin.token
else
    skip "a daemon of another user" "not root, or no such users"
fi

run runs --data data
exits 0 "runs are shown beside it"
run approvals --data data
exits 0 "so is what waits for a person"
run cases --data data
exits 0 "and cases"
run audit verify --data data
exits 0 "and the audit log"
run pause --data data --reason "wrong account"
exits 0 "it can be paused"
run resume --lift-pause --reason mended --data data
exits 0 "and go on"
prints "The daemon at http://127.0.0.1:" "which it does by itself"

kill "${children[-1]}"
wait "${children[-1]}"
run undo 1 --data data
exits 0 "a mark of a daemon that is gone stops nobody"

# One step after the other, by ourselves.
echo 'when exists instance.id then respond isolate_role; respond stop_instance' >rule.cdr
run run --rules rule.cdr --alerts "$alert" --mode apply --data steps
run audit --data steps
holds "when a step was counted is a time for people" grep -Eq ': counted at 20[0-9]{2}-[0-9]{2}-[0-9]{2}T' "$out"
run undo --alert x --step 1 --data steps
exits 2 "a step is of a run"
run undo 1 --step 3 --data steps
exits 2 "which has it"
says "run 1 has no step 3: it has 2;" "else how many it has is told"
run undo 1 --step 2 --data steps
exits 0 "one step is taken back"
run undo 1 --step 2 --data steps
exits 0 "twice is once"
says "step 2 of run 1 was taken back before, by run 2" "and said, with the run that did it"
run runs --data steps --format json
holds "the other one stands" json -s '.[0].steps | length == 2 and .[0].state == "done"'
run undo 1 --step 1 --data steps
exits 0 "the rest follows"
run undo 1 --data steps
exits 0 "then nothing is left"
says "run 1 was taken back before, by runs 2, 3" "which is said, with the runs that did it"
run undo 1 --data steps
exits 0 "and again"
says "run 1 was taken back before, by runs 2, 3" "is said"
finish
