#!/usr/bin/env bash
# least.sh - what `cdr permissions` prints is enough: each step is taken, and taken back, by a role that
# has exactly that policy and is judged by it, with its resources and conditions.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

world=$root/stdlib/sandbox/world.json
role=cdr-responder
cat >alert.json <<'JSON'
{"source": "guardduty", "severity": "high", "alert": {"id": "least", "title": "t"},
 "cloud": {"provider": "aws", "account": "111122223333", "region": "eu-west-1"},
 "resource": {"tags": {"env": "prod"}}}
JSON

# judged POLICY: a sandbox whose responder may do what the policy says; we are the responder.
judged() {
    jq --rawfile policy "$1" --arg role "$role" \
        '(.accounts[0].roles[] | select(.roleName == $role)) |= (.judged = true | .policies = {least: ($policy | fromjson | tojson)})' \
        "$world" >world.json
    start_sandbox --world "$PWD/world.json"
    export AWS_ACCESS_KEY_ID=ASIASANDBOX111122RESPONDER AWS_SECRET_ACCESS_KEY=sandbox-secret-of-cdr-responder
    export AWS_SESSION_TOKEN=sandbox-session-of-cdr-responder
}
ended() { kill "${children[-1]}" 2>/dev/null; wait "${children[-1]}" 2>/dev/null; }
denied() { sandbox_ask calls | jq -r '[.[] | select(.error // "" | test("Unauthorized|AccessDenied")) | .operation] | join(" ")'; }

# least NAME FIELDS STEP: FIELDS are members that the alert has too.
number=0
least() {
    local name=$1 fields=$2 step=$3 mode=''
    case $step in *irreversible) mode='mode destroy' ;; esac
    number=$((number + 1))
    cat >"rules$number.cdr" <<CDR
environment production { aws accounts ["111122223333"] regions ["eu-west-1"] tags { env = "prod" } }
rule guarded { when source = guardduty and severity >= high and resource in production $mode then $step }
CDR
    jq ". * $fields" alert.json >"alert$number.json"
    run permissions "rules$number.cdr"
    exits 0 "$name: the least policy is printed"
    cp "$out" "policy$number.json"
    judged "policy$number.json"
    run run --rules "rules$number.cdr" --alerts "alert$number.json" --mode apply --data "data$number"
    holds "$name: is done with it" grep -qE "^ +1\. .* (done|partial)$" "$out"
    holds "$name: and nothing is denied" test -z "$(denied)"
    run undo 1 --data "data$number"
    holds "$name: nor on the way back" test -z "$(denied)"
    ended
}

instance='{"instance": {"id": "i-01111e1c0ffee0001"}}'
least "stop" "$instance" 'respond stop_instance'
least "stop a protected one" '{"instance": {"id": "i-01111e1c0ffee0007"}}' 'respond stop_instance override=protection'
least "terminate" "$instance" 'respond terminate_instance irreversible'
least "isolate the network" '{"instance": {"id": "i-01111e1c0ffee0003"}}' 'respond isolate_security_group'
least "isolate and cut" '{"instance": {"id": "i-01111e1c0ffee0003"}}' 'respond isolate_security_group cut=untrack'
least "isolate a role" "$instance" 'respond isolate_role'
least "revoke sessions" "$instance" 'respond revoke_sessions'
least "restrict a role" '{"role": {"arn": "arn:aws:iam::111122223333:role/ci-runner"}}' 'respond restrict_role'
least "disable a key" '{"access_key": {"id": "AKIASANDBOX1111DEPLOY"}}' 'respond disable_access_key'
least "disable a user" '{}' 'respond disable_user user="arn:aws:iam::111122223333:user/deploy"'
least "take the metadata service" "$instance" 'respond disable_metadata'
least "close a group" '{"sg": {"id": "sg-01111e1c0ffee0002"}}' 'respond close_security_group'
least "delete a group" '{"sg": {"id": "sg-01111e1c0ffee0006"}}' 'respond delete_security_group irreversible'
least "ban at the network" '{"src": {"ip": "203.0.113.77"}, "instance": {"id": "i-01111e1c0ffee0003"}}' 'respond ban_ip via=nacl'
least "ban at the web" '{"src": {"ip": "203.0.113.77"}}' 'respond ban_ip via=waf ip_set="blocklist"'
least "ban in IAM" '{"src": {"ip": "203.0.113.77"}, "role": {"arn": "arn:aws:iam::111122223333:role/batch-stage"}}' 'respond ban_ip via=iam'
least "snapshot" "$instance" 'collect snapshot'
least "snapshot, shared" "$instance" 'collect snapshot share="444455556666" retain=30d'
least "triage" "$instance" 'collect triage to="s3://cdr-evidence-111122223333/t"'
least "logs" "$instance" 'collect logs to="s3://cdr-evidence-111122223333/l"'
least "call a function" '{}' 'call lambda function="on-alert"'

# Each statement is needed: without any one of them something is denied. (A license is only touched
# where an instance has one.)
jq '.Statement |= map(select(tostring | test("license-configuration") | not))' policy1.json >needed.json
statements=$(jq '.Statement | length' needed.json)
for ((one = 0; one < statements; one++)); do
    jq "del(.Statement[$one])" needed.json >without.json
    judged without.json
    run run --rules rules1.cdr --alerts alert1.json --mode apply --data "without$one"
    run undo 1 --data "without$one"
    holds "statement $((one + 1)) of $statements is needed" test -n "$(denied)"
    ended
done

# A policy for somewhere else is not enough, and the step says what is missing.
sed 's/"eu-west-1"/"eu-central-1"/g; s/eu-west-1:/eu-central-1:/g' policy1.json >elsewhere.json
judged elsewhere.json
run run --rules rules1.cdr --alerts alert1.json --mode apply --data elsewhere
exits 1 "with the policy of another region it fails"
prints "does not allow ec2:" "and names what it may not do"
ended
finish
