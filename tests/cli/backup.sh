#!/usr/bin/env bash
# backup.sh - cdr backup and cdr restore: while others write, whole or not at all, and paused.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

start_sandbox
export CDR_EXTERNAL_ID=cdr-sandbox
config=$root/docs/examples/sandbox.cdr
apply() { # ALERT [FLAG ..]: an instance that is found anew each time
    local name=$1
    shift
    sed "s/58c2b1a4d07e4f3aa1b0c9d8e7f60514/$name/" "$root/docs/tour/member.json" >"$name.json"
    cdr run --rules "$config" --rules "$root/rules/aws" --alerts "$name.json" --mode apply --data data "$@"
}

run backup --data data saved
exits 2 "where there is no journal, there is nothing to back up"
holds "and no file" test ! -e saved
apply first >/dev/null 2>&1
run backup --data data saved
exits 0 "a journal is backed up"
prints "saved is a backup of data: the journal is whole" "which is said"
prints "the key that signs the audit log" "and that it has the key in it"
holds "it is for its owner alone" test "$(stat -c %a saved)" = 600
holds "nothing else is left of it" test -z "$(find . -name '.cdr-backup*')"
run backup --data data saved
exits 2 "a file that is there is not written over"
says "--force" "unless one says so"
run backup --data data saved --force
exits 0 "with --force it is"
run backup --data data nowhere/saved
exits 2 "a directory that is not there is none to save to"

# While another cdr writes.
for n in 1 2 3 4 5 6 7 8; do apply "more$n" >/dev/null 2>&1; done &
writer=$!
sleep 0.2
copies=0
while kill -0 "$writer" 2>/dev/null; do
    run backup --data data "during$copies"
    [ "$status" = 0 ] || break
    copies=$((copies + 1))
done
wait "$writer"
exits 0 "beside a cdr that works, too"
holds "several times" test "$copies" -ge 2
n=0
for ((n = 0; n < copies; n++)); do
    cdr restore "during$n" --data "copy$n" >/dev/null 2>&1 &&
        cdr audit verify --data "copy$n" >/dev/null || break
done
holds "each of them restores to a journal with a whole audit log" test "$n" = "$copies"

run restore saved --data restored
exits 0 "a backup is restored"
prints "restored is the journal of 20" "with its moment"
prints "It is paused" "and paused"
holds "by a file" test -e restored/paused
holds "for its owner alone" test "$(stat -c %a restored restored/journal.db | tr '\n' ' ')" = "700 600 "
holds "with nothing else left" test -z "$(find restored -name '.restore*')"
run runs --data restored
exits 0 "its runs are there"
prints compromised_instance "by name"
run audit verify --data restored
exits 0 "its audit log is whole"
run audit --data restored --last 1
prints "restored" "and says that it was restored"
run undo 1 --data restored
exits 0 "a person takes a run back, paused or not"
run audit verify --data restored
exits 0 "which the log goes on with"
run doctor --data restored
prints "restored from a backup" "doctor tells why it is paused"

run restore saved --data restored
exits 2 "a directory that is not empty is not written to"
says "not empty" "which is said"
mkdir empty
run restore saved --data empty
exits 0 "one that is empty is"

# Damage: any byte of any part, and the end.
size=$(stat -c %s saved)
for at in 0 100 4200 $((size / 2)) $((size - 900)) $((size - 20)); do
    cp saved damaged
    printf '\x5a\xa5\x5a' | dd of=damaged bs=1 seek="$at" conv=notrunc status=none
    run restore damaged --data hurt
    exits 1 "a backup with other bytes at $at is refused"
    holds "and leaves nothing" test ! -e hurt
done
head -c $((size - 1)) saved >shorter
run restore shorter --data hurt
exits 1 "one that was cut off is refused"
head -c $((size / 2)) saved >shorter
run restore shorter --data hurt
exits 1 "wherever"
run restore data/journal.db --data hurt
exits 1 "a journal is no backup"
says "no backup" "which is said"
run restore nothing --data hurt
exits 2 "nor is what is not there"
holds "none of these left anything" test ! -e hurt

# A log that was changed is not saved.
cp -r data spoilt
python3 -c 'import sqlite3
with sqlite3.connect("spoilt/journal.db") as db:
    db.execute("UPDATE audit SET entry = replace(entry, \"admitted\", \"refused\") WHERE seq = (SELECT min(seq) FROM audit WHERE entry LIKE \"%admitted%\")")'
run audit verify --data spoilt
exits 1 "a log that was changed is found out"
run backup --data spoilt lies
exits 1 "and becomes no backup"
holds "nor a file" test ! -e lies
says "there is no backup of spoilt" "which is said"
run backup --data data
exits 2 "a backup needs a name"
run restore saved
exits 2 "a restore needs a directory"
finish
