#!/usr/bin/env bash
# pause.sh - the switch that stops every change, as an operator meets it.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

printf 'when severity = high then respond isolate_role\n' >rule.cdr
mkdir -m 700 data

run pause
exits 2 "a pause needs a directory"
run pause --data nowhere
exits 2 "one that is not there is told"
holds "and not made" test ! -e nowhere

run pause --data data --reason "wrong account"
exits 0 "a directory is paused before it has a journal"
prints "cdr resume --lift-pause --reason TEXT --data data" "and says how to go on"
says "there is no journal yet" "and that no audit log tells it"
holds "the file says why" grep -q '"reason":"wrong account"' data/paused

run pause --data data --reason other
exits 0 "paused before is no mistake"
prints "by $(sed 's/.*"who":"\([^"]*\)".*/\1/' data/paused): wrong account" "it says by whom, and why"
holds "and keeps what was said" grep -q '"reason":"wrong account"' data/paused

run resume --data data
exits 1 "nothing goes on while it is paused"
says "wrong account" "which is told"
run resume --lift-pause --data data
exits 2 "lifting needs a reason"
run resume --reason mended --data data
exits 2 "a reason needs something to be for"
run doctor --data data
prints "warning  pause" "the doctor sees it"
rm data/paused
run doctor --data data
holds "and sees when it is gone" sh -c "! grep -q '^warning pause' '$out'"

touch data/paused
run pause --data data
exits 0 "touch is as good"
prints "data is paused" "and is told without words"
rm data/paused

mkdir -m 700 whole
cdr run --mode apply --rules rule.cdr --data whole --alerts /dev/null >"$out" 2>"$err"
run pause --data whole --reason "at night"
exits 0 "a journal is paused"
prints "It is entry 1 of the audit log." "and its audit log tells it"
run runs --data whole
says "whole is paused since" "so does the list of runs"
run run --mode apply --rules rule.cdr --data whole --alerts /dev/null
says "alerts are evaluated, their runs recorded, and nothing changed" "and so does a run"
run resume --lift-pause --reason mended --data whole
exits 0 "the pause is lifted"
says "it is entry 2 of the audit log" "which is told too"
holds "the file is gone" test ! -e whole/paused
run resume --lift-pause --reason mended --data whole
exits 0 "lifted before is no mistake"
says "whole is not paused" "and is told"

# What acts while it is paused: recorded, not carried out, and gone on with.
start_sandbox
instance=i-01111e1c0ffee0002
state() { sandbox_ask state | jq -r --arg id "$instance" '.accounts[].regions[].instances[] | select(.instanceId == $id).state'; }
echo 'when source=guardduty then respond stop_instance' >stop.cdr
printf '{"source":"guardduty","alert":{"id":"a1"},"instance":{"id":"%s"}}\n' "$instance" >a1.json
mkdir -m 700 acts
run pause --data acts --reason "at night"
run run --rules stop.cdr --alerts a1.json --mode apply --data acts
exits 1 "a run while it is paused has not ended well"
says "at night" "which says why"
says "cdr resume --lift-pause --reason TEXT --data acts" "and how to go on"
holds "nothing was changed" test "$(state)" = running
run runs --data acts
prints "open" "the run is recorded"
run resume --data acts
exits 1 "a resume changes nothing either"
holds "the instance still runs" test "$(state)" = running
run resume --lift-pause --reason mended --data acts
exits 0 "when the pause is lifted the run goes on"
holds "and the instance is stopped" test "$(state)" = stopped
run pause --data acts --reason again
run undo 1 --data acts
exits 0 "what a person takes back goes on while it is paused"
holds "the instance runs again" test "$(state)" = running
stop_children

printf 'no journal at all, but long enough to be one' >whole/journal.db
run pause --data whole --reason broken
exits 0 "a broken journal keeps nobody from pausing"
says "the audit log does not have it" "which is told"
run resume --lift-pause --reason mended --data whole
exits 2 "what cannot be recorded is not lifted"
says "rm whole/paused" "but by hand"
holds "it stays paused" test -e whole/paused

finish
