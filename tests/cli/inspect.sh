#!/usr/bin/env bash
# inspect.sh - the commands that look inside: explain, builtins, disasm, version.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

run explain
exits 0 "explain lists all codes"
codes=$(awk '/^CDR[0-9]/ { print $1 }' "$out")
holds "there are codes" test -n "$codes"
missing=
for code in $codes; do
    run explain "$code"
    [ "$status" = 0 ] && [ "$(wc -l <"$out")" -ge 3 ] || missing="$missing $code"
done
holds "every code has a page$missing" test -z "$missing"
run explain cdr0001
exits 0 "case does not matter"
run explain 101
prints "CDR0101 (" "digits are enough"
run explain 0101
prints "CDR0101 (" "with zeros too"
run explain 99999
exits 2 "but not any number"
run explain CDR001
exits 2 "an unknown code is a usage error"
says "did you mean" "and the nearest one is offered"

run builtins
exits 0 "builtins are listed"
prints "isolate_role" "isolate_role among them"
run builtins --json
exits 0 "as JSON too"
holds "each has the members that are promised" json \
    'all(.[]; has("name") and has("step") and has("provider") and (.effect | IN("reads", "collects", "changes", "destroys")) and (.parameters | type == "array") and (.permissions | has("apply") and has("undo")) and has("inverse") and (.limits | type == "array") and has("source"))'
holds "what changes something says how it is taken back, or is not connected" json \
    'all(.[] | select(.effect == "changes" and .step != "undo" and .missing == null); .inverse != null)'

echo 'when source=defender and severity>=high then collect triage; respond isolate_role' >s.cdr
run disasm s.cdr
exits 0 "a rule is disassembled"
prints "HALT" "down to its last instruction"
run disasm
exits 2 "no path is a usage error"
echo 'when sorce=x then collect triage' >bad.cdr
run disasm bad.cdr
exits 2 "a rule with a mistake has no program"

run version
exits 0 "version ends well"
run version --json
holds "and is an object" json '.name == "cdr" and .version and .language == 1'
finish
