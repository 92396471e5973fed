#!/usr/bin/env bash
# shipped.sh - what ships is without findings and in its canonical form, and what rules can do
# is what was reviewed: a changed permission, effect or inverse shows in tests/golden.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

run check --fail-level warning "$root/rules"
exits 0 "the shipped rules have no errors and no warnings"
run check --format json "$root/rules"
jq -r '.diagnostics[].code' "$out" | grep -v CDR0214 >findings
holds "nor any other finding than steps that this build cannot take" cmp -s findings /dev/null
run test "$root/rules"
exits 0 "the tests of the shipped rules pass"
holds "and none is skipped" grep -q ' passed, 0 failed, 0 skipped$' "$out"
run fmt --check "$root/rules" "$root/stdlib/sources"
exits 0 "the shipped rules and sources are in canonical form"
run run --rules "$root/rules" --alerts "$root/docs/tour/guardduty.json" --offline --format summary
exits 0 "the alert of the tour is read"
prints "compromised_instance	1" "the alert of the tour fires the shipped rule"
run check --fail-level info "$root/rules/aws"
exits 0 "every step of the shipped rules for AWS is connected"
start_sandbox
run run --rules "$root/rules/aws" --alerts "$root/docs/tour/guardduty.json" --mode apply --data data
exits 0 "applied to a simulated AWS they end well"
holds "each volume is saved once" \
    test "$(sandbox_ask state | jq '[.accounts[].regions[] | .snapshots // [] | .[] | select(.description | startswith("evidence")).volumeId] | length == 3 and (unique | length) == 3')" = true

run builtins --json
exits 0 "the builtins are listed"
jq . "$out" >builtins.json
holds "they are those of tests/golden/builtins.json (make it anew: cdr builtins --json | jq .)" \
    cmp -s builtins.json "$root/tests/golden/builtins.json"
finish
