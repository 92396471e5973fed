#!/usr/bin/env bash
# protect.sh - protected targets, on the simulated AWS: nothing is done to what a clause is about.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

start_sandbox
changes() { sandbox_ask calls | jq '[.[] | select(.operation | test("^(Describe|Get|List)") | not)] | length'; }
alert() { # INSTANCE
    printf '{"source":"guardduty","severity":"high","alert.id":"%s","instance.id":"%s","cloud.account":"111122223333","cloud.region":"eu-west-1"}\n' \
        "$RANDOM$RANDOM" "$1"
}
# try SENTENCE CLAUSE STEP: the step is refused, and no change was sent.
try() {
    printf 'never target %s "kept"\nrule r { when exists instance.id then respond %s }\n' "$2" "$3" >r.cdr
    alert i-01111e1c0ffee0001 >alert.json
    run run --rules r.cdr --alerts alert.json --mode apply --data data
    prints "refused" "$1"
    prints "kept" "$1: and why"
    holds "$1: nothing was sent" test "$(changes)" = 0
}
name=$(jq -r '.accounts[0].regions[].instances[] | select(.instanceId == "i-01111e1c0ffee0001").tags.Name' "$root/stdlib/sandbox/world.json")
address=$(jq -r '.accounts[0].regions[].instances[] | select(.instanceId == "i-01111e1c0ffee0001").privateIpAddress' "$root/stdlib/sandbox/world.json")
try "by its id" 'instance.id = "i-01111e1c0ffee0001"' stop_instance
try "by its ARN" 'resource.id like "arn:aws:ec2:*:instance/i-01111e1c0ffee0001"' stop_instance
try "by its name tag" "host.name = \"${name^^}\"" stop_instance
try "by its address" "host.ip in \"$address/32\"" isolate_security_group
try "by its tag" "resource.tags[\"name\"] = \"$name\"" isolate_security_group
try "by the role's tag" 'resource.tags["env"] = "prod" and resource.tags["owner"] = "shop"' isolate_role
try "by the role's name" 'role.name = "web-prod"' isolate_role
try "by a negation" 'missing resource.tags["may-be-stopped"]' stop_instance

printf 'never target host.name = "%sx" "kept"\nrule r { when exists instance.id then respond stop_instance }\n' "$name" >r.cdr
alert i-01111e1c0ffee0001 >alert.json
run run --rules r.cdr --alerts alert.json --mode apply --data data
exits 0 "a neighbour is no target of the clause"
prints "done" "and is stopped"
holds "by one change" test "$(changes)" = 1
finish
