#!/usr/bin/env bash
# timers.sh - what a rule wants for a while ends in time: under clocks that are set by an hour and
# a day, in a process that is stopped and gone on with, and when it is killed while it fires.
#
# The shortest time that a rule may give is a minute; to wait for less, the journal is told
# that its timers were set earlier (age).
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

if ! command -v faketime >/dev/null || ! command -v sqlite3 >/dev/null; then
    skip "timers under a clock that is set" "faketime or sqlite3 is not installed"
    finish
    exit
fi

if [ -n "${CDR_IS_SLOW:-}" ]; then
    skip "timers under a clock that is set" "the command under test is slow"
    finish
    exit
fi
start_sandbox
echo 'when source=guardduty then respond isolate_role for 1m' >role.cdr
alert() { # ID
    printf '{"source":"guardduty","alert":{"id":"%s","title":"t"},"instance":{"id":"i-01111e1c0ffee0002"}}\n' "$1"
}
isolated() {
    sandbox_ask state | jq -e '[.accounts[].roles[] | select(.policies["cdr-isolation"])] | length > 0' >/dev/null
}
free() { ! isolated; }
age() { # DIR SECONDS
    sqlite3 -cmd '.timeout 5000' "$1/journal.db" "UPDATE timer SET set_ms = set_ms - $2 * 1000,
        due_ms = due_ms - $2 * 1000 WHERE ended_ms IS NULL;
        UPDATE hold SET held_ms = held_ms - $2 * 1000, until_ms = until_ms - $2 * 1000
        WHERE state = 'open'"
}
undos() { sqlite3 "$1/journal.db" "SELECT count(*) FROM run WHERE undoes IS NOT NULL"; }
begin() { # DIR ID: the role is isolated for a minute
    alert "$2" >alert.json
    run run --rules role.cdr --alerts alert.json --mode apply --data "$1"
}
# With the clock of the machine set; what has passed since its start stays as it is.
set_clock() { # OFFSET CDR-ARG ..
    local offset=$1
    shift
    # shellcheck disable=SC2086 # CDR may be several words
    FAKETIME_DONT_FAKE_MONOTONIC=1 faketime -f "$offset" $CDR "$@" >"$out" 2>"$err" </dev/null
    status=$?
}
# Wait until a condition holds, at most so many seconds.
within() { # SECONDS CONDITION ..
    local seconds=$1
    shift
    for _ in $(seq $((seconds * 10))); do
        "$@" && return 0
        sleep 0.1
    done
    return 1
}

# In time, and not before.
begin plain a1
exits 0 "a step for a minute is done"
prints "when a cdr resume (or --watch) takes it" "and says until when, and who ends it"
holds "the role is isolated" isolated
run resume --data plain
exits 0 "a resume before its time does nothing"
prints "1 step is to be taken back, the next at 20" "and says what is to come"
holds "the role is isolated still" isolated
age plain 61
run resume --data plain
exits 0 "a resume after its time takes it back"
prints "its time (for 1m) is over" "and says why"
prints "no longer denied everything" "and what it did"
holds "the role is free" free
run resume --data plain
holds "once" test "$(undos plain)" = 1
run runs --data plain --format json
holds "the run stands: its rule wanted no more" json -s '.[0].state == "done" and .[1].undoes == 1'

# Clocks that are set. A build with sanitizers does not take libfaketime before its own library.
# shellcheck disable=SC2086 # CDR may be several words
if ! faketime -f +0 $CDR version >/dev/null 2>&1; then
    skip "timers under a clock that is set" "libfaketime does not go with this build"
else
    for offset in +1h -1h +1d -1d; do
        begin "set$offset" "a$offset"
        set_clock "$offset" resume --data "set$offset"
        holds "a clock set by $offset fires nothing" isolated
        age "set$offset" 61
        set_clock "$offset" resume --data "set$offset"
        holds "nor does it delay what is due" free
        run resume --data "set$offset"
        holds "and it fires once" test "$(undos "set$offset")" = 1
        alert "b$offset" >alert.json
        set_clock "$offset" run --rules role.cdr --alerts alert.json --mode apply --data "begun$offset"
        run resume --data "begun$offset"
        holds "what was begun under a clock set by $offset is not taken back early" isolated
        age "begun$offset" 61
        run resume --data "begun$offset"
        holds "nor late" free
    done
    run doctor --data begun+1d
    prints "time of timers" "doctor says that timers and the clock differ"
fi

# A provider that does not say who we are: it is tried again, and said.
begin again n1
age again 61
sandbox_tell faults '[{"operation":"GetCallerIdentity","kind":"fail_before","times":100}]'
run resume --data again
exits 1 "what could not be taken back is a finding"
says "of run 1, step 1: the next try is at 20" "and the run is named, with the next try"
holds "the role is isolated still" isolated
run resume --data again
exits 1 "it stays one until the next try"
sandbox_tell faults '[]'
age again 31
run resume --data again
exits 0 "the next try"
prints "its time is over: try 2 of 20" "says which it is"
holds "takes it back" free

# Somebody who takes it back in time.
begin person p1
run undo 1 --data person
exits 0 "what has a time can be taken back before"
age person 61
run resume --data person
prints "Nothing is open" "and then its time has nothing left to do"
holds "there is one undo" test "$(undos person)" = 1

# A process that is stopped while the time comes, as on a machine that sleeps.
begin watched w1
age watched 57
# shellcheck disable=SC2086 # CDR may be several words
$CDR resume --watch --data watched >watch.out 2>watch.err </dev/null &
watch=$!
children+=("$watch")
sleep 0.5
kill -STOP "$watch"
sleep 3.5
holds "a stopped process does nothing" isolated
kill -CONT "$watch"
holds "it catches up when it goes on" within 5 free
sleep 1.2
kill -TERM "$watch"
wait "$watch"
status=$?
cp watch.out "$out"
cp watch.err "$err"
exits 0 "SIGTERM is a good end of a watch"
prints "its time (for 1m) is over" "the watch told what it did"
holds "once" test "$(undos watched)" = 1

# Others work beside a watch.
# shellcheck disable=SC2086 # CDR may be several words
$CDR resume --watch --data watched >watch.out 2>watch.err </dev/null &
watch=$!
children+=("$watch")
sleep 0.5
begin watched w2
exits 0 "a run beside a watch"
holds "does what it should" isolated
run undo 3 --data watched
exits 0 "an undo beside a watch"
holds "too" free
run pause --data watched --reason test
run resume --lift-pause --reason test --format json --data watched
exits 0 "a pause is lifted beside a watch"
holds "which leaves standard output to JSON" json -s 'type == "array"'
says "the pause of watched is lifted" "and says so"
begin watched w3
age watched 61
holds "the watch goes on with what others began" within 5 free
kill -TERM "$watch"
wait "$watch"
status=$?
cp watch.err "$err"
exits 0 "and ends well"
(
    flock 9 || exit 1
    sleep 2
) 9>>watched/lock &
sleep 0.2
begin watched w4
exits 0 "who finds the journal in use waits"
says "another cdr is at work in watched; waiting" "and says so"
run undo --alert w4 --data watched
holds "the role is free" free

# Killed while it fires: the provider is slow, so the change is under way.
for after in 0.05 0.15 0.3 0.45; do
    begin "killed$after" "k$after"
    age "killed$after" 61
    sandbox_tell faults '[{"operation":"DeleteRolePolicy","kind":"slow","milliseconds":250,"times":1}]'
    # shellcheck disable=SC2086 # CDR may be several words
    $CDR resume --data "killed$after" >"$out" 2>"$err" </dev/null &
    sleep "$after"
    kill -KILL $! 2>/dev/null
    wait $! 2>/dev/null
    sandbox_tell faults '[]'
    run resume --data "killed$after"
    exits 0 "killed after $after s it is gone on with"
    holds "the role is free" free
    holds "by one undo" test "$(undos "killed$after")" = 1
    holds "whose timer is over" test "$(sqlite3 "killed$after/journal.db" \
        "SELECT outcome FROM timer")" = fired
done

# Paused: it stays due.
begin paused q1
age paused 61
run pause --data paused --reason test
run resume --data paused
exits 1 "nothing goes on while cdr is paused"
holds "what is due stays due" isolated
run resume --lift-pause --reason test --data paused
exits 0 "when the pause is lifted"
holds "it is taken back" free

# The provider is away when its time comes.
begin away v1
age away 61
sandbox_tell faults '[{"operation":"DeleteRolePolicy","kind":"fail_after","times":1},
    {"operation":"GetRolePolicy","kind":"fail_before","after":1,"times":100}]'
run resume --data away
holds "what its provider cuts off is not over" test "$(sqlite3 away/journal.db \
    "SELECT count(*) FROM run WHERE ended_ms IS NULL OR id IN
     (SELECT run FROM step WHERE state <> 'done')")" != 0
sandbox_tell faults '[]'
run resume --data away
holds "and gone on with later" free

# Nobody answers in time.
me=$(id -un)
cat >asks.cdr <<EOF
role ir { members = ["$me"] may = [read, approve, reject] }
when source=guardduty then respond isolate_role approve by ir within 1m
EOF
alert h1 >alert.json
run run --rules asks.cdr --alerts alert.json --mode apply --data asks
exits 1 "a step that must be approved waits"
run resume --data asks
exits 0 "a resume leaves it as it is"
prints "1 run waits" "and says that it waits"
age asks 61
run resume --data asks
prints "hold 1 has expired" "nobody answered in time"
prints "rejected" "so the step ends as rejected"
holds "and nothing was done" free

# A watch notices what another process says.
alert h2 >alert.json
run run --rules asks.cdr --alerts alert.json --mode apply --data said
# shellcheck disable=SC2086 # CDR may be several words
$CDR resume --watch --data said >watch.out 2>watch.err </dev/null &
watch=$!
children+=("$watch")
sleep 0.5
run approve 1 --reason seen --data said
exits 0 "somebody approves beside it"
holds "and it goes on within seconds" within 4 isolated
kill -INT "$watch"
wait "$watch"
status=$?
exits 0 "SIGINT is a good end too"

finish
