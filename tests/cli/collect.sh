#!/usr/bin/env bash
# collect.sh - evidence by hand on the simulated AWS: a plan, then kept, told and guarded.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

run collect
exits 2 "nothing to collect is a usage error"
run collect triag --host i-01111e1c0ffee0001
exits 2 "an unknown collection is a usage error"
says "did you mean triage?" "and the nearest is offered"
run collect triage profil=full
says "did you mean profile?" "so is the nearest parameter"
run collect triage --host i-01111e1c0ffee0001 profile=huge
exits 2 "a value that the parameter cannot have is an error"
says "CDR0279" "of the checker"
run collect triage 'to=s3://x" }'
exits 2 "what would end a literal is none"
run collect triage --host i-0abc
exits 2 "an instance id that is cut short is no host"
says "i-0abc is no instance id: i- and 8 or 17 hex digits" "and is told as what it is"
run collect triage full
says "write NAME=VALUE" "a parameter has a name"
run collect triage --host i-01111e1c0ffee0001 --mode apply
exits 2 "collecting needs a journal"
says "--data DIR" "which is said"
run collect triage --host i-01111e1c0ffee0001 --offline --mode apply --data data
exits 2 "nobody collects without asking anybody"
mapfile -t many < <(seq -f '--host=i-01111e1c0ffee%04g' 101)
run collect triage "${many[@]}"
exits 2 "a hundred and one hosts are too many"
says "more than 100 hosts" "which is said"

start_sandbox
bucket=cdr-evidence-111122223333
objects() { sandbox_ask state | jq "[.accounts[].buckets[].objects[].key] | length"; }
run collect triage --host i-01111e1c0ffee0001 to=s3://$bucket/by-hand
exits 0 "without --data it is a plan"
prints "planned" "which says so"
prints "a script of " "the collector is told by its length and hash"
holds "and no alert is told of, that nobody sent" bash -c '! grep -qE "webhook|matched|collect_by_hand" "$0"' "$out"
prints "Parameters.commands.2 = cdr-late-put:$bucket/by-hand/111122223333/i-01111e1c0ffee0001/" \
    "with a mark where the address will be"
holds "and nothing is kept" test "$(objects)" = 0
run collect triage --host i-01111e1c0ffee0001 to=s3://$bucket/by-hand --data data
exits 0 "with --data it collects"
prints "evidence    s3://$bucket/by-hand/111122223333/i-01111e1c0ffee0001/triage-" "and says where to"
run collect triage --host i-01111e1c0ffee0001 to=s3://cdr-evidence-nowhere/x
prints 'there is no bucket cdr-evidence-nowhere: `to=` of the step' "a bucket that is not there names its setting"
holds "one object" test "$(objects)" = 1
run collect triage --host i-01111e1c0ffee0001 to=s3://$bucket/by-hand --data data
exits 0 "again it joins what was just collected"
prints "run 1 did the same" "and says so"
holds "one object still" test "$(objects)" = 1
run collect triage --host i-01111e1c0ffee0001 profile=full to=s3://$bucket/by-hand --data data
exits 0 "something else is collected anew"
holds "another object" test "$(objects)" = 2
run runs --data data --format json
holds "all are in the journal" json -s 'map(.state) == ["done", "done", "done"]'
holds "with their sums" json -s 'all(.[]; .steps[0].sha256 | test("^[0-9a-f]{64}$"))'
sandbox_ask calls >calls.json
holds "the address was sent" grep -q 'X-Amz-Signature' calls.json
holds "and is in no journal, audit log or output" bash -c \
    '! grep -rqF X-Amz-Signature data "$1" "$2"' - "$out" "$err"
run audit verify --data data
exits 0 "the audit log is whole"

run collect triage --host laptop-7 --data data
exits 1 "a device that only an EDR knows is unresolved"
prints "no connection: collect triage needs one to" "and it is said what is missing"
run collect triage --host i-01111e1c0ffee0001 --data data
exits 1 "without a place for it nothing is collected"
prints "s3://bucket/prefix" "and it is said where to say it"

# Rules lend their connection and their guards, and are not run.
cat >rules.cdr <<CDR
connection aws { provider = aws evidence = "s3://$bucket/of-the-rules" }
rule everything { when severity >= informational then respond isolate_role role="arn:aws:iam::111122223333:role/web-prod" }
CDR
run collect triage --host i-01111e1c0ffee0001 --rules rules.cdr --data data
exits 0 "the place may be the connection's"
prints "s3://$bucket/of-the-rules/" "as its rules say"
holds "of which none is run" bash -c '! grep -q isolate_role "$1"' - "$out"
cat >never.cdr <<CDR
never target instance.id = "i-01111e1c0ffee0001" "kept as it is"
CDR
before=$(objects)
run collect triage --host i-01111e1c0ffee0001 to=s3://$bucket --rules never.cdr --data data
prints "refused" "what the rules never touch is not touched by hand either"
holds "and nothing is kept" test "$(objects)" = "$before"

sandbox_tell faults '[{"operation":"SendCommand","kind":"lose_reply","times":1}]'
run collect triage --host i-01111e1c0ffee0003 to=s3://$bucket/lost --data data
exits 0 "a command whose reply is lost is found"
holds "and sent once" test "$(sandbox_ask calls | jq '[.[] | select(.operation == "SendCommand" and .fault == "lose_reply")] | length')" = 1
run collect snapshot --host i-01111e1c0ffee0001 --data data
exits 0 "snapshots are taken by hand too"
run collect snapshot --host i-01111e1c0ffee0002 --host i-01111e1c0ffee0003 --data several
exits 0 "of several hosts, one after the other"
run runs --data several --format json
holds "each is a run of its own" json -s 'length == 2 and map(.state) == ["done", "done"]'
run collect snapshot --host i-01111e1c0ffee0002 --host i-0ffffffffffffffff --data mixed
exits 1 "one that does not end well is told"
run collect logs --host i-01111e1c0ffee0001 since=24h to=s3://$bucket/logs --data data
exits 0 "and logs kept"
run runs --data data --format json
exits 0 "all of it is told"
holds "run by run" json -s 'length == 10'

# A profile of the rules, and a collector of one's own.
cat >profiles.cdr <<'END'
profile web { linux { take = [processes, users] files = ["/srv/it's $(here)/*.log"] time = 5m } }
profile elsewhere { windows { take = [processes] } }
collector uac {
  linux {
    file = "uac.tar.gz"
    sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    command = ["./uac", "{output}"]
  }
}
END
run collect triage --host i-01111e1c0ffee0003 profile=web to=s3://$bucket/web --rules profiles.cdr --data profiled
exits 0 "a profile of the rules is taken"
sandbox_ask calls | jq -r '[.[] | select(.operation == "SendCommand")] | last | .parameters["Parameters.commands.5"]' >sent.sh
holds "by what it names" grep -qx "CDR_TAKE='processes" sent.sh
# shellcheck disable=SC2016 # a pattern
holds "in quoted words" grep -qFx "CDR_FILES='/srv/it'\\''s \$(here)/*.log" sent.sh
holds "for as long as it says" grep -qx CDR_SECONDS=300 sent.sh
run collect triage --host i-01111e1c0ffee0003 profile=uac to=s3://$bucket/web --rules profiles.cdr --data profiled
exits 1 "a collector of one's own is not sent there"
prints "cannot send a collector of your own" "which is said"
run collect triage --host i-01111e1c0ffee0003 profile=elsewhere to=s3://$bucket/web --rules profiles.cdr --data profiled
exits 1 "nor a profile of another platform taken"
prints "takes nothing from Linux hosts" "which is said too"

# A response takes the way to the instance: its agent is denied with its role, and is alone with
# the group that lets nothing out.
respond() { # STEP INSTANCE
    echo "rule r { when source = guardduty then respond $1 }" >respond.cdr
    printf '{"source":"guardduty","alert":{"id":"%s","title":"t"},"instance":{"id":"%s"}}\n' "$1" "$2" >alert.json
    run run --rules respond.cdr --alerts alert.json --mode apply --data responses
    exits 0 "after $1 of $2"
    run collect triage --host "$2" to=s3://$bucket/after profile=full --data later
    exits 1 "nothing is collected there"
    prints "the SSM agent of instance $2 is ConnectionLost" "which is said"
    run undo "$(cdr runs --data responses --format json | jq -s 'map(.run) | max')" --data responses
    exits 0 "it is taken back"
    run collect triage --host "$2" to=s3://$bucket/after profile=full --data anew
    exits 0 "and the agent is there again"
}
respond isolate_role i-01111e1c0ffee0001
run runs --data responses
prints "changed     iam PutRolePolicy role/web-prod (answered 200)" "IAM is told without a region: it has none"
respond isolate_security_group i-01111e1c0ffee0003
finish
