#!/usr/bin/env bash
# setup.sh - cdr setup aws: the role for accounts where rules act.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

mkdir rules
cat >rules/r.cdr <<'R'
rule miner { when exists instance.id then respond stop_instance }
rule stolen { when exists role.arn then respond isolate_role }
R
trust=arn:aws:iam::111122223333:role/cdr

run setup aws rules --trust "$trust" --role cdr-acts --external-id acme:7
exits 0 "a stack is printed"
holds "it makes a role of that name" json '.Resources.Role.Properties.RoleName == "cdr-acts"'
holds "who takes it must say the external id" json '.Resources.Role.Properties.AssumeRolePolicyDocument.Statement
    | length == 1 and .[0].Principal.AWS == "'"$trust"'" and .[0].Condition.StringEquals["sts:ExternalId"] == "acme:7"'
holds "it may do what the rules need, in its own account" json '.Resources.Policy1.Properties.PolicyDocument.Statement[]
    | select(.Action | index("ec2:StopInstances")) | .Resource[0]["Fn::Sub"] == "arn:${AWS::Partition}:ec2:*:${AWS::AccountId}:instance/*"'
holds "and nothing to itself" json '.Resources.Policy1.Properties.PolicyDocument.Statement[] | select(.Effect == "Deny")
    | .Resource["Fn::Sub"] == "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/cdr-acts" and (.Action | index("iam:PutRolePolicy") != null)'
holds "no text with a variable is left as it is" json '[.. | objects | to_entries[] | select(.key != "Fn::Sub") | .value
    | if type == "array" then .[] else . end | strings | select(contains("${"))] | length == 0'
says 'external_id = env("CDR_EXTERNAL_ID")' "it says what belongs into the configuration"
says 'where cdr runs: export CDR_EXTERNAL_ID=acme:7' "and where the id goes"
says '"arn:aws:iam::*:role/cdr-acts"' "and what who takes the role needs"
sed -n 's/^cdr: in the configuration: //p' "$err" >connection.cdr
cp "$out" stack.json
if command -v cfn-lint >/dev/null; then
    holds "cfn-lint finds nothing wrong" cfn-lint stack.json
else
    skip "cfn-lint finds nothing wrong" "cfn-lint is not installed"
fi
run check connection.cdr
exits 0 "the connection that it says is one"

run setup aws rules --trust "$trust"
holds "an external id is made up" json '.Resources.Role.Properties.AssumeRolePolicyDocument.Statement[0].Condition.StringEquals["sts:ExternalId"]
    | test("^[0-9a-f]{32}$")'
cp "$out" once.json
run setup aws rules --trust "$trust"
holds "and is another each time" bash -c '! cmp -s "$1" once.json' _ "$out"
says "makes up another id" "which it warns of"
CDR_EXTERNAL_ID=acme:9 run setup aws rules --trust "$trust"
exits 0 "what the connection reads is read here too"
holds "so that a later template has the same id" json '.Resources.Role.Properties.AssumeRolePolicyDocument.Statement[0].Condition.StringEquals["sts:ExternalId"] == "acme:9"'
CDR_EXTERNAL_ID=acme:9 run setup aws rules --trust "$trust" --external-id acme:7
holds "the command line outranks it" json '.Resources.Role.Properties.AssumeRolePolicyDocument.Statement[0].Condition.StringEquals["sts:ExternalId"] == "acme:7"'

run setup aws rules --trust 111122223333 --external-id acme:7 --format terraform
exits 0 "Terraform's JSON is printed"
holds "its role trusts the account" json '.resource.aws_iam_role.cdr.assume_role_policy | fromjson
    | .Statement[0].Principal.AWS == "arn:${data.aws_partition.current.partition}:iam::111122223333:root"'
holds "its policy is one" json '.resource.aws_iam_policy.cdr_1.policy | fromjson | .Version == "2012-10-17"'
holds "and is attached" json '.resource.aws_iam_role_policy_attachment.cdr_1.role == "${aws_iam_role.cdr.name}"'
says "everybody in 111122223333" "that a whole account is trusted is told"

run setup aws rules --trust "$trust" --format json
exits 0 "the documents alone are printed"
jq '.policies[0]' "$out" >policy.json
run permissions rules --compare policy.json --self arn:aws:iam::111122223333:role/cdr-response
exits 0 "they are enough for the rules"

cat >evidence.cdr <<'R'
connection aws { provider = aws member_role = "cdr-response" external_id = env("CDR_EXTERNAL_ID") evidence = "s3://evidence/cases" }
rule seen { when exists instance.id then collect triage }
R
run setup aws evidence.cdr --trust "$trust" --format json
holds "evidence in S3 is for who takes the role, and for no member" json '([.policies[].Statement[].Action[]] | all(startswith("s3:") | not))
    and (.taker.Statement | map(.Sid)) == ["TakeRoles", "ListAccounts", "ApplyConnectionBucket", "ApplyConnectionObject"]
    and .taker.Statement[3].Resource == ["arn:aws:s3:::evidence/cases/*"]'
says '"s3:PutObject"' "it is told beside the template"
says "the bucket's policy must let it" "with what else it takes"

{
    printf 'list people : text = ["a"]\n'
    for account in $(seq 100000000001 100000000040); do
        printf 'rule r%s { when exists instance.id and cloud.account = "%s" then respond stop_instance }\n' "$account" "$account"
    done
} >rules/many.cdr
run setup aws rules --trust "$trust"
holds "accounts of the rules do not make it longer" json '[.Resources | keys[] | select(startswith("Policy"))] | length == 1'

run setup aws rules --trust arn:aws:iam::111122223333:root
says "everybody in arn:aws:iam::111122223333:root" "the root of an account is all of it too"
run setup aws rules --trust arn:aws-cn:iam::111122223333:role/cdr --format json
holds "elsewhere every ARN is of there" json '[.. | strings | select(startswith("arn:"))] | length > 5 and all(startswith("arn:aws-cn:"))'
says '"arn:aws-cn:iam::*:role/cdr-response"' "those for who takes the role too"
for wrong in arn:aws:iam::111122223333:role/ arn:aws:iam::111122223333:role/a//b arn:aws:iam::111122223333:role/a/ \
    arn:awsx:iam::111122223333:role/a arn:aws:iam::11112222333:role/a arn:aws:iam::111122223333:group/a; do
    run setup aws rules --trust "$wrong"
    exits 2 "$wrong is nobody to trust"
done

run setup aws rules
exits 2 "whom to trust must be said"
says "--trust arn:aws:iam::111122223333:role/cdr" "with an example"
run setup aws rules --trust 'arn:aws:iam::111122223333:role/x", "*'
exits 2 "what is no ARN is refused"
run setup aws rules --trust "$trust" --role 'a b'
exits 2 "so is what is no name of a role"
run setup aws rules --trust "$trust" --external-id '"'
exits 2 "and what is no external id"
mkdir tagged
cat >tagged/r.cdr <<'R'
environment production { aws accounts ["111122223333"] tags { team = "a %{ if c }" } }
rule r { when exists instance.id and resource in production then respond stop_instance }
R
values='[.Statement[] | .Condition.StringEqualsIgnoreCase["aws:ResourceTag/team"]? | strings, arrays | if type == "array" then .[] else . end]'
run setup aws tagged --trust "$trust" --format terraform
holds "Terraform takes nothing of a rule for its own" json '.resource.aws_iam_policy.cdr_1.policy | fromjson
    | '"$values"' | length > 0 and all(. == "a %%{ if c }")'
run setup aws tagged --trust "$trust"
holds "nor does CloudFormation" json '.Resources.Policy1.Properties.PolicyDocument
    | '"$values"' | length > 0 and all(. == "a %{ if c }")'

run setup azure --trust "$trust"
exits 2 "another provider is told"
echo 'rule quiet { when severity >= high then open case }' >quiet.cdr
run setup aws quiet.cdr --trust "$trust"
exits 3 "rules that need nothing need no role"

# ---- CrowdStrike and Microsoft ----
cat >edr.cdr <<'R'
rule shell { when source = crowdstrike then collect triage; respond isolate_host }
rule phished { when source = defender then respond disable_user }
R
run setup crowdstrike edr.cdr
exits 0 "Falcon's console is led through"
prints "     Hosts: Read, Write" "with exactly the scopes"
prints "     Real time response (admin): Write" "each"
prints "Custom Scripts, get and put" "and response policies"
prints 'client_secret = env("CDR_FALCON_CLIENT_SECRET")' "and the connection, without a secret"
sed -n '/^connection/,/^}/p' "$out" >falcon.cdr
run check falcon.cdr
exits 0 "which is one"
run setup crowdstrike edr.cdr --format json
exits 0 "the same is there as JSON"
holds "with what to tick, what to do and what to set" json '(.grants | map(.name) | index("Hosts")) != null
    and (.steps | length) == 4 and .environment == ["CDR_FALCON_CLIENT_ID", "CDR_FALCON_CLIENT_SECRET"]'
jq -j .connection "$out" >again.cdr
holds "and the same connection" cmp -s again.cdr falcon.cdr
run setup defender edr.cdr
exits 0 "Microsoft's console is led through"
prints "Microsoft Graph: User.EnableDisableAccount.All, User.Read.All" "with exactly the app roles"
prints "Grant admin consent" "and the consent"
prints "Privileged Authentication Administrator" "and what disabling administrators takes"
holds "and nothing of live response, which no rule takes" bash -c '! grep -q "Live Response" "$1"' _ "$out"
sed -n '/^connection/,/^}/p' "$out" >defender.cdr
run check defender.cdr
exits 0 "its connection is one"
echo 'rule r { when source = defender then collect memory }' >live.cdr
run setup defender live.cdr
prints "Live Response for Servers, Live Response unsigned script execution" "live response is switched on where a rule takes it"
run setup crowdstrike live.cdr
exits 3 "rules that need nothing of Falcon set up nothing there"
run setup defender edr.cdr --trust "$trust"
exits 2 "there is nobody to trust"
run setup defender edr.cdr --format terraform
exits 2 "and no template"
run setup aws edr.cdr --trust "$trust" --format text
exits 2 "what aws is told is no text"
finish
