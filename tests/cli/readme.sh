#!/usr/bin/env bash
# readme.sh - what README tells a newcomer to type works where it puts him: in the clone.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

mkdir -p clone/.git
cp -r "$root/README.md" "$root/cdr.json" "$root/rules" "$root/docs" "$root/tests" clone
cd clone || exit 2

# The commands under a heading. The alias is the function of lib.sh here.
block() {
    awk -v title="## $1" '$0 == title { inside = 1; next } /^## / { inside = 0 }
        inside && /^```$/ { exit }
        inside && shell { print }
        inside && /^```sh$/ { shell = 1 }' README.md | grep -v '^alias '
}
for title in "Your first rule" "Day by day"; do
    block "$title" >commands
    holds "\"$title\" has commands" grep -q '^cdr ' commands
    # `a && b` does not stop a shell that stops at errors; here it shall.
    sed -i '/ && /s/ *#.*//; /^cdr.* && /s/$/ || exit 1/' commands
    (
        set -eo pipefail
        . ./commands
    ) >"$out" 2>"$err"
    status=$?
    exits 0 "and they work: $title"
    [ "$title" = "Day by day" ] || prints "1 alert, 1 matched" "and the rule fires"
    prints "1 passed, 0 failed" "its test passes"
done
holds "a page about the rules was made" grep -q takeover my-rules/RULES.md
run explain takeover --rules my-rules --alert docs/tour/guardduty.json
holds "a rule is explained alone, in a page" test "$(wc -l <"$out")" -lt 60
run check
exits 0 "a bare check in the clone passes"
holds "and looks at the shipped rules only" bash -c "! grep -q 'tests/\|my-rules' '$out'"
finish
