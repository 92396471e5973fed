#!/usr/bin/env bash
# edr_seed.sh - the smallest rule, word for word, on an EC2 host that Defender knows.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

seed='when source=defender and severity>=high then collect triage; respond isolate_role'
start_sandbox
# Actions of Defender are over when they are first looked at, so that this takes no minutes.
sandbox_ask state | jq '.microsoft.limits.actionLooks = 0 | .microsoft.machines[].runs = false' >world.json
stop_children
start_sandbox --world world.json
mkdir -m 0700 evidence
cat >connections.cdr <<CDR
connection defender {
  provider = defender url = "$AWS_ENDPOINT_URL/_microsoft" tenant = "5a5db0c5-0000-4000-8000-0000000c0ffe"
  client_id = "0c0ffee0-0000-4000-8000-00000000c001" client_secret = env("CDR_DEFENDER_SECRET")
  evidence = "$work/evidence"
}
connection organization { provider = aws evidence = "s3://cdr-evidence-111122223333/cases" }
CDR
echo "$seed" >seed.cdr
cat seed.cdr >>connections.cdr
sandbox_ask state | jq -c '.microsoft.alerts[] | select(.id == "da638816000000000001_1001")' >alert.json
applied() { sandbox_ask calls | jq '[.[] | select(.applied and (.operation | test("oauth|Token|CallerIdentity|^Get|^List|^Describe") | not))] | length'; }

# ---- planned ----
run run --rules connections.cdr --alerts alert.json --offline --format json
exits 0 "offline it says what it would do"
holds "the collector would run on the machine" json 'select(.matched) | .matched[0].steps[] | select(.name == "triage") | .state == "planned"'
holds "the role is not known before anybody is asked, which is said" json \
    '.matched[0].steps[] | select(.name == "isolate_role") | .state == "unresolved" and (.reason | contains("only when its EDR is asked"))'
holds "and nobody was asked" test "$(sandbox_ask calls | jq length)" = 0
run run --rules connections.cdr --alerts alert.json
exits 0 "with the connections it is planned"
prints "arn:aws:ec2:eu-west-1:111122223333:instance/i-01111e1c0ffee0001" "the machine's instance is found"
prints "MAC, address agree" "by two facts"
prints "role/web-prod would be denied everything" "and the role of it"
holds "nothing was changed" test "$(applied)" = 0

# ---- done ----
run run --rules connections.cdr --alerts alert.json --mode apply --data data --format json
holds "the collector ran by live response" json '.matched[0].steps[] | select(.name == "triage") | (.state == "done" or .state == "partial")'
holds "what it packed is kept" test "$(find evidence -name 'triage-*' | wc -l)" = 1
holds "the role is denied everything" test "$(sandbox_ask state | jq '[.accounts[].roles[] | select(.roleName == "web-prod") | .policies["cdr-isolation"] // empty] | length')" = 1
holds "nothing is left in Defender's library" test "$(sandbox_ask state | jq '.microsoft.libraryFiles | length')" = 0
run undo 1 --data data
exits 0 "and it is taken back"
holds "the role is as before" test "$(sandbox_ask state | jq '[.accounts[].roles[] | .policies["cdr-isolation"] // empty] | length')" = 0

# ---- no connection to Defender ----
# Name and address of the alert find the instance, and Systems Manager collects there.
printf 'connection organization { provider = aws evidence = "s3://cdr-evidence-111122223333/cases" }\n%s\n' "$seed" >aws.cdr
jq -c '.machineId as $id | {source: "defender", severity: "high", alert: {id: "a1"}, host: {id: $id, name: "web-1", ip: "10.11.1.11"}}' alert.json >named.json
run run --rules aws.cdr --alerts named.json
exits 0 "without Defender an alert that says name and address is enough"
prints "address, name agree" "the instance is found by both"
prints "role/web-prod would be denied everything" "the role would be isolated"
prints "ssm SendCommand" "and Systems Manager asked for the triage"
run run --rules aws.cdr --alerts named.json --mode apply --data aws --format json
holds "both are done" json '.matched[0].steps | all(.state == "done" or .state == "partial")'
run run --rules aws.cdr --alerts alert.json
exits 0 "one that says the machine's name alone"
prints "unresolved" "is not enough"
finish
