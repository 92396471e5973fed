#!/usr/bin/env bash
# hosts.sh - cdr hosts: which instances an environment selects, over accounts, regions and pages.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

start_sandbox
cat >rules.cdr <<'CDR'
connection c { provider = aws member_role = "cdr-responder" external_id = "cdr-sandbox" }
environment everywhere { aws accounts organization }
environment here { aws }
environment live {
  aws accounts ["111122223333"] regions ["eu-west-1"] tags { ENV = ["Prod", "live"], name = "WEB-1" }
  aws accounts ["444455556666"] regions ["us-east-1"]
  azure
}
environment foreign { aws accounts ["999988887777", "444455556666"] regions ["eu-west-1"] }
environment clouds { azure gcp }
rule selected { when severity >= low and resource in live then open case }
CDR

# ---- where ----
run hosts --environment everywhere --rules rules.cdr
exits 0 "all accounts of the organization are listed"
prints "444455556666  us-east-1       i-04444a1c0ffee0004" "each in all of its regions"
says "19 instances" "with how many there are"
holds "what is terminated is not listed" bash -c '! grep -q old-us-1 "$0"' "$out"
run hosts --environment here --rules rules.cdr
says "11 instances" "without accounts it is that of the connection"
holds "and no other" bash -c '! grep -q 444455556666 "$0"' "$out"
run hosts --environment foreign --rules rules.cdr
exits 1 "an account that cannot be reached ends with 1"
says "account 999988887777 is not listed" "it is told"
says "AccessDenied" "with AWS's words"
prints "shop-1" "and the others are listed"
printf 'connection d { provider = aws profile = "other" }\n' >other.cdr
run hosts --environment here --rules rules.cdr --rules other.cdr
exits 2 "of two connections none is taken unasked"
says '`c` (rules.cdr) and `d` (other.cdr) are both connections to aws' "both are named"
run leftovers --rules rules.cdr --rules other.cdr
exits 2 "nor for what was left"
printf 'connection d { provider = aws mode = observe }\n' >other.cdr
run hosts --environment here --rules rules.cdr --rules other.cdr
exits 0 "one that says no way to go is none"
sandbox_tell faults '[{"operation":"ListAccounts","kind":"deny","times":9}]'
run hosts --environment everywhere --rules rules.cdr
exits 1 "an organization that may not be listed ends with 1"
says "which accounts there are cannot be known" "and says so"
sandbox_tell faults '[{"operation":"DescribeInstances","kind":"deny","times":1}]'
run hosts --environment here --rules rules.cdr
exits 1 "a region that may not be listed ends with 1"
says "account 111122223333 in eu-west-1 is not listed" "with its name"
prints "web-us-1" "and the others are listed"
sandbox_tell faults '[]'

# ---- the command line ----
run hosts --rules rules.cdr
exits 2 "an environment must be named"
run hosts --environment everywere --rules rules.cdr
exits 2 "and be there"
says "did you mean everywhere?" "or nearly"
run hosts --environment prod --rules rules.cdr
exits 2 "nothing near it"
says "declare no environment prod, but everywhere, here, live, foreign, clouds" "is answered with what there is"
run hosts --environment here
says "where is the environment declared? Give --rules PATH" "the rules must be named"
run hosts --environment clouds --rules rules.cdr
exits 2 "one without AWS is not listed"
says "no entry of aws" "which is said"

# ---- declared in another file ----
mkdir two
echo 'environment prod { aws }' >two/organization.cdr
echo 'rule r { when resource in prod then open case }' >two/rules.cdr
run check two
exits 1 "a file sees only what it uses"
prints 'begin this file with `use "organization.cdr"`' "it says which file has it"

# ---- a target that is not there ----
echo '{"source":"guardduty","severity":"high","instance":{"id":"i-0f00f00f00f00f00f"}}' >gone.json
echo 'rule g { when source = guardduty then respond stop_instance; respond isolate_role }' >gone.cdr
run run --rules gone.cdr --alerts gone.json
exits 0 "a plan ends with 0"
prints "1 alert, 1 matched, 2 steps found no target." "and its last line counts what it did not find"

# ---- as rules see it ----
run hosts --environment live --rules rules.cdr --format json
exits 0 "instances are listed as JSON"
holds "with account, region, state, addresses and tags" json --slurp \
    '.[0] | .account == "111122223333" and .region == "eu-west-1" and .state == "running" and .private_ip == "10.11.1.11" and .public_ip == "198.51.100.111" and .name == "web-1" and (.tags | length) == 2'
jq -r .instance "$out" | sort >listed
sandbox_ask state | jq -c '.accounts[] | .account as $a | .regions[] | .region as $r | .instances[]
    | select(.state != "terminated") | {source: "guardduty", severity: "high", alert: {id: .instanceId},
        cloud: {provider: "aws", account: $a, region: $r}, resource: {id: .instanceId, tags: .tags}}' >alerts
run run --rules rules.cdr --alerts alerts --mode plan --offline --format json
jq -r 'select(.matched | length > 0) | .alert' "$out" | sort >fired
holds "a rule fires for alerts about these instances, and for no other" cmp listed fired
holds "which are five" test "$(wc -l <listed)" = 5
holds "tags are compared as in rules, without case" grep -qx i-01111e1c0ffee0001 listed

# ---- many, and what people write ----
sandbox_ask state | jq '(.accounts[0].regions[0].instances) |= [range(0; 450) as $n | .[0] + {
    instanceId: ("i-0aaaaaaaaaaaa" + ("0000\($n)" | .[-4:])),
    tags: {Name: (if $n == 449 then "evil\u202eweb\u001b[2J" else "web-\($n)" end), env: "prod"}}]
    | .accounts[0].regions += [{region: "af-south-1", optInStatus: "not-opted-in",
        instances: [.accounts[0].regions[1].instances[0] | .tags.Name = "off"]}]
    | .accounts[1].status = "SUSPENDED"' >world.json
stop_children
start_sandbox --world world.json
run hosts --environment here --rules rules.cdr
exits 0 "a long list comes in pages"
says "454 instances" "all of them"
holds "a region that is not switched on is not asked" bash -c '! grep -q af-south-1 "$0"' "$out"
holds "of 200" test "$(sandbox_ask calls | jq '[.[] | select(.operation == "DescribeInstances" and .region == "eu-west-1")] | length')" = 3
holds "nothing in a name reaches the terminal" bash -c '! LC_ALL=C grep -qP "\x1b|\xe2\x80\xae" "$0"' "$out"
run hosts --environment everywhere --rules rules.cdr
exits 0 "an account that is suspended is none"
says "454 instances" "and is not looked into"

# ---- the hosts of Falcon ----
cat >falcon.cdr <<'CDR'
connection falcon {
  provider = crowdstrike url = "http://127.0.0.1:9/_crowdstrike"
  client_id = "c0ffee00" client_secret = env("FALCON_SECRET")
}
CDR
run hosts --online --environment here --rules rules.cdr
exits 2 "flags of one provider are none of another"
says "--online is for --provider crowdstrike or defender" "the flag is named"
run hosts --provider crowdstrike --environment here --rules rules.cdr
exits 2 "an environment selects no hosts of Falcon"
run hosts --provider crowdstrike
exits 2 "without rules there is no connection to go by"
says "where is the connection declared?" "which is asked for"
FALCON_SECRET=s run hosts --provider crowdstrike --rules falcon.cdr
exits 1 "a tenant that is not reached ends with 1"
says "the hosts of Falcon cannot be listed" "and is told"
finish
