#!/usr/bin/env bash
# poll.sh - alerts that the daemon fetches, from GuardDuty and from a queue of SQS: through faults of
# AWS and kill -9, each is there once, and each is acted on once.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

queue=https://sqs.eu-west-1.amazonaws.com/111122223333/cdr-findings
mkdir rules
echo 'rule kept { when source = guardduty and alert.type = "Recon:EC2/Portscan" then call lambda function="arn:aws:lambda:eu-west-1:111122223333:function:on-alert" }' >rules/kept.cdr
cat >cdr.cdr <<END
daemon {
  rules = ["rules"]
  poll gd { provider = guardduty every = 1s since = 20000d }
  queue events { url = "$queue" }
}
END
run check cdr.cdr
exits 0 "the config is one"

# shellcheck disable=SC2086 # CDR may be several words
start_daemon() {
    : >.ready
    $CDR serve --config cdr.cdr --listen 127.0.0.1:0 --data data --sandbox "$AWS_ENDPOINT_URL" >.ready 2>>.log &
    daemon=$!
    children+=($!)
    for _ in $(seq 600); do
        grep -q '^ready ' .ready && break
        kill -0 $daemon 2>/dev/null || break
        sleep 0.1
    done
    url=$(sed -n 's/^ready //p' .ready)
}
ask() { curl -fsS -H "Authorization: Bearer $(cat data/admin.token)" "$url/v1/$1"; }
figure() { curl -fsS -H "Authorization: Bearer $(cat data/admin.token)" "$url/metrics" | grep "^$1{" | cut -d' ' -f2; }
# finding ID TIME COUNT: as the API answers it
finding() {
    printf '{"schemaVersion":"2.0","accountId":"111122223333","region":"eu-west-1","partition":"aws","id":"%s",
        "type":"Recon:EC2/Portscan","title":"t","severity":5,"createdAt":"2026-01-01T00:00:00.000Z","updatedAt":"%s",
        "resource":{"resourceType":"Instance","instanceDetails":{"instanceId":"i-01111e1c0ffee0003"}},
        "service":{"serviceName":"guardduty","detectorId":"12abc34d567e8fa901bc2d34e56789f0","archived":false,"count":%s}}' "$1" "$2" "$3"
}
send() { # BODY
    curl -fsS -o /dev/null --aws-sigv4 aws:amz:eu-west-1:sqs --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" \
        -H 'Content-Type: application/x-amz-json-1.0' -H 'X-Amz-Target: AmazonSQS.SendMessage' \
        --data-binary "$(jq -cn --arg url "$queue" --arg body "$1" '{QueueUrl: $url, MessageBody: $body}')" "$AWS_ENDPOINT_URL/"
}
left() { sandbox_ask state | jq '[.accounts[].regions[].queues[]?.messages[]] | length'; }
ids() { ask 'alerts?limit=500' | jq -r --arg way "$1" '.items[] | select(.way == $way) | .alert'; }
# await COUNT CMD ..: until it prints that
await() {
    local wanted=$1 found=
    shift
    for _ in $(seq 200); do
        found=$("$@" 2>/dev/null)
        [ "$found" = "$wanted" ] && return 0
        sleep 0.2
    done
    echo "# $* says $found, not $wanted"
    return 1
}
count_ids() { ids "$1" | wc -l; }
settled() { ask 'runs?limit=500' | jq '[.items[] | select(.state == "done")] | length'; }

start_sandbox
printf '[%s]' "$(for n in $(seq 60); do finding "f$n" "2026-02-01T00:00:$(printf %02d $((n % 3))).000Z" 1; [ "$n" = 60 ] || echo ,; done)" >findings.json
sandbox_tell findings @findings.json
for n in $(seq 12); do
    send "{\"version\":\"0\",\"id\":\"e$n\",\"detail-type\":\"GuardDuty Finding\",\"source\":\"aws.guardduty\",\"detail\":$(finding "q$n" 2026-02-01T00:00:00.000Z 1)}"
done
send "{\"Type\":\"Notification\",\"TopicArn\":\"arn:aws:sns:eu-west-1:111122223333:t\",\"Message\":$(finding s1 2026-02-01T00:00:00.000Z 1 | jq -Rs .)}"
send 'this is no alert'
sandbox_tell faults '[{"operation":"ListFindings","kind":"throttle","times":2},
    {"operation":"GetFindings","kind":"slow","times":40,"milliseconds":30},
    {"operation":"GetFindings","kind":"fail_after","after":40,"times":2},
    {"operation":"GetFindings","kind":"lose_reply","after":42,"times":2},
    {"operation":"DeleteMessageBatch","kind":"lose_reply"}]'

# Killed while it fetches, each time a little later.
for pause in 0.05 0.15 0.3 0.5; do
    start_daemon
    sleep $pause
    kill -9 $daemon 2>/dev/null
    wait $daemon 2>/dev/null
done
start_daemon
holds "the daemon starts" test -n "$url"
holds "every finding came in" await 61 count_ids "poll gd"
holds "every message came in" await 14 count_ids "queue events"
holds "no finding came in twice" test -z "$(ids "poll gd" | sort | uniq -d)"
holds "and no message" test -z "$(ids "queue events" | sort | uniq -d)"
holds "nothing is left in the queue" await 0 left
holds "what is no alert is set aside" test "$(ask 'alerts?state=dead' | jq '.items | length')" = 1
holds "each was acted on" await 73 settled
# A function may be handed an event again after a kill, with the same key: it is the same event.
events() { sandbox_ask state | jq '[.accounts[].regions[].functions[]?.events[]] | unique | length'; }
holds "once" test "$(events)" = 73

# An update of a finding, and one that is new, while it runs.
sandbox_tell findings "[$(finding f7 2026-03-01T00:00:00.000Z 2),$(finding f99 2026-03-01T00:00:00.000Z 1)]"
holds "what is new is fetched" await 63 count_ids "poll gd"
holds "an update is told as one" test "$(ask 'alerts?limit=500' | jq '[.items[] | select(.alert == "f7" and .update_of != null)] | length')" = 1
holds "and only what is new is acted on" await 74 settled
holds "once too" test "$(events)" = 74

# AWS says no: told once, and over when it is over.
: >.log
sandbox_tell faults '[{"operation":"ListDetectors","kind":"deny","times":2}]'
holds "a failure is told" await 1 grep -c 'a way in cannot ask for alerts.*AccessDenied' .log
holds "and that it is over" await 1 grep -c 'a way in gets alerts again' .log
holds "it was told once" test "$(grep -c 'a way in cannot ask' .log)" = 1
holds "and counted" test "$(figure cdr_provider_failures_total)" -ge 2
began=$(date +%s%N)
kill $daemon
wait $daemon
status=$?
holds "it ends in good time" test $((($(date +%s%N) - began) / 1000000)) -lt 5000
exits 0 "and well"
finish
