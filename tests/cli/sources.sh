#!/usr/bin/env bash
# sources.sh - cdr sources, and alerts of every source through cdr run.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

run sources
exits 0 "sources are listed"
for name in cef cloudtrail crowdstrike datadog defender guardduty ocsf securityhub sentinelone \
    syslog webhook wiz; do
    holds "$name among them, in a line" grep -q "^$name  *[A-Z]" "$out"
done
holds "and no others" test "$(wc -l <"$out")" = 12

run sources guardduty
exits 0 "one has a page"
prints "detail.service.action.networkConnectionAction.remoteIpDetails.ipAddressV4" "with its paths"
prints "an attacker may have written it" "what an attacker may write"
prints "Lacks:" "and what it lacks"
run sources gardduty
exits 2 "an unknown name is a usage error"
says "did you mean guardduty?" "and the nearest one is offered"

run sources --format json
exits 0 "programs get an array"
holds "of objects with all members" jq -e >/dev/null '
    length == 12 and all(.[]; .shipped and (.accepts | length > 0) and (.about | length > 0)
      and (.fields | length > 0)
      and all(.fields[]; has("field") and has("type") and has("untrusted") and has("paths")))' "$out"
holds "a field is mapped or lacking, never both" jq -e >/dev/null '
    all(.[]; ([.fields[].field] - .lacks | length) == (.fields | length))' "$out"

cat >own.cdr <<'EOF'
# Our mail gateway.
source mail_gateway { accept exists raw["gw"] alert.id = raw["gw"] }
when source = mail_gateway then open case
EOF
run sources --rules own.cdr
prints "mail_gateway  (own.cdr) Our mail gateway" "a rule file's source is listed with its file"
run sources --rules own.cdr mail_gateway --format json
holds "and told from the shipped ones" jq -e >/dev/null '.[0].shipped == false and .[0].file == "own.cdr"' "$out"
echo 'source guardduty { accept exists raw["mine"] }' >mine.cdr
run sources --rules mine.cdr
prints "guardduty     (mine.cdr)" "one that takes the place of a shipped one stands for it"
holds "once" test "$(grep -c '^guardduty' "$out")" = 1
echo 'source broken {' >broken.cdr
run sources --rules broken.cdr
exits 2 "mistakes are told"

# Every fixture, through the command.
echo 'when severity >= informational or missing severity then open case' >any.cdr
for file in "$root"/tests/alerts/*.ndjson; do
    run run --offline --rules any.cdr --alerts "$file" --format json
    exits 0 "$(basename "$file") is read"
    holds "each with a source" jq -es >/dev/null 'length > 0 and all(.[]; .source | length > 0)' "$out"
done
finish
