#!/usr/bin/env bash
# permissions.sh - cdr permissions: the policy that rules need, and one that is in use beside it.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

mkdir rules
cat >rules/stop.cdr <<'R'
environment production { aws accounts ["111122223333"] regions ["eu-west-1"] tags { env = "prod" } }
rule miner { when exists instance.id and resource in production then respond stop_instance }
R
cat >rules/role.cdr <<'R'
rule stolen { when exists role.arn then respond isolate_role }
R

run permissions rules
exits 0 "the policy is printed"
holds "it is JSON with a version" json '.Version == "2012-10-17"'
holds "sids are letters and digits, and each is another" \
    json '[.Statement[].Sid] | (unique | length) == length and all(test("^[A-Za-z0-9]+$"))'
holds "what stops is limited to the account, the region and the tag" json '.Statement[]
    | select(.Action | index("ec2:StopInstances")) | .Resource == ["arn:aws:ec2:*:111122223333:instance/*"]
    and .Condition.StringEquals["aws:RequestedRegion"] == ["eu-west-1"]
    and .Condition.StringEqualsIgnoreCase["aws:ResourceTag/env"] == ["prod"]'
holds "undo is a statement of its own" json '[.Statement[] | select(.Sid | startswith("Undo")) | .Action[]]
    | index("ec2:StartInstances") != null and index("iam:DeleteRolePolicy") != null'
says "stolen: isolate_role (rules/role.cdr:1): " "who needs it is told beside it"
holds "in a line each" bash -c '[ "$(wc -l <"$1")" -lt 10 ]' _ "$err"
says "iam:PutRolePolicy: whoever holds these credentials can give any role any permission" "it warns of what gives permissions"
says "iam:DeleteRolePolicy: whoever holds these credentials can take policies away" "and of what takes them away"
cp "$out" policy.json

run permissions rules --compare policy.json
exits 0 "what was printed is enough"
prints "0 missing, 0 unclear, 0 in excess" "and not too much"

run permissions rules --self arn:aws:iam::111122223333:role/cdr
holds "a Deny keeps it from itself" json '.Statement[] | select(.Effect == "Deny")
    | .Resource == "arn:aws:iam::111122223333:role/cdr" and (.Action | index("iam:PutRolePolicy") != null)'
cp "$out" self.json
run permissions rules --compare self.json --self arn:aws:iam::111122223333:role/cdr
exits 0 "that it is kept from itself keeps no rule from acting"
run permissions rules --compare self.json
exits 1 "the Deny of another role may"
prints "NeverItself may deny it" "and it is told"

run permissions rules --partition aws-cn
holds "ARNs are of the partition" json '[.Statement[].Resource[] | select(startswith("arn:aws:"))] | length == 0'

jq 'del(.Statement[] | select(.Action | index("ec2:StopInstances")))' policy.json >less.json
run permissions rules --compare less.json
exits 1 "what is missing is a finding"
prints "missing ec2:StopInstances (apply, on instance): no statement allows it" "it is named"
prints "    miner: stop_instance" "with the rule that needs it"
run permissions rules --compare less.json --format json
exits 1 "as JSON too"
holds "with the rule" json '.missing[] | select(.permission == "ec2:StopInstances") | .rules[0].rule == "miner"'

cat >wide.json <<'J'
{ "Version": "2012-10-17", "Statement": { "Effect": "Allow", "Action": ["ec2:*", "iam:*", "s3:GetObject"], "Resource": "*" } }
J
run permissions rules --compare wide.json
exits 0 "too much is no failure"
prints "excess s3:GetObject: nothing needs it" "and is told"
prints "excess ec2:*: of all that it allows, " "wildcards too"
run permissions rules --compare wide.json --fail-level excess
exits 1 "unless it is asked for"

jq '.Statement += [{"Effect": "Deny", "NotAction": "iam:*", "Resource": "*", "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "false"}}}]' \
    policy.json >mfa.json
run permissions rules --compare mfa.json
exits 1 "what may be denied is not said to be enough"
prints "unclear ec2:StopInstances (apply, on instance): Statement[" "it says what was not compared"
run permissions rules --compare mfa.json --fail-level missing
exits 0 "and can be let pass"

printf '{"Statement": [\n{"Effect": "Allow" "Action": "*"}]}' >broken.json
run permissions rules --compare broken.json
exits 2 "what is no JSON is refused"
says "broken.json is no policy of IAM: line 2, column" "with its place"
run permissions rules --compare nowhere.json
exits 2 "so is what is not there"
says "nowhere.json cannot be read: No such file" "and why"
run permissions rules --provider awz
exits 2 "a provider that there is not is refused"
run permissions rules --provider slack
exits 0 "another provider has a list"
says "needs a permission of slack" "which may be empty"

# What is deployed: what cdr setup prints, and what AWS made of it.
trust=arn:aws:iam::111122223333:role/cdr
for form in cloudformation terraform json; do
    run setup aws rules --trust "$trust" --external-id acme:7 --format "$form"
    cp "$out" "$form.json"
    run permissions rules --compare "$form.json"
    exits 0 "what cdr setup prints is enough: $form"
    prints "0 missing, 0 unclear, 0 in excess" "and not too much"
done
sed 's/${AWS::AccountId}/444455556666/g; s/${AWS::Partition}/aws/g' cloudformation.json | jq '(.. | objects | select(has("Fn::Sub"))) |= .["Fn::Sub"]' >rendered.json
run permissions rules --compare rendered.json
exits 0 "so is it when the account is filled in"
prints "0 missing, 0 unclear, 0 in excess" "with nothing unclear"
says "compared for account 444455556666" "it says for which account"
there=(--account 444455556666 --self arn:aws:iam::444455556666:role/cdr-response)
jq '{PolicyVersion: {Document: .Resources.Policy1.Properties.PolicyDocument, VersionId: "v1", IsDefaultVersion: true, CreateDate: "2026-01-01T00:00:00+00:00"}}' \
    rendered.json >version.json
run permissions rules "${there[@]}" --compare version.json
exits 0 "what aws iam get-policy-version prints is read"
prints "0 missing, 0 unclear, 0 in excess" "for the account that is said"
run permissions rules --account 444455556667 --compare version.json
exits 1 "for another account it is not enough"
run permissions rules --account 4444
exits 2 "an account has twelve digits"
jq '{RoleName: "r", PolicyName: "p", PolicyDocument: (.Resources.Policy1.Properties.PolicyDocument | .Statement |= .[:2])}' rendered.json >one.json
jq '.Resources.Policy1.Properties.PolicyDocument | .Statement |= .[2:]' rendered.json >two.json
run permissions rules "${there[@]}" --compare one.json
exits 1 "one of two policies is not enough"
run permissions rules "${there[@]}" --compare one.json --compare two.json
exits 0 "both are"
jq '.Resources |= del(.Policy1)' rendered.json >none.json
run permissions rules --compare none.json
exits 2 "a template without a policy is refused"
says "it has no policy" "and why"

# Evidence is stored by the connection, and by no role of an account.
cat >evidence.cdr <<'R'
connection aws { provider = aws member_role = "cdr-response" external_id = env("CDR_EXTERNAL_ID") evidence = "s3://evidence/cases" }
rule seen { when exists instance.id then collect triage }
R
run permissions evidence.cdr
holds "what the connection itself needs has statements of its own" json '[.Statement[] | select(.Action | any(startswith("s3:"))) | .Sid]
    == ["ApplyConnectionBucket", "ApplyConnectionObject"]'
says "statements ApplyConnection.. and UndoConnection.." "which it tells"
run permissions evidence.cdr --identity member
holds "a member needs none of it" json '[.Statement[].Action[]] | all(startswith("s3:") | not)'
cp "$out" member.json
run permissions evidence.cdr --identity connection
holds "and the connection nothing else" json '[.Statement[].Action[]] | all(startswith("s3:"))'
run permissions evidence.cdr --compare member.json
exits 1 "a member's policy is not all"
run permissions evidence.cdr --identity member --compare member.json
exits 0 "and is all that a member needs"
run setup aws evidence.cdr --trust "$trust" --external-id acme:7
cp "$out" evidence.json
run permissions evidence.cdr --compare evidence.json
exits 0 "which is what a template is compared with"

run permissions rules --leftovers
holds "what cdr made may be deleted, and nothing else" json '.Statement[] | select(.Action | index("ec2:DeleteSnapshot"))
    | .Condition.StringEquals["aws:ResourceTag/managed-by"] == "cdr"'
run permissions rules --verbose
says "iam:PutRolePolicy                        apply on role" "each permission is told when asked for"
run permissions rules --format json
exits 0 "one object for programs"
holds "the policy, its length and who needs what" json '.policy.Version and .characters > 500
    and (.needs[] | select(.permission == "iam:PutRolePolicy") | .rules == [{"rule": "stolen", "step": "isolate_role", "file": "rules/role.cdr", "line": 1}])
    and (.warnings | length) == 2'

# ---- CrowdStrike and Microsoft ----
cat >edr.cdr <<'R'
connection falcon { provider = crowdstrike cloud = eu1 client_id = "0123456789abcdef0123456789abcdef" client_secret = env("S") }
rule shell { when source = crowdstrike then collect triage; respond alert_status status="closed" }
rule moved { when source = crowdstrike then respond isolate_role }
rule miner { when source = guardduty then respond isolate_host }
rule phished { when source = defender then respond disable_user; notify alert_comment }
rule others { when severity >= critical then respond isolate_host via=defender }
daemon { rules = ["x.cdr"] poll falcon { provider = crowdstrike } poll ms { provider = defender } poll old { provider = defender api = endpoint } }
R
run permissions edr.cdr --provider crowdstrike
exits 0 "scopes of Falcon are told"
prints "Alerts: Read, Write" "as its console names them"
prints "Real time response (admin): Write" "each"
prints "        shell: triage (edr.cdr:2)" "with the step that needs it"
prints "        moved: isolate_role, to find what it acts on (edr.cdr:3)" "or that looks for an instance with it"
prints "        falcon: poll (edr.cdr:7)" "or the poll that asks with it"
holds "what goes to another EDR for certain needs nothing of it" bash -c '! grep -qE "others|phished" "$1"' _ "$out"
holds "what is taken back stands apart" bash -c 'grep -A1 "Write, to undo" "$1" | grep -q "shell: alert_status"' _ "$out"
run permissions edr.cdr --provider crowdstrike --format json
holds "as JSON what to tick is a list" json '.provider == "crowdstrike" and (.grants | map(.name))
    == ["Alerts", "Hosts", "Real time response (admin)", "Real time response"]'
holds "and each need names what it is for" json '[.needs[] | select(.permission == "hosts:read" and .phase == "apply") | .rules[]
    | select(.rule == "moved")] == [{"rule": "moved", "step": "isolate_role", "for": "target", "file": "edr.cdr", "line": 3}]'
holds "a poll too" json '.needs[] | select(.permission == "alerts:read" and .phase == "apply") | .rules[-1]
    == {"way": "falcon", "kind": "poll", "file": "edr.cdr", "line": 7}'
run permissions edr.cdr --provider defender
exits 0 "app roles of Microsoft are told"
prints "Microsoft Graph: SecurityAlert.Read.All, SecurityAlert.ReadWrite.All, User.EnableDisableAccount.All, User.Read.All" "by the API"
prints "WindowsDefenderATP: Alert.Read.All, Alert.ReadWrite.All, Machine.Isolate, Machine.Read.All" "of both"
holds "and nothing for alerts of Falcon" bash -c '! grep -qE "shell|moved" "$1"' _ "$out"
run permissions edr.cdr
holds "EC2 is asked for the instance of a device" json '[.Statement[].Action[]] | index("ec2:DescribeInstances") != null'
run permissions edr.cdr --provider crowdstrike --self arn:aws:iam::111122223333:role/cdr
exits 2 "a policy is of AWS alone"
run permissions edr.cdr --provider falcon
exits 2 "a provider that is not known is refused"
says "aws, crowdstrike and defender have permissions" "and those that are known are told"
finish
