#!/usr/bin/env bash
# seed.sh - the smallest rule, word for word, over every Defender alert we have.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

echo 'when source=defender and severity>=high then collect triage; respond isolate_role' > s.cdr
run check s.cdr
exits 0 "the seed rule passes"
if [ ! -d "$shared/alerts/defender" ]; then
    skip "every Defender alert" "no ../shared/data"
    finish
    exit
fi
for file in "$shared"/alerts/defender/*.jsonl; do
    run run --rules s.cdr --alerts "$file" --format json
    name=$(basename "$file")
    exits 0 "$name is read"
    holds "$name: a line for each alert" test "$(wc -l <"$out")" = "$(grep -c . "$file")"
    holds "$name: all are of Defender" json -s 'all(.[]; .source == "defender")' ||
        jq -c '[.alert, .source]' "$out" | sed 's/^/# /'
    # What the vendor says itself, in order, against what we say.
    jq -r '(.severity // .properties.Severity // "") | ascii_downcase' "$file" >theirs
    jq -r '.severity // ""' "$out" >ours
    holds "$name: severities are the vendor's" cmp -s theirs ours
    holds "$name: the rule fires for high and critical, and for no other" json -s \
        'all(.[]; (.matched | length) == (if .severity == "high" or .severity == "critical" then 1 else 0 end))'
    holds "$name: each has both steps, in a state that has a reason" json -s \
        'all(.[].matched[]; .rule == "s" and ([.steps[].name] == ["triage", "isolate_role"]) and all(.steps[]; .state == "planned" or (.reason | length) > 0))'
done
high=$(cat "$shared"/alerts/defender/*.jsonl | jq -r '(.severity // .properties.Severity // "") | ascii_downcase' | grep -cE '^(high|critical)$')
holds "there is a high one among them" test "$high" -gt 0
finish
