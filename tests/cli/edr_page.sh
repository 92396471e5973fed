#!/usr/bin/env bash
# edr_page.sh - docs/edr.md, followed to the letter on the sandbox: its command lines, in its order.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

page=$root/docs/edr.md
start_sandbox
# Actions are over when they are first looked at, and no collector runs: this takes no minutes.
sandbox_ask state | jq '.microsoft.limits.actionLooks = 0 | .microsoft.machines[].runs = false' >world.json
stop_children
start_sandbox --world world.json
mkdir -p docs
cp -r "$root/docs/tour" docs
sed -i "s|http://127.0.0.1:8470|$AWS_ENDPOINT_URL|" docs/tour/*.cdr
sandbox_ask state | jq -c '.microsoft.alerts[0]' >alert.json
grep '^    ' "$page" | sed 's/^    //; s/ \+# .*//' >lines
holds "the page has its commands" test "$(wc -l <lines)" -ge 7
while IFS= read -r line; do
    (
        set -eo pipefail
        eval "$line"
    ) >"$out" 2>"$err" </dev/null
    status=$?
    case $line in
    *'--mode apply'*) holds "$line" test "$status" -le 1 ;; # partial is an end that the page tells of
    *) exits 0 "$line" ;;
    esac
    case $line in
    *--offline) prints "can be seen only when its EDR is asked" "the role is unresolved, as told" ;;
    *'--alerts alert.json') prints "MAC, address agree" "two facts, as told" ;;
    *'--mode apply'*)
        holds "the machine is isolated" test "$(sandbox_ask state | jq -r '.microsoft.machines[0].isolation')" = Full
        holds "something is kept" test "$(find evidence -name 'triage-*' | wc -l)" = 1
        ;;
    'cdr undo'*)
        holds "the machine is isolated no longer" test "$(sandbox_ask state | jq -r '.microsoft.machines[0].isolation')" = None
        holds "nor is the role" test "$(sandbox_ask state | jq '[.accounts[].roles[] | .policies["cdr-isolation"] // empty] | length')" = 0
        ;;
    esac
done <lines
run check docs/tour/falcon.cdr
exits 0 "the rules for Falcon pass too"
run setup crowdstrike docs/tour/falcon.cdr
exits 0 "cdr setup crowdstrike is there"
run setup defender docs/tour/edr.cdr
exits 0 "cdr setup defender is there"
finish
