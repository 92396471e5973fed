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

for state in "done" partial failed unresolved unknown refused rejected shadowed held running planned; do
    run explain "$state"
    exits 0 "the state $state has a page"
    for part in means changed now; do
        holds "it says $part" grep -qE "^ +$part +[a-z]" "$out"
    done
    holds "operators find it too" grep -q "^| $state |" "$root/docs/operations.md"
    run explain
    holds "and it is listed" grep -qE "^$state +[a-z]" "$out"
done
run explain unresolvd
exits 2 "a state that is misspelt is a usage error"
says "did you mean unresolved" "and the nearest one is offered"

run builtins
exits 0 "builtins are listed"
prints "isolate_role" "isolate_role among them"
holds "in a line each" bash -c '! grep -q "^ " "$1"' - "$out"
holds "which says what is not connected" grep -qE '^notify email +not connected +' "$out"
run builtins isolate_role email
exits 0 "some have pages"
prints "iam:PutRolePolicy" "with permissions"
prints "taken back by: release_role" "the inverse"
prints "described at: https://docs.aws.amazon.com/" "the provider's page"
prints "not connected: e-mail needs" "and why it is not connected"
holds "and no other" test "$(grep -cE '^(collect|respond|notify) ' "$out")" = 2
run builtins notify log
exits 0 "a step has a page as rules write it"
prints "notify log [text=..]" "which is its own"
prints "changes nothing, asks nobody" "and says that it does nothing to anybody"
run builtins collect
prints "collect snapshot" "a verb has the pages of its steps"
run builtins respond log
exits 2 "a step is of one verb"
says 'did you mean `notify log`?' "and the right one is offered"
run builtins isolate_rol
exits 2 "an unknown one is a usage error"
says "did you mean isolate_role?" "and the nearest one is offered"
run builtins --json isolate_role
holds "JSON of one is an array too" json 'map(.name) == ["isolate_role"]'
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
holds "and nothing that ships" bash -c '! grep -q ^source "$1"' - "$out"
run disasm --all s.cdr
prints "source guardduty" "unless all is asked for"
{ printf 'source mine {\n  accept raw["kind"] = "mine"\n  alert.id = raw["id"]\n}\n'; cat s.cdr; } >own.cdr
run disasm own.cdr
holds "a source of one's own is listed" test "$(grep ^source "$out")" = "source mine"
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
