#!/usr/bin/env bash
# falcon_triage.sh - triage by Real Time Response on the simulated Falcon: its Linux host really runs
# the collector, in a folder of this test.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

linux=1111000000000000c0ffee0000000001
mac=1111000000000000c0ffee0000000004
blocked=1111000000000000c0ffee0000000005
contained=1111000000000000c0ffee0000000006

start_sandbox --hosts "$work/hosts"
bucket=cdr-evidence-111122223333
mkdir -m 700 "$work/evidence"
export FALCON_SECRET=sandbox-secret-of-cdr-falcon
cat >rules.cdr <<CDR
connection falcon {
  provider = crowdstrike url = "$AWS_ENDPOINT_URL/_crowdstrike"
  client_id = "c0ffee00111122223333444455556666" client_secret = env("FALCON_SECRET")
  evidence = "$work/evidence"
}
connection aws { provider = aws }
profile small { linux { take = [users] } windows { take = [users] } }
CDR
# By a rule, with a profile of its own that does not take long.
triage() { # HOST [NAME=VALUE ..]
    local host=$1
    shift
    { cat rules.cdr && echo "rule r { when source = webhook then collect triage host=\"$host\" profile=\"small\" $* }"; } >rule.cdr
    printf '{"source":"webhook","alert":{"id":"%s-%s","title":"t"}}\n' "$host" "$RANDOM" >alert.json
    run run --rules rule.cdr --alerts alert.json --mode apply --data data
}
calls() { sandbox_ask calls | jq "[.[] | select(.operation == \"$1\")] | length"; }

run collect triage --host $linux --rules rules.cdr
exits 0 "without --data it is a plan"
prints "the collector would run on host web-1" "which says so"
holds "and opens no session" test "$(calls RTR_InitSession)" = 0

triage $linux
exits 0 "the collector runs on the Linux host"
prints "file://$work/evidence/$linux/triage-" "and its archive comes through the cloud of Falcon"
kept=$(find "$work/evidence" -type f)
holds "under the name of what it is, which the sandbox does not pack" grep -q "[.]tar[.]gz$" <<<"$kept"
prints "as the collector packed it, in no 7z archive" "which is said"
holds "as one file" test "$(wc -l <<<"$kept")" = 1
holds "that is only ours" test "$(stat -c %a "$kept")" = 600
# The sandbox does not pack what it hands over: it is the collector's own archive.
holds "an archive with a manifest" bash -c 'tar -tzf "$0" | grep -q "manifest.json"' "$kept"
mkdir unpacked
tar -xzf "$kept" -C unpacked
holds "whose files have the sums that it says" bash -c '
    cd unpacked && cd "$(dirname "$(find . -name manifest.json)")" &&
    jq -r ".files[] | select(.sha256 != null and .sha256 != \"\") | \"\(.sha256)  \(.path)\"" manifest.json | sha256sum --quiet -c -'
holds "nothing stays on the host" bash -c '! find "$0" -name "cdr-*" -not -path "*/.cdr-runs/*" | grep .' "$work/hosts/$linux"
holds "and the session is closed" test "$(calls RTR_DeleteSession)" = 1

triage $linux "to=\"s3://$bucket/falcon\""
exits 0 "or is uploaded by the host"
prints "s3://$bucket/falcon/$linux/triage-" "to S3"

triage $contained "to=\"s3://$bucket/falcon\""
exits 0 "a contained Windows host is collected from"
prints "file://$work/evidence/$contained/" "by get, wherever the rule wants it"
run collect triage --host $mac --rules rules.cdr --data data
exits 1 "a Mac is not"
prints "it runs macOS" "which is said"
run collect triage --host $blocked --rules rules.cdr --data data
exits 1 "nor a host whose policy does not allow it"
prints "Response" "which is said with where to click"
run collect memory --host $linux --rules rules.cdr --data data
exits 1 "memory needs a tool"
prints "needs a tool that reads it" "which is said"

# Collectors of one's own: packed and plain, under the names that their commands have.
mkdir uac && printf '#!/bin/sh\necho "$*" >"$2/words"\n' >uac/uac && chmod 755 uac/uac && cp uac/uac collect
tar -czf uac.tar.gz uac
cat >>rules.cdr <<CDR
collector uac {
  linux { file = "uac.tar.gz" sha256 = "$(sha256sum <uac.tar.gz | cut -d' ' -f1)" command = ["./uac", "packed", "{output}"] }
}
collector plain {
  linux { file = "collect" sha256 = "$(sha256sum <collect | cut -d' ' -f1)" command = ["./collect", "plain", "{output}"] }
}
CDR
own() { # VERB PROFILE WORD
    { cat rules.cdr && echo "rule r { when source = webhook then collect $1 host=\"$linux\" profile=$2 }"; } >rule.cdr
    printf '{"source":"webhook","alert":{"id":"own-%s","title":"t"}}\n' "$RANDOM" >alert.json
    find "$work/evidence" -type f -delete
    run run --rules rule.cdr --alerts alert.json --mode apply --data data
    exits 0 "$1 by a collector of one's own, $2, ends well"
    rm -rf unpacked && mkdir unpacked && tar -C unpacked -xzf "$(find "$work/evidence" -type f)"
    holds "$1, $2: which ran with its words" grep -q "^$3 /" unpacked/triage/own/words
    holds "$1, $2: whole" jq -e '.state == "complete"' unpacked/triage/manifest.json
}
own triage uac packed
own memory plain plain

run audit verify --data data
exits 0 "the audit log is whole"
holds "no secret is in journal or output" bash -c '! grep -rqF sandbox-secret-of-cdr data "$1" "$2"' - "$out" "$err"

# The sandbox ends what its hosts left running, and nothing that somebody else runs there.
(cd "$work/hosts/$linux" && exec sleep 300) &
stranger=$!
kill "${children[-1]}"
wait "${children[-1]}"
holds "a process of somebody else in the folder lives on" kill -0 "$stranger"
kill "$stranger"
mkdir not-ours
touch not-ours/file
run sandbox --listen 127.0.0.1:0 --hosts not-ours
exits 2 "a folder with files of others is refused"
says "has files that are not of a sandbox" "which is said"
holds "and left alone" test "$(ls -A not-ours)" = file
finish
