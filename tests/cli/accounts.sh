#!/usr/bin/env bash
# accounts.sh - steps in other accounts than that of the connection, as the member role there; and
# undo and resume, which go the same way.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

start_sandbox
key=$AWS_ACCESS_KEY_ID secret=$AWS_SECRET_ACCESS_KEY
alert() { # ID ACCOUNT INSTANCE
    printf '{"source":"guardduty","alert":{"id":"%s","title":"t"},"cloud":{"provider":"aws","account":"%s","region":"eu-west-1"},"instance":{"id":"%s"}}\n' "$@"
}
policies() {
    sandbox_ask state | jq -r '[.accounts[] | .account + ":" + (.roles[] | select(.policies["cdr-isolation"]) | .roleName)] | join(" ")'
}
isolate='when source=guardduty then respond isolate_role'
named='environment named { aws accounts ["111122223333", "444455556666", "999988887777"] }'
printf 'connection prod { provider = aws member_role = "cdr-responder" external_id = "cdr-sandbox" }\n%s\nrule r { %s }\n' "$named" "$isolate" >members.cdr
printf 'connection prod { provider = aws member_role = "cdr-responder" external_id = "another" }\n%s\nrule r { %s }\n' "$named" "$isolate" >wrong.cdr
printf 'rule r { %s }\n' "$isolate" >alone.cdr
alert two 444455556666 i-04444e1c0ffee0001 >two.json
alert own 111122223333 i-01111e1c0ffee0001 >own.json
alert strange 999988887777 i-01111e1c0ffee0001 >strange.json

# ---- acting ----
run run --rules members.cdr --alerts two.json --mode plan
exits 0 "a plan looks into the other account"
prints "shop-front" "and finds the role there"
run run --rules members.cdr --alerts two.json --mode apply --data two
exits 0 "a step acts in the account of its alert"
holds "and there alone" test "$(policies)" = "444455556666:shop-front"
holds "as the member role" test \
    "$(sqlite3 -readonly two/journal.db 'select identity from step')" = "arn:aws:sts::444455556666:assumed-role/cdr-responder"
run undo 1 --data two
exits 0 "it is taken back"
holds "where it was" test -z "$(policies)"
run run --rules members.cdr --alerts own.json --mode apply --data own
exits 0 "our own account needs no role"
holds "and is acted on as who we are" test \
    "$(sqlite3 -readonly own/journal.db 'select identity from step')" = "arn:aws:iam::111122223333:user/cdr"
sandbox_tell reset ''

# ---- no way there ----
run run --rules alone.cdr --alerts two.json --mode apply --data alone
exits 1 "without a role there is no way into another account"
prints "this is in account 444455556666, and the connection is to account 111122223333" "which is said"
prints "member_role" "with what to add"
prints "nresolved" "the step is unresolved"
run run --rules wrong.cdr --alerts two.json --mode apply --data wrong
exits 1 "a wrong external id is refused"
prints "no way into account 444455556666" "which names the account"
prints "AccessDenied" "in AWS's words"
prints "account 444455556666 has no role cdr-responder" "with what it may be: the role is not there"
prints "does not trust arn:aws:iam::111122223333:user/cdr" "or does not trust us"
prints 'another external id than `external_id` of the connection' "or wants another external id"
jq -c --slurp 'to_entries[] | .value * {alert: {id: "w\(.key)"}}' two.json two.json two.json >three.json
run run --rules wrong.cdr --alerts three.json
holds "which is told once" test "$(grep -c 'It is one of these' "$out")" = 1
prints "no way into account 444455556666, see above" "and then referred to"
run run --rules members.cdr --alerts strange.json --mode apply --data strange
exits 1 "an account that is not ours cannot be reached"
prints "no way into account 999988887777" "which is said"
holds "and nothing was changed anywhere" test -z "$(policies)"
for _ in 1 2 3; do cat strange.json; done | jq -c --slurp 'to_entries[] | .value * {alert: {id: "s\(.key)"}}' >many.json
sandbox_tell reset ''
run run --rules members.cdr --alerts many.json --mode apply --data many
holds "a role that was refused is asked for once" test \
    "$(sandbox_ask calls | jq '[.[] | select(.operation == "AssumeRole")] | length')" = 1

sandbox_tell faults '[{"operation":"AssumeRole","kind":"lose_reply","times":9}]'
run run --rules members.cdr --alerts two.json --mode apply --data silent
exits 1 "when AWS does not answer for the role the step fails"
prints "failed" "as failed"
sandbox_tell faults '[]'
holds "with nothing done" test -z "$(policies)"
run run --rules members.cdr --alerts two.json --mode apply --again --data silent
exits 0 "and can be tried again"
run undo --alert two --data silent
holds "and taken back" test -z "$(policies)"

# ---- which accounts a role is taken in ----
roles_taken() { sandbox_ask calls | jq '[.[] | select(.operation == "AssumeRole")] | length'; }
members='connection prod { provider = aws member_role = "cdr-responder" external_id = "cdr-sandbox" }'
printf '%s\nrule r { %s }\n' "$members" "$isolate" >nobody.cdr
sandbox_tell reset ''
run run --rules nobody.cdr --alerts two.json --mode apply --data nobody
exits 1 "an alert alone leads into no other account"
prints "no role is taken in account 444455556666: the rules do not name it" "which is said"
prints 'aws accounts organization' "with the way out"
holds "and nobody there is told the external id" test "$(roles_taken)" = 0
printf '%s\nenvironment ours { aws accounts organization }\nrule r { %s }\n' "$members" "$isolate" >all.cdr
run run --rules all.cdr --alerts strange.json --mode apply --data all
exits 1 "nor does one that is not of the organization"
prints "no role is taken in account 999988887777: it is no active account of the" "which is said"
holds "so that its owner is told nothing" test "$(roles_taken)" = 0
jq -c --slurp 'to_entries[] | .value * {alert: {id: "o\(.key)"}}' two.json two.json strange.json >three.json
run run --rules all.cdr --alerts three.json --mode apply --data all
holds "one of the organization is acted in" test "$(policies)" = "444455556666:shop-front"
holds "and AWS is asked once a session which these are" test \
    "$(sandbox_ask calls | jq '[.[] | select(.operation == "ListAccounts")] | length')" = 2
run undo --alert o1 --data all
run undo --alert o0 --data all
exits 0 "it is taken back there"
sandbox_tell reset ''
sandbox_tell faults '[{"operation":"ListAccounts","kind":"deny","times":9}]'
run run --rules all.cdr --alerts three.json --mode apply --data denied
exits 1 "who may not ask takes no role"
prints "which accounts are of the organization could not be read" "which is said"
holds "and is asked once" test "$(sandbox_ask calls | jq '[.[] | select(.operation == "ListAccounts")] | length')" = 1
holds "of anybody" test "$(roles_taken)" = 0
{ cat all.cdr; echo 'environment two { aws accounts ["444455556666"] }'; } >both.cdr
run run --rules both.cdr --alerts two.json --mode apply --data both
exits 0 "what is named needs no asking"
holds "and is acted in" test "$(policies)" = "444455556666:shop-front"
sandbox_tell reset ''

# ---- killed on the way ----
sandbox_tell faults '[{"operation":"PutRolePolicy","kind":"slow","milliseconds":4000,"times":1}]'
# shellcheck disable=SC2086 # CDR may be several words
$CDR run --rules members.cdr --alerts two.json --mode apply --data killed >"$out" 2>"$err" &
child=$!
for _ in $(seq 600); do
    sqlite3 -readonly killed/journal.db "select 1 from call where operation = 'PutRolePolicy'" 2>/dev/null | grep -q 1 && break
    sleep 0.05
done
kill -9 "$child" 2>/dev/null
wait "$child" 2>/dev/null
sandbox_tell faults '[]'
run resume --data killed
exits 0 "a run that was killed goes on in the other account"
holds "where the role is isolated once" test "$(policies)" = "444455556666:shop-front"

# ---- undo by somebody else ----
other=$(grep -oE 'AKIASANDBOX4[A-Z0-9]*' "$work/.sandbox" | head -n 1)
other_secret=$(grep -A 1 "$other" "$work/.sandbox" | grep -oE 'AWS_SECRET_ACCESS_KEY=.*' | cut -d= -f2 | head -n 1)
AWS_ACCESS_KEY_ID=$other AWS_SECRET_ACCESS_KEY=$other_secret run undo 1 --data killed
exits 0 "who is of that account takes it back without a role"
holds "there" test -z "$(policies)"
run run --rules alone.cdr --alerts own.json --mode apply --data mine
exits 0 "a run without a connection acts as the environment says"
AWS_ACCESS_KEY_ID=$other AWS_SECRET_ACCESS_KEY=$other_secret run undo 1 --data mine
exits 1 "and is not taken back in another account"
prints "this is in account 111122223333, and the connection is to account 444455556666" "which is said"
run undo 1 --data mine
exits 0 "but where it was made"
holds "as it was" test -z "$(policies)"

# A step that names no account acts in the one that the first was in, or nowhere.
printf 'rule r { when source=guardduty then call lambda function="arn:aws:lambda:eu-west-1:111122223333:function:on-alert"; respond ban_ip ip=src.ip via="waf" ip_set="blocklist" }\n' >ban.cdr
printf '{"source":"guardduty","alert":{"id":"ban","title":"t"},"cloud":{"provider":"aws","region":"eu-west-1"},"src":{"ip":"198.51.100.77"}}\n' >ban.json
banned() {
    sandbox_ask state | jq -r '[.accounts[] | select([.regions[].ipSets] | tostring | contains("198.51.100.77")) | .account] | join(" ")'
}
sandbox_tell faults '[{"operation":"Invoke","kind":"slow","milliseconds":3000,"times":1}]'
# shellcheck disable=SC2086 # CDR may be several words
$CDR run --rules ban.cdr --alerts ban.json --mode apply --data ban >"$out" 2>"$err" &
child=$!
for _ in $(seq 600); do
    sqlite3 -readonly ban/journal.db "select 1 from call where operation = 'Invoke'" 2>/dev/null | grep -q 1 && break
    sleep 0.05
done
kill -INT "$child" 2>/dev/null
wait "$child" 2>/dev/null
sandbox_tell faults '[]'
AWS_ACCESS_KEY_ID=$other AWS_SECRET_ACCESS_KEY=$other_secret run resume --data ban
exits 1 "a run is not gone on with in another account, although its next step names none"
says "run 1 was begun as arn:aws:iam::111122223333:user/cdr" "which is said"
holds "and nobody is banned anywhere" test -z "$(banned)"
run resume --data ban
exits 0 "but where it began"
holds "there alone" test "$(banned)" = 111122223333
run undo 1 --data ban

# ---- our own ----
own="connection prod { provider = aws role = \"arn:aws:iam::111122223333:role/cdr-responder\" external_id = \"cdr-sandbox\" }"
self() { # NAME STEP
    printf '%s\nrule r { when source=guardduty then respond %s }\n' "$own" "$2" >"$1.cdr"
    AWS_ACCESS_KEY_ID=AKIASANDBOX1111DEPLOY AWS_SECRET_ACCESS_KEY=sandbox-secret-of-deploy \
        run run --rules "$1.cdr" --alerts own.json --mode apply --data "$1"
}
sandbox_tell reset ''
self ourkey 'disable_access_key access_key="AKIASANDBOX1111DEPLOY" account="111122223333"'
exits 1 "the key that the connection's role is taken with is never a target"
prints "its target is arn:aws:iam::111122223333:user/deploy" "which is said"
self ouruser 'disable_user user="arn:aws:iam::111122223333:user/deploy"'
exits 1 "nor is its user"
prints "its target is arn:aws:iam::111122223333:user/deploy" "which is said"
self ourban 'revoke_sessions user="arn:aws:iam::111122223333:user/deploy"'
exits 1 "nor its sessions"
holds "and nothing of it was changed" test "$(sandbox_ask state | jq '[.accounts[].users[] | select(.userName == "deploy") | (.policies | length), (.accessKeys[] | select(.status == "Active") | 1)]' -c)" = "[1,1]"
self another 'disable_access_key access_key="AKIASANDBOX1111BACKUP" account="111122223333"'
exits 0 "the key of another user is one"
sandbox_tell reset ''

# ---- users of other directories ----
user() { # SOURCE
    printf '{"source":"%s","alert":{"id":"%s","title":"t"},"user":{"id":"backup"},"cloud":{"provider":"aws","account":"111122223333"}}\n' "$1" "$1" >user.json
    run run --rules user.cdr --alerts user.json --mode apply --data "user-$1"
}
printf 'rule r { when exists user.id then respond disable_user }\n' >user.cdr
user crowdstrike
exits 1 "a name in an alert of another vendor is no user of IAM, although the alert names an account of AWS"
prints "is only a name, and the alert is not of" "which is said"
holds "and nobody is disabled" test "$(sandbox_ask state | jq '[.accounts[].users[] | select(.policies["cdr-isolation"])] | length')" = 0
user guardduty
exits 0 "in an alert of AWS it is one"
holds "who is disabled" test "$(sandbox_ask state | jq -r '.accounts[].users[] | select(.policies["cdr-isolation"]) | .userName')" = backup
sandbox_tell reset ''

# ---- what a connection says ----
mkdir -p .aws
printf '[profile two]\nregion = eu-west-1\naws_access_key_id = %s\naws_secret_access_key = %s\n' "$other" "$other_secret" >.aws/config
printf 'connection c { provider = aws profile = "two" }\nrule r { %s }\n' "$isolate" >profile.cdr
run run --rules profile.cdr --alerts two.json --mode apply --data profile
exits 0 "a profile is taken before the keys of the environment"
holds "and acts in its account" test "$(policies)" = "444455556666:shop-front"
run undo 1 --data profile
exits 0 "an undo goes by the profile of the run, not by the environment"
holds "and finds what was done" test -z "$(policies)"
printf 'connection c { provider = aws account = "444455556666" }\nrule r { %s }\n' "$isolate" >pinned.cdr
run run --rules pinned.cdr --alerts own.json --mode apply --data pinned
exits 1 "an account that is pinned is compared"
prints "the connection says account 444455556666, and AWS takes us for one of account" "in words"
holds "before anything is done" test -z "$(policies)"
printf 'connection c { provider = aws role = "arn:aws:iam::444455556666:role/cdr-responder" external_id = env("EXT") account = "444455556666" }\nrule r { %s }\n' "$isolate" >role.cdr
run run --rules role.cdr --alerts two.json --mode apply --data role
exits 1 "what a connection is to be told must be there"
prints 'the connection: `external_id`: EXT is not set' "and is named when it is not"
run run --rules role.cdr --alerts two.json
prints "export it" "with the way out"
holds "and not with one that is none" bash -c '! grep -q "No provider could be asked" "$0"' "$out"
export EXT=cdr-sandbox
run run --rules role.cdr --alerts two.json --mode apply --again --data role
exits 0 "a connection may be as a role"
holds "in its account" test "$(policies)" = "444455556666:shop-front"
run undo --alert two --data role
exits 0 "and is taken back as it"
unset EXT
umask 077
printf '%s\n' "$other_secret" >secret
printf 'connection c { provider = aws access_key_id = "%s" secret_access_key = file("%s/secret") timeout = 10s }\nrule r { %s }\n' "$other" "$work" "$isolate" >keys.cdr
run run --rules keys.cdr --alerts two.json --mode apply --data keys
exits 0 "keys may be named"
holds "no secret is in the journal" bash -c '! grep -qa "$0" keys/journal.db' "$other_secret"
holds "nor in the disassembly" bash -c '! "$@" disasm keys.cdr | grep -q "$0"' "$other_secret" $CDR

# ---- cdr doctor ----
run doctor --rules pinned.cdr --online
exits 1 "doctor goes by the connection of the rules"
prints "pinned.cdr:1 says how AWS is reached" "which it names"
prints "the connection says account 444455556666" "and compares what it pins"
run doctor --rules profile.cdr --online
exits 0 "a profile that is right is"
prints "we are arn:aws:iam::444455556666:user/cdr" "as whom it says"
{ cat members.cdr; echo 'environment e { aws accounts ["111122223333", "444455556666"] }'; } >named.cdr
run doctor --rules named.cdr --online
exits 0 "doctor tries the role in another account that the rules name"
prints "account 444455556666 lets us in" "and says so"
{ cat wrong.cdr; echo 'environment e { aws accounts organization }'; } >ours.cdr
run doctor --rules ours.cdr --online
exits 1 "or in the first of the organization"
prints "does not trust arn:aws:iam::111122223333:user/cdr" "with what it may be"
finish
