#!/usr/bin/env bash
# api.sh - what the daemon tells over HTTP, as a program meets it.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

start_daemon() {
    # shellcheck disable=SC2086 # CDR may be several words
    $CDR serve --config "$root/docs/examples/sandbox.cdr" --listen 127.0.0.1:0 --data data >ready 2>said &
    children+=($!)
    for _ in $(seq 600); do
        grep -q '^ready ' ready && break
        sleep 0.1
    done
    url=$(sed -n 's/^ready //p' ready)
    token=$(cat data/admin.token)
}
# ask PATH [CURL ARG ..]: the answer is in $out, its status in $status.
ask() {
    local path=$1
    shift
    status=$(curl -sS -o "$out" -w '%{http_code}' -H "Authorization: Bearer $token" "$@" "$url$path")
}

start_daemon
holds "the token is for its owner alone" test "$(stat -c %a data/admin.token)" = 600
holds "and long" test "$(wc -c <data/admin.token)" -ge 47
holds "who commands meet is written down" test "$(jq -r .url data/daemon.json)" = "$url"

ask /v1/alerts/guardduty --data-binary @"$root/docs/tour/guardduty.json"
exits 202 "an alert is taken"
id=$(jq -r '.ids[0]' "$out")
for _ in $(seq 300); do
    ask "/v1/runs?state=done"
    json '.items | length > 0' && break
    sleep 0.1
done
holds "its run ends" json '.items[0].state == "done" and .items[0].rule == "compromised_instance"'
run=$(jq -r '.items[0].id' "$out")
ask "/v1/alerts/$id"
holds "the alert knows what became of it" json '.state == "evaluated" and .matched == 1'
holds "and its text" json '.text | fromjson | .id != null'
ask "/v1/steps?run=$run"
holds "its steps are told" json '.items | map(.name) | index("isolate_role") != null'
holds "with what they asked" json '.items | all(.calls > 0 and .state == "done")'
# A run is done in the journal a moment before it is counted.
for _ in $(seq 50); do
    ask /metrics
    grep -qx 'cdr_steps_ended_total{state="done"} 3' "$out" && break
    sleep 0.1
done
holds "the figures count it" grep -qx "cdr_alerts_matched_total 1" "$out"
holds "and its steps" grep -qx 'cdr_steps_ended_total{state="done"} 3' "$out"
if command -v promtool >/dev/null; then
    holds "as Prometheus reads them" sh -c "promtool check metrics <'$out'"
fi

run undo "$run" --data data
exits 0 "cdr undo asks the daemon"
prints "release_role" "and shows its story"
ask /v1/audit?limit=1000
holds "the audit log has who asked" json '.items | any(.event == "undone" and (.who | endswith("(admin token)")))'
ask "/v1/runs/$run"
holds "the run knows its undo" json '.undone_by | length == 1'

# 2,500 alerts in pages of 100, while more arrive: each is there once.
seq 2500 | sed 's/.*/{"source":"webhook","severity":"low","alert":{"id":"many-&"}}/' >many.ndjson
ask /v1/alerts/webhook --data-binary @many.ndjson
exits 202 "many are taken at once"
(for n in $(seq 40); do
    curl -sS -o /dev/null -H "Authorization: Bearer $token" --data-binary "{\"source\":\"webhook\",\"severity\":\"low\",\"alert\":{\"id\":\"late-$n\"}}" "$url/v1/alerts/webhook"
done) &
late=$!
after=
: >ids
while :; do
    ask "/v1/alerts?limit=100${after:+&after=$after}"
    jq -r '.items[].id' "$out" >>ids
    after=$(jq -r '.next // empty' "$out")
    [ -n "$after" ] || break
done
wait "$late"
holds "none is there twice" test -z "$(sort ids | uniq -d)"
holds "and none is missing" test "$(wc -l <ids)" -ge 2501
holds "they are in the order they came" sort -n -c ids
ask "/v1/alerts?limit=100&after=$(tail -n 1 ids)"
jq -r '.items[].id' "$out" >>ids
holds "who goes on sees those that came later" test "$(wc -l <ids)" = 2541

if python3 -c 'import jsonschema, yaml' 2>/dev/null; then
    python3 "$root/tests/cli/api_judge.py" "$root/docs/openapi.yaml" "$url" "$token" >"$out" 2>"$err"
    status=$?
    exits 0 "docs/openapi.yaml says what is served, and how it is answered"
else
    skip "docs/openapi.yaml says what is served, and how it is answered" "no python3-jsonschema or python3-yaml"
fi

kill "${children[-1]}"
wait "${children[-1]}"
status=$?
exits 0 "a daemon that is told to end ends well"
holds "a daemon that ends takes its mark away" test ! -e data/daemon.json
chmod 644 data/admin.token
run serve --config "$root/docs/examples/sandbox.cdr" --listen 127.0.0.1:0 --data data
holds "a token that others can read is refused" test "$status" -ne 0
says "others may read it; remove it" "with a way out"
finish
