#!/usr/bin/env bash
# real_events.sh PROGRAM [EVERY [GENERATED]] - diff_events over the real events and alerts beside
# this repository, where they are: every EVERYth (1: all), by the shipped rules and by GENERATED ones.
set -eu
program=$1 every=${2:-1} generated=${3:-3000}
data=../shared/data
skip() {
    printf 'ok 1 - real events # SKIP %s\n1..1\n' "$1"
    exit 0
}
[ -d $data/detection/events ] || skip "no ../shared/data/detection/events"
[ -d $data/alerts ] || skip "no ../shared/data/alerts"
command -v zstdcat >/dev/null || skip "no zstdcat"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# GuardDuty's samples are wrapped: the alert is what stands under "event".
unwrap='
import json, sys
for line in sys.stdin:
    print(json.dumps(json.loads(line)["event"], ensure_ascii=False))'
{
    find $data/alerts -name '*.jsonl' -print0 | sort -z | xargs -0 cat
    python3 -c "$unwrap" <$data/alerts/guardduty/all.jsonl
} >"$work/alerts"
{
    find $data/detection/events -name '*.ndjson' -print0 | sort -z | xargs -0 cat
    find $data/detection/events -name '*.zst' -print0 | sort -z | xargs -0 zstdcat
} | awk -v every="$every" 'NR % every == 0' >"$work/events"
find rules -name '*.cdr' ! -name '*_test.cdr' -print0 | sort -z >"$work/rules"
# All alerts, whatever part of the events.
cat "$work/alerts" "$work/events" >"$work/all"
xargs -0 "$program" "$work/all" "$generated" <"$work/rules"
