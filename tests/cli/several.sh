#!/usr/bin/env bash
# several.sh - rules that wait for several alerts: clean to the check, never run, always told.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

cat >rules.cdr <<'CDR'
rule burst {
  when severity >= high
    and count >= 15 by user.id # ten at most
      within 10m
  limit 1 targets per 1h
  then respond isolate_role
}
rule sequence {
  when severity >= low
    followed by (severity >= high) by user.id within 1h
    not followed by (alert.type = "x") by user.id within 2h
  then open case text="{first.user.id}"
}
rule quiet { when severity >= critical and new user.id learn 7d then open case }
rule plain { when severity >= medium then open case }
CDR
for severity in low medium high; do
    echo '{"source":"guardduty","severity":"'$severity'","alert":{"id":"'$severity'"},"user":{"id":"u"}}'
done >alerts.ndjson

run check rules.cdr
exits 0 "the check is clean"
prints "info[CDR0903]" "with a word about each"
run check rules.cdr --fail-level info
exits 1 "unless it is asked for everything"

run run --rules rules.cdr --alerts alerts.ndjson --offline
exits 0 "a plan ends well"
# shellcheck disable=SC2016
prints 'rule burst not run: needs `count >= 15 by user.id within 10m`' "the story says what is missing"
# shellcheck disable=SC2016
prints 'rule sequence not run: needs `followed by (severity >= high) by user.id within 1h not followed by' \
    "and that of a sequence"
holds "no step of such a rule is there" test "$(grep -c isolate_role "$out")" = 0
says "rule burst was not run for 1 alert that reached it" "the end counts who got there"
says "rule sequence was not run for 3 alerts that reached it" "rule by rule"
holds "a rule that nothing reached is not told" test "$(grep -c quiet "$out" "$err" | grep -vc ':0')" = 0
prints "3 alerts, 2 matched." "such a rule never counts as matched"
run run --rules rules.cdr --alerts alerts.ndjson --offline --format summary
holds "nor in the summary" test "$(cat "$out")" = "plain	2
alerts	3"
run run --rules rules.cdr --alerts alerts.ndjson --offline --format json
holds "json has it beside what matched" json -s \
    'map([(.matched | map(.rule)), (.not_run | map(.rule))]) == [[[], ["sequence"]], [["plain"], ["sequence"]], [["plain"], ["burst", "sequence"]]]'
holds "with what it needs" json -s '.[2].not_run[0].needs == "count >= 15 by user.id within 10m"'

run run --rules rules.cdr --alerts alerts.ndjson --mode apply --data d
exits 1 "applied, the other rules go on (their case cannot be opened)"
says "rule burst was not run for 1 alert" "and it is told too"
run runs --data d
holds "the journal has no run of it" test "$(grep -c 'burst\|sequence' "$out")" = 0
run explain sequence --rules rules.cdr --alert alerts.ndjson
holds "its conditions can be explained" test "$status" -le 1
run disasm rules.cdr
exits 0 "such a rule can be listed"
finish
