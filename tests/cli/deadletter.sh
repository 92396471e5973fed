#!/usr/bin/env bash
# deadletter.sh - alerts that could not be evaluated: those of a journal, and those of `cdr run`.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

run deadletter
exits 2 "deadletter needs a data directory"
run deadletter eat 1 --data d
exits 2 "what it cannot do is told"
says "list, show, retry and drop" "with what it can"
run deadletter --data none
exits 2 "which must be there"

# What `cdr run` could not read.
echo 'rule watch { when source = crowdstrike then if host.name = "db-1" then { open case } }' >watch.cdr
printf '%s\n' '{"source":"crowdstrike","alert":{"id":"a1"}}' 'nonsense here' >alerts.ndjson
run run --rules watch.cdr --alerts alerts.ndjson --data d
run deadletter --data d
exits 0 "letters are told where there is no journal"
prints "alerts.ndjson:2" "by their file and line"
run deadletter show alerts.ndjson:2 --data d --format json
exits 0 "one is shown"
holds "with its text" json '.id == "alerts.ndjson:2" and .text == "nonsense here" and .way == "cdr run"'
run deadletter show alerts.ndjson:7 --data d
exits 1 "one that is not there is told"
run deadletter retry alerts.ndjson:2 --data d
exits 2 "without a journal nothing is tried again"
echo '{"cut off' >>d/dead-letter.ndjson
run deadletter list --data d
exits 0 "the line of a crash hinders nobody"
says "1 lines of" "and is counted"
rm d/dead-letter.ndjson

# What a daemon set aside.
run run --rules watch.cdr --alerts alerts.ndjson --mode apply --data d
rm -f d/dead-letter.ndjson
run deadletter --data d
exits 0 "a journal without dead letters"
prints "There are no dead letters in d." "says so"
for number in 1 2 3 4; do
    sqlite3 d/journal.db "insert into alerts (way, forced_source, digest, received_ms, state, attempts, reason, text)
        values ('webhook hook', '', randomblob(32), 1767225600000, 'dead', 3, 'too deep ' || $number, cast('{\"n\":$number}' as blob))"
done
run deadletter --data d
exits 0 "dead letters are listed"
prints "webhook hook" "with the way that they came by"
prints "too deep 3" "and why"
holds "without their texts" bash -c '! grep -q "{\"n\"" "$0"' "$out"
run deadletter show 2 --data d --format json
exits 0 "one is shown"
holds "with all of it" json '.id == "2" and .attempts == 3 and .text == "{\"n\":2}" and (.sha256 | length) == 64'
run deadletter show 99 --data d
exits 1 "a number that is none is told"
run deadletter drop 1 --data d
exits 2 "dropping asks for a reason"
run deadletter drop 1 --reason "ours" --data d
exits 0 "one is dropped"
run deadletter drop 1 --reason "ours" --data d
exits 1 "once"
run deadletter retry 2 99 --data d --format json
exits 1 "a number that is none does not hinder the others"
holds "which wait again" json '.id == "2" and .state == "waits"'
run deadletter retry --data d
exits 2 "retry asks which"
run deadletter retry --all --data d
exits 0 "all of them are tried again"
holds "and none is dead" test "$(sqlite3 d/journal.db "select group_concat(state || attempts) from alerts")" = waiting0,waiting0,waiting0
run audit --data d --last 4
prints "alert_dropped" "what was dropped is in the audit log"
prints "ours" "with the reason"
prints "alert_revived" "and what was tried again"
run audit verify --data d
exits 0 "the log is whole"
finish
