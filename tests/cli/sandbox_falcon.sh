#!/usr/bin/env bash
# sandbox_falcon.sh - the simulated Falcon tenant by curl: what is printed to reach it, a host that runs commands.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

start_sandbox
holds "the sandbox says how rules connect to CrowdStrike" grep -q "_crowdstrike" .sandbox
holds "and to Microsoft" grep -q "_microsoft" .sandbox
id=$(sed -n 's/.*client_id = "\([0-9a-f]*\)" client_secret.*/\1/p' .sandbox)
falcon=$AWS_ENDPOINT_URL/_crowdstrike
token() {
    curl -fsS -d "client_id=$id&client_secret=$CDR_FALCON_SECRET" "$falcon/oauth2/token" | jq -r .access_token
}
ask() { curl -sS -H "Authorization: Bearer $token" -H 'Content-Type: application/json' "$@"; }
token=$(token)
holds "what it prints opens the tenant" test "${#token}" -gt 10
ask "$falcon/devices/combined/devices/v1?filter=instance_id:'i-01111e1c0ffee0001'" >found.json
holds "the instance of AWS is a host of the tenant" \
    test "$(jq -r '.resources[0].mac_address' found.json)" = 02-00-00-0b-01-00
sandbox_ask state >world.json
holds "as its interface has it" grep -q '"macAddress": "02:00:00:0b:01:00"' world.json
holds "no token opens nothing" \
    test "$(curl -sS -o /dev/null -w '%{http_code}' "$falcon/devices/combined/devices/v1")" = 401

host=$(jq -r '.resources[0].device_id' found.json)
# Run a script on the host and print what came of it.
run_there() {
    local session request
    session=$(ask -d "{\"device_id\":\"$host\",\"origin\":\"test\",\"queue_offline\":false}" \
        "$falcon/real-time-response/entities/sessions/v1" | jq -r '.resources[0].session_id')
    request=$(jq -n --arg line "runscript -Raw=\`\`\`$1\`\`\`" --arg session "$session" --arg host "$host" \
        '{base_command:"runscript",command_string:$line,session_id:$session,device_id:$host,id:0,persist:false}' |
        ask -d @- "$falcon/real-time-response/entities/admin-command/v1" | jq -r '.resources[0].cloud_request_id')
    for _ in $(seq 100); do
        ask "$falcon/real-time-response/entities/admin-command/v1?cloud_request_id=$request&sequence_id=0" >reply.json
        jq -e '.resources[0].complete' reply.json >reply.complete && break
        sleep 0.1
    done
    jq -r '.resources[0].stdout' reply.json
}
run_there "touch '$work/ran'" >/dev/null
holds "without a folder for hosts nothing runs" test ! -e "$work/ran"

start_sandbox --hosts "$work/hosts"
falcon=$AWS_ENDPOINT_URL/_crowdstrike
token=$(token)
holds "with one it runs there" test "$(run_there pwd)" = "$work/hosts/$host"
finish
