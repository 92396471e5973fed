#!/usr/bin/env bash
# again.sh - an alert that was acted on before: what stands, what may be tried again, and
# credentials or a region that are others than those a run began with.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

start_sandbox
key=$AWS_ACCESS_KEY_ID secret=$AWS_SECRET_ACCESS_KEY
instance=i-01111e1c0ffee0002
echo 'when source=guardduty then respond stop_instance' >stop.cdr
echo 'when source=guardduty then respond isolate_role' >role.cdr
echo 'when source=guardduty then respond isolate_security_group' >group.cdr
alert() { # ID INSTANCE [TITLE]
    printf '{"source":"guardduty","alert":{"id":"%s","title":"%s"},"instance":{"id":"%s"}}\n' "$1" "${3:-t}" "$2"
}
instance_state() {
    sandbox_ask state | jq -r --arg id "$instance" '.accounts[].regions[].instances[] | select(.instanceId == $id).state'
}
policies() {
    sandbox_ask state | jq -r '[.accounts[] | .account + ":" + (.roles[] | select(.policies["cdr-isolation"]) | .roleName)] | join(" ")'
}

# A response that failed is no success the second time.
alert a1 "$instance" >a1.json
sandbox_tell faults '[{"operation":"StopInstances","kind":"fail_before","times":100}]'
run run --rules stop.cdr --alerts a1.json --mode apply --data failed
exits 1 "a response that failed ends with 1"
sandbox_tell faults '[]'
run run --rules stop.cdr --alerts a1.json --mode apply --data failed
exits 1 "and again with 1, when nothing was done again"
prints "--again" "which says how to try again"
prints "1 earlier run that does not stand." "the summary says why it is no success"
says "1 earlier run did not end well or was taken back, first run 1; look with: cdr runs --data failed" "and where to look"
run run --rules stop.cdr --alerts a1.json --mode apply --data failed --format summary
says "cdr runs --data failed" "in every form"
run run --rules stop.cdr --alerts a1.json --mode apply --data failed --again
exits 0 "--again tries again"
holds "and the instance is stopped" test "$(instance_state)" = stopped

# One id, other content.
alert a1 i-01111e1c0ffee0004 >update.json
run run --rules stop.cdr --alerts update.json --mode apply --data failed
exits 1 "another alert under the same id is not silent"
prints "other content under the same id" "it says what is the matter"
prints "1 under the id of an earlier one" "the summary too"
run run --rules stop.cdr --alerts a1.json --mode plan --again
exits 2 "--again goes with apply alone"
sandbox_tell reset ''

# Who a rule is: what it means, wherever it stands and whatever it is called.
echo 'when source=guardduty then respond stop_instance' >s.cdr
run run --rules s.cdr --alerts a1.json --mode apply --data who
exits 0 "a rule without a name acts"
cp s.cdr renamed.cdr
run run --rules renamed.cdr --alerts a1.json --mode apply --data who
exits 0 "under another name it is the rule that acted"
prints "already run 1: done; nothing was done again" "and says when"
{ echo 'when source=guardduty then respond isolate_role'; echo; cat renamed.cdr; } >s.cdr
run run --rules s.cdr --alerts a1.json --mode apply --data who
exits 1 "another rule that took its name is not taken for it"
prints "rule s was changed since run 1 acted on this alert; nothing was done: add --again" "it is told"
prints "already run 1: done" "and the rule that moved is still the one that acted"
prints "1 not acted on by a changed rule." "the summary says why it is no success"
holds "nothing else was done" test "$(sqlite3 -readonly who/journal.db 'select count(*) from run')" = 1
run run --rules s.cdr --alerts a1.json --mode apply --data who --format summary
says "1 alert was acted on before a rule was changed" "the short form says it too"
run run --rules s.cdr --alerts a1.json --mode apply --data who --again
exits 0 "--again acts by the rules as they are"
holds "by both" test "$(sqlite3 -readonly who/journal.db 'select group_concat(rule) from run')" = "s,s,s_2"
sandbox_tell reset ''

# One alert several times in one command is one alert.
cat a1.json a1.json a1.json >thrice.json
run run --rules stop.cdr --alerts thrice.json --mode apply --data thrice
exits 0 "an alert that comes three times is no mistake"
run run --rules stop.cdr --alerts thrice.json --mode apply --data thrice --again
exits 0 "nor with --again"
prints "already run 2 of this very command: done; nothing was done again" "which acts on what was before it"
holds "once" test "$(sqlite3 -readonly thrice/journal.db 'select count(*) from run')" = 2
alert a2 i-0ffffffffffffffff >a2.json
cat a2.json a2.json >twice.json
run run --rules stop.cdr --alerts twice.json --mode apply --data nothing
exits 1 "an alert whose instance is not there"
prints "already run 1 of this very command" "is tried once in one command"
run run --rules stop.cdr --alerts twice.json --mode apply --data nothing
holds "and once more in the next: nothing had come of it" test "$(sqlite3 -readonly nothing/journal.db 'select count(*) from run')" = 2
sandbox_tell reset ''

# An older journal with an open run.
version() { sqlite3 -readonly "$1/journal.db" 'pragma user_version'; }
run run --rules stop.cdr --alerts a1.json --mode apply --data older
newest=$(version older)
# Back to version 3: without the tables, the columns and the indexes that came later.
{
    sqlite3 older/journal.db "select 'drop table ' || name || ';' from sqlite_schema where type = 'table'
        and name not in ('meta', 'program', 'run', 'step', 'call') and name not like 'sqlite_%'"
    echo 'drop index run_by_case; drop index run_by_time;'
    sqlite3 older/journal.db "select 'alter table run drop column ' || name || ';'
        from pragma_table_info('run') where name in ('case_id', 'undoes_step', 'person', 'is_redacted')"
    echo 'update run set ended_ms = null; pragma user_version = 3;'
} | sqlite3 older/journal.db
cp -r older strange
sqlite3 strange/journal.db "update run set rule_id = 'beef'"
run resume --data strange
exits 2 "an older journal with an open run that this build cannot go on with is refused"
says "run 1 (rule stop, alert a1) is open, and this build cannot go on with it" "in words"
says "cdr undo 1 --data strange" "with a way out"
holds "and no sign for a line's end" bash -c '! grep -qF "\\n" "$1"' - "$err"
holds "and stays as it is" test "$(version strange)" = 3
run run --rules role.cdr --alerts a2.json --mode apply --data strange
exits 2 "nor does another alert bring it up to date"
holds "as it was" test "$(version strange)" = 3
run undo 1 --data strange
exits 0 "the run can be taken back"
holds "which brings the journal up to date" test "$(version strange)" = "$newest"
run resume --data older
exits 0 "one that this build can go on with is gone on with"
holds "up to date" test "$(version older)" = "$newest"
sandbox_tell reset ''

# Two runs want one isolation.
alert r1 "$instance" >r1.json
alert r2 "$instance" >r2.json
run run --rules role.cdr --alerts r1.json --mode apply --data shared
run run --rules role.cdr --alerts r2.json --mode apply --data shared
prints "already" "the second run finds the role isolated"
run undo 1 --data shared
exits 1 "the first is not taken back while the second relies on it"
holds "the role stays isolated" test "$(policies)" = "111122223333:web-prod"
run undo 2 --data shared
exits 0 "the second can be given up"
run undo 1 --data shared
exits 0 "and then the first"
holds "the role is free" test -z "$(policies)"
sandbox_tell reset ''

# Killed while it asks about the role, then resumed as somebody else.
sandbox_tell faults '[{"operation":"GetRolePolicy","kind":"slow","milliseconds":4000,"times":1}]'
# shellcheck disable=SC2086 # CDR may be several words
$CDR run --rules role.cdr --alerts r1.json --mode apply --data other >"$out" 2>"$err" &
child=$!
for _ in $(seq 600); do
    sqlite3 -readonly other/journal.db "select 1 from call where operation = 'GetRolePolicy'" 2>/dev/null | grep -q 1 && break
    sleep 0.05
done
kill -9 "$child" 2>/dev/null
wait "$child" 2>/dev/null
sandbox_tell faults '[]'
other=$(grep -oE 'AKIASANDBOX4[A-Z0-9]*' "$work/.sandbox" | head -n 1)
other_secret=$(grep -A 1 "$other" "$work/.sandbox" | grep -oE 'AWS_SECRET_ACCESS_KEY=.*' | cut -d= -f2 | head -n 1)
AWS_ACCESS_KEY_ID=$other AWS_SECRET_ACCESS_KEY=$other_secret run resume --data other
exits 1 "a run is not resumed with the credentials of another account"
says "444455556666" "it says whose they are"
holds "nothing was isolated anywhere" test -z "$(policies)"
AWS_ACCESS_KEY_ID=$key AWS_SECRET_ACCESS_KEY=$secret run resume --data other
exits 0 "with its own it goes on"
holds "where it began" test "$(policies)" = "111122223333:web-prod"
AWS_ACCESS_KEY_ID=$other AWS_SECRET_ACCESS_KEY=$other_secret run undo 1 --data other
exits 1 "nor is it taken back by another account"
run undo 1 --data other
exits 0 "but by its own"
holds "as it was" test -z "$(policies)"
sandbox_tell reset ''

# Taken back from another region.
run run --rules group.cdr --alerts r1.json --mode apply --data region
exits 0 "an instance is isolated in the region of the connection"
AWS_REGION=us-east-1 run undo 1 --data region
holds "undo finds it from another region, or says that it did not" bash -c '
    groups=$(curl -fsS "$0/_sandbox/state" | jq -r "[.accounts[].regions[].securityGroups[].groupName | select(startswith(\"cdr-isolation\"))] | length")
    { [ "$1" = 0 ] && [ "$groups" = 0 ]; } || { [ "$1" != 0 ] && [ "$groups" = 1 ]; }' "$AWS_ENDPOINT_URL" "$status"
finish
