#!/usr/bin/env bash
# audit.sh - the audit log: read, checked, exported; spoiled, and found to be.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

log() { python3 "$root/tests/cli/audit_log.py" "$@"; }
if ! command -v python3 >/dev/null || ! command -v openssl >/dev/null; then
    skip "the audit log is checked" "no python3 or no openssl"
    finish
    exit
fi
echo 'when source=guardduty and alert.title="other" then respond stop_instance' >none.cdr
echo '{"source":"guardduty","alert":{"id":"a1","title":"t"}}' >other.json
run run --rules none.cdr --alerts other.json --mode apply --data data
exits 0 "an alert that no rule wants makes a journal"

run audit --data data
exits 0 "an empty log can be looked at"
prints "Nothing was decided in data yet" "and is said to be empty"
run audit verify --data data
exits 0 "and is whole"
run audit key --data data
exits 2 "it has no key yet"

log write data 15
log write data 15
cp -r data original
again() { rm -rf data && cp -r original data; }
sql() { python3 -c 'import sqlite3, sys
with sqlite3.connect("data/journal.db") as db: db.executescript(sys.argv[1])' "$1"; }

run audit verify --data data
exits 0 "a log that others wrote by the book is whole"
prints "is whole: 30 entries, 2 anchors" "it counts"
prints "Anchored up to entry 30" "and says how far it is anchored"
run audit verify --data data --format json
exits 0 "in JSON too"
holds "which says the same" json '.whole and .entries == 30 and .anchored == 30 and .found == 0'
run audit --data data --last 3
holds "the newest entries are lines" test "$(wc -l <"$out")" = 3
prints 'resumed by u-1: a "quoted" reason\nof two lines' "safe for a terminal"
run audit --data data --format json
holds "or objects" json -s 'length == 20 and .[-1].seq == 30'

run audit key --data data
exits 0 "the public key is printed"
openssl pkey -in data/audit.key -pubout >expected.pub
holds "as openssl prints it" cmp -s "$out" expected.pub
cp "$out" audit.pub
run audit verify --data data --key audit.pub
exits 0 "it checks the signatures"
mv data/audit.key away.key
run audit verify --data data
exits 2 "without any key nothing can be said"
says "--key FILE" "and what is needed is"
run audit verify --data data --key audit.pub
exits 0 "the public key is enough"
openssl genpkey -algorithm ed25519 2>/dev/null | openssl pkey -pubout >other.pub
run audit verify --data data --key other.pub
exits 1 "another key is not"
prints "key_unknown" "it says that the key is unknown"
cat other.pub audit.pub >both.pub
run audit verify --data data --key both.pub
exits 0 "a file may have several keys"
run audit verify --data data --key none.cdr
exits 2 "a file without keys is a usage error"
CDR_AUDIT_KEY=$work/away.key run audit verify --data data
exits 0 "CDR_AUDIT_KEY names a key elsewhere"

tampered() { # WORDS SENTENCE SQL
    again
    sql "$3"
    run audit verify --data data
    exits 1 "$2 is found"
    prints "$1" "and named"
}
tampered "entry 7 was edited" "an edited entry" "UPDATE audit SET entry = replace(entry, 'u-1', 'u-2') WHERE seq = 7"
prints "The first broken entry is 7" "with the first that is broken"
tampered "entry 7 is missing" "an entry that was taken out" "DELETE FROM audit WHERE seq = 7"
tampered "the log ends at entry 20" "an end that was cut off" "DELETE FROM audit WHERE seq > 20"
tampered "anchors 3 to 4 are missing" "a lost anchor" "UPDATE meta SET value = '4' WHERE key = 'audit_anchors'"
again
sed -i 1d data/audit.head
run audit verify --data data --format json
exits 1 "an anchor that was deleted is found"
holds "in JSON too" json '.whole == false and .findings[0].fault == "anchor_missing" and .findings[0].anchor == 1'
again
cp data/audit.head kept
log write data 5
cat data/audit.head >kept
rm -rf data/journal.db* && cp original/journal.db original/audit.head data/
run audit verify --data data
exits 0 "a directory that was rolled back is whole in itself"
run audit verify --data data --anchors kept
exits 1 "and is found by a second copy of the anchors"
prints "cut off" "as an end that was cut off"
CDR_AUDIT_ANCHOR=$work/kept run audit verify --data data
exits 1 "which CDR_AUDIT_ANCHOR names too"
run audit verify --data data --anchors nowhere
exits 2 "a copy that cannot be read is an error"

again
run audit export --data data --format ndjson
exits 0 "the log is exported as NDJSON"
cp "$out" log.ndjson
holds "all of it" test "$(wc -l <log.ndjson)" = 30
holds "from which the chain can be computed" log chain "$(log id data)" log.ndjson
run audit export --data data --since 29
holds "from an entry on" json -s 'map(.seq) == [29, 30]'
run audit export --data data --since 2026-01-28T00:00:00Z
holds "or from a time on" json -s 'map(.seq) == [27]'
run audit export --data data --since yesterday
exits 2 "which must be one"
run audit export --data data --format ocsf
exits 0 "the log is exported as OCSF"
cp "$out" log.ocsf
holds "an event an entry, with the entry in it" \
    json -s 'length == 30 and all(.class_uid == 0 and (.raw_data | fromjson | .seq) == .unmapped.seq)'
if [ -d "$shared/schema/ocsf" ]; then
    holds "with all that the schema requires" log ocsf "$shared/schema/ocsf" log.ocsf
else
    skip "with all that the schema requires" "no ../shared/data"
fi

# What cdr itself writes.
start_sandbox
echo 'when source=guardduty then respond stop_instance' >stop.cdr
echo '{"source":"guardduty","alert":{"id":"a1","title":"t"},"instance":{"id":"i-01111e1c0ffee0002"}}' >a1.json
CDR_AUDIT_ANCHOR=$work/beside run run --rules stop.cdr --alerts a1.json --mode apply --data acted
exits 0 "a step is carried out"
holds "its anchors are in the second place too" cmp -s beside acted/audit.head
run audit --data acted
prints "run 1 step 1  stop_instance i-01111e1c0ffee0002: done" "the log tells how it ended"
run audit verify --data acted --anchors beside
exits 0 "and is whole"
run undo 1 --data acted
exits 0 "the run is taken back"
run audit verify --data acted --format json
exits 0 "the log is whole still"
holds "and anchored to its end" json '.not_anchored == 0 and .entries > 4'
run audit export --data acted --format ocsf
cp "$out" acted.ocsf
holds "a step is Remediation Activity" json -s 'any(.class_uid == 7001 and .status == "Success" and .activity_name == "stop_instance")'
if [ -d "$shared/schema/ocsf" ]; then
    holds "with all that the schema requires" log ocsf "$shared/schema/ocsf" acted.ocsf
else
    skip "with all that the schema requires" "no ../shared/data"
fi
python3 -c 'import sqlite3
with sqlite3.connect("acted/journal.db") as db: db.execute("UPDATE call SET reply_status = 403 WHERE is_change = 1 AND run = 1")'
run audit verify --data acted
exits 1 "an answer that was edited in the journal is found"
prints "step 1 of run 1 is not in the journal as the log says that it ended" "by what the log has of it"

# Whoever writes to the log signs with the same key.
openssl genpkey -algorithm ed25519 -out keyed.key 2>/dev/null
chmod 600 keyed.key
export CDR_AUDIT_KEY=$work/keyed.key
run run --rules none.cdr --alerts other.json --mode apply --data keyed
run pause --data keyed --reason "a look around"
exits 0 "a pause is in the log"
run resume --lift-pause --data keyed --reason "looked around"
run audit verify --data keyed
exits 0 "signed with the key that is named"
holds "and with no other" test ! -e keyed/audit.key
unset CDR_AUDIT_KEY

run audit export --data data --format text
exits 2 "an export has forms of its own"
run audit verify --data data --format ocsf
exits 2 "which the check has not"
run audit look --data data
exits 2 "an unknown action is a usage error"
run audit verify
exits 2 "as is no directory"
run audit verify --data nowhere
exits 2 "or one that is not there"
finish
