#!/usr/bin/env bash
# find.sh - from any alert to host, instance, role, group, user and key: found by which two facts, or not.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

start_sandbox
sandbox_ask state >world0.json
rules() { # CONNECTIONS: aws defender falcon
    {
        case $1 in *aws*) echo 'connection organization { provider = aws member_role = "cdr-responder" external_id = env("CDR_EXTERNAL_ID") evidence = "s3://cdr-evidence-111122223333/cases" }' ;; esac
        case $1 in *defender*) echo "connection defender { provider = defender url = \"$AWS_ENDPOINT_URL/_microsoft\" tenant = \"5a5db0c5-0000-4000-8000-0000000c0ffe\" client_id = \"0c0ffee0-0000-4000-8000-00000000c001\" client_secret = env(\"CDR_DEFENDER_SECRET\") evidence = \"$work/evidence\" }" ;; esac
        case $1 in *falcon*) echo "connection falcon { provider = crowdstrike url = \"$AWS_ENDPOINT_URL/_crowdstrike\" client_id = \"c0ffee00111122223333444455556666\" client_secret = env(\"CDR_FALCON_SECRET\") evidence = \"$work/evidence\" }" ;; esac
        echo 'environment ours { aws accounts organization regions ["eu-west-1"] }'
        echo 'rule hosts { when severity >= high then collect triage; respond isolate_host; respond isolate_role; respond isolate_security_group; respond stop_instance; collect snapshot }'
    } >rules.cdr
}
# Of the plan for the alert: "NAME STATE" and all of the step, a line each.
plan() { # ALERT
    echo "$1" >alert.json
    run run --rules rules.cdr --alerts alert.json --format json
    exits 0 "a plan is made"
    jq -r '.matched[].steps[] | "\(.name) \(.state) \(tostring)"' "$out" >steps
}
acts() { # NAME TARGET SENTENCE
    holds "$3" grep -qE "^$1 planned .*$2\"" steps || cut -c 1-300 steps | sed 's/^/# /' 
}
gives_up() { # NAME SENTENCE
    holds "$2" grep -qE "^$1 unresolved " steps || cut -c 1-300 steps | sed 's/^/# /' 
}
because() { # TEXT SENTENCE
    holds "$2" json --arg text "$1" '[.matched[].steps[] | tostring] | any(contains($text))'
}
web1() { # STEPS: all that an instance leads to, in the first account
    acts isolate_role role/web-prod "$1: its role"
    acts isolate_security_group i-01111e1c0ffee0001 "$1: its network"
    acts stop_instance i-01111e1c0ffee0001 "$1: the instance"
    acts snapshot i-01111e1c0ffee0001 "$1: its disks"
}

# ---- alerts of EDRs ----
mkdir -m 0700 evidence
rules "aws defender"
plan "$(jq -c '.microsoft.alerts[] | select(.id == "da638816000000000001_1001")' world0.json)"
acts isolate_host d0c0ffee00000000000000000000000000000001 "Defender: the machine is in the alert"
web1 "Defender"
because "MAC, address agree" "by two facts of the machine's record"
rules "aws falcon"
plan "$(jq -c '.crowdstrike.alerts[0]' world0.json)"
acts isolate_host 1111000000000000c0ffee0000000001 "Falcon: the device is in the alert"
web1 "Falcon"

# ---- alerts of AWS ----
plan '{"source":"guardduty","severity":"high","instance":{"id":"i-01111e1c0ffee0001"},"cloud":{"provider":"aws","account":"111122223333","region":"eu-west-1"}}'
web1 "GuardDuty"
acts isolate_host 1111000000000000c0ffee0000000001 "GuardDuty: the device that the instance is"
because "agree" "by what both say of it"
rules "aws defender"
plan '{"source":"guardduty","severity":"high","instance":{"id":"i-01111e1c0ffee0001"},"cloud":{"provider":"aws","account":"111122223333","region":"eu-west-1"}}'
acts isolate_host d0c0ffee00000000000000000000000000000001 "GuardDuty: or the machine of Defender"

# ---- alerts with neither ----
rules "aws falcon"
for source in webhook wiz datadog; do
    plan "{\"source\":\"$source\",\"severity\":\"high\",\"host\":{\"name\":\"web-1\",\"ip\":\"10.11.1.11\"}}"
    web1 "$source, by name and address"
    because "address, name agree" "which agree both"
done
acts isolate_host 1111000000000000c0ffee0000000001 "and the device of Falcon by the same"
plan '{"source":"webhook","severity":"high","host":{"name":"web-1"}}'
gives_up isolate_role "a name alone is nothing"
gives_up isolate_host "for the EDR neither"
plan '{"source":"webhook","severity":"high","host":{"ip":"10.11.1.11"}}'
gives_up isolate_role "nor is an address alone"
plan '{"source":"webhook","severity":"high","host":{"name":"shop-1","ip":"10.11.1.11"}}'
gives_up isolate_role "the name of one host with the address of another is nothing"
gives_up isolate_host "nor for the EDR"
because "though some do in one" "which is said"
because "looked in" "with where it was looked"
plan '{"source":"webhook","severity":"high","host":{"name":"ip-10-11-1-11.eu-west-1.compute.internal","ip":"10.11.1.11"}}'
gives_up isolate_role "a name that EC2 made from the address is no second fact"
other=$(jq -c '.accounts[1].regions[] | select(.region == "eu-west-1") | .instances[] | select(.instanceId == "i-04444e1c0ffee0002") | {source: "webhook", severity: "high", host: {name: .tags.Name, ip: .privateIpAddress}}' world0.json)
sed -i 's/severity >= high/(resource in ours or exists host.name) and severity >= high/' rules.cdr
plan "$other"
acts isolate_role role/payments "an instance of another account of the organization is found"

# ---- what an attacker may choose, and what is old ----
alert=$(jq -c '.microsoft.alerts[] | select(.id == "da638816000000000001_1001")' world0.json)
again() { # JQ SENTENCE: another world
    jq "$1" world0.json >world.json
    stop_children
    start_sandbox --world world.json
    rules "aws defender"
    plan "$alert"
    gives_up isolate_role "$2"
    gives_up stop_instance "$2: nothing is stopped"
}
machine='.microsoft.machines[0]'
again "$machine |= (.computerDnsName = \"shop-1\" | .ipAddresses = [] | .lastIpAddress = \"10.11.1.11\")" "a machine that goes by another's name"
again "$machine.lastSeen = \"2019-01-01T00:00:00Z\"" "a record from before the instance was launched"
again "$machine.ipAddresses[0].macAddress = \"0200000B9900\"" "another MAC"
again "(.accounts[0].regions[] | select(.region == \"eu-west-1\")) |= (.networkInterfaces |= map(if .instanceId == \"i-01111e1c0ffee0001\" then .macAddress = \"02:00:00:0b:77:00\" else . end))" "an instance with another card"

# ---- users and keys ----
stop_children
start_sandbox
rules "aws defender"
sed -i 's/^rule hosts.*/rule users { when severity >= high then respond disable_user; respond disable_access_key }/' rules.cdr
plan '{"source":"guardduty","severity":"high","user":{"id":"deploy","name":"deploy"},"access_key":{"id":"AKIASANDBOX1111DEPLOY"},"cloud":{"provider":"aws","account":"111122223333"}}'
acts disable_access_key AKIASANDBOX1111DEPLOY "GuardDuty: the key"
plan '{"source":"defender","severity":"high","user":{"id":"0c0ffee0-0000-4000-8000-00000000a002"}}'
acts disable_user 0c0ffee0-0000-4000-8000-00000000a002 "Defender: the user of Entra ID"
gives_up disable_access_key "who has no key"
plan '{"source":"webhook","severity":"high","user":{"name":"deploy"}}'
gives_up disable_user "a user's name alone is nobody"
finish
