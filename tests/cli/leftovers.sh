#!/usr/bin/env bash
# leftovers.sh - what cdr made at AWS is listed, and only what may go is removed, in the journal.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

alert=alert.json
printf '{"source":"guardduty","severity":"high","alert":{"id":"a-1"},"instance":{"id":"i-01111e1c0ffee0003"}}\n' >$alert
cat >short.cdr <<'CDR'
rule short { when source = guardduty then collect snapshot retain=1s region="eu-west-1" }
CDR
cat >long.cdr <<'CDR'
rule long { when source = guardduty then collect snapshot retain=30d region="eu-west-1" }
CDR
cat >isolate.cdr <<'CDR'
rule isolate { when source = guardduty then respond isolate_security_group region="eu-west-1" }
CDR
ec2() { # OPERATION PARAMETERS
    curl -fsS --aws-sigv4 aws:amz:eu-west-1:ec2 --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" \
        -H 'Content-Type: application/x-www-form-urlencoded; charset=utf-8' \
        --data "Action=$1&Version=2016-11-15&$2" "$AWS_ENDPOINT_URL/"
}
snapshots() { sandbox_ask state | jq '[.accounts[].regions[].snapshots[] | select(.tags["managed-by"] == "cdr")] | length'; }

start_sandbox
run leftovers --region eu-west-1
exits 0 "where nothing was made"
prints "cdr has left nothing here." "that is said"
says "looked into account 111122223333, eu-west-1, and nowhere else" "and where was looked"

# ---- snapshots ----

run run --rules short.cdr --alerts $alert --mode apply --data data
exits 0 "a snapshot that is kept for a second"
run run --rules long.cdr --alerts $alert --mode apply --data data
exits 0 "and one for a month"
run leftovers --region eu-west-1 --format json
exits 0 "without a journal they are listed"
holds "and none may go" json -s 'length == 6 and all(.may_go | not) and all(.run == null)'
run leftovers --region eu-west-1 --data data --format json
holds "the journal knows who made them" json -s '[.[].run] | sort == [1, 1, 1, 2, 2, 2]'
holds "those of the first run may go" json -s 'map(select(.may_go) | .run) == [1, 1, 1]'
holds "nothing is removed unless asked for" test "$(snapshots)" = 6
run leftovers --region eu-west-1 --data data
prints "6 in all, 3 may go: cdr leftovers --remove." "people are told how"
prints "stays: its retention is not over" "and why the others stay"
run leftovers --region eu-west-1 --remove
exits 2 "removing needs a journal"

# Tags are written by whoever may tag.
forged=$(ec2 CreateSnapshot "VolumeId=vol-01111e1c0ffee0010&TagSpecification.1.ResourceType=snapshot&TagSpecification.1.Tag.1.Key=managed-by&TagSpecification.1.Tag.1.Value=cdr&TagSpecification.1.Tag.2.Key=cdr%3Aretain&TagSpecification.1.Tag.2.Value=1s&TagSpecification.1.Tag.3.Key=cdr%3Astep&TagSpecification.1.Tag.3.Value=$(run leftovers --region eu-west-1 --data data --format json; sandbox_ask state | jq -r '[.accounts[].regions[].snapshots[].tags["cdr:step"]] | sort[0]')" | grep -o 'snap-[0-9a-f]*' | head -1)
run leftovers --region eu-west-1 --data data --format json
holds "a snapshot with forged tags stays" \
    json -s --arg id "$forged" 'map(select(.id == $id)) | length == 1 and (.[0].may_go | not)'
# Somebody wants one of them longer.
longer=$(jq -rs '[.[] | select(.may_go) | .id] | sort | .[0]' "$out")
ec2 CreateTags "ResourceId.1=$longer&Tag.1.Key=cdr%3Aretain&Tag.1.Value=90d" >/dev/null
run leftovers --region eu-west-1 --data data --remove --format json
exits 0 "what may go is removed"
holds "which two of them were" json -s 'map(select(.removed)) | length == 2 and all(.run == 1)'
holds "each in a run of its own" json -s '[.[] | select(.removed) | .undo_run] | sort == [3, 4]'
holds "the others are there" test "$(snapshots)" = 5
run leftovers --region eu-west-1 --data data --remove
prints "0 of 5 removed." "a second time there is nothing to remove"
run audit --data data
exits 0 "the audit log has it all"
run run --rules short.cdr --alerts $alert --mode apply --data data
exits 0 "the run stands as it did"
holds "and the alert is not acted on again" test "$(snapshots)" = 5

# ---- groups ----

run run --rules isolate.cdr --alerts $alert --mode apply --data data
exits 0 "an instance is isolated"
group=$(sandbox_ask state | jq -r '.accounts[].regions[].securityGroups[] | select(.groupName | startswith("cdr-isolation")) | .groupId')
run leftovers --region eu-west-1 --data data --format json
holds "its group is in use and stays" json -s --arg id "$group" \
    'map(select(.id == $id))[0] | .used_by != null and (.may_go | not) and .run == 5'
other=$(sandbox_ask state | jq -r '[.accounts[0].regions[0].networkInterfaces[] | select(.instanceId == "i-01111e1c0ffee0001")][0] | .networkInterfaceId, .groups[0]')
interface=${other%%$'\n'*}
before=${other##*$'\n'}
ec2 ModifyNetworkInterfaceAttribute "NetworkInterfaceId=$interface&SecurityGroupId.1=$group" >/dev/null
run undo 5 --data data
exits 0 "the undo leaves a group that somebody uses"
run leftovers --region eu-west-1 --data data --remove --format json
holds "and so do leftovers" json -s --arg id "$group" 'map(select(.id == $id))[0] | .removed == null'
ec2 ModifyNetworkInterfaceAttribute "NetworkInterfaceId=$interface&SecurityGroupId.1=$before" >/dev/null
run leftovers --region eu-west-1 --data data --remove --format json
exits 0 "once nobody uses it"
holds "it goes" json -s --arg id "$group" 'map(select(.id == $id))[0] | .removed == true'
run audit --data data
exits 0 "in the audit log too"

# ---- an environment ----

cat >prod.cdr <<'CDR'
environment prod { aws accounts ["111122223333", "444455556666"] regions ["eu-west-1", "us-east-1"] }
rule kept { when resource in prod then collect snapshot }
CDR
run leftovers prod.cdr --environment prod --data data --format json
exits 1 "all places of an environment are looked into that can be reached"
says "account 444455556666 was not looked into" "the others are told"
says "looked into 2 regions of the environment's accounts" "with how many there were"
holds "with what is in them" json -s 'length == 5 and all(.region == "eu-west-1")'
run leftovers prod.cdr --environment prod --region eu-west-1
exits 2 "an environment says where by itself"
run leftovers prod.cdr --environment stage
exits 2 "there is no such environment"

# ---- a removal that is cut off ----

sed 's/a-1/a-2/' $alert >second.json
run run --rules short.cdr --alerts second.json --mode apply --data data
exits 0 "three more that are kept for a second"
sleep 1
sandbox_tell faults '[{"operation":"DescribeSnapshots","kind":"lose_reply","times":90,"after":2}]'
run leftovers --region eu-west-1 --data data --remove
exits 1 "where AWS falls silent after the deletion it is not known what became of it"
says "was not removed:" "which is said"
sandbox_tell faults '[]'
run resume --data data
exits 0 "nothing is left to be resumed"
run leftovers --region eu-west-1 --data data --remove --format json
exits 0 "and a second time the others go"
holds "both of them" json -s 'map(select(.removed)) | length == 2'
run audit --data data
exits 0 "the audit log agrees"

# ---- a region that is not there ----
run leftovers --region eu-wst-1
exits 1 "a region that AWS does not have is a failure"
says "a region that this build does not know" "which doubts the region"
holds "and not the credentials" bash -c '! grep -qi "AuthFailure\|credential" "$0"' "$err"
printf 'rule r { when source=guardduty then respond stop_instance region="eu-wst-1" }\n' >region.cdr
printf '{"source":"guardduty","alert":{"id":"r","title":"t"},"cloud":{"provider":"aws","account":"111122223333","region":"eu-west-1"},"instance":{"id":"i-01111e1c0ffee0001"}}\n' >region.json
run run --rules region.cdr --alerts region.json
prints "does not know" "a step says the same"
holds "and not that credentials are wrong" bash -c '! grep -q "does not accept the connection" "$0"' "$out"
finish
